#include "spool_shared.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

/* Made under a name of its own, so that nobody meets it before everybody may write to it. */
static int
make(const struct spool *q, const char *name)
{
	char own[ID_MAX + 1], from[SPOOL_PATH_MAX], to[SPOOL_PATH_MAX];
	int fd, r;

	if (id_new(own, ID_PRIORITY_DEFAULT, NULL) == -1 ||
	    (fd = spool_open_file(q, SPOOL_TMP, own, O_RDWR | O_CREAT | O_EXCL)) == -1)
		return -1;
	if ((r = fchmod(fd, 0660)) == 0)
		r = linkat(q->fd, spool_path(from, SPOOL_TMP, own), q->fd, spool_path(to, SPOOL_KEYS, name), 0);
	if (r == -1 && errno == EEXIST)
		r = 0;
	if (spool_unlink(q, SPOOL_TMP, own) == -1)
		r = -1;
	(void)io_close(&fd);
	return r;
}

int
spool_shared_open(const struct spool *q, const char *name)
{
	int fd = spool_open_file(q, SPOOL_KEYS, name, O_RDWR);

	if (fd != -1 || errno != ENOENT || make(q, name) == -1)
		return fd;
	return spool_open_file(q, SPOOL_KEYS, name, O_RDWR);
}

int
spool_shared_lock(const struct spool *q, const char *name)
{
	int fd = spool_shared_open(q, name);

	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR) {
			(void)io_close(&fd);
			return -1;
		}
	return fd;
}
