/* queue: an empty queue ./q in a directory of its own, opened. */
#ifndef WQW_TESTS_QUEUE_H
#define WQW_TESTS_QUEUE_H

#include "scratch.h"
#include "spool.h"
#include "spool_init.h"

static void
queue_open(struct spool *q)
{
	const struct spool_owner me = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	char why[256];

	scratch_enter();
	ck_assert_int_eq(spool_init("./q", &me, why, sizeof(why)), 0);
	ck_assert_int_eq(spool_open(q, "./q"), 0);
}

#endif
