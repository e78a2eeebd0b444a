/*
 * spool_batch_make: the directories of a batch; for spool_batch*.c alone.
 */
#ifndef WQW_SPOOL_BATCH_MAKE_H
#define WQW_SPOOL_BATCH_MAKE_H

#include "spool.h"

#define BATCH_MORE "open/.more"

enum { BATCH_PATH_MAX = 2 * (ID_NAME_MAX + 1) + 32 };

/* Descriptors: of a directory there, and of a batch. */
int spool_batch_open_dir(int at, const char *path);
int spool_batch_open(const struct spool *q, const char *batch);

/* Whoever may add a key may add to a batch, and take out of it. */
int spool_batch_make_dir(const struct spool *q, const char *path);

/* As a whole, under another name first, so that there is never one without `.more`. One that is there already is fine. */
int spool_batch_make(const struct spool *q, const char *batch);

#endif
