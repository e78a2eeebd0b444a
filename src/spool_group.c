#include "spool_group.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

#define PREFIX ".group."

enum { ROW = ID_NAME_MAX + 1, ROWS_MAX = 2 * POLICY_GROUP_LIMIT_MAX };

enum fate { FATE_ENDED, FATE_DEAD, FATE_ENDING, FATE_WAITS };

struct rows {
	char row[ROWS_MAX][ROW];   /* names in cur/, padded with blanks, LF at the end */
	size_t n, before;          /* before: as they were read */
};

static int
open_group(const struct spool *q, const char *file)
{
	int fd = spool_open_file(q, SPOOL_STAT, file, O_RDWR);

	if (fd == -1 && errno == ENOENT)
		fd = spool_open_file(q, SPOOL_STAT, file, O_RDWR | O_CREAT | O_EXCL);
	return fd;
}

/* 1: locked, and not swept away; 2: another has the lock. */
static int
lock_group(const struct spool *q, const char *group, int *fd)
{
	char file[sizeof(PREFIX) + ID_WORD_MAX];
	int r;

	(void)snprintf(file, sizeof(file), PREFIX "%s", group);
	*fd = open_group(q, file);
	if (*fd == -1)
		return errno == EEXIST ? 2 : -1;
	if (flock(*fd, LOCK_EX | LOCK_NB) == -1)
		r = errno == EWOULDBLOCK ? 2 : -1;
	else if ((r = spool_same(q, SPOOL_STAT, file, *fd)) == 0)
		r = 2;
	if (r != 1)
		(void)io_close(fd);
	return r;
}

static int
read_rows(int fd, struct rows *rows)
{
	ssize_t n = io_pread(fd, rows->row, sizeof(rows->row), 0);
	size_t i;

	if (n == -1)
		return -1;
	rows->n = rows->before = (size_t)n / ROW;
	for (i = 0; i < rows->n; i++) {
		rows->row[i][ROW - 1] = '\0';
		rows->row[i][strcspn(rows->row[i], " ")] = '\0';
	}
	return 0;
}

/*
 * Rows only move towards the start, and in one write: where a kill cuts that short, those that were not written are still
 * where they were.
 */
static int
write_rows(int fd, struct rows *rows)
{
	size_t i, len;

	for (i = 0; i < rows->n; i++) {
		len = strlen(rows->row[i]);
		memset(rows->row[i] + len, ' ', ROW - 1 - len);
		rows->row[i][ROW - 1] = '\n';
	}
	if (io_pwrite(fd, rows->row, rows->n * ROW, 0) == -1)
		return -1;
	return rows->n < rows->before ? ftruncate(fd, (off_t)(rows->n * ROW)) : 0;
}

/* The candidate; the sweep has none, with an empty ID. */
struct whose {
	const char *id;
	int64_t time;
};

static int64_t
time_of(const struct id_name *name, const struct stat *st)
{
	return name->time != -1 ? name->time : io_time(st->st_mtim);
}

/* 1 where the candidate comes before one that is in new/: then that waits in line like any other. */
static int
is_before(const struct whose *who, const struct spool_job *job)
{
	int64_t time = time_of(&job->name, &job->st);

	return *who->id != '\0' && (who->time < time || (who->time == time && strcmp(who->id, job->name.id) < 0));
}

/*
 * Nobody claims a job of the group meanwhile, so what has left cur/ does not come back. A job in done/ whose file is still
 * in cur/ is not yet known to be done.
 */
static int
fate_of(const struct spool *q, const char *row, const struct whose *who)
{
	struct spool_job job;
	struct id_name name;
	int r;

	if (id_parse(row, &name) == -1)
		return FATE_ENDED;
	if ((r = spool_exists(q, SPOOL_CUR, row)) != 0)
		return r == 1 ? FATE_WAITS : -1;
	if ((r = spool_exists(q, SPOOL_DONE, name.id)) != 0)
		return r == 1 ? FATE_ENDED : -1;
	if (spool_find(q, name.id, &job) == -1)
		return errno == ENOENT ? FATE_ENDED : -1;
	if (job.dir == SPOOL_FAILED)
		return spool_claimed(q, &job) ? FATE_ENDING : FATE_DEAD;
	return job.dir == SPOOL_DONE || (job.dir == SPOOL_NEW && is_before(who, &job)) ? FATE_ENDED : FATE_WAITS;
}

struct others {
	size_t wait, ending, hold;
	size_t own;         /* the job's own row; n where it has none */
};

