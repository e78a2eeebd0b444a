#include "http_chunks.h"

#include <errno.h>
#include <string.h>

enum state { SIZE, BLANKS, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, ENDED };

enum { DIGITS_MAX = 15, LINE_MAX_BYTES = 4096 };

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c == '\0' ? NULL : strchr(digits, c);

	return p == NULL ? -1 : (int)((p - digits) % 16);
}

/* A byte of the line with a chunk's size. Returns the next state, or -1. */
static int
size_byte(struct http_chunks *c, char byte)
{
	int value = c->state == SIZE ? digit(byte) : -1;

	if (value != -1 && ++c->digits <= DIGITS_MAX) {
		c->left = c->left << 4 | (unsigned)value;
		return SIZE;
	}
	if (c->digits == 0 || c->digits > DIGITS_MAX || ++c->line > LINE_MAX_BYTES || byte == '\n' || byte == '\0')
		return -1;
	if (byte == '\r')
		return SIZE_LF;
	if (c->state == EXTENSION || byte == ';')
		return EXTENSION;
	return byte == ' ' || byte == '\t' ? BLANKS : -1;
}

static int
size_end(struct http_chunks *c, char byte)
{
	if (byte != '\n')
		return -1;
	c->digits = 0;
	c->line = 0;
	return c->left == 0 ? TRAILER : DATA;
}

static int
trailer_byte(struct http_chunks *c, char byte)
{
	if (byte == '\r')
		return TRAILER_LF;
	return byte == '\n' || byte == '\0' || ++c->line > LINE_MAX_BYTES ? -1 : TRAILER;
}

static int
trailer_end(struct http_chunks *c, char byte)
{
	int empty = c->line == 0;

	c->line = 0;
	return byte != '\n' ? -1 : empty ? ENDED : TRAILER;
}

/* What the byte makes of the state; -1 where it does not fit. Not for DATA. */
static int
next(struct http_chunks *c, char byte)
{
	switch ((enum state)c->state) {
	case SIZE:
	case BLANKS:
	case EXTENSION:
		return size_byte(c, byte);
	case SIZE_LF:
		return size_end(c, byte);
	case DATA_CR:
		return byte == '\r' ? DATA_LF : -1;
	case DATA_LF:
		return byte == '\n' ? SIZE : -1;
	case TRAILER:
		return trailer_byte(c, byte);
	case TRAILER_LF:
		return trailer_end(c, byte);
	default:
		return -1;
	}
}

ssize_t
http_chunks_decode(struct http_chunks *c, char *buf, size_t n)
{
	size_t i = 0, used = 0, run;

	while (i < n && c->state != ENDED) {
		if (c->state != DATA) {
			if ((c->state = next(c, buf[i++])) == -1) {
				errno = EBADMSG;
				return -1;
			}
			continue;
		}
		run = c->left < n - i ? (size_t)c->left : n - i;
		memmove(buf + used, buf + i, run);
		used += run;
		i += run;
		if ((c->left -= run) == 0)
			c->state = DATA_CR;
	}
	return (ssize_t)used;
}

int
http_chunks_ended(const struct http_chunks *c)
{
	return c->state == ENDED || c->state == -1;
}
