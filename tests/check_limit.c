/* check_limit: tokens, and the time of the next start, with a clock of the test's. */
#include "queue.h"

#include <sys/inotify.h>
#include <sys/wait.h>

#include <errno.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "io.h"
#include "spool_cell.h"
#include "spool_limit.h"
#include "spool_path.h"

#define SECOND INT64_C(1000000000)

static struct spool q;

static void
begin(void)
{
	queue_open(&q);
}

static void
end(void)
{
	spool_close(&q);
}

static int
take(int64_t max, int *above, int *fd)
{
	int64_t number = -1;
	int r = spool_token_take(&q, max, above, fd, &number);

	ck_assert_int_ne(r, -1);
	ck_assert_int_eq(*fd != -1, r == 1);
	if (r == 1)
		ck_assert(number >= 0 && number < max);
	return r;
}

START_TEST(as_many_tokens_as_that)
{
	int fd[4], above = 1, i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(take(3, &above, &fd[i]), 1);
	ck_assert_int_eq(above, 0);
	ck_assert_int_eq(take(3, &above, &fd[3]), 0);
	ck_assert_int_eq(io_close(&fd[1]), 0);
	ck_assert_int_eq(take(3, &above, &fd[1]), 1);
	ck_assert_int_eq(take(3, &above, &fd[3]), 0);
	ck_assert_int_eq(take(4, &above, &fd[3]), 1);
}
END_TEST

