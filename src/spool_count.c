#include "spool_count.h"

#include <sys/file.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_claim.h"
#include "spool_path.h"

#define FILE_NAME ".count"

/* The last digit is the version; another one, or another size, begins anew. */
static const char magic[8] = "wqwcnt1";

enum { RATE_MINUTES = 5 };

static const int64_t second = 1000000, minute = INT64_C(60) * 1000000;

int64_t
spool_bucket(size_t i)
{
	static const int64_t limit[SPOOL_BUCKETS - 1] = {   /* milliseconds */
		10, 50, 100, 500, 1000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000, 21600000, 86400000
	};

	return i < SPOOL_BUCKETS - 1 ? limit[i] * 1000 : INT64_MAX;
}

static int
is_ours(int fd)
{
	char text[sizeof(magic)];
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)sizeof(struct spool_counts) &&
	    io_pread(fd, text, sizeof(text), 0) == (ssize_t)sizeof(text) && memcmp(text, magic, sizeof(magic)) == 0;
}

/* All of it is written: a hole that a full disk cannot fill would be a SIGBUS. */
static int
make(const struct spool *q)
{
	struct spool_counts zero = { .started = 0 };
	int fd = spool_open_file(q, SPOOL_STAT, FILE_NAME, O_RDWR | O_CREAT | O_EXCL);

	if (fd == -1)
		return -1;
	memcpy(zero.magic, magic, sizeof(magic));
	if (io_write(fd, &zero, sizeof(zero)) == 0)
		return fd;
	(void)spool_unlink(q, SPOOL_STAT, FILE_NAME);
	(void)io_close(&fd);
	return -1;
}

/* The file, good for mapping. The directory's lock keeps two workers that start from making two of it. */
static int
have(const struct spool *q)
{
	int dir = spool_open_dir(q, SPOOL_STAT), fd = -1;

	if (dir == -1 || flock(dir, LOCK_EX) == -1)
		goto out;
	fd = spool_open_file(q, SPOOL_STAT, FILE_NAME, O_RDWR);
	if (fd != -1 && !is_ours(fd)) {
		(void)io_close(&fd);
		errno = spool_unlink(q, SPOOL_STAT, FILE_NAME) == 0 ? ENOENT : errno;
	}
	/* A symbolic link, or what else is none of ours, goes too. */
	if (fd == -1 && (errno == ENOENT || (errno == ELOOP && spool_unlink(q, SPOOL_STAT, FILE_NAME) == 0)))
		fd = make(q);
out:
	(void)io_close(&dir);
	return fd;
}

int
spool_count_open(struct spool *q)
{
	int fd = have(q);
	void *map;

	q->count = NULL;
	if (fd == -1)
		return -1;
	map = mmap(NULL, sizeof(struct spool_counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		q->count = map;
	(void)io_close(&fd);
	return q->count == NULL ? -1 : 0;
}

void
spool_count_close(struct spool *q)
{
	if (q->count != NULL)
		(void)munmap(q->count, sizeof(*q->count));
	q->count = NULL;
}

static void
add(uint64_t *n, uint64_t by)
{
	(void)__atomic_fetch_add(n, by, __ATOMIC_RELAXED);
}

static uint64_t
get(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

static void
observe(struct spool_histogram *h, int64_t us)
{
	size_t i = 0;

	if (us < 0)
		us = 0;
	while (us > spool_bucket(i))
		i++;
	add(&h->bucket[i], 1);
	add(&h->sum, (uint64_t)us);
}

uint64_t
spool_count_failures(const struct spool_counts *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < ID_REASONS; i++)
		sum += get(&c->failed[i]);
	return sum;
}

/* Keeps the totals at the first event of each minute, before that event is counted: a rate is a difference of two. */
static void
mark(struct spool_counts *c, int64_t now)
{
	uint64_t m = (uint64_t)(now / minute), old;
	struct spool_minute *at = &c->minute[m % SPOOL_MINUTES];

	old = get(&at->minute);
	if (old == m || !__atomic_compare_exchange_n(&at->minute, &old, m, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&at->started, get(&c->started), __ATOMIC_RELAXED);
	__atomic_store_n(&at->done, get(&c->done), __ATOMIC_RELAXED);
	__atomic_store_n(&at->failed, spool_count_failures(c), __ATOMIC_RELAXED);
}

void
spool_count_start(const struct spool_claim *c, int64_t ready)
{
	struct spool_counts *count = c->q->count;

	if (count == NULL)
		return;
	mark(count, io_now());
	add(&count->started, 1);
	if (ready != -1)
		observe(&count->wait, c->started - ready);
}

void
spool_count_failed(const struct spool *q, enum id_reason reason)
{
	if (q->count == NULL)
		return;
	mark(q->count, io_now());
	add(&q->count->failed[reason], 1);
}

void
spool_count_lost(const struct spool *q)
{
	if (q->count != NULL)
		add(&q->count->lost, 1);
}

void
spool_count_end(const struct spool_claim *c)
{
	struct spool_counts *count = c->q->count;
	int64_t now = io_now();

	if (count == NULL)
		return;
	mark(count, now);
	/* A fault of ours has put it back, or left it where it is. */
	if (c->error != 0 || c->outcome == SPOOL_PUT_BACK) {
		add(&count->put_back, 1);
		return;
	}
	observe(&count->run, now - c->started);
	if (c->outcome == SPOOL_SUCCESS)
		add(&count->done, 1);
	else if (c->outcome == SPOOL_RETRY)
		add(&count->retried, 1);
	else
		add(&count->failed[c->reason], 1);
}

int
spool_count_read(const struct spool *q, struct spool_counts *c)
{
	int fd = spool_open_file(q, SPOOL_STAT, FILE_NAME, O_RDONLY), r = -1;

	memset(c, 0, sizeof(*c));
	if (fd == -1)
		return -1;
	/* It may also be cut off between the two. */
	if (is_ours(fd) && io_pread(fd, c, sizeof(*c), 0) == (ssize_t)sizeof(*c))
		r = 0;
	else
		errno = EINVAL;
	(void)io_close(&fd);
	return r;
}

/* A total that is less than an earlier one was never counted. */
static double
rate(uint64_t total, uint64_t before, int64_t span)
{
	return total < before ? -1 : (double)(total - before) * (double)minute / (double)(span > second ? span : second);
}

void
spool_count_rates(const struct spool_counts *c, int64_t now, struct spool_rates *r)
{
	uint64_t this = (uint64_t)(now / minute), first = this - RATE_MINUTES, m;
	int64_t span = now - (int64_t)first * minute;

	*r = (struct spool_rates){ .started = 0 };
	/* Minutes without an event have no mark: the first one that has tells the totals of all before it. */
	for (m = first; m <= this; m++) {
		const struct spool_minute *at = &c->minute[m % SPOOL_MINUTES];

		if (at->minute != m)
			continue;
		r->started = rate(c->started, at->started, span);
		r->done = rate(c->done, at->done, span);
		r->failed = rate(spool_count_failures(c), at->failed, span);
		return;
	}
}
