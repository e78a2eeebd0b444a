/*
 * spool_check_part: what spool_check*.c share.
 */
#ifndef WQW_SPOOL_CHECK_PART_H
#define WQW_SPOOL_CHECK_PART_H

#include "spool_check.h"

enum { SPOOL_CHECK_PATH = 1024 };

/* Seconds: what nobody has finished by then nobody will; what a worker does once a minute it has done by then. */
enum { SPOOL_CHECK_CUT = 36 * 3600, SPOOL_CHECK_SOON = 120 };

/* spool_checking.recovered; the last: an fsync failed, and nothing more is mended. */
enum { SPOOL_CHECK_OUTBOXES = 1, SPOOL_CHECK_BATCHES = 2, SPOOL_CHECK_GROUPS = 4, SPOOL_CHECK_FAILED = 8 };

struct spool_thing {
	const char *path;    /* below the queue's directory */
	enum spool_dir dir;
	const char *file;    /* the path without that directory; what is deeper down has a slash in it */
	const char *rest;    /* of its name: what is not the same for all of its kind */
	mode_t type;         /* S_IFREG, S_IFDIR, S_IFLNK; 0: any */
};

/* What is wrong with it; NULL: nothing. The text may be in c->why. */
typedef const char *spool_judge(struct spool_checking *c, const struct spool_thing *t);
/* 0: tried, so that a judge may look again; -1: no. */
typedef int spool_mend(struct spool_checking *c, const struct spool_thing *t);

/* Judges, and tells of what was wrong before too. `mend` may be NULL. */
void spool_check_thing(struct spool_checking *c, const struct spool_thing *t, spool_judge *judge, spool_mend *mend);
void spool_check_shape(struct spool_checking *c, const struct spool_thing *t);   /* type, mode and owner */
void spool_check_stranger(struct spool_checking *c, const char *path);

/* The two halves of that for who judges by itself: 1: it was wrong before, and is to be told now. */
int spool_check_sure(struct spool_checking *c, const char *path, const char *what);
/* 1 where a second look at this file is wanted: always at the first. */
int spool_check_wanted(const struct spool_checking *c, const char *path);

/* As the directories were read: 1 where a job is in new/, later/ or cur/; where it is anywhere, but for its log. */
int spool_check_lives(const struct spool_checking *c, const char *id);
int spool_check_known(const struct spool_checking *c, const char *id);

/* As it is now: 1 where it has ended, or is nowhere, and no worker is at it; job->dir is SPOOL_DIRS for nowhere. */
int spool_check_over(const struct spool_checking *c, const char *id, struct spool_job *job);
/* Unlinks what is beside such a job, which cannot be put back meanwhile. */
int spool_check_unlink(const struct spool_checking *c, const struct spool_thing *t, const char *id);

int spool_check_stat(const struct spool_checking *c, const char *path, struct stat *st);
int spool_check_is_there(const struct spool_checking *c, const char *path);
int spool_check_older(const struct stat *st, int64_t seconds);
/* 1 where somebody has it locked, or it cannot be told. */
int spool_check_locked(const struct spool_checking *c, const char *path);
/* Calls each(c, path, name) for all in a directory below the queue's; one that is not there is empty. */
int spool_check_each(struct spool_checking *c, const char *path,
    int (*each)(struct spool_checking *c, const char *path, const char *name));

int spool_check_jobs(struct spool_checking *c);       /* the files of jobs, their results and their logs */
void spool_check_pairs(struct spool_checking *c);     /* what belongs together */
void spool_check_forget(struct spool_checking *c);
int spool_check_names(struct spool_checking *c);      /* all others */
int spool_check_outbox(struct spool_checking *c, const struct spool_thing *t);
int spool_check_jobs_in(struct spool_checking *c, const char *outbox);
int spool_check_draft(struct spool_checking *c, const struct spool_thing *t);
int spool_check_key(struct spool_checking *c, const struct spool_thing *t);
int spool_check_order(struct spool_checking *c, const struct spool_thing *t);
int spool_check_batches(struct spool_checking *c, const struct spool_thing *t);
int spool_check_mark(struct spool_checking *c, const struct spool_thing *t);
int spool_check_worker(struct spool_checking *c, const struct spool_thing *t);
int spool_check_count(struct spool_checking *c, const struct spool_thing *t);
int spool_check_ring(struct spool_checking *c, const struct spool_thing *t);
int spool_check_group(struct spool_checking *c, const struct spool_thing *t);
int spool_check_aside(struct spool_checking *c, const struct spool_thing *t);

int64_t spool_check_group_time(const struct spool_checking *c, int bucket);   /* of the latest job in it; 0: none */

#endif
