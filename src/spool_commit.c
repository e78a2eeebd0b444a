#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_backlog.h"
#include "spool_batch.h"
#include "spool_order.h"
#include "spool_outbox.h"
#include "spool_path.h"
#include "spool_commit.h"

static int
is_open(const struct spool_draft *d)
{
	return d->error == 0 && !d->again;
}

static enum spool_dir
goal(const struct spool_draft *d)
{
	return d->due > 0 ? SPOOL_LATER : SPOOL_NEW;
}

/* One that waits in an outbox is counted when it leaves that. */
static int
count(struct spool_draft *d)
{
	if (d->max_backlog == 0 || d->outbox != -1)
		return 0;
	if (spool_backlog_take(d->q, 1, d->max_backlog) == -1)
		return -1;
	d->counted = 1;
	return 0;
}

static void
leave(struct spool_draft *d, int gone)
{
	if (gone && d->counted)
		spool_backlog_give(d->q, 1);
	if (gone && d->entry != -1)
		spool_batch_leave(d->q, d->batch, d->id);
	(void)io_close(&d->entry);
}

/* Gives up a draft. Where it has its key, another may have finished its commit already. */
static void
drop(struct spool_draft *d, int error)
{
	d->error = error;
	if (d->key.taken && spool_key_drop(d->q, &d->key, d->id) != 0) {
		d->unknown = 1;
		leave(d, 0);
		return;
	}
	leave(d, 1);
	errno = error;
	spool_draft_abort(d);
}

static void
each(struct spool_commit_round *r, int step(struct spool_draft *))
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (is_open(r->d[i]) && step(r->d[i]) == -1)
			drop(r->d[i], errno);
}

/* --- ordering groups: IDs in the order in which submissions return */

/* The bucket of its group; -1: it has none. One in an outbox has its parent's place. */
static int
bucket(const struct spool_draft *d)
{
	struct id_name name;

	if (!is_open(d) || d->outbox != -1 || strstr(d->id, ",G=") == NULL || id_parse(d->id, &name) == -1 ||
	    name.group[0] == '\0')
		return -1;
	return spool_order_bucket(name.group);
}

static int
set_clock(struct spool_draft *d, int clock)
{
	char id[ID_MAX + 1];
	struct id_name name;
	int64_t time;

	if (id_parse(d->id, &name) == -1 || (time = spool_order_next(clock, name.time)) == -1)
		return -1;
	if (time == name.time)
		return 0;
	memcpy(id, d->id, sizeof(id));
	if (id_set_time(id, time) == -1 || spool_move(d->q, SPOOL_TMP, d->id, SPOOL_TMP, id) == -1)
		return -1;
	memcpy(d->id, id, sizeof(id));
	return 0;
}

static void
order_bucket(struct spool_commit_round *r, int b)
{
	int *clock = &r->clock[b];
	size_t i, any = r->n;

	for (i = 0; i < r->n; i++) {
		if (bucket(r->d[i]) != b)
			continue;
		if (*clock == -1)
			*clock = spool_order_lock(r->d[i]->q, b);
		if (*clock == -1 || set_clock(r->d[i], *clock) == -1)
			drop(r->d[i], errno);
		else if (any == r->n)
			any = i;
	}
	if (any == r->n || io_sync(*clock) == 0)
		return;
	for (i = any; i < r->n; i++)
		if (bucket(r->d[i]) == b)
			drop(r->d[i], errno);
}

static void
order(struct spool_commit_round *r)
{
	size_t i;
	int b, any = 0;

	for (b = 0; b < SPOOL_ORDER_BUCKETS; b++)
		r->clock[b] = -1;
	for (i = 0; i < r->n && !any; i++)
		any = bucket(r->d[i]) != -1;
	for (b = 0; any && b < SPOOL_ORDER_BUCKETS; b++)
		order_bucket(r, b);
}

/* Only now may the next one of a group have its time. */
static void
order_end(struct spool_commit_round *r)
{
	int b;

	for (b = 0; b < SPOOL_ORDER_BUCKETS; b++)
		(void)io_close(&r->clock[b]);
}

/* --- batches: a member is entered before anybody sees it; one in an outbox, when it leaves that */

static int
enter(struct spool_draft *d)
{
	if (d->batch[0] == '\0' || d->outbox != -1)
		return 0;
	return (d->entry = spool_batch_enter(d->q, d->batch, d->id)) == -1 ? -1 : 0;
}

/* The drafts of one round are mostly of one batch, which then is made durable once. */
static void
enter_all(struct spool_commit_round *r)
{
	const char *durable = NULL;
	size_t i;

	each(r, enter);
	for (i = 0; i < r->n; i++) {
		struct spool_draft *d = r->d[i];

		if (!is_open(d) || d->entry == -1 || (durable != NULL && strcmp(durable, d->batch) == 0))
			continue;
		if (spool_batch_sync(d->q, d->batch) == -1)
			drop(d, errno);
		else
			durable = d->batch;
	}
}

/* --- keys: they decide which of several drafts is the job */

static void
take_key(struct spool_draft *d)
{
	char first[ID_MAX + 1] = "";
	int r, error;

	if (!is_open(d) || d->key.link[0] == '\0')
		return;
	if ((r = spool_key_take(d->q, &d->key, d->id, d->fd, first)) == 0)
		return;
	error = errno;
	leave(d, 1);
	spool_draft_abort(d);
	if (first[0] != '\0')
		memcpy(d->id, first, sizeof(first));
	d->again = r == 1;
	d->error = r == 1 ? 0 : error;
}

