/*
 * submit: what wqw-submit does once it knows its options: files, or their lines, into drafts, and these to disk in rounds. It
 * talks: addresses to standard output, what is wrong to standard error.
 */
#ifndef WQW_SUBMIT_H
#define WQW_SUBMIT_H

#include "await.h"
#include "feed.h"
#include "feed_ask.h"

/* One round of drafts goes to disk together: so many at most, and so many bytes, that none waits long for the others. */
enum { SUBMIT_FILES = -1, SUBMIT_ROUND = 256, SUBMIT_ROUND_BYTES = 64 << 20 };

struct submit {
	struct spool q;
	struct policy p;
	struct feed_ask ask;
	const char *type, *then;    /* --type; the callback's queue of --then, which q is then; NULL: not given */
	struct spool home;          /* with --then: the batch's queue */
	struct job_header fields;
	const char *outbox;         /* inside a handler: where jobs wait for its success; NULL: elsewhere */
	int lines;                  /* the byte that ends a line, each of which is a job; SUBMIT_FILES: each file is one */
	int progress;               /* 1: how many have been accepted is shown on a terminal */
	int wait;
	int64_t patience;           /* microseconds; -1: for ever */
	struct await await;
	struct feed feed;
	struct spool_draft drafts[SUBMIT_ROUND];
	size_t line[SUBMIT_ROUND];  /* with lines: which one each of them is, from 1 */
	size_t n;
	off_t bytes;
	size_t accepted;
};

/* Control characters replaced, for a message; overwritten by the next call. */
const char *submit_clean(const char *text);

/* Files, "-" being standard input. Returns the exit code: that of the first that failed, with which it stops. */
int submit_all(struct submit *s, const char *const *files, size_t n);

#endif
