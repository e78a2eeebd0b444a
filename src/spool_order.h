/*
 * spool_order: the clock of ordering groups. IDs sort by their time, so a job of a group gets one that is later than that
 * of any job of the group whose submission has returned, whatever the machine's clock does: a hybrid logical clock (Kulkarni
 * and others, 2014), kept in keys/.order.<bucket>. For spool_commit.c, and spool_check.
 */
#ifndef WQW_SPOOL_ORDER_H
#define WQW_SPOOL_ORDER_H

#include <stdint.h>

#include "spool.h"

enum { SPOOL_ORDER_BUCKETS = 64 };

int spool_order_bucket(const char *group);

/* A descriptor of a bucket's clock, locked until it is closed. Who needs several locks them in ascending order. */
int spool_order_lock(const struct spool *q, int bucket);

/* The next time, in microseconds: `own`, or later. Durable when the descriptor has been fsynced. EBADMSG: it is no clock. */
int64_t spool_order_next(int fd, int64_t own);

/* 0: a bucket's clock is sound, or not there; -1: EBADMSG: it is none. The second sets one that is none, durably. */
int spool_order_check(const struct spool *q, int bucket);
int spool_order_mend(const struct spool *q, int bucket, int64_t time);

#endif
