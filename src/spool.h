/*
 * spool: a queue on disk; spool-layout.md is the specification, and spool*.c are the only files that know it.
 *
 * A queue is opened once and every path is taken relative to its descriptor. All return -1 with errno set.
 */
#ifndef WQW_SPOOL_H
#define WQW_SPOOL_H

#include <stdint.h>
#include <sys/stat.h>

#include "id.h"
#include "policy.h"

enum spool_dir {
	SPOOL_TMP, SPOOL_NEW, SPOOL_LATER, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED, SPOOL_LOG, SPOOL_KEYS, SPOOL_STAT, SPOOL_DIRS
};

struct spool_counts;

struct spool {
	int fd;        /* O_PATH on the queue's directory; -1 when closed */
	char *word;    /* as the caller named it: the first part of its jobs' addresses; owned */
	mode_t mode;   /* of the files that are made in it */
	uid_t owner;   /* of the queue: what root makes in it is for this user */
	struct spool_counts *count;  /* of a worker: where it counts; NULL: nowhere. See spool_count.h */
};

/* A job in later/ that is due then, or after, is held: nothing but an operator moves it. 2100-01-01T00:00:00Z */
#define SPOOL_HELD (INT64_C(4102444800) * 1000000)

struct spool_job {  /* where a job is, from names alone */
	enum spool_dir dir;
	struct id_name name;
	struct stat st;    /* of the file: in later/ the mtime is the due time, in cur/ the ctime is the time of the claim */
};

const char *spool_root(void);               /* $WQW_SPOOL, or the default */
const char *spool_dir_name(enum spool_dir d);  /* "new" */

/* Opens a queue: a bare name below spool_root(), or a path with a slash. EINVAL: not a name; ENOENT: no such queue. */
int spool_open(struct spool *q, const char *word);
/* The same, where a bare name is a queue beside `q`. */
int spool_open_beside(struct spool *next, const struct spool *q, const char *word);
void spool_close(struct spool *q);
char *spool_real_path(const struct spool *q);   /* absolute; the caller frees it */

/* Splits QUEUE/ID at the last slash; both are copied. EINVAL where it is no address. */
int spool_split(const char *address, char *queue, size_t size, char id[ID_MAX + 1]);

/*
 * Reads queue.conf over the defaults; none is no error. EINVAL: `why` is "queue.conf:LINE: what is wrong". On other
 * errors `why` is the file's name.
 */
int spool_policy(const struct spool *q, struct policy *p, char *why, size_t size);
int spool_policy_stat(const struct spool *q, struct stat *st);   /* of that file */
int spool_paused(const struct spool *q);     /* 1 while the file `pause` is there */

/* Where the job is now: exact opens only, no directory is read. ENOENT: nowhere. */
int spool_find(const struct spool *q, const char *id, struct spool_job *job);

/* O_RDONLY descriptors: the job's own file wherever it is, its result (only in done/), its log. */
int spool_open_job(const struct spool *q, const struct spool_job *job);
int spool_open_result(const struct spool *q, const char *id);
int spool_open_log(const struct spool *q, const char *id);

/* 1 where some process holds the claim on a job in cur/; 0: its worker has died. */
int spool_claimed(const struct spool *q, const struct spool_job *job);

/* A descriptor on a directory of the queue, for watching it; the caller closes it. */
int spool_open_dir(const struct spool *q, enum spool_dir d);

/*
 * Calls each(arg, file name) for every entry of a directory that does not begin with a dot, in no order, until it
 * returns other than 0, which is then returned.
 */
int spool_scan(const struct spool *q, enum spool_dir d, int (*each)(void *arg, const char *file), void *arg);

/* The same for those that do begin with a dot. */
int spool_scan_hidden(const struct spool *q, enum spool_dir d, int (*each)(void *arg, const char *file), void *arg);

/* The same over the queues of spool_root(), with their names. */
int spool_scan_queues(int (*each)(void *arg, const char *name), void *arg);

/* The mtime and ctime of a file of the queue. */
int spool_stat(const struct spool *q, enum spool_dir d, const char *file, struct stat *st);

int spool_held(const struct stat *st);   /* 1 where a file with these times, in later/, is held */

#endif
