/*
 * scratch: a private directory for each test, which is its working directory and goes when the program ends.
 *
 * tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
 * tcase_add_checked_fixture(t, scratch_enter, NULL);
 */
#ifndef WQW_SCRATCH_H
#define WQW_SCRATCH_H

#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch[] = "/tmp/wqw-check-XXXXXX";

static void
scratch_begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	/* Some tests go on without root's rights. */
	ck_assert_int_eq(chmod(scratch, 0755), 0);
}

static void
scratch_enter(void)
{
	char dir[] = "test-XXXXXX";

	ck_assert_int_eq(chdir(scratch), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(chdir(dir), 0);
}

static int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
scratch_end(void)
{
	nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
