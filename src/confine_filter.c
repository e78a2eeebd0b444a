#include "confine_filter.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "confine.h"

#if defined(CONFINE_SANITIZED)
#elif defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__LP64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef ARCH

int
confine_filter(void)
{
	return 0;
}

#else

enum { X32 = 0x40000000, REFUSE = SECCOMP_RET_ERRNO | ENOSYS };
enum { NUMBERS = 512, NOT = 0, IS_PLAIN = 255 };
enum { HEAD_LENGTH = 6, SPAN_LENGTH = 9 };   /* instructions at the most, with those of the tree */
enum { JUMP_MAX = 255 };                     /* of one with a condition */

enum test { IS, EITHER, HAS, LACKS, IS_NULL, IS_OWN };   /* of an argument's lower half; IS_NULL: of both */

/* Whose arguments do not matter: those that take a path are Landlock's to judge, most others work on what is open. */
static const int plain[] = {
	/* what serving does most */
	SYS_read, SYS_write, SYS_openat, SYS_close, SYS_newfstatat, SYS_fstat, SYS_ppoll, SYS_recvfrom, SYS_sendto, SYS_sendmsg,
	SYS_recvmsg, SYS_accept4, SYS_shutdown, SYS_futex,
	/* files and sockets */
	SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek, SYS_copy_file_range, SYS_sendfile,
	SYS_ftruncate, SYS_fallocate, SYS_fadvise64, SYS_flock, SYS_fcntl, SYS_fsync, SYS_sync_file_range, SYS_fdatasync, SYS_syncfs, SYS_fchmod,
	SYS_fchown, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_symlinkat, SYS_mkdirat, SYS_readlinkat,
	SYS_faccessat, SYS_faccessat2, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_getdents64, SYS_getcwd, SYS_dup, SYS_dup3,
	SYS_pipe2, SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_getpeername,
	/* waiting */
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_signalfd4, SYS_pselect6, SYS_inotify_init1,
	SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime,
	SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall,
	/* memory, threads, signals */
	SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_membarrier, SYS_set_robust_list, SYS_rseq, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_getcpu, SYS_gettid, SYS_exit, SYS_exit_group, SYS_rt_sigaction, SYS_rt_sigprocmask,
	SYS_rt_sigreturn, SYS_sigaltstack,
	/* what there is to know */
	SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo, SYS_getrusage, SYS_getrlimit, SYS_setrlimit,
#ifdef __x86_64__
	/* what only the older architecture has, and some libc still uses */
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_poll,
	SYS_select, SYS_epoll_wait, SYS_dup2, SYS_time
#endif
};

static const struct call {
	int number;
	enum test test;
	int arg;
	uint32_t value, other;
} tested[] = {
	{ SYS_mmap, LACKS, 2, PROT_EXEC, 0 },
	{ SYS_mprotect, LACKS, 2, PROT_EXEC, 0 },
	{ SYS_clone, HAS, 0, CLONE_THREAD, 0 },
	{ SYS_tgkill, IS_OWN, 0, 0, 0 },
	{ SYS_kill, IS_OWN, 0, 0, 0 },
	{ SYS_socketpair, IS, 0, AF_UNIX, 0 },
	{ SYS_ioctl, EITHER, 1, FIONREAD, TIOCOUTQ },
	{ SYS_prctl, IS, 0, PR_SET_NAME, 0 },
	{ SYS_prlimit64, IS, 0, 0, 0 },
	{ SYS_utimensat, IS_NULL, 1, 0, 0 }
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]), TESTED = sizeof(tested) / sizeof(tested[0]), SPANS_MAX = PLAIN + TESTED };

struct span {   /* numbers that are next to each other; or one whose arguments are tested */
	uint16_t from, to;
	uint8_t kind;   /* IS_PLAIN; or one more than the index in `tested` */
};

struct program {
	unsigned short n;
	struct sock_filter code[HEAD_LENGTH + SPANS_MAX * SPAN_LENGTH];
};

static void
put(struct program *p, int code, uint32_t k, int yes, int no)
{
	p->code[p->n++] = (struct sock_filter){ (unsigned short)code, (unsigned char)yes, (unsigned char)no, k };
}

