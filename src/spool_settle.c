#include "spool_claim.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_count.h"
#include "spool_event.h"
#include "spool_outbox.h"
#include "spool_path.h"
#include "spool_progress.h"
#include "units.h"

/* The fields by which a result tells what it is the result of; those about the job's payload are not its own. */
static void
carry_over(struct job_header *to, const struct job_header *from)
{
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1];
	size_t at = 0;

	while (job_next(from, &at, name, value))
		if (strncasecmp(name, "Content-", 8) != 0 && job_put(to, name, value) == -1)
			return;
}

static int
make_header(struct spool_claim *c, const struct policy *p, const char *worker)
{
	struct job_header *h = &c->made;
	char number[16], when[UNITS_TIME_MAX];

	h->len = 0;
	c->started = io_now();
	(void)snprintf(number, sizeof(number), "%d", c->name.attempts);
	c->length_at = job_put_blank(h, "Content-Length", JOB_NUMBER_WIDTH);
	c->exit_at = job_put_blank(h, "Exit", JOB_NUMBER_WIDTH);
	c->finished_at = job_put_blank(h, "Finished", JOB_TIME_WIDTH);
	if (c->length_at == -1 || c->exit_at == -1 || c->finished_at == -1 ||
	    job_put(h, "Started", units_time(when, c->started)) == -1 || job_put(h, "Attempt", number) == -1 ||
	    job_put(h, "Worker", worker) == -1 || job_put(h, "Id", c->name.id) == -1 ||
	    job_put(h, "Content-Type", p->result_type) == -1)
		return -1;
	carry_over(h, &c->head);
	if (job_end(h) == -1)
		return -1;
	c->start = (off_t)h->len;
	return 0;
}

static char *
staged_name(char file[ID_NAME_MAX + 1], const struct spool_claim *c)
{
	return id_file(file, c->name.id, c->name.attempts, ID_NONE);
}

char *
spool_staged_path(char buf[SPOOL_STAGED_MAX], const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	return spool_path(buf, SPOOL_TMP, staged_name(file, c));
}

int
spool_staged_there(const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	return spool_same(c->q, SPOOL_TMP, staged_name(file, c), c->result);
}

/* A fresh file in tmp/; one that a crash has left there is no one's. */
static int
open_staged(const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];
	int fd = spool_open_file(c->q, SPOOL_TMP, staged_name(file, c), O_RDWR | O_CREAT | O_EXCL);

	if (fd == -1 && errno == EEXIST && spool_unlink(c->q, SPOOL_TMP, file) == 0)
		fd = spool_open_file(c->q, SPOOL_TMP, file, O_RDWR | O_CREAT | O_EXCL);
	return fd;
}

int
spool_stage(struct spool_claim *c, const struct policy *p, const char *worker)
{
	/* What an attempt of this number has left that was put back, or put back by hand, is no one's. */
	if (spool_outbox_drop(c->q, SPOOL_IF_DONE, &c->name) == -1 || make_header(c, p, worker) == -1 ||
	    (c->result = open_staged(c)) == -1)
		return -1;
	/* The lock keeps an old, quiet attempt's result from being swept. */
	if (flock(c->result, LOCK_EX | LOCK_NB) == -1 || io_write(c->result, c->made.text, c->made.len) == -1)
		return -1;
	if ((c->log = spool_append(c->q, c->name.id)) == -1)
		return -1;
	spool_count_start(c, c->ready);
	return 0;
}

int
spool_note(struct spool_claim *c, const char *line)
{
	return spool_log(c->q, c->name.id, line);
}

static void
unstage(struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	if (c->result != -1)
		(void)spool_unlink(c->q, SPOOL_TMP, staged_name(file, c));
}

/* All that the attempt has made. An outbox without a job in cur/ is no one's, and one that is left is removed later. */
static void
discard(struct spool_claim *c)
{
	unstage(c);
	(void)io_close(&c->follow);
	(void)spool_outbox_drop(c->q, SPOOL_IF_DONE, &c->name);
}

/*
 * A handler that opens /dev/stdout anew cuts the file off and writes over the header. What it wrote is its result all
 * the same, as it would be in a shell's `>file`; so the header is put before it again, the one time a result is copied.
 */
static int
restore_header(struct spool_claim *c)
{
	int old = c->result;

	if (lseek(old, 0, SEEK_SET) == -1)
		return -1;
	unstage(c);
	if ((c->result = open_staged(c)) == -1)
		goto out;
	if (io_write(c->result, c->made.text, c->made.len) == 0 && io_copy(old, c->result, INT64_MAX) != -1) {
		(void)io_close(&old);
		return 0;
	}
out:
	(void)io_close(&old);
	return -1;
}

/* 1, 0; -1: it cannot be read. */
static int
header_intact(struct spool_claim *c)
{
	struct job_header now;
	ssize_t n = io_pread(c->result, now.text, c->made.len, 0);

	if (n == -1)
		return -1;
	return n == (ssize_t)c->made.len && memcmp(now.text, c->made.text, c->made.len) == 0;
}

