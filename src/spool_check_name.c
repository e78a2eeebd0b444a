#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "spool_cell.h"
#include "spool_check_part.h"
#include "spool_order.h"
#include "spool_outbox.h"
#include "spool_path.h"

static int
is_attempt(const char *rest)
{
	struct id_name name;

	return id_parse(rest, &name) == 0 && name.reason == ID_NONE;
}

static int
is_number(const char *rest)
{
	return *rest != '\0' && strlen(rest) <= 9 && rest[strspn(rest, "0123456789")] == '\0';
}

static int
is_bucket(const char *rest)
{
	unsigned n;

	return strlen(rest) == 2 && strspn(rest, "0123456789abcdef") == 2 && sscanf(rest, "%2x", &n) == 1 &&
	    n < SPOOL_ORDER_BUCKETS;
}

/* All names that begin with a dot and are wqw's own, but for those within outboxes and batches. */
static const struct known {
	const char *name;
	int (*fits)(const char *rest);   /* what comes after that name; NULL: nothing does */
	int (*check)(struct spool_checking *c, const struct spool_thing *t);   /* NULL: type, mode and owner are all */
	enum spool_dir dir;
	mode_t type;                     /* 0: of a handler's making */
} table[] = {
	{ ".out,", is_attempt, spool_check_outbox, SPOOL_TMP, S_IFDIR },
	{ ".end,", is_attempt, spool_check_outbox, SPOOL_TMP, S_IFDIR },
	{ ".cancel.", id_valid, spool_check_mark, SPOOL_CUR, S_IFREG },
	{ ".lock", NULL, NULL, SPOOL_KEYS, S_IFREG },
	{ ".backlog", NULL, NULL, SPOOL_KEYS, S_IFREG },
	{ ".order.", is_bucket, spool_check_order, SPOOL_KEYS, S_IFREG },
	{ ".batch", NULL, spool_check_batches, SPOOL_KEYS, S_IFDIR },
	{ ".count", NULL, spool_check_count, SPOOL_STAT, S_IFREG },
	{ ".ring.hour", NULL, spool_check_ring, SPOOL_STAT, S_IFREG },
	{ ".ring.day", NULL, spool_check_ring, SPOOL_STAT, S_IFREG },
	{ SPOOL_CURSOR, NULL, NULL, SPOOL_STAT, S_IFREG },
	{ SPOOL_DISK, NULL, NULL, SPOOL_STAT, S_IFREG },
	{ ".waiting", NULL, NULL, SPOOL_STAT, S_IFREG },
	{ ".done", NULL, NULL, SPOOL_STAT, S_IFREG },
	{ ".failed", NULL, NULL, SPOOL_STAT, S_IFREG },
	{ ".rate", NULL, NULL, SPOOL_STAT, S_IFREG },
	{ ".running.", is_number, NULL, SPOOL_STAT, S_IFREG },
	{ ".group.", id_valid_word, spool_check_group, SPOOL_STAT, S_IFREG },
	{ ".progress.", id_valid, spool_check_aside, SPOOL_STAT, 0 },
	{ ".checkpoint.", id_valid, spool_check_aside, SPOOL_STAT, 0 },
	{ ".retry.", id_valid, spool_check_aside, SPOOL_STAT, 0 }
};

static const struct known *
find(enum spool_dir dir, const char *file, const char **rest)
{
	const struct known *k;
	size_t n;

	for (k = table; k < table + sizeof(table) / sizeof(*table); k++) {
		n = strlen(k->name);
		*rest = file + n;
		if (k->dir == dir && strncmp(file, k->name, n) == 0 && (k->fits == NULL ? **rest == '\0' : k->fits(*rest)))
			return k;
	}
	return NULL;
}

static int
check_hidden(void *arg, const char *file)
{
	struct spool_checking *c = arg;
	char path[SPOOL_PATH_MAX];
	struct spool_thing t = { .path = path, .dir = c->dir, .file = file };
	const struct known *k = find(c->dir, file, &t.rest);

	if (strcmp(file, ".") == 0 || strcmp(file, "..") == 0)
		return 0;
	(void)spool_path(path, c->dir, file);
	if (k == NULL && c->dir == SPOOL_TMP)
		return spool_check_draft(c, &t);
	if (k == NULL) {
		spool_check_stranger(c, path);
		return 0;
	}
	t.type = k->type;
	if (t.type != 0)
		spool_check_shape(c, &t);
	return k->check == NULL ? 0 : k->check(c, &t);
}

/* What is in tmp/, keys/ and stat/ and is none of these. */
static int
check_plain(void *arg, const char *file)
{
	struct spool_checking *c = arg;
	char path[SPOOL_PATH_MAX];
	const struct spool_thing t = { .path = spool_path(path, c->dir, file), .dir = c->dir, .file = file };

	return c->dir == SPOOL_TMP ? spool_check_draft(c, &t) : c->dir == SPOOL_KEYS ? spool_check_key(c, &t) :
	    spool_check_worker(c, &t);
}

static int
check_dir(struct spool_checking *c, enum spool_dir d)
{
	int r;

	c->dir = d;
	r = spool_scan_hidden(c->q, d, check_hidden, c);
	if (r == 0 && (d == SPOOL_TMP || d == SPOOL_KEYS || d == SPOOL_STAT))
		r = spool_scan(c->q, d, check_plain, c);
	/* A directory that is missing has been told of. */
	return r == -1 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) ? 0 : r;
}

int
spool_check_names(struct spool_checking *c)
{
	enum spool_dir d;
	int r = 0, error = 0;

	for (d = 0; d < SPOOL_DIRS; d++)
		if (check_dir(c, d) == -1) {
			r = -1;
			error = errno;
		}
	errno = error;
	return r;
}
