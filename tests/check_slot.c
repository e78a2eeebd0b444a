#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>

#include "bench.h"

extern char **environ;

/* --- handlers */

static int
list_descriptors(void)
{
	int fd;

	for (fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			printf("%d ", fd);
	return 0;
}

static int
list_signals(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	struct rlimit core;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
			fputs(line, stdout);
	getrlimit(RLIMIT_CORE, &core);
	printf("core %d leader %d umask %o\n", (int)core.rlim_cur, getsid(0) == getpid() && getpgrp() == getpid(), umask(0));
	return 0;
}

static int
write_for_ever(int fd)
{
	static char block[65536];

	while (write(fd, block, sizeof(block)) > 0)
		;
	return 1;
}

static int
use_memory(void)
{
	size_t n = 64 << 20;
	volatile char *p = malloc(n);
	clock_t end = clock() + CLOCKS_PER_SEC / 20;
	size_t i;

	for (i = 0; i < n; i += 1024)
		p[i] = 1;
	while (clock() < end)
		;
	return p[n / 2] - 1;
}

static int
handler_main(const char *name)
{
	char **e;

	if (strcmp(name, "descriptors") == 0)
		return list_descriptors();
	if (strcmp(name, "signals") == 0)
		return list_signals();
	if (strcmp(name, "flood-out") == 0)
		return write_for_ever(1);
	if (strcmp(name, "flood-err") == 0)
		return write_for_ever(2);
	if (strcmp(name, "memory") == 0)
		return use_memory();
	if (strcmp(name, "environment") == 0)
		for (e = environ; *e != NULL; e++)
			printf("%s\n", *e);
	return 0;
}

/* --- tests */

static int
is_free(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	ck_assert_int_ne(fd, -1);
	r = flock(fd, LOCK_EX | LOCK_NB);
	ck_assert_int_eq(close(fd), 0);
	return r == 0;
}

/* The supervisor's, and not the handler's; given up before the end is told. */
START_TEST(a_token_lives_as_long_as_the_attempt)
{
	char path[] = "/tmp/wqw-check-XXXXXX";
	int p[2];

	bench_begin(_i);
	attempt.token = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ne(attempt.token, -1);
	ck_assert_int_eq(flock(attempt.token, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	attempt.in = p[0];
	shell("read x; ls /proc/self/fd");
	ck_assert_int_eq(close(attempt.token), 0);
	ck_assert(!is_free(path));
	ck_assert_int_eq(write(p[1], "x\n", 2), 2);
	bench_end_in(&slot);
	ck_assert(is_free(path));
	ck_assert_int_eq(unlink(path), 0);
	/* 3 is that of ls on the directory. */
	ck_assert_str_eq(output(), "0\n1\n2\n3\n");
	assert_gone();
	/* The next attempt has none. */
	attempt.token = 0;
	shell("exit 3");
	assert_end(SLOT_EXITED, 3);
}
END_TEST

START_TEST(a_token_ends_with_its_dispatcher)
{
	char path[] = "/tmp/wqw-check-XXXXXX", c;
	int lives[2], told[2];
	pid_t pid, supervisor;

	/* One that is stopped stays so only where it comes to a parent of this session. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(pipe2(lives, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
	ck_assert_int_eq(close(mkostemp(path, O_CLOEXEC)), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	if ((pid = fork()) == 0) {
		bench_begin(_i);
		attempt.token = open(path, O_RDWR | O_CLOEXEC);
		ck_assert_int_eq(flock(attempt.token, LOCK_EX | LOCK_NB), 0);
		attempt.out = attempt.err = lives[1];
		shell("trap '' TERM; echo; while :; do tail -f /dev/null; done");
		ck_assert_int_eq(write(told[1], &slot.pid, sizeof(slot.pid)), (ssize_t)sizeof(slot.pid));
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(close(lives[1]), 0);
	ck_assert_int_eq(read(lives[0], &c, 1), 1);
	ck_assert_int_eq(read(told[0], &supervisor, sizeof(supervisor)), (ssize_t)sizeof(supervisor));
	ck_assert_int_eq(kill(supervisor, SIGSTOP), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(!is_free(path));
	ck_assert_int_eq(kill(supervisor, SIGCONT), 0);
	/* The end of the pipe is that of the tree; the supervisor, which waits for that, goes a moment later. */
	ck_assert_int_eq(read(lives[0], &c, 1), 0);
	while (!is_free(path))
		(void)poll(NULL, 0, 1);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(limits_bind_the_command)
{
	bench_begin(_i);
	attempt.limits = (struct slot_limits){
		.memory = INT64_C(1) << 40, .cpu = 50, .cpu_grace = 7, .files = 33, .processes = 4000
	};
	shell("ulimit -v; ulimit -St; ulimit -Ht; ulimit -n; ulimit -Hn");
	bench_end_in(&slot);
	ck_assert_str_eq(output(), "1073741824\n50\n57\n33\n33\n");
	assert_gone();
	/* And nothing of it stays with the supervisor. */
	attempt.limits = (struct slot_limits){ .files = 0 };
	shell("ulimit -v; ulimit -t");
	bench_end_in(&slot);
	ck_assert_str_eq(output(), "unlimited\nunlimited\n");
	assert_gone();
}
END_TEST

START_TEST(ends_are_told)
{
	bench_begin(_i);
	shell("exit 0");
	assert_end(SLOT_EXITED, 0);
	shell("exit 1");
	assert_end(SLOT_EXITED, 1);
	shell("exit 255");
	assert_end(SLOT_EXITED, 255);
	shell("kill -9 $$");
	assert_end(SLOT_SIGNALED, SIGKILL);
	shell("kill -TERM $$");
	assert_end(SLOT_SIGNALED, SIGTERM);
	shell("kill -SEGV $$");
	assert_end(SLOT_SIGNALED, SIGSEGV);
	slot_stop(&slot);
	ck_assert_int_eq(slot.pid, -1);
	ck_assert_int_eq(slot.fd, -1);
}
END_TEST

START_TEST(the_three_files_are_the_handlers)
{
	char buf[8] = "";

	bench_begin(_i);
	attempt.in = memory_file("header\n\npayload");
	lseek(attempt.in, 8, SEEK_SET);
	shell("cat; echo log >&2");
	bench_end_in(&slot);
	ck_assert_str_eq(output(), "payload");
	ck_assert_int_eq(read(said, buf, sizeof(buf) - 1), 4);
	ck_assert_str_eq(buf, "log\n");
	/* The very same open file, so a lock on it is the handler's, too. */
	ck_assert_int_eq(lseek(attempt.in, 0, SEEK_CUR), 15);
	assert_gone();
}
END_TEST

START_TEST(one_file_may_be_two_of_them)
{
	bench_begin(_i);
	attempt.err = attempt.out;
	shell("echo a; echo b >&2");
	bench_end_in(&slot);
	ck_assert_str_eq(output(), "a\nb\n");
}
END_TEST

START_TEST(nothing_else_is_open_in_a_handler)
{
	struct slot other;
	int before[2], after[2];

	ck_assert_int_eq(pipe(before), 0);
	bench_begin(_i);
	ck_assert_int_eq(pipe(after), 0);
	ck_assert_int_eq(slot_start(&other), 0);
	handle("descriptors");
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "0 1 2 ");
	slot_stop(&other);
}
END_TEST

START_TEST(a_dispatcher_without_standard_files)
{
	int i;

	for (i = 0; i < 3; i++)
		close(i);
	bench_begin(_i);
	handle("descriptors");
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "0 1 2 ");
}
END_TEST

START_TEST(environment_and_words_are_exact)
{
	char *env[] = { WORD("A=1"), WORD("EMPTY="), WORD("odd"), WORD("LINES=a\nb"), WORD("A=2"), NULL };

	bench_begin(_i);
	handle("environment");
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "");
	attempt.envp = env;
	handle("environment");
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "A=1\nEMPTY=\nodd\nLINES=a\nb\nA=2\n");
	say("/bin/sh", "-c", "printf '<%s>' \"$@\"", "", "", "a b", "", "*\n", NULL);
	bench_start();
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "<><a b><><*\n>");
}
END_TEST

