/*
 * spool_shared: small files of keys/ that every submitter and worker of a queue writes, whatever user it is. For spool*.c.
 */
#ifndef WQW_SPOOL_SHARED_H
#define WQW_SPOOL_SHARED_H

#include "spool.h"

/* Opens keys/<name> for reading and writing, and makes it where there is none. */
int spool_shared_open(const struct spool *q, const char *name);

/* The same, and waits for the exclusive lock on it. Closing gives it up. */
int spool_shared_lock(const struct spool *q, const char *name);

#endif
