#include "address_round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
address_leaves(const struct address *a, const char *word)
{
	size_t n = a->q.fd == -1 ? 0 : strlen(a->q.word);
	struct spool below;

	if (n == 0)
		return 0;
	if (strncmp(a->q.word, word, n) != 0 || word[n] != '/' || strchr(word + n + 1, '/') != NULL)
		return 1;
	/* A queue in a queue's directory looks like one of its jobs. */
	if (spool_open(&below, word) == -1)
		return 0;
	spool_close(&below);
	return 1;
}

int
address_round_add(struct address_round *r, const char *id)
{
	if (asprintf(&r->done[r->n], "%s/%s", r->jobs.q->word, id) == -1)
		return -1;
	return ++r->n == ADDRESS_ROUND;
}

int
address_round_end(struct address_round *r, FILE *out)
{
	size_t i;

	if (r->n == 0 && r->jobs.dirty == 0)
		return 0;
	if (spool_round_end(&r->jobs) == -1)
		return -1;
	for (i = 0; i < r->n; i++)
		(void)fprintf(out, "%s\n", r->done[i]);
	/* Whoever reads them may wait for each; an error is told when the stream is closed. */
	(void)fflush(out);
	return 0;
}

void
address_round_clear(struct address_round *r)
{
	while (r->n > 0)
		free(r->done[--r->n]);
}

const char *
address_refusal(const struct spool_job *job)
{
	switch (job->dir) {
	case SPOOL_NEW:
		return "is ready to run";
	case SPOOL_LATER:
		return "waits for its time";
	case SPOOL_CUR:
		return "is running";
	case SPOOL_DONE:
		return "is done already";
	case SPOOL_FAILED:
		return "has failed already";
	default:
		return "is no job";
	}
}
