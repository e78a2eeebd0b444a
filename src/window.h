/*
 * window: a bounded set of file names, least key first. A backlog of a million costs neither memory nor a scan for each
 * job: a scan keeps the WINDOW_MAX least, and `cut` says that there are more than these.
 */
#ifndef WQW_WINDOW_H
#define WQW_WINDOW_H

#include <stddef.h>
#include <stdint.h>

enum { WINDOW_MAX = 65536 };

struct window_entry {
	int64_t key;
	char *file;
};

struct window {
	struct window_entry *entry;  /* entry[head] to entry[end - 1], sorted once sealed */
	size_t head, end, room;
	size_t max;                  /* how many are kept; 0: WINDOW_MAX */
	int cut;                     /* 1: names with a key of at least `bound` were left out */
	int64_t bound;
};

void window_clear(struct window *w);

/* During a scan: adds in any order, and keeps the least. window_seal sorts them. -1: ENOMEM. */
int window_add(struct window *w, int64_t key, const char *file);
void window_seal(struct window *w);

/* After a scan: a name that has just come. One beyond the bound of a window that was cut is left for the next scan. */
int window_insert(struct window *w, int64_t key, const char *file);

/* The least entry, or NULL. window_pop forgets it. */
const struct window_entry *window_least(const struct window *w);
void window_pop(struct window *w);

#endif
