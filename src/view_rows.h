/*
 * view_rows: several queues, each looked at once.
 */
#ifndef WQW_VIEW_ROWS_H
#define WQW_VIEW_ROWS_H

#include <stddef.h>

#include "view_queue.h"

struct view_rows {   /* zero at first */
	struct view_row *row;
	size_t n;
};

int view_rows_add(struct view_rows *r, const struct spool *q);

/* All queues of the spool, by their names; those that cannot be opened or read are left out. -1: the spool cannot be read. */
int view_rows_spool(struct view_rows *r);

void view_rows_sort(struct view_rows *r);
void view_rows_clear(struct view_rows *r);

#endif
