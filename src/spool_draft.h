/*
 * spool_draft: a look at a draft before it is committed.
 */
#ifndef WQW_SPOOL_DRAFT_H
#define WQW_SPOOL_DRAFT_H

#include "spool_submit.h"

/* A descriptor to read it by, at the first byte of the payload. */
int spool_draft_read(const struct spool_draft *d);

#endif
