/*
 * spool_stat: who runs what. Each worker keeps one file in stat/, named like itself and locked while it lives, with a line
 * for each slot. It is written through a mapping: telling what runs costs no system call, and nothing waits for a disk.
 */
#ifndef WQW_SPOOL_STAT_H
#define WQW_SPOOL_STAT_H

#include <stddef.h>

#include "spool.h"

struct spool_worker {
	char *map;          /* NULL: not enrolled; then the calls below do nothing */
	size_t size, lines; /* offset of the first slot's line */
	int fd, slots;
	char name[ID_NAME_MAX + 1];
};

/* Removes what dead workers left, and makes this one's file. -1 with errno: the worker works all the same. */
int spool_enroll(struct spool_worker *w, const struct spool *q, const char *name, int slots);
void spool_enroll_slot(struct spool_worker *w, int slot, const char *id);   /* NULL: it is idle */
void spool_leave(struct spool_worker *w, const struct spool *q);

/*
 * Calls each(arg, worker, id) for what every living worker runs, with "" once for one that runs nothing, until it
 * returns other than 0, which is then returned.
 */
int spool_scan_workers(const struct spool *q, int (*each)(void *arg, const char *worker, const char *id), void *arg);

struct spool_workers {   /* those that live */
	int64_t workers, slots, busy;
};

/* The same as numbers alone. */
int spool_tally_workers(const struct spool *q, struct spool_workers *w);

#endif
