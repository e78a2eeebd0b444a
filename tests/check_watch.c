#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "watch.h"

#define ALL (WATCH_CAME | WATCH_GONE | WATCH_CLOSED | WATCH_TOUCHED)

/* What was told, as "NUMBER+name NUMBER-name ". */
struct heard {
	char text[2048];
	size_t calls;
	unsigned what;
	int number;
};

static void
hear(void *arg, int number, unsigned what, const char *name)
{
	struct heard *h = arg;
	size_t len = strlen(h->text);

	h->calls++;
	h->what |= what;
	h->number = number;
	snprintf(h->text + len, sizeof(h->text) - len, "%d%s%s%s%s%s%s ", number, what & WATCH_CAME ? "+" : "",
	    what & WATCH_GONE ? "-" : "", what & WATCH_CLOSED ? "|" : "", what & WATCH_TOUCHED ? "." : "",
	    what & WATCH_AGAIN ? "!" : "", name);
}

static struct heard
drain(struct watch *w)
{
	struct heard h = { .number = -2 };

	ck_assert_int_eq(watch_drain(w, hear, &h), 0);
	ck_assert_int_eq(watch_wait(w, 0), 0);
	return h;
}

static void
assert_hears(struct watch *w, const char *want)
{
	struct heard h = drain(w);

	ck_assert_str_eq(h.text, want);
}

static int
make_dir(const char *name, int flags)
{
	int fd;

	ck_assert_int_eq(mkdir(name, 0700), 0);
	fd = open(name, flags | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	return fd;
}

static struct watch
opened(void)
{
	struct watch w;

	ck_assert_int_eq(watch_open(&w), 0);
	ck_assert_int_eq(fcntl(w.fd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(w.fd, F_GETFL) & O_NONBLOCK);
	return w;
}

/* The numbers of a fresh watch begin with 1. */
static void
watch(struct watch *w, int dirfd, unsigned what, int number)
{
	ck_assert_int_eq(watch_add(w, dirfd, what), number);
}

static void
make_file(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
}

/* Each way in which a name comes and goes; _i: by a descriptor that may read, or by one that is only a place. */
START_TEST(names_that_come_and_go)
{
	struct watch w = opened();
	int flags = _i ? O_PATH : O_RDONLY, a = make_dir("a", flags), b = make_dir("b", flags);

	watch(&w, a, WATCH_CAME | WATCH_GONE, 1);
	assert_hears(&w, "");
	make_file(a, "x");
	assert_hears(&w, "1+x ");
	ck_assert_int_eq(renameat(a, "x", a, "y"), 0);
	assert_hears(&w, "1-x 1+y ");
	ck_assert_int_eq(linkat(a, "y", a, "z", 0), 0);
	assert_hears(&w, "1+z ");
	ck_assert_int_eq(renameat(a, "y", b, "y"), 0);
	assert_hears(&w, "1-y ");
	ck_assert_int_eq(renameat(b, "y", a, "x"), 0);
	assert_hears(&w, "1+x ");
	ck_assert_int_eq(symlinkat("k", a, "s"), 0);
	assert_hears(&w, "1+s ");
	ck_assert_int_eq(unlinkat(a, "x", 0), 0);
	assert_hears(&w, "1-x ");
	ck_assert_int_eq(mkdirat(a, "d", 0700), 0);
	ck_assert_int_eq(unlinkat(a, "d", AT_REMOVEDIR), 0);
	assert_hears(&w, "1+d 1-d ");
	watch_close(&w);
}
END_TEST

START_TEST(closes_and_touches)
{
	static const struct timespec times[2];
	struct watch w = opened();
	int a = make_dir("a", O_PATH), fd, second;

	make_file(a, "x");
	watch(&w, a, WATCH_CLOSED | WATCH_TOUCHED, 1);
	fd = openat(a, "x", O_RDONLY);
	second = dup(fd);
	assert_hears(&w, "");
	close(fd);
	assert_hears(&w, "");
	close(second);
	assert_hears(&w, "1|x ");
	fd = openat(a, "x", O_WRONLY);
	close(fd);
	assert_hears(&w, "1|x ");
	ck_assert_int_eq(utimensat(a, "x", times, 0), 0);
	assert_hears(&w, "1.x ");
	/* A name alone says nothing here. */
	ck_assert_int_eq(renameat(a, "x", a, "y"), 0);
	assert_hears(&w, "");
	watch_close(&w);
}
END_TEST

START_TEST(only_what_was_asked_for)
{
	static const char *const want[] = { "1+x ", "1-x ", "1|x ", "1.x " };
	struct watch w = opened();
	int a = make_dir("a", O_PATH);

	watch(&w, a, 1U << _i, 1);
	make_file(a, "x");
	ck_assert_int_eq(fchmodat(a, "x", 0640, 0), 0);
	ck_assert_int_eq(unlinkat(a, "x", 0), 0);
	assert_hears(&w, want[_i]);
	watch_close(&w);
}
END_TEST

/* A scan by a peer must ring no bell, or two workers would scan for ever. */
START_TEST(the_directory_itself_is_silent)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH), fd;

	watch(&w, a, ALL, 1);
	fd = open("a", O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(fsync(fd), 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
	assert_hears(&w, "");
	watch_close(&w);
}
END_TEST

START_TEST(several_directories)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH), b = make_dir("b", O_RDONLY);

	watch(&w, a, WATCH_CAME, 1);
	watch(&w, b, WATCH_GONE, 2);
	/* The same place again: the same number. */
	watch(&w, open("a", O_RDONLY), WATCH_CAME | WATCH_GONE, 1);
	make_file(a, "x");
	ck_assert_int_eq(renameat(a, "x", b, "x"), 0);
	ck_assert_int_eq(renameat(b, "x", a, "x"), 0);
	assert_hears(&w, "1+x 1-x 2-x 1+x ");
	watch_close(&w);
}
END_TEST

