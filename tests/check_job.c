#include <sys/mman.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("job", 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static void
assert_reads(const void *bytes, size_t n, size_t header)
{
	static struct job_header h;
	int fd = file_of(bytes, n);
	const char *why = NULL;

	ck_assert_msg(job_read(fd, &h, &why) == 0, "%s", why);
	ck_assert_uint_eq(h.len, header);
	ck_assert_mem_eq(h.text, bytes, header);
	ck_assert_int_eq(h.text[header], '\0');
	/* The handler's stdin is where the caller left it. */
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), (off_t)n);
	close(fd);
}

static void
assert_bad(const void *bytes, size_t n, const char *part)
{
	static struct job_header h;
	int fd = file_of(bytes, n);
	const char *why = NULL;

	errno = 0;
	ck_assert_msg(job_read(fd, &h, &why) == -1, "\"%.*s\" is taken", (int)n, (const char *)bytes);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, part) != NULL, "\"%.*s\": %s", (int)n, (const char *)bytes, why);
	ck_assert_uint_eq(h.len, 0);
	ck_assert_int_eq(job_read(fd, &h, NULL), -1);
	close(fd);
}

#define READS(text, payload) assert_reads(text payload, sizeof(text payload) - 1, sizeof(text) - 1)
#define BAD(text, part) assert_bad(text, sizeof(text) - 1, part)

START_TEST(reads)
{
	READS("\n", "");
	READS("\n", "photo\n\nmore");
	READS("\n", "\r\n\0\1");
	READS("A: b\n\n", "");
	READS("A:b\nC:  d e\t f \t\n\n", "payload: no field\n\n");
	READS("A:\n\n", "");
	READS("A: :\n!#$%&'*+-.^_`|~09azAZ: x\n\n", "x");
	READS("A: b\nA: c\n\n", "x");
	READS("A: gr\303\274n \377\n\n", "x");
	READS("Content-Length: 3\n\n", "abc");
	READS("content-LENGTH:0\n\n", "");
	READS("Content-Length: 3                   \n\n", "abc");
	READS("Content-Length: 0003\n\n", "abc");
	READS("Content-Lengt: 9\n\n", "abc");
	READS("Content-Lengthy: 9\n\n", "abc");
}
END_TEST

START_TEST(malformed)
{
	BAD("", "no empty line");
	BAD("A: b", "no empty line");
	BAD("A: b\n", "no empty line");
	BAD("A: b\nC: d\n", "no empty line");
	BAD("hello\n\n", "no colon");
	BAD("hello", "no empty line");
	BAD("A: b\nhello\n\n", "no colon");
	BAD("\r\n", "carriage return");
	BAD("A: b\r\n\r\n", "carriage return");
	BAD("A: b\n\r\n", "carriage return");
	BAD("A: b\rc\n\n", "carriage return");
	BAD(": b\n\n", "no name");
	BAD("A : b\n\n", "blank before the colon");
	BAD("A\t: b\n\n", "blank before the colon");
	BAD(" A: b\n\n", "begins with a blank");
	BAD("\tA: b\n\n", "begins with a blank");
	BAD(" \n\n", "begins with a blank");
	BAD("A: b\n  folded: c\n\n", "begins with a blank");
	BAD("A B: c\n\n", "not allowed");
	BAD("A(B): c\n\n", "not allowed");
	BAD("\303\204: c\n\n", "not allowed");
	BAD("A\"B: c\n\n", "not allowed");
	BAD("A/B: c\n\n", "not allowed");
	BAD("A\0B: c\n\n", "not allowed");
	BAD("A\0\n\n", "NUL");
	BAD("A: b\0c\n\n", "NUL");
	BAD("A: b\1c\n\n", "control");
	BAD("A: b\177c\n\n", "control");
	BAD("A: \33[31m\n\n", "control");
	BAD("\377\330\377\340\0\20JFIF\n\n", "NUL");
}
END_TEST

