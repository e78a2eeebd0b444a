/*
 * feed: the bytes of a descriptor, piece by piece, into a draft. A signal ends it between two pieces, so that the draft
 * can be dropped before the process goes.
 */
#ifndef WQW_FEED_H
#define WQW_FEED_H

#include <signal.h>
#include <stddef.h>

#include "spool_submit.h"

enum { FEED_PIECE = 65536 };

enum feed_fault { FEED_WRITING, FEED_READING, FEED_GUESSING };

struct feed {
	int fd;                  /* set by the caller */
	int stop;                /* of feed_signals; -1: none */
	enum feed_fault fault;   /* after a failure: what failed */
	size_t at, have;         /* read and not written yet: of piece, from `at` on, `have` bytes */
	size_t line;             /* with feed_line: lines that are behind, empty ones too; the caller sets it to 0 */
	char piece[FEED_PIECE];
};

struct feed_job {
	const struct job_header *fields;
	const char *type;        /* NULL: none but what the fields have; "guess": by the first bytes */
	const char *path;        /* whose last part becomes Filename where the fields have none; NULL: none */
};

/* Blocks the signals that would end the process, SIGINT, SIGTERM and SIGHUP, and returns a descriptor that hears them. */
int feed_signals(sigset_t *old);

/* 1 where one has come. */
int feed_stopped(const struct feed *f);

/*
 * Fills a draft that has just been opened with the header of `job` and all that fd gives. EINTR: a signal came. With
 * FEED_GUESSING, ENOTSUP: built without libmagic; ENOENT: its database is missing.
 */
int feed_draft(struct feed *f, struct spool_draft *d, const struct feed_job *job);

/* The next line's payload, without its end, which is the byte `end`; feed_rewind comes before the first of a descriptor. */
void feed_rewind(struct feed *f);
int feed_line(struct feed *f, struct spool_draft *d, const struct feed_job *job, int end);

/*
 * 1: there is another line, or a part of it; empty ones are passed over. 0: there is none. 2: nobody knows yet: a read would wait.
 * With `wait` that is not told but waited for.
 */
int feed_more(struct feed *f, int end, int wait);

#endif
