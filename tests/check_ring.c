/* check_ring: samples of the last hour and day, with a clock of the test's. */
#include "queue.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "io.h"
#include "spool_path.h"
#include "spool_ring.h"
#include "view_ring.h"

static const int64_t minute = INT64_C(60) * 1000000;

/* The beginning of a quarter of an hour. */
#define START (INT64_C(15) * 1000000 * minute)
#define HEAD 32

static struct spool q;
static int *calls;   /* of backlog, over all processes */

static void
begin(void)
{
	queue_open(&q);
	ck_assert_int_eq(spool_count_open(&q), 0);
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(calls != MAP_FAILED);
}

static void
end(void)
{
	spool_close(&q);
	(void)munmap(calls, sizeof(*calls));
}

static int64_t
backlog(void *arg)
{
	(void)__atomic_fetch_add(calls, 1, __ATOMIC_SEQ_CST);
	return *(int64_t *)arg;
}

/* 1: a sample was taken; 0: not; -1 with errno. */
static int
take(int64_t now, int64_t n)
{
	int before = *calls, r = spool_ring_take(&q, now, backlog, &n);

	return r == -1 ? -1 : *calls - before;
}

/* What stands in the place `back` before that of now; -2: nothing. */
static int64_t
seen(enum spool_ring_kind kind, int64_t now, size_t back)
{
	struct spool_ring r;

	ck_assert_int_eq(spool_ring_read(&q, kind, now, &r), 0);
	return r.sample[r.n - 1 - back].at == 0 ? -2 : r.sample[r.n - 1 - back].backlog;
}

static size_t
samples(enum spool_ring_kind kind, int64_t now)
{
	struct spool_ring r;
	size_t i, n = 0;

	(void)spool_ring_read(&q, kind, now, &r);
	for (i = 0; i < r.n; i++)
		n += r.sample[i].at != 0;
	return n;
}

START_TEST(one_a_place)
{
	ck_assert_int_eq(take(START + 1, 7), 1);
	ck_assert_int_eq(take(START + minute - 1, 8), 0);
	ck_assert_int_eq(take(START + minute, 9), 1);
	ck_assert_int_eq(take(START + 3 * minute, 10), 1);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 3 * minute, 3), 7);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 3 * minute, 2), 9);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 3 * minute, 1), -2);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 3 * minute, 0), 10);
	ck_assert_int_eq(seen(SPOOL_RING_DAY, START + 3 * minute, 0), 7);
	ck_assert_uint_eq(samples(SPOOL_RING_DAY, START + 3 * minute), 1);
	/* An hour on, they are not of it any more, wherever they stand. */
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START + 63 * minute), 0);
	ck_assert_uint_eq(samples(SPOOL_RING_DAY, START + 63 * minute), 1);
	ck_assert_uint_eq(samples(SPOOL_RING_DAY, START + 24 * 60 * minute), 0);
}
END_TEST

START_TEST(comes_round)
{
	int64_t i;

	for (i = 0; i < 1600; i++)
		ck_assert_int_eq(take(START + i * minute, i), 1);
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START + 1599 * minute), 60);
	ck_assert_uint_eq(samples(SPOOL_RING_DAY, START + 1599 * minute), 96);
	for (i = 0; i < 60; i++)
		ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 1599 * minute, (size_t)i), 1599 - i);
	ck_assert_int_eq(seen(SPOOL_RING_DAY, START + 1599 * minute, 95), 1590 - 95 * 15);
}
END_TEST

START_TEST(clocks_jump)
{
	int64_t i;

	for (i = 0; i < 10; i++)
		ck_assert_int_eq(take(START + i * minute + minute / 2, i), 1);
	/* Back by five minutes: these are taken again, and what was ahead is void. */
	ck_assert_int_eq(take(START + 4 * minute, 104), 1);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + 9 * minute, 5), 104);
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START + 9 * minute), 5);
	/* A century ahead, and back. */
	ck_assert_int_eq(take(START + INT64_C(50000000) * minute, 1), 1);
	ck_assert_int_eq(take(START + 5 * minute, 105), 1);
	ck_assert_int_ge(seen(SPOOL_RING_HOUR, START + 5 * minute, 0), 105);
	ck_assert_uint_ge(samples(SPOOL_RING_HOUR, START + 5 * minute), 5);
	/* A clock that knows nothing. */
	ck_assert_int_eq(take(0, 1), 0);
	ck_assert_int_eq(take(-5 * minute, 1), 0);
	(void)samples(SPOOL_RING_HOUR, 0);
	(void)samples(SPOOL_RING_DAY, -minute);
	/* The day before 1970 ended: nothing but the one of now is left. */
	ck_assert_int_eq(take(1, 3), 1);
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, 1), 1);
}
END_TEST

