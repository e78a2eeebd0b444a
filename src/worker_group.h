/*
 * worker_group: what has an ordering group passes through here; an empty `group` is none. For worker*.c.
 */
#ifndef WQW_WORKER_GROUP_H
#define WQW_WORKER_GROUP_H

#include <stdint.h>

struct spool_claim;
struct worker;

int group_add(struct worker *w, const char *group, int64_t key, const char *file);    /* during a scan */
int group_seal(struct worker *w);             /* after it, before `ready` is sealed */
int group_insert(struct worker *w, const char *group, int64_t key, const char *file);
int group_claim(struct worker *w, const char *file, struct spool_claim *c);   /* as spool_claim; any name of `ready` */
void group_move_on(struct worker *w, int claimed);   /* then, once the name has been taken out of `ready` */
void group_wake(struct worker *w, const char *group);/* a job of it has ended */
void group_look(struct worker *w);            /* tries again where the time has come */
int group_hungry(const struct worker *w);     /* 1: new/ must be scanned for more names */
void group_sweep(struct worker *w);           /* once an hour: records that nobody needs */

#endif
