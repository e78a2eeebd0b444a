/*
 * door_confine: the front takes from itself all that serving the spool does not need; see confine.h. Once, when it has its
 * socket and web_helper, and before there is a thread.
 */
#ifndef WQW_DOOR_CONFINE_H
#define WQW_DOOR_CONFINE_H

#include <stddef.h>

enum { DOOR_CONFINE_LINE = 512 };

/*
 * Unless $WQW_CONFINE is "no". threads: 1: there will be some. `line` says what has come of it: 0: for whoever debugs;
 * -1: the kernel could confine it and has refused, which the operator should hear.
 */
int door_confine(int threads, char *line, size_t size);

int door_debugs(void);   /* $WQW_DEBUG is set, and not to 0 */

#endif
