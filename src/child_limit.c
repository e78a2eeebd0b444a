#include "child_limit.h"

#include <sys/resource.h>
#include <unistd.h>

enum { PAGE = 4096, ROOM = 8 * PAGE };

/* A hard limit that is there is never raised: who may not would fail, and who may was not asked to. */
static int
limit(int what, int64_t soft, int64_t more)
{
	struct rlimit r;

	if (soft == 0)
		return 0;
	if (getrlimit((__rlimit_resource_t)what, &r) != 0)
		return -1;
	if ((rlim_t)soft + (rlim_t)more < r.rlim_max)
		r.rlim_max = (rlim_t)soft + (rlim_t)more;
	r.rlim_cur = (rlim_t)soft < r.rlim_max ? (rlim_t)soft : r.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &r);
}

/* Until exec this process runs in the memory of the one that started it, whose stack must not have to grow any more. */
static void
grow_stack(void)
{
	volatile char room[ROOM];
	size_t i;

	for (i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
}

int
child_limit(const struct slot_limits *l)
{
	if (l->memory != 0)
		grow_stack();
	return limit(RLIMIT_AS, l->memory, 0) != 0 || limit(RLIMIT_CPU, l->cpu, l->cpu_grace) != 0 ||
	    limit(RLIMIT_NOFILE, l->files, 0) != 0 || limit(RLIMIT_NPROC, l->processes, 0) != 0 ? -1 : 0;
}

int
child_enter(int procs)
{
	/* "0" is whoever writes it. */
	return write(procs, "0", 1) == 1 ? 0 : -1;
}
