/*
 * http_form: multipart/form-data (RFC 7578), pushed piece by piece and never held: memory is bounded whatever comes.
 */
#ifndef WQW_HTTP_FORM_H
#define WQW_HTTP_FORM_H

#include <stddef.h>

#include "http_value.h"

enum { HTTP_BOUNDARY_MAX = 70, HTTP_PART_HEAD_MAX = 2048, HTTP_PART_TYPE_MAX = 128 };

struct http_part {
	char name[64];                        /* of the form's field; "" where it has none */
	char filename[HTTP_FILENAME_MAX + 1]; /* "" where it is no file */
	char type[HTTP_PART_TYPE_MAX];        /* "" where it does not say */
};

struct http_form {
	/* set by http_form_open's caller before the first push; both return -1 with errno to stop */
	int (*part)(void *arg, const struct http_part *p);
	int (*data)(void *arg, const void *buf, size_t n);
	void *arg;
	/* private */
	int state;
	char delimiter[HTTP_BOUNDARY_MAX + 5];  /* CRLF "--" boundary */
	size_t delimiter_len, matched, line;
	char head[HTTP_PART_HEAD_MAX];
	struct http_part at;
};

/* EINVAL: a multipart/form-data Content-Type that has no good boundary. */
int http_form_open(struct http_form *f, const char *content_type);

/* EBADMSG: malformed; E2BIG: a part's head is longer than HTTP_PART_HEAD_MAX; or what the calls set. */
int http_form_push(struct http_form *f, const void *buf, size_t n);

/* 1 where the closing delimiter has come. */
int http_form_ended(const struct http_form *f);

#endif
