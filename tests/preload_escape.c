/*
 * While wqw-httpd answers a request, tries what it never does, and writes to standard error what has come of it: a line
 * "escape: WHAT ERRNO" each, or "-" where it was possible. $ESCAPE_FROM is a directory outside the spool with a
 * file `secret`, $ESCAPE_IN one of the spool.
 */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __typeof__(getnameinfo) *real;
static int at = -1, sock = -1;   /* ESCAPE_FROM, and a socket, from before it was confined */
static pid_t parent;

__attribute__((constructor)) static void
begin(void)
{
	const char *from = getenv("ESCAPE_FROM");

	real = (__typeof__(getnameinfo) *)dlsym(RTLD_NEXT, "getnameinfo");
	at = open(from != NULL ? from : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	parent = getppid();
}

static void
tell(const char *what, long r)
{
	int error = r == -1 ? errno : 0;

	if (error == EACCES || error == EPERM || error == ENOSYS)
		fprintf(stderr, "escape: %s %s\n", what, error == EACCES ? "EACCES" : error == EPERM ? "EPERM" : "ENOSYS");
	else
		fprintf(stderr, "escape: %s %s\n", what, error == 0 ? "-" : strerror(error));
}

static void
try_files(void)
{
	const char *in = getenv("ESCAPE_IN");
	char path[4096];

	tell("read", openat(at, "secret", O_RDONLY));
	tell("write", openat(at, "secret", O_WRONLY));
	tell("truncate", openat(at, "secret", O_WRONLY | O_TRUNC));
	tell("create", openat(at, "new", O_WRONLY | O_CREAT, 0600));
	tell("list", openat(at, ".", O_RDONLY | O_DIRECTORY));
	tell("mkdir", mkdirat(at, "dir", 0700));
	tell("symlink", symlinkat("x", at, "link"));
	tell("chmod", syscall(SYS_fchmodat, at, "secret", 0644));
	tell("rename", renameat(at, "secret", at, "moved"));
	tell("unlink", unlinkat(at, "gone", 0));
	(void)snprintf(path, sizeof(path), "%s/fifo", in);
	tell("fifo", mkfifo(path, 0600));
	(void)snprintf(path, sizeof(path), "%s/mine", in);
	tell("own", open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	tell("own-unlink", unlink(path));
}

static void
try_processes(void)
{
	char path[] = "/nowhere", *const argv[] = { path, NULL }, *const envp[] = { NULL };
	struct iovec here = { .iov_base = path, .iov_len = sizeof(path) };
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(0);
	tell("fork", pid);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	/* A name that is nowhere, lest this process become another where that is possible. */
	tell("exec", syscall(SYS_execve, path, argv, envp));
	tell("signal", kill(parent, 0));
	/* As for ptrace(2), but that nobody is stopped. */
	tell("peek", syscall(SYS_process_vm_readv, parent, &here, 1, &here, 1, 0));
}

static void
try_network(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	tell("socket", socket(AF_INET, SOCK_STREAM, 0));
	tell("socket-unix", socket(AF_UNIX, SOCK_DGRAM, 0));
	tell("connect", connect(sock, (struct sockaddr *)&a, sizeof(a)));
	a.sin_port = 0;
	tell("bind", bind(sock, (struct sockaddr *)&a, sizeof(a)));
}

static void
try_kernel(void)
{
	tell("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	tell("unshare", syscall(SYS_unshare, 0));
	tell("bpf", syscall(SYS_bpf, 0, NULL, 0));
	tell("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	tell("handle", syscall(SYS_open_by_handle_at, at, NULL, 0));
	tell("code", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
#ifdef __x86_64__
	tell("x32", syscall(0x40000000 + SYS_getpid));
#endif
}

int
getnameinfo(const struct sockaddr *sa, socklen_t len, char *host, socklen_t hostlen, char *serv, socklen_t servlen, int flags)
{
	static int once;

	if (once++ == 0) {
		try_files();
		try_network();
		try_kernel();
		try_processes();
		fprintf(stderr, "escape: end -\n");
	}
	return real(sa, len, host, hostlen, serv, servlen, flags);
}
