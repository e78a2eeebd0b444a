/*
 * spool_bury: dead letters, and what follows from them.
 */
#ifndef WQW_SPOOL_BURY_H
#define WQW_SPOOL_BURY_H

#include "spool_path.h"

/* Adds a line to the job's log, moves its file to failed/ for `reason`, and makes that durable. */
int spool_bury(const struct spool *q, enum spool_dir from, const char *file, const struct id_name *name,
    enum id_reason reason, const char *line);

#endif
