/*
 * spool_batch: fan-in. A batch is a directory keys/.batch/NAME of the queue that its members are in; an entry in its open/
 * is a member that has not ended. Whoever takes the last one out can remove open/, and by that alone knows that it was the
 * last: then the job that waits in then/ goes out, told how many were done and how many failed.
 *
 * All return -1 with errno, and those that deliver -2 where an fsync failed, as spool_outbox does.
 */
#ifndef WQW_SPOOL_BATCH_H
#define WQW_SPOOL_BATCH_H

#include "job.h"
#include "spool.h"

/*
 * Before a member is in new/: its entry, in a batch that is made if need be. A descriptor, which the submitter keeps until
 * the member is in new/: the lock on it says that it lives. ESHUTDOWN: all of the batch's members have ended.
 */
int spool_batch_enter(const struct spool *q, const char *batch, const char *id);
int spool_batch_sync(const struct spool *q, const char *batch);
void spool_batch_leave(const struct spool *q, const char *batch, const char *id);

/* The name of the batch that a job is a member of; NULL: of none. */
char *spool_batch_of(const struct job_header *h, char name[ID_WORD_MAX + 1]);

/* After a member's end is on record, and before its file leaves cur/. */
int spool_batch_ended(const struct spool *q, const char *batch, const char *id, int done);

/* The same for the job in that file, if it is a member of any. */
int spool_batch_ended_file(const struct spool *q, enum spool_dir d, const char *file, const char *id, int done);

/* An outbox for the callback of that ID; then, when the job is in it: no more members are to come. EEXIST: it has one. */
int spool_batch_stage(const struct spool *q, const char *batch, const char *id);
void spool_batch_unstage(const struct spool *q, const char *batch, const char *id);
int spool_batch_close(const struct spool *q, const char *batch, const char *id);   /* -2: it may be closed, or not */

/* Does what submitters and workers that died have left undone. */
int spool_batch_recover(const struct spool *q);

#endif
