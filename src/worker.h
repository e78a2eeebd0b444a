/*
 * worker: the one event loop. A dispatcher claims jobs of one queue, hands them to its slots, and settles what ends.
 */
#ifndef WQW_WORKER_H
#define WQW_WORKER_H

enum { WORKER_SLOTS_MAX = 1024 };

struct worker_options {
	const char *queue;
	int slots;          /* 1..WORKER_SLOTS_MAX: attempts at the same time */
	int persistent;     /* 1: each slot starts the command once, and hands it job after job */
	int drain;          /* 1: return when nothing is left in new/, later/ and cur/ */
	char **command;     /* NULL-terminated; NULL: the policy's handler */
};

/*
 * Runs until SIGTERM or SIGINT (then waits for what runs; a second one kills it and puts the jobs back), or, draining,
 * until nothing is left. SIGHUP reads queue.conf again. Says on stderr what goes wrong; returns an exit code of
 * sysexits(3).
 */
int worker_run(const struct worker_options *o);

#endif
