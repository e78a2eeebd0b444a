/*
 * inject: runs a command and strikes at its Nth system call, counted over all of its processes together.
 *
 *	inject [-k | -K | -e ERROR | -x ERROR] [-a] [-n N] [-d DEPTH] [-c CALL,... | -C CALL,...] [-t TEXT]
 *	    [-f CALL:ERROR] [-T SECONDS] [-o FILE] COMMAND ARG...
 *
 *	-k   the process that makes the call is killed before it
 *	-K   all processes are, at the same time
 *	-e   the call is not made and fails with ERROR
 *	-x   the call is made and fails all the same (what close(2) does)
 *	-a   so do all counted calls after it
 *	-d   counts only calls of processes of this depth: 0 is the command, 1 its children, 2 theirs
 *	-c   counts only these calls
 *	-C   counts all calls but these
 *	-t   counts from the first call on, after each exec, that names a path with TEXT in it: what a program does to a
 *	     queue starts there, after the dynamic loader and the C library have had their calls
 *	-f   besides, each CALL fails with ERROR
 *	-T   after so many seconds all is killed, and the exit status is 124 (60)
 *	-o   FILE becomes one line: `hit N DEPTH CALL`, or `missed N` after N calls; without -n a line `CALL N` for each
 *	     counted call; `again` where a process fsyncs a file after an fsync of it has failed
 *
 * The exit status is the command's, 128 and the signal where one ended it, and known only when its last descendant has
 * ended too. strace(1) cannot do this: it counts each call by its name and each process by itself.
 */
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCESSES = 4096, NONE = -1 };
enum what { NOTHING, KILL_ONE, KILL_ALL, FAIL, DO_AND_FAIL };

struct process {
	pid_t pid;
	int depth;          /* -1: not told yet; it waits */
	int counting;
	int failing;        /* in a call that is to return this error */
};

static struct process process[PROCESSES];
static size_t processes;
static pid_t root;
static int root_status = -1;
static const char *text, *only, *never;
static enum what what;
static int error, after, depth = NONE, striking;
static long wanted, counted;
static char hit[128];
static const char *always;     /* CALL:ERROR */
static int has_failed_sync;
static volatile sig_atomic_t timed_out;

static const struct { const char *name; long number; } calls[] = {
#define CALL(name) { #name, SYS_##name }
	CALL(openat), CALL(read), CALL(write), CALL(pread64), CALL(pwrite64), CALL(close), CALL(fsync), CALL(syncfs),
	CALL(sync_file_range),
	CALL(renameat2), CALL(renameat), CALL(unlinkat), CALL(linkat), CALL(mkdirat), CALL(fchmod), CALL(fchown),
	CALL(fstat), CALL(newfstatat), CALL(statx), CALL(fstatfs), CALL(statfs), CALL(faccessat), CALL(flock),
	CALL(lseek), CALL(utimensat), CALL(ftruncate), CALL(getdents64), CALL(copy_file_range), CALL(fcntl), CALL(ioctl),
	CALL(readlinkat), CALL(sendmsg), CALL(sendto), CALL(recvmsg), CALL(recvfrom), CALL(ppoll), CALL(clone),
	CALL(execve), CALL(wait4), CALL(waitid), CALL(kill), CALL(mmap), CALL(brk), CALL(prctl), CALL(setsid),
	CALL(socketpair), CALL(socket), CALL(bind), CALL(listen), CALL(accept4), CALL(dup3), CALL(signalfd4),
	CALL(rt_sigprocmask), CALL(rt_sigaction), CALL(inotify_init1), CALL(inotify_add_watch), CALL(getrandom),
	CALL(uname), CALL(exit_group), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(eventfd2),
	CALL(symlinkat), CALL(fchmodat), CALL(setsockopt), CALL(getsockopt), CALL(shutdown), CALL(munmap), CALL(fadvise64),
	CALL(mprotect), CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(sendmmsg),
	CALL(clock_gettime), CALL(pipe2), CALL(dup), CALL(getcwd), CALL(prlimit64), CALL(tgkill),
	CALL(msync), CALL(fallocate), CALL(fdatasync), CALL(setpgid), CALL(nanosleep), CALL(clock_nanosleep),
#ifdef SYS_clone3
	CALL(clone3),
#endif
#ifdef SYS_close_range
	CALL(close_range),
#endif
#ifdef SYS_faccessat2
	CALL(faccessat2),
#endif
#ifdef SYS_open
	CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(rename), CALL(unlink), CALL(link), CALL(mkdir), CALL(poll),
	CALL(vfork), CALL(fork), CALL(readlink), CALL(dup2), CALL(chmod), CALL(rmdir), CALL(select), CALL(epoll_wait)
#endif
#undef CALL
};

