#include "address.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "tool.h"

/* A line from standard input without its LF, or NULL. */
static const char *
next_line(struct address_words *w)
{
	ssize_t n;

	do {
		errno = 0;
		n = getline(&w->line, &w->room, stdin);
		if (n == -1)
			return NULL;
		if (w->line[n - 1] == '\n')
			w->line[--n] = '\0';
	} while (n == 0);
	/* A NUL would hide the rest of the line. */
	if (strlen(w->line) != (size_t)n)
		w->line[0] = '\0';
	return w->line;
}

const char *
address_next(struct address_words *w)
{
	const char *word;

	for (;;) {
		if (w->input) {
			if ((word = next_line(w)) != NULL || ferror(stdin))
				return word;
			w->input = 0;
		}
		errno = 0;
		if (*w->next == NULL)
			return NULL;
		word = *w->next++;
		if (strcmp(word, "-") != 0)
			return word;
		w->input = 1;
	}
}

void
address_end(struct address_words *w)
{
	free(w->line);
	*w = (struct address_words){ 0 };
}

static int
open_queue(struct address *a, const char *queue)
{
	struct spool q;

	if (a->q.fd != -1 && strcmp(a->q.word, queue) == 0)
		return 0;
	if (spool_open(&q, queue) == -1)
		return -1;
	spool_close(&a->q);
	a->q = q;
	return 0;
}

int
address_open(struct address *a, const char *word, int queues)
{
	char queue[PATH_MAX];

	a->id[0] = '\0';
	/* Addresses are printed, a line each, and to terminals. */
	if (!job_valid_value(word)) {
		errno = EINVAL;
		return -1;
	}
	/* A path to a queue looks like an address, too, and goes first: the queue above it is then none. */
	if (queues && open_queue(a, word) == 0)
		return 0;
	if (queues && strchr(word, '/') == NULL)
		return -1;
	if (spool_split(word, queue, sizeof(queue), a->id) == 0 && open_queue(a, queue) == 0)
		return 0;
	a->id[0] = '\0';
	return -1;
}

void
address_close(struct address *a)
{
	spool_close(&a->q);
	a->id[0] = '\0';
}

/* The queue's part of a word that may be an address. */
static const char *
queue_of(const char *word, char *queue, size_t size)
{
	char id[ID_MAX + 1];

	return spool_split(word, queue, size, id) == 0 ? queue : word;
}

char *
address_fault(char *buf, size_t size, const char *word, int is_queue, int error)
{
	char clean[512], queue[PATH_MAX];

	if (error == EINVAL) {
		(void)snprintf(buf, size, is_queue ? "'%s' is not a queue's name" : "'%s' is not an address: QUEUE/ID", tool_clean(clean, sizeof(clean), word));
		return buf;
	}
	(void)tool_clean(clean, sizeof(clean), is_queue ? word : queue_of(word, queue, sizeof(queue)));
	if (error != ENOENT && error != ENOTDIR)
		(void)snprintf(buf, size, "queue '%s': %s", clean, strerror(error));
	else if (strchr(clean, '/') != NULL)
		(void)snprintf(buf, size, "there is no queue at '%s' (wqw-init makes one)", clean);
	else
		(void)snprintf(buf, size, "there is no queue '%s' in %s (wqw-init makes one)", clean, spool_root());
	return buf;
}
