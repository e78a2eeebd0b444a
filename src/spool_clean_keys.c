#include <errno.h>
#include <string.h>

#include "io.h"
#include "spool_batch_idle.h"
#include "spool_clean_part.h"
#include "spool_key.h"
#include "spool_path.h"

enum { ROUNDS = 3 };

/* How long a link has been there; -1: it has gone, or the clock has stepped back. */
static int64_t
age(const struct spool_cleaning *c, const char *file)
{
	struct stat st;

	return spool_stat(c->q, SPOOL_KEYS, file, &st) == -1 ? -1 : c->now - io_time(st.st_mtim);
}

/* 1 where that is long enough, as its job is seen now. Its submitter may not have come further than the key. */
static int
is_over(const struct spool_cleaning *c, int64_t old, unsigned where)
{
	const unsigned ends = spool_sought_bit(SPOOL_DONE) | spool_sought_bit(SPOOL_FAILED);

	if ((where & ~ends) != 0)
		return 0;
	return where == 0 ? old >= SPOOL_CLEAN_CUT : c->p->keep_keys != 0 && old >= c->p->keep_keys;
}

/* Under the lock nobody takes a key over that is free. */
static int
remove_key(const struct spool_cleaning *c, const struct spool_sought *key)
{
	char id[ID_MAX + 1];

	if (!is_over(c, age(c, key->file), key->where))
		return 0;
	if (spool_key_holder(c->q, key->file, id) == -1 || strcmp(id, key->id) != 0)
		return 0;
	if (!c->dry && spool_unlink(c->q, SPOOL_KEYS, key->file) == -1)
		return errno == ENOENT ? 0 : -1;
	spool_clean_removed(c, SPOOL_KEYS, key->file);
	return 0;
}

/* A job that goes back and forth may be missed by one look, as spool_find knows. */
static int
look(const struct spool_cleaning *c, struct spool_soughts *keys)
{
	static const enum spool_dir dirs[] = { SPOOL_TMP, SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };
	size_t i;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		if (spool_sought_look(c->q, keys, dirs, sizeof(dirs) / sizeof(*dirs)) == -1)
			return -1;
		for (i = 0; i < keys->n && keys->job[i].where != 0; i++)
			;
		if (i == keys->n)
			break;
	}
	return 0;
}

static int
remove_chosen(struct spool_cleaning *c)
{
	int lock = -1, r = 0, saved;
	size_t i;

	if (c->old.n == 0)
		return 0;
	if (look(c, &c->old) == -1 || (!c->dry && (lock = spool_key_lock(c->q)) == -1))
		return -1;
	for (i = 0; r == 0 && i < c->old.n; i++)
		r = remove_key(c, &c->old.job[i]);
	saved = errno;
	(void)io_close(&lock);
	errno = saved;
	spool_sought_clear(&c->old);
	return r;
}

static int
choose(void *arg, const char *file)
{
	struct spool_cleaning *c = arg;
	int64_t old = age(c, file);
	char id[ID_MAX + 1];

	if (old < SPOOL_CLEAN_CUT && (c->p->keep_keys == 0 || old < c->p->keep_keys))
		return 0;
	if (spool_key_holder(c->q, file, id) == -1)
		return 0;
	if (spool_sought_add(&c->old, id, file) == -1)
		return -1;
	return spool_sought_full(&c->old) ? remove_chosen(c) : 0;
}

int
spool_clean_keys(struct spool_cleaning *c)
{
	int r = spool_scan(c->q, SPOOL_KEYS, choose, c);

	if (r == 0)
		r = remove_chosen(c);
	spool_sought_clear(&c->old);
	return r;
}

/* --- batches */

/* What a submitter that died was about to make has no callback either, and nobody will find it. */
static int
clean_batch(void *arg, const char *batch)
{
	struct spool_cleaning *c = arg;
	int64_t since, keep = batch[0] == '.' ? SPOOL_CLEAN_CUT : c->p->keep_keys;
	char name[ID_NAME_MAX + 16];
	int r = keep == 0 ? 0 : spool_batch_idle(c->q, batch, &since);

	if (r != 1 || since > c->now || c->now - since < keep)
		return r == -1 ? -1 : 0;
	if (!c->dry && (r = spool_batch_forget(c->q, batch)) != 1)
		return r;
	spool_clean_removed(c, SPOOL_KEYS, spool_batch_name(name, batch));
	return 0;
}

int
spool_clean_batches(struct spool_cleaning *c)
{
	return spool_batch_scan(c->q, clean_batch, c);
}
