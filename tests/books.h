/*
 * books: jobs whose payload tells what becomes of them, so that a test can add up a queue when all is over. A payload is
 * a line `KIND NUMBER` and then bytes that follow from the number.
 */
#ifndef WQW_BOOKS_H
#define WQW_BOOKS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum books_kind {
	BOOKS_OK,       /* succeeds */
	BOOKS_AGAIN,    /* its first attempt fails */
	BOOKS_SIGNAL,   /* its first attempt dies of a signal */
	BOOKS_NEVER,    /* exit 100 */
	BOOKS_DOOMED,   /* fails until no attempts are left */
	BOOKS_PARENT,   /* submits two jobs, and succeeds */
	BOOKS_STRAY,    /* its first attempt submits three and fails, then as PARENT */
	BOOKS_BARREN,   /* submits two, and exit 100 */
	BOOKS_KINDS
};

/* The Nth job that one of the last three submits is `ok`, and has this number. */
enum { BOOKS_FAMILY = 1000000 };

enum { BOOKS_PAYLOAD_MAX = 100000 };

struct books_payload {
	enum books_kind kind;
	long number;
	uint64_t sum;
};

static inline const char *
books_kind_name(enum books_kind kind)
{
	static const char *const names[BOOKS_KINDS + 1] = { "ok", "again", "signal", "never", "doomed",
	    "parent", "stray", "barren", "?" };

	return names[kind];
}

static inline enum books_kind
books_kind(const char *name)
{
	enum books_kind kind = BOOKS_OK;

	while (kind < BOOKS_KINDS && strcmp(name, books_kind_name(kind)) != 0)
		kind++;
	return kind;
}

static inline uint64_t
books_sum(const char *text, size_t n)
{
	uint64_t sum = UINT64_C(14695981039346656037);

	while (n-- > 0)
		sum = (sum ^ (unsigned char)*text++) * UINT64_C(1099511628211);
	return sum;
}

/* Fills buf with the payload; returns its length. A few are larger than any buffer on the way. */
static inline size_t
books_payload(char buf[BOOKS_PAYLOAD_MAX], enum books_kind kind, long number)
{
	size_t n = (size_t)snprintf(buf, 64, "%s %ld\n", books_kind_name(kind), number), end;
	uint32_t x = (uint32_t)number * 2654435761U + 1;

	end = n + (number % 16 == 7 ? 70000 + (size_t)number % 999 : (size_t)number * 37 % 500);
	for (; n < end; n++) {
		x = x * 1664525 + 1013904223;
		buf[n] = (char)(x >> 24);
	}
	return n;
}

/* Reads a payload from the offset of fd on. -1 with EBADMSG: it is not one, or not whole. */
static inline int
books_read(int fd, struct books_payload *p)
{
	static char got[BOOKS_PAYLOAD_MAX], wanted[BOOKS_PAYLOAD_MAX];
	char kind[16];
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)r;
	if (r == -1)
		return -1;
	got[n] = '\0';
	errno = EBADMSG;
	if (sscanf(got, "%15s %ld\n", kind, &p->number) != 2 || (p->kind = books_kind(kind)) == BOOKS_KINDS)
		return -1;
	p->sum = books_sum(got, n);
	return n == books_payload(wanted, p->kind, p->number) && memcmp(got, wanted, n) == 0 ? 0 : -1;
}

#endif
