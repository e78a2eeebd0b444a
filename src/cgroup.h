/*
 * cgroup: limits of the whole tree of an attempt, by version 2 control groups, where this process has a group that is
 * delegated to it. The process goes to a group below its own, and each slot's commands to another.
 *
 * All return -1 with errno set.
 */
#ifndef WQW_CGROUP_H
#define WQW_CGROUP_H

#include <stdint.h>

enum { CGROUP_NAME_MAX = 64 };

struct cgroup {
	int own;             /* the group that this process began in; -1: none that is of use */
	int memory, pids;    /* 1: it has that controller */
	char worker[CGROUP_NAME_MAX];
};

struct cgroup_leaf {
	int dir, procs;      /* procs: what a command writes itself to; -1: not made yet */
	int64_t memory, processes;   /* as they were set */
	uint64_t killed;     /* processes that the kernel has killed for memory, as last read */
	char name[CGROUP_NAME_MAX];
};

/* Finds the group of this process. ENOTSUP: there is none, or it is not delegated. */
int cgroup_own(void);

/* Takes over that group, and closes it where it is of no use: ENOTSUP: no controller; EBUSY: other processes are in it. */
int cgroup_open(struct cgroup *g, int own);
void cgroup_close(struct cgroup *g);

/* Makes the group of slot i, or changes its limits: bytes and a number, 0: none. */
int cgroup_limit(const struct cgroup *g, struct cgroup_leaf *leaf, int i, int64_t memory, int64_t processes);
int cgroup_oom(struct cgroup_leaf *leaf);    /* 1: something was killed for memory since it was last asked */
void cgroup_remove(const struct cgroup *g, struct cgroup_leaf *leaf);

#endif
