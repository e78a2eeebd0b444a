/*
 * waker: how soon a job runs.
 *
 *	waker latency QUEUE JOBS   one job after another into an idle queue whose handler is stamp: from the rename into new/ to
 *	                           the handler's first instruction, p50 and p99 in microseconds; and the same of a
 *	                           posix_spawn of stamp, by turns and as long after an fsync
 *	waker start QUEUE JOBS     starts a worker on a queue that is full: milliseconds to its first result, then microseconds
 *	                           for each of so many more; and the most memory it has had, in KiB
 */
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
watch(const char *dir, uint32_t what)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd == -1 || inotify_add_watch(fd, dir, what) == -1)
		err(1, "%s", dir);
	return fd;
}

/* Waits for what is watched. Returns how often it has been. */
static int
hear(int fd)
{
	char buf[65536], *p;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int count = 0;

	if (poll(&wait, 1, 60000) <= 0 || (n = read(fd, buf, sizeof(buf))) <= 0)
		errx(1, "no result for a minute");
	for (p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)(void *)p)->len)
		count++;
	return count;
}

static double
submit(int i, const char *dir)
{
	char from[64], to[64];
	int fd;

	snprintf(from, sizeof(from), "tmp/latency.%d", i);
	snprintf(to, sizeof(to), "%s/latency.%d", dir, i);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, "\n", 1) != 1 || fsync(fd) == -1 || close(fd) == -1 || rename(from, to) == -1)
		err(1, "%s", from);
	return now();
}

/* From now to its first instruction. */
static double
spawn_time(int i)
{
	char *command[] = { (char *)(uintptr_t)"stamp", NULL }, buf[64] = "";
	posix_spawn_file_actions_t a;
	double start;
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) == -1)
		err(1, "pipe");
	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_adddup2(&a, p[1], 1);
	start = submit(i, "log");
	if (posix_spawnp(&pid, command[0], &a, NULL, command, environ) != 0)
		errx(1, "stamp cannot be started");
	if (read(p[0], buf, sizeof(buf) - 1) <= 0 || waitpid(pid, NULL, 0) != pid)
		err(1, "stamp");
	posix_spawn_file_actions_destroy(&a);
	close(p[0]);
	close(p[1]);
	return strtod(buf, NULL) - start;
}

/* What stamp wrote, the last line of the result. */
static double
stamped(int i)
{
	char name[64], buf[4096], *line;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "done/latency.%d", i);
	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1 || (n = read(fd, buf, sizeof(buf) - 1)) < 2)
		err(1, "%s", name);
	close(fd);
	buf[n - 1] = '\0';
	line = strrchr(buf, '\n');
	return strtod(line == NULL ? buf : line + 1, NULL);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
tell(double *t, int n)
{
	qsort(t, (size_t)n, sizeof(*t), by_size);
	printf("%.0f %.0f\n", t[n / 2] * 1e6, t[n * 99 / 100] * 1e6);
}

static void
latency(int jobs)
{
	double *job = calloc((size_t)jobs, sizeof(*job)), *spawn = calloc((size_t)jobs, sizeof(*spawn)), start, t;
	int fd = watch("cur", IN_DELETE), i;   /* then the worker has done with a job, and is idle */

	if (job == NULL || spawn == NULL)
		err(1, NULL);
	for (i = -5; i < jobs; i++) {   /* the first ones warm up */
		start = submit(i, "new");
		(void)hear(fd);
		t = stamped(i) - start;
		if (i >= 0)
			job[i] = t;
		t = spawn_time(i);
		if (i >= 0)
			spawn[i] = t;
	}
	tell(job, jobs);
	tell(spawn, jobs);
}

static void
start(const char *queue, int jobs)
{
	char *command[] = { (char *)(uintptr_t)"wqw-worker", (char *)(uintptr_t)queue, (char *)(uintptr_t)"--",
	    (char *)(uintptr_t)"stamp", (char *)(uintptr_t)"no", NULL };
	double begin = now(), first;
	int fd = watch("done", IN_CREATE | IN_MOVED_TO), count;
	struct rusage usage;
	pid_t pid;

	if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) != 0)
		errx(1, "wqw-worker cannot be started");
	count = hear(fd);
	first = now();
	while (count <= jobs)
		count += hear(fd);
	printf("%.0f %.0f ", (first - begin) * 1e3, (now() - first) / count * 1e6);
	kill(pid, SIGTERM);
	if (wait4(pid, NULL, 0, &usage) != pid)
		err(1, "wait");
	printf("%ld\n", usage.ru_maxrss);
}

int
main(int argc, char *argv[])
{
	char queue[PATH_MAX];

	if (argc != 4 || realpath(argv[2], queue) == NULL || chdir(queue) == -1)
		errx(64, "usage: waker latency|start QUEUE JOBS");
	if (strcmp(argv[1], "latency") == 0)
		latency((int)strtol(argv[3], NULL, 10));
	else
		start(queue, (int)strtol(argv[3], NULL, 10));
	return 0;
}
