/* What a kernel is asked for, by what it knows: no right that it does not know, and all that the front uses. */
#include <check.h>

#include "confine.h"

enum { TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15 };

START_TEST(handled)
{
	/* Before REFER no file could be renamed into another directory. */
	ck_assert_uint_eq(confine_handled(0), 0);
	ck_assert_uint_eq(confine_handled(1), 0);
	ck_assert_uint_eq(confine_handled(2), 0x3fff);
	ck_assert_uint_eq(confine_handled(3), 0x7fff);
	ck_assert_uint_eq(confine_handled(4), 0x7fff);
	ck_assert_uint_eq(confine_handled(5), 0xffff);
	ck_assert_uint_eq(confine_handled(100), 0xffff);
}
END_TEST

START_TEST(rights)
{
	const uint64_t never = 1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | IOCTL_DEV;   /* execute; devices, sockets, pipes */
	int abi, use, directory;
	uint64_t r;

	for (abi = 1; abi < 10; abi++)
		for (use = CONFINE_READ; use <= CONFINE_CHANGE; use++)
			for (directory = 0; directory < 2; directory++) {
				r = confine_rights(abi, use, directory);
				ck_assert_uint_eq(r & ~confine_handled(abi), 0);
				ck_assert_uint_eq(r & never, 0);
				/* The kernel takes no other rights for a file. */
				ck_assert(directory || (r & ~(uint64_t)(0x7 | TRUNCATE)) == 0);
			}
	ck_assert_uint_eq(confine_rights(2, CONFINE_CHANGE, 1), 0x31be);
	ck_assert_uint_eq(confine_rights(3, CONFINE_CHANGE, 1), 0x31be | TRUNCATE);
	ck_assert_uint_eq(confine_rights(7, CONFINE_CHANGE, 0), 0x6 | TRUNCATE);
	ck_assert_uint_eq(confine_rights(7, CONFINE_READ, 1), 0x4);
	ck_assert_uint_eq(confine_rights(7, CONFINE_LIST, 1), 0xc);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("confine");
	TCase *t = tcase_create("landlock");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, handled);
	tcase_add_test(t, rights);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
