#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "units_when.h"

#define DAY INT64_C(20788)          /* 2026-12-01 */
#define SECOND INT64_C(1000000)

static void
assert_is(const char *text, int64_t seconds, int64_t rest)
{
	int64_t us = -7;

	ck_assert_msg(units_when(text, &us) == 0, "\"%s\" is refused", text);
	ck_assert_msg(us == seconds * SECOND + rest, "\"%s\" is %" PRId64, text, us);
}

START_TEST(times)
{
	assert_is("2026-12-01T08:00Z", DAY * 86400 + 8 * 3600, 0);
	assert_is("2026-12-01t08:00:07z", DAY * 86400 + 8 * 3600 + 7, 0);
	assert_is("2026-12-01T08:00:07.25Z", DAY * 86400 + 8 * 3600 + 7, 250000);
	assert_is("2026-12-01T08:00:07.1234567899Z", DAY * 86400 + 8 * 3600 + 7, 123456);
	assert_is("2026-12-01T09:30+01:30", DAY * 86400 + 8 * 3600, 0);
	assert_is("2026-11-30T23:00:00-09:00", DAY * 86400 + 8 * 3600, 0);
	assert_is("2016-12-31T23:59:60Z", 1483228799, 0);
	assert_is("2028-02-29T00:00Z", 1835395200, 0);
	assert_is("1970-01-01T00:00Z", 0, 0);
	assert_is("9999-12-31T23:59:59Z", INT64_C(253402300799), 0);
}
END_TEST

START_TEST(no_times)
{
	static const char *const texts[] = {
		"", " ", "now", "tomorrow", "2026-12-01", "2026-12-01T", "2026-12-01T08", "2026-12-01T08:00", "2026-12-01 08:00Z",
		"2026-13-01T08:00Z", "2026-00-01T08:00Z", "2026-06-31T08:00Z", "2026-02-29T08:00Z", "2026-12-00T08:00Z",
		"2026-12-01T24:00Z", "2026-12-01T08:60Z", "2026-12-01T08:00:61Z", "2026-12-01T08:00:00.Z", "2026-12-01T08:00:00,5Z",
		"2026-12-01T08:00ZZ", "2026-12-01T08:00Z ", " 2026-12-01T08:00Z", "2026-12-01T8:00Z", "26-12-01T08:00Z",
		"+026-12-01T08:00Z", "2026-12-01T08:00+1", "2026-12-01T08:00+0100", "2026-12-01T08:00+24:00",
		"1969-12-31T23:59Z", "20261201T0800Z", "12026-12-01T08:00Z", "-2026-12-01T08:00Z", "1764576000"
	};
	int64_t us = -7;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		errno = 0;
		ck_assert_msg(units_when(texts[i], &us) == -1, "\"%s\" is taken for %" PRId64, texts[i], us);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(us, -7);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("when");
	TCase *t = tcase_create("when");
	SRunner *r;
	int failed;

	tcase_add_test(t, times);
	tcase_add_test(t, no_times);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
