#include "spool_backlog.h"

#include <sys/file.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"
#include "spool_shared.h"

#define FILE_NAME ".backlog"

struct backlog {      /* the file, in the byte order of the machine */
	int64_t waiting;
	int64_t counted;  /* io_clock() when it was last counted; 0: never */
};

/* One that is new, or was cut short, is one that was never counted. */
static int
look(int fd, struct backlog *b)
{
	ssize_t n = io_pread(fd, b, sizeof(*b), 0);

	if (n != (ssize_t)sizeof(*b))
		*b = (struct backlog){ 0 };
	return n == -1 ? -1 : 0;
}

static int
count_one(void *arg, const char *file)
{
	struct id_name name;

	*(int64_t *)arg += id_parse(file, &name) == 0;
	return 0;
}

/* Who may not list the queue believes what is there. */
static int
count(const struct spool *q, struct backlog *b)
{
	int64_t n = 0;
	int r = spool_scan(q, SPOOL_NEW, count_one, &n);

	if (r == 0)
		r = spool_scan(q, SPOOL_LATER, count_one, &n);
	if (r == -1 && errno != EACCES)
		return -1;
	if (r != -1)
		b->waiting = n;
	b->counted = io_clock();
	return 0;
}

static int
is_stale(const struct backlog *b)
{
	int64_t now = io_clock();

	/* The clock begins anew when the machine does. */
	return b->counted == 0 || b->counted > now || now - b->counted > SPOOL_BACKLOG_STALE;
}

static int
take(const struct spool *q, int fd, int64_t n, int64_t max)
{
	struct backlog b;
	int full;

	if (look(fd, &b) == -1)
		return -1;
	full = n == 0 ? b.waiting >= max : b.waiting > max - n;
	if ((full || b.counted == 0) && is_stale(&b)) {
		if (count(q, &b) == -1)
			return -1;
		full = n == 0 ? b.waiting >= max : b.waiting > max - n;
	}
	if (!full)
		b.waiting += n;
	if (io_pwrite(fd, &b, sizeof(b), 0) == -1)
		return -1;
	if (full)
		errno = ENOBUFS;
	return full ? -1 : 0;
}

int
spool_backlog_take(const struct spool *q, int64_t n, int64_t max)
{
	int fd = spool_shared_lock(q, FILE_NAME), r, saved;

	if (fd == -1)
		return -1;
	r = take(q, fd, n, max);
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return r;
}

void
spool_backlog_came(const struct spool *q, int64_t n)
{
	if (spool_exists(q, SPOOL_KEYS, FILE_NAME) == 1)
		spool_backlog_give(q, -n);
}

void
spool_backlog_give(const struct spool *q, int64_t n)
{
	int saved = errno, fd = spool_shared_lock(q, FILE_NAME);
	struct backlog b;

	if (fd != -1 && look(fd, &b) == 0) {
		b.waiting -= n;
		(void)io_pwrite(fd, &b, sizeof(b), 0);
	}
	(void)io_close(&fd);
	errno = saved;
}

int
spool_backlog_open(const struct spool *q)
{
	return spool_shared_open(q, FILE_NAME);
}

int
spool_backlog_tell(int fd, int64_t waiting)
{
	struct backlog b = { .waiting = waiting < 0 ? 0 : waiting, .counted = io_clock() };

	return io_pwrite(fd, &b, sizeof(b), 0);
}
