/*
 * child: the supervisor's side of a slot: a process that runs one attempt after another and leaves nothing of any of
 * them. What goes over its socket, one message each: an order (struct child_order, then argc + envc NUL-terminated
 * words and perhaps a line, with three to five descriptors), a CHILD_KILL byte, and back an answer for each order. The end of the socket is
 * the end of the dispatcher: the tree dies, then the supervisor.
 */
#ifndef WQW_CHILD_H
#define WQW_CHILD_H

#include <stdint.h>

#include "slot.h"

enum {
	CHILD_BLOCK = 65536,   /* bytes of words that an order may carry */
	CHILD_WORDS = 4096,    /* how many these may be */
	CHILD_FDS = 5,         /* descriptors that it may carry */
	CHILD_KILL = 'k'
};

struct child_order {
	int64_t timeout, kill_after;   /* as in struct slot_attempt */
	int64_t max_out, max_err;
	struct slot_limits limits;
	uint32_t argc, envc;
	uint32_t token, cgroup;        /* 1: a descriptor of that kind comes after the three */
	uint32_t line;                 /* 1: one word more, for a command that is kept from one order to the next */
};

struct child_answer {
	int32_t end, code;     /* enum slot_end, and what belongs to it */
	int64_t cpu, max_rss;
};

/*
 * The life of a supervisor, called in the new process with all signals blocked. `init`: it is the first of its own PID
 * namespace. Closes all descriptors but 0, 1, 2 and fd.
 */
_Noreturn void child_supervise(int fd, int init);

#endif