START_TEST(a_token_is_held_by_whoever_has_it_open)
{
	int fd, other, above = 0, go[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(take(1, &above, &fd), 1);
	if ((pid = fork()) == 0) {
		(void)close(go[1]);
		_exit(read(go[0], &c, 1) != 0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(io_close(&fd), 0);
	ck_assert_int_eq(take(1, &above, &other), 0);
	(void)close(go[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(take(1, &above, &other), 1);
}
END_TEST

START_TEST(those_above_count)
{
	int fd[5], above = 1, other = 1, i;

	for (i = 0; i < 5; i++)
		ck_assert_int_eq(take(5, &above, &fd[i]), 1);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(io_close(&fd[i]), 0);
	above = 1;
	ck_assert_int_eq(take(2, &above, &fd[0]), 0);
	ck_assert_int_eq(above, 1);
	ck_assert_int_eq(io_close(&fd[3]), 0);
	ck_assert_int_eq(take(2, &above, &fd[0]), 1);
	ck_assert_int_eq(above, 1);
	ck_assert_int_eq(take(2, &above, &fd[1]), 0);
	ck_assert_int_eq(take(2, &other, &fd[1]), 0);
	ck_assert_int_eq(io_close(&fd[4]), 0);
	ck_assert_int_eq(take(2, &above, &fd[1]), 1);
	ck_assert_int_eq(above, 0);
}
END_TEST

/* What wakes those who wait: a token that is given up does, one that is only looked at does not. */
START_TEST(looking_is_silent)
{
	int fd, other, above = 1, in = inotify_init1(IN_NONBLOCK);
	char buf[4096];

	ck_assert_int_ne(inotify_add_watch(in, "q/stat", IN_CLOSE_WRITE), -1);
	ck_assert_int_eq(take(1, &above, &fd), 1);
	above = 1;
	ck_assert_int_eq(take(1, &above, &other), 0);
	above = 0;
	ck_assert_int_eq(take(1, &above, &other), 0);
	ck_assert_int_eq(read(in, buf, sizeof(buf)), -1);
	ck_assert_int_eq(io_close(&fd), 0);
	ck_assert_int_gt(read(in, buf, sizeof(buf)), 0);
	ck_assert_int_eq(spool_token_name(((struct inotify_event *)(void *)buf)->name), 1);
	ck_assert_int_eq(spool_token_name(".running."), 0);
	ck_assert_int_eq(spool_token_name(".running.x"), 0);
	ck_assert_int_eq(spool_token_name(".running.99999"), 0);
	ck_assert_int_eq(spool_token_name(".rate"), 0);
}
END_TEST

START_TEST(a_link_is_no_token)
{
	int64_t number, *at;
	int fd, above = 0;

	ck_assert_int_eq(symlink("/etc/passwd", "q/stat/.running.0"), 0);
	ck_assert_int_eq(spool_token_take(&q, 1, &above, &fd, &number), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(symlink("/etc/passwd", "q/stat/.rate"), 0);
	ck_assert_int_eq(spool_rate_open(&q, &at), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_ptr_null(at);
}
END_TEST

/* Asks at random times and, refused, when it is told to; in no span are there more than the policy says. */
static void
assert_never_more(int64_t rate, int64_t span)
{
	struct policy p = { .rate = rate, .rate_span = span };
	int64_t at = 0, now = 1000 * SECOND, before, ns, *start;
	int64_t n = rate * 4 + 10, i, first;

	start = calloc((size_t)n, sizeof(*start));
	ck_assert_ptr_nonnull(start);
	for (i = 0; i < n; now += arc4random_uniform(3) == 0 ? arc4random_uniform((uint32_t)(span * 1000 / rate / 2 + 2)) : 0)
		if ((ns = spool_rate_take(&at, &p, now, &before)) == 0)
			start[i++] = now;
		else
			now += ns;
	for (i = rate; i < n; i++)
		ck_assert_int_ge(start[i] - start[i - rate], span * 1000);
	/* And hardly fewer, where they come without a pause: a thousandth, and what rounding up takes. */
	first = now = start[n - 1] + 10 * span * 1000;
	for (i = 0; i < n; )
		if ((ns = spool_rate_take(&at, &p, now, &before)) == 0)
			i++;
		else
			now += ns;
	ck_assert_int_le(now - first, (n - 1) * (span * 1001 / rate + 1));
	free(start);
}

START_TEST(never_more_than_the_rate)
{
	assert_never_more(1, 1000000);
	assert_never_more(3, 1000000);
	assert_never_more(20, 1000000);
	assert_never_more(999, 1000000);
	assert_never_more(10, 60 * 1000000);
	assert_never_more(7, 1000);
	assert_never_more(100000, 1000000);
}
END_TEST

START_TEST(a_start_may_be_taken_back)
{
	struct policy p = { .rate = 1, .rate_span = 1000000 };
	int64_t at = 0, now = 50 * SECOND, before, other;

	ck_assert_int_eq(spool_rate_take(&at, &p, now, &before), 0);
	ck_assert_int_ne(spool_rate_take(&at, &p, now, &other), 0);
	spool_rate_return(&at, &p, before);
	ck_assert_int_eq(spool_rate_take(&at, &p, now, &before), 0);
	/* Not when another has started. */
	ck_assert_int_eq(spool_rate_take(&at, &p, now + SECOND, &other), 0);
	spool_rate_return(&at, &p, before);
	ck_assert_int_ne(spool_rate_take(&at, &p, now + SECOND, &other), 0);
}
END_TEST

START_TEST(a_time_that_cannot_be_is_none)
{
	static const int64_t times[] = { INT64_MAX, INT64_MIN, 0, -1, 1000 * SECOND, 103 * SECOND };
	struct policy p = { .rate = 1, .rate_span = 1000000 }, slow = { .rate = 1, .rate_span = 3600 * INT64_C(1000000) };
	int64_t at, before;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		at = times[i];
		ck_assert_int_eq(spool_rate_take(&at, &p, 100 * SECOND, &before), 0);
		ck_assert_int_ne(spool_rate_take(&at, &p, 100 * SECOND, &before), 0);
	}
	/* A faster rate need not wait for what a slower one has left. */
	at = 0;
	ck_assert_int_eq(spool_rate_take(&at, &slow, 100 * SECOND, &before), 0);
	ck_assert_int_gt(spool_rate_take(&at, &slow, 101 * SECOND, &before), 3500 * SECOND);
	ck_assert_int_eq(spool_rate_take(&at, &p, 101 * SECOND, &before), 0);
	slow.rate_span = INT64_C(36525) * 86400 * 1000000;
	at = 0;
	ck_assert_int_eq(spool_rate_take(&at, &slow, 101 * SECOND, &before), 0);
	ck_assert_int_gt(spool_rate_take(&at, &slow, 102 * SECOND, &before), 86400 * SECOND);
}
END_TEST

START_TEST(the_time_is_one_for_all)
{
	struct policy p = { .rate = 1, .rate_span = 1000000 };
	int64_t *one, *two, before;
	int status;
	pid_t pid;

	ck_assert_int_eq(spool_rate_open(&q, &one), 0);
	ck_assert_int_eq(spool_rate_open(&q, &two), 0);
	if ((pid = fork()) == 0)
		_exit(spool_rate_take(two, &p, 100 * SECOND, &before) != 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_ne(spool_rate_take(one, &p, 100 * SECOND, &before), 0);
	spool_cell_close(&two, 1);
	spool_cell_close(&one, 1);
	ck_assert_ptr_null(one);
	/* One that is torn is made whole. */
	ck_assert_int_eq(truncate("q/stat/.rate", 3), 0);
	ck_assert_int_eq(spool_rate_open(&q, &one), 0);
	ck_assert_int_eq(spool_rate_take(one, &p, 100 * SECOND, &before), 0);
	spool_cell_close(&one, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("limit");
	TCase *t = tcase_create("limit");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, as_many_tokens_as_that);
	tcase_add_test(t, a_token_is_held_by_whoever_has_it_open);
	tcase_add_test(t, those_above_count);
	tcase_add_test(t, looking_is_silent);
	tcase_add_test(t, a_link_is_no_token);
	tcase_add_test(t, never_more_than_the_rate);
	tcase_add_test(t, a_start_may_be_taken_back);
	tcase_add_test(t, a_time_that_cannot_be_is_none);
	tcase_add_test(t, the_time_is_one_for_all);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
