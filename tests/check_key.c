/* check_key: what an idempotency key does at each moment at which its first submitter may die. */
#include "queue.h"

#include <errno.h>
#include <string.h>

#include "io.h"
#include "spool_path.h"
#include "spool_submit.h"

static struct spool q;
static struct policy policy;

static void
begin(void)
{
	queue_open(&q);
	policy_defaults(&policy);
	policy.reserve_bytes = policy.reserve_inodes = 0;
}

static void
end(void)
{
	spool_close(&q);
}

static int
count_one(void *arg, const char *file)
{
	(void)file;
	++*(int *)arg;
	return 0;
}

static int
count(enum spool_dir d)
{
	int n = 0;

	ck_assert_int_eq(spool_scan(&q, d, count_one, &n), 0);
	return n;
}

static void
expect(int tmp, int ready, int later, int keys)
{
	ck_assert_int_eq(count(SPOOL_TMP), tmp);
	ck_assert_int_eq(count(SPOOL_NEW), ready);
	ck_assert_int_eq(count(SPOOL_LATER), later);
	ck_assert_int_eq(count(SPOOL_KEYS), keys);
}

static void
write_draft(struct spool_draft *d, const char *key, const char *text)
{
	ck_assert_int_eq(spool_draft_open(d, &q, &policy, 5, NULL), 0);
	ck_assert_int_eq(spool_draft_key(d, key), 0);
	ck_assert_int_eq(spool_draft_write(d, text, strlen(text)), 0);
}

/* Returns the draft's error. */
static int
submit(struct spool_draft *d, const char *key, const char *text)
{
	struct spool_draft *all[] = { d };

	write_draft(d, key, text);
	ck_assert_int_eq((int)spool_commit(all, 1), d->error != 0);
	return d->error;
}

static void
assert_again(const char *first, const char *key, const char *text)
{
	struct spool_draft d;

	ck_assert_int_eq(submit(&d, key, text), 0);
	ck_assert_int_eq(d.again, 1);
	ck_assert_str_eq(d.id, first);
}

static void
assert_new(struct spool_draft *d, const char *key, const char *text)
{
	ck_assert_int_eq(submit(d, key, text), 0);
	ck_assert_int_eq(d->again, 0);
}

START_TEST(first_and_again)
{
	struct spool_draft a, b;

	assert_new(&a, "k", "one");
	expect(0, 1, 0, 1);
	assert_again(a.id, "k", "one");
	expect(0, 1, 0, 1);
	ck_assert_int_eq(submit(&b, "k", "two"), ENOTUNIQ);
	ck_assert_str_eq(b.id, a.id);
	expect(0, 1, 0, 1);
	assert_new(&b, "K", "one");
	expect(0, 2, 0, 2);
}
END_TEST

START_TEST(twice_in_a_round)
{
	struct spool_draft d[4], *all[] = { &d[0], &d[1], &d[2], &d[3] };

	write_draft(&d[0], "k", "one");
	write_draft(&d[1], "k", "one");
	write_draft(&d[2], "k", "two");
	write_draft(&d[3], "l", "one");
	ck_assert_int_eq((int)spool_commit(all, 4), 1);
	ck_assert_int_eq(d[0].again + d[3].again, 0);
	ck_assert_int_eq(d[1].again, 1);
	ck_assert_str_eq(d[1].id, d[0].id);
	ck_assert_int_eq(d[2].error, ENOTUNIQ);
	expect(0, 2, 0, 2);
}
END_TEST

/* What a submitter that dies just after it has taken the key leaves behind. */
static void
die_with_key(struct spool_draft *d, const char *key, const char *text, int64_t due)
{
	struct spool_draft *all[] = { d };
	enum spool_dir where = due > 0 ? SPOOL_LATER : SPOOL_NEW;

	write_draft(d, key, text);
	d->due = due;
	ck_assert_int_eq((int)spool_commit(all, 1), 0);
	ck_assert_int_eq(spool_move(&q, where, d->id, SPOOL_TMP, d->id), 0);
}

START_TEST(finished_by_the_next)
{
	struct spool_draft a, b;

	die_with_key(&a, "k", "one", 0);
	expect(1, 0, 0, 1);
	assert_again(a.id, "k", "one");
	expect(0, 1, 0, 1);
	die_with_key(&b, "later", "one", io_now() + 3600 * INT64_C(1000000));
	assert_again(b.id, "later", "one");
	expect(0, 1, 1, 2);
}
END_TEST

