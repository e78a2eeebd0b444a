/*
 * policy_lines: the form that queue.conf and the spool's tokens have: a text of lines, `#` comments, a backslash at the end
 * of a line that goes on in the next.
 */
#ifndef WQW_POLICY_LINES_H
#define WQW_POLICY_LINES_H

#include <stddef.h>
#include <stdio.h>

#define POLICY_BLANKS " \t"

struct policy_lines {
	int (*each)(void *arg, char *line);   /* a logical line, without its comment and the blanks around it; never "" */
	void *arg;
	char *why;       /* of `size` bytes: "<line>: what is wrong" */
	size_t size;
	size_t line;     /* where the logical line starts; from 1 */
};

/* Calls `each` until it returns -1. EINVAL: something in the file is wrong, and `why` says what, else it is "". */
int policy_lines(struct policy_lines *l, FILE *f);

/* For `each`: says what is wrong with its line. -1 with EINVAL. */
int policy_wrong(struct policy_lines *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Cuts the first word off a line: what follows it, and the blanks behind it. */
char *policy_cut(char *line);

#endif
