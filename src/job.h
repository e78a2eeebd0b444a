/*
 * job: the format of job and result files: header fields `Name: value`, an empty line, the payload.
 *
 * Names are RFC 9110 tokens and compare without case; values are one line of bytes without controls, blanks around them
 * dropped. All fields are optional; a file that starts with an empty line is all payload. See spool-layout.md, "Files".
 */
#ifndef WQW_JOB_H
#define WQW_JOB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	JOB_HEADER_MAX = 16384,  /* bytes up to and with the empty line */
	JOB_NAME_MAX = 64,
	JOB_VALUE_MAX = 4096,
	JOB_NUMBER_WIDTH = 20,   /* of a field whose number is filled in later */
	JOB_TIME_WIDTH = 20      /* "2026-11-23T17:53:05Z" */
};

struct job_header {
	size_t len;                      /* of text; 0: nothing yet */
	char text[JOB_HEADER_MAX + 1];   /* the fields, LF after each; after job_read also the empty line */
};

/*
 * Reads the header of an open job or result file by pread. EBADMSG: malformed (no empty line within JOB_HEADER_MAX, a
 * line that is no field) or torn (Content-Length is more or less than what follows); `why`, if not NULL, then points
 * to a constant that says what.
 */
int job_read(int fd, struct job_header *h, const char **why);

/* Copies the value of the first field `name` into buf; returns buf, or NULL where there is none. Cut off to fit. */
char *job_get(const struct job_header *h, const char *name, char *buf, size_t size);
/* The same as a number; -1 where there is none or it is not a number. */
int64_t job_number(const struct job_header *h, const char *name);

/* Walks the fields: start with *at = 0; 1 with name and value filled in, 0 at the end. */
int job_next(const struct job_header *h, size_t *at, char name[JOB_NAME_MAX + 1], char value[JOB_VALUE_MAX + 1]);

/* Adds a field. EINVAL: name or value is not valid; E2BIG: the header is full. */
int job_put(struct job_header *h, const char *name, const char *value);
/* Adds a field of blanks to be filled in by job_fill; returns the offset of its value in the file. */
off_t job_put_blank(struct job_header *h, const char *name, size_t width);
int job_fill(int fd, off_t at, size_t width, const char *value);
/* The same before the header is written. */
int job_fill_text(struct job_header *h, off_t at, size_t width, const char *value);

/* Ends the header with the empty line; nothing can be added after it. */
int job_end(struct job_header *h);

int job_valid_name(const char *name);
int job_valid_value(const char *value);

#endif
