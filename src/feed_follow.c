#include "feed_follow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_field.h"

static int
put_once(struct job_header *h, const char *name, const char *value, const char **why)
{
	if (feed_has(h, name))
		*why = "given twice";
	else if (job_put(h, name, value) == -1)
		*why = "all fields together are more than 16 KiB";
	else
		return 0;
	errno = EINVAL;
	return -1;
}

static int
put_word(struct job_header *h, const char *name, const char *value, const char **why)
{
	if (id_valid_word(value))
		return put_once(h, name, value, why);
	*why = "not a name: 1 to 64 letters, digits and '._-'";
	errno = EINVAL;
	return -1;
}

int
feed_next(struct job_header *h, const char *queue, const char **why)
{
	return put_word(h, "Next", queue, why);
}

int
feed_batch(struct job_header *h, const char *batch, const char **why)
{
	return put_word(h, "Batch", batch, why);
}

int
feed_next_there(const struct spool *q, const struct job_header *h, char *why, size_t size)
{
	char word[JOB_VALUE_MAX + 1];
	struct spool next;

	if (job_get(h, "Next", word, sizeof(word)) == NULL)
		return 0;
	if (!id_valid_word(word)) {
		(void)snprintf(why, size, "not the name of a queue: 1 to 64 letters, digits and '._-'");
		errno = EINVAL;
		return -1;
	}
	if (spool_open_beside(&next, q, word) == -1) {
		(void)snprintf(why, size, "no queue '%s' beside '%s'", word, q->word);
		return -1;
	}
	spool_close(&next);
	return 0;
}

void
feed_inherit(struct job_header *h)
{
	static const char *const fields[][2] = { { "Traceparent", "TRACEPARENT" }, { "Tracestate", "TRACESTATE" } };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!feed_has(h, fields[i][0]) && (value = getenv(fields[i][1])) != NULL && job_valid_value(value))
			(void)job_put(h, fields[i][0], value);
}

char *
feed_fault_words(char *buf, size_t size, const struct spool *q, int64_t max_size, int error)
{
	switch (error) {
	case EFBIG:
		(void)snprintf(buf, size, "larger than the %" PRId64 " bytes that max-size in the queue's queue.conf allows, "
		    "or than ulimit -f", max_size);
		break;
	case ENOSPC:
	case EDQUOT:
		(void)snprintf(buf, size, "the queue's disk is full, or has less left than reserve-bytes and reserve-inodes in "
		    "queue.conf; make room and submit it again");
		break;
	case EACCES:
	case EPERM:
		(void)snprintf(buf, size, "you may not submit to '%s' (its owner lets a group by wqw-init --group)", q->word);
		break;
	case EEXIST:
		(void)snprintf(buf, size, "the batch has its callback already");
		break;
	case ESHUTDOWN:
		(void)snprintf(buf, size, "all members of the batch have ended");
		break;
	default:
		(void)snprintf(buf, size, "%s: %s", q->word, strerror(error));
	}
	return buf;
}
