#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

/* The allocations that are still granted; -1: all. They stand before libc's. */
static int grants = -1;

static int
granted(void)
{
	if (grants == 0) {
		errno = ENOMEM;
		return 0;
	}
	grants -= grants > 0;
	return 1;
}

char *
strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = granted() ? malloc(n) : NULL;

	return copy != NULL ? memcpy(copy, s, n) : NULL;
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	return granted() ? realloc(p, n * size) : NULL;
}

/* Without the message that each ck_assert sends, of which there would be millions. */
static void
check(int ok, const char *what, int64_t key, int64_t n)
{
	if (!ok)
		ck_abort_msg("%s %lld %lld", what, (long long)key, (long long)n);
}

static void
name_of(char name[32], int64_t n)
{
	snprintf(name, 32, "job-%07lld", (long long)n);
}

static void
add(struct window *w, int64_t key, int64_t n)
{
	char name[32];

	name_of(name, n);
	check(window_add(w, key, name) == 0, "add", key, n);
}

static void
insert(struct window *w, int64_t key, int64_t n)
{
	char name[32];

	name_of(name, n);
	check(window_insert(w, key, name) == 0, "insert", key, n);
}

static void
assert_least(const struct window *w, int64_t key, int64_t n)
{
	const struct window_entry *e = window_least(w);
	char name[32];

	name_of(name, n);
	check(e != NULL && e->key == key && strcmp(e->file, name) == 0, "least", key, n);
}

static void
assert_pops(struct window *w, int64_t key, int64_t n)
{
	assert_least(w, key, n);
	window_pop(w);
}

static size_t
count(const struct window *w)
{
	return w->end - w->head;
}

START_TEST(an_empty_window)
{
	struct window w = { 0 };

	ck_assert_ptr_null(window_least(&w));
	window_pop(&w);
	window_seal(&w);
	ck_assert_ptr_null(window_least(&w));
	ck_assert_int_eq(w.cut, 0);
	window_clear(&w);
	window_clear(&w);
	insert(&w, 1, 1);
	assert_pops(&w, 1, 1);
	ck_assert_ptr_null(window_least(&w));
	window_pop(&w);
	insert(&w, 2, 2);
	window_clear(&w);
	ck_assert_ptr_null(window_least(&w));
}
END_TEST

START_TEST(sorts_by_key_then_name)
{
	struct window w = { 0 };

	add(&w, 3, 1);
	add(&w, INT64_MAX, 1);
	add(&w, 1, 3);
	add(&w, INT64_MIN, 9);
	add(&w, 1, 2);
	add(&w, -5, 8);
	window_seal(&w);
	assert_pops(&w, INT64_MIN, 9);
	assert_pops(&w, -5, 8);
	assert_pops(&w, 1, 2);
	assert_pops(&w, 1, 3);
	assert_pops(&w, 3, 1);
	assert_pops(&w, INT64_MAX, 1);
	ck_assert_ptr_null(window_least(&w));
	ck_assert_int_eq(w.cut, 0);
	window_clear(&w);
}
END_TEST

/* A permutation of 0..n-1 in one of several orders. */
static int64_t *
order_of(int64_t n, int kind)
{
	int64_t *v = calloc((size_t)n, sizeof(*v)), i;

	for (i = 0; i < n; i++)
		v[i] = kind == 1 ? n - 1 - i : i;
	for (i = n - 1; kind == 2 && i > 0; i--) {
		int64_t j = random() % (i + 1), old = v[i];

		v[i] = v[j];
		v[j] = old;
	}
	return v;
}

/* Of `total` with keys n / same, in the given order: the least ones are kept, whatever the order. */
static void
assert_keeps_least(int64_t total, int kind, int64_t same)
{
	int64_t *v = order_of(total, kind), i, kept = total < WINDOW_MAX ? total : WINDOW_MAX;
	struct window w = { 0 };

	for (i = 0; i < total; i++) {
		add(&w, v[i] / same, v[i]);
		check(count(&w) <= 2 * WINDOW_MAX, "count", v[i], i);
	}
	window_seal(&w);
	ck_assert_uint_eq(count(&w), (size_t)kept);
	ck_assert_uint_le(w.room, 2 * WINDOW_MAX);
	ck_assert_int_eq(w.cut, total > WINDOW_MAX);
	if (w.cut)
		ck_assert_int_eq(w.bound, WINDOW_MAX / same);
	for (i = 0; i < kept; i++)
		assert_pops(&w, i / same, i);
	ck_assert_ptr_null(window_least(&w));
	window_clear(&w);
	ck_assert_int_eq(w.cut, 0);
	free(v);
}