static long counts[sizeof(calls) / sizeof(*calls)];

static const struct { const char *name; int number; } errors[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EINTR", EINTR }, { "EMFILE", EMFILE }, { "ENFILE", ENFILE },
	{ "ENOMEM", ENOMEM }, { "EAGAIN", EAGAIN }, { "EACCES", EACCES }, { "EPERM", EPERM }, { "EINVAL", EINVAL },
	{ "ENOLCK", ENOLCK }, { "ENOBUFS", ENOBUFS }, { "ENOSYS", ENOSYS }, { "EDQUOT", EDQUOT }, { "EROFS", EROFS },
	{ "EPIPE", EPIPE }, { "EBUSY", EBUSY }, { "EEXIST", EEXIST }, { "ENOENT", ENOENT }
};

static int
error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	errx(2, "%s: unknown error", name);
}

static const char *
call_name(long number)
{
	static char unknown[32];
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number == number)
			return calls[i].name;
	(void)snprintf(unknown, sizeof(unknown), "call-%ld", number);
	return unknown;
}

static void
count_call(long number)
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number == number)
			counts[i]++;
}

/* --- the processes */

static struct process *
find(pid_t pid)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (process[i].pid == pid)
			return &process[i];
	return NULL;
}

static struct process *
add(pid_t pid, int its_depth, int counting)
{
	if (processes == PROCESSES)
		errx(2, "too many processes");
	process[processes] = (struct process){ .pid = pid, .depth = its_depth, .counting = counting };
	return &process[processes++];
}

/* 1 where its calls need not be seen: the blow has been struck, or those of its depth do not count. */
static int
is_free(const struct process *p)
{
	if (p->failing != 0 || always != NULL || has_failed_sync)
		return 0;
	return (*hit != '\0' && !after) || (depth != NONE && p->depth != depth && p->counting);
}

static void
go(const struct process *p, int sig)
{
	(void)ptrace(is_free(p) ? PTRACE_CONT : PTRACE_SYSCALL, p->pid, NULL, (void *)(intptr_t)sig);
}

static void
kill_all(void)
{
	size_t i;

	striking = 1;
	for (i = 0; i < processes; i++)
		(void)kill(process[i].pid, SIGKILL);
}

static void
take_alarm(int sig)
{
	(void)sig;
	timed_out = 1;
}

/* --- registers */

/* The call is not made. */
static void
skip_call(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == -1)
		return;
	r.orig_rax = (unsigned long long)-1;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &r);
#elif defined(__aarch64__)
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	(void)ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &v);
#else
	(void)pid;
	errx(77, "this machine's registers are unknown");
#endif
}

static void
set_return(pid_t pid, long value)
{
#if defined(__x86_64__)
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == -1)
		return;
	r.rax = (unsigned long long)value;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &r);
#elif defined(__aarch64__)
	struct user_regs_struct r;
	struct iovec v = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) == -1)
		return;
	r.regs[0] = (unsigned long long)value;
	(void)ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v);
#else
	(void)pid, (void)value;
#endif
}

/* --- fsync: an error is told once; who asks again hears that all is well, and may believe it */

static struct statx failed_sync;
static pid_t failed_by;
static int synced_again;

static int
synced_file(pid_t pid, int fd, struct statx *st)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
	return statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, st) == 0 && S_ISREG(st->stx_mode);
}

