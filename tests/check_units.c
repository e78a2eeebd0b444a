#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "units.h"

#define SECOND INT64_C(1000000)
#define CENTURY (INT64_C(36525) * 86400 * SECOND)

typedef int parser(const char *text, int64_t *n);

static void
assert_is(parser *parse, const char *text, int64_t want)
{
	int64_t n = -7;

	ck_assert_msg(parse(text, &n) == 0, "\"%s\" is refused", text);
	ck_assert_msg(n == want, "\"%s\" is %" PRId64, text, n);
}

static void
assert_refused(parser *parse, const char *text, int error)
{
	int64_t n = -7;

	errno = 0;
	ck_assert_msg(parse(text, &n) == -1, "\"%s\" is taken for %" PRId64, text, n);
	ck_assert_msg(errno == error, "\"%s\": %s", text, strerror(errno));
	ck_assert_int_eq(n, -7);
}

static const char *const no_number[] = {
	"", " ", "-1", "+1", " 1", "1 ", "1\n", "\t1", "0x10", "1e3", "1.5", "1,000", ".", "ten", "1_000", "--", "१", "1 s",
	"1ss", "s", "ms", "K", "1k", "1KB", "1KiB", "1B", "1S", "1H", "1D", "1us", "1w", "1h30m", "1.5h", "0.5G", "-1s",
	"1\x80", "inf", "nan"
};

START_TEST(durations)
{
	assert_is(units_duration, "0", 0);
	assert_is(units_duration, "0d", 0);
	assert_is(units_duration, "500ms", SECOND / 2);
	assert_is(units_duration, "1ms", 1000);
	assert_is(units_duration, "10s", 10 * SECOND);
	assert_is(units_duration, "10", 10 * SECOND);
	assert_is(units_duration, "010", 10 * SECOND);
	assert_is(units_duration, "5m", 300 * SECOND);
	assert_is(units_duration, "2h", 7200 * SECOND);
	assert_is(units_duration, "7d", 7 * 86400 * SECOND);
	assert_is(units_duration, "36525d", CENTURY);
	assert_is(units_duration, "3155760000", CENTURY);
	assert_is(units_duration, "3155760000000ms", CENTURY);
	assert_refused(units_duration, "36526d", ERANGE);
	assert_refused(units_duration, "3155760001", ERANGE);
	assert_refused(units_duration, "3155760000001ms", ERANGE);
	assert_refused(units_duration, "9223372036854775807d", ERANGE);
	assert_refused(units_duration, "9223372036854775808ms", ERANGE);
	assert_refused(units_duration, "99999999999999999999999999999999999999999s", ERANGE);
	assert_refused(units_duration, "1K", EINVAL);
}
END_TEST

START_TEST(sizes)
{
	assert_is(units_size, "0", 0);
	assert_is(units_size, "0T", 0);
	assert_is(units_size, "123", 123);
	assert_is(units_size, "64K", 65536);
	assert_is(units_size, "10M", 10485760);
	assert_is(units_size, "1G", INT64_C(1) << 30);
	assert_is(units_size, "2T", INT64_C(2) << 40);
	assert_is(units_size, "8388607T", INT64_C(8388607) << 40);
	assert_is(units_size, "9223372036854775806", INT64_MAX - 1);
	assert_refused(units_size, "8388608T", ERANGE);
	assert_refused(units_size, "9223372036854775807", ERANGE);
	assert_refused(units_size, "9223372036854775808", ERANGE);
	assert_refused(units_size, "18446744073709551616", ERANGE);
	assert_refused(units_size, "99999999999999999999999999999T", ERANGE);
	assert_refused(units_size, "1s", EINVAL);
	assert_refused(units_size, "1m", EINVAL);
}
END_TEST

static int
number_3_to_10(const char *text, int64_t *n)
{
	return units_number(text, 3, 10, n);
}

static int
number_any(const char *text, int64_t *n)
{
	return units_number(text, INT64_MIN, INT64_MAX, n);
}

START_TEST(numbers)
{
	assert_is(number_3_to_10, "3", 3);
	assert_is(number_3_to_10, "10", 10);
	assert_is(number_3_to_10, "0003", 3);
	assert_refused(number_3_to_10, "2", ERANGE);
	assert_refused(number_3_to_10, "0", ERANGE);
	assert_refused(number_3_to_10, "11", ERANGE);
	assert_is(number_any, "9223372036854775807", INT64_MAX);
	assert_refused(number_any, "9223372036854775808", ERANGE);
	assert_refused(number_any, "99999999999999999999999999999999", ERANGE);
	assert_refused(number_any, "1s", EINVAL);
	assert_refused(number_any, "1K", EINVAL);
}
END_TEST

