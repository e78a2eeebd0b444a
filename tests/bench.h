/*
 * bench: one slot and one attempt in it, for the tests of slots. The program itself is the handler, so that nothing else
 * need be there: handler_main(argc, argv) in the program runs what follows the word "handler".
 *
 * Each descendant of an attempt holds the write end of the pipe that is its stderr, so the end of file on the read end
 * proves that all are gone. _i is 1 where a test runs as an ordinary user, 0 as root.
 */
#ifndef WQW_BENCH_H
#define WQW_BENCH_H

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "slot.h"

enum { NOBODY = 65534, SECOND = 1000000 };
static const int64_t NEVER = INT64_MAX;

static struct slot slot;
static struct slot_attempt attempt;
static struct slot_result result;
static int said;               /* the read end of the attempt's stderr */
static char *no_env[] = { NULL };
static char *words[16];

#define WORD(s) ((char *)(uintptr_t)(s))

static void
become_nobody(void)
{
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setgid(NOBODY), 0);
	ck_assert_int_eq(setuid(NOBODY), 0);
	/* As after exec: otherwise its files in /proc are root's. */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}

static void
new_pipe(void)
{
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	said = p[0];
	attempt.err = p[1];
}

static int
memory_file(const char *text)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
bench_begin(int ordinary)
{
	if (ordinary && geteuid() == 0)
		become_nobody();
	attempt = (struct slot_attempt){
		.in = memory_file(""), .out = memory_file(""), .envp = no_env,
		.timeout = NEVER, .kill_after = NEVER, .max_out = NEVER, .max_err = NEVER
	};
	new_pipe();
	ck_assert_int_eq(slot_start(&slot), 0);
}

/* The words of a command, up to NULL. */
static void
say(const char *first, ...)
{
	va_list ap;
	const char *word;
	size_t n = 0;

	va_start(ap, first);
	for (word = first; word != NULL; word = va_arg(ap, const char *))
		words[n++] = WORD(word);
	va_end(ap);
	words[n] = NULL;
	attempt.argv = words;
}

static void
bench_start(void)
{
	ck_assert_int_eq(slot_run(&slot, &attempt), 0);
	ck_assert_int_eq(slot.busy, 1);
}

/* Starts this program's handler of that name. */
static void
handle(const char *name)
{
	say("/proc/self/exe", "handler", name, NULL);
	bench_start();
}

static void
shell(const char *script)
{
	say("/bin/sh", "-c", script, NULL);
	bench_start();
}

/* Waits until the attempt has said n bytes. */
static inline void
hear(size_t n)
{
	char c;

	while (n-- > 0)
		ck_assert_int_eq(read(said, &c, 1), 1);
}

static void
bench_end_in(struct slot *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	do
		ck_assert_int_eq(poll(&p, 1, -1), 1);
	while (slot_result(s, &result) == 0);
	ck_assert_int_eq(s->busy, 0);
}

/* Nobody has the pipe any more, now and not only soon. */
static void
assert_gone(void)
{
	char buf[4096];
	ssize_t n;

	ck_assert_int_eq(close(attempt.err), 0);
	ck_assert_int_eq(fcntl(said, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(said, buf, sizeof(buf))) > 0)
		;
	ck_assert_msg(n == 0, "something lives: %s", strerror(errno));
	ck_assert_int_eq(close(said), 0);
	new_pipe();
}

static void
assert_end(enum slot_end end, int code)
{
	bench_end_in(&slot);
	ck_assert_int_eq(result.end, end);
	ck_assert_int_eq(result.code, code);
	assert_gone();
}

/* What the attempt wrote; it is forgotten. */
static inline const char *
output(void)
{
	static char buf[65536];
	ssize_t n = pread(attempt.out, buf, sizeof(buf) - 1, 0);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	ck_assert_int_eq(ftruncate(attempt.out, 0), 0);
	ck_assert_int_eq(lseek(attempt.out, 0, SEEK_SET), 0);
	return buf;
}

static int handler_main(const char *name);
static Suite *bench_suite(void);

/* Adds a test for root, where we are root, and for an ordinary user. */
#define bench_test(t, f) tcase_add_loop_test(t, f, geteuid() != 0, 2)

int
main(int argc, char **argv)
{
	SRunner *r;
	int code, failed;

	/* Not exit(3): a leak sanitizer finds its way by numbers in /proc, which are others in a namespace. */
	if (argc == 3 && strcmp(argv[1], "handler") == 0) {
		code = handler_main(argv[2]);
		fflush(stdout);
		_exit(code);
	}
	r = srunner_create(bench_suite());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

#endif
