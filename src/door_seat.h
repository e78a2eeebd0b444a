/*
 * door_seat: what door_limit knows of each connection, shared by its two halves: the threads that serve connections, and the
 * one that looks at them all.
 */
#ifndef WQW_DOOR_SEAT_H
#define WQW_DOOR_SEAT_H

#include <pthread.h>
#include <stdatomic.h>

#include "door_client.h"
#include "door_rules.h"

enum { DOOR_BUCKETS = 512, DOOR_PHASE_BITS = 3 };

enum door_phase {
	DOOR_HEAD,      /* a request is on its way; so it is from the beginning */
	DOOR_IDLE,      /* none is */
	DOOR_BODY,
	DOOR_OURS,
	DOOR_SENDING,
	DOOR_DOOMED     /* it is being closed, and stays in this phase */
};

struct door_seat {
	struct door_limit *limit;
	struct door_seat *next;
	struct door_client client;
	int fd, tcp;
	int ends;                    /* of a doomed one: what was shut down of it */
	int over;                    /* the status that it was one too many for; 0: it was not */
	int counted;                 /* in flight; only the serving thread looks */
	int64_t since_accept;
	atomic_uint word;            /* its phase, and above that how many there were */
	atomic_llong bytes;          /* of bodies, all of them */
	atomic_int slow;
	/* the looking thread's: */
	unsigned seen;               /* word, at the last look */
	int begun;                   /* in IDLE: something has come */
	int64_t since, base;         /* when the phase or the span began, and what had passed then */
};

struct door_limit {
	struct door_rules rules;
	pthread_t thread;
	pthread_mutex_t lock;        /* of what follows; a seat's descriptor is good while it is held */
	pthread_cond_t wake;         /* the first has come, or it is to stop */
	struct door_seat *bucket[DOOR_BUCKETS];
	int64_t seats;
	int64_t skew;                /* microseconds in which this process did not run; they are nobody's fault */
	int stop;
	atomic_llong in_flight;
};

static inline enum door_phase
door_seat_phase(unsigned word)
{
	return (enum door_phase)(word & ((1U << DOOR_PHASE_BITS) - 1));
}

static inline unsigned
door_seat_next(unsigned word, enum door_phase phase)
{
	return (((word >> DOOR_PHASE_BITS) + 1) << DOOR_PHASE_BITS) | (unsigned)phase;
}

/* With the lock held: ends it, unless it has gone on since it was seen. told: it hears 408. */
void door_seat_doom(struct door_seat *s, enum door_phase phase, int told);

void *door_seat_watch(void *limit);   /* the looking thread */

#endif
