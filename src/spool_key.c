#include "spool_key.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "io.h"
#include "job.h"
#include "spool_path.h"
#include "spool_shared.h"

#define LOCK ".lock"

/* Each further one means that somebody else has taken the key and let it go again meanwhile. */
enum { TRIES = 100 };

struct holder {
	char id[ID_MAX + 1], digest[SPOOL_DIGEST + 1];
};

int
spool_key_valid(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && n <= SPOOL_KEY_MAX && job_valid_value(key) && strchr(" \t", key[0]) == NULL &&
	    strchr(" \t", key[n - 1]) == NULL;
}

void
spool_key_begin(struct spool_key *k, const char *key, int active)
{
	*k = (struct spool_key){ .active = active };
	(void)SHA256Data((const unsigned char *)key, strlen(key), k->link);
	SHA256Init(&k->sum);
}

void
spool_key_name(struct spool_key *k, const char *name)
{
	(void)SHA256Data((const unsigned char *)name, strlen(name), k->link);
}

void
spool_key_update(struct spool_key *k, const void *buf, size_t n)
{
	SHA256Update(&k->sum, buf, n);
}

/* Who has the key. ENOENT: nobody; EBADMSG: what is there is no key. */
static int
read_link(const struct spool *q, const char *link, struct holder *h)
{
	char path[SPOOL_PATH_MAX], target[SPOOL_DIGEST + ID_MAX + 3];
	ssize_t n = readlinkat(q->fd, spool_path(path, SPOOL_KEYS, link), target, sizeof(target) - 1);

	if (n == -1) {
		if (errno == EINVAL)
			errno = EBADMSG;
		return -1;
	}
	target[n] = '\0';
	if (n <= SPOOL_DIGEST || target[SPOOL_DIGEST] != ':' || !id_valid(target + SPOOL_DIGEST + 1)) {
		errno = EBADMSG;
		return -1;
	}
	target[SPOOL_DIGEST] = '\0';
	memcpy(h->digest, target, sizeof(h->digest));
	(void)strlcpy(h->id, target + SPOOL_DIGEST + 1, sizeof(h->id));
	return 0;
}

int
spool_key_holder(const struct spool *q, const char *link, char id[ID_MAX + 1])
{
	struct holder h;

	if (strlen(link) != SPOOL_DIGEST || strspn(link, "0123456789abcdef") != SPOOL_DIGEST) {
		errno = EBADMSG;
		return -1;
	}
	if (read_link(q, link, &h) == -1)
		return -1;
	memcpy(id, h.id, sizeof(h.id));
	return 0;
}

int
spool_key_lock(const struct spool *q)
{
	return spool_shared_lock(q, LOCK);
}

/* A draft that has a key is complete: its mtime says where it belongs, as it does for its submitter. */
static int
help(const struct spool *q, const char *id)
{
	struct stat st;
	int64_t due;

	if (spool_stat(q, SPOOL_TMP, id, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	due = io_time(st.st_mtim);
	if (spool_move(q, SPOOL_TMP, id, due > io_now() ? SPOOL_LATER : SPOOL_NEW, id) == -1)
		return errno == ENOENT || errno == EEXIST ? 0 : -1;
	return 0;
}

/* 1: the holder's job is accepted, and durable; 0: the key is free again. */
static int
holds(const struct spool *q, const struct spool_key *k, const struct holder *h, int fd)
{
	struct spool_job job;

	if (help(q, h->id) == -1)
		return -1;
	if (spool_find(q, h->id, &job) == -1)
		return errno == ENOENT ? 0 : -1;
	if (k->active && (job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED))
		return 0;
	/* Who has made the link may have died before he made it durable. */
	return spool_sync(q, SPOOL_KEYS, fd) == -1 || spool_sync(q, job.dir, fd) == -1 ? -1 : 1;
}

/* A free key is removed under the lock, by who finds it free and still the same there. */
static int
set_free(const struct spool *q, const struct spool_key *k, const struct holder *h, int fd)
{
	int lock = spool_key_lock(q), r, saved;
	struct holder now;

	if (lock == -1)
		return -1;
	if ((r = read_link(q, k->link, &now)) == -1)
		r = errno == ENOENT ? 0 : -1;
	else if (strcmp(now.id, h->id) == 0 && (r = holds(q, k, &now, fd)) == 0)
		r = spool_unlink(q, SPOOL_KEYS, k->link);
	saved = errno;
	(void)io_close(&lock);
	errno = saved;
	return r == -1 ? -1 : 0;
}

/* As spool_key_take, once the key was seen to be taken; 2: try again. */
static int
yield(const struct spool *q, const struct spool_key *k, const char *digest, int fd, char first[ID_MAX + 1])
{
	struct holder h;
	int r;

	if (read_link(q, k->link, &h) == -1)
		return errno == ENOENT ? 2 : -1;
	if ((r = holds(q, k, &h, fd)) == -1)
		return -1;
	if (r == 0)
		return set_free(q, k, &h, fd) == -1 ? -1 : 2;
	memcpy(first, h.id, sizeof(h.id));
	if (strcmp(h.digest, digest) == 0)
		return 1;
	errno = ENOTUNIQ;
	return -1;
}

int
spool_key_take(const struct spool *q, struct spool_key *k, const char *id, int fd, char first[ID_MAX + 1])
{
	char path[SPOOL_PATH_MAX], digest[SPOOL_DIGEST + 1], target[SPOOL_DIGEST + ID_MAX + 2];
	int i, r = 2;

	(void)SHA256End(&k->sum, digest);
	(void)snprintf(target, sizeof(target), "%s:%s", digest, id);
	(void)spool_path(path, SPOOL_KEYS, k->link);
	for (i = 0; r == 2 && i < TRIES; i++) {
		if (symlinkat(target, q->fd, path) == 0) {
			k->taken = 1;
			return 0;
		}
		if (errno != EEXIST)
			return -1;
		r = yield(q, k, digest, fd, first);
	}
	if (r == 2) {
		errno = EAGAIN;
		r = -1;
	}
	return r;
}

int
spool_key_drop(const struct spool *q, struct spool_key *k, const char *id)
{
	struct holder now;
	int lock;

	/* First the draft: a key without one is free, but a draft without its key could still be committed by others. */
	if (spool_unlink(q, SPOOL_TMP, id) == -1)
		return errno == ENOENT ? 1 : -1;
	k->taken = 0;
	if ((lock = spool_key_lock(q)) == -1)
		return 0;
	if (read_link(q, k->link, &now) == 0 && strcmp(now.id, id) == 0)
		(void)spool_unlink(q, SPOOL_KEYS, k->link);
	(void)io_close(&lock);
	return 0;
}