START_TEST(commands_are_found_in_their_own_path)
{
	char *env[] = { WORD("PATH=/nonexistent:/dev/null:/bin"), NULL };
	char *none[] = { WORD("PATH=/nonexistent"), NULL };

	bench_begin(_i);
	attempt.envp = env;
	say("true", NULL);
	bench_start();
	assert_end(SLOT_EXITED, 0);
	attempt.envp = none;
	bench_start();
	assert_end(SLOT_NO_EXEC, ENOENT);
}
END_TEST

START_TEST(what_cannot_start_says_why)
{
	bench_begin(_i);
	say("/nonexistent/command", NULL);
	bench_start();
	assert_end(SLOT_NO_EXEC, ENOENT);
	say("/etc/passwd", NULL);
	bench_start();
	assert_end(SLOT_NO_EXEC, EACCES);
	say("/dev", NULL);
	bench_start();
	assert_end(SLOT_NO_EXEC, EACCES);
	say("", NULL);
	bench_start();
	assert_end(SLOT_NO_EXEC, ENOENT);
	shell("exit 7");
	assert_end(SLOT_EXITED, 7);
}
END_TEST

START_TEST(too_many_words_are_refused)
{
	static char long_word[65536], *many[5000];
	size_t i;

	bench_begin(_i);
	memset(long_word, 'x', sizeof(long_word) - 1);
	say("/bin/true", long_word, NULL);
	ck_assert_int_eq(slot_run(&slot, &attempt), -1);
	ck_assert_int_eq(errno, E2BIG);
	for (i = 0; i < 4999; i++)
		many[i] = WORD("a");
	attempt.argv = many;
	ck_assert_int_eq(slot_run(&slot, &attempt), -1);
	ck_assert_int_eq(errno, E2BIG);
	many[4000] = NULL;
	many[0] = WORD("/bin/true");
	bench_start();
	assert_end(SLOT_EXITED, 0);
	long_word[65000] = '\0';
	say("/bin/true", long_word, NULL);
	bench_start();
	assert_end(SLOT_EXITED, 0);
}
END_TEST

