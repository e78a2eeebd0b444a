/*
 * spool_outbox: jobs that follow from another's end. They wait in a directory of their own in tmp/ until that end is on
 * record, and are then delivered: once, whatever dies meanwhile. In it `ID` is a job file, and `ID,to` a symbolic link
 * to the directory that it is for; what begins with a dot is unfinished.
 */
#ifndef WQW_SPOOL_OUTBOX_H
#define WQW_SPOOL_OUTBOX_H

#include "spool_submit.h"

enum { SPOOL_OUTBOX_MAX = ID_NAME_MAX + 16 };

enum spool_outbox {
	SPOOL_IF_DONE,    /* tmp/.out,ID,A=n: delivered when this attempt has succeeded */
	SPOOL_IF_FAILED   /* tmp/.end,ID,A=n: delivered when the job is a dead letter */
};

/* Its path below the queue's directory, "tmp/...": WQW_OUTBOX of a handler. Returns buf. */
char *spool_outbox_path(char buf[SPOOL_OUTBOX_MAX], enum spool_outbox kind, const struct id_name *name);

/* "ID,A=n" in a name of tmp/ that is an outbox's; NULL: it is not. */
const char *spool_outbox_name(const char *file);

/*
 * Turns a draft that was just opened into one that waits in the outbox at this path, which is made if need be. Its ID
 * then follows from the parent's and from how many were staged before. EINVAL: it is not the path of an outbox.
 */
int spool_outbox_stage(struct spool_draft *d, const char *path);

/*
 * A descriptor of an outbox. One for failures is locked: EWOULDBLOCK where another process is at it. The first makes it,
 * where it is not there; the second says ENOENT.
 */
int spool_outbox_make(const struct spool *q, enum spool_outbox kind, const struct id_name *name);
int spool_outbox_open(const struct spool *q, enum spool_outbox kind, const struct id_name *name);

/* One job: an empty file to be written, then its place in the queue `to`; or never mind. */
int spool_outbox_create(int out, const struct spool *to, const char *id);
int spool_outbox_put(int out, const struct spool *to, enum spool_dir d, const char *id);
void spool_outbox_cancel(int out, const char *id);

/* Calls each(arg, name) for all entries of a directory but . and .., until it returns other than 0. */
int spool_outbox_each(int fd, int (*each)(void *, const char *), void *arg);

/* Makes it durable, before the end that it waits for is put on record. */
int spool_outbox_seal(const struct spool *q, int out);

/*
 * After that record is durable: all jobs into their queues, durably. `again`: somebody may have begun with it before. 0;
 * -1: to be tried again; -2: an fsync failed, which this process must not try again.
 */
int spool_outbox_deliver(int out, int again);

int spool_outbox_clear(int out);

/* Removes and closes it, delivered or not. -1 only where something of it may still be taken for a job. */
int spool_outbox_remove(const struct spool *q, enum spool_outbox kind, const struct id_name *name, int *out);

/* Removes one that may be there, and whose end was another. */
int spool_outbox_drop(const struct spool *q, enum spool_outbox kind, const struct id_name *name);

/* Before a dead letter is put back: delivers what a worker that died has left of its end. As above. */
int spool_outbox_finish(const struct spool *q, const struct id_name *name);

/* Finishes what a worker that died has left: delivers what waits for a dead letter that is there, removes the rest. As above. */
int spool_outbox_recover(const struct spool *q);

#endif
