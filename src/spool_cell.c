#include "spool_cell.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

int
spool_cell_open(const struct spool *q, const char *file, size_t n, int64_t **at)
{
	void *map = MAP_FAILED;
	int fd = spool_have_file(q, SPOOL_STAT, file), saved;

	*at = NULL;
	/* A hole that a full disk cannot fill would be a SIGBUS. */
	if (fd == -1 || (errno = posix_fallocate(fd, 0, (off_t)(n * sizeof(**at)))) != 0)
		goto out;
	map = mmap(NULL, n * sizeof(**at), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
out:
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	if (map == MAP_FAILED)
		return -1;
	*at = map;
	return 0;
}

void
spool_cell_close(int64_t **at, size_t n)
{
	if (*at != NULL)
		(void)munmap(*at, n * sizeof(**at));
	*at = NULL;
}
