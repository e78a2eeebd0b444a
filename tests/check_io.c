#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "scratch.h"

static int
new_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	return fd;
}

static char *
noise(size_t n)
{
	char *p = malloc(n + 1);
	size_t i;

	ck_assert_ptr_nonnull(p);
	for (i = 0; i < n; i++)
		p[i] = (char)random();
	return p;
}

static void
assert_holds(int fd, off_t at, const char *want, size_t n)
{
	char *got = malloc(n + 2);

	ck_assert_int_eq(io_pread(fd, got, n + 1, at), (ssize_t)n);
	ck_assert_int_eq(memcmp(got, want, n), 0);
	free(got);
}

static void
ignore(int sig)
{
	(void)sig;
}

START_TEST(writes_all_at_the_offset)
{
	char *data = noise(300000);
	int fd = new_file("a");

	ck_assert_int_eq(io_write(fd, data, 100000), 0);
	ck_assert_int_eq(io_write(fd, data + 100000, 0), 0);
	ck_assert_int_eq(io_write(fd, data + 100000, 200000), 0);
	assert_holds(fd, 0, data, 300000);
	free(data);
}
END_TEST

START_TEST(write_says_what_failed)
{
	struct rlimit old, limit;
	char *data = noise(5000);
	struct stat st;
	int fd = new_file("a"), full = open("/dev/full", O_WRONLY);

	ck_assert_int_eq(io_write(full, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(io_pwrite(full, "x", 1, 0), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(io_write(-1, "x", 1), -1);
	ck_assert_int_eq(errno, EBADF);

	/* The first write is cut short, the next one fails. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 1000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(io_write(fd, data, 5000), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(io_pwrite(fd, data, 5000, 500), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 1000);
	/* Sanitizers and coverage write at the end. */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	free(data);
}
END_TEST

START_TEST(pwrite_leaves_the_offset_alone)
{
	int fd = new_file("a");

	ck_assert_int_eq(io_write(fd, "0123456789", 10), 0);
	ck_assert_int_eq(io_pwrite(fd, "ab", 2, 3), 0);
	ck_assert_int_eq(io_pwrite(fd, "", 0, 3), 0);
	ck_assert_int_eq(io_write(fd, "x", 1), 0);
	assert_holds(fd, 0, "012ab56789x", 11);
}
END_TEST

START_TEST(pread_gives_fewer_only_at_the_end)
{
	char *data = noise(70000), *buf = noise(70001);
	int fd = new_file("a"), pipes[2];

	ck_assert_int_eq(io_write(fd, data, 70000), 0);
	ck_assert_int_eq(io_pread(fd, buf, 70001, 0), 70000);
	ck_assert_int_eq(memcmp(buf, data, 70000), 0);
	ck_assert_int_eq(io_pread(fd, buf, 10, 69995), 5);
	ck_assert_int_eq(io_pread(fd, buf, 10, 70000), 0);
	ck_assert_int_eq(io_pread(fd, buf, 10, 1 << 20), 0);
	ck_assert_int_eq(io_pread(fd, buf, 0, 0), 0);
	ck_assert_int_eq(io_pread(fd, buf, 1, -1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(io_pread(pipes[0], buf, 1, 0), -1);
	ck_assert_int_eq(errno, ESPIPE);
	free(data);
	free(buf);
}
END_TEST

/* A child interrupts what the test does, again and again, and then lets it go on. */
static pid_t
interrupt(int pipes[2], int end, size_t bytes)
{
	struct sigaction act = { .sa_handler = ignore };
	pid_t pid, parent = getpid();
	char c = 0;
	int i;

	ck_assert_int_eq(sigaction(SIGUSR1, &act, NULL), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	if ((pid = fork()) != 0)
		return pid;
	for (i = 0; i < 1000; i++)
		kill(parent, SIGUSR1);
	for (; bytes > 0; bytes--) {
		kill(parent, SIGUSR1);
		if ((end == 1 ? write(pipes[1], &c, 1) : read(pipes[0], &c, 1)) != 1)
			_exit(1);
	}
	_exit(0);
}

static void
assert_ends_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(status, 0);
}

START_TEST(signals_do_not_cut_in)
{
	enum { MANY = 100000 };
	char *data = noise(MANY), c;
	int pipes[2];
	pid_t pid;

	pid = interrupt(pipes, 1, 1);
	ck_assert_int_eq(io_read(pipes[0], &c, 1), 1);
	assert_ends_well(pid);
	close(pipes[0]), close(pipes[1]);

	/* More than a pipe holds, so that writes are short. */
	pid = interrupt(pipes, 0, MANY);
	ck_assert_int_eq(io_write(pipes[1], data, MANY), 0);
	assert_ends_well(pid);
	free(data);
}
END_TEST

START_TEST(copies_files_of_many_sizes)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 65535, 65536, 65537, 300000 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];
		char *data = noise(n);
		int from = memfd_create("from", 0), to = new_file("to"), back = memfd_create("back", 0);

		ck_assert_int_eq(io_write(from, data, n), 0);
		ck_assert_int_eq(lseek(from, 0, SEEK_SET), 0);
		ck_assert_int_eq(io_copy(from, to, INT64_MAX), (off_t)n);
		assert_holds(to, 0, data, n);
		ck_assert_int_eq(lseek(to, 0, SEEK_SET), 0);
		ck_assert_int_eq(io_copy(to, back, INT64_MAX), (off_t)n);
		assert_holds(back, 0, data, n);
		close(from), close(to), close(back);
		unlink("to");
		free(data);
	}
}
END_TEST

START_TEST(copy_uses_and_moves_both_offsets)
{
	int from = new_file("from"), to = new_file("to");

	ck_assert_int_eq(io_write(from, "0123456789", 10), 0);
	ck_assert_int_eq(io_write(to, "abc", 3), 0);
	ck_assert_int_eq(lseek(from, 2, SEEK_SET), 2);
	ck_assert_int_eq(io_copy(from, to, 0), 0);
	ck_assert_int_eq(io_copy(from, to, 3), 3);
	ck_assert_int_eq(io_copy(from, to, 1), 1);
	assert_holds(to, 0, "abc2345", 7);
	ck_assert_int_eq(lseek(from, 0, SEEK_CUR), 6);
	ck_assert_int_eq(io_copy(from, to, 100), 4);
	ck_assert_int_eq(io_copy(from, to, 100), 0);
	assert_holds(to, 0, "abc23456789", 11);
}
END_TEST

START_TEST(copies_what_the_kernel_will_not)
{
	int pipes[2], from = new_file("from"), add = open("add", O_WRONLY | O_APPEND | O_CREAT, 0600);
	int to = new_file("to"), proc = open("/proc/self/status", O_RDONLY);
	char buf[16];

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(io_write(from, "0123456789", 10), 0);
	ck_assert_int_eq(lseek(from, 0, SEEK_SET), 0);
	ck_assert_int_eq(io_copy(from, pipes[1], 4), 4);
	ck_assert_int_eq(io_copy(from, add, 100), 6);
	ck_assert_int_eq(io_read(pipes[0], buf, sizeof(buf)), 4);
	ck_assert_mem_eq(buf, "0123", 4);
	ck_assert_int_eq(io_write(pipes[1], "xyz", 3), 0);
	close(pipes[1]);
	ck_assert_int_eq(io_copy(pipes[0], to, 100), 3);
	assert_holds(to, 0, "xyz", 3);
	ck_assert_int_gt(io_copy(proc, to, 1 << 20), 100);
	ck_assert_int_eq(close(add), 0);
	add = open("add", O_RDONLY);
	assert_holds(add, 0, "456789", 6);
}
END_TEST

START_TEST(copy_says_what_failed)
{
	int from = new_file("from"), full = open("/dev/full", O_WRONLY), dir = open(".", O_RDONLY);

	ck_assert_int_eq(io_write(from, "x", 1), 0);
	ck_assert_int_eq(lseek(from, 0, SEEK_SET), 0);
	ck_assert_int_eq(io_copy(from, full, 10), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(io_copy(-1, from, 10), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(lseek(from, 0, SEEK_SET), 0);
	ck_assert_int_eq(io_copy(from, -1, 10), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(io_copy(dir, from, 10), -1);
	ck_assert_int_eq(errno, EISDIR);
}
END_TEST

START_TEST(sync_answers_for_the_file)
{
	int fd = new_file("a"), pipes[2];

	ck_assert_int_eq(io_sync(fd), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(io_sync(pipes[1]), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(io_sync(-1), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* Of procfs it is not known what a syncfs(2) would be worth. */
START_TEST(sync_all_is_not_for_all_file_systems)
{
	int fd = new_file("a"), other = open("/proc/self/status", O_RDONLY);

	ck_assert(io_sync_all(fd) == 0 || errno == ENOTSUP);
	ck_assert_int_eq(io_sync_check(fd), 0);
	ck_assert_int_eq(io_sync_check(-1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_ne(other, -1);
	ck_assert_int_eq(io_sync_all(other), -1);
	ck_assert_int_eq(errno, ENOTSUP);
}
END_TEST

START_TEST(close_closes_once)
{
	int fd = new_file("a"), old = fd;

	ck_assert_int_eq(io_close(&fd), 0);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(fcntl(old, F_GETFD), -1);
	ck_assert_int_eq(io_close(&fd), 0);
	fd = old;
	ck_assert_int_eq(io_close(&fd), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(fd, -1);
}
END_TEST

static int
free_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(sync_dir_takes_a_directory)
{
	int at, file = new_file("file"), before;

	ck_assert_int_eq(mkdir("d", 0700), 0);
	at = open(".", O_PATH | O_DIRECTORY);
	ck_assert_int_ne(at, -1);
	before = free_descriptor();
	ck_assert_int_eq(io_sync_dir(at, "d", -1), 0);
	ck_assert_int_eq(io_sync_dir(at, ".", -1), 0);
	ck_assert_int_eq(io_sync_dir(AT_FDCWD, "d", -1), 0);
	ck_assert_int_eq(io_sync_dir(at, "gone", file), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(io_sync_dir(at, "file", file), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(free_descriptor(), before);
}
END_TEST

START_TEST(sync_dir_needs_no_descriptor)
{
	int at = open(".", O_PATH | O_DIRECTORY), file = new_file("file");
	struct rlimit none = { .rlim_cur = (rlim_t)free_descriptor(), .rlim_max = 4096 };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(open(".", O_RDONLY), -1);
	/* Where a syncfs(2) is worth an fsync. */
	ck_assert_int_eq(io_sync_dir(at, ".", file), io_sync_all(file) == 0 ? 0 : -1);
	ck_assert_int_eq(io_sync_dir(at, ".", -1), -1);
	ck_assert_int_eq(errno, EMFILE);
}
END_TEST

START_TEST(sync_dir_serves_one_that_may_not_be_read)
{
	int at = open(".", O_PATH | O_DIRECTORY), file;

	ck_assert_int_eq(mkdir("drop", 0700), 0);
	ck_assert_int_eq(chmod("drop", 0333), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(open("drop", O_RDONLY | O_DIRECTORY), -1);
	file = new_file("drop/file");
	ck_assert_int_eq(io_sync_dir(at, "drop", file), 0);
	/* It does ask the file system: there is none here. */
	ck_assert_int_eq(io_sync_dir(at, "drop", -1), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(clocks_tell_microseconds)
{
	struct timespec a, b;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &a);
	now = io_clock();
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_le(a.tv_sec * 1000000 + a.tv_nsec / 1000, now);
	ck_assert_int_ge(b.tv_sec * 1000000 + b.tv_nsec / 1000, now);
	/* Later than this file was written, and in microseconds. */
	ck_assert_int_gt(io_now(), INT64_C(1750000000000000));
	ck_assert_int_lt(io_now(), INT64_C(32503680000000000));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("io");
	TCase *t = tcase_create("io");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, scratch_enter, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, writes_all_at_the_offset);
	tcase_add_test(t, write_says_what_failed);
	tcase_add_test(t, pwrite_leaves_the_offset_alone);
	tcase_add_test(t, pread_gives_fewer_only_at_the_end);
	tcase_add_test(t, signals_do_not_cut_in);
	tcase_add_test(t, copies_files_of_many_sizes);
	tcase_add_test(t, copy_uses_and_moves_both_offsets);
	tcase_add_test(t, copies_what_the_kernel_will_not);
	tcase_add_test(t, copy_says_what_failed);
	tcase_add_test(t, sync_answers_for_the_file);
	tcase_add_test(t, close_closes_once);
	tcase_add_test(t, sync_all_is_not_for_all_file_systems);
	tcase_add_test(t, sync_dir_takes_a_directory);
	tcase_add_test(t, sync_dir_needs_no_descriptor);
	tcase_add_test(t, sync_dir_serves_one_that_may_not_be_read);
	tcase_add_test(t, clocks_tell_microseconds);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