static void
spoil(const char *file, off_t at)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	char c;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c = (char)~c;
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(torn)
{
	off_t place = (START / minute + 1) % 64;
	size_t i;

	for (i = 0; i < sizeof(struct spool_sample); i += 8) {
		ck_assert_int_eq(take(START, 1), i == 0);
		ck_assert_int_eq(take(START + minute, 2), 1);
		spoil("q/stat/.ring.hour", HEAD + place * (off_t)sizeof(struct spool_sample) + (off_t)i);
		ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + minute, 0), -2);
		ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + minute, 1), 1);
	}
	ck_assert_int_eq(truncate("q/stat/.ring.hour", HEAD + 100), 0);
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START + minute), 0);
	ck_assert_int_eq(take(START + minute, 2), 1);
	ck_assert_int_eq(truncate("q/stat/.ring.hour", 0), 0);
	ck_assert_int_eq(take(START + minute, 3), 1);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START + minute, 0), 3);
}
END_TEST

static void
refused(int error)
{
	struct spool_ring r;

	ck_assert_int_eq(take(START, 1), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(spool_ring_read(&q, SPOOL_RING_HOUR, START, &r), -1);
	ck_assert_uint_eq(r.n, 60);
	ck_assert(r.sample[0].at == 0);
	ck_assert_int_eq(spool_ring_ours(&q, SPOOL_RING_HOUR), 0);
	ck_assert_int_eq(spool_ring_mend(&q), 0);
	ck_assert_int_eq(take(START, 2), 1);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START, 0), 2);
	ck_assert_int_eq(unlink("q/stat/.ring.hour"), 0);
}

START_TEST(none_of_ours)
{
	ck_assert_int_eq(take(START, 1), 1);
	spoil("q/stat/.ring.hour", 6);
	refused(EINVAL);
	ck_assert_int_eq(take(START, 1), 1);
	ck_assert_int_eq(truncate("q/stat/.ring.hour", HEAD - 1), 0);
	refused(EINVAL);
	ck_assert_int_eq(symlink("/etc/passwd", "q/stat/.ring.hour"), 0);
	refused(ELOOP);
	/* That nobody may write is not for a worker to mend. */
	ck_assert_int_eq(mkdir("q/stat/.ring.hour", 0700), 0);
	ck_assert_int_eq(take(START, 1), -1);
	ck_assert_int_eq(rmdir("q/stat/.ring.hour"), 0);
}
END_TEST

START_TEST(another_has_it)
{
	int fd;

	ck_assert_int_eq(take(START, 1), 1);
	fd = open("q/stat/.ring.hour", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_SH), 0);
	ck_assert_int_eq(take(START + minute, 2), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(take(START + minute, 2), 1);
}
END_TEST

START_TEST(together)
{
	enum { PROCESSES = 4, MINUTES = 30 };
	int i, m, status, before;

	for (m = 0; m < MINUTES; m++) {
		before = *calls;
		for (i = 0; i < PROCESSES; i++)
			if (fork() == 0)
				_exit(take(START + m * minute, m) == -1);
		for (i = 0; i < PROCESSES; i++)
			ck_assert(wait(&status) != -1 && status == 0);
		/* The day's may have been another's. */
		ck_assert_int_ge(*calls - before, 1);
		ck_assert_int_le(*calls - before, m % 15 == 0 ? 2 : 1);
	}
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START + MINUTES * minute), MINUTES);
}
END_TEST

