#include <check.h>
#include <string.h>

#include "spool_count.h"

static const int64_t minute = INT64_C(60) * 1000000;

/* Minutes that all have room in the ring, and a moment half a minute into the last. */
enum { NOW = 29000000 };

static struct spool_counts c;
static struct spool_rates r;

static void
mark(uint64_t m, uint64_t started, uint64_t done, uint64_t failed)
{
	c.minute[m % SPOOL_MINUTES] = (struct spool_minute){ m, started, done, failed };
}

static void
rates(void)
{
	spool_count_rates(&c, NOW * minute + minute / 2, &r);
}

static void
totals(uint64_t started, uint64_t done, uint64_t exited, uint64_t lost)
{
	memset(&c, 0, sizeof(c));
	c.started = started;
	c.done = done;
	c.failed[ID_EXIT] = exited;
	c.failed[ID_LOST] = lost;
}

START_TEST(averages)
{
	totals(0, 0, 0, 0);
	rates();
	ck_assert(r.started == 0 && r.done == 0 && r.failed == 0);
	/* Nothing since the last mark that counts. */
	totals(100, 80, 10, 10);
	mark(NOW - 6, 0, 0, 0);
	rates();
	ck_assert(r.started == 0 && r.done == 0 && r.failed == 0);
	/* From the first of five minutes and a half on. */
	mark(NOW - 5, 45, 25, 9);
	mark(NOW - 1, 90, 70, 15);
	rates();
	ck_assert_double_eq_tol(r.started, 10, 1e-9);
	ck_assert_double_eq_tol(r.done, 10, 1e-9);
	ck_assert_double_eq_tol(r.failed, 2, 1e-9);
}
END_TEST

START_TEST(quiet_minutes)
{
	/* What was before the first event of a window is in its mark, whenever in the window that was. */
	totals(111, 100, 0, 0);
	mark(NOW, 100, 89, 0);
	rates();
	ck_assert_double_eq_tol(r.started, 2, 1e-9);
	ck_assert_double_eq_tol(r.done, 2, 1e-9);
	ck_assert(r.failed == 0);
	/* The ring has come round since. */
	totals(111, 100, 0, 0);
	mark(NOW - SPOOL_MINUTES, 0, 0, 0);
	mark(NOW - 2 - SPOOL_MINUTES, 0, 0, 0);
	rates();
	ck_assert(r.started == 0 && r.done == 0);
}
END_TEST

START_TEST(nonsense)
{
	totals(10, 5, 5, 0);
	mark(NOW - 1, 11, 0, 6);
	rates();
	ck_assert(r.started == -1 && r.done > 0 && r.failed == -1);
	memset(&c, 0xff, sizeof(c));
	rates();
	ck_assert(r.started == 0);
	spool_count_rates(&c, 0, &r);
	ck_assert(r.started <= 0);
}
END_TEST

START_TEST(limits)
{
	size_t i;

	for (i = 1; i < SPOOL_BUCKETS; i++)
		ck_assert(spool_bucket(i) > spool_bucket(i - 1));
	ck_assert(spool_bucket(SPOOL_BUCKETS - 1) == INT64_MAX);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("count");
	TCase *t = tcase_create("count");
	SRunner *runner;
	int failed;

	tcase_add_test(t, averages);
	tcase_add_test(t, quiet_minutes);
	tcase_add_test(t, nonsense);
	tcase_add_test(t, limits);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
