/*
 * child_state: what the files child*.c share, and nobody else includes. child.c takes orders and starts commands,
 * child_watch.c stays with an attempt until nothing of it is left, child_keep.c keeps a command from one attempt to the next.
 */
#ifndef WQW_CHILD_STATE_H
#define WQW_CHILD_STATE_H

#include <signal.h>
#include <sys/types.h>

#include "child.h"

struct supervisor {
	int fd;            /* to the dispatcher */
	int init;
	pid_t pid;
	sigset_t events;   /* all signals but SIGCHLD: the mask while waiting */
};

struct attempt {
	struct child_order order;
	const char *line;       /* for a command that is kept: what it is told; NULL: it is started for this attempt alone */
	int fd[CHILD_FDS];      /* the command's three; then, where the order says so, a token and a cgroup.procs */
	char *words[CHILD_WORDS + 2];
	char block[CHILD_BLOCK];
	volatile int error;     /* of exec; written by the new process in this memory */
	pid_t pid;              /* of the main process; -1 once it is reaped */
	int status;
	enum slot_end end;      /* SLOT_EXITED until something ends it */
	int kills;              /* CHILD_KILLs that came */
	int64_t deadline;       /* of the timeout, or of the time after SIGTERM */
	int64_t look;
	int64_t cpu, max_rss;
	int answered;           /* 1: a kept command has said how it went; 2: it has spoken, but not as it should */
};

/* child.c: starts the command with n descriptors, which become 0, 1, 2, ... -1: a->error says why not. */
int child_start(const struct supervisor *s, struct attempt *a, const int *fd, int n);

/* child_watch.c */
void child_watch(const struct supervisor *s, struct attempt *a);     /* until the end of an attempt that was started */
int child_reap(struct attempt *a);        /* what has ended. 0: no child is left, and so no descendant; 1: some live */
void child_kill_tree(const struct supervisor *s, struct attempt *a);

/* child_keep.c */
int child_keep(const struct supervisor *s, struct attempt *a);   /* hands the attempt to the command. -1: a->error says why not */
int child_keep_fds(int fd[2]);            /* what it may be heard on. How many; 0: no command is kept */
void child_keep_hear(struct attempt *a);  /* takes in what it has said */
void child_keep_over(struct attempt *a);  /* the attempt has ended, and the command perhaps, too */
void child_keep_end(const struct supervisor *s);   /* asks the command to end, and waits */

#endif
