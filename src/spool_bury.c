#include "spool_bury.h"

#include <errno.h>
#include <fcntl.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_count.h"
#include "spool_event.h"
#include "spool_outbox.h"
#include "spool_progress.h"

static int
move(const struct spool *q, enum spool_dir from, const char *file, const char *dead)
{
	if (spool_move(q, from, file, SPOOL_FAILED, dead) == -1 && (errno != EEXIST || spool_unlink(q, from, file) == -1))
		return -1;
	return spool_sync(q, SPOOL_FAILED, -1);
}

/* NULL: it cannot be read as a job. */
static const struct job_header *
read_header(const struct spool *q, enum spool_dir from, const char *file, struct job_header *h)
{
	int fd = spool_open_file(q, from, file, O_RDONLY), r;

	if (fd == -1)
		return NULL;
	r = job_read(fd, h, NULL);
	(void)io_close(&fd);
	return r == 0 ? h : NULL;
}

int
spool_bury(const struct spool *q, enum spool_dir from, const char *file, const struct id_name *name,
    enum id_reason reason, const char *line)
{
	char dead[ID_NAME_MAX + 1];
	struct job_header h;
	int out, r;

	if (spool_event_dead(q, NULL, name, read_header(q, from, file, &h), reason, 0, &out) == -1) {
		/* Another one, who has the lock, is just burying it. */
		if (errno == EWOULDBLOCK)
			errno = ENOENT;
		return -1;
	}
	/* First the story: nobody comes back to a dead letter that a crash has left without one. */
	(void)spool_log(q, name->id, line);
	if ((r = move(q, from, file, id_file(dead, name->id, name->attempts, reason))) == 0) {
		spool_progress_end(q, name->id, 1);
		spool_count_failed(q, reason);
		/* What this leaves undone whoever recovers the batches does. */
		(void)spool_batch_ended_file(q, SPOOL_FAILED, dead, name->id, 0);
	}
	if (out == -1)
		return r;
	if (r == 0)
		r = spool_outbox_deliver(out, 0);
	if (r == 0)
		(void)spool_outbox_remove(q, SPOOL_IF_FAILED, name, &out);
	/* Where the disk failed this process keeps the lock, so that another one delivers it. */
	if (r != -2)
		(void)io_close(&out);
	return r == -1 ? -1 : 0;
}