START_TEST(free_where_the_job_is_nowhere)
{
	struct spool_draft a, b, c;

	die_with_key(&a, "k", "one", 0);
	ck_assert_int_eq(spool_unlink(&q, SPOOL_TMP, a.id), 0);
	/* Another payload, too. */
	assert_new(&b, "k", "two");
	expect(0, 1, 0, 1);
	assert_again(b.id, "k", "two");
	ck_assert_int_eq(submit(&c, "k", "one"), ENOTUNIQ);
}
END_TEST

static void
end_job(const char *id, enum spool_dir to, enum id_reason reason)
{
	char name[ID_NAME_MAX + 1];

	ck_assert_int_eq(spool_move(&q, SPOOL_NEW, id, to, id_file(name, id, reason == ID_NONE ? 0 : 1, reason)), 0);
}

START_TEST(scopes)
{
	struct spool_draft a, b, c;

	assert_new(&a, "k", "one");
	end_job(a.id, SPOOL_DONE, ID_NONE);
	assert_again(a.id, "k", "one");
	policy.key_scope = POLICY_KEY_ACTIVE;
	assert_new(&b, "k", "two");
	assert_again(b.id, "k", "two");
	end_job(b.id, SPOOL_FAILED, ID_EXIT);
	assert_new(&c, "k", "one");
	expect(0, 1, 0, 1);
	policy.key_scope = POLICY_KEY_RECORD;
	end_job(c.id, SPOOL_DONE, ID_NONE);
	assert_again(c.id, "k", "one");
	ck_assert_int_eq(spool_unlink(&q, SPOOL_DONE, c.id), 0);
	assert_new(&c, "k", "one");
}
END_TEST

START_TEST(dropped)
{
	struct spool_draft a, b;
	char first[ID_MAX + 1];

	write_draft(&a, "k", "one");
	ck_assert_int_eq(spool_draft_finish(&a), 0);
	ck_assert_int_eq(spool_key_take(&q, &a.key, a.id, a.fd, first), 0);
	ck_assert_int_eq(spool_key_drop(&q, &a.key, a.id), 0);
	expect(0, 0, 0, 0);
	write_draft(&a, "k", "one");
	ck_assert_int_eq(spool_draft_finish(&a), 0);
	ck_assert_int_eq(spool_key_take(&q, &a.key, a.id, a.fd, first), 0);
	assert_again(a.id, "k", "one");
	ck_assert_int_eq(spool_key_drop(&q, &a.key, a.id), 1);
	expect(0, 1, 0, 1);
	assert_new(&b, "l", "one");
}
END_TEST

START_TEST(strangers)
{
	struct spool_draft d;
	struct spool_key k;

	spool_key_begin(&k, "k", 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", q.fd, "keys/x"), 0);
	ck_assert_int_eq(renameat(q.fd, "keys/x", openat(q.fd, "keys", O_RDONLY), k.link), 0);
	ck_assert_int_eq(submit(&d, "k", "one"), EBADMSG);
	expect(0, 0, 0, 1);
}
END_TEST

START_TEST(valid)
{
	char text[SPOOL_KEY_MAX + 2];

	memset(text, 'x', sizeof(text));
	text[SPOOL_KEY_MAX + 1] = '\0';
	ck_assert_int_eq(spool_key_valid(text), 0);
	text[SPOOL_KEY_MAX] = '\0';
	ck_assert_int_eq(spool_key_valid(text), 1);
	ck_assert_int_eq(spool_key_valid("order 42: \xc3\xa4/../*"), 1);
	ck_assert_int_eq(spool_key_valid(""), 0);
	ck_assert_int_eq(spool_key_valid(" a"), 0);
	ck_assert_int_eq(spool_key_valid("a\t"), 0);
	ck_assert_int_eq(spool_key_valid("a\nb"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, first_and_again);
	tcase_add_test(t, twice_in_a_round);
	tcase_add_test(t, finished_by_the_next);
	tcase_add_test(t, free_where_the_job_is_nowhere);
	tcase_add_test(t, scopes);
	tcase_add_test(t, dropped);
	tcase_add_test(t, strangers);
	tcase_add_test(t, valid);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
