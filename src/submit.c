#include "submit.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "feed_fault.h"
#include "io.h"
#include "spool_batch.h"
#include "spool_outbox.h"
#include "tool.h"

const char *
submit_clean(const char *text)
{
	static char buf[1024];

	return tool_clean(buf, sizeof(buf), text);
}

/* What became of one draft in a round. Returns the exit code. */
static int
tell(struct submit *s, const struct spool_draft *d)
{
	char why[512];

	if (d->unknown) {
		warnx("%s/%s: the disk failed (%s): it may or may not be in the queue; look with wqw-status before "
		    "submitting it again", s->q.word, d->id, strerror(d->error));
		return EX_IOERR;
	}
	if (d->error == ENOTUNIQ) {
		warnx("--key '%s': %s/%s was submitted with this key, and another payload", submit_clean(s->ask.key), s->q.word, d->id);
		return EX_DATAERR;
	}
	if (d->error != 0) {
		(void)feed_fault_words(why, sizeof(why), FEED_WRITING, &s->q, s->p.max_size, d->error);
		if (s->lines != SUBMIT_FILES)
			warnx("line %zu: not submitted: %s", s->line[d - s->drafts], why);
		else
			warnx("not submitted: %s", why);
		return feed_fault_code(FEED_WRITING, d->error);
	}
	(void)printf("%s/%s\n", s->q.word, d->id);
	s->accepted++;
	if (s->wait && await_add(&s->await, s->q.word, d->id) == -1) {
		warn("waiting");
		return EX_TEMPFAIL;
	}
	return EX_OK;
}

/* All addresses of a round go out together. Where they cannot, they are told here. */
static int
print_all(struct spool_draft *const *d, const struct submit *s)
{
	size_t i;

	if (fflush(stdout) != EOF && !ferror(stdout))
		return EX_OK;
	warn("standard output");
	for (i = 0; i < s->n; i++)
		if (d[i]->error == 0)
			warnx("%s/%s: accepted all the same", s->q.word, d[i]->id);
	return EX_IOERR;
}

static void
close_batch(const struct submit *s, struct spool_draft *d)
{
	int r;

	if (d->error != 0) {
		spool_batch_unstage(&s->home, s->ask.batch, d->id);
		return;
	}
	if ((r = spool_batch_close(&s->home, s->ask.batch, d->id)) == 0)
		return;
	d->error = errno;
	d->unknown = r == -2;
}

static int
commit(struct submit *s)
{
	struct spool_draft *d[SUBMIT_ROUND];
	int code = EX_OK, c;
	size_t i, refused = 0;

	for (i = 0; i < s->n; i++)
		d[i] = &s->drafts[i];
	(void)spool_commit(d, s->n);
	if (s->then != NULL && s->n == 1)
		close_batch(s, d[0]);
	for (i = 0; i < s->n; i++) {
		/* One line says it for all lines that the disk, or the queue, did not take. */
		if (s->lines != SUBMIT_FILES && refused > 0 && d[i]->error != 0 && !d[i]->unknown)
			refused++;
		else if ((c = tell(s, d[i])) != EX_OK) {
			code = code == EX_OK ? c : code;
			refused += !d[i]->unknown;
		}
	}
	if (s->lines != SUBMIT_FILES && refused > 1)
		warnx("nor %zu more of the lines up to %zu", refused - 1, s->line[s->n - 1]);
	if ((c = print_all(d, s)) != EX_OK && code == EX_OK)
		code = c;
	s->n = 0;
	s->bytes = 0;
	if (s->progress)
		(void)fprintf(stderr, "\r%zu jobs ", s->accepted);
	return code;
}

static void
abort_all(struct submit *s)
{
	while (s->n > 0)
		spool_draft_abort(&s->drafts[--s->n]);
}

/* Says why a draft was not to be. Returns the exit code. */
static int
fault(const struct submit *s, const char *file, enum feed_fault what)
{
	char why[512];
	int error = errno;

	if (error == EINTR && feed_stopped(&s->feed))
		return EX_TEMPFAIL;
	warnx("%s: %s", submit_clean(file), feed_fault_words(why, sizeof(why), what, &s->q, s->p.max_size, error));
	return feed_fault_code(what, error);
}

/* Returns the exit code; on any but EX_OK there is no draft of it. */
static int
draft(struct submit *s, const char *what, const char *path)
{
	struct feed_job job = { .fields = &s->fields, .type = s->type, .path = path };
	struct spool_draft *d = &s->drafts[s->n];

	if (feed_ask_open(d, &s->q, &s->p, &s->ask) == -1)
		return fault(s, what, FEED_WRITING);
	if (s->then != NULL && (d->outbox = spool_batch_stage(&s->home, s->ask.batch, d->id)) == -1)
		return fault(s, what, FEED_WRITING);
	if (s->outbox != NULL && spool_outbox_stage(d, s->outbox) == -1)
		return fault(s, s->outbox, FEED_WRITING);
	if ((s->lines == SUBMIT_FILES ? feed_draft(&s->feed, d, &job) : feed_line(&s->feed, d, &job, s->lines)) == -1) {
		spool_draft_abort(d);
		if (s->then != NULL)
			spool_batch_unstage(&s->home, s->ask.batch, d->id);
		return fault(s, what, s->feed.fault);
	}
	s->n++;
	s->bytes += d->size;
	return s->n == SUBMIT_ROUND || s->bytes >= SUBMIT_ROUND_BYTES ? commit(s) : EX_OK;
}

/* A round that is not full does not wait for lines that are still to be written. */
static int
draft_lines(struct submit *s, const char *name)
{
	char what[PATH_MAX + 32];
	int code = EX_OK, r;

	feed_rewind(&s->feed);
	s->feed.line = 0;
	while (code == EX_OK && (r = feed_more(&s->feed, s->lines, s->n == 0)) != 0) {
		s->line[s->n] = s->feed.line + 1;
		(void)snprintf(what, sizeof(what), "%s: line %zu", name, s->line[s->n]);
		if (r == -1)
			code = fault(s, what, FEED_READING);
		else if (r == 2)
			code = commit(s);
		else
			code = draft(s, what, NULL);
	}
	return code;
}

static int
submit(struct submit *s, const char *file)
{
	int code, is_stdin = strcmp(file, "-") == 0;
	const char *name = is_stdin ? "standard input" : file;

	s->feed.fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (s->feed.fd == -1) {
		warn("%s", submit_clean(file));
		return EX_NOINPUT;
	}
	code = s->lines != SUBMIT_FILES ? draft_lines(s, name) : draft(s, name, is_stdin ? NULL : file);
	if (!is_stdin)
		(void)io_close(&s->feed.fd);
	return code;
}

int
submit_all(struct submit *s, const char *const *files, size_t n)
{
	int code = EX_OK, c;
	size_t i;

	for (i = 0; code == EX_OK && i < n; i++)
		code = submit(s, files[i]);
	/* Who interrupts it wants none of what has no address yet; who has one bad file, the others before it. */
	if (code != EX_OK && feed_stopped(&s->feed))
		abort_all(s);
	else if ((c = commit(s)) != EX_OK && code == EX_OK)
		code = c;
	if (s->progress && s->accepted > 0)
		(void)fputc('\n', stderr);
	if (code != EX_OK && i < n)
		warnx("not submitted: %s and what comes after it", submit_clean(files[i]));
	return code;
}
