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

enum { X32 = 0x40000000 };
enum { HEAD_SIZE = 6, PLAIN_SIZE = 2, TESTED_SIZE = 7 };   /* instructions at the most */

enum test { IS, HAS, LACKS, IS_NULL, IS_OWN };   /* of an argument's lower half; IS_NULL: of both */

/* Whose arguments do not matter: those that take a path are Landlock's to judge, most others work on what is open. */
static const int plain[] = {
	/* what serving does most */
	SYS_read, SYS_write, SYS_openat, SYS_close, SYS_newfstatat, SYS_fstat, SYS_ppoll, SYS_recvfrom, SYS_sendto, SYS_sendmsg,
	SYS_recvmsg, SYS_accept4, SYS_shutdown, SYS_futex,
	/* files and sockets */
	SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek, SYS_copy_file_range, SYS_sendfile,
	SYS_ftruncate, SYS_fallocate, SYS_fadvise64, SYS_flock, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_fchmod,
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
	uint32_t value;
} tested[] = {
	{ SYS_mmap, LACKS, 2, PROT_EXEC },
	{ SYS_mprotect, LACKS, 2, PROT_EXEC },
	{ SYS_clone, HAS, 0, CLONE_THREAD },
	{ SYS_tgkill, IS_OWN, 0, 0 },
	{ SYS_kill, IS_OWN, 0, 0 },
	{ SYS_socketpair, IS, 0, AF_UNIX },
	{ SYS_ioctl, IS, 1, FIONBIO },
	{ SYS_ioctl, IS, 1, FIONREAD },
	{ SYS_prctl, IS, 0, PR_SET_NAME },
	{ SYS_prlimit64, IS, 0, 0 },
	{ SYS_utimensat, IS_NULL, 1, 0 }
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]), TESTED = sizeof(tested) / sizeof(tested[0]) };

struct program {
	unsigned short n;
	struct sock_filter code[HEAD_SIZE + PLAIN * PLAIN_SIZE + TESTED * TESTED_SIZE + 1];
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

static void
load_number(struct program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

/* Half of an argument: where it passes, what follows is run; where not, `skip` instructions of that are left out. */
static void
put_test(struct program *p, const struct call *c, size_t half, int skip)
{
	size_t at = offsetof(struct seccomp_data, args) + (size_t)c->arg * sizeof(uint64_t) + half;
	uint32_t value = c->test == IS_OWN ? (uint32_t)getpid() : c->value;

	load(p, at);
	if (c->test == LACKS)
		put(p, BPF_JMP | BPF_JSET | BPF_K, value, skip, 0);
	else
		put(p, BPF_JMP | BPF_K | (c->test == HAS ? BPF_JSET : BPF_JEQ), value, 0, skip);
}

/* With the number loaded, and again if it does not pass: the same call may come again with another value. */
static void
put_tested(struct program *p, const struct call *c)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)c->number, 0, c->test == IS_NULL ? 6 : 4);
	if (c->test == IS_NULL)
		put_test(p, c, sizeof(uint32_t), 3);
	put_test(p, c, 0, 1);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	load_number(p);
}

static void
put_head(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load_number(p);
	/* Numbers of x32 come with the same architecture. */
	put(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

int
confine_filter(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog prog = { .filter = p.code };
	long r;
	size_t i;

	put_head(&p);
	for (i = 0; i < PLAIN; i++) {
		put(&p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)plain[i], 0, 1);
		put(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	}
	for (i = 0; i < TESTED; i++)
		put_tested(&p, &tested[i]);
	put(&p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
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
