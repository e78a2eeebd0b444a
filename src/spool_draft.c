#include "spool_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"

int
spool_draft_read(const struct spool_draft *d)
{
	int fd = spool_open_file(d->q, SPOOL_TMP, d->id, O_RDONLY), saved;

	if (fd == -1 || lseek(fd, d->start, SEEK_SET) != -1)
		return fd;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return -1;
}
