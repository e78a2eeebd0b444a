#include "web_policy.h"

#include <sys/stat.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <bsd/string.h>

#include "io.h"
#include "web_reply.h"

enum { REMEMBERED = 16 };

static struct entry {
	struct stat st;
	struct policy policy;
} entries[REMEMBERED];
static size_t used, next;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int
recall(const struct stat *st, struct policy *p)
{
	size_t i;

	(void)pthread_mutex_lock(&lock);
	for (i = 0; i < used && !io_unchanged(&entries[i].st, st); i++)
		;
	if (i < used)
		*p = entries[i].policy;
	(void)pthread_mutex_unlock(&lock);
	return i < used;
}

static void
remember(const struct stat *st, const struct policy *p)
{
	if (!io_rested(st))
		return;
	(void)pthread_mutex_lock(&lock);
	entries[next] = (struct entry){ .st = *st, .policy = *p };
	next = (next + 1) % REMEMBERED;
	if (used < REMEMBERED)
		used++;
	(void)pthread_mutex_unlock(&lock);
}

int
web_policy_read(const struct spool *q, struct policy *p, char *why, size_t size)
{
	struct stat st;
	int known = spool_policy_stat(q, &st) == 0;

	if (known && recall(&st, p))
		return 0;
	if (spool_policy(q, p, why, size) == -1)
		return -1;
	if (known)
		remember(&st, p);
	return 0;
}

void
web_policy(struct web *w)
{
	if (web_policy_read(&w->q, &w->policy, w->why, sizeof(w->why)) == 0)
		return;
	w->misread = errno;
	w->policy.open = 0;
}

void
web_policy_fault(struct web *w)
{
	web_fault(w, w->misread, "The queue's configuration cannot be read");
	(void)strlcat(w->reply->note, ": ", sizeof(w->reply->note));
	(void)strlcat(w->reply->note, w->why, sizeof(w->reply->note));
}
