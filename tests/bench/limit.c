/*
 * limit: what the machine itself can do, in plain loops without wqw, for the benchmarks to be measured against.
 *
 *	limit submit DIR JOBS PROCESSES      create, write 256 bytes, fsync, rename, fsync the directory
 *	limit group DIR JOBS GROUP           the same by groups in one process: write all, syncfs, rename all, fsync the directory
 *	limit claim DIR JOBS PROCESSES       rename JOBS files from new/ to cur/, each process from the oldest on
 *	limit drain DIR SLOTS SYNC COMMAND   run COMMAND for each file of new/, its output a file in done/, fsynced if SYNC is 1
 *	limit spawn RUNS COMMAND             posix_spawn and wait; COMMAND prints CLOCK_MONOTONIC when it starts
 *
 * DIR has tmp/, new/, cur/ and done/. Prints a number a second, or for spawn the p50 and p99 of the start in microseconds.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 256, NAME = 64 };

extern char **environ;
static char payload[PAYLOAD];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
must(int ok, const char *what)
{
	if (!ok)
		err(1, "%s", what);
}

static int
open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(fd != -1, path);
	return fd;
}

static int
create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	must(fd != -1 && write(fd, payload, PAYLOAD) == PAYLOAD, name);
	return fd;
}

static void
submit_some(int process, long jobs)
{
	char from[NAME], to[NAME];
	int dir = open_dir("new"), fd;
	long i;

	for (i = 0; i < jobs; i++) {
		snprintf(from, sizeof(from), "tmp/%d.%ld", process, i);
		snprintf(to, sizeof(to), "new/%d.%ld", process, i);
		fd = create(from);
		must(fsync(fd) == 0 && close(fd) == 0 && rename(from, to) == 0 && fsync(dir) == 0, from);
	}
}

static void
claim_some(int process, long jobs)
{
	char from[NAME], to[NAME];
	long i;

	(void)process;
	for (i = 0; i < jobs; i++) {
		snprintf(from, sizeof(from), "new/20260101T0000%02ld.%06ld-0123456789abcdef", i / 1000000, i % 1000000);
		snprintf(to, sizeof(to), "cur/%s", from + 4);
		must(rename(from, to) == 0 || errno == ENOENT, from);
	}
}

/* Runs `work` in so many processes. Returns the seconds from the start of the first to the end of the last. */
static double
in_processes(int n, void (*work)(int, long), long jobs)
{
	double start;
	int go[2], i, status;
	char c;

	must(pipe(go) == 0, "pipe");
	for (i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			close(go[1]);
			if (read(go[0], &c, 1) == 0)
				work(i, jobs);
			_exit(0);
		}
	start = now();
	close(go[1]);
	for (i = 0; i < n; i++)
		if (wait(&status) == -1 || status != 0)
			errx(1, "a process failed");
	return now() - start;
}

static double
group(long jobs, long size)
{
	double start = now();
	int dir = open_dir("new"), fd;
	char from[NAME], to[NAME];
	long i, j;

	for (i = 0; i < jobs; i += size) {
		for (j = i; j < i + size; j++) {
			snprintf(from, sizeof(from), "tmp/%ld", j);
			fd = create(from);
			must(close(fd) == 0, from);
		}
		must(syncfs(dir) == 0, "syncfs");
		for (j = i; j < i + size; j++) {
			snprintf(from, sizeof(from), "tmp/%ld", j);
			snprintf(to, sizeof(to), "new/%ld", j);
			must(rename(from, to) == 0, from);
		}
		must(fsync(dir) == 0, "fsync");
	}
	return now() - start;
}

static pid_t
start_handler(char **command, int in, int out)
{
	posix_spawn_file_actions_t a;
	pid_t pid;

	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_adddup2(&a, in, 0);
	posix_spawn_file_actions_adddup2(&a, out, 1);
	errno = posix_spawnp(&pid, command[0], &a, NULL, command, environ);
	must(errno == 0, command[0]);
	posix_spawn_file_actions_destroy(&a);
	return pid;
}

struct slot {
	pid_t pid;
	int out;
	char name[NAME];
};

