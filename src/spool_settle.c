#include "spool_settle.h"

#include <errno.h>
#include <sys/stat.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_count.h"
#include "spool_event.h"
#include "spool_outbox.h"
#include "spool_path.h"
#include "spool_progress.h"
#include "spool_stage.h"

/* All that the attempt has made. An outbox without a job in cur/ is no one's, and one that is left is removed later. */
static void
discard(struct spool_claim *c)
{
	spool_unstage(c);
	(void)io_close(&c->follow);
	(void)spool_outbox_drop(c->q, SPOOL_IF_DONE, &c->name);
}

static int
retry(struct spool_claim *c)
{
	char draft[ID_NAME_MAX + 1];

	discard(c);
	if (spool_stamp(c->q, SPOOL_CUR, c->file, spool_staged_name(draft, c), &c->fd, c->due) == -1)
		return -1;
	return spool_move(c->q, SPOOL_CUR, c->file, SPOOL_LATER, c->file);
}

/* Back as if it had never been claimed. */
static int
put_back(struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	discard(c);
	return spool_move(c->q, SPOOL_CUR, c->file, SPOOL_NEW, id_file(file, c->name.id, c->name.attempts - 1, ID_NONE));
}

static int
bury(struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	discard(c);
	if (spool_event_dead(c->q, c->p, &c->name, &c->head, c->reason, c->started, &c->follow) == -1)
		return -1;
	(void)id_file(file, c->name.id, c->name.attempts, c->reason);
	if (spool_move(c->q, SPOOL_CUR, c->file, SPOOL_FAILED, file) == 0)
		return 0;
	return errno == EEXIST ? spool_unlink(c->q, SPOOL_CUR, c->file) : -1;
}

static int
publish(struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	if (spool_move(c->q, SPOOL_TMP, spool_staged_name(file, c), SPOOL_DONE, c->name.id) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	discard(c);
	return 0;
}

static int
has_result(const struct spool_claim *c)
{
	return c->error == 0 && c->outcome == SPOOL_SUCCESS;
}

/* One that is empty goes. A dead letter's story is in its log, so that is to be durable before it. */
static void
end_log(struct spool_claim *c)
{
	struct stat st;

	if (c->log != -1 && fstat(c->log, &st) == 0 && st.st_size == 0)
		(void)spool_unlink(c->q, SPOOL_LOG, c->name.id);
	else if (c->outcome == SPOOL_DEAD)
		return;
	(void)io_close(&c->log);
}

static void
seal(struct spool_settle_round *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct spool_claim *c = r->c[i];

		c->error = c->unknown = 0;
		end_log(c);
		if (c->outcome == SPOOL_SUCCESS && spool_seal(c) == -1)
			c->error = errno;
	}
}

/* --- the disk: as spool_commit.c does it */

/* From so many on they wait for a commit that other workers make, too; fewer are an fsync each, which waits for nobody. */
enum { SHARED_FROM = 3 };

static int
to_sync(const struct spool_claim *c)
{
	return has_result(c) ? c->result : c->outcome == SPOOL_DEAD ? c->log : -1;
}

/* Whether it was moved to where it must be durable. */
static int
is_in(const struct spool_claim *c, enum spool_dir d)
{
	return c->error == 0 && c->outcome == (d == SPOOL_DONE ? SPOOL_SUCCESS : SPOOL_DEAD);
}

/* How many files and directories; *fd is one to name their file system by, *own that of a result, which nobody else has, or -1. */
static size_t
dirty(const struct spool_settle_round *moved, const struct spool_settle_round *sealed, int *fd, int *own)
{
	size_t i, n = 0;
	int done = 0, failed = 0;

	for (i = 0; i < sealed->n; i++)
		if (to_sync(sealed->c[i]) != -1) {
			*fd = to_sync(sealed->c[i]);
			if (has_result(sealed->c[i]))
				*own = *fd;
			n++;
		}
	for (i = 0; i < moved->n; i++) {
		if (!is_in(moved->c[i], SPOOL_DONE) && !is_in(moved->c[i], SPOOL_FAILED))
			continue;
		*fd = moved->c[i]->fd;
		if (is_in(moved->c[i], SPOOL_DONE))
			*own = moved->c[i]->result;
		done |= is_in(moved->c[i], SPOOL_DONE);
		failed |= is_in(moved->c[i], SPOOL_FAILED);
	}
	return n + (size_t)done + (size_t)failed;
}

