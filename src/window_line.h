/*
 * window_line: the names of ordering groups, each group's in a line of its own, least key first. A group that must wait
 * keeps all of its names out of the way. All lines together hold about WINDOW_MAX names, however many groups there are:
 * each keeps its least ones, and what was left out is found by the next scan.
 */
#ifndef WQW_WINDOW_LINE_H
#define WQW_WINDOW_LINE_H

#include "window.h"

struct window_line {
	struct window_line *next;   /* of those that share a slot */
	struct window names;
	int64_t look_at;            /* the caller's: when a line that is stalled is to be tried again */
	int stalled;                /* the caller's */
	char group[];
};

struct window_lines {
	struct window_line **slot;
	size_t slots, n;            /* n: lines */
	size_t names, max;          /* in all lines, or more; in one at most */
	size_t hungry;              /* lines that have run empty, while names of theirs were left out */
	int more;                   /* 1: whole groups were left out */
};

void window_lines_clear(struct window_lines *l);

/* During a scan, and its end: as window_add, window_seal. */
int window_line_add(struct window_lines *l, const char *group, int64_t key, const char *file);
void window_lines_seal(struct window_lines *l);

/* A name that has just come: 1, with its line, where it is the first there now; 0: not the first; -1: ENOMEM. */
int window_line_insert(struct window_lines *l, const char *group, int64_t key, const char *file, struct window_line **at);

struct window_line *window_line_find(const struct window_lines *l, const char *group);

/* Forgets the first name. Returns the line, or NULL where it has none left; then it is not to be used any more. */
struct window_line *window_line_pop(struct window_lines *l, struct window_line *line);

/* Calls each(arg, line) for every line that has a name, until it returns other than 0, which is then returned. */
int window_lines_each(const struct window_lines *l, int (*each)(void *arg, struct window_line *line), void *arg);

#endif