static void
path(char buf[2 * NAME], const char *dir, const char *name)
{
	snprintf(buf, 2 * NAME, "%s/%s", dir, name);
}

static void
claim(struct slot *s, const char *name, char **command)
{
	char from[2 * NAME], to[2 * NAME], out[2 * NAME];
	int in;

	snprintf(s->name, sizeof(s->name), "%s", name);
	path(from, "new", name);
	path(to, "cur", name);
	path(out, "tmp", name);
	must(rename(from, to) == 0, from);
	in = open(to, O_RDONLY | O_CLOEXEC);
	s->out = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	must(in != -1 && s->out != -1, to);
	s->pid = start_handler(command, in, s->out);
	close(in);
}

static void
finish(struct slot *s, int sync, int done)
{
	char cur[2 * NAME], out[2 * NAME], to[2 * NAME];

	path(cur, "cur", s->name);
	path(out, "tmp", s->name);
	path(to, "done", s->name);
	must(!sync || fsync(s->out) == 0, out);
	must(close(s->out) == 0 && rename(out, to) == 0, out);
	must(!sync || fsync(done) == 0, "done");
	must(unlink(cur) == 0, cur);
	s->pid = 0;
}

static double
drain(int slots, int sync, char **command)
{
	struct slot *all = calloc((size_t)slots, sizeof(*all)), *s;
	int done = open_dir("done"), i, n, next = 0, busy = 0, status;
	struct dirent **names;
	double start = now();
	pid_t pid;

	must(all != NULL && (n = scandir("new", &names, NULL, alphasort)) != -1, "new");
	while (next < n || busy > 0) {
		for (i = 0; i < slots && next < n; i++)
			if (all[i].pid == 0) {
				if (names[next]->d_name[0] != '.') {
					claim(&all[i], names[next]->d_name, command);
					busy++;
				}
				next++;
			}
		if (busy == 0)
			continue;
		must((pid = wait(&status)) != -1, "wait");
		for (s = all; s < all + slots; s++)
			if (s->pid == pid) {
				finish(s, sync, done);
				busy--;
			}
	}
	return (n - 2) / (now() - start);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
spawn_times(int runs, char **command)
{
	double *t = calloc((size_t)runs, sizeof(*t)), start;
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), p[2], i, status;
	char buf[64];
	ssize_t n;

	must(t != NULL && in != -1 && pipe2(p, O_CLOEXEC) == 0, "spawn");
	for (i = 0; i < runs; i++) {
		start = now();
		(void)start_handler(command, in, p[1]);
		must((n = read(p[0], buf, sizeof(buf) - 1)) > 0 && wait(&status) != -1, "wait");
		buf[n] = '\0';
		t[i] = strtod(buf, NULL) - start;
	}
	qsort(t, (size_t)runs, sizeof(*t), by_size);
	printf("%.0f %.0f\n", t[runs / 2] * 1e6, t[runs * 99 / 100] * 1e6);
}

int
main(int argc, char *argv[])
{
	const char *what = argc > 3 ? argv[1] : "";
	long jobs = argc > 3 ? strtol(argv[3], NULL, 10) : 0, n = argc > 4 ? strtol(argv[4], NULL, 10) : 1;

	memset(payload, 'x', sizeof(payload));
	if (strcmp(what, "spawn") == 0) {
		spawn_times((int)strtol(argv[2], NULL, 10), argv + 3);
		return 0;
	}
	must(argc > 4 && chdir(argv[2]) == 0, "limit submit|group|claim|drain DIR ...");
	if (strcmp(what, "submit") == 0)
		printf("%.0f\n", (double)(jobs / n * n) / in_processes((int)n, submit_some, jobs / n));
	else if (strcmp(what, "claim") == 0)
		printf("%.0f\n", (double)jobs / in_processes((int)n, claim_some, jobs));
	else if (strcmp(what, "group") == 0)
		printf("%.0f\n", (double)jobs / group(jobs, n));
	else if (strcmp(what, "drain") == 0 && argc > 5)
		printf("%.0f\n", drain((int)jobs, n == 1, argv + 5));
	else
		errx(64, "limit submit|group|claim|drain|spawn ...");
	return 0;
}
