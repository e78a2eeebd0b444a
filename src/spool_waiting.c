#include "spool_waiting.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

enum { UNCOUNTED_REST = 2000000 };   /* microseconds: where no worker will say so, to be wrong would last */

static const char *
file_name(enum spool_dir d)
{
	return d == SPOOL_DONE ? ".done" : d == SPOOL_FAILED ? ".failed" : ".waiting";
}

/* The last digit is the version. */
static const char magic[8] = "wqwwai2";

struct record {      /* the file, in the byte order of the machine */
	char magic[8];
	struct spool_waiting waiting;
	int64_t sum;  /* of its four numbers: what was written while it was read is nothing */
};

static int64_t
sum(const struct spool_waiting *w)
{
	return (int64_t)((uint64_t)w->jobs * 3 + (uint64_t)w->oldest * 5 + (uint64_t)w->at * 7 + (uint64_t)w->changed * 11);
}

static int
have(const struct spool *q, enum spool_dir d)
{
	int fd = spool_have_file(q, SPOOL_STAT, file_name(d)), saved;

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return -1;
}

int
spool_waiting_open(const struct spool *q)
{
	return have(q, SPOOL_NEW);
}

/* The ctime of the directory, nanoseconds; -1: it cannot be seen. */
static int64_t
changed(const struct spool *q, enum spool_dir d)
{
	struct stat st;

	if (fstatat(q->fd, spool_dir_name(d), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

void
spool_waiting_begin(const struct spool *q, enum spool_dir d, struct spool_waiting *w)
{
	w->changed = changed(q, d);
	w->at = io_now();
}

int
spool_waiting_tell(int fd, const struct spool_waiting *w)
{
	struct record r = { .waiting = *w, .sum = sum(w) };

	memcpy(r.magic, magic, sizeof(magic));
	return io_pwrite(fd, &r, sizeof(r), 0);
}

/* 1 where another change would have given it another time: the kernel's clock is some milliseconds behind. */
static int
had_rested(enum spool_dir d, const struct spool_waiting *w)
{
	return w->at - w->changed / 1000 > (d == SPOOL_NEW ? SPOOL_WAITING_REST / 2 : UNCOUNTED_REST);
}

/* What a worker counts who may not list it is told, too; but nothing that comes and goes with who else has looked. */
static int
may_know(const struct spool *q, enum spool_dir d)
{
	return d == SPOOL_NEW || faccessat(q->fd, spool_dir_name(d), R_OK, AT_EACCESS) == 0;
}

/* 1 where nothing has come or gone since it was told, or a worker lives that told it only a moment ago. */
static int
is_of_now(const struct spool *q, enum spool_dir d, int fd, const struct spool_waiting *w)
{
	int64_t now = io_now();

	if (had_rested(d, w) && w->changed == changed(q, d))
		return 1;
	return d == SPOOL_NEW && w->at <= now && now - w->at < SPOOL_WAITING_LATE && flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

int
spool_waiting_read(const struct spool *q, enum spool_dir d, struct spool_waiting *w)
{
	int fd = spool_open_file(q, SPOOL_STAT, file_name(d), O_RDONLY), good;
	struct record r;

	if (fd == -1)
		return 0;
	good = may_know(q, d) && io_pread(fd, &r, sizeof(r), 0) == (ssize_t)sizeof(r) && memcmp(r.magic, magic, sizeof(magic)) == 0 &&
	    r.sum == sum(&r.waiting) && r.waiting.jobs >= SPOOL_WAITING_LARGE && (r.waiting.oldest != -1 || d == SPOOL_DONE) &&
	    r.waiting.at > 0 && r.waiting.changed >= 0 && is_of_now(q, d, fd, &r.waiting);
	(void)io_close(&fd);
	if (good)
		*w = r.waiting;
	return good;
}

void
spool_waiting_keep(const struct spool *q, enum spool_dir d, const struct spool_waiting *w)
{
	int fd;

	if (w->jobs < SPOOL_WAITING_LARGE || !had_rested(d, w) || w->changed != changed(q, d) || (fd = have(q, d)) == -1)
		return;
	(void)spool_waiting_tell(fd, w);
	(void)io_close(&fd);
}
