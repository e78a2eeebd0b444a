/*
 * waker: how soon a job runs.
 *
 *	waker latency QUEUE JOBS   one job after another into an idle queue whose handler is stamp: from the rename into new/ to
 *	                           the handler's first instruction, p50 and p99 in microseconds
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
watch_done(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd == -1 || inotify_add_watch(fd, "done", IN_CREATE | IN_MOVED_TO) == -1)
		err(1, "done");
	return fd;
}

/* Waits for results. Returns how many there are now. */
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
submit(int i)
{
	char from[64], to[64];
	int fd;

	snprintf(from, sizeof(from), "tmp/latency.%d", i);
	snprintf(to, sizeof(to), "new/latency.%d", i);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, "\n", 1) != 1 || fsync(fd) == -1 || close(fd) == -1 || rename(from, to) == -1)
		err(1, "%s", from);
	return now();
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
latency(int jobs)
{
	double *t = calloc((size_t)jobs, sizeof(*t)), start;
	int fd = watch_done(), i;

	if (t == NULL)
		err(1, NULL);
	for (i = -5; i < jobs; i++) {   /* the first ones warm up */
		start = submit(i);
		(void)hear(fd);
		if (i >= 0)
			t[i] = stamped(i) - start;
	}
	qsort(t, (size_t)jobs, sizeof(*t), by_size);
	printf("%.0f %.0f\n", t[jobs / 2] * 1e6, t[jobs * 99 / 100] * 1e6);
}

static void
start(const char *queue, int jobs)
{
	char *command[] = { (char *)(uintptr_t)"wqw-worker", (char *)(uintptr_t)queue, (char *)(uintptr_t)"--",
	    (char *)(uintptr_t)"stamp", (char *)(uintptr_t)"no", NULL };
	double begin = now(), first;
	int fd = watch_done(), count;
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
