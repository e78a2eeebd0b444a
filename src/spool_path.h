/*
 * spool_path: what the files spool*.c share, and nobody else includes: the paths of the layout, and single steps on them.
 */
#ifndef WQW_SPOOL_PATH_H
#define WQW_SPOOL_PATH_H

#include "spool.h"

enum { SPOOL_PATH_MAX = 8 + ID_NAME_MAX + 1 };

/* "new/<file>", relative to the queue's descriptor. Returns buf. */
char *spool_path(char buf[SPOOL_PATH_MAX], enum spool_dir d, const char *file);

/* rename(2) that never replaces: EEXIST. */
int spool_move(const struct spool *q, enum spool_dir from, const char *file, enum spool_dir to, const char *name);
/* The same between two directories that are open. */
int spool_move_at(int from, const char *file, int to, const char *name);
int spool_unlink(const struct spool *q, enum spool_dir d, const char *file);
int spool_exists(const struct spool *q, enum spool_dir d, const char *file);   /* 1, 0; -1: it cannot be told */

/* openat(2) without following links and without blocking; a new file gets the queue's mode whatever the
 * umask is, and the queue's owner where root makes it. */
int spool_open_file(const struct spool *q, enum spool_dir d, const char *file, int flags);

/* The same for reading and writing, whether it is there already or not. */
int spool_have_file(const struct spool *q, enum spool_dir d, const char *file);

/* Makes the entries of a directory durable; `file` is any descriptor on the same file system. */
int spool_sync(const struct spool *q, enum spool_dir d, int file);

/*
 * The mtime of a job whose lock *fd holds. Only a file's owner may set it: a job that another user made becomes the
 * caller's, by a copy in its place, through `draft`, a name in tmp/ that nobody else has; *fd is then the copy.
 */
int spool_stamp(const struct spool *q, enum spool_dir d, const char *file, const char *draft, int *fd, int64_t due);

/* 1 where the name still leads to the file that the descriptor holds, 0 where it does not; -1: it cannot be told. */
int spool_same(const struct spool *q, enum spool_dir d, const char *file, int fd);

/* 1 where a record says that the job has ended: done/ID, or failed/ after this attempt or the next; -1: cannot be told. */
int spool_ended(const struct spool *q, const struct id_name *name, enum spool_dir *where, char file[ID_NAME_MAX + 1]);

/* The job's log, made if need be, open for appending. */
int spool_append(const struct spool *q, const char *id);

/* Appends "wqw: <time> <line>" to the job's log. */
int spool_log(const struct spool *q, const char *id, const char *line);

/* The name of the file that a job is in. Returns file. */
char *spool_job_file(char file[ID_NAME_MAX + 1], const struct spool_job *job);

/* Opens and locks a job's file: 1: locked, and still there; 0: it has moved; 2: another has the lock. */
int spool_take(const struct spool *q, const struct spool_job *job, int *fd);

/* Under the lock: 1 where a crash has left this file beside the record of its end, which *job then is. */
int spool_job_ended(const struct spool *q, struct spool_job *job);

/* Removes the half-made result of a job in cur/. */
void spool_drop_staged(const struct spool *q, const struct spool_job *job);

#endif
