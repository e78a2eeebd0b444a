/*
 * door_cgi: one request by CGI/1.1 (RFC 3875): the environment tells what it is, `in` has its body, `out` takes the reply.
 */
#ifndef WQW_DOOR_CGI_H
#define WQW_DOOR_CGI_H

#include "http.h"

/* 1 where the environment is that of a CGI program. */
int door_cgi_called(void);

/*
 * Serves it, once in a process. Never reads more than the request's body. -1: EINTR: told to end by SIGTERM, SIGINT or
 * SIGHUP, and nothing was accepted; others: the reply could not be written. note: a line for the operator's log, or "".
 */
int door_cgi(int in, int out, char note[HTTP_NOTE_MAX]);

#endif