START_TEST(killed)
{
	int64_t now = START;
	int i, status;
	pid_t pid;

	for (i = 0; i < 50; i++) {
		if ((pid = fork()) == 0)
			for (;; now += minute)
				(void)take(now, 5);
		while (__atomic_load_n(calls, __ATOMIC_SEQ_CST) < (i + 1) * 3)
			(void)sched_yield();
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		*calls = (i + 1) * 3;
		now += 1000000 * minute;
		ck_assert_int_ne(take(now, 6), -1);
		ck_assert_int_eq(seen(SPOOL_RING_HOUR, now, 0), 6);
		*calls = (i + 1) * 3;
	}
}
END_TEST

START_TEST(full_disk)
{
	struct rlimit most, none = { .rlim_cur = HEAD + 10 };

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &most), 0);
	none.rlim_max = most.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq(take(START, 1), -1);
	ck_assert_uint_eq(samples(SPOOL_RING_HOUR, START), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &most), 0);
	ck_assert_int_eq(take(START, 2), 1);
	ck_assert_int_eq(seen(SPOOL_RING_HOUR, START, 0), 2);
}
END_TEST

START_TEST(differences)
{
	struct spool_sample a = { .at = START, .clock = 1000, .counted = 1, .started = 10, .done = 5, .failed = 1 }, b = a;
	struct view_point p;

	b.at += minute;
	b.clock += minute;
	b.done += 12;
	b.failed += 3;
	view_ring_between(&a, &b, minute, &p);
	ck_assert(p.done == 12 && p.failed == 3 && p.wait == -1 && p.wait_high == -1);
	/* A hundred that waited up to 10 ms, none up to 50, and one up to 100. */
	b.wait.bucket[0] = 100;
	b.wait.bucket[2] = 1;
	view_ring_between(&a, &b, minute, &p);
	ck_assert_double_eq_tol(p.wait, 0.00505, 1e-5);
	ck_assert_double_eq_tol(p.wait_high, 0.0096, 1e-4);
	b.wait.bucket[SPOOL_BUCKETS - 1] = 1000;
	view_ring_between(&a, &b, minute, &p);
	ck_assert(p.wait == 86400 && p.wait_high == 86400);
	/* The clock was set back in between: it were two minutes. */
	b.at -= 2 * minute;
	b.clock += minute;
	view_ring_between(&a, &b, minute, &p);
	ck_assert(p.done == 6);
	/* Begun anew, and nothing counted. */
	b.done = 4;
	view_ring_between(&a, &b, minute, &p);
	ck_assert(p.done == -1 && p.failed == -1 && p.wait == -1);
	b = a;
	b.counted = 0;
	view_ring_between(&a, &b, minute, &p);
	ck_assert(p.done == -1);
}
END_TEST

START_TEST(points)
{
	struct view_ring r;

	q.count->done = 3;
	ck_assert_int_eq(take(START, 4), 1);
	q.count->done = 13;
	ck_assert_int_eq(take(START + minute, 5), 1);
	q.count->done = 33;
	view_ring(&q, SPOOL_RING_HOUR, START + minute + minute / 2, &r);
	ck_assert_uint_eq(r.n, 60);
	ck_assert(r.point[58].backlog == 4 && r.point[58].done == 10 && r.point[57].backlog == -1 && r.point[57].done == -1);
	/* Half a minute, so far. */
	ck_assert(r.point[59].backlog == 5 && r.point[59].done == 40);
	view_ring(&q, SPOOL_RING_HOUR, START + minute, &r);
	ck_assert(r.point[59].backlog == 5 && r.point[59].done == -1);
	view_ring(&q, SPOOL_RING_HOUR, START + 2 * minute, &r);
	ck_assert(r.point[59].backlog == -1 && r.point[59].done == -1 && r.point[58].backlog == 5 && r.point[58].done == -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, one_a_place);
	tcase_add_test(t, comes_round);
	tcase_add_test(t, clocks_jump);
	tcase_add_test(t, torn);
	tcase_add_test(t, none_of_ours);
	tcase_add_test(t, another_has_it);
	tcase_add_test(t, together);
	tcase_add_test(t, killed);
	tcase_add_test(t, full_disk);
	tcase_add_test(t, differences);
	tcase_add_test(t, points);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
