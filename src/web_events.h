/*
 * web_events: what becomes of a job, as a stream of server-sent events (text/event-stream of HTML): its state, its place in
 * the queue, its progress, its end. An event has all there is to know, so that one that was overtaken by another may be
 * left out. Its id follows from what it says: whoever comes back with it is not told the same again.
 */
#ifndef WQW_WEB_EVENTS_H
#define WQW_WEB_EVENTS_H

#include "web.h"
#include "web_wait.h"

enum { WEB_EVENT_ID_MAX = 80 };

struct web_events {
	/*
	 * A piece of the stream, whole lines, the caller's to free. beat: it has no news, and shows only that somebody is there.
	 * -1: nobody takes it.
	 */
	int (*tell)(void *arg, char *text, size_t n, int beat);
	void *arg;
	struct web_wait_item item;   /* for web_wait; until, client, hangup and done are to be set */
	/* private */
	const struct web *w;
	char last[WEB_EVENT_ID_MAX];
	int attempt, progress, begun;
	int64_t told;
};

/* After web_begin has returned WEB_STREAM, and as long as w is good. */
void web_events_init(struct web_events *e, const struct web *w);

#endif
