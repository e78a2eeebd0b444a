#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_clean_part.h"
#include "spool_outbox.h"
#include "spool_path.h"

/* The result of an attempt that is quiet for long is locked. */
static int
is_owned(const struct spool_cleaning *c, const char *file)
{
	int fd = spool_open_file(c->q, SPOOL_TMP, file, O_RDONLY), owned;

	if (fd == -1)
		return 0;
	owned = flock(fd, LOCK_EX | LOCK_NB) == -1;
	(void)io_close(&fd);
	return owned;
}

/* A directory goes where it is empty: what is in it somebody has put there. */
static int
remove_one(const struct spool_cleaning *c, const char *file, const struct stat *st)
{
	char path[SPOOL_PATH_MAX];

	if (S_ISREG(st->st_mode) && is_owned(c, file))
		return 0;
	if (!c->dry && unlinkat(c->q->fd, spool_path(path, SPOOL_TMP, file), S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0) == -1)
		return errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
	spool_clean_removed(c, SPOOL_TMP, file);
	return 0;
}

static int
clean_one(void *arg, const char *file)
{
	struct spool_cleaning *c = arg;
	struct stat st;

	if (strcmp(file, ".") == 0 || strcmp(file, "..") == 0 || spool_stat(c->q, SPOOL_TMP, file, &st) == -1 ||
	    c->now - io_time(st.st_mtim) < SPOOL_CLEAN_CUT)
		return 0;
	if (spool_outbox_name(file) == NULL)
		return remove_one(c, file, &st);
	c->outboxes = 1;
	return 0;
}

/* An outbox may have to be delivered first. */
int
spool_clean_tmp(struct spool_cleaning *c)
{
	c->outboxes = 0;
	if (spool_scan(c->q, SPOOL_TMP, clean_one, c) == -1 || spool_scan_hidden(c->q, SPOOL_TMP, clean_one, c) == -1)
		return -1;
	return c->outboxes && !c->dry && spool_outbox_recover(c->q) != 0 ? -1 : 0;
}
