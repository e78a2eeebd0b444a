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
static const char magic[8] = "wqwwai1";

struct waiting {      /* the file, in the byte order of the machine */
	char magic[8];
	int64_t jobs, oldest, at;
	int64_t sum;  /* of the three: what was written while it was read is nothing */
};

static int64_t
sum(const struct waiting *w)
{
	return (int64_t)((uint64_t)w->jobs * 3 + (uint64_t)w->oldest * 5 + (uint64_t)w->at * 7);
}

int
spool_waiting_open(const struct spool *q)
{
	int fd = spool_have_file(q, SPOOL_STAT, FILE_NAME), saved;

	/* What one before has told is no longer so. */
	if (fd == -1 || (flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0))
		return fd;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return -1;
}

int
spool_waiting_tell(int fd, int64_t jobs, int64_t oldest, int64_t at)
{
	struct waiting w = { .jobs = jobs, .oldest = oldest, .at = at };

	memcpy(w.magic, magic, sizeof(magic));
	w.sum = sum(&w);
	return io_pwrite(fd, &w, sizeof(w), 0);
}

/* 1 where nothing has come or gone since it was told, or that is only a moment ago. */
static int
is_of_now(const struct spool *q, const struct waiting *w)
{
	int64_t now = io_now(), changed;
	struct stat st;

	if (fstatat(q->fd, spool_dir_name(SPOOL_NEW), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	changed = (int64_t)st.st_ctim.tv_sec * 1000000 + st.st_ctim.tv_nsec / 1000;
	/* The kernel's clock is some milliseconds behind. */
	return w->at <= now && (changed < w->at - SPOOL_WAITING_REST / 2 || now - w->at < SPOOL_WAITING_LATE);
}

int
spool_waiting_read(const struct spool *q, int64_t *jobs, int64_t *oldest)
{
	int fd = spool_open_file(q, SPOOL_STAT, FILE_NAME, O_RDONLY), r;
	struct waiting w;

	if (fd == -1)
		return 0;
	r = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
	    io_pread(fd, &w, sizeof(w), 0) == (ssize_t)sizeof(w) && memcmp(w.magic, magic, sizeof(magic)) == 0 &&
	    w.sum == sum(&w) && w.jobs >= SPOOL_WAITING_LARGE && w.oldest != -1 && w.at > 0 && is_of_now(q, &w);
	(void)io_close(&fd);
	if (r) {
		*jobs = w.jobs;
		*oldest = w.oldest;
	}
	return r;
}
