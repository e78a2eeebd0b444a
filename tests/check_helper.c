/* What the process that runs the checks of queues takes from a front that may be anybody's. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "scratch.h"
#include "web_helper.h"

enum { MANY = 20 };

static void
put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void
make_queue(const char *name, const char *conf)
{
	char path[64];

	ck_assert_int_eq(mkdir(name, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/new", name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/queue.conf", name);
	put_file(path, conf, 0600);
}

static void
begin(void)
{
	char dir[256], conf[512];

	scratch_enter();
	ck_assert_ptr_nonnull(getcwd(dir, sizeof(dir)));
	ck_assert_int_eq(setenv("WQW_SPOOL", dir, 1), 0);
	put_file("judge", "#!/bin/sh\nread word\necho $word $WQW_QUEUE >&2\n[ $word = good ]\n", 0700);
	(void)snprintf(conf, sizeof(conf), "check %s/judge\n", dir);
	make_queue("strict", conf);
	make_queue("free", "");
	make_queue("broken", "check\tno-such-command\n");
	make_queue("wrong", "no such setting\n");
	ck_assert_int_eq(mkdir("elsewhere", 0700), 0);
	put_file("good", "good\n", 0600);
	put_file("bad", "bad\n", 0600);
	ck_assert_int_eq(web_helper_start(), 0);
}

static void
ask(const char *queue, const char *file, struct web_verdict *v)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	memset(v, 0x5a, sizeof(*v));
	web_helper_ask(queue, fd, WEB_HELPER_TIMEOUT, v);
	(void)close(fd);
}

START_TEST(verdicts)
{
	struct web_verdict v;

	ask("strict", "good", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_GOOD);
	ask("strict", "bad", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_BAD);
	ck_assert_str_eq(v.line, "bad strict");
	ask("free", "bad", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_GOOD);
	ask("broken", "good", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_FAULT);
	ck_assert_int_eq(v.error, ENOENT);
}
END_TEST

START_TEST(what_is_no_queue)
{
	char path[300], dir[256];
	struct web_verdict v;

	ck_assert_ptr_nonnull(getcwd(dir, sizeof(dir)));
	(void)snprintf(path, sizeof(path), "%.40s/strict", dir);
	const char *const names[] = { "", "none", "elsewhere", ".", "..", "./strict", "strict/", path, "wrong",
	    "a-name-that-is-longer-than-any-that-a-queue-may-have-0123456789-0123456789" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(names[i], "good", &v);
		ck_assert_msg(v.end == WEB_VERDICT_FAULT && v.error != 0, "%s: %d %d", names[i], (int)v.end, (int)v.error);
	}
	/* No payload. */
	ask("strict", "none", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_FAULT);
	/* And it goes on. */
	ask("strict", "good", &v);
	ck_assert_int_eq(v.end, WEB_VERDICT_GOOD);
}
END_TEST

static void *
ask_one(void *arg)
{
	ask("strict", "bad", arg);
	return NULL;
}

START_TEST(many_at_once)
{
	struct web_verdict v[MANY];
	pthread_t thread[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, ask_one, &v[i]), 0);
	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
		ck_assert_int_eq(v[i].end, WEB_VERDICT_BAD);
		ck_assert_str_eq(v[i].line, "bad strict");
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("helper");
	TCase *t = tcase_create("helper");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, verdicts);
	tcase_add_test(t, what_is_no_queue);
	tcase_add_test(t, many_at_once);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
