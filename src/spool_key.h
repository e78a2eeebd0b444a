/*
 * spool_key: idempotency keys. keys/<sha256 of the key> is a symbolic link to "<sha256 of the payload>:<ID>". symlink(2)
 * decides who is first. The first job's draft is then complete and durable, so whoever comes next can finish its commit:
 * nobody waits for anybody, and it makes no difference whether the first submitter still lives.
 *
 * spool_submit calls this; others only spool_key_valid and spool_key_name, and spool_clean the last two.
 */
#ifndef WQW_SPOOL_KEY_H
#define WQW_SPOOL_KEY_H

#include <sha2.h>

#include "spool.h"

enum { SPOOL_KEY_MAX = 255, SPOOL_DIGEST = 64 };   /* bytes, without the NUL */

struct spool_key {
	char link[SPOOL_DIGEST + 1];     /* its name in keys/; "": the draft has no key */
	SHA2_CTX sum;                    /* of the payload so far */
	int active;                      /* policy key-scope: 1: free when its job has ended; 0: when its record is gone */
	int taken;                       /* 1: the link is this draft's */
};

/* 1 where it is a line of 1 to SPOOL_KEY_MAX bytes without a blank at either end. */
int spool_key_valid(const char *key);

void spool_key_begin(struct spool_key *k, const char *key, int active);
/* Before the take: the key is another one than the job's field says, as that of one user of many. Any text. */
void spool_key_name(struct spool_key *k, const char *name);
void spool_key_update(struct spool_key *k, const void *buf, size_t n);

/*
 * For the draft `id`, which is durable in tmp/, and which `fd` is open on. 0: it has the key, which is durable when keys/
 * is. 1: another job with this payload has it, is accepted and durable; `first` is its ID. -1: ENOTUNIQ: `first` has
 * another payload.
 */
int spool_key_take(const struct spool *q, struct spool_key *k, const char *id, int fd, char first[ID_MAX + 1]);

/*
 * The draft that has the key is not to be. 0: draft and key are gone. 1: another has already finished the commit. -1: it
 * cannot be told.
 */
int spool_key_drop(const struct spool *q, struct spool_key *k, const char *id);

/* The ID of the job that has the key keys/<link>. -1: ENOENT: nobody has it; EBADMSG: that is no key. */
int spool_key_holder(const struct spool *q, const char *link, char id[ID_MAX + 1]);

/* A descriptor whose lock keeps a free key from being taken over. Closing gives it up. */
int spool_key_lock(const struct spool *q);

#endif
