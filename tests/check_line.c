#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window_line.h"

static void
add(struct window_lines *l, const char *group, int64_t key)
{
	char file[32];

	snprintf(file, sizeof(file), "%07lld", (long long)key);
	if (window_line_add(l, group, key, file) != 0)
		ck_abort_msg("add %s %s", group, file);
}

static int
insert(struct window_lines *l, const char *group, int64_t key)
{
	struct window_line *line;
	char file[32];

	snprintf(file, sizeof(file), "%07lld", (long long)key);
	return window_line_insert(l, group, key, file, &line);
}

static int64_t
first(const struct window_lines *l, const char *group)
{
	struct window_line *line = window_line_find(l, group);
	const struct window_entry *e = line == NULL ? NULL : window_least(&line->names);

	return e == NULL ? -1 : e->key;
}

START_TEST(lines_are_in_order)
{
	struct window_lines l = { 0 };

	window_lines_clear(&l);
	ck_assert_ptr_null(window_line_find(&l, "a"));
	add(&l, "a", 3);
	add(&l, "b", 9);
	add(&l, "a", 1);
	window_lines_seal(&l);
	ck_assert_int_eq(first(&l, "a"), 1);
	ck_assert_int_eq(first(&l, "b"), 9);
	ck_assert_int_eq(insert(&l, "a", 2), 0);
	ck_assert_int_eq(insert(&l, "a", 0), 1);
	ck_assert_ptr_nonnull(window_line_pop(&l, window_line_find(&l, "a")));
	ck_assert_int_eq(first(&l, "a"), 1);
	ck_assert_ptr_null(window_line_pop(&l, window_line_find(&l, "b")));
	ck_assert_ptr_null(window_line_find(&l, "b"));
	ck_assert_uint_eq(l.n, 1);
	window_lines_clear(&l);
}
END_TEST

/* A long line gives way to the others, keeps its least names, and nothing that comes passes what it left out. */
START_TEST(a_long_line_is_cut)
{
	struct window_lines l = { 0 };
	struct window_line *line;
	char group[16];
	int64_t i;

	window_lines_clear(&l);
	for (i = 0; i < 200000; i++)
		add(&l, "long", 199999 - i);
	for (i = 0; i < 30000; i++) {
		snprintf(group, sizeof(group), "g%d", (int)i);
		add(&l, group, i);
	}
	window_lines_seal(&l);
	ck_assert_uint_le(l.names, WINDOW_MAX);
	ck_assert_uint_eq(l.n, 30001);
	ck_assert_int_eq(first(&l, "g29999"), 29999);
	ck_assert_int_eq(first(&l, "long"), 0);
	for (i = 0, line = window_line_find(&l, "long"); line != NULL; i++) {
		ck_assert_int_eq(first(&l, "long"), i);
		line = window_line_pop(&l, line);
	}
	ck_assert_int_gt(i, 1000);
	ck_assert_uint_eq(l.hungry, 1);
	ck_assert_int_eq(insert(&l, "long", 200000), 0);
	ck_assert_int_eq(first(&l, "long"), -1);
	window_lines_clear(&l);
	ck_assert_uint_eq(l.hungry, 0);
}
END_TEST

START_TEST(groups_beyond_count_are_left_out)
{
	struct window_lines l = { 0 };
	char group[16];
	int64_t i;

	window_lines_clear(&l);
	for (i = 0; i < WINDOW_MAX + 10; i++) {
		snprintf(group, sizeof(group), "g%d", (int)i);
		add(&l, group, i);
	}
	window_lines_seal(&l);
	ck_assert_uint_eq(l.n, WINDOW_MAX);
	ck_assert_int_eq(l.more, 1);
	ck_assert_ptr_null(window_line_pop(&l, window_line_find(&l, "g7")));
	/* It may be one of those that were left out, with names before this one. */
	ck_assert_int_eq(insert(&l, "new", 1), 0);
	ck_assert_ptr_null(window_line_find(&l, "new"));
	window_lines_clear(&l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line");
	TCase *t = tcase_create("line");
	SRunner *r;
	int failed;

	tcase_add_test(t, lines_are_in_order);
	tcase_add_test(t, a_long_line_is_cut);
	tcase_add_test(t, groups_beyond_count_are_left_out);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