START_TEST(signals_and_limits_are_as_at_login)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(027);
	bench_begin(_i);
	handle("signals");
	assert_end(SLOT_EXITED, 0);
	ck_assert_str_eq(output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\ncore 0 leader 1 umask 27\n");
}
END_TEST

START_TEST(floods_are_stopped)
{
	struct stat st;

	bench_begin(_i);
	attempt.max_out = 1 << 20;
	handle("flood-out");
	assert_end(SLOT_OVERFLOW, 0);
	ck_assert_int_eq(fstat(attempt.out, &st), 0);
	ck_assert_int_gt(st.st_size, 1 << 20);
	output();
	close(attempt.err);
	attempt.err = memory_file("");
	attempt.max_err = 1 << 20;
	handle("flood-err");
	bench_end_in(&slot);
	ck_assert_int_eq(result.end, SLOT_OVERFLOW);
}
END_TEST

START_TEST(a_last_look_at_the_sizes)
{
	bench_begin(_i);
	attempt.max_out = 5;
	shell("echo 1234");
	assert_end(SLOT_EXITED, 0);
	output();
	shell("echo 12345");
	assert_end(SLOT_OVERFLOW, 0);
}
END_TEST

START_TEST(usage_is_told)
{
	bench_begin(_i);
	handle("memory");
	bench_end_in(&slot);
	ck_assert_int_eq(result.end, SLOT_EXITED);
	ck_assert_int_gt(result.cpu, 40000);
	ck_assert_int_lt(result.cpu, 20 * SECOND);
	ck_assert_int_ge(result.max_rss, 64 << 20);
	shell("exit 0");
	bench_end_in(&slot);
	ck_assert_int_lt(result.cpu, 40000);
}
END_TEST

