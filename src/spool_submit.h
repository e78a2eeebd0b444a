/*
 * spool_submit: tmp/ -> new/ (or later/). A draft is a job being written; nothing sees it until it is committed.
 *
 *	spool_draft_open, spool_draft_key, job_put(&d.head, ...), spool_draft_write ..., spool_commit or spool_draft_abort
 */
#ifndef WQW_SPOOL_SUBMIT_H
#define WQW_SPOOL_SUBMIT_H

#include "job.h"
#include "spool.h"
#include "spool_key.h"

enum { SPOOL_HELD_MAX = 4096 };

struct spool_draft {
	const struct spool *q;
	char id[ID_MAX + 1];
	struct job_header head;   /* the caller adds fields before the first write; behind them is what is not in the file yet */
	char batch[ID_WORD_MAX + 1];  /* "": of none. The caller may set it before the commit, and adds the field Batch */
	int64_t due;              /* microseconds; 0: at once. The caller may set it before the commit */
	int fd, outbox;           /* outbox: where it waits for the end of a job; -1: tmp/, until the commit */
	int entry;                /* its entry in its batch, locked during the commit; -1: none */
	off_t length_at, start, size, max;  /* of Content-Length's value; of the payload; bytes so far; policy's max-size */
	int64_t max_backlog;      /* policy; 0: no limit */
	int counted, moved;       /* 1: in the backlog; moved by another one who has the same key, perhaps elsewhere */
	struct spool_key key;
	int key_active;           /* policy key-scope */
	int error;                /* after spool_commit: 0, or the errno of this draft */
	int again;                /* after spool_commit: 1: id is that of the first job with its key, and this draft is gone */
	int unknown;              /* after spool_commit: 1: fsync of the directory failed, it may or may not be there */
};

/*
 * Begins a draft with a fresh ID. ENOSPC: less than the policy's reserve is left. ENOBUFS: as many jobs wait as may.
 * Nothing is on disk yet. EACCES, EROFS and the like come with the file, from a write or the commit.
 */
int spool_draft_open(struct spool_draft *d, const struct spool *q, const struct policy *p, int priority, const char *group);

/* Whether a draft could be begun and committed, without the backlog. -1: ENOSPC as above; EACCES, EROFS. */
int spool_takes(const struct spool *q, const struct policy *p);

/* Before the first write: gives it an idempotency key, which spool_key_valid takes. */
int spool_draft_key(struct spool_draft *d, const char *key);

/*
 * Appends to the payload. EFBIG: larger than the policy's max-size. A payload of up to SPOOL_HELD_MAX bytes stays in memory
 * until the commit. After any failure only abort is allowed.
 */
int spool_draft_write(struct spool_draft *d, const void *buf, size_t n);

/* Makes the draft's file now, so that a queue that cannot be written is known. */
int spool_draft_create(struct spool_draft *d);

/* A descriptor to read a draft by that is not committed yet, at the first byte of the payload. */
int spool_draft_read(struct spool_draft *d);

/* For spool_commit: the whole file, with its length and its due time; not durable yet. */
int spool_draft_finish(struct spool_draft *d);

/*
 * Ends and makes durable n drafts of one queue in one round: all files, all renames, one directory. Many files go to disk by
 * one syncfs(2), which also flushes what others have written to that file system, instead of an fsync each. Returns how many
 * failed. ENOTUNIQ: another payload has the key; id is that of its job. ESHUTDOWN: all members of its batch have ended.
 * The ID of a job of an ordering group is final only now. A draft in an outbox has no key.
 */
size_t spool_commit(struct spool_draft *const *d, size_t n);

/* Forgets a draft that has not been committed; leaves nothing. Does nothing after a commit. */
void spool_draft_abort(struct spool_draft *d);

#endif
