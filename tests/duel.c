/*
 * duel: runs two commands in turn, N times each, and compares what they take: `duel N FILE A... -- B...` prints
 * `WALL CPU`, each the median of B in hundredths of that of A, and on stderr the medians in microseconds. The commands'
 * stdin is FILE, their output goes to /dev/null; both must succeed.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { RUNS_MAX = 10000 };

struct side {
	char **argv;
	double wall[RUNS_MAX], cpu[RUNS_MAX];
};

static struct side a, b;

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void
run(struct side *s, const posix_spawn_file_actions_t *files, int i)
{
	struct timespec from, to;
	struct rusage u;
	int status;
	pid_t pid;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	if ((errno = posix_spawnp(&pid, s->argv[0], files, NULL, s->argv, environ)) != 0)
		err(2, "%s", s->argv[0]);
	if (wait4(pid, &status, 0, &u) == -1 || status != 0)
		errx(2, "%s: status %#x", s->argv[0], (unsigned)status);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	s->wall[i] = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	s->cpu[i] = seconds(&u.ru_utime) + seconds(&u.ru_stime);
}

static int
compare(const void *x, const void *y)
{
	double d = *(const double *)x - *(const double *)y;

	return d < 0 ? -1 : d > 0;
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return v[n / 2];
}

static int
ratio(double of, double to)
{
	return (int)(of / to * 100 + 0.5);
}

int
main(int argc, char *argv[])
{
	posix_spawn_file_actions_t files;
	double wall[2], cpu[2];
	int i, n = argc > 1 ? atoi(argv[1]) : 0;

	for (i = 3; i < argc && strcmp(argv[i], "--") != 0; i++)
		;
	if (n < 1 || n > RUNS_MAX || i < 4 || i + 1 >= argc)
		errx(2, "usage: duel N FILE A... -- B...");
	argv[i] = NULL;
	a.argv = argv + 3;
	b.argv = argv + i + 1;
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, argv[2], O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	for (i = 0; i < n; i++) {
		run(&a, &files, i);
		run(&b, &files, i);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	wall[0] = median(a.wall, n), wall[1] = median(b.wall, n);
	cpu[0] = median(a.cpu, n), cpu[1] = median(b.cpu, n);
	fprintf(stderr, "wall %.0f and %.0f us, CPU %.0f and %.0f us\n", wall[0] * 1e6, wall[1] * 1e6, cpu[0] * 1e6, cpu[1] * 1e6);
	printf("%d %d\n", ratio(wall[1], wall[0]), ratio(cpu[1], cpu[0]));
	return 0;
}