START_TEST(what_is_no_number)
{
	size_t i;

	for (i = 0; i < sizeof(no_number) / sizeof(no_number[0]); i++) {
		assert_refused(units_duration, no_number[i], EINVAL);
		assert_refused(units_size, no_number[i], EINVAL);
		assert_refused(number_any, no_number[i], EINVAL);
	}
}
END_TEST

/* Every number with every unit is its product, or out of range. */
START_TEST(products)
{
	static const struct {
		parser *parse;
		const char *unit;
		int64_t worth, max;
	} units[] = {
		{ units_duration, "", SECOND, CENTURY }, { units_duration, "ms", 1000, CENTURY },
		{ units_duration, "s", SECOND, CENTURY }, { units_duration, "m", 60 * SECOND, CENTURY },
		{ units_duration, "h", 3600 * SECOND, CENTURY }, { units_duration, "d", 86400 * SECOND, CENTURY },
		{ units_size, "", 1, INT64_MAX - 1 }, { units_size, "K", 1024, INT64_MAX - 1 },
		{ units_size, "M", 1048576, INT64_MAX - 1 }, { units_size, "G", INT64_C(1) << 30, INT64_MAX - 1 },
		{ units_size, "T", INT64_C(1) << 40, INT64_MAX - 1 }
	};
	int round;

	for (round = 0; round < 200000; round++) {
		size_t u = (size_t)random() % (sizeof(units) / sizeof(units[0]));
		int64_t n = (int64_t)((((uint64_t)random() << 32) ^ (uint64_t)random()) >> (random() % 64));
		char text[40];

		snprintf(text, sizeof(text), "%" PRId64 "%s", n, units[u].unit);
		if (n <= units[u].max / units[u].worth)
			assert_is(units[u].parse, text, n * units[u].worth);
		else
			assert_refused(units[u].parse, text, ERANGE);
	}
}
END_TEST

START_TEST(times)
{
	char buf[UNITS_TIME_MAX];

	ck_assert_str_eq(units_time(buf, 0), "1970-01-01T00:00:00Z");
	ck_assert_str_eq(units_time(buf, 999999), "1970-01-01T00:00:00Z");
	ck_assert_str_eq(units_time(buf, -1), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(units_time(buf, -SECOND), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(units_time(buf, -SECOND - 1), "1969-12-31T23:59:58Z");
	ck_assert_str_eq(units_time(buf, INT64_C(1795456385) * SECOND), "2026-11-23T17:53:05Z");
	ck_assert_str_eq(units_time(buf, INT64_C(951782400) * SECOND), "2000-02-29T00:00:00Z");
	ck_assert_str_eq(units_time(buf, INT64_MAX), "294247-01-10T04:00:54Z");
	ck_assert_uint_lt(strlen(units_time(buf, INT64_MIN)), sizeof(buf));
	ck_assert_ptr_eq(units_time(buf, 1), buf);
}
END_TEST

START_TEST(times_keep_to_utc)
{
	char buf[UNITS_TIME_MAX];

	setenv("TZ", "XYZ-5:45", 1);
	tzset();
	ck_assert_str_eq(units_time(buf, 0), "1970-01-01T00:00:00Z");
}
END_TEST

START_TEST(ages)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} table[] = {
		{ -1, "0s" }, { 0, "0s" }, { 1, "1s" }, { 42, "42s" }, { 59, "59s" }, { 60, "1m00s" }, { 187, "3m07s" },
		{ 3599, "59m59s" }, { 3600, "1h00m" }, { 7500, "2h05m" }, { 86399, "23h59m" }, { 86400, "1d00h" },
		{ 6 * 86400 + 3 * 3600 + 3599, "6d03h" }, { INT64_C(36525) * 86400, "36525d00h" },
		{ INT64_MAX / SECOND, "106751991d04h" }
	};
	char buf[UNITS_AGE_MAX];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_str_eq(units_age(buf, table[i].seconds * SECOND), table[i].text);
	ck_assert_str_eq(units_age(buf, 999999), "0s");
	ck_assert_str_eq(units_age(buf, INT64_MAX), "106751991d04h");
	ck_assert_str_eq(units_age(buf, INT64_MIN), "0s");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("units");
	TCase *t = tcase_create("units");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, durations);
	tcase_add_test(t, sizes);
	tcase_add_test(t, numbers);
	tcase_add_test(t, what_is_no_number);
	tcase_add_test(t, products);
	tcase_add_test(t, times);
	tcase_add_test(t, times_keep_to_utc);
	tcase_add_test(t, ages);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
