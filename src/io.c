#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

enum { COPY_STEP = 1 << 30, COPY_BUFFER = 65536, RESTED = 2 * 1000000 /* microseconds */ };

int
io_write(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int
io_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = pwrite(fd, p, n, at);

		if (done == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

ssize_t
io_read(int fd, void *buf, size_t n)
{
	ssize_t got;

	do
		got = read(fd, buf, n);
	while (got == -1 && errno == EINTR);
	return got;
}

ssize_t
io_pread(int fd, void *buf, size_t n, off_t at)
{
	char *p = buf;
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, p + have, n - have, at + (off_t)have);

		if (got == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* What copy_file_range says of descriptors that it can't serve but read and write can. EBADF: `to` has O_APPEND. */
static int
must_read(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EBADF;
}

/* Returns 1 at the end of the data, 0 where read and write must take over at *done, -1 on a failure. */
static int
copy_range(int from, int to, off_t max, off_t *done)
{
	while (*done < max) {
		off_t left = max - *done;
		ssize_t got = copy_file_range(from, NULL, to, NULL, left < COPY_STEP ? (size_t)left : COPY_STEP, 0);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return must_read(errno) ? 0 : -1;
		/* Some file systems whose files have no size answer 0 for data that read(2) does give. */
		if (got == 0)
			return 0;
		*done += got;
	}
	return 1;
}

static int
copy_bytes(int from, int to, off_t max, off_t *done)
{
	char buf[COPY_BUFFER];

	while (*done < max) {
		off_t left = max - *done;
		ssize_t got = io_read(from, buf, left < COPY_BUFFER ? (size_t)left : COPY_BUFFER);

		if (got == -1)
			return -1;
		if (got == 0)
			break;
		if (io_write(to, buf, (size_t)got) == -1)
			return -1;
		*done += got;
	}
	return 0;
}

off_t
io_copy(int from, int to, off_t max)
{
	off_t done = 0;
	int state = copy_range(from, to, max, &done);

	if (state == -1 || (state == 0 && copy_bytes(from, to, max, &done) == -1))
		return -1;
	return done;
}

int
io_sync(int fd)
{
	return fsync(fd);
}

void
io_sync_begin(int fd)
{
	/* By itself it looks at no error of a file: what goes wrong, the fsync after it has to say. */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* On others it may do nothing, as on most of FUSE, or not tell of errors, as on an overlay. In memory nothing is durable. */
static int
all_is_as_good(int fd)
{
	struct statfs f;

	return fstatfs(fd, &f) == 0 && (f.f_type == EXT4_SUPER_MAGIC || f.f_type == XFS_SUPER_MAGIC ||
	    f.f_type == BTRFS_SUPER_MAGIC || f.f_type == F2FS_SUPER_MAGIC || f.f_type == TMPFS_MAGIC);
}

int
io_can_sync_all(int fd)
{
	struct utsname u;
	int major, minor;

	/* Since Linux 5.8 it tells of data that could not be written, since 5.17 of what the file system itself could not. */
	return uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 17)) &&
	    all_is_as_good(fd);
}

int
io_sync_all(int fd)
{
	if (io_can_sync_all(fd))
		return syncfs(fd);
	errno = ENOTSUP;
	return -1;
}

int
io_sync_check(int fd)
{
	/* There is nothing left to wait for; but the error of the file, as seen from this descriptor, is looked at. */
	return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE);
}

int
io_close(int *fd)
{
	int old = *fd;

	*fd = -1;
	return old == -1 ? 0 : close(old);
}

int
io_sync_dir(int at, const char *name, int file)
{
	int fd, error;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == EACCES)
		return syncfs(file);
	if (fd == -1) {
		error = errno;
		if ((error == EMFILE || error == ENFILE) && io_sync_all(file) == 0)
			return 0;
		errno = error;
		return -1;
	}
	if (io_sync(fd) == -1) {
		error = errno;
		io_close(&fd);
		errno = error;
		return -1;
	}
	return io_close(&fd);
}

int64_t
io_time(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
clock_us(clockid_t id)
{
	struct timespec t;

	return clock_gettime(id, &t) == -1 ? -1 : io_time(t);
}

int64_t
io_now(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
io_clock(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int
io_rested(const struct stat *st)
{
	return io_now() - (int64_t)st->st_ctim.tv_sec * 1000000 >= RESTED;
}

int
io_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}