/* A number of an inode may be given out again, but not with the same time of birth. */
static int
is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_minor == b->stx_dev_minor &&
	    a->stx_btime.tv_sec == b->stx_btime.tv_sec && a->stx_btime.tv_nsec == b->stx_btime.tv_nsec;
}

static void
watch_sync(pid_t pid, const struct ptrace_syscall_info *s, int fails)
{
	struct statx st;

	if ((long)s->entry.nr != SYS_fsync || !synced_file(pid, (int)s->entry.args[0], &st))
		return;
	if (fails) {
		has_failed_sync = 1;
		failed_by = pid;
		failed_sync = st;
	} else if (has_failed_sync && pid == failed_by && is_same(&st, &failed_sync))
		synced_again = 1;
}

/* --- calls */

static int
has_text(pid_t pid, uint64_t address)
{
	char path[4096];
	struct iovec to = { path, sizeof(path) - 1 }, from = { (void *)(uintptr_t)address, sizeof(path) - 1 };
	ssize_t n;

	if (address < 4096)
		return 0;
	/* A string may end just before memory that is not there. */
	while ((n = process_vm_readv(pid, &to, 1, &from, 1, 0)) == -1 && from.iov_len > 16)
		from.iov_len = from.iov_len > 256 ? 256 : from.iov_len - 16;
	if (n <= 0)
		return 0;
	path[n] = '\0';
	return strstr(path, text) != NULL;
}

static int
takes_path(const char *name)
{
	static const char *const names[] = {
		"openat", "open", "newfstatat", "stat", "lstat", "statx", "faccessat", "faccessat2", "access", "mkdirat", "mkdir",
		"readlink", "readlinkat", "renameat2", "unlinkat", "statfs"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static int
listed(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)) != NULL; at += n)
		if ((at == list || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return 1;
	return 0;
}

static int
is_counted(struct process *p, const struct ptrace_syscall_info *s)
{
	const char *name = call_name((long)s->entry.nr);

	if (!p->counting && takes_path(name) && (has_text(p->pid, s->entry.args[0]) || has_text(p->pid, s->entry.args[1])))
		p->counting = 1;
	if (!p->counting || (depth != NONE && p->depth != depth))
		return 0;
	return only != NULL ? listed(only, name) : never == NULL || !listed(never, name);
}

static void
strike(struct process *p, const char *name)
{
	if (*hit == '\0')
		(void)snprintf(hit, sizeof(hit), "hit %ld %d %s", counted, p->depth, name);
	if (what == KILL_ALL)
		kill_all();
	else if (what == KILL_ONE)
		(void)kill(p->pid, SIGKILL);
	else {
		p->failing = error;
		if (what == FAIL)
			skip_call(p->pid);
	}
}

static void
take_entry(struct process *p, const struct ptrace_syscall_info *s, const char *name)
{
	size_t n = strlen(name);

	if (is_counted(p, s)) {
		counted++;
		count_call((long)s->entry.nr);
		if (wanted > 0 && (counted == wanted || (after && counted > wanted)))
			strike(p, name);
	}
	if (always != NULL && strncmp(always, name, n) == 0 && always[n] == ':') {
		p->failing = error_number(always + n + 1);
		skip_call(p->pid);
	}
	watch_sync(p->pid, s, p->failing != 0);
}

static void
take_call(struct process *p)
{
	struct ptrace_syscall_info s;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(s), &s) <= 0)
		return;
	if (s.op == PTRACE_SYSCALL_INFO_EXIT) {
		if (p->failing != 0)
			set_return(p->pid, -p->failing);
		p->failing = 0;
	} else if (s.op == PTRACE_SYSCALL_INFO_ENTRY)
		take_entry(p, &s, call_name((long)s.entry.nr));
}

static void
take_child(const struct process *parent, int event)
{
	unsigned long message;
	struct process *child;
	pid_t pid;
	/* A clone whose end tells nobody by SIGCHLD is a thread. */
	int its_depth = parent->depth + (event != PTRACE_EVENT_CLONE), counting = parent->counting;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &message) == -1)
		return;
	pid = (pid_t)message;
	if ((child = find(pid)) == NULL) {
		(void)add(pid, its_depth, counting);
		return;
	}
	child->depth = its_depth;
	child->counting = counting;
	go(child, 0);
}