START_TEST(keeps_the_least)
{
	static const int64_t totals[] = {
		WINDOW_MAX - 1, WINDOW_MAX, WINDOW_MAX + 1, 2 * WINDOW_MAX - 1, 2 * WINDOW_MAX, 2 * WINDOW_MAX + 1, 500000
	};

	assert_keeps_least(totals[_i / 3], _i % 3, 1);
}
END_TEST

/* Where many share a key, names decide, also between those that come before and after a cut. */
START_TEST(keeps_the_least_among_equals)
{
	assert_keeps_least(300000, _i % 3, _i < 3 ? 7 : 1000000);
}
END_TEST

START_TEST(inserts_in_order)
{
	struct window w = { 0 };
	int64_t n;

	add(&w, 10, 10);
	add(&w, 20, 20);
	window_seal(&w);
	insert(&w, 30, 30);
	insert(&w, 5, 5);
	insert(&w, 15, 15);
	insert(&w, 15, 14);
	insert(&w, 15, 16);
	assert_pops(&w, 5, 5);
	/* Before the least, and just behind it, into the room that it left. */
	insert(&w, 1, 1);
	assert_pops(&w, 1, 1);
	insert(&w, 11, 11);
	assert_pops(&w, 10, 10);
	assert_pops(&w, 11, 11);
	for (n = 14; n <= 16; n++)
		assert_pops(&w, 15, n);
	assert_pops(&w, 20, 20);
	assert_pops(&w, 30, 30);
	ck_assert_ptr_null(window_least(&w));
	window_clear(&w);
}
END_TEST

START_TEST(a_second_time_does_nothing)
{
	struct window w = { 0 };

	add(&w, 1, 1);
	add(&w, 2, 2);
	window_seal(&w);
	insert(&w, 1, 1);
	insert(&w, 2, 2);
	insert(&w, 2, 2);
	ck_assert_uint_eq(count(&w), 2);
	/* Another key or another name is another entry. */
	insert(&w, 3, 2);
	insert(&w, 2, 3);
	ck_assert_uint_eq(count(&w), 4);
	window_clear(&w);
}
END_TEST

static void
fill(struct window *w, int64_t total)
{
	int64_t n;

	for (n = 0; n < total; n++)
		add(w, n * 10, n);
	window_seal(w);
}

START_TEST(a_cut_window_leaves_the_rest_for_the_next_scan)
{
	struct window w = { 0 };

	fill(&w, WINDOW_MAX + 1);
	ck_assert_int_eq(w.bound, WINDOW_MAX * 10);
	insert(&w, w.bound, 0);
	insert(&w, w.bound + 1, 0);
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	/* Even where there is room again: others were left out before it. */
	window_pop(&w);
	insert(&w, w.bound, 0);
	ck_assert_uint_eq(count(&w), WINDOW_MAX - 1);
	insert(&w, w.bound - 1, 7);
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	ck_assert_int_eq(w.bound, WINDOW_MAX * 10);
	/* The greatest makes way, and moves the bound. */
	insert(&w, 1, 1);
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	ck_assert_int_eq(w.bound, WINDOW_MAX * 10 - 1);
	assert_least(&w, 1, 1);
	insert(&w, WINDOW_MAX * 10 - 1, 7);
	insert(&w, WINDOW_MAX * 10 - 2, 7);
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	ck_assert_int_eq(w.bound, WINDOW_MAX * 10 - 2);
	window_clear(&w);
}
END_TEST

START_TEST(a_full_window_is_cut_by_an_insert)
{
	struct window w = { 0 };

	fill(&w, WINDOW_MAX);
	ck_assert_int_eq(w.cut, 0);
	insert(&w, 0, 0);
	ck_assert_int_eq(w.cut, 0);
	insert(&w, WINDOW_MAX * 10, 1);
	ck_assert_int_eq(w.cut, 1);
	ck_assert_int_eq(w.bound, WINDOW_MAX * 10);
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	insert(&w, -1, 1);
	ck_assert_int_eq(w.bound, (WINDOW_MAX - 1) * 10);
	assert_least(&w, -1, 1);
	window_clear(&w);
	fill(&w, 3);
	ck_assert_int_eq(w.cut, 0);
	assert_least(&w, 0, 0);
	window_clear(&w);
}
END_TEST

