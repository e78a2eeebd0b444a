#include "spool.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "spool_count.h"
#include "spool_path.h"

const char *
spool_root(void)
{
	const char *root = getenv("WQW_SPOOL");

	return root != NULL && *root != '\0' ? root : WQW_SPOOL_DEFAULT;
}

static char *
queue_directory(const char *word)
{
	char *path;

	if (strchr(word, '/') != NULL)
		return strdup(word);
	if (!id_valid_word(word)) {
		errno = EINVAL;
		return NULL;
	}
	return asprintf(&path, "%s/%s", spool_root(), word) == -1 ? NULL : path;
}

int
spool_open(struct spool *q, const char *word)
{
	char *path = queue_directory(word);
	struct stat st;
	size_t n;

	*q = (struct spool){ .fd = -1 };
	if (path == NULL)
		return -1;
	q->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (q->fd == -1 || fstatat(q->fd, spool_dir_name(SPOOL_NEW), &st, AT_SYMLINK_NOFOLLOW) == -1)
		goto out;
	q->owner = st.st_uid;
	q->mode = (st.st_mode & 0070) == 0070 ? 0660 : 0640;
	if ((q->word = strdup(word)) == NULL)
		goto out;
	for (n = strlen(q->word); n > 1 && q->word[n - 1] == '/'; n--)
		q->word[n - 1] = '\0';
	return 0;
out:
	spool_close(q);
	return -1;
}

int
spool_open_beside(struct spool *next, const struct spool *q, const char *word)
{
	char *path, *beside;
	int n, r;

	*next = (struct spool){ .fd = -1 };
	if (strchr(word, '/') != NULL)
		return spool_open(next, word);
	if (!id_valid_word(word)) {
		errno = EINVAL;
		return -1;
	}
	if ((path = spool_real_path(q)) == NULL)
		return -1;
	n = (int)(strrchr(path, '/') - path);
	r = asprintf(&beside, "%.*s/%s", n, path, word);
	free(path);
	if (r == -1)
		return -1;
	r = spool_open(next, beside);
	free(beside);
	return r;
}

void
spool_close(struct spool *q)
{
	int saved = errno;

	if (q->fd != -1)
		(void)close(q->fd);
	free(q->word);
	spool_count_close(q);
	*q = (struct spool){ .fd = -1 };
	errno = saved;
}

char *
spool_real_path(const struct spool *q)
{
	char link[32];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", q->fd);
	return realpath(link, NULL);
}

int
spool_split(const char *address, char *queue, size_t size, char id[ID_MAX + 1])
{
	const char *slash = strrchr(address, '/');
	struct id_name name;
	size_t n;

	if (slash == NULL || slash == address || id_parse(slash + 1, &name) == -1)
		goto out;
	n = (size_t)(slash - address);
	if (n >= size)
		goto out;
	memcpy(queue, address, n);
	queue[n] = '\0';
	memcpy(id, name.id, strlen(name.id) + 1);
	return 0;
out:
	errno = EINVAL;
	return -1;
}

int
spool_policy(const struct spool *q, struct policy *p, char *why, size_t size)
{
	char line[256];
	FILE *f;
	int fd, r, saved;

	policy_defaults(p);
	(void)snprintf(why, size, "queue.conf");
	fd = openat(q->fd, "queue.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if ((f = fdopen(fd, "r")) == NULL) {
		(void)close(fd);
		return -1;
	}
	r = policy_read(f, p, line, sizeof(line));
	saved = errno;
	if (r == -1 && saved == EINVAL)
		(void)snprintf(why, size, "queue.conf:%s", line);
	if (r == -1 && saved == EISDIR) {
		(void)snprintf(why, size, "queue.conf: not a file");
		saved = EINVAL;
	}
	(void)fclose(f);
	errno = saved;
	return r;
}

int
spool_policy_stat(const struct spool *q, struct stat *st)
{
	return fstatat(q->fd, "queue.conf", st, 0);
}

int
spool_paused(const struct spool *q)
{
	return faccessat(q->fd, "pause", F_OK, 0) == 0;
}

static int
look(const struct spool *q, enum spool_dir d, const char *id, int attempts, enum id_reason reason, struct spool_job *job)
{
	char file[ID_NAME_MAX + 1];

	if (spool_stat(q, d, id_file(file, id, attempts, reason), &job->st) == -1)
		return 0;
	job->dir = d;
	return id_parse(file, &job->name) == 0;
}

static int
look_attempts(const struct spool *q, enum spool_dir d, const char *id, enum id_reason reason, struct spool_job *job)
{
	int a;

	for (a = 0; a <= ID_ATTEMPTS_MAX; a++)
		if (look(q, d, id, a, reason, job))
			return 1;
	return 0;
}

