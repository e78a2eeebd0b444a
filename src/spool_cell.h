/*
 * spool_cell: eight bytes of stat/ that the workers of a queue share: mapped, and changed with atomic operations alone. For
 * what may be anything: it does not matter who made them, and they are never fsynced.
 */
#ifndef WQW_SPOOL_CELL_H
#define WQW_SPOOL_CELL_H

#include <stdint.h>

#include "spool.h"

/* Where the last job stands that a worker went for, see worker_cursor.h. */
#define SPOOL_CURSOR ".cursor"

/* Makes it, with a zero, where there is none. -1: *at is NULL. */
int spool_cell_open(const struct spool *q, const char *file, int64_t **at);
void spool_cell_close(int64_t **at);

#endif
