#include "spool_limit.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "spool_cell.h"
#include "spool_path.h"
#include "units.h"

#define TOKEN ".running."
#define RATE ".rate"

enum { TOKEN_MAX = sizeof(TOKEN) + 20 };

static int
number_of(const char *file, int64_t *n)
{
	return strncmp(file, TOKEN, sizeof(TOKEN) - 1) == 0 &&
	    units_number(file + sizeof(TOKEN) - 1, 0, POLICY_RUNNING_MAX, n) == 0;
}

int
spool_token_name(const char *file)
{
	int64_t n;

	return number_of(file, &n);
}

/*
 * 1: somebody has it; 0: not, or there is none. Opened for reading only: those who wait for a token look when one is closed
 * that was open for writing, and looking must not make others look.
 */
static int
is_held(const struct spool *q, const char *file)
{
	int fd = spool_open_file(q, SPOOL_STAT, file, O_RDONLY), r;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : errno == EWOULDBLOCK ? 1 : -1;
	(void)io_close(&fd);
	return r;
}

struct tally {
	const struct spool *q;
	int64_t max, held, above;
};

static int
count_held(void *arg, const char *file)
{
	struct tally *t = arg;
	int64_t n;
	int r;

	if (!number_of(file, &n))
		return 0;
	if ((r = is_held(t->q, file)) == -1)
		return -1;
	t->held += r;
	t->above += r && n >= t->max;
	return 0;
}

/* 1: fewer than max are held, one's own among them where `own` is 1. */
static int
few_held(const struct spool *q, int64_t max, int own, int *above)
{
	struct tally t = { .q = q, .max = max };

	if (spool_scan_hidden(q, SPOOL_STAT, count_held, &t) != 0)
		return -1;
	*above = t.above > 0;
	return t.held - own < max;
}

static int
open_token(const struct spool *q, const char *file)
{
	int fd = spool_open_file(q, SPOOL_STAT, file, O_RDWR);

	if (fd == -1 && errno == ENOENT)
		fd = spool_open_file(q, SPOOL_STAT, file, O_RDWR | O_CREAT | O_EXCL);
	return fd;
}

/* 1: taken; 2: another was there. */
static int
take(const struct spool *q, const char *file, int *fd)
{
	int saved;

	if ((*fd = open_token(q, file)) == -1)
		return errno == EEXIST ? 2 : -1;
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	saved = errno;
	(void)io_close(fd);
	errno = saved;
	return errno == EWOULDBLOCK ? 2 : -1;
}

/* The least that is free, so that few are ever made, and few are above when max is lowered. */
static int
take_least(const struct spool *q, int64_t max, int *fd, int64_t *number)
{
	char file[TOKEN_MAX];
	int r, lost = 0;

	for (*number = 0; *number < max; (*number)++) {
		(void)snprintf(file, sizeof(file), TOKEN "%" PRId64, *number);
		if ((r = is_held(q, file)) == 1)
			continue;
		if (r == 0)
			r = take(q, file, fd);
		if (r != 2)
			return r;
		lost = 1;
	}
	return lost ? 2 : 0;
}

int
spool_token_take(const struct spool *q, int64_t max_running, int *above, int *fd, int64_t *number)
{
	int r;

	*fd = -1;
	if (*above && (r = few_held(q, max_running, 0, above)) != 1)
		return r;
	/* Counted again with it: another may have counted, and taken one, at the same time. */
	if ((r = take_least(q, max_running, fd, number)) == 1 && *above && (r = few_held(q, max_running, 1, above)) != 1) {
		(void)io_close(fd);
		return r == 0 ? 2 : -1;
	}
	return r;
}

/* Any eight bytes are a time, and one that cannot be is put right at the next start. */
int
spool_rate_open(const struct spool *q, int64_t **at)
{
	return spool_cell_open(q, RATE, 1, at);
}

int64_t
spool_rate_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/*
 * A start that comes late does not delay those after it, as long as it is not later than this. The distance of two starts is
 * longer by as much in each span, so that there are never more in it than the policy says.
 */
static int64_t
slack(const struct policy *p)
{
	return p->rate_span;   /* microseconds, taken for nanoseconds: a thousandth */
}

static int64_t
distance(const struct policy *p)
{
	return (p->rate_span * 1000 + slack(p) + p->rate - 1) / p->rate;
}

/* GCRA: *at is the time at which the next start is due if each comes as early as the rate has it. */
int64_t
spool_rate_take(int64_t *at, const struct policy *p, int64_t now, int64_t *before)
{
	int64_t old = __atomic_load_n(at, __ATOMIC_RELAXED), due;

	do {
		due = old;
		/* None can be further ahead: a reboot has set the clock back, or the rate was another one. */
		if (due < now || due - now > slack(p) + distance(p))
			due = now;
		if (due - now > slack(p))
			return due - now - slack(p);
	} while (!__atomic_compare_exchange_n(at, &old, due + distance(p), 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	*before = due;
	return 0;
}

/* Where another has started since, the time is lost. */
void
spool_rate_return(int64_t *at, const struct policy *p, int64_t before)
{
	int64_t mine = before + distance(p);

	(void)__atomic_compare_exchange_n(at, &mine, before, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