static int
seal_result(struct spool_claim *c)
{
	char finished[UNITS_TIME_MAX], length[UNITS_TIME_MAX];
	struct job_header *h = &c->made;
	struct stat st;
	int intact = header_intact(c);

	if (intact == -1 || (!intact && restore_header(c) == -1) || fstat(c->result, &st) == -1)
		return -1;
	(void)snprintf(length, sizeof(length), "%jd", (intmax_t)(st.st_size - c->start));
	if (job_fill_text(h, c->finished_at, JOB_TIME_WIDTH, units_time(finished, io_now())) == -1 ||
	    job_fill_text(h, c->exit_at, JOB_NUMBER_WIDTH, "0") == -1 ||
	    job_fill_text(h, c->length_at, JOB_NUMBER_WIDTH, length) == -1)
		return -1;
	return io_pwrite(c->result, h->text, h->len, 0);
}

static int
retry(struct spool_claim *c)
{
	char draft[ID_NAME_MAX + 1];

	discard(c);
	if (spool_stamp(c->q, SPOOL_CUR, c->file, staged_name(draft, c), &c->fd, c->due) == -1)
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

	if (spool_move(c->q, SPOOL_TMP, staged_name(file, c), SPOOL_DONE, c->name.id) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	discard(c);
	return 0;
}

/* One fsync of a directory for all that were moved into it. What it refuses stays locked in cur/: its state is unknown. */
static void
sync_moved(struct spool_claim *const *c, size_t n, enum spool_outcome outcome, enum spool_dir d)
{
	size_t i, any;

	for (any = 0; any < n && (c[any]->error != 0 || c[any]->outcome != outcome); any++)
		;
	if (any == n || spool_sync(c[any]->q, d, c[any]->fd) == 0)
		return;
	for (i = any; i < n; i++)
		if (c[i]->error == 0 && c[i]->outcome == outcome) {
			c[i]->error = errno;
			c[i]->unknown = 1;
		}
}

/* A fault before the end is on record: the job goes back and keeps its attempts. If even that fails, it is recovered. */
static void
fault(struct spool_claim *c)
{
	int saved = errno;

	c->error = saved;
	(void)put_back(c);
	errno = saved;
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
end_log(struct spool_claim *c)
{
	struct stat st;

	if (c->log != -1 && fstat(c->log, &st) == 0 && st.st_size == 0)
		(void)spool_unlink(c->q, SPOOL_LOG, c->name.id);
	/* A dead letter's story is in its log; a log that the disk refuses does not keep the job from ending. */
	else if (c->log != -1 && c->outcome == SPOOL_DEAD)
		(void)io_sync(c->log);
	(void)io_close(&c->log);
}

/* Before a success is on record: all that follows from it is on disk. */
static int
prepare(struct spool_claim *c)
{
	if (c->outcome != SPOOL_SUCCESS)
		return 0;
	if (spool_event_done(c) == -1)
		return -1;
	/* It names a queue that is not there, and will not be at the next attempt either. */
	return c->outcome == SPOOL_SUCCESS && c->follow != -1 ? spool_outbox_seal(c->q, c->follow) : 0;
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

static int
has_result(const struct spool_claim *c)
{
	return c->error == 0 && c->outcome == SPOOL_SUCCESS;
}

/* All results, as spool_commit.c has all files. */
static void
sync_results(struct spool_claim *const *c, size_t n)
{
	size_t i, results = 0;
	int fd = -1, all = 0;

	for (i = 0; i < n; i++)
		if (has_result(c[i])) {
			fd = c[i]->result;
			results++;
		}
	if (results >= IO_SYNC_ALL_FROM) {
		if (io_sync_all(fd) == 0)
			return;
		all = errno != ENOTSUP;
	}
	for (i = 0; results > 1 && !all && i < n; i++)
		if (has_result(c[i]))
			io_sync_begin(c[i]->result);
	for (i = 0; i < n; i++)
		if (has_result(c[i]) && (all || io_sync(c[i]->result) == -1))
			fault(c[i]);
}

size_t
spool_settle(struct spool_claim *const *c, size_t n)
{
	size_t i, failed = 0;

	for (i = 0; i < n; i++) {
		c[i]->error = c[i]->unknown = 0;
		end_log(c[i]);
		if (c[i]->outcome == SPOOL_SUCCESS && seal_result(c[i]) == -1)
			fault(c[i]);
	}
	sync_results(c, n);
	for (i = 0; i < n; i++)
		if (c[i]->error == 0 && prepare(c[i]) == -1)
			fault(c[i]);
	for (i = 0; i < n; i++)
		if (c[i]->error == 0 && move(c[i]) == -1)
			fault(c[i]);
	sync_moved(c, n, SPOOL_SUCCESS, SPOOL_DONE);
	sync_moved(c, n, SPOOL_DEAD, SPOOL_FAILED);
	for (i = 0; i < n; i++) {
		spool_progress_end(c[i]->q, c[i]->name.id,
		    c[i]->error == 0 && (c[i]->outcome == SPOOL_SUCCESS || c[i]->outcome == SPOOL_DEAD));
		if (c[i]->error == 0 && conclude(c[i]) == -1)
			c[i]->error = errno;
		failed += c[i]->error != 0;
		spool_count_end(c[i]);
		(void)io_close(&c[i]->result);
		(void)io_close(&c[i]->follow);
		if (!c[i]->unknown)
			(void)io_close(&c[i]->fd);
	}
	return failed;
}
