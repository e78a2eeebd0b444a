/*
 * worker_state: what the files worker*.c share, and nobody else includes. worker_scan.c knows what there is to do,
 * worker_slots.c does it, worker.c waits.
 */
#ifndef WQW_WORKER_STATE_H
#define WQW_WORKER_STATE_H

#include "attempt.h"
#include "spool_stat.h"
#include "watch.h"
#include "window.h"
#include "window_line.h"
#include "worker.h"
#include "worker_backlog.h"
#include "worker_cursor.h"
#include "worker_ends.h"
#include "worker_group.h"
#include "worker_limit.h"
#include "worker_ring.h"

/* For what spool_event_check() says. */
#define WORKER_NO_WAY "queue.conf: %s: nothing is run until that queue is there"

struct worker {
	const struct worker_options *o;
	struct spool q;
	struct policy p;
	char *dir;                  /* the queue's real path, for handlers */
	char name[128];             /* host.pid: Worker in results */

	struct slot *slot;          /* o->slots of each */
	struct spool_claim **claim; /* what it runs */
	char *cancelled;            /* 1: that is being killed for wqw-cancel */
	struct worker_ends ends;
	struct spool_worker enrolled;
	int running;
	struct worker_limits limits;

	struct window ready, later; /* names in new/ by urgency, in later/ by due time */
	struct worker_cursor cursor;
	struct window aside;        /* names in new/ that another was at, by io_clock() of the next look */
	struct window_lines lines;  /* names in new/ that have an ordering group */
	struct window stalled;      /* groups that cannot go on, by io_clock() of the next look */
	struct window_line *after;  /* group_claim has done with its first name */
	int64_t scanned_at, swept_at;
	struct watch watch;
	int wd_new, wd_later, wd_cur, wd_queue, wd_stat;
	struct worker_backlog backlog;
	struct worker_ring ring;
	int torn;                   /* 1: events were lost while new/ was read: the first of a group may not be known */
	int hears_ends;             /* 1: wd_cur tells of names that go, too */
	int deaf;                   /* 1: what is closed in cur/ was closed by this worker's own look */
	int64_t quiet_until;        /* io_clock(): closes in cur/ are looked at then, all at once */
	int signals;                /* signalfd */

	int stopping;               /* signals to stop that have come: 0, 1, 2 */
	int paused;
	int broken;                 /* an exit code: something is wrong that this process cannot outlive */
	int64_t scan_at, recover_at;/* io_clock(): when to look at everything, at cur/ */
	int64_t hold_until, hold;   /* io_clock(): after a fault of ours no claims, ever longer */
};

/* worker_scan.c: each returns -1 with errno where the spool cannot be read. */
int scan_start(struct worker *w);             /* watches, then looks for the first time */
int scan_again(struct worker *w);             /* whatever is due: new/, later/ and cur/ */
void scan_hear(struct worker *w);             /* takes in what the watch tells */
void scan_promote(struct worker *w);          /* what in later/ has become due, what was aside */
void scan_aside(struct worker *w, const char *file);   /* another is at it: to be looked at again, soon */
int scan_nothing_left(struct worker *w);      /* 1: new/, later/ and cur/ hold no job */
void scan_hear_ends(struct worker *w);        /* from now on the ends of jobs wake this worker */
void scan_hear_tokens(struct worker *w);      /* from now on a token that is given up wakes it */
int64_t scan_next(const struct worker *w);    /* io_clock(): when scan_again or scan_promote has work */
int scan_watch(struct worker *w, enum spool_dir d, unsigned what);   /* the watch's number; a second time: for more */

/* worker_slots.c */
void slots_hold(struct worker *w, const char *what);    /* after a fault of ours, errno: no claims for a while */
void slots_refuse(struct worker *w, const char *file);  /* says that an end is not durable: this process is done for */
int slots_start(struct worker *w);            /* supervisors */
void slots_fill(struct worker *w);            /* claims for idle slots */
void slots_collect(struct worker *w);         /* settles the attempts that have ended */
void slots_kill(struct worker *w);            /* what runs is to be killed and put back */
int slots_cancel(struct worker *w, const char *id);   /* kills that job; 0: it does not run here */
void slots_stop(struct worker *w);
int slots_handler(struct worker *w);          /* 1: there is a command that can be run; 0, with a word on stderr: none */

#endif
