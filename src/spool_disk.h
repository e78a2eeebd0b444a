/*
 * spool_disk: commits of the disk that the workers of a queue make for each other. What a process has written is durable once
 * a syncfs(2) of any process has ended that began after that. They are counted, as they begin and as they end, in stat/.disk.
 *
 * Group commit, as databases have it (DeWitt et al., Implementation Techniques for Main Memory Database Systems, SIGMOD
 * 1984), among processes of which any may die or stand still at any point: nobody holds a lock.
 */
#ifndef WQW_SPOOL_DISK_H
#define WQW_SPOOL_DISK_H

#include "spool.h"

struct spool_disk {
	int64_t *at;   /* the mapped numbers; NULL: this process has nothing to do with others */
	uint64_t self; /* by which it tells its own from those of others */
	uint64_t met;  /* io_clock(): when it last saw that another had begun one */
};

/* -1: then, and where syncfs(2) is not to be relied on, which is 0, d->at is NULL. */
int spool_disk_open(const struct spool *q, struct spool_disk *d);
void spool_disk_close(struct spool_disk *d);

/* 1 where others commit, too, so that there is something to share. */
int spool_disk_is_shared(struct spool_disk *d);

/*
 * All that this process has written is durable. `fd` is of a file among that which nobody else writes to: an fsync of it, which
 * has nothing left to write, is to say what a syncfs does not, of another process at that. Errors are those of both; of every
 * other file its own is for io_sync_check. Waits while another commits, and, where it is not urgent, for a moment after that.
 */
int spool_disk_sync(struct spool_disk *d, int fd, int urgent);

#endif