/* What the disk refuses where it was moved to stays locked: its state is unknown. */
static void
refuse(struct spool_settle_round *moved, enum spool_dir d, int error)
{
	size_t i;

	for (i = 0; i < moved->n; i++)
		if (is_in(moved->c[i], d)) {
			moved->c[i]->error = error;
			moved->c[i]->unknown = 1;
		}
}

static void
sync_moved(struct spool_settle_round *moved, enum spool_dir d)
{
	size_t i;

	for (i = 0; i < moved->n && !is_in(moved->c[i], d); i++)
		;
	if (i < moved->n && spool_sync(moved->c[i]->q, d, moved->c[i]->fd) == -1)
		refuse(moved, d, errno);
}

/* A log that the disk refuses does not keep its job from ending. */
static void
sync_sealed(struct spool_settle_round *sealed)
{
	size_t i;

	for (i = 0; sealed->n > 1 && i < sealed->n; i++)
		if (to_sync(sealed->c[i]) != -1)
			io_sync_begin(to_sync(sealed->c[i]));
	for (i = 0; i < sealed->n; i++)
		if (to_sync(sealed->c[i]) != -1 && io_sync(to_sync(sealed->c[i])) == -1 && has_result(sealed->c[i]))
			sealed->c[i]->error = errno;
}

/* Whose fault it was is not asked, as in spool_commit.c. */
static void
sync_failed(struct spool_settle_round *moved, struct spool_settle_round *sealed, int error)
{
	size_t i;

	for (i = 0; i < sealed->n; i++)
		if (has_result(sealed->c[i]))
			sealed->c[i]->error = error;
	refuse(moved, SPOOL_DONE, error);
	refuse(moved, SPOOL_FAILED, error);
}

/* 1: both are durable, or have failed; 0: they are too few for that, and each is to be synced by itself. */
static int
sync_together(struct spool_disk *disk, struct spool_settle_round *moved, struct spool_settle_round *sealed)
{
	int fd = -1, own = -1;
	size_t i, n = dirty(moved, sealed, &fd, &own);

	if (n < IO_SYNC_ALL_FROM && (n < SHARED_FROM || own == -1 || !spool_disk_is_shared(disk)))
		return 0;
	if ((own == -1 ? io_sync_all(fd) : spool_disk_sync(disk, own, moved->urgent || sealed->urgent)) == -1) {
		if (errno == ENOTSUP)
			return 0;
		sync_failed(moved, sealed, errno);
	}
	for (i = 0; i < sealed->n; i++)
		if (has_result(sealed->c[i]) && io_sync_check(sealed->c[i]->result) == -1)
			sealed->c[i]->error = errno;
	return 1;
}

/* --- the renames, and what comes before and after */

/* Before a success is on record: all that follows from it is on disk. */
static int
prepare(struct spool_claim *c)
{
	if (c->outcome != SPOOL_SUCCESS)
		return 0;
	if (spool_event_done(c) == -1)
		return -1;
	/* It names a queue that is not there, and will not be at the next attempt either, as its log says now. */
	if (c->outcome == SPOOL_DEAD && (c->log = spool_append(c->q, c->name.id)) != -1)
		(void)io_sync(c->log);
	return c->outcome == SPOOL_SUCCESS && c->follow != -1 ? spool_outbox_seal(c->q, c->follow) : 0;
}

