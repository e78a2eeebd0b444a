/*
 * feed_type: a MIME type from a payload's first bytes, by libmagic where it was built with it.
 */
#ifndef WQW_FEED_TYPE_H
#define WQW_FEED_TYPE_H

#include <stddef.h>

enum { FEED_TYPE_LOOK = 16384, FEED_TYPE_MAX = 128 };

/* ENOTSUP: built without libmagic; ENOENT: its database does not load. Returns type. */
char *feed_type(const void *bytes, size_t n, char type[FEED_TYPE_MAX]);

#endif
