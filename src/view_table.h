/*
 * view_table: queues, and ages, as tables for people. Both write to `f` and leave it to the caller to see its error.
 */
#ifndef WQW_VIEW_TABLE_H
#define WQW_VIEW_TABLE_H

#include <stdio.h>

#include "view_age.h"
#include "view_queue.h"

void view_table(FILE *f, const struct view_row *rows, size_t n, int64_t now);

/* A line for all, one for each row, and one for those that have no room. */
void view_table_age(FILE *f, const struct view_age *a);

#endif
