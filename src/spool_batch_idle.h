/*
 * spool_batch_idle: batches that nobody ends: no member runs, and no callback was submitted.
 */
#ifndef WQW_SPOOL_BATCH_IDLE_H
#define WQW_SPOOL_BATCH_IDLE_H

#include <stdint.h>

#include "spool.h"

/* ".batch/NAME", below keys/. Returns buf. */
char *spool_batch_name(char buf[ID_NAME_MAX + 16], const char *batch);

/* Calls each(arg, name) for all that is in keys/.batch, also under hidden names, until it returns other than 0. */
int spool_batch_scan(const struct spool *q, int (*each)(void *arg, const char *batch), void *arg);

/* 1: no member is open and there is no callback, `since` then; 0: it is not so; -1. */
int spool_batch_idle(const struct spool *q, const char *batch, int64_t *since);

/* Removes it: 1. 0: somebody has come meanwhile, or it has gone. */
int spool_batch_forget(const struct spool *q, const char *batch);

#endif