/* Drops the rows of what has ended; looks at what is left. */
static int
sift(const struct spool *q, struct rows *rows, const struct whose *who, const struct policy *p, struct others *o)
{
	struct id_name name;
	size_t i, kept = 0;
	int fate;

	*o = (struct others){ .own = ROWS_MAX };
	for (i = 0; i < rows->n; i++) {
		int own = id_parse(rows->row[i], &name) == 0 && strcmp(name.id, who->id) == 0;

		if (!own && (fate = fate_of(q, rows->row[i], who)) == -1)
			return -1;
		if (!own && (fate == FATE_ENDED || (fate == FATE_DEAD && !p->group_failure)))
			continue;
		if (own)
			o->own = kept;
		else {
			o->hold += fate == FATE_DEAD;
			o->ending += fate == FATE_ENDING;
			o->wait += fate != FATE_DEAD;
		}
		if (kept != i)
			memcpy(rows->row[kept], rows->row[i], ROW);
		kept++;
	}
	rows->n = kept;
	if (o->own == ROWS_MAX)
		o->own = kept;
	return 0;
}

static int
take_turn(const struct spool *q, int fd, const char *file, const struct id_name *name, const struct policy *p)
{
	struct whose who = { .id = name->id };
	struct rows rows;
	struct others o;
	struct stat st;

	if (spool_stat(q, SPOOL_NEW, file, &st) == -1)
		return errno == ENOENT ? 3 : -1;
	who.time = time_of(name, &st);
	if (read_rows(fd, &rows) == -1 || sift(q, &rows, &who, p, &o) == -1)
		return -1;
	if (o.own == rows.n) {
		if (o.hold > 0 || (o.wait >= (size_t)p->group_limit && o.ending == 0))
			return 0;
		if (o.wait >= (size_t)p->group_limit)
			return 2;
		rows.n++;
	}
	/* The name that it will have in cur/. */
	(void)id_file(rows.row[o.own], name->id, (name->reason == ID_NONE ? name->attempts : 0) + 1, ID_NONE);
	return write_rows(fd, &rows) == -1 ? -1 : 1;
}

int
spool_group_enter(const struct spool *q, const char *file, const struct policy *p, int *turn)
{
	struct id_name name;
	int r;

	*turn = -1;
	if (id_parse(file, &name) == -1)
		return 3;
	if ((r = lock_group(q, name.group, turn)) != 1)
		return r;
	if ((r = take_turn(q, *turn, file, &name, p)) != 1)
		(void)io_close(turn);
	return r;
}

void
spool_group_leave(int *turn)
{
	int saved = errno;

	(void)io_close(turn);
	errno = saved;
}

int
spool_group_sync(const struct spool *q, const char *group)
{
	char file[sizeof(PREFIX) + ID_WORD_MAX];
	int fd, r;

	(void)snprintf(file, sizeof(file), PREFIX "%s", group);
	if ((fd = spool_open_file(q, SPOOL_STAT, file, O_RDONLY)) == -1)
		return errno == ENOENT ? 0 : -1;
	r = io_sync(fd) == -1 || spool_sync(q, SPOOL_STAT, fd) == -1 ? -1 : 0;
	(void)io_close(&fd);
	return r;
}

static void
sweep_one(const struct spool *q, const char *file, const struct policy *p)
{
	const struct whose nobody = { .id = "" };
	struct rows rows;
	struct others o;
	struct stat st;
	int fd;

	if (lock_group(q, file + sizeof(PREFIX) - 1, &fd) != 1)
		return;
	if (read_rows(fd, &rows) == 0 && sift(q, &rows, &nobody, p, &o) == 0) {
		if (rows.n == 0)
			(void)spool_unlink(q, SPOOL_STAT, file);
		else if (rows.n < rows.before || fstat(fd, &st) == -1 || st.st_size % ROW != 0)
			(void)!(write_rows(fd, &rows) == 0 && ftruncate(fd, (off_t)(rows.n * ROW)) == 0);
	}
	(void)io_close(&fd);
}

int
spool_group_sweep(const struct spool *q, const struct policy *p)
{
	int fd = spool_open_dir(q, SPOOL_STAT);
	struct dirent *e;
	DIR *dir;

	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		(void)io_close(&fd);
		return -1;
	}
	while ((e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) == 0 && id_valid_word(e->d_name + sizeof(PREFIX) - 1))
			sweep_one(q, e->d_name, p);
	(void)closedir(dir);
	return 0;
}

int
spool_group_check(const struct spool *q, const char *group)
{
	char file[sizeof(PREFIX) + ID_WORD_MAX];
	struct spool_job job;
	struct id_name name;
	struct rows rows;
	struct stat st;
	int fd, r = 0;
	size_t i;

	(void)snprintf(file, sizeof(file), PREFIX "%s", group);
	if ((fd = spool_open_file(q, SPOOL_STAT, file, O_RDONLY)) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == -1 || read_rows(fd, &rows) == -1)
		r = -1;
	else if (st.st_size % ROW != 0)
		r = 1;
	for (i = 0; r == 0 && i < rows.n; i++)
		if (id_parse(rows.row[i], &name) == -1)
			r = 1;
		else if (spool_find(q, name.id, &job) == -1)
			r = errno == ENOENT ? 2 : -1;
	(void)io_close(&fd);
	return r;
}
