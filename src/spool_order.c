#include "spool_order.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sha2.h>

#include "io.h"
#include "job.h"
#include "spool_path.h"
#include "spool_shared.h"
#include "units.h"

int
spool_order_bucket(const char *group)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sum;

	SHA256Init(&sum);
	SHA256Update(&sum, (const uint8_t *)group, strlen(group));
	SHA256Final(digest, &sum);
	return digest[0] % SPOOL_ORDER_BUCKETS;
}

int
spool_order_lock(const struct spool *q, int bucket)
{
	char name[16];
	struct stat st;
	int fd;

	(void)snprintf(name, sizeof(name), ".order.%02x", (unsigned)bucket);
	fd = spool_shared_lock(q, name);
	/* A new one that a power cut takes away again would begin anew. */
	if (fd != -1 && (fstat(fd, &st) == -1 || (st.st_size == 0 && spool_sync(q, SPOOL_KEYS, fd) == -1)))
		(void)io_close(&fd);
	return fd;
}

/* One that was cut short, or written over, would let a job overtake another without anybody knowing. */
static int
read_last(int fd, int64_t *last)
{
	char text[JOB_NUMBER_WIDTH + 1];
	ssize_t n = io_pread(fd, text, JOB_NUMBER_WIDTH, 0);

	*last = 0;
	if (n <= 0)
		return (int)n;
	text[n] = '\0';
	if (n == JOB_NUMBER_WIDTH && units_number(text + strspn(text, " "), 0, INT64_MAX - 1, last) == 0)
		return 0;
	errno = EBADMSG;
	return -1;
}

int64_t
spool_order_next(int fd, int64_t own)
{
	char text[JOB_NUMBER_WIDTH + 1];
	int64_t last;

	if (read_last(fd, &last) == -1)
		return -1;
	if (own <= last)
		own = last + 1;
	(void)snprintf(text, sizeof(text), "%*jd", JOB_NUMBER_WIDTH, (intmax_t)own);
	return io_pwrite(fd, text, JOB_NUMBER_WIDTH, 0) == -1 ? -1 : own;
}
