/*
 * tool: what the small programs share: a sound start, words for what went wrong, an end that is checked.
 */
#ifndef WQW_TOOL_H
#define WQW_TOOL_H

#include <getopt.h>
#include <stddef.h>

/*
 * Makes sure that descriptors 0 to 2 are open, so that no file of the spool becomes one of them: those that were closed
 * fail when they are used. Takes the character set from the environment.
 */
int tool_start(void);

/* Writes out and closes stdout. -1: not all of it could be written. */
int tool_end(void);

/*
 * What is wrong with the option that getopt_long(3) has just refused by returning `c`, and what is allowed. For a list
 * of short options that begins with ':' and opterr = 0. Returns buf.
 */
char *tool_wrong(char *buf, size_t size, int c, char *const argv[], const struct option *longs);

/* A copy that may be sent to a terminal: what does not print is escaped. Cut off to fit. Keeps errno. Returns buf. */
char *tool_clean(char *buf, size_t size, const char *text);

/* The sysexits(3) code for an errno of the spool. */
int tool_code(int error);

#endif
