/*
 * io: bytes to and from descriptors, whole or not at all. Knows nothing of the spool.
 *
 * All return -1 with errno set on failure; EINTR is retried, a short write is continued. None of them prints.
 * An fsync that failed is final: the caller must not call it again and believe the answer.
 */
#ifndef WQW_IO_H
#define WQW_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

int io_write(int fd, const void *buf, size_t n);             /* all n bytes at the descriptor's offset */
int io_pwrite(int fd, const void *buf, size_t n, off_t at);  /* all n bytes at `at` */
ssize_t io_read(int fd, void *buf, size_t n);                /* as read(2), without EINTR */
ssize_t io_pread(int fd, void *buf, size_t n, off_t at);     /* up to n bytes, fewer only at the end of the file */

/* Copies from one offset of `from` to the offset of `to` until the end or `max` bytes; returns the bytes copied. */
off_t io_copy(int from, int to, off_t max);

int io_sync(int fd);    /* fsync(2); EINTR is a failure like any other */
void io_sync_begin(int fd);   /* puts what was written on its way to the disk, so that it is near when io_sync comes; promises nothing */
int io_can_sync_all(int fd);  /* 1 where syncfs(2) is as good as fsync(2); 0 elsewhere */
int io_sync_all(int fd);  /* syncfs(2) of its file system. ENOTSUP: it is not as good, and nothing was done */
int io_sync_check(int fd);    /* after that: an error of this file of which somebody's syncfs has told already, and this one not */
/*
 * From so many files on, io_sync_all is worth what it may have to write of others'. An fsync is a commit of the journal, and
 * where another has done that already still a flush of the disk. Of 4 and 16 files, begun before, then an fsync each: 1.4
 * and 2.7 ms on ext4, 1.2 and 2.4 on XFS; by a syncfs 0.9 and 1.2, 0.7 and 0.9.
 */
enum { IO_SYNC_ALL_FROM = 4 };
int io_close(int *fd);  /* closes and sets *fd to -1; a second call does nothing; returns close(2)'s verdict */

/*
 * Makes the entries of directory `name` below `at` durable. A directory that may not be read cannot be opened to be fsynced:
 * then syncfs(2) through `file`, a descriptor on the same file system, does it. Where no descriptor is left: io_sync_all.
 */
int io_sync_dir(int at, const char *name, int file);

/*
 * What was seen of a file or a directory may be remembered once it has rested, and holds as long as it is unchanged: two changes
 * in one tick of the kernel's clock leave the same ctime.
 */
struct stat;
int io_rested(const struct stat *st);
int io_unchanged(const struct stat *a, const struct stat *b);

/* Microseconds since 1970 UTC, and on the clock that never steps. */
int64_t io_now(void);
int64_t io_clock(void);
int64_t io_time(struct timespec t);   /* in microseconds, what stat(2) and the like tell */

#endif
