/*
 * http_chunks: the chunked transfer coding (RFC 9112, 7.1), for a server that hands it on as it came. Strict: lines end
 * with CRLF, extensions and trailers are passed over.
 */
#ifndef WQW_HTTP_CHUNKS_H
#define WQW_HTTP_CHUNKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_chunks {  /* starts as zeros */
	int state;
	unsigned digits;
	size_t line;      /* bytes in the line that is being read */
	uint64_t left;    /* of the chunk */
};

/* Decodes n bytes in place and returns how many of the body they are. EBADMSG: malformed. */
ssize_t http_chunks_decode(struct http_chunks *c, char *buf, size_t n);

/* 1 once the last chunk and its trailers have come, or what is malformed: whatever follows is no part of the body. */
int http_chunks_ended(const struct http_chunks *c);

#endif
