/*
 * unruly: a handler that does not behave. `unruly KIND MARK`, where MARK stays in the command line of each of its
 * processes, so that a test sees who is left. Kinds that leave others behind write how many those are when all of them
 * run; nobody leaves of his own accord.
 */
#include <sys/resource.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLIGHTS = 3000, BOMB_DEPTH = 8 };

static int born[2];            /* each descendant that has become what it is to be writes a byte */

static _Noreturn void
stay(void)
{
	for (;;)
		(void)pause();
}

static void
be_deaf(void)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_IGN);
}

static void
let_go(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		(void)close(fd);
}

static void
tell(void)
{
	if (write(born[1], "", 1) != 1)
		_exit(1);
}

static _Noreturn void
live(void)
{
	tell();
	let_go();
	(void)close(born[1]);
	stay();
}

static pid_t
split(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	return pid;
}

/* Waits until n live, and says so. */
static void
expect(int n)
{
	char c;
	int i;

	for (i = 0; i < n; i++)
		if (read(born[0], &c, 1) != 1)
			errx(1, "%d of %d were born", i, n);
	printf("%d\n", n);
	(void)fflush(stdout);
}

static void
do_fork(void)
{
	if (split() == 0)
		live();
	expect(1);
}

/* A daemon as the books have it. */
static void
do_daemon(void)
{
	if (split() == 0) {
		(void)setsid();
		if (split() == 0)
			live();
		_exit(0);
	}
	expect(1);
}

static void
do_deaf(void)
{
	be_deaf();
	if (split() == 0) {
		(void)setsid();
		live();
	}
	expect(1);
	let_go();
	stay();
}

static void
bomb(int depth)
{
	while (depth-- > 0)
		if (split() == 0 && depth % 2 == 0) {
			(void)setsid();
			be_deaf();
		}
	live();
}

static void
do_bomb(void)
{
	if (split() == 0)
		bomb(BOMB_DEPTH);
	expect(1 << BOMB_DEPTH);
	exit(7);
}

/* Never the same process for long. */
static void
do_flee(void)
{
	int i;

	if (split() == 0) {
		for (i = 0; i < FLIGHTS; i++) {
			if (i == 100)
				tell();
			if (split() != 0)
				_exit(0);
		}
		live();
	}
	expect(1);
}

static void
flood(int fd)
{
	static char block[4096];

	if (split() == 0)
		live();
	while (write(fd, block, sizeof(block)) > 0)
		;
	stay();
}

static void
do_core(void)
{
	struct rlimit most;

	/* As large as it may be. */
	if (getrlimit(RLIMIT_CORE, &most) == 0) {
		most.rlim_cur = most.rlim_max;
		(void)setrlimit(RLIMIT_CORE, &most);
	}
	if (split() == 0)
		live();
	expect(1);
	abort();
}

static void
do_descriptors(void)
{
	int fd;

	for (fd = 0; fd < 65536; fd++)
		if (fd != born[0] && fd != born[1] && fcntl(fd, F_GETFD) != -1)
			printf("%d\n", fd);
}

static void do_flood(void) { flood(1); }
static void do_flood_log(void) { flood(2); }

static const struct { const char *name; void (*act)(void); } kinds[] = {
	{ "fork", do_fork }, { "daemon", do_daemon }, { "deaf", do_deaf }, { "bomb", do_bomb }, { "flee", do_flee },
	{ "flood", do_flood }, { "flood-log", do_flood_log }, { "core", do_core }, { "descriptors", do_descriptors }
};

int
main(int argc, char *argv[])
{
	size_t i;

	if (argc != 3 || pipe(born) == -1)
		errx(2, "usage: unruly KIND MARK");
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].act();
			return 0;
		}
	errx(2, "%s: no such kind", argv[1]);
}