static void
take_keys(struct spool_commit_round *r)
{
	size_t i, any;
	int error;

	for (i = 0; i < r->n; i++)
		take_key(r->d[i]);
	for (any = 0; any < r->n && !r->d[any]->key.taken; any++)
		;
	if (any == r->n || spool_sync(r->d[any]->q, SPOOL_KEYS, r->d[any]->fd) == 0)
		return;
	error = errno;
	for (i = any; i < r->n; i++)
		if (r->d[i]->key.taken)
			drop(r->d[i], error);
}

/* --- the renames, and the directories */

static int
place(struct spool_draft *d)
{
	if (d->outbox != -1)
		return spool_outbox_put(d->outbox, d->q, goal(d), d->id);
	if (spool_move(d->q, SPOOL_TMP, d->id, goal(d), d->id) == 0)
		return 0;
	/* Where somebody else with the same key has seen to it, it is where it belongs, or further. */
	d->moved = d->key.taken && errno == ENOENT;
	return d->moved ? 0 : -1;
}

/* One that waits in an outbox is made durable with it. */
static int
is_in(const struct spool_draft *d, enum spool_dir dir)
{
	return is_open(d) && d->outbox == -1 && (goal(d) == dir || d->moved);
}

/* A directory that cannot be made durable leaves the state of its drafts unknown. */
static void
sync_directory(struct spool_commit_round *r, enum spool_dir dir)
{
	size_t i, any;

	for (any = 0; any < r->n && !is_in(r->d[any], dir); any++)
		;
	if (any == r->n || spool_sync(r->d[any]->q, dir, r->d[any]->fd) == 0)
		return;
	for (i = any; i < r->n; i++)
		if (is_in(r->d[i], dir)) {
			r->d[i]->error = errno;
			r->d[i]->unknown = 1;
		}
}
/* --- the disk */

static int
begin_file(struct spool_draft *d)
{
	io_sync_begin(d->fd);
	return 0;
}

static int
check_file(struct spool_draft *d)
{
	return io_sync_check(d->fd);
}

static int
sync_file(struct spool_draft *d)
{
	return io_sync(d->fd);
}

/* How many files and directories; *fd is one to name their file system by. */
static size_t
dirty(const struct spool_commit_round *placed, const struct spool_commit_round *begun, int *fd)
{
	size_t i, n = 0, dirs = 0;

	for (i = 0; i < begun->n; i++)
		if (is_open(begun->d[i])) {
			*fd = begun->d[i]->fd;
			n++;
		}
	for (i = 0; i < placed->n && dirs == 0; i++)
		if (is_open(placed->d[i])) {
			*fd = placed->d[i]->fd;
			dirs++;
		}
	return n + dirs;
}

/* Whose fault it was is not asked: an fsync that said no error after one may not have looked at all there was to write. */
static void
sync_failed(struct spool_commit_round *placed, struct spool_commit_round *begun, int error)
{
	size_t i;

	for (i = 0; i < begun->n; i++)
		if (is_open(begun->d[i]))
			drop(begun->d[i], error);
	for (i = 0; i < placed->n; i++)
		if (is_open(placed->d[i]) && placed->d[i]->outbox == -1) {
			placed->d[i]->error = error;
			placed->d[i]->unknown = 1;
		}
}

void
spool_commit_sync(struct spool_commit_round *placed, struct spool_commit_round *begun)
{
	int fd = -1;
	size_t n = dirty(placed, begun, &fd);

	if (n >= IO_SYNC_ALL_FROM) {
		if (io_sync_all(fd) == 0) {
			each(begun, check_file);
			return;
		}
		if (errno != ENOTSUP) {
			sync_failed(placed, begun, errno);
			return;
		}
	}
	if (n > 1)
		each(begun, begin_file);
	each(begun, sync_file);
	sync_directory(placed, SPOOL_NEW);
	sync_directory(placed, SPOOL_LATER);
}

/* --- a round */

void
spool_commit_begin(struct spool_commit_round *r, struct spool_draft *const *d, size_t n)
{
	r->d = d;
	r->n = n;
	each(r, spool_draft_finish);
}

void
spool_commit_place(struct spool_commit_round *r)
{
	each(r, count);
	order(r);
	enter_all(r);
	take_keys(r);
	each(r, place);
}

size_t
spool_commit_end(struct spool_commit_round *r)
{
	size_t i, failed = 0;

	order_end(r);
	for (i = 0; i < r->n; i++) {
		failed += r->d[i]->error != 0;
		leave(r->d[i], 0);
		/* What fsync has promised close(2) cannot take back. */
		(void)io_close(&r->d[i]->fd);
		(void)io_close(&r->d[i]->outbox);
	}
	r->n = 0;
	return failed;
}

size_t
spool_commit(struct spool_draft *const *d, size_t n)
{
	struct spool_commit_round r, none = { .n = 0 };

	spool_commit_begin(&r, d, n);
	spool_commit_sync(&none, &r);
	spool_commit_place(&r);
	spool_commit_sync(&r, &none);
	return spool_commit_end(&r);
}
