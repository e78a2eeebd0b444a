#include "view_batch.h"

#include <errno.h>
#include <inttypes.h>

#include <jansson.h>

#include "spool_batch_count.h"
#include "spool_batch_idle.h"
#include "tool.h"
#include "view_json.h"

#define LINE "%-24s  %7s  %7s  %7s  %s\n"

struct look {
	FILE *f;
	const struct spool *q;
	int json;
};

void
view_batch_title(FILE *f)
{
	(void)fprintf(f, LINE, "batch", "waiting", "done", "failed", "callback");
}

static int
print_json(FILE *f, const struct spool *q, const char *batch, const struct spool_batch_counts *n)
{
	json_t *line = json_pack("{s:o, s:s, s:I, s:I, s:I, s:b}", "queue", view_json_text(q->word), "batch", batch,
	    "waiting", (json_int_t)n->waiting, "done", (json_int_t)n->done, "failed", (json_int_t)n->failed,
	    "callback", n->callback);
	int r = line == NULL ? -1 : json_dumpf(line, f, JSON_COMPACT);

	json_decref(line);
	if (line == NULL)
		errno = ENOMEM;
	return r == -1 || fputc('\n', f) == EOF ? -1 : 0;
}

static void
print_line(FILE *f, const struct spool *q, const char *batch, const struct spool_batch_counts *n)
{
	char word[512], name[512 + ID_WORD_MAX + 2], waiting[24], done[24], failed[24];

	(void)snprintf(name, sizeof(name), "%s/%s", tool_clean(word, sizeof(word), q->word), batch);
	(void)snprintf(waiting, sizeof(waiting), "%" PRId64, n->waiting);
	(void)snprintf(done, sizeof(done), "%" PRId64, n->done);
	(void)snprintf(failed, sizeof(failed), "%" PRId64, n->failed);
	(void)fprintf(f, LINE, name, waiting, done, failed, n->callback ? "waits" : "-");
}

static int
look_at(void *arg, const char *batch)
{
	const struct look *l = arg;
	struct spool_batch_counts n;

	if (!id_valid_word(batch))
		return 0;
	if (spool_batch_count(l->q, batch, &n) == -1)
		return errno == ENOENT ? 0 : -1;
	if (l->json)
		return print_json(l->f, l->q, batch, &n);
	print_line(l->f, l->q, batch, &n);
	return 0;
}

int
view_batches(FILE *f, const struct spool *q, int json)
{
	struct look l = { .f = f, .q = q, .json = json };

	return spool_batch_scan(q, look_at, &l);
}
