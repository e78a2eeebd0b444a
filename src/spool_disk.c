#include "spool_disk.h"

#include <sys/syscall.h>

#include <limits.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "io.h"
#include "spool_cell.h"

/* By number: BEGAN is that of the last that has begun, ENDED of the last that has ended well. Times are those of io_clock(). */
enum { BEGAN, ENDED, SINCE /* the last began */, RESTED /* until then no other process begins one */, BY, CELLS };

/*
 * Microseconds. REST is at most what nobody commits after a commit, else as long as that took: if they came one upon the other,
 * all who claim would wait for the journal, and with the lock on renames in hand. Who commits for longer than PATIENCE has died,
 * or is not waited for. Who has been met is there for MET.
 */
enum { REST = 10000, PATIENCE = 30000, MET = 100000 };

int
spool_disk_open(const struct spool *q, struct spool_disk *d)
{
	*d = (struct spool_disk){ .self = 1 + (uint64_t)arc4random(), .met = (uint64_t)io_clock() - MET };
	/* What is atomic by a lock of each process is not among them. */
	if (!__atomic_always_lock_free(sizeof(*d->at), 0) || !io_can_sync_all(q->fd))
		return 0;
	return spool_cell_open(q, SPOOL_DISK, CELLS, &d->at);
}

void
spool_disk_close(struct spool_disk *d)
{
	spool_cell_close(&d->at, CELLS);
}

/* Whatever bytes the file has had: the difference of two is a long time where it makes no sense, and wraps around. */
static uint64_t
get(const struct spool_disk *d, int cell)
{
	return (uint64_t)__atomic_load_n(&d->at[cell], __ATOMIC_SEQ_CST);
}

static void
set(struct spool_disk *d, int cell, uint64_t n)
{
	__atomic_store_n(&d->at[cell], (int64_t)n, __ATOMIC_SEQ_CST);
}

static int
replace(struct spool_disk *d, int cell, uint64_t old, uint64_t new)
{
	int64_t is = (int64_t)old;

	return __atomic_compare_exchange_n(&d->at[cell], &is, (int64_t)new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int
spool_disk_is_shared(struct spool_disk *d)
{
	uint64_t since, now;

	if (d->at == NULL)
		return 0;
	since = get(d, SINCE);
	now = (uint64_t)io_clock();
	if (get(d, BY) != d->self && now - since < MET)
		d->met = now;
	return now - d->met < MET;
}

/* The futex is the half of the number that changes. Other processes have the same page of the file. */
static void
futex(struct spool_disk *d, int what, uint32_t n, const struct __kernel_timespec *t)
{
	uint32_t *word = (uint32_t *)(d->at + ENDED) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

#ifdef SYS_futex_time64
	(void)syscall(SYS_futex_time64, word, what, n, t, NULL, 0);
#else
	(void)syscall(SYS_futex, word, what, n, t, NULL, 0);
#endif
}

/* Until one has ended after that numbered `ended`, but not longer; or for no reason. */
static void
wait_for_end(struct spool_disk *d, uint64_t ended, uint64_t us)
{
	struct __kernel_timespec t = { .tv_sec = (int64_t)(us / 1000000), .tv_nsec = (long long)(us % 1000000) * 1000 };

	futex(d, FUTEX_WAIT, (uint32_t)ended, &t);
}

/* One that has begun later may have ended before it. */
static void
end(struct spool_disk *d, uint64_t number)
{
	uint64_t ended;

	do
		ended = get(d, ENDED);
	while (ended < number && !replace(d, ENDED, ended, number));
	futex(d, FUTEX_WAKE, INT_MAX, NULL);
}

/* The one after that numbered `began`: 1; 0: another has begun it. What a read-only file system, say, does not tell, an fsync does. */
static int
commit(struct spool_disk *d, uint64_t began, int fd)
{
	uint64_t now = (uint64_t)io_clock(), took;

	set(d, SINCE, now);
	if (!replace(d, BEGAN, began, began + 1))
		return 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (io_sync_all(fd) == -1 || io_sync(fd) == -1)
		return -1;
	took = (uint64_t)io_clock() - now;
	set(d, BY, d->self);
	set(d, RESTED, now + took + (took < REST ? took : REST));
	end(d, began + 1);
	return 1;
}

/* How long, microseconds, this process is not to begin the next one; 0: it may. */
static uint64_t
pause_of(const struct spool_disk *d, uint64_t began, uint64_t ended, int urgent)
{
	uint64_t since = get(d, SINCE), rested = get(d, RESTED), now = (uint64_t)io_clock(), ago = now - since, rest = rested - now;

	if (ended < began)
		return ago < PATIENCE ? PATIENCE - ago : 0;
	return !urgent && get(d, BY) != d->self && rest <= REST ? rest : 0;
}

int
spool_disk_sync(struct spool_disk *d, int fd, int urgent)
{
	uint64_t mark, began, ended, us;
	int r = 0;

	if (d->at == NULL)
		return io_sync_all(fd);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mark = get(d, BEGAN);
	while (r == 0) {
		ended = get(d, ENDED);
		began = get(d, BEGAN);
		/* What has not begun cannot have ended: so it is before any begins, and then remains. */
		if (ended > began)
			(void)replace(d, ENDED, ended, 0);
		else if (ended > mark)
			return io_sync(fd);
		else if ((us = pause_of(d, began, ended, urgent)) > 0)
			wait_for_end(d, ended, us);
		else
			r = commit(d, began, fd);
	}
	return r == -1 ? -1 : 0;
}