START_TEST(a_directory_that_goes)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH), b = make_dir("b", O_PATH);
	struct heard h;

	watch(&w, a, WATCH_CAME, 1);
	watch(&w, b, WATCH_CAME, 2);
	ck_assert_int_eq(rename("a", "c"), 0);
	assert_hears(&w, "1! ");
	close(b);
	ck_assert_int_eq(rmdir("b"), 0);
	h = drain(&w);
	ck_assert_uint_ge(h.calls, 1);
	ck_assert_int_eq(h.what, WATCH_AGAIN);
	ck_assert_int_eq(h.number, 2);
	watch_close(&w);
}
END_TEST

static long
queue_limit(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	long n = -1;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld", &n), 1);
	fclose(f);
	return n;
}

START_TEST(lost_events)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH);
	long n, limit = queue_limit();
	struct heard h;

	/* Two by turns, as equal events in a row become one. */
	if (limit > 1000000)
		return;
	make_file(a, "x");
	make_file(a, "y");
	watch(&w, a, WATCH_TOUCHED, 1);
	for (n = 0; n <= limit; n++)
		if (utimensat(a, n % 2 ? "x" : "y", NULL, 0) == -1)
			ck_abort();
	h = drain(&w);
	ck_assert_uint_eq(h.calls, (size_t)limit + 1);
	ck_assert_int_eq(h.what, WATCH_TOUCHED | WATCH_AGAIN);
	ck_assert_int_eq(h.number, -1);
	/* And it goes on. */
	ck_assert_int_eq(utimensat(a, "x", NULL, 0), 0);
	assert_hears(&w, "1.x ");
	watch_close(&w);
}
END_TEST

START_TEST(more_than_one_buffer)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH), i;
	char name[256];

	watch(&w, a, WATCH_CAME, 1);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%0255d", i);
		make_file(a, name);
	}
	ck_assert_uint_eq(drain(&w).calls, 1000);
	watch_close(&w);
}
END_TEST

