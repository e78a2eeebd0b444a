/*
 * http_json: is it JSON? The grammar of RFC 8259, and that strings are UTF-8, byte by byte; nothing is held but a bit for
 * each open bracket.
 */
#ifndef WQW_HTTP_JSON_H
#define WQW_HTTP_JSON_H

#include <stddef.h>
#include <stdint.h>

enum { HTTP_JSON_DEPTH = 512 };

struct http_json {   /* zeros at first */
	int state, in_key, more;     /* more: bytes that a character of UTF-8 still needs */
	unsigned char low, high;     /* between which the next of these is */
	const char *word;            /* what is left of true, false or null */
	unsigned depth;
	unsigned char objects[HTTP_JSON_DEPTH / 8];   /* a bit: 1: an object, 0: an array */
	uint64_t at;                 /* bytes that were right */
};

/* -1: it is not; `at` tells where. */
int http_json_push(struct http_json *j, const void *buf, size_t n);

/* 1 where it is one whole value. */
int http_json_ended(const struct http_json *j);

#endif