START_TEST(torn)
{
	BAD("Content-Length: 3\n\nab", "torn: less");
	BAD("Content-Length: 3\n\n", "torn: less");
	BAD("Content-Length: 3\n\nabcd", "torn: more");
	BAD("Content-Length: 0\n\na", "torn: more");
	BAD("Content-Length: 9223372036854775807\n\na", "torn: less");
	BAD("Content-Length:\n\na", "torn: Content-Length was never filled in");
	BAD("Content-Length:                     \n\n", "torn: Content-Length was never filled in");
	BAD("Content-Length: 1\nContent-Length: 1\n\na", "twice");
	BAD("Content-Length: 0\ncontent-length: 0\n\n", "twice");
	BAD("Content-Length: 9223372036854775808\n\na", "not a number");
	BAD("Content-Length: 00000000000000000000000000000000001\n\na", "not a number");
	BAD("Content-Length: -1\n\na", "not a number");
	BAD("Content-Length: +1\n\na", "not a number");
	BAD("Content-Length: 1,1\n\na", "not a number");
	BAD("Content-Length: 1 1\n\na", "not a number");
	BAD("Content-Length: 0x1\n\na", "not a number");
	BAD("Content-Length: 1.0\n\na", "not a number");
}
END_TEST

/* A header of n bytes, of fields "X: ..." of no more than 1000 bytes each, with 5 bytes of payload. */
static char *
header_of(size_t n)
{
	char *text = malloc(n + 6);
	size_t at = 0;

	memset(text, 'v', n);
	while (at < n - 1) {
		size_t len = n - 1 - at < 1010 ? n - 1 - at : 1000;

		memcpy(text + at, "X:", 2);
		at += len;
		text[at - 1] = '\n';
	}
	memcpy(text + n - 1, "\nabcde", 6);
	return text;
}

START_TEST(largest_header)
{
	size_t n;

	for (n = JOB_HEADER_MAX - 3; n <= JOB_HEADER_MAX + 3; n++) {
		char *text = header_of(n);

		if (n <= JOB_HEADER_MAX)
			assert_reads(text, n + 5, n);
		else
			assert_bad(text, n + 5, "too long");
		free(text);
	}
}
END_TEST

START_TEST(largest_name_and_value)
{
	char text[8192];
	int n;

	n = snprintf(text, sizeof(text), "%0*d: v\n\n", JOB_NAME_MAX, 0);
	assert_reads(text, (size_t)n, (size_t)n);
	n = snprintf(text, sizeof(text), "%0*d: v\n\n", JOB_NAME_MAX + 1, 0);
	assert_bad(text, (size_t)n, "name in the header is too long");
	n = snprintf(text, sizeof(text), "A:   %0*d \t \n\n", JOB_VALUE_MAX - 1, 0);
	assert_reads(text, (size_t)n, (size_t)n);
	n = snprintf(text, sizeof(text), "A: %0*d\n\n", JOB_VALUE_MAX, 0);
	assert_bad(text, (size_t)n, "value in the header is too long");
}
END_TEST