static void
take_stop(struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		take_call(p);
		go(p, 0);
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		take_child(p, event);
		go(p, 0);
	} else if (event == PTRACE_EVENT_EXEC) {
		p->counting = text == NULL;
		go(p, 0);
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		(void)ptrace(PTRACE_LISTEN, p->pid, NULL, NULL);
	else
		go(p, event != 0 ? 0 : sig);
}

static void
take_end(struct process *p, int status)
{
	if (p->pid == root)
		root_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	*p = process[--processes];
}

static void
take(pid_t pid, int status)
{
	struct process *p = find(pid);

	if (!WIFSTOPPED(status)) {
		if (p != NULL)
			take_end(p, status);
		return;
	}
	if (striking)
		(void)kill(pid, SIGKILL);
	/* It came before word of its birth. */
	if (p == NULL)
		(void)add(pid, NONE, 0);
	else if (p->depth != NONE)
		take_stop(p, status);
}

static void
watch(void)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (timed_out && !striking)
			kill_all();
		if (pid > 0)
			take(pid, status);
		else if (errno != EINTR)
			return;
	}
}

static void
start(char *argv[])
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int go_on[2];
	char c;

	if (pipe(go_on) == -1 || (root = fork()) == -1)
		err(2, NULL);
	if (root == 0) {
		(void)close(go_on[1]);
		/* Until it is watched. */
		if (read(go_on[0], &c, 1) == -1)
			err(2, NULL);
		(void)close(go_on[0]);
		(void)execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	(void)close(go_on[0]);
	if (ptrace(PTRACE_SEIZE, root, NULL, (void *)options) == -1 ||
	    ptrace(PTRACE_INTERRUPT, root, NULL, NULL) == -1) {
		warn("ptrace");
		(void)kill(root, SIGKILL);
		exit(77);
	}
	(void)add(root, 0, text == NULL);
	(void)close(go_on[1]);
}

static void
report(const char *file)
{
	FILE *f = file == NULL ? stderr : fopen(file, "we");
	size_t i;

	if (f == NULL)
		err(2, "%s", file);
	if (*hit != '\0')
		fprintf(f, "%s%s\n", hit, synced_again ? " again" : "");
	else if (wanted > 0)
		fprintf(f, "missed %ld\n", counted);
	for (i = 0; wanted == 0 && i < sizeof(calls) / sizeof(*calls); i++)
		if (counts[i] > 0)
			fprintf(f, "%s %ld\n", calls[i].name, counts[i]);
	if (fclose(f) == EOF)
		err(2, "%s", file);
}

int
main(int argc, char *argv[])
{
	struct sigaction alarmed = { .sa_handler = take_alarm };
	const char *file = NULL;
	unsigned seconds = 60;
	int c;

	while ((c = getopt(argc, argv, "+kKe:x:an:d:c:C:t:f:T:o:")) != -1)
		switch (c) {
		case 'k': what = KILL_ONE; break;
		case 'K': what = KILL_ALL; break;
		case 'e': what = FAIL; error = error_number(optarg); break;
		case 'x': what = DO_AND_FAIL; error = error_number(optarg); break;
		case 'a': after = 1; break;
		case 'n': wanted = atol(optarg); break;
		case 'd': depth = atoi(optarg); break;
		case 'c': only = optarg; break;
		case 'C': never = optarg; break;
		case 't': text = optarg; break;
		case 'f': always = optarg; break;
		case 'T': seconds = (unsigned)atoi(optarg); break;
		case 'o': file = optarg; break;
		default: errx(2, "usage: inject [options] COMMAND ARG...");
		}
	if (optind == argc)
		errx(2, "usage: inject [options] COMMAND ARG...");
	start(argv + optind);
	(void)sigaction(SIGALRM, &alarmed, NULL);
	(void)alarm(seconds);
	watch();
	report(file);
	return timed_out ? 124 : root_status;
}
