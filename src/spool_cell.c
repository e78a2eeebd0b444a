#include "spool_cell.h"

#include <sys/mman.h>

#include <errno.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

int
spool_cell_open(const struct spool *q, const char *file, int64_t **at)
{
	const int64_t zero = 0;
	struct stat st;
	void *map = MAP_FAILED;
	int fd = spool_have_file(q, SPOOL_STAT, file), saved;

	*at = NULL;
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	/* Written, for a hole that a full disk cannot fill would be a SIGBUS. */
	if (st.st_size < (off_t)sizeof(zero) && io_pwrite(fd, &zero, sizeof(zero), 0) == -1)
		goto out;
	map = mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
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
spool_cell_close(int64_t **at)
{
	if (*at != NULL)
		(void)munmap(*at, sizeof(**at));
	*at = NULL;
}