START_TEST(room_is_used_again)
{
	struct window w = { 0 };
	int64_t n;

	fill(&w, WINDOW_MAX);
	for (n = WINDOW_MAX; n < 10 * WINDOW_MAX; n++) {
		assert_pops(&w, (n - WINDOW_MAX) * 10, n - WINDOW_MAX);
		insert(&w, n * 10, n);
		check(w.room <= 2 * WINDOW_MAX, "room", (int64_t)w.room, n);
	}
	ck_assert_uint_eq(count(&w), WINDOW_MAX);
	ck_assert_int_eq(w.cut, 0);
	window_clear(&w);
	/* A queue that is always nearly empty needs next to none. */
	for (n = 0; n < 100000; n++) {
		insert(&w, n, n);
		insert(&w, n, n + 1);
		window_pop(&w);
		window_pop(&w);
	}
	ck_assert_uint_le(w.room, 64);
	window_clear(&w);
}
END_TEST

struct model {
	int64_t key[64], n[64];
	size_t count;
};

static void
model_insert(struct model *m, int64_t key, int64_t n)
{
	size_t at = 0, i;

	while (at < m->count && (m->key[at] < key || (m->key[at] == key && m->n[at] < n)))
		at++;
	if (at < m->count && m->key[at] == key && m->n[at] == n)
		return;
	for (i = m->count++; i > at; i--) {
		m->key[i] = m->key[i - 1];
		m->n[i] = m->n[i - 1];
	}
	m->key[at] = key;
	m->n[at] = n;
}

static void
model_pop(struct model *m)
{
	m->count--;
	memmove(m->key, m->key + 1, m->count * sizeof(m->key[0]));
	memmove(m->n, m->n + 1, m->count * sizeof(m->n[0]));
}

START_TEST(random_steps_agree_with_a_plain_list)
{
	struct window w = { 0 };
	struct model m = { .count = 0 };
	int step;

	for (step = 0; step < 300000; step++) {
		int64_t key = random() % 20, n = random() % 5;

		/* Drifts between empty and full. */
		if (m.count < 64 && random() % 10 < (step / 1000 % 2 ? 7 : 3)) {
			insert(&w, key, n);
			model_insert(&m, key, n);
		} else if (m.count > 0) {
			assert_pops(&w, m.key[0], m.n[0]);
			model_pop(&m);
		}
		check(count(&w) == m.count, "count", (int64_t)count(&w), step);
		check((window_least(&w) == NULL) == (m.count == 0), "empty", key, step);
	}
	window_clear(&w);
}
END_TEST

typedef int taker(struct window *w, int64_t key, const char *file);

/* With so many allocations granted it fails. libcheck itself needs some to say so. */
static void
assert_starves(struct window *w, taker *take, int with, int64_t key)
{
	int result, error;

	grants = with;
	result = take(w, key, "x");
	error = errno;
	grants = -1;
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(error, ENOMEM);
}

START_TEST(without_memory_nothing_changes)
{
	struct window w = { 0 };
	int64_t n;
	int with;

	for (with = 0; with < 2; with++) {
		assert_starves(&w, window_add, with, 1);
		window_clear(&w);
		assert_starves(&w, window_insert, with, 1);
		ck_assert_ptr_null(window_least(&w));
		window_clear(&w);
	}
	for (n = 0; n < 64; n++)
		add(&w, n, n);
	window_seal(&w);
	/* A name, but no more room for it; and neither. */
	for (with = 0; with < 2; with++) {
		assert_starves(&w, window_insert, with, 1);
		assert_starves(&w, window_insert, with, 100);
		assert_starves(&w, window_add, with, 100);
	}
	ck_assert_uint_eq(count(&w), 64);
	for (n = 0; n < 64; n++)
		assert_pops(&w, n, n);
	window_clear(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("window");
	TCase *t = tcase_create("window");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, an_empty_window);
	tcase_add_test(t, sorts_by_key_then_name);
	tcase_add_loop_test(t, keeps_the_least, 0, 21);
	tcase_add_loop_test(t, keeps_the_least_among_equals, 0, 6);
	tcase_add_test(t, inserts_in_order);
	tcase_add_test(t, a_second_time_does_nothing);
	tcase_add_test(t, a_cut_window_leaves_the_rest_for_the_next_scan);
	tcase_add_test(t, a_full_window_is_cut_by_an_insert);
	tcase_add_test(t, room_is_used_again);
	tcase_add_test(t, random_steps_agree_with_a_plain_list);
	tcase_add_test(t, without_memory_nothing_changes);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