static void
load(struct program *p, size_t at)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

/* Half of an argument: where it passes, what follows is run; where not, `skip` instructions of that are left out. */
static void
put_test(struct program *p, const struct call *c, size_t half, int skip)
{
	size_t at = offsetof(struct seccomp_data, args) + (size_t)c->arg * sizeof(uint64_t) + half;
	uint32_t value = c->test == IS_OWN ? (uint32_t)getpid() : c->value;

	load(p, at);
	if (c->test == EITHER)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, c->other, 1, 0);
	if (c->test == LACKS)
		put(p, BPF_JMP | BPF_JSET | BPF_K, value, skip, 0);
	else
		put(p, BPF_JMP | BPF_K | (c->test == HAS ? BPF_JSET : BPF_JEQ), value, 0, skip);
}

static void
put_span(struct program *p, const struct span *s)
{
	unsigned short first = p->n;
	const struct call *c;

	if (s->kind == IS_PLAIN) {
		put(p, BPF_JMP | BPF_JGE | BPF_K, s->from, 0, 0);
		put(p, BPF_JMP | BPF_JGT | BPF_K, s->to, 1, 0);
	} else {
		c = &tested[s->kind - 1];
		put(p, BPF_JMP | BPF_JEQ | BPF_K, s->from, 0, 0);
		if (c->test == IS_NULL)
			put_test(p, c, sizeof(uint32_t), 3);
		put_test(p, c, 0, 1);
	}
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	p->code[first].jf = (unsigned char)(p->n - first - 1);
	put(p, BPF_RET | BPF_K, REFUSE, 0, 0);
}

/* With the number loaded. A tree, since the kernel takes each number that there is through the program when it gets it. */
static void
put_spans(struct program *p, const struct span *s, size_t n)
{
	unsigned short jump = p->n;
	int near = n / 2 * SPAN_LENGTH <= JUMP_MAX;

	if (n == 1) {
		put_span(p, s);
		return;
	}
	put(p, BPF_JMP | BPF_JGE | BPF_K, s[n / 2].from, 0, !near);
	if (!near)
		put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	put_spans(p, s, n / 2);
	if (near)
		p->code[jump].jt = (unsigned char)(p->n - jump - 1);
	else
		p->code[jump + 1].k = (uint32_t)(p->n - jump - 2);
	put_spans(p, s + n / 2, n - n / 2);
}

/* In the order of numbers. */
static size_t
find_spans(struct span spans[SPANS_MAX])
{
	uint8_t kinds[NUMBERS] = { NOT };
	size_t i, n = 0;

	for (i = 0; i < PLAIN; i++)
		kinds[plain[i]] = IS_PLAIN;
	for (i = 0; i < TESTED; i++)
		kinds[tested[i].number] = (uint8_t)(i + 1);
	for (i = 0; i < NUMBERS; i++)
		if (kinds[i] == IS_PLAIN && n > 0 && spans[n - 1].kind == IS_PLAIN && spans[n - 1].to + 1U == i)
			spans[n - 1].to = (uint16_t)i;
		else if (kinds[i] != NOT)
			spans[n++] = (struct span){ .from = (uint16_t)i, .to = (uint16_t)i, .kind = kinds[i] };
	return n;
}

static void
put_head(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load(p, offsetof(struct seccomp_data, nr));
	/* Numbers of x32 come with the same architecture. */
	put(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
	put(p, BPF_RET | BPF_K, REFUSE, 0, 0);
}

int
confine_filter(void)
{
	struct program p;
	struct sock_fprog prog = { .filter = p.code };
	struct span spans[SPANS_MAX];
	long r;

	p.n = 0;
	put_head(&p);
	put_spans(&p, spans, find_spans(spans));
	prog.len = p.n;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
	if (r == 0)
		return PLAIN + TESTED;
	/* A positive number is a thread that has a filter of its own. */
	if (r > 0)
		errno = EBUSY;
	return r == -1 && (errno == ENOSYS || errno == EINVAL) ? 0 : -1;
}

#endif
