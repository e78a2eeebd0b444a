/* check_disk: what one process commits for others, with a disk, a clock and a wait of the test's, in which others do what is told. */
#include "queue.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "spool_disk.h"

/* As in spool_disk.c; what is told of there is what this is about. */
enum { BEGAN, ENDED, SINCE, RESTED, BY, CELLS };
enum { PATIENCE = 30000, MET = 100000, REST = 10000 };

static struct spool q;
static struct spool_disk a, b;
static long type = TMPFS_MAGIC;
static int syncs, fsyncs, waits, real, refused;
static int64_t now = 1000000000;
static void (*in_sync)(void), (*in_wait)(void);

/* What processes have written, and what of that is on disk. */
enum { PROCESSES = 4, TIMES = 50 };
static struct { long started, written[PROCESSES], durable[PROCESSES]; } *disk;

int
fstatfs(int fd, struct statfs *f)
{
	(void)fd;
	memset(f, 0, sizeof(*f));
	f->f_type = type;
	return 0;
}

/* Microseconds; it stands still. */
int
clock_gettime(clockid_t id, struct timespec *t)
{
	int (*libc)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");

	if (real || id != CLOCK_MONOTONIC)
		return libc(id, t);
	*t = (struct timespec){ .tv_sec = now / 1000000, .tv_nsec = now % 1000000 * 1000 };
	return 0;
}

/* refused: 1: all; 2: fsyncs. */
static int
answer(int fails)
{
	errno = EIO;
	return fails ? -1 : 0;
}

