/*
 * spool_batch_end: the end of members, and of a batch, whose directory is open as `dir`; for spool_batch*.c alone. What each
 * leaves undone may be done again. -1 with errno; those that finish -2 where an fsync failed.
 */
#ifndef WQW_SPOOL_BATCH_END_H
#define WQW_SPOOL_BATCH_END_H

#include "spool.h"

/* A member has ended. */
int spool_batch_end_entry(int dir, const char *id, int done);

/* Where open/ can be removed, or is: all have ended, and the callback goes out. */
int spool_batch_finish(const struct spool *q, int dir, const char *batch);

/* No more members are to come: the same, as soon as the last has ended. */
int spool_batch_no_more(const struct spool *q, int dir, const char *batch);

/* What is left of one that is over, once it has no open/. `batch` is the name that it has now. */
int spool_batch_remove(const struct spool *q, int dir, const char *batch);

#endif