START_TEST(supervisors_outlive_signals)
{
	static const int sent[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE, SIGUSR1, SIGALRM };
	size_t i;

	bench_begin(_i);
	for (i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		ck_assert_int_eq(kill(slot.pid, sent[i]), 0);
	shell("exit 9");
	assert_end(SLOT_EXITED, 9);
}
END_TEST

static size_t
count_descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

START_TEST(a_thousand_attempts_leak_nothing)
{
	size_t own, theirs;
	int i;

	bench_begin(_i);
	/* It has tidied up before it takes its first order. */
	shell("exit 0");
	bench_end_in(&slot);
	own = count_descriptors(getpid());
	theirs = count_descriptors(slot.pid);
	ck_assert_uint_eq(theirs, 2 + 4);
	for (i = 0; i < 1000; i++) {
		say(i % 10 == 9 ? "/nonexistent" : "/bin/true", NULL);
		bench_start();
		bench_end_in(&slot);
		ck_assert_int_eq(result.end, i % 10 == 9 ? SLOT_NO_EXEC : SLOT_EXITED);
	}
	ck_assert_uint_eq(count_descriptors(getpid()), own);
	ck_assert_uint_eq(count_descriptors(slot.pid), theirs);
	for (i = 0; i < 100; i++) {
		slot_stop(&slot);
		ck_assert_int_eq(slot_start(&slot), 0);
	}
	shell("exit 0");
	bench_end_in(&slot);
	ck_assert_uint_eq(count_descriptors(getpid()), own);
	ck_assert_uint_eq(count_descriptors(slot.pid), theirs);
}
END_TEST

START_TEST(a_supervisor_without_descriptors_goes_on)
{
	struct rlimit none, enough;

	bench_begin(_i);
	/* By then it has the limits that it begins with. */
	shell("exit 1");
	assert_end(SLOT_EXITED, 1);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	none = (struct rlimit){ 5, enough.rlim_max };
	ck_assert_int_eq(prlimit(slot.pid, RLIMIT_NOFILE, &none, NULL), 0);
	shell("exit 1");
	assert_end(SLOT_NO_EXEC, EMFILE);
	ck_assert_int_eq(prlimit(slot.pid, RLIMIT_NOFILE, &enough, NULL), 0);
	shell("exit 1");
	assert_end(SLOT_EXITED, 1);
}
END_TEST

START_TEST(a_supervisor_without_processes_goes_on)
{
	struct rlimit none, enough;

	bench_begin(1);
	ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &enough), 0);
	none = (struct rlimit){ 0, enough.rlim_max };
	ck_assert_int_eq(prlimit(slot.pid, RLIMIT_NPROC, &none, NULL), 0);
	shell("exit 1");
	assert_end(SLOT_NO_EXEC, EAGAIN);
	ck_assert_int_eq(prlimit(slot.pid, RLIMIT_NPROC, &enough, NULL), 0);
	shell("exit 1");
	assert_end(SLOT_EXITED, 1);
}
END_TEST

START_TEST(locks_are_given_up_before_the_answer)
{
	char path[64];
	int other;

	bench_begin(_i);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", attempt.in);
	other = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ne(other, -1);
	ck_assert_int_eq(flock(attempt.in, LOCK_EX), 0);
	shell("exec <&-; exit 0");
	bench_end_in(&slot);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
	ck_assert_int_eq(close(attempt.in), 0);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
}
END_TEST

static Suite *
bench_suite(void)
{
	Suite *s = suite_create("slot");
	TCase *t = tcase_create("slot");

	tcase_set_timeout(t, 60);
	bench_test(t, a_token_lives_as_long_as_the_attempt);
	bench_test(t, a_token_ends_with_its_dispatcher);
	bench_test(t, limits_bind_the_command);
	bench_test(t, ends_are_told);
	bench_test(t, the_three_files_are_the_handlers);
	bench_test(t, one_file_may_be_two_of_them);
	bench_test(t, nothing_else_is_open_in_a_handler);
	bench_test(t, a_dispatcher_without_standard_files);
	bench_test(t, environment_and_words_are_exact);
	bench_test(t, commands_are_found_in_their_own_path);
	bench_test(t, what_cannot_start_says_why);
	bench_test(t, too_many_words_are_refused);
	bench_test(t, signals_and_limits_are_as_at_login);
	bench_test(t, floods_are_stopped);
	bench_test(t, a_last_look_at_the_sizes);
	bench_test(t, usage_is_told);
	bench_test(t, supervisors_outlive_signals);
	bench_test(t, a_thousand_attempts_leak_nothing);
	bench_test(t, a_supervisor_without_descriptors_goes_on);
	tcase_add_test(t, a_supervisor_without_processes_goes_on);
	bench_test(t, locks_are_given_up_before_the_answer);
	suite_add_tcase(s, t);
	return s;
}
