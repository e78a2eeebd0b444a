/*
 * check_cgroup: what is written where, in directories that only look like control groups: the files that the kernel would
 * make are made here.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "io.h"

static char worker[64], leaf_name[64];

static void
file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static const char *
text_of(const char *dir, const char *name)
{
	static char text[256];
	char path[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static int
pretend(const char *controllers)
{
	int own;

	scratch_enter();
	snprintf(worker, sizeof(worker), "own/worker.%ld", (long)getpid());
	snprintf(leaf_name, sizeof(leaf_name), "own/slot.%ld.3", (long)getpid());
	ck_assert_int_eq(mkdir("own", 0755), 0);
	ck_assert_int_eq(mkdir(worker, 0755), 0);
	ck_assert_int_eq(mkdir(leaf_name, 0755), 0);
	file("own", "cgroup.controllers", controllers);
	file("own", "cgroup.subtree_control", "");
	file("own", "cgroup.procs", "");
	file(worker, "cgroup.procs", "");
	file(leaf_name, "cgroup.procs", "");
	file(leaf_name, "cgroup.kill", "");
	file(leaf_name, "memory.max", "");
	file(leaf_name, "memory.events", "low 0\nhigh 0\nmax 2\noom 1\noom_kill 5\noom_group_kill 1\n");
	file(leaf_name, "pids.max", "");
	own = open("own", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(own, -1);
	return own;
}

START_TEST(limits_are_set)
{
	struct cgroup_leaf leaf = { .dir = -1, .procs = -1 };
	struct cgroup g;

	ck_assert_int_eq(cgroup_open(&g, pretend("cpuset cpu io memory pids\n")), 0);
	ck_assert_int_eq(g.memory && g.pids, 1);
	ck_assert_str_eq(text_of(worker, "cgroup.procs"), "0");
	ck_assert_int_eq(cgroup_limit(&g, &leaf, 3, 1 << 20, 0), 0);
	ck_assert_str_eq(text_of(leaf_name, "memory.max"), "1048576");
	ck_assert_str_eq(text_of(leaf_name, "pids.max"), "");
	ck_assert_int_ne(leaf.procs, -1);
	file(leaf_name, "memory.max", "");
	ck_assert_int_eq(cgroup_limit(&g, &leaf, 3, 0, 77), 0);
	ck_assert_str_eq(text_of(leaf_name, "memory.max"), "max");
	ck_assert_str_eq(text_of(leaf_name, "pids.max"), "77");
	cgroup_remove(&g, &leaf);
	ck_assert_str_eq(text_of(leaf_name, "cgroup.kill"), "1");
	cgroup_close(&g);
}
END_TEST

START_TEST(what_was_killed_before_does_not_count)
{
	struct cgroup_leaf leaf = { .dir = -1, .procs = -1 };
	struct cgroup g;

	ck_assert_int_eq(cgroup_open(&g, pretend("memory\n")), 0);
	ck_assert_int_eq(g.pids, 0);
	ck_assert_int_eq(cgroup_oom(&leaf), 0);
	ck_assert_int_eq(cgroup_limit(&g, &leaf, 3, 1 << 20, 9), 0);
	ck_assert_str_eq(text_of(leaf_name, "pids.max"), "");
	ck_assert_int_eq(cgroup_oom(&leaf), 0);
	file(leaf_name, "memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 6\noom_group_kill 1\n");
	ck_assert_int_eq(cgroup_oom(&leaf), 1);
	ck_assert_int_eq(cgroup_oom(&leaf), 0);
	cgroup_remove(&g, &leaf);
	cgroup_close(&g);
}
END_TEST

START_TEST(groups_that_are_of_no_use)
{
	struct cgroup g;
	int own = pretend("cpu cpuset io memoryx xpids\n");

	ck_assert_int_eq(cgroup_open(&g, own), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_int_eq(g.own, -1);
	ck_assert_int_eq(cgroup_open(&g, -1), -1);
	ck_assert_int_eq(g.own, -1);
	/* Where the controllers cannot be handed down, all is as it was. */
	own = pretend("memory pids\n");
	ck_assert_int_eq(unlink("own/cgroup.subtree_control"), 0);
	ck_assert_int_eq(cgroup_open(&g, own), -1);
	ck_assert_int_eq(g.own, -1);
	ck_assert_str_eq(text_of("own", "cgroup.procs"), "0");
}
END_TEST

START_TEST(a_leaf_that_cannot_be_made)
{
	struct cgroup_leaf leaf = { .dir = -1, .procs = -1 };
	char path[128];
	struct cgroup g;

	ck_assert_int_eq(cgroup_open(&g, pretend("memory pids\n")), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", leaf_name);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(cgroup_limit(&g, &leaf, 3, 1 << 20, 0), -1);
	ck_assert_int_eq(leaf.procs, -1);
	cgroup_remove(&g, &leaf);
	cgroup_close(&g);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cgroup");
	TCase *t = tcase_create("cgroup");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, limits_are_set);
	tcase_add_test(t, what_was_killed_before_does_not_count);
	tcase_add_test(t, groups_that_are_of_no_use);
	tcase_add_test(t, a_leaf_that_cannot_be_made);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
