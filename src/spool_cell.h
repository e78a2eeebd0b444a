/*
 * spool_cell: numbers of stat/ that the workers of a queue share: mapped, and changed with atomic operations alone. For
 * what may be anything: it does not matter who made them, and they are never fsynced.
 */
#ifndef WQW_SPOOL_CELL_H
#define WQW_SPOOL_CELL_H

#include <stdint.h>

#include "spool.h"

/* Where the last job stands that a worker went for, see worker_cursor.h. */
#define SPOOL_CURSOR ".cursor"

/* How many commits of the disk the workers have made, see spool_disk.h. */
#define SPOOL_DISK ".disk"

/* n of them. Makes those that there are none of, with zeros. -1: *at is NULL. */
int spool_cell_open(const struct spool *q, const char *file, size_t n, int64_t **at);
void spool_cell_close(int64_t **at, size_t n);

#endif
