/*
 * web_ward: what those who watch jobs of one queue have in common: the doorbells of its directories, and the places of the
 * jobs that wait. These ring often where much is going on, so they are heard at a calm rate, and new/ is read once for all.
 */
#ifndef WQW_WEB_WARD_H
#define WQW_WEB_WARD_H

#include <sys/types.h>

#include "view_place.h"
#include "watch.h"

struct web_ward {
	dev_t dev;                 /* of the queue */
	ino_t ino;
	int users;
	int progress, waiting;     /* watches of stat/ and of new/; -1: none */
	int changed;               /* something came to new/ or went since it was read */
	int blind;                 /* new/ may not be read: nobody has a place */
	int64_t scan_at;           /* when it may be read again, on io_clock */
	struct view_places places;
	struct web_ward *next;
};

struct web_wards {
	struct watch watch;        /* fd -1: none */
	size_t names_max;          /* of a longer queue no places are told */
	struct web_ward *first;
};

void web_wards_open(struct web_wards *all, size_t names_max);
void web_wards_close(struct web_wards *all);

/* The ward of a queue, for one more user; NULL with errno. */
struct web_ward *web_ward_enter(struct web_wards *all, const struct spool *q);
void web_ward_leave(struct web_wards *all, struct web_ward *ward);

/*
 * Jobs before this one, which waits in new/; -1: not known. *key is what web_ward_place finds it by again. New/ is read where
 * that has not been done.
 */
int64_t web_ward_find(const struct web_wards *all, struct web_ward *ward, const struct spool *q, const struct spool_job *job,
    int64_t *key);
int64_t web_ward_place(const struct web_ward *ward, int64_t key);

/* Reads new/ again, if it has changed and that is not too soon. 1: it did; places may be others. */
int web_ward_look(const struct web_wards *all, struct web_ward *ward, const struct spool *q, int64_t now);

/* Takes what the doorbells say. each(arg, ward, id): a job's progress has changed; id "": some may have. */
void web_wards_hear(struct web_wards *all, void (*each)(void *arg, const struct web_ward *ward, const char *id), void *arg);

#endif
