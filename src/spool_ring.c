#include "spool_ring.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

enum { PLACES_MAX = 100 };

static const int64_t second = 1000000;

/* More places than are shown, so that one who reads late loses none. */
static const struct ring {
	const char *name;
	int64_t span;
	size_t places, shown;
} rings[SPOOL_RINGS] = {
	[SPOOL_RING_HOUR] = { ".ring.hour", INT64_C(60) * 1000000, 64, 60 },
	[SPOOL_RING_DAY] = { ".ring.day", INT64_C(900) * 1000000, PLACES_MAX, SPOOL_RING_MAX }
};

/* The last digit is the version. */
static const char magic[8] = "wqwrng1";

struct head {
	char magic[8];
	uint64_t span, places, size;
};

static struct head
head_of(const struct ring *k)
{
	struct head h = { .span = (uint64_t)k->span, .places = k->places, .size = sizeof(struct spool_sample) };

	memcpy(h.magic, magic, sizeof(magic));
	return h;
}

static off_t
offset(size_t place)
{
	return (off_t)(sizeof(struct head) + place * sizeof(struct spool_sample));
}

/* FNV-1a. */
static uint64_t
sum(const struct spool_sample *s)
{
	const unsigned char *p = (const unsigned char *)s;
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < offsetof(struct spool_sample, sum); i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

static size_t
place_of(const struct ring *k, int64_t at)
{
	return (size_t)(at / k->span) % k->places;
}

/* What stands in a place, or nothing: torn, of another place, never written. */
static int
is_whole(const struct ring *k, size_t place, const struct spool_sample *s)
{
	return s->sum == sum(s) && s->at > 0 && place_of(k, s->at) == place;
}

/* 1: ours; 0: not; -1. One that is empty is ours, and is to be begun. */
static int
is_ours(int fd, const struct ring *k)
{
	struct head want = head_of(k), have;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1 || (n = S_ISREG(st.st_mode) ? io_pread(fd, &have, sizeof(have), 0) : 1) == -1)
		return -1;
	return n == 0 || (n == (ssize_t)sizeof(have) && memcmp(&have, &want, sizeof(want)) == 0);
}

int
spool_ring_ours(const struct spool *q, enum spool_ring_kind kind)
{
	int fd = spool_open_file(q, SPOOL_STAT, rings[kind].name, O_RDONLY), r;

	if (fd == -1)
		return errno == ELOOP ? 0 : -1;
	r = is_ours(fd, &rings[kind]);
	(void)io_close(&fd);
	return r;
}

int
spool_ring_mend(const struct spool *q)
{
	size_t i;

	for (i = 0; i < SPOOL_RINGS; i++)
		if (spool_ring_ours(q, (enum spool_ring_kind)i) == 0 && spool_unlink(q, SPOOL_STAT, rings[i].name) == -1 &&
		    errno != ENOENT)
			return -1;
	return 0;
}

/* Places that were never written are zeros. */
static int
read_all(int fd, const struct ring *k, struct spool_sample all[PLACES_MAX])
{
	memset(all, 0, k->places * sizeof(*all));
	return io_pread(fd, all, k->places * sizeof(*all), offset(0)) == -1 ? -1 : 0;
}

static uint64_t
get(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

static void
copy(struct spool_sample *s, const struct spool_counts *c)
{
	size_t i;

	if (c == NULL)
		return;
	s->counted = 1;
	s->started = get(&c->started);
	s->done = get(&c->done);
	s->failed = spool_count_failures(c);
	for (i = 0; i < SPOOL_BUCKETS; i++)
		s->wait.bucket[i] = get(&c->wait.bucket[i]);
	s->wait.sum = get(&c->wait.sum);
}

void
spool_ring_now(const struct spool *q, int64_t now, struct spool_sample *s)
{
	struct spool_counts c;

	*s = (struct spool_sample){ .at = now, .clock = io_clock(), .backlog = -1 };
	copy(s, spool_count_read(q, &c) == 0 ? &c : NULL);
}

struct taking {
	const struct spool *q;
	struct spool_sample s;       /* at 0: not yet taken */
	int64_t now;
	int64_t (*backlog)(void *);
	void *arg;
};

static void
sample(struct taking *t)
{
	if (t->s.at != 0)
		return;
	t->s = (struct spool_sample){ .at = t->now, .clock = io_clock(), .backlog = t->backlog(t->arg) };
	copy(&t->s, t->q->count);
	t->s.sum = sum(&t->s);
}

/* Under the lock. */
static int
fill(struct taking *t, int fd, const struct ring *k)
{
	static const struct spool_sample none;
	struct spool_sample all[PLACES_MAX];
	struct head head = head_of(k);
	size_t i, here = place_of(k, t->now);
	int r = is_ours(fd, k);

	if (r == 0)
		errno = EINVAL;
	if (r != 1 || read_all(fd, k, all) == -1 || io_pwrite(fd, &head, sizeof(head), 0) == -1)
		return -1;
	for (i = 0; i < k->places; i++)
		if (is_whole(k, i, &all[i]) && all[i].at > t->now + second) {
			if (io_pwrite(fd, &none, sizeof(none), offset(i)) == -1)
				return -1;
			all[i] = none;
		}
	if (is_whole(k, here, &all[here]) && all[here].at / k->span == t->now / k->span)
		return 0;
	sample(t);
	return io_pwrite(fd, &t->s, sizeof(t->s), offset(here));
}

/* Who finds it locked has come second. */
static int
take(struct taking *t, const struct ring *k)
{
	int fd = spool_have_file(t->q, SPOOL_STAT, k->name), r = 0, saved;

	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		r = fill(t, fd, k);
	else if (errno != EWOULDBLOCK)
		r = -1;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return r;
}

int
spool_ring_take(const struct spool *q, int64_t now, int64_t (*backlog)(void *arg), void *arg)
{
	struct taking t = { .q = q, .now = now, .backlog = backlog, .arg = arg };
	int r = 0;
	size_t i;

	for (i = 0; now > 0 && i < SPOOL_RINGS; i++)
		if (take(&t, &rings[i]) == -1)
			r = -1;
	return r;
}

static int
read_ring(int fd, const struct ring *k, int64_t now, struct spool_ring *r)
{
	struct spool_sample all[PLACES_MAX];
	int64_t number;
	size_t i, place;

	switch (is_ours(fd, k)) {
	case -1:
		return -1;
	case 0:
		errno = EINVAL;
		return -1;
	}
	if (read_all(fd, k, all) == -1)
		return -1;
	for (i = 0; i < k->shown; i++) {
		number = r->first / k->span + (int64_t)i;
		place = number < 0 ? 0 : (size_t)number % k->places;
		if (is_whole(k, place, &all[place]) && all[place].at / k->span == number && all[place].at <= now + second)
			r->sample[i] = all[place];
	}
	return 0;
}

int
spool_ring_read(const struct spool *q, enum spool_ring_kind kind, int64_t now, struct spool_ring *r)
{
	const struct ring *k = &rings[kind];
	int fd, result, saved;

	*r = (struct spool_ring){ .span = k->span, .n = k->shown };
	r->first = (now / k->span - (int64_t)k->shown + 1) * k->span;
	fd = spool_open_file(q, SPOOL_STAT, k->name, O_RDONLY);
	if (fd == -1)
		return -1;
	result = read_ring(fd, k, now, r);
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return result;
}
