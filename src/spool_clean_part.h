/*
 * spool_clean_part: what spool_clean*.c share.
 */
#ifndef WQW_SPOOL_CLEAN_PART_H
#define WQW_SPOOL_CLEAN_PART_H

#include "spool_clean.h"

/* Microseconds: what nobody has finished by then nobody will. */
#define SPOOL_CLEAN_CUT (INT64_C(36) * 3600 * 1000000)

void spool_clean_removed(const struct spool_cleaning *c, enum spool_dir d, const char *file);
int spool_clean_keys(struct spool_cleaning *c);
int spool_clean_batches(struct spool_cleaning *c);
int spool_clean_tmp(struct spool_cleaning *c);

#endif
