#include <sys/file.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "spool_check_part.h"
#include "spool_key.h"
#include "spool_order.h"
#include "spool_path.h"

/* --- idempotency keys */

static const char *
judge_key(struct spool_checking *c, const struct spool_thing *t)
{
	char id[ID_MAX + 1];
	struct stat st;

	if (spool_check_stat(c, t->path, &st) == -1)
		return NULL;
	if (!S_ISLNK(st.st_mode) || strlen(t->file) != SPOOL_DIGEST || strspn(t->file, "0123456789abcdef") != SPOOL_DIGEST)
		return "is not a key";
	if (spool_key_holder(c->q, t->file, id) == -1)
		return errno == EBADMSG ? "a key that leads to no ID" : NULL;
	/* Its submitter may not have come further than the key. */
	if (!spool_check_older(&st, SPOOL_CHECK_CUT) || spool_check_known(c, id) || spool_exists(c->q, SPOOL_TMP, id) != 0)
		return NULL;
	return "a key whose job is nowhere: it is free";
}

/* Under the lock nobody takes it over. */
static int
mend_key(struct spool_checking *c, const struct spool_thing *t)
{
	int lock = spool_key_lock(c->q), r = -1;
	char id[ID_MAX + 1];
	struct spool_job job;

	if (lock == -1 || judge_key(c, t) == NULL)
		goto out;
	if (spool_key_holder(c->q, t->file, id) == -1 ? errno == EBADMSG && strlen(t->file) == SPOOL_DIGEST :
	    spool_find(c->q, id, &job) == -1 && errno == ENOENT)
		r = spool_unlink(c->q, SPOOL_KEYS, t->file);
out:
	(void)io_close(&lock);
	return r;
}

int
spool_check_key(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_key, mend_key);
	return 0;
}

/* --- the clocks of ordering groups */

static int
bucket_of(const struct spool_thing *t)
{
	return (int)strtol(t->rest, NULL, 16);
}

static const char *
judge_order(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_order_check(c->q, bucket_of(t)) == -1 && errno == EBADMSG ?
	    "is no clock: no job of its groups can be submitted" : NULL;
}

/* Later than any job of these groups that is known. */
static int
mend_order(struct spool_checking *c, const struct spool_thing *t)
{
	int64_t now = io_now(), last = spool_check_group_time(c, bucket_of(t));

	return spool_order_mend(c->q, bucket_of(t), now > last ? now : last);
}

int
spool_check_order(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_order, mend_order);
	return 0;
}
