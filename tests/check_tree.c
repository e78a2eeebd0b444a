#include <sys/file.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bench.h"
#include "tree.h"

enum { LIFE = 60 };   /* seconds after which a handler's processes end by themselves, should nothing end them */

/* --- handlers: each says one byte when what it is about has begun */

static void
ready(void)
{
	(void)!write(2, ".", 1);
}

static _Noreturn void
linger(void)
{
	alarm(LIFE);
	for (;;)
		pause();
}

static void
get_away(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	setsid();
	close(0);
	close(1);
}

/* A chain of descendants as long as `depth`, of which the last is ready. */
static void
descend(int depth)
{
	if (fork() != 0)
		return;
	get_away();
	if (depth > 0)
		descend(depth - 1);
	else
		ready();
	linger();
}

static int
daemonise(void)
{
	int i, there[2];
	char c;

	if (pipe(there) != 0)
		return 1;
	for (i = 0; i < 3; i++)
		if (fork() == 0) {
			get_away();
			if (fork() != 0)
				_exit(0);
			get_away();
			(void)!write(there[1], ".", 1);
			linger();
		}
	for (i = 0; i < 3; i++)
		if (read(there[0], &c, 1) != 1)
			return 1;
	return 0;
}

static void *
anonymous(size_t n)
{
	return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/*
 * Everyone forks as fast as the machine allows. Root is stopped by no limit, so it has a budget; others come to theirs
 * and go on trying.
 */
static int
bomb(void)
{
	atomic_int *budget = anonymous(sizeof(*budget));
	const struct rlimit some = { 200, 200 };
	time_t end = time(NULL) + LIFE;

	(void)setrlimit(RLIMIT_NPROC, &some);
	atomic_store(budget, geteuid() == 0 ? 200 : 1000000);
	while (time(NULL) < end) {
		if (atomic_fetch_sub(budget, 1) == (geteuid() == 0 ? 10 : 999000))
			ready();
		if (atomic_load(budget) < 0)
			sched_yield();
		else if (fork() == 0)
			get_away();
	}
	return 0;
}

/* Eight runners that are never the same process for long, and a main process that waits until they are well off. */
static int
relay(void)
{
	time_t end = time(NULL) + LIFE;
	int i, n, off[2];
	char c;

	if (pipe(off) != 0)
		return 1;
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			for (n = 0; time(NULL) < end; n++) {
				if (n == 100)
					(void)!write(off[1], ".", 1);
				if (fork() != 0)
					_exit(0);
				get_away();
			}
			_exit(0);
		}
	for (i = 0; i < 8; i++)
		if (read(off[0], &c, 1) != 1)
			return 1;
	ready();
	return 0;
}

static void *
thread(void *arg)
{
	(void)arg;
	descend(1);
	linger();
}

/* The first thread is gone, so the process is a zombie that lives. */
static int
headless(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread, NULL) == 0)
		pthread_exit(NULL);
	return 1;
}

static int
obey(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	descend(1);
	ready();
	sigwait(&set, &sig);
	return 0;
}

static int
handler_main(const char *name)
{
	if (strcmp(name, "bomb") == 0)
		return bomb();
	if (strcmp(name, "relay") == 0)
		return relay();
	if (strcmp(name, "relay-on") == 0) {
		relay();
		linger();
	}
	if (strcmp(name, "daemon") == 0)
		return daemonise();
	if (strcmp(name, "obey") == 0)
		return obey();
	if (strcmp(name, "headless") == 0)
		return headless();
	if (strcmp(name, "chain") == 0) {
		descend(20);
		return 0;
	}
	if (strcmp(name, "stopped") == 0) {
		descend(1);
		ready();
		raise(SIGSTOP);
		linger();
	}
	if (strcmp(name, "deaf") == 0) {
		get_away();
		descend(3);
		ready();
		linger();
	}
	return 1;
}

/* --- tests */

