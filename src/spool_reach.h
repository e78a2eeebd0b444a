/*
 * spool_reach: where on the disk the spool's queues are, for who may touch nothing else.
 */
#ifndef WQW_SPOOL_REACH_H
#define WQW_SPOOL_REACH_H

enum spool_reach {
	SPOOL_REACH_QUEUES,   /* a directory with queues below, or that is one */
	SPOOL_REACH_POLICY    /* one with files that are some queue's queue.conf, or the web's tokens: these are only read */
};

/*
 * Calls each(arg, fd, what) with an O_PATH descriptor, which is good during the call: for spool_root(), and for where its
 * entries that are symbolic links lead, and queue.conf of its queues, and the tokens. A link is told of as it is now; what leads nowhere,
 * or is in a directory that may not be read, is left out. -1: there is no spool.
 */
int spool_reach(void (*each)(void *arg, int fd, enum spool_reach what), void *arg);

#endif
