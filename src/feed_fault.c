#include "feed_fault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tool.h"

static void
writing(char *buf, size_t size, const struct spool *q, int64_t max_size, int error)
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
	case ENOBUFS:
		(void)snprintf(buf, size, "%s: as many jobs wait as max-backlog in queue.conf allows; submit it again later", q->word);
		break;
	case EACCES:
	case EPERM:
		(void)snprintf(buf, size, "you may not submit to '%s' (its owner lets a group by wqw-init --group)", q->word);
		break;
	case EEXIST:
		(void)snprintf(buf, size, "the batch has its callback already");
		break;
	case EBADMSG:
		(void)snprintf(buf, size, "%s: the key, or the clock of the group, is broken; wqw-check says where", q->word);
		break;
	case ESHUTDOWN:
		(void)snprintf(buf, size, "all members of the batch have ended");
		break;
	default:
		(void)snprintf(buf, size, "%s: %s", q->word, strerror(error));
	}
}

char *
feed_fault_words(char *buf, size_t size, enum feed_fault what, const struct spool *q, int64_t max_size, int error)
{
	if (what == FEED_WRITING)
		writing(buf, size, q, max_size, error);
	else if (what == FEED_READING)
		(void)snprintf(buf, size, "%s", strerror(error));
	else
		(void)snprintf(buf, size, "--type guess: %s", error == ENOTSUP ? "built without libmagic" : strerror(error));
	return buf;
}

int
feed_fault_code(enum feed_fault what, int error)
{
	if (what == FEED_READING)
		return error == EISDIR ? EX_NOINPUT : EX_IOERR;
	if (what == FEED_GUESSING)
		return EX_UNAVAILABLE;
	return error == EEXIST || error == ESHUTDOWN ? EX_DATAERR : tool_code(error);
}