/* What was written before it began, and no more. */
static void
write_all(void)
{
	long is[PROCESSES], was;
	int i;

	for (i = 0; i < PROCESSES; i++)
		is[i] = __atomic_load_n(&disk->written[i], __ATOMIC_SEQ_CST);
	for (i = 0; i < 10; i++)
		(void)sched_yield();
	for (i = 0; i < PROCESSES; i++) {
		was = __atomic_load_n(&disk->durable[i], __ATOMIC_SEQ_CST);
		while (was < is[i] && !__atomic_compare_exchange_n(&disk->durable[i], &was, is[i], 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
}

int
syncfs(int fd)
{
	void (*then)(void) = in_sync;

	(void)fd;
	syncs++;
	in_sync = NULL;
	if (then != NULL)
		then();
	if (disk != NULL)
		write_all();
	return answer(refused == 1);
}

int
fsync(int fd)
{
	(void)fd;
	fsyncs++;
	return answer(refused > 0);
}

long
syscall(long number, ...)
{
	long (*libc)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall"), arg[6];
	va_list ap;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (!real && (int)arg[1] == FUTEX_WAIT) {
		waits++;
		ck_assert_int_lt(waits, 10);
		if (in_wait != NULL)
			in_wait();
		return 0;
	}
	return libc(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static void
begin(void)
{
	queue_open(&q);
	ck_assert_int_eq(spool_disk_open(&q, &a), 0);
	ck_assert_int_eq(spool_disk_open(&q, &b), 0);
	ck_assert(a.at != NULL && b.at != NULL && a.self != b.self);
	syncs = fsyncs = waits = 0;
}

static void
end(void)
{
	spool_disk_close(&a);
	spool_disk_close(&b);
	spool_close(&q);
}

static void
set(int64_t began, int64_t ended, int64_t ago)
{
	a.at[BEGAN] = began;
	a.at[ENDED] = ended;
	a.at[SINCE] = now - ago;
}

/* `looks`: after commits of others; each of its own has one, unless that fails. */
static void
expect(int64_t began, int64_t ended, int commits, int looks, int waited)
{
	ck_assert_int_eq(a.at[BEGAN], began);
	ck_assert_int_eq(a.at[ENDED], ended);
	ck_assert_int_eq(syncs, commits);
	ck_assert_int_eq(fsyncs, commits + looks);
	ck_assert_int_eq(waits, waited);
}

START_TEST(one_alone_waits_for_nobody)
{
	int i;

	for (i = 1; i <= 3; i++) {
		ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
		expect(i, i, i, 0, 0);
		ck_assert_int_eq(spool_disk_is_shared(&a), 0);
	}
}
END_TEST

static void
it_ends(void)
{
	a.at[ENDED] = a.at[BEGAN];
}

START_TEST(what_began_before_is_not_enough)
{
	set(5, 4, 0);
	in_wait = it_ends;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(6, 6, 1, 0, 1);
}
END_TEST

static void
the_next_ends(void)
{
	a.at[ENDED] = ++a.at[BEGAN];
}

START_TEST(what_began_after_is)
{
	set(5, 4, 0);
	in_wait = the_next_ends;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(6, 6, 0, 1, 1);
}
END_TEST

START_TEST(but_not_where_the_file_says_that_all_has_failed)
{
	set(5, 4, 0);
	in_wait = the_next_ends;
	refused = 1;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), -1);
	ck_assert_int_eq(errno, EIO);
	expect(6, 6, 0, 1, 1);
}
END_TEST

static void
the_next_begins(void)
{
	a.at[ENDED] = a.at[BEGAN]++;
	a.at[SINCE] = now;
	in_wait = it_ends;
}

START_TEST(one_that_began_after_is_waited_for)
{
	set(5, 4, 0);
	in_wait = the_next_begins;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(6, 6, 0, 1, 2);
}
END_TEST

static void
it_takes_too_long(void)
{
	a.at[SINCE] -= PATIENCE;
}

START_TEST(who_has_died_in_it_is_not_waited_for)
{
	set(5, 4, 0);
	in_wait = it_takes_too_long;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(6, 6, 1, 0, 1);
}
END_TEST

static void
another_overtakes(void)
{
	it_takes_too_long();
	ck_assert_int_eq(spool_disk_sync(&b, -1, 0), 0);
	ck_assert(a.at[BEGAN] == 2 && a.at[ENDED] == 2 && syncs == 2);
}

START_TEST(one_that_ends_after_its_next_takes_nothing_back)
{
	in_sync = another_overtakes;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(2, 2, 2, 0, 0);
}
END_TEST

START_TEST(one_that_fails_has_not_ended)
{
	refused = 1;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), -1);
	ck_assert_int_eq(errno, EIO);
	expect(1, 0, 1, -1, 0);
	refused = 0;
	in_wait = it_takes_too_long;
	ck_assert_int_eq(spool_disk_sync(&b, -1, 0), 0);
	expect(2, 2, 2, -1, 1);
}
END_TEST

static void
the_rest_ends(void)
{
	ck_assert(a.at[RESTED] - now <= REST);
	a.at[RESTED] = now - 1;
}

START_TEST(others_let_the_disk_rest)
{
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	a.at[RESTED] = now + REST;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(2, 2, 2, 0, 0);
	a.at[RESTED] = now + REST;
	ck_assert_int_eq(spool_disk_sync(&b, -1, 1), 0);
	expect(3, 3, 3, 0, 0);
	a.at[RESTED] = now + REST;
	in_wait = the_rest_ends;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(4, 4, 4, 0, 1);
}
END_TEST

START_TEST(who_is_there_is_met)
{
	ck_assert_int_eq(spool_disk_is_shared(&a), 0);
	ck_assert_int_eq(spool_disk_sync(&b, -1, 0), 0);
	ck_assert_int_eq(spool_disk_is_shared(&a), 1);
	ck_assert_int_eq(spool_disk_is_shared(&b), 0);
	ck_assert_int_eq(spool_disk_sync(&a, -1, 1), 0);
	ck_assert_int_eq(spool_disk_is_shared(&a), 1);
	a.met -= MET;
	ck_assert_int_eq(spool_disk_is_shared(&a), 0);
	ck_assert_int_eq(spool_disk_is_shared(&b), 1);
}
END_TEST

static const struct { int64_t began, ended, since, rested, by; } odd[] = {
	{ -1, -1, -1, -1, -1 }, { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX }, { INT64_MIN, 0, INT64_MIN, INT64_MIN, 0 },
	{ 0, INT64_MAX, 0, 0, 0 }, { 5, 9, 0, INT64_MAX, 3 }, { -1, 3, INT64_MAX, 0, 3 }, { INT64_MAX, -2, 7, 7, 7 }, { 9, 2, 7, 7, 7 }
};

START_TEST(any_bytes_do)
{
	int64_t is[CELLS] = { odd[_i].began, odd[_i].ended, odd[_i].since, odd[_i].rested, odd[_i].by };
	int i;

	memcpy(a.at, is, sizeof(is));
	in_wait = it_takes_too_long;
	for (i = 1; i <= 3; i++) {
		ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
		ck_assert_int_eq(syncs, i);
		ck_assert_int_eq(a.at[BEGAN], (int64_t)((uint64_t)odd[_i].began + (uint64_t)i));
	}
	ck_assert_int_eq(fsyncs, 3);
	ck_assert_int_le(waits, 1);
}
END_TEST

static int deep;

static void
more_begin(void)
{
	if (++deep == 4)
		return;
	in_sync = more_begin;
	it_takes_too_long();
	ck_assert_int_eq(spool_disk_sync(&b, -1, 0), 0);
}

START_TEST(one_that_is_said_to_have_ended_before_it_begins_is_not_believed)
{
	set(0, 3, 0);
	in_sync = more_begin;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), 0);
	expect(4, 4, 4, 0, 0);
}
END_TEST

