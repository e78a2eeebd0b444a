/*
 * web_pick: some jobs of a state, in the order of their IDs: one scan of a directory, and no more is kept than is asked for.
 */
#ifndef WQW_WEB_PICK_H
#define WQW_WEB_PICK_H

#include <stddef.h>

#include "spool.h"
#include "view.h"

struct web_pick {
	const struct spool *q;
	enum view_state state;       /* VIEW_STATES: whatever is in the directory */
	enum spool_dir dir;
	int backwards;               /* 1: the last before the cursor, else the first behind it */
	char cursor[ID_MAX + 1];     /* "": there is none */
	size_t limit;
	size_t n;                    /* how many were found */
	int more;                    /* 1: there are more in that direction */
	char (*id)[ID_MAX + 1], (*file)[ID_NAME_MAX + 1];   /* in the order of the IDs */
};

/* The state by its name, and where its jobs are. -1: it has no list. */
int web_pick_state(struct web_pick *p, const char *name);

/* -1 with errno; web_pick_free in any case. */
int web_pick(struct web_pick *p);
void web_pick_free(struct web_pick *p);

#endif