static void
make_another(void *arg, int number, unsigned what, const char *name)
{
	int *left = arg;
	char next[16];

	(void)number, (void)what, (void)name;
	snprintf(next, sizeof(next), "%d", (*left)--);
	make_file(AT_FDCWD, next);
}

START_TEST(drain_ends_though_more_comes)
{
	struct watch w = opened();
	int here = open(".", O_PATH), left = 100;

	watch(&w, here, WATCH_CAME, 1);
	make_file(here, "x");
	ck_assert_int_eq(watch_drain(&w, make_another, &left), 0);
	ck_assert_int_eq(left, 99);
	ck_assert_int_eq(watch_wait(&w, -1), 1);
	watch_close(&w);
}
END_TEST

START_TEST(waits)
{
	struct watch w = opened();
	int a = make_dir("a", O_PATH);
	pid_t pid;

	watch(&w, a, WATCH_CAME, 1);
	ck_assert_int_eq(watch_wait(&w, 0), 0);
	ck_assert_int_eq(watch_wait(&w, 1), 0);
	make_file(a, "x");
	ck_assert_int_eq(watch_wait(&w, 0), 1);
	ck_assert_int_eq(watch_wait(&w, -1), 1);
	ck_assert_int_eq(watch_wait(&w, INT64_MAX), 1);
	assert_hears(&w, "1+x ");
	if ((pid = fork()) == 0) {
		make_file(a, "y");
		_exit(0);
	}
	ck_assert_int_eq(watch_wait(&w, -1), 1);
	assert_hears(&w, "1+y ");
	waitpid(pid, NULL, 0);
	watch_close(&w);
}
END_TEST

static void
ignore(int sig)
{
	(void)sig;
}

START_TEST(a_signal_ends_the_wait)
{
	struct sigaction act = { .sa_handler = ignore };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct watch w = opened();

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(watch_wait(&w, -1), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	watch_close(&w);
}
END_TEST

START_TEST(what_cannot_be_watched)
{
	struct watch w = opened();
	int file = open("file", O_RDWR | O_CREAT, 0600);

	ck_assert_int_eq(watch_add(&w, file, ALL), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(watch_add(&w, -1, ALL), -1);
	ck_assert_int_ne(errno, 0);
	ck_assert_int_eq(mkdir("secret", 0700), 0);
	ck_assert_int_eq(chmod("secret", 0333), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(watch_add(&w, open("secret", O_PATH), ALL), -1);
	ck_assert_int_eq(errno, EACCES);
	watch_close(&w);
}
END_TEST

START_TEST(without_descriptors)
{
	struct rlimit old, limit;
	struct watch w;
	struct heard h;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)make_dir("a", O_PATH) + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(watch_open(&w), -1);
	ck_assert_int_eq(errno, EMFILE);
	/* Without a bell it is still a clock to wait by. */
	ck_assert_int_eq(w.fd, -1);
	ck_assert_int_eq(watch_wait(&w, 1), 0);
	ck_assert_int_eq(watch_drain(&w, hear, &h), -1);
	ck_assert_int_eq(errno, EBADF);
	watch_close(&w);
	watch_close(&w);
	/* Sanitizers look around at the end. */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("watch");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, scratch_enter, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, names_that_come_and_go, 0, 2);
	tcase_add_test(t, closes_and_touches);
	tcase_add_loop_test(t, only_what_was_asked_for, 0, 4);
	tcase_add_test(t, the_directory_itself_is_silent);
	tcase_add_test(t, several_directories);
	tcase_add_test(t, a_directory_that_goes);
	tcase_add_test(t, lost_events);
	tcase_add_test(t, more_than_one_buffer);
	tcase_add_test(t, drain_ends_though_more_comes);
	tcase_add_test(t, waits);
	tcase_add_test(t, a_signal_ends_the_wait);
	tcase_add_test(t, what_cannot_be_watched);
	tcase_add_test(t, without_descriptors);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