START_TEST(what_only_an_fsync_tells_is_told)
{
	refused = 2;
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert(a.at[BEGAN] == 1 && a.at[ENDED] == 0 && syncs == 1 && fsyncs == 1);
}
END_TEST

START_TEST(where_a_syncfs_is_not_to_be_relied_on_nothing_is_shared)
{
	spool_disk_close(&a);
	type = OVERLAYFS_SUPER_MAGIC;
	ck_assert_int_eq(spool_disk_open(&q, &a), 0);
	ck_assert_ptr_null(a.at);
	ck_assert_int_eq(spool_disk_is_shared(&a), 0);
	ck_assert_int_eq(spool_disk_sync(&a, -1, 0), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_int_eq(syncs, 0);
}
END_TEST

/* The kernel's wait and clock, and processes that have nothing but the file in common: what each has written is durable. */
START_TEST(processes)
{
	long n = 0;
	int i, k, status;

	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(disk, MAP_FAILED);
	for (i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ne(pid, -1);
		if (pid > 0)
			continue;
		real = 1;
		spool_disk_close(&a);
		if (spool_disk_open(&q, &a) == -1)
			_exit(1);
		for (n = __atomic_add_fetch(&disk->started, 1, __ATOMIC_SEQ_CST); n < PROCESSES;)
			n = __atomic_load_n(&disk->started, __ATOMIC_SEQ_CST);
		for (k = 1; k <= TIMES; k++) {
			__atomic_store_n(&disk->written[i], k, __ATOMIC_SEQ_CST);
			if (spool_disk_sync(&a, -1, k % 2) == -1 || __atomic_load_n(&disk->durable[i], __ATOMIC_SEQ_CST) < k)
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++) {
		ck_assert_int_ne(wait(&status), -1);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(a.at[BEGAN], a.at[ENDED]);
	ck_assert(a.at[BEGAN] >= TIMES && a.at[BEGAN] <= PROCESSES * TIMES);
	ck_assert_int_eq(munmap(disk, sizeof(*disk)), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("disk");
	TCase *t = tcase_create("disk");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, one_alone_waits_for_nobody);
	tcase_add_test(t, what_began_before_is_not_enough);
	tcase_add_test(t, what_began_after_is);
	tcase_add_test(t, but_not_where_the_file_says_that_all_has_failed);
	tcase_add_test(t, one_that_began_after_is_waited_for);
	tcase_add_test(t, who_has_died_in_it_is_not_waited_for);
	tcase_add_test(t, one_that_ends_after_its_next_takes_nothing_back);
	tcase_add_test(t, one_that_fails_has_not_ended);
	tcase_add_test(t, others_let_the_disk_rest);
	tcase_add_test(t, who_is_there_is_met);
	tcase_add_loop_test(t, any_bytes_do, 0, (int)(sizeof(odd) / sizeof(*odd)));
	tcase_add_test(t, one_that_is_said_to_have_ended_before_it_begins_is_not_believed);
	tcase_add_test(t, what_only_an_fsync_tells_is_told);
	tcase_add_test(t, where_a_syncfs_is_not_to_be_relied_on_nothing_is_shared);
	tcase_add_test(t, processes);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
