#include "spool_order.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
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

static char *
clock_name(char name[16], int bucket)
{
	(void)snprintf(name, 16, ".order.%02x", (unsigned)bucket);
	return name;
}

int
spool_order_lock(const struct spool *q, int bucket)
{
	char name[16];
	struct stat st;
	int fd = spool_shared_lock(q, clock_name(name, bucket));

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

static int
write_last(int fd, int64_t last)
{
	char text[JOB_NUMBER_WIDTH + 1];

	(void)snprintf(text, sizeof(text), "%*jd", JOB_NUMBER_WIDTH, (intmax_t)last);
	return io_pwrite(fd, text, JOB_NUMBER_WIDTH, 0);
}

int64_t
spool_order_next(int fd, int64_t own)
{
	int64_t last;

	if (read_last(fd, &last) == -1)
		return -1;
	if (own <= last)
		own = last + 1;
	return write_last(fd, own) == -1 ? -1 : own;
}

int
spool_order_check(const struct spool *q, int bucket)
{
	char name[16];
	int fd = spool_open_file(q, SPOOL_KEYS, clock_name(name, bucket), O_RDONLY), r;
	int64_t last;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r = read_last(fd, &last);
	(void)io_close(&fd);
	return r;
}

int
spool_order_mend(const struct spool *q, int bucket, int64_t time)
{
	int fd = spool_order_lock(q, bucket), r = 0;
	int64_t last;

	if (fd == -1)
		return -1;
	if (read_last(fd, &last) == -1)
		r = errno != EBADMSG || write_last(fd, time) == -1 || io_sync(fd) == -1 ? -1 : 0;
	(void)io_close(&fd);
	return r;
}
