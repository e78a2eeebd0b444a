/*
 * spool_init: makes queues, and judges whether one may be trusted. Modes and owners come from one table.
 */
#ifndef WQW_SPOOL_INIT_H
#define WQW_SPOOL_INIT_H

#include <stddef.h>
#include <sys/types.h>

enum spool_sharing {
	SPOOL_PRIVATE,  /* the owner alone */
	SPOOL_FRONT,    /* members of gid may submit, and open by exact name, but neither list nor change */
	SPOOL_SHARED    /* members of gid may do all that the owner may: workers of several users */
};

struct spool_owner {
	uid_t uid;    /* (uid_t)-1: the caller */
	gid_t gid;    /* (gid_t)-1: the caller's */
	enum spool_sharing sharing;
};

/*
 * Makes the queue `word` (and the spool, where it is a bare name), or brings an old one's modes in order; safe to run
 * twice and side by side. EPERM with `why`: others can write to it, or it belongs to someone else.
 */
int spool_init(const char *word, const struct spool_owner *owner, char *why, size_t size);

/* `fd` is the queue's. 1: a power cut may lose what fsync promised: a file system without a journal; its name in `type`. */
int spool_unsafe(int fd, char *type, size_t size);

/* -1 with EPERM and `why` where anybody but owner, root and the front's group can write to the queue. */
int spool_trusted(int fd, char *why, size_t size);

#endif