static int
look_reasons(const struct spool *q, enum spool_dir d, const char *id, struct spool_job *job)
{
	enum id_reason x;

	for (x = ID_EXIT; x < ID_REASONS; x++)
		if (look_attempts(q, d, id, x, job))
			return 1;
	return 0;
}

int
spool_find(const struct spool *q, const char *id, struct spool_job *job)
{
	int pass;

	if (!id_valid(id)) {
		errno = EINVAL;
		return -1;
	}
	/* In the order in which a job moves, and more than once: it may go back to a place that was looked at before. */
	for (pass = 0; pass < 3; pass++)
		if (look(q, SPOOL_DONE, id, 0, ID_NONE, job) ||
		    look_attempts(q, SPOOL_NEW, id, ID_NONE, job) ||
		    look_attempts(q, SPOOL_LATER, id, ID_NONE, job) ||
		    look_attempts(q, SPOOL_CUR, id, ID_NONE, job) ||
		    look(q, SPOOL_DONE, id, 0, ID_NONE, job) ||
		    look_reasons(q, SPOOL_FAILED, id, job) ||
		    look_reasons(q, SPOOL_NEW, id, job) ||
		    look_reasons(q, SPOOL_LATER, id, job))
			return 0;
	errno = ENOENT;
	return -1;
}

int
spool_open_job(const struct spool *q, const struct spool_job *job)
{
	char file[ID_NAME_MAX + 1];

	(void)id_file(file, job->name.id, job->name.attempts, job->name.reason);
	return spool_open_file(q, job->dir, file, O_RDONLY);
}

int
spool_open_result(const struct spool *q, const char *id)
{
	return spool_open_file(q, SPOOL_DONE, id, O_RDONLY);
}

int
spool_open_log(const struct spool *q, const char *id)
{
	return spool_open_file(q, SPOOL_LOG, id, O_RDONLY);
}

int
spool_claimed(const struct spool *q, const struct spool_job *job)
{
	int fd = spool_open_job(q, job), held;

	if (fd == -1)
		return errno != ENOENT;
	held = flock(fd, LOCK_SH | LOCK_NB) == -1;
	(void)close(fd);
	return held;
}

int
spool_open_dir(const struct spool *q, enum spool_dir d)
{
	return openat(q->fd, spool_dir_name(d), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
scan(int fd, int hidden, int (*each)(void *, const char *), void *arg)
{
	struct dirent *e;
	DIR *dir;
	int r = 0, saved;

	if (fd == -1)
		return -1;
	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return -1;
	}
	while (r == 0) {
		errno = 0;
		if ((e = readdir(dir)) == NULL) {
			r = errno == 0 ? 0 : -1;
			break;
		}
		if ((e->d_name[0] == '.') == hidden)
			r = each(arg, e->d_name);
	}
	saved = errno;
	(void)closedir(dir);
	errno = saved;
	return r;
}

int
spool_scan(const struct spool *q, enum spool_dir d, int (*each)(void *arg, const char *file), void *arg)
{
	return scan(spool_open_dir(q, d), 0, each, arg);
}

int
spool_scan_hidden(const struct spool *q, enum spool_dir d, int (*each)(void *arg, const char *file), void *arg)
{
	return scan(spool_open_dir(q, d), 1, each, arg);
}

struct queues {
	int root;
	int (*each)(void *, const char *);
	void *arg;
};

static int
is_queue(void *arg, const char *name)
{
	const struct queues *s = arg;
	char path[ID_NAME_MAX + 8];
	struct stat st;

	if (!id_valid_word(name))
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s", name, spool_dir_name(SPOOL_NEW));
	if (fstatat(s->root, path, &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode))
		return 0;
	return s->each(s->arg, name);
}

int
spool_scan_queues(int (*each)(void *arg, const char *name), void *arg)
{
	struct queues s = { .each = each, .arg = arg };
	int r, saved;

	s.root = open(spool_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.root == -1)
		return -1;
	r = scan(fcntl(s.root, F_DUPFD_CLOEXEC, 3), 0, is_queue, &s);
	saved = errno;
	(void)close(s.root);
	errno = saved;
	return r;
}

int
spool_stat(const struct spool *q, enum spool_dir d, const char *file, struct stat *st)
{
	char path[SPOOL_PATH_MAX];

	return fstatat(q->fd, spool_path(path, d, file), st, AT_SYMLINK_NOFOLLOW);
}

int
spool_held(const struct stat *st)
{
	return st->st_mtim.tv_sec >= SPOOL_HELD / 1000000;
}
