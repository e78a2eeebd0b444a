/*
 * spool_limit: what bounds the attempts of a queue over all of its workers: tokens, of which each attempt that runs holds
 * one, and the time from which the next one may start.
 *
 * All return -1 with errno set.
 */
#ifndef WQW_SPOOL_LIMIT_H
#define WQW_SPOOL_LIMIT_H

#include "spool.h"

/*
 * Takes one of max_running tokens: 1: *fd, open for as long as it is held, by whatever process, and *number; 0: all are
 * taken; 2: another was looking as well, so look again soon. *above, 1 at first and after each change of the policy: there
 * may be tokens beyond max_running, which count as long as they are held.
 */
int spool_token_take(const struct spool *q, int64_t max_running, int *above, int *fd, int64_t *number);

int spool_token_name(const char *file);   /* 1 where this file of stat/ is a token: closed for writing, it may be free */

/* The time that the starts of a queue have come to: mapped, for spool_rate_take, until spool_cell_close. */
int spool_rate_open(const struct spool *q, int64_t **at);

/*
 * Asks for a start at `now`, nanoseconds on CLOCK_BOOTTIME: 0: granted; else how long to wait before asking again. *before
 * is for spool_rate_return, which takes back a grant that came to nothing.
 */
int64_t spool_rate_take(int64_t *at, const struct policy *p, int64_t now, int64_t *before);
void spool_rate_return(int64_t *at, const struct policy *p, int64_t before);
int64_t spool_rate_clock(void);

#endif
