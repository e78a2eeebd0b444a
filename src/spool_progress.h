/*
 * spool_progress: what a handler may keep beside its job: how far it is, for those who look; a checkpoint, for its next
 * attempt; and when that should be. All are files of the handler's making, and nothing depends on them.
 */
#ifndef WQW_SPOOL_PROGRESS_H
#define WQW_SPOOL_PROGRESS_H

#include "spool.h"

enum { SPOOL_PROGRESS_MAX = 200, SPOOL_ASIDE_MAX = 8 + 255 + 1 };

struct spool_progress {
	int percent;                        /* 0 to 100; -1: not told */
	char words[SPOOL_PROGRESS_MAX + 1]; /* without control characters, else as the handler wrote them; "": not told */
};

/* Their paths, relative to the queue. Return buf. */
char *spool_progress_path(char buf[SPOOL_ASIDE_MAX], const char *id);
char *spool_checkpoint_path(char buf[SPOOL_ASIDE_MAX], const char *id);
char *spool_retry_path(char buf[SPOOL_ASIDE_MAX], const char *id);

/* Whose progress a file in stat/ of this name is; NULL: nobody's. */
const char *spool_progress_whose(const char *file);

/* The last line of the progress; one that cannot be read, or is no plain file, tells nothing. */
void spool_progress(const struct spool *q, const char *id, struct spool_progress *p);

/*
 * Before when the attempt that began at `started` does not want a next one: *when, at most 7 days from `now`. 1: it says
 * so; 0: it says nothing; -1: what it says is neither a duration nor a time.
 */
int spool_retry_wish(const struct spool *q, const char *id, int64_t started, int64_t now, int64_t *when);

/* An attempt has ended: its progress and its wish go, and, where it was the job's last one, the checkpoint. errno is kept. */
void spool_progress_end(const struct spool *q, const char *id, int last);

/* Removes what is 36 hours old and no living job's. -1: the directory may not be read. */
int spool_progress_sweep(const struct spool *q);

#endif
