/*
 * http_value: the grammar of what a request says: RFC 9110 and 9112, RFC 3986, RFC 6266 and 8187.
 *
 * Pure functions of strings. Where a result is 1, 0 or -1 it means: there and good, not there, wrong.
 */
#ifndef WQW_HTTP_VALUE_H
#define WQW_HTTP_VALUE_H

#include <stddef.h>
#include <sys/types.h>

enum { HTTP_FILENAME_MAX = 255 };

/*
 * Undoes percent-encoding in n bytes of a path, once. EINVAL: a broken escape; or, plain or encoded, a control, a NUL,
 * or an encoded slash: what two programs on the way could read differently. E2BIG: more than size bytes.
 */
int http_path_decode(const char *raw, size_t n, char *out, size_t size);

/* The first parameter `name` of a query, decoded as forms are. -1: broken, has controls, or is longer than buf. */
int http_query(const char *query, const char *name, char *buf, size_t size);

/* How much a client wants a media type by its Accept, 0 to 1000; -1 where it does not say, or says it wrongly. */
int http_quality(const char *accept, const char *type);

/* 1 where a Content-Type is this type, whatever its parameters. */
int http_is_type(const char *value, const char *type);

/* A parameter of a Content-Type or Content-Disposition, without its quotes. */
int http_parameter(const char *value, const char *name, char *buf, size_t size);

/* The file name of a Content-Disposition, cleaned; filename* wins. */
int http_filename(const char *disposition, char buf[HTTP_FILENAME_MAX + 1]);

/* Cuts path and controls from a file name. 0: nothing is left of it. */
int http_filename_clean(char *name);

/* A Range, against `size` bytes. 1: *first and *n are set; 0: to be ignored; -1: none of it is there (416). */
int http_range(const char *value, off_t size, off_t *first, off_t *n);

/* 1 where the list of an If-Match or If-None-Match has this strong entity tag or is "*". */
int http_etag_listed(const char *list, const char *etag, int weak);

int http_valid_token(const char *text);
int http_valid_host(const char *host);            /* of a Host field: a name or address, and a port */

#endif
