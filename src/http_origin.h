/*
 * http_origin: from where a request comes: of this machine, of a page of this site, or of somebody else's.
 *
 * Pure functions of strings; NULL where the field was not sent.
 */
#ifndef WQW_HTTP_ORIGIN_H
#define WQW_HTTP_ORIGIN_H

/* 1 where an address is of 127.0.0.0/8, or ::1. */
int http_is_loopback(const char *address);

/* The same for a Host: a loopback address or localhost, with or without a port. */
int http_is_local_host(const char *host);

/* 1 where an Origin, or the beginning of a Referer, is that of the host that was asked. "null" is nobody's. */
int http_same_origin(const char *origin, const char *host);

#endif
