#include "spool_outbox.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"
#include "units.h"

static const char *const prefixes[] = { [SPOOL_IF_DONE] = ".out,", [SPOOL_IF_FAILED] = ".end," };
static const char count_name[] = ".count", to_suffix[] = ",to";

char *
spool_outbox_path(char buf[SPOOL_OUTBOX_MAX], enum spool_outbox kind, const struct id_name *name)
{
	char file[ID_NAME_MAX + 1];

	(void)snprintf(buf, SPOOL_OUTBOX_MAX, "%s/%s%s", spool_dir_name(SPOOL_TMP), prefixes[kind],
	    id_file(file, name->id, name->attempts, ID_NONE));
	return buf;
}

const char *
spool_outbox_name(const char *file)
{
	struct id_name name;
	size_t i, n;

	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		n = strlen(prefixes[i]);
		if (strncmp(file, prefixes[i], n) == 0 && id_parse(file + n, &name) == 0)
			return file + n;
	}
	return NULL;
}

static int
open_at(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Makes it as accessible as the directory it is in, and opens it. */
static int
make_at(int at, const char *path, const struct stat *parent)
{
	if (mkdirat(at, path, 0700) == -1) {
		if (errno != EEXIST)
			return -1;
	} else if ((parent->st_mode & 0070) == 0070 && fchmodat(at, path, parent->st_mode & 07777, 0) == -1)
		return -1;
	return open_at(at, path);
}

/* -1 with ENOENT where the one that was locked is not there any more. */
static int
lock(int *out)
{
	struct stat st;

	if (flock(*out, LOCK_EX | LOCK_NB) == 0 && fstat(*out, &st) == 0) {
		if (st.st_nlink > 0)
			return 0;
		errno = ENOENT;
	}
	(void)io_close(out);
	return -1;
}

int
spool_outbox_open(const struct spool *q, enum spool_outbox kind, const struct id_name *name)
{
	char path[SPOOL_OUTBOX_MAX];
	int out = open_at(q->fd, spool_outbox_path(path, kind, name));

	if (out != -1 && kind == SPOOL_IF_FAILED)
		(void)lock(&out);
	return out;
}

/* Under a name of its own first: an outbox that is seen unlocked is taken for a dead worker's. */
static int
make_locked(const struct spool *q, const char *path, const struct stat *parent)
{
	char own[SPOOL_OUTBOX_MAX], fresh[ID_MAX + 1];
	int out, saved;

	if (id_new(fresh, ID_PRIORITY_DEFAULT, NULL) == -1)
		return -1;
	(void)snprintf(own, sizeof(own), "%s/.new,%s", spool_dir_name(SPOOL_TMP), fresh);
	if ((out = make_at(q->fd, own, parent)) == -1 || lock(&out) == -1)
		return -1;
	if (renameat2(q->fd, own, q->fd, path, RENAME_NOREPLACE) == 0 ||
	    ((errno == EINVAL || errno == ENOSYS) && renameat(q->fd, own, q->fd, path) == 0))
		return out;
	saved = errno;
	(void)unlinkat(q->fd, own, AT_REMOVEDIR);
	(void)io_close(&out);
	errno = saved;
	return -1;
}

int
spool_outbox_make(const struct spool *q, enum spool_outbox kind, const struct id_name *name)
{
	char path[SPOOL_OUTBOX_MAX];
	struct stat st;
	int out;

	if (fstatat(q->fd, spool_dir_name(SPOOL_TMP), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	(void)spool_outbox_path(path, kind, name);
	if (kind == SPOOL_IF_DONE)
		return make_at(q->fd, path, &st);
	out = make_locked(q, path, &st);
	if (out == -1 && (errno == EEXIST || errno == ENOTEMPTY) && (out = open_at(q->fd, path)) != -1)
		(void)lock(&out);
	return out;
}

/* --- one job */

static char *
hidden(char name[ID_NAME_MAX + 2], const char *id)
{
	(void)snprintf(name, ID_NAME_MAX + 2, ".%s", id);
	return name;
}

static char *
link_name(char name[ID_NAME_MAX + 1], const char *id)
{
	(void)snprintf(name, ID_NAME_MAX + 1, "%s%s", id, to_suffix);
	return name;
}

int
spool_outbox_create(int out, const struct spool *to, const char *id)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char name[ID_NAME_MAX + 2];
	struct stat st;
	int fd = openat(out, hidden(name, id), flags, 0600);

	if (fd == -1 && errno == EEXIST && unlinkat(out, name, 0) == 0)
		fd = openat(out, name, flags, 0600);
	if (fd == -1)
		return -1;
	/* Where another group works on that queue, a file made there would belong to it. */
	if (fstatat(to->fd, spool_dir_name(SPOOL_NEW), &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_ISGID) != 0)
		(void)!fchown(fd, (uid_t)-1, st.st_gid);
	if (fchmod(fd, to->mode) == 0)
		return fd;
	spool_outbox_cancel(out, id);
	(void)io_close(&fd);
	return -1;
}

void
spool_outbox_cancel(int out, const char *id)
{
	char name[ID_NAME_MAX + 2];
	int saved = errno;

	(void)unlinkat(out, hidden(name, id), 0);
	errno = saved;
}

int
spool_outbox_put(int out, const struct spool *to, enum spool_dir d, const char *id)
{
	char name[ID_NAME_MAX + 2], link[ID_NAME_MAX + 1], *path = spool_real_path(to), *place = NULL;
	int r = -1;

	if (path == NULL || asprintf(&place, "%s/%s", path, spool_dir_name(d)) == -1)
		goto out;
	if (symlinkat(place, out, link_name(link, id)) == -1 && errno != EEXIST)
		goto out;
	r = renameat(out, hidden(name, id), out, id);
	free(place);
out:
	free(path);
	return r;
}

/* --- staging, inside a handler */

/* How many were staged before this one. */
static int64_t
next_number(int out)
{
	char text[JOB_NUMBER_WIDTH + 1];
	int fd = openat(out, count_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int64_t n = 0;
	ssize_t got;

	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			goto out;
	if ((got = io_pread(fd, text, JOB_NUMBER_WIDTH, 0)) == -1)
		goto out;
	text[got] = '\0';
	if (got > 0 && units_number(text + strspn(text, " "), 0, INT64_MAX - 1, &n) == -1)
		goto out;
	(void)snprintf(text, sizeof(text), "%*jd", JOB_NUMBER_WIDTH, (intmax_t)(n + 1));
	if (io_pwrite(fd, text, JOB_NUMBER_WIDTH, 0) == -1)
		goto out;
	(void)io_close(&fd);
	return n;
out:
	(void)io_close(&fd);
	return -1;
}

/* A worker that tidies up after a crash may take an empty directory away before the first file is in it. */
static int64_t
open_and_count(int parent, const char *name, int *out)
{
	struct stat st;
	int64_t n = -1;
	int tries;

	if (fstatat(parent, ".", &st, 0) == -1)
		return -1;
	for (tries = 0; tries < 10; tries++) {
		if ((*out = make_at(parent, name, &st)) == -1 || (n = next_number(*out)) != -1 || errno != ENOENT)
			break;
		(void)io_close(out);
	}
	return n;
}

static int
rename_draft(struct spool_draft *d, const char *parent, int64_t n)
{
	char what[32], group[ID_WORD_MAX + 1];
	struct id_name name;

	(void)snprintf(what, sizeof(what), "%jd", (intmax_t)n);
	if (id_parse(d->id, &name) == -1)
		return -1;
	memcpy(group, name.group, sizeof(group));
	/* A microsecond each, so that the jobs of a group keep the order in which they were staged. */
	return id_derive(d->id, parent, what, n, name.priority, *group == '\0' ? NULL : group);
}

int
spool_outbox_stage(struct spool_draft *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *prefix = prefixes[SPOOL_IF_DONE];
	struct id_name name;
	int64_t n = -1;
	char *dir;
	int parent;

	if (slash == NULL || strncmp(slash + 1, prefix, strlen(prefix)) != 0 ||
	    id_parse(slash + 1 + strlen(prefix), &name) == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = strndup(path, (size_t)(slash - path))) == NULL)
		return -1;
	parent = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (parent == -1)
		return -1;
	if ((n = open_and_count(parent, slash + 1, &d->outbox)) != -1 && rename_draft(d, name.id, n) == -1)
		n = -1;
	(void)io_close(&parent);
	if (n == -1)
		(void)io_close(&d->outbox);
	return n == -1 ? -1 : 0;
}
