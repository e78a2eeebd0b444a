/*
 * http_prefer: fields whose value is a string of RFC 8941, or the preferences of RFC 7240.
 */
#ifndef WQW_HTTP_PREFER_H
#define WQW_HTTP_PREFER_H

#include <stddef.h>

/* A string, "..."; parameters behind it don't count. A word of visible ASCII without '"', ',' and ';' is taken too. -1: neither. */
int http_string(const char *value, char *buf, size_t size);

/* The value of the first preference of this name, "" where it has none. 1: there; 0: not there, or too long. */
int http_preference(const char *prefer, const char *name, char *value, size_t size);

#endif
