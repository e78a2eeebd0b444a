#include "spool_batch_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

int
spool_batch_open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
spool_batch_open(const struct spool *q, const char *batch)
{
	char path[BATCH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/.batch/%s", spool_dir_name(SPOOL_KEYS), batch);
	return spool_batch_open_dir(q->fd, path);
}

int
spool_batch_make_dir(const struct spool *q, const char *path)
{
	struct stat st;
	mode_t mode;
	int fd, r;

	if (fstatat(q->fd, spool_dir_name(SPOOL_KEYS), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	mode = (st.st_mode & 0020) != 0 ? 02770 : 0700;
	if (mkdirat(q->fd, path, 0700) == -1 || (fd = spool_batch_open_dir(q->fd, path)) == -1)
		return -1;
	r = fchmod(fd, mode);
	return io_close(&fd) == -1 ? -1 : r;
}

static int
sync_batches(const struct spool *q)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "%s/.batch", spool_dir_name(SPOOL_KEYS));
	return io_sync_dir(q->fd, path, -1) == -1 ? -1 : spool_sync(q, SPOOL_KEYS, -1);
}

int
spool_batch_make(const struct spool *q, const char *batch)
{
	static const char *const parts[] = { "", "/open", "/ended" };
	char base[BATCH_PATH_MAX], path[BATCH_PATH_MAX + 16], fresh[ID_MAX + 1];
	size_t i;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.batch", spool_dir_name(SPOOL_KEYS));
	if ((spool_batch_make_dir(q, path) == -1 && errno != EEXIST) || id_new(fresh, ID_PRIORITY_DEFAULT, NULL) == -1)
		return -1;
	(void)snprintf(base, sizeof(base), "%s/.batch/.%s", spool_dir_name(SPOOL_KEYS), fresh);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", base, parts[i]);
		if (spool_batch_make_dir(q, path) == -1)
			return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", base, BATCH_MORE);
	if ((fd = openat(q->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == -1)
		return -1;
	(void)io_close(&fd);
	(void)snprintf(path, sizeof(path), "%s/.batch/%s", spool_dir_name(SPOOL_KEYS), batch);
	if (renameat2(q->fd, base, q->fd, path, RENAME_NOREPLACE) == 0)
		return sync_batches(q);
	if (errno != EEXIST)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", base, BATCH_MORE);
	(void)unlinkat(q->fd, path, 0);
	for (i = sizeof(parts) / sizeof(*parts); i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s%s", base, parts[i]);
		(void)unlinkat(q->fd, path, AT_REMOVEDIR);
	}
	return 0;
}
