#include "spool_stage.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_count.h"
#include "spool_outbox.h"
#include "spool_path.h"
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

char *
spool_staged_name(char file[ID_NAME_MAX + 1], const struct spool_claim *c)
{
	return id_file(file, c->name.id, c->name.attempts, ID_NONE);
}

char *
spool_staged_path(char buf[SPOOL_STAGED_MAX], const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	return spool_path(buf, SPOOL_TMP, spool_staged_name(file, c));
}

int
spool_staged_there(const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	return spool_same(c->q, SPOOL_TMP, spool_staged_name(file, c), c->result);
}

/* A fresh file in tmp/; one that a crash has left there is no one's. */
static int
open_staged(const struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];
	int fd = spool_open_file(c->q, SPOOL_TMP, spool_staged_name(file, c), O_RDWR | O_CREAT | O_EXCL);

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

void
spool_unstage(struct spool_claim *c)
{
	char file[ID_NAME_MAX + 1];

	if (c->result != -1)
		(void)spool_unlink(c->q, SPOOL_TMP, spool_staged_name(file, c));
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
	spool_unstage(c);
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

int
spool_seal(struct spool_claim *c)
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
