#include "spool_waiting.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

#define FILE_NAME ".waiting"

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

int
spool_waiting_open(const struct spool *q)
{
	int fd = spool_have_file(q, SPOOL_STAT, FILE_NAME), saved;

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return -1;
}

/* The ctime of new/, nanoseconds; -1: it cannot be seen. */
static int64_t
changed(const struct spool *q)
{
	struct stat st;

	if (fstatat(q->fd, spool_dir_name(SPOOL_NEW), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

void
spool_waiting_begin(const struct spool *q, struct spool_waiting *w)
{
	w->changed = changed(q);
	w->at = io_now();
}

int
spool_waiting_tell(int fd, const struct spool_waiting *w)
{
	struct record r = { .waiting = *w, .sum = sum(w) };

	memcpy(r.magic, magic, sizeof(magic));
	return io_pwrite(fd, &r, sizeof(r), 0);
}

/* 1 where another change would have given new/ another time: the kernel's clock is some milliseconds behind. */
static int
had_rested(const struct spool_waiting *w)
{
	return w->at - w->changed / 1000 > SPOOL_WAITING_REST / 2;
}

/* 1 where nothing has come or gone since it was told, or a worker lives that told it only a moment ago. */
static int
is_of_now(const struct spool *q, int fd, const struct spool_waiting *w)
{
	int64_t now = io_now();

	if (had_rested(w) && w->changed == changed(q))
		return 1;
	return w->at <= now && now - w->at < SPOOL_WAITING_LATE && flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

int
spool_waiting_read(const struct spool *q, struct spool_waiting *w)
{
	int fd = spool_open_file(q, SPOOL_STAT, FILE_NAME, O_RDONLY), good;
	struct record r;

	if (fd == -1)
		return 0;
	good = io_pread(fd, &r, sizeof(r), 0) == (ssize_t)sizeof(r) && memcmp(r.magic, magic, sizeof(magic)) == 0 &&
	    r.sum == sum(&r.waiting) && r.waiting.jobs >= SPOOL_WAITING_LARGE && r.waiting.oldest != -1 &&
	    r.waiting.at > 0 && r.waiting.changed >= 0 && is_of_now(q, fd, &r.waiting);
	(void)io_close(&fd);
	if (good)
		*w = r.waiting;
	return good;
}

void
spool_waiting_keep(const struct spool *q, const struct spool_waiting *w)
{
	int fd;

	if (w->jobs < SPOOL_WAITING_LARGE || !had_rested(w) || w->changed != changed(q) || (fd = spool_waiting_open(q)) == -1)
		return;
	(void)spool_waiting_tell(fd, w);
	(void)io_close(&fd);
}
