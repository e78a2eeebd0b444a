/*
 * view: the state of a job, for people and programs. Names and times of the file system tell nearly all of it; only of
 * a job that runs, and of a single one that is done, is a file opened: its progress, and its result's header.
 */
#ifndef WQW_VIEW_H
#define WQW_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "spool.h"
#include "spool_progress.h"

enum view_state { VIEW_LATER, VIEW_HELD, VIEW_NEW, VIEW_RUNNING, VIEW_ABANDONED, VIEW_DONE, VIEW_FAILED, VIEW_STATES };

enum { VIEW_WORDS_MAX = 512 };

struct view {
	const char *queue;      /* as the caller named it */
	enum view_state state;  /* held: by an operator; abandoned: its worker has died and another one will take it */
	struct id_name name;
	int attempts;           /* made, with the one that runs; -1: not known */
	int64_t submitted, due, started, finished;  /* microseconds; -1: not known, or does not apply */
	struct spool_progress progress;   /* of one that runs, as its handler tells it */
};

/* Where the job is and what is known of it; spool_find's errors. */
int view_find(const struct spool *q, const char *id, struct view *v);

/* The same for a file that a scan of `d` found. EINVAL: not a job's name; ENOENT: gone meanwhile. */
int view_file(const struct spool *q, enum spool_dir d, const char *file, struct view *v);

const char *view_state_name(enum view_state s);

/* "QUEUE/ID". Returns buf; size is at least strlen(queue) + ID_MAX + 2, or it is cut off. */
char *view_address(const struct view *v, char *buf, size_t size);

/* What there is to say beside the state, in a few words: "attempt 2, for 12s". Returns buf. */
char *view_words(const struct view *v, int64_t now, char buf[VIEW_WORDS_MAX]);

#endif