static int
move(struct spool_claim *c)
{
	static int (*const arrow[])(struct spool_claim *) = {
		[SPOOL_SUCCESS] = publish, [SPOOL_RETRY] = retry, [SPOOL_DEAD] = bury, [SPOOL_PUT_BACK] = put_back
	};

	return arrow[c->outcome](c);
}

static void
each(struct spool_settle_round *r, int step(struct spool_claim *))
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->c[i]->error == 0 && step(r->c[i]) == -1)
			r->c[i]->error = errno;
}

/* After the end is on record: what follows from it, and then the job is no longer needed. */
static int
conclude(struct spool_claim *c)
{
	enum spool_outbox kind = c->outcome == SPOOL_SUCCESS ? SPOOL_IF_DONE : SPOOL_IF_FAILED;
	int r = c->follow == -1 ? 0 : spool_outbox_deliver(c->follow, 0), ended = c->outcome == SPOOL_SUCCESS ||
	    c->outcome == SPOOL_DEAD;
	char batch[ID_WORD_MAX + 1];

	if (r == 0 && ended && spool_batch_of(&c->head, batch) != NULL)
		r = spool_batch_ended(c->q, batch, c->name.id, c->outcome == SPOOL_SUCCESS);
	if (r != 0) {
		c->unknown = r == -2;
		return -1;
	}
	/* One that is left has nothing in it that could go out again. */
	if (c->follow != -1)
		(void)spool_outbox_remove(c->q, kind, &c->name, &c->follow);
	return c->outcome == SPOOL_SUCCESS && spool_unlink(c->q, SPOOL_CUR, c->file) == -1 && errno != ENOENT ? -1 : 0;
}

/* The locks, on the job and on what follows from a dead letter, are given up last, and where its state is unknown not at all. */
static void
end(struct spool_claim *c)
{
	spool_progress_end(c->q, c->name.id, c->error == 0 && (c->outcome == SPOOL_SUCCESS || c->outcome == SPOOL_DEAD));
	if (c->error == 0 && conclude(c) == -1)
		c->error = errno;
	spool_count_end(c);
	(void)io_close(&c->log);
	(void)io_close(&c->result);
	if (c->unknown)
		return;
	(void)io_close(&c->follow);
	(void)io_close(&c->fd);
}

/*
 * A fault before the end is on record: the job goes back and keeps its attempts. If even that fails, it is recovered. Where
 * nothing is to be durable the lock is not kept for it.
 */
static void
move_all(struct spool_settle_round *r)
{
	size_t i;

	each(r, prepare);
	each(r, move);
	for (i = 0; i < r->n; i++) {
		if (r->c[i]->error != 0)
			(void)put_back(r->c[i]);
		if (!is_in(r->c[i], SPOOL_DONE) && !is_in(r->c[i], SPOOL_FAILED))
			end(r->c[i]);
	}
}

static void
end_all(struct spool_settle_round *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->c[i]->fd != -1)
			end(r->c[i]);
}

void
spool_settle_step(struct spool_disk *disk, struct spool_settle_round *last, struct spool_settle_round *next)
{
	int together;

	seal(next);
	if (last->refused) {
		refuse(last, SPOOL_DONE, EIO);
		refuse(last, SPOOL_FAILED, EIO);
	}
	if (!(together = sync_together(disk, last, next))) {
		sync_moved(last, SPOOL_DONE);
		sync_moved(last, SPOOL_FAILED);
	}
	end_all(last);
	if (!together)
		sync_sealed(next);
	move_all(next);
}

size_t
spool_settle(struct spool_claim *const *c, size_t n)
{
	struct spool_settle_round r = { .c = c, .n = n }, none = { .n = 0 };
	struct spool_disk own = { .at = NULL };
	size_t i, failed = 0;

	spool_settle_step(&own, &none, &r);
	spool_settle_step(&own, &r, &none);
	for (i = 0; i < n; i++)
		failed += c[i]->error != 0;
	return failed;
}
