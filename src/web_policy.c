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

void
web_policy(struct web *w)
{
	struct stat st;
	int known = spool_policy_stat(&w->q, &st) == 0;

	if (known && recall(&st, &w->policy))
		return;
	if (spool_policy(&w->q, &w->policy, w->why, sizeof(w->why)) == -1) {
		w->misread = errno;
		w->policy.open = 0;
	} else if (known)
		remember(&st, &w->policy);
}

void
web_policy_fault(struct web *w)
{
	web_fault(w, w->misread, "The queue's configuration cannot be read");
	(void)strlcat(w->reply->note, ": ", sizeof(w->reply->note));
	(void)strlcat(w->reply->note, w->why, sizeof(w->reply->note));
}