static int
has_namespace(pid_t pid)
{
	char path[64], own[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	ck_assert_int_gt(readlink("/proc/self/ns/pid", own, sizeof(own) - 1), 0);
	ck_assert_int_gt(readlink(path, theirs, sizeof(theirs) - 1), 0);
	return strcmp(own, theirs) != 0;
}

START_TEST(privilege_makes_a_namespace)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(unshare(CLONE_NEWPID) != 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	bench_begin(_i);
	ck_assert_int_eq(has_namespace(slot.pid), !_i && status == 0);
}
END_TEST

START_TEST(nothing_outlives_the_main_process)
{
	int i;

	bench_begin(_i);
	for (i = 0; i < 5; i++) {
		handle("daemon");
		assert_end(SLOT_EXITED, 0);
		handle("chain");
		assert_end(SLOT_EXITED, 0);
		shell("(trap '' TERM HUP; while :; do :; done) & exit 6");
		assert_end(SLOT_EXITED, 6);
	}
}
END_TEST

START_TEST(runners_are_caught)
{
	int i;

	bench_begin(_i);
	for (i = 0; i < 5; i++) {
		handle("relay");
		assert_end(SLOT_EXITED, 0);
	}
}
END_TEST

START_TEST(bombs_are_put_out)
{
	int i;

	bench_begin(_i);
	for (i = 0; i < 3; i++) {
		handle("bomb");
		hear(1);
		ck_assert_int_eq(slot_kill(&slot), 0);
		ck_assert_int_eq(slot_kill(&slot), 0);
		assert_end(SLOT_STOPPED, 0);
	}
}
END_TEST

START_TEST(time_runs_out)
{
	static const char *const polite[] = { "obey", "stopped", "headless", "bomb" };
	struct timespec a, b;
	size_t i;

	bench_begin(_i);
	attempt.timeout = SECOND / 5;
	for (i = 0; i < 4; i++) {
		handle(polite[i]);
		assert_end(SLOT_TIMEDOUT, 0);
	}
	attempt.kill_after = SECOND / 10;
	clock_gettime(CLOCK_MONOTONIC, &a);
	handle("deaf");
	assert_end(SLOT_TIMEDOUT, 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_ge((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000, 299);
	attempt.timeout = attempt.kill_after = 0;
	shell("kill -STOP $$");
	assert_end(SLOT_TIMEDOUT, 0);
}
END_TEST

START_TEST(a_kill_is_heard)
{
	bench_begin(_i);
	ck_assert_int_eq(slot_kill(&slot), -1);
	ck_assert_int_eq(errno, ESRCH);
	handle("obey");
	hear(2);
	ck_assert_int_eq(slot_kill(&slot), 0);
	assert_end(SLOT_STOPPED, 0);
	handle("stopped");
	hear(2);
	ck_assert_int_eq(slot_kill(&slot), 0);
	assert_end(SLOT_STOPPED, 0);
	attempt.kill_after = SECOND / 10;
	handle("deaf");
	hear(2);
	ck_assert_int_eq(slot_kill(&slot), 0);
	assert_end(SLOT_STOPPED, 0);
}
END_TEST

START_TEST(a_second_kill_does_not_wait)
{
	bench_begin(_i);
	handle("deaf");
	hear(2);
	ck_assert_int_eq(slot_kill(&slot), 0);
	ck_assert_int_eq(slot_kill(&slot), 0);
	assert_end(SLOT_STOPPED, 0);
}
END_TEST

START_TEST(a_kill_that_comes_late_hits_nobody)
{
	struct pollfd p;
	int i;

	bench_begin(_i);
	for (i = 0; i < 100; i++) {
		shell("exit 4");
		p = (struct pollfd){ .fd = slot.fd, .events = POLLIN };
		ck_assert_int_eq(poll(&p, 1, -1), 1);
		ck_assert_int_eq(slot_kill(&slot), 0);
		assert_end(SLOT_EXITED, 4);
	}
}
END_TEST

START_TEST(a_lost_supervisor_leaves_nothing)
{
	static const char *const names[] = { "deaf", "relay-on", "bomb" };
	static const size_t said_first[] = { 2, 1, 1 };
	size_t i;

	bench_begin(_i);
	for (i = 0; i < 3; i++) {
		handle(names[i]);
		hear(said_first[i]);
		ck_assert_int_eq(kill(slot.pid, SIGKILL), 0);
		assert_end(SLOT_LOST, 0);
		ck_assert_int_eq(slot.pid, -1);
		ck_assert_int_eq(slot_start(&slot), 0);
		shell("exit 3");
		assert_end(SLOT_EXITED, 3);
	}
}
END_TEST

START_TEST(a_supervisor_lost_while_idle_is_replaced)
{
	siginfo_t si;

	bench_begin(_i);
	ck_assert_int_eq(kill(slot.pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)slot.pid, &si, WEXITED | WNOWAIT), 0);
	slot_reap();
	shell("exit 5");
	assert_end(SLOT_EXITED, 5);
}
END_TEST

START_TEST(the_others_are_spared)
{
	struct slot other;
	siginfo_t si = { .si_pid = 0 };
	int first;
	pid_t own;

	if (_i && geteuid() == 0)
		become_nobody();
	if ((own = fork()) == 0)
		linger();
	bench_begin(_i);
	ck_assert_int_eq(slot_start(&other), 0);
	handle("deaf");
	hear(2);
	first = said;
	ck_assert_int_eq(close(attempt.err), 0);
	new_pipe();
	ck_assert_int_eq(slot_run(&other, &attempt), 0);
	hear(2);
	ck_assert_int_eq(kill(other.pid, SIGKILL), 0);
	bench_end_in(&other);
	ck_assert_int_eq(result.end, SLOT_LOST);
	assert_gone();
	slot_reap();
	ck_assert_int_eq(slot.busy, 1);
	ck_assert_int_eq(fcntl(first, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(first, &si, 1), -1);
	ck_assert_int_eq(slot_result(&slot, &result), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)own, &si, WEXITED | WNOHANG), 0);
	ck_assert_int_eq(si.si_pid, 0);
	slot_stop(&slot);
	ck_assert_int_eq(read(first, &si, 1), 0);
	ck_assert_int_eq(kill(own, SIGKILL), 0);
}
END_TEST

START_TEST(two_slots_at_once)
{
	struct slot other;
	int i;

	bench_begin(_i);
	ck_assert_int_eq(slot_start(&other), 0);
	for (i = 0; i < 100; i++) {
		shell("(sh -c : &) ; exit 1");
		say("/bin/sh", "-c", "(sh -c : &) ; exit 2", NULL);
		ck_assert_int_eq(slot_run(&other, &attempt), 0);
		bench_end_in(&other);
		ck_assert_int_eq(result.end, SLOT_EXITED);
		ck_assert_int_eq(result.code, 2);
		assert_end(SLOT_EXITED, 1);
	}
	slot_stop(&other);
}
END_TEST

START_TEST(a_busy_slot_is_stopped)
{
	bench_begin(_i);
	handle("deaf");
	hear(2);
	slot_stop(&slot);
	assert_gone();
	ck_assert_int_eq(slot_start(&slot), 0);
	shell("exit 0");
	assert_end(SLOT_EXITED, 0);
}
END_TEST

/* Runs `name` in a dispatcher of its own, which holds a lock on the attempt's stdin; its supervisor is told. */
static pid_t
dispatch(int ordinary, const char *name, pid_t *supervisor, int *lock)
{
	char path[64];
	int gone[2], in, tell[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(gone, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(tell, O_CLOEXEC), 0);
	in = memory_file("");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", in);
	*lock = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ne(*lock, -1);
	if ((pid = fork()) == 0) {
		close(*lock);
		bench_begin(ordinary);
		ck_assert_int_eq(flock(in, LOCK_EX), 0);
		attempt.in = in;
		attempt.err = gone[1];
		handle(name);
		ck_assert_int_eq(write(tell[1], &slot.pid, sizeof(slot.pid)), sizeof(slot.pid));
		linger();
	}
	close(in);
	close(gone[1]);
	said = gone[0];
	ck_assert_int_eq(read(tell[0], supervisor, sizeof(*supervisor)), sizeof(*supervisor));
	return pid;
}

START_TEST(a_lost_dispatcher_leaves_nothing)
{
	static const char *const names[] = { "deaf", "stopped", "relay-on", "bomb" };
	int i, lock;
	pid_t pid, supervisor;
	char buf[64];

	for (i = 0; i < 4; i++) {
		pid = dispatch(_i, names[i], &supervisor, &lock);
		hear(i < 2 ? 2 : 1);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		/* A peer may take the job over as soon as the lock is free: then nothing of the tree is left. */
		ck_assert_int_eq(flock(lock, LOCK_EX), 0);
		ck_assert_int_eq(fcntl(said, F_SETFL, O_NONBLOCK), 0);
		ck_assert_int_eq(read(said, buf, sizeof(buf)), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
}
END_TEST

START_TEST(both_lost_at_once_leave_nothing)
{
	int lock;
	pid_t pid, supervisor;
	char c;

	pid = dispatch(0, "deaf", &supervisor, &lock);
	hear(2);
	if (has_namespace(supervisor)) {
		ck_assert_int_eq(kill(pid, SIGSTOP), 0);
		ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(read(said, &c, 1), 0);
	} else
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
}
END_TEST

/* In a PID namespace below that of /proc, the numbers there are not those of this process' children. */
static int
work_in_a_foreign_proc(void)
{
	pid_t child;

	if (tree_usable() != -1 || errno != ENOSYS)
		return 1;
	bench_begin(0);
	handle("deaf");
	hear(2);
	kill(slot.pid, SIGKILL);
	bench_end_in(&slot);
	if (result.end != SLOT_LOST)
		return 2;
	assert_gone();
	if ((child = fork()) != 0)
		return waitpid(child, NULL, 0) != child;
	become_nobody();
	return slot_start(&slot) != -1 || errno != ENOSYS ? 3 : 0;
}

START_TEST(a_foreign_proc_is_not_believed)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (unshare(CLONE_NEWPID) != 0)
			_exit(0);
		if ((pid = fork()) == 0)
			_exit(work_in_a_foreign_proc());
		_exit(waitpid(pid, &status, 0) != pid || status != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

struct list {
	pid_t pid[64];
	size_t n;
};

static void
collect(void *arg, pid_t pid)
{
	struct list *l = arg;

	ck_assert_uint_lt(l->n, 64);
	l->pid[l->n++] = pid;
}

static int
by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

START_TEST(both_ways_of_listing_agree)
{
	struct list made = { .n = 40 }, quick = { .n = 0 }, slow = { .n = 0 };
	siginfo_t si;
	size_t i;

	if (_i && geteuid() == 0)
		become_nobody();
	for (i = 0; i < made.n; i++)
		if ((made.pid[i] = fork()) == 0) {
			if (i % 2)
				_exit(0);
			linger();
		}
	/* Zombies count. */
	for (i = 1; i < made.n; i += 2)
		ck_assert_int_eq(waitid(P_PID, (id_t)made.pid[i], &si, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(tree_each(collect, &quick), 0);
	ck_assert_int_eq(tree_scan(collect, &slow), 0);
	ck_assert_uint_eq(quick.n, made.n);
	ck_assert_uint_eq(slow.n, made.n);
	/* The last to come is the first. */
	for (i = 0; i < made.n; i++)
		ck_assert_int_eq(quick.pid[i], made.pid[made.n - 1 - i]);
	qsort(made.pid, made.n, sizeof(made.pid[0]), by_number);
	qsort(slow.pid, slow.n, sizeof(slow.pid[0]), by_number);
	ck_assert_mem_eq(made.pid, slow.pid, made.n * sizeof(made.pid[0]));
	ck_assert_int_eq(tree_kill(NULL), 0);
	while (wait(NULL) > 0)
		made.n--;
	ck_assert_uint_eq(made.n, 0);
}
END_TEST

static Suite *
bench_suite(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");

	tcase_set_timeout(t, LIFE);
	bench_test(t, privilege_makes_a_namespace);
	bench_test(t, nothing_outlives_the_main_process);
	bench_test(t, runners_are_caught);
	bench_test(t, bombs_are_put_out);
	bench_test(t, time_runs_out);
	bench_test(t, a_kill_is_heard);
	bench_test(t, a_second_kill_does_not_wait);
	bench_test(t, a_kill_that_comes_late_hits_nobody);
	bench_test(t, a_lost_supervisor_leaves_nothing);
	bench_test(t, a_supervisor_lost_while_idle_is_replaced);
	bench_test(t, the_others_are_spared);
	bench_test(t, two_slots_at_once);
	bench_test(t, a_busy_slot_is_stopped);
	bench_test(t, a_lost_dispatcher_leaves_nothing);
	tcase_add_test(t, both_lost_at_once_leave_nothing);
	tcase_add_test(t, a_foreign_proc_is_not_believed);
	bench_test(t, both_ways_of_listing_agree);
	suite_add_tcase(s, t);
	return s;
}
