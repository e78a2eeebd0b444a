/*
 * web_room: where web_wait's items are while they wait: its one loop. All but web_room_mute is for the thread that waits.
 */
#ifndef WQW_WEB_ROOM_H
#define WQW_WEB_ROOM_H

#include <pthread.h>
#include <stdint.h>

#include "watch.h"
#include "web_wait.h"
#include "web_ward.h"

struct web_room {
	struct watch watch;
	int epoll, wake;                 /* wake: readable when there is something else to do */
	int warded;                      /* somebody wants all news */
	struct web_wards wards;
	size_t names_max;
	int64_t heard_at, hear_at;       /* when the wards were heard last, and are to be heard again; 0: when they ring */
	pthread_mutex_t lock;            /* of items' `in`, and of their clients' descriptors */
	struct web_wait_item *first;
};

/* `wake`: readable when the caller has something else to do; -1: none. names_max: as of web_wards_open. -1 with errno. */
int web_room_open(struct web_room *r, int wake, size_t names_max);
void web_room_close(struct web_room *r);

void web_room_take(struct web_room *r, struct web_wait_item *item);
void web_room_finish(struct web_room *r, struct web_wait_item **at);

/* Its client's descriptor is used no more: once that is closed, the number may be another's. With the lock. */
void web_room_mute(const struct web_room *r, struct web_wait_item *item);

/* Ends what has ended. Returns the microseconds until the next look; -1: nobody waits. */
int64_t web_room_sweep(struct web_room *r);

/* Waits for news, as many microseconds at the most; -1: for ever. 1: it was woken. */
int web_room_rest(struct web_room *r, int64_t us);

#endif
