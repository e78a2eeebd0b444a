#include "address_queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "tool.h"

static void
look(const struct address_queues *s, const struct spool *q, const char *name)
{
	char why[256], text[1024];
	struct policy p;
	int error;

	if (spool_policy(q, &p, why, sizeof(why)) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), error == EINVAL ? "%s/%s" : "%s/%s: %s", name, why, strerror(error));
		s->fault(s->arg, error == EINVAL ? EX_CONFIG : tool_code(error), text);
	} else if (s->each(s->arg, q, &p, name) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), "%s: %s", name, strerror(error));
		s->fault(s->arg, tool_code(error), text);
	}
}

static int
open_one(void *arg, const char *word)
{
	const struct address_queues *s = arg;
	char name[512], why[1024];
	struct spool q;
	int error;

	if (spool_open(&q, word) == -1) {
		error = errno;
		s->fault(s->arg, tool_code(error), address_fault(why, sizeof(why), word, 1, error));
		return 0;
	}
	look(s, &q, tool_clean(name, sizeof(name), word));
	spool_close(&q);
	return 0;
}

int
address_each_queue(const struct address_queues *s, char *const *words)
{
	struct address_queues own = *s;

	if (*words == NULL)
		return spool_scan_queues(open_one, &own);
	for (; *words != NULL; words++)
		(void)open_one(&own, *words);
	return 0;
}
