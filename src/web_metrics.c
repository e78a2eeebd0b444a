#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "metrics.h"
#include "view_rows.h"
#include "web_plain.h"
#include "web_reply.h"
#include "web_route.h"
#include "web_slow.h"

static struct {
	pthread_mutex_t lock;
	char *text;
	size_t size;
	int64_t until;   /* on io_clock */
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A new text. -1 with errno. */
static int
make(char **text, size_t *size)
{
	struct view_rows rows = { .n = 0 };
	int r = -1, saved;
	FILE *f;

	*text = NULL;
	if (view_rows_spool(&rows) == 0 && (f = open_memstream(text, size)) != NULL) {
		r = metrics_write(f, rows.row, rows.n, io_now());
		if (fclose(f) != 0)
			r = -1;
	}
	saved = errno;
	view_rows_clear(&rows);
	if (r == -1)
		free(*text);
	errno = saved;
	return r;
}

/* With the lock held: what is there is not too old. */
static int
refresh(void)
{
	int64_t began = io_clock();
	size_t size;
	char *text;

	if (cache.text != NULL && began < cache.until)
		return 0;
	if (make(&text, &size) == -1)
		return -1;
	free(cache.text);
	cache.text = text;
	cache.size = size;
	cache.until = web_slow_until(began);
	return 0;
}

static void
answer(struct web *w)
{
	char *text = NULL;
	size_t size = 0;
	int error = 0;

	(void)pthread_mutex_lock(&cache.lock);
	if (refresh() == -1)
		error = errno;
	else if ((text = malloc(cache.size)) == NULL)
		error = ENOMEM;
	else {
		size = cache.size;
		memcpy(text, cache.text, size);
	}
	(void)pthread_mutex_unlock(&cache.lock);
	if (text == NULL)
		web_fault(w, error, "The queues cannot be read");
	else
		web_plain(w, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
}

void
web_metrics(struct web *w)
{
	w->slow = answer;
}
