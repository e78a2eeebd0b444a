#include "spool_batch_count.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch_make.h"
#include "spool_outbox.h"

static int
count_open(void *arg, const char *file)
{
	struct spool_batch_counts *n = arg;

	n->waiting += id_valid(file);
	return 0;
}

int
spool_batch_count_ended(void *arg, const char *file)
{
	struct spool_batch_counts *n = arg;
	const char *comma = strrchr(file, ',');

	if (comma != NULL && strcmp(comma, ",done") == 0)
		n->done++;
	else if (comma != NULL && strcmp(comma, ",failed") == 0)
		n->failed++;
	return 0;
}

/* What a batch that is ending has no more is empty. */
static int
count(int batch, const char *name, int (*each)(void *, const char *), struct spool_batch_counts *n)
{
	int dir = spool_batch_open_dir(batch, name), r;

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	r = spool_outbox_each(dir, each, n);
	(void)io_close(&dir);
	return r;
}

int
spool_batch_count(const struct spool *q, const char *batch, struct spool_batch_counts *n)
{
	int dir = spool_batch_open(q, batch), r;

	*n = (struct spool_batch_counts){ 0 };
	if (dir == -1)
		return -1;
	/* As a member moves: one that moves meanwhile is rather counted twice than not at all. */
	r = count(dir, "open", count_open, n) == -1 || count(dir, "ended", spool_batch_count_ended, n) == -1 ? -1 : 0;
	n->callback = faccessat(dir, "then", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	(void)io_close(&dir);
	return r;
}
