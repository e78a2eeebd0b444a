/*
 * slot: the dispatcher's side of its supervisors. A slot is one long-lived supervisor process that runs one attempt
 * after another, each as a handler process of its own (see child.h); the whole tree of an attempt is gone when its end
 * is told, and when the supervisor or the dispatcher dies.
 *
 * All return -1 with errno set.
 */
#ifndef WQW_SLOT_H
#define WQW_SLOT_H

#include <stdint.h>
#include <sys/types.h>

enum slot_end {
	SLOT_EXITED,    /* code: exit status */
	SLOT_SIGNALED,  /* code: signal */
	SLOT_TIMEDOUT,  /* the attempt took longer than timeout */
	SLOT_OVERFLOW,  /* its stdout or stderr grew beyond its limit */
	SLOT_STOPPED,   /* slot_kill was called */
	SLOT_NO_EXEC,   /* the command could not be started; code: errno. A fault of ours */
	SLOT_LOST       /* the supervisor died; its tree is gone too. A fault of ours */
};

struct slot {
	pid_t pid;      /* of the supervisor as the dispatcher sees it; -1: none */
	int fd;         /* to it: readable when an attempt has ended or the supervisor has; -1: none */
	int busy;       /* 1 while an attempt runs */
};

/* Of each process of the attempt, by setrlimit(2): never more than this process may itself. 0: as this process. */
struct slot_limits {
	int64_t memory;               /* bytes of address space */
	int64_t cpu, cpu_grace;       /* seconds until SIGXCPU, and from that to SIGKILL */
	int64_t files;                /* descriptors */
	int64_t processes;            /* of the user; does not bind root */
};

struct slot_attempt {
	int in, out, err;             /* become descriptors 0, 1, 2; remain the caller's */
	char *const *argv, *const *envp;   /* NULL-terminated; argv[0] is looked up in envp's PATH */
	/*
	 * NULL, or what the command is told in one line on its stdin: it is then started once, kept for later attempts with the same
	 * argv, envp and limits, and says in one line on its stdout how each went. out takes nothing; err what it says.
	 */
	const char *line;
	int64_t timeout, kill_after;  /* microseconds */
	int64_t max_out, max_err;     /* sizes that the files behind out and err may grow to, bytes */
	struct slot_limits limits;
	int token;                    /* 0: none. Stays open in the supervisor until the tree is gone; no process of that has it */
	int cgroup;                   /* 0: none. A cgroup.procs, of the group that the command is started in */
};

struct slot_result {
	enum slot_end end;
	int code;
	int64_t cpu;       /* microseconds of CPU that the tree used, as far as it was waited for */
	int64_t max_rss;   /* bytes */
	int oom;           /* for the caller: 1: the kernel killed a process of it for its group's memory */
};

/*
 * Starts the supervisor. Call once for a slot at start, and again after SLOT_LOST; on -1 s->pid and s->fd are -1.
 * From the first call on, this process adopts the orphans of what it runs: it must not make children in other ways.
 * Those that it already had are left alone.
 */
int slot_start(struct slot *s);

/*
 * Starts an attempt in a slot that is not busy; a supervisor that died idle is replaced. On -1 nothing runs. E2BIG:
 * argv and envp have more than 64 KiB or 4096 words.
 */
int slot_run(struct slot *s, const struct slot_attempt *a);

/* Asks the supervisor to kill what runs: TERM, then KILL after kill_after. Its end is told as SLOT_STOPPED. */
int slot_kill(struct slot *s);

/* After s->fd became readable: 1 with *r filled in, 0: nothing yet. On SLOT_LOST every process of the tree is gone. */
int slot_result(struct slot *s, struct slot_result *r);

/* Ends an idle or busy supervisor and waits until its tree is gone. */
void slot_stop(struct slot *s);

/* Reaps and kills orphans that came to the dispatcher when a supervisor died; call on SIGCHLD. */
void slot_reap(void);

#endif