START_TEST(errors_that_are_not_the_files)
{
	struct job_header h;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	ck_assert_int_eq(job_read(-1, &h, NULL), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(job_read(fd, &h, NULL), -1);
	ck_assert_int_eq(errno, EISDIR);
}
END_TEST

static void
put(struct job_header *h, const char *name, const char *value)
{
	ck_assert_msg(job_put(h, name, value) == 0, "%s: %s", name, value);
}

START_TEST(gets)
{
	struct job_header h = { 0 };
	char buf[32];
	int ended;

	put(&h, "Content-Type", "text/plain");
	put(&h, "Exit", "0");
	put(&h, "Empty", "");
	put(&h, "Exit", "1");
	put(&h, "Big", "9223372036854775807");
	put(&h, "Bigger", "9223372036854775808");
	put(&h, "Less", "-1");
	/* The same before and after the empty line. */
	for (ended = 0; ended < 2; ended++) {
		ck_assert_str_eq(job_get(&h, "content-type", buf, sizeof(buf)), "text/plain");
		ck_assert_ptr_eq(job_get(&h, "Content-Type", buf, 5), buf);
		ck_assert_str_eq(buf, "text");
		ck_assert_str_eq(job_get(&h, "Content-Type", buf, 1), "");
		ck_assert_ptr_null(job_get(&h, "Content-Type", buf, 0));
		ck_assert_str_eq(job_get(&h, "EXIT", buf, sizeof(buf)), "0");
		ck_assert_str_eq(job_get(&h, "Empty", buf, sizeof(buf)), "");
		ck_assert_ptr_null(job_get(&h, "Content", buf, sizeof(buf)));
		ck_assert_ptr_null(job_get(&h, "Content-Type:", buf, sizeof(buf)));
		ck_assert_ptr_null(job_get(&h, "", buf, sizeof(buf)));
		ck_assert_int_eq(job_number(&h, "exit"), 0);
		ck_assert_int_eq(job_number(&h, "Big"), INT64_MAX);
		ck_assert_int_eq(job_number(&h, "Bigger"), -1);
		ck_assert_int_eq(job_number(&h, "Less"), -1);
		ck_assert_int_eq(job_number(&h, "Empty"), -1);
		ck_assert_int_eq(job_number(&h, "None"), -1);
		ck_assert_int_eq(job_end(&h), ended ? -1 : 0);
	}
}
END_TEST

START_TEST(appends)
{
	struct job_header h = { 0 };

	put(&h, "A", "b");
	put(&h, "Trim", " \t a \t b\t ");
	put(&h, "None", "  ");
	ck_assert_str_eq(h.text, "A: b\nTrim: a \t b\nNone: \n");
	ck_assert_uint_eq(h.len, strlen(h.text));
	ck_assert_int_eq(job_end(&h), 0);
	ck_assert_str_eq(h.text, "A: b\nTrim: a \t b\nNone: \n\n");
	ck_assert_uint_eq(h.len, strlen(h.text));
	ck_assert_int_eq(job_put(&h, "C", "d"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(job_put_blank(&h, "C", 3), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(job_end(&h), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(h.text, "A: b\nTrim: a \t b\nNone: \n\n");
}
END_TEST

START_TEST(ends_without_fields)
{
	struct job_header h = { 0 };

	ck_assert_int_eq(job_end(&h), 0);
	ck_assert_str_eq(h.text, "\n");
	ck_assert_uint_eq(h.len, 1);
	ck_assert_int_eq(job_end(&h), -1);
	ck_assert_int_eq(job_put(&h, "C", "d"), -1);
}
END_TEST

START_TEST(nothing_follows_a_header_that_was_read)
{
	struct job_header h;
	int fd = file_of("A: b\n\nx", 7);

	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	ck_assert_int_eq(job_put(&h, "C", "d"), -1);
	ck_assert_int_eq(job_end(&h), -1);
}
END_TEST

START_TEST(refuses)
{
	static const char *const names[] = {
		"", "A B", "A:", ":", " A", "A ", "A\n", "\303\204", "A\r", "A\1", "A(", "A,", "A=", "A/", "\"A\"", "{", "@"
	};
	static const char *const values[] = { "a\nb", "\n", "a\n", "a\r", "\1", "a\177", "a\33b", "\f", "a\v" };
	char name[JOB_NAME_MAX + 2], value[JOB_VALUE_MAX + 1];
	struct job_header h = { 0 };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert(!job_valid_name(names[i]));
		ck_assert_int_eq(job_put(&h, names[i], "v"), -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(job_put_blank(&h, names[i], 3), -1);
	}
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		ck_assert(!job_valid_value(values[i]));
		ck_assert_int_eq(job_put(&h, "N", values[i]), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert(!job_valid_name(name));
	ck_assert(job_valid_name(name + 1));
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	ck_assert(!job_valid_value(value));
	ck_assert(job_valid_value(value + 1));
	value[0] = ' ';
	ck_assert(job_valid_value(value));
	ck_assert(job_valid_value(""));
	ck_assert(job_valid_value("a\tb \377"));
	ck_assert_int_eq(job_put_blank(&h, "N", 0), -1);
	ck_assert_int_eq(job_put_blank(&h, "N", JOB_VALUE_MAX), -1);
	ck_assert_uint_eq(h.len, 0);
}
END_TEST

START_TEST(a_full_header_still_ends)
{
	struct job_header h = { 0 };
	char value[3000];
	int fd;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	while (job_put(&h, "Name", value) == 0)
		;
	ck_assert_int_eq(errno, E2BIG);
	/* "Name: " and LF, and the empty line. */
	value[JOB_HEADER_MAX - h.len - 7] = '\0';
	ck_assert_int_eq(job_put(&h, "Name", value), -1);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_int_eq(job_put_blank(&h, "Name", strlen(value)), -1);
	ck_assert_int_eq(errno, E2BIG);
	put(&h, "Name", value + 1);
	ck_assert_int_eq(job_put(&h, "N", ""), -1);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_int_eq(job_end(&h), 0);
	ck_assert_uint_eq(h.len, JOB_HEADER_MAX);
	fd = file_of(h.text, h.len);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	ck_assert_uint_eq(h.len, JOB_HEADER_MAX);
}
END_TEST

START_TEST(fills)
{
	struct job_header h = { 0 };
	off_t length, exited, time;
	char buf[64];
	int fd;

	length = job_put_blank(&h, "Content-Length", JOB_NUMBER_WIDTH);
	exited = job_put_blank(&h, "Exit", 3);
	time = job_put_blank(&h, "Finished", JOB_TIME_WIDTH);
	ck_assert_int_eq(length, (off_t)strlen("Content-Length: "));
	ck_assert_int_eq(job_end(&h), 0);
	fd = file_of(h.text, h.len);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert_int_eq(job_read(fd, &h, NULL), -1);
	ck_assert_int_eq(errno, EBADMSG);

	ck_assert_int_eq(job_fill(fd, length, JOB_NUMBER_WIDTH, "3"), 0);
	ck_assert_int_eq(job_fill(fd, exited, 3, "127"), 0);
	ck_assert_int_eq(job_fill(fd, time, JOB_TIME_WIDTH, "2026-11-23T17:53:05Z"), 0);
	ck_assert_int_eq(job_fill(fd, exited, 3, "1277"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(job_fill(fd, exited, 3, "a\n"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(job_fill(fd, -1, 3, "1"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(job_fill(fd, 0, JOB_VALUE_MAX, "1"), -1);
	ck_assert_int_eq(job_fill(-1, 0, 3, "1"), -1);
	ck_assert_int_eq(errno, EBADF);

	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	ck_assert_int_eq(job_number(&h, "Content-Length"), 3);
	ck_assert_int_eq(job_number(&h, "Exit"), 127);
	ck_assert_str_eq(job_get(&h, "Finished", buf, sizeof(buf)), "2026-11-23T17:53:05Z");
	/* A shorter value leaves nothing of the longer one behind. */
	ck_assert_int_eq(job_fill(fd, exited, 3, "1"), 0);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	ck_assert_str_eq(job_get(&h, "Exit", buf, sizeof(buf)), "1");
	ck_assert_str_eq(h.text, "Content-Length: 3                   \nExit: 1  \nFinished: 2026-11-23T17:53:05Z\n\n");
}
END_TEST

static void
random_text(char *buf, size_t min, size_t max, const char *from)
{
	size_t n = min + (size_t)random() % (max - min + 1), i;

	for (i = 0; i < n; i++)
		buf[i] = from[(size_t)random() % strlen(from)];
	buf[n] = '\0';
}

START_TEST(what_is_put_is_read)
{
	enum { FIELDS = 12 };
	static const char token[] = "!#$%&'*+-.^_`|~0189AZaz", text[] = "ab:\t ,=\"\\\303\274\377\200 /";
	static char names[FIELDS][JOB_NAME_MAX + 1], values[FIELDS][JOB_VALUE_MAX], payload[300];
	static struct job_header h, got;
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1], number[32];
	int round, i, n;

	for (round = 0; round < 3000; round++) {
		size_t at = 0, size = (size_t)random() % sizeof(payload);
		int fd;

		h.len = 0;
		n = (int)(random() % FIELDS);
		for (i = 0; i < n; i++) {
			random_text(names[i], 1, JOB_NAME_MAX, token);
			random_text(values[i], 0, random() % 8 ? 40 : 1200, text);
			put(&h, names[i], values[i]);
		}
		snprintf(number, sizeof(number), "%zu", size);
		put(&h, "Content-Length", number);
		ck_assert_int_eq(job_end(&h), 0);
		fd = file_of(h.text, h.len);
		memset(payload, random() % 2 ? '\n' : '\0', sizeof(payload));
		ck_assert_int_eq(write(fd, payload, size), (ssize_t)size);
		ck_assert_int_eq(job_read(fd, &got, NULL), 0);
		ck_assert_uint_eq(got.len, h.len);
		for (i = 0; i < n; i++) {
			char *v = values[i] + strspn(values[i], " \t"), *end = v + strlen(v);

			while (end > v && strchr(" \t", end[-1]) != NULL)
				*--end = '\0';
			ck_assert_int_eq(job_next(&got, &at, name, value), 1);
			ck_assert_str_eq(name, names[i]);
			ck_assert_str_eq(value, v);
		}
		ck_assert_int_eq(job_next(&got, &at, name, value), 1);
		ck_assert_str_eq(name, "Content-Length");
		ck_assert_int_eq(job_next(&got, &at, name, value), 0);
		ck_assert_int_eq(job_next(&got, &at, name, value), 0);
		close(fd);
	}
}
END_TEST

/* Whatever the bytes are, it is a header of valid fields or EBADMSG. */
START_TEST(any_bytes)
{
	static const char *const pieces[] = {
		"A", "Content-Length", ":", ": ", " ", "\n", "\n\n", "1", "2", "\t", "\r", "v", "Name: value\n", "\377", "\1", "xyz"
	};
	static struct job_header h;
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1];
	int round, good = 0;

	for (round = 0; round < 60000; round++) {
		char bytes[400] = "";
		size_t n, at = 0, lines = 0, fields = 0;
		int fd, k;

		for (k = (int)(random() % 12); k > 0; k--)
			strcat(bytes, pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))]);
		n = strlen(bytes);
		if (n > 0 && random() % 8 == 0)
			bytes[(size_t)random() % n] = '\0';
		fd = file_of(bytes, n);
		if (job_read(fd, &h, NULL) == -1)
			ck_assert_int_eq(errno, EBADMSG);
		else {
			good++;
			ck_assert_uint_le(h.len, n);
			for (at = 0; at < h.len - 1; at++)
				lines += h.text[at] == '\n';
			at = 0;
			while (job_next(&h, &at, name, value)) {
				fields++;
				ck_assert(job_valid_name(name));
				ck_assert(job_valid_value(value));
			}
			ck_assert_uint_eq(fields, lines);
			ck_assert_uint_eq(at, h.len - 1);
		}
		close(fd);
	}
	ck_assert_int_gt(good, 1000);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("job");
	TCase *t = tcase_create("job");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, reads);
	tcase_add_test(t, malformed);
	tcase_add_test(t, torn);
	tcase_add_test(t, largest_header);
	tcase_add_test(t, largest_name_and_value);
	tcase_add_test(t, errors_that_are_not_the_files);
	tcase_add_test(t, gets);
	tcase_add_test(t, appends);
	tcase_add_test(t, ends_without_fields);
	tcase_add_test(t, nothing_follows_a_header_that_was_read);
	tcase_add_test(t, refuses);
	tcase_add_test(t, a_full_header_still_ends);
	tcase_add_test(t, fills);
	tcase_add_test(t, what_is_put_is_read);
	tcase_add_test(t, any_bytes);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
