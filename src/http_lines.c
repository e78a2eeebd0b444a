#include "http_lines.h"

#include <string.h>

static int
give(struct http_lines *l, const char *p, size_t n)
{
	if (n == 0)
		return 0;
	if (!l->begun && l->line(l->arg) == -1)
		return -1;
	l->begun = 1;
	return l->data(l->arg, p, n);
}

/* A CR that was held back is data after all, or was the end of the line. */
static int
give_rest(struct http_lines *l, const char *p, size_t n, int ended)
{
	if (l->cr && (n > 0 || !ended)) {
		l->cr = 0;
		if (give(l, "\r", 1) == -1)
			return -1;
	}
	if (n > 0 && p[n - 1] == '\r') {
		l->cr = 1;
		n--;
	}
	return give(l, p, n);
}

int
http_lines_push(struct http_lines *l, const void *buf, size_t n)
{
	const char *p = buf, *end = p + n, *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			return give_rest(l, p, (size_t)(end - p), 0);
		if (give_rest(l, p, (size_t)(lf - p), 1) == -1)
			return -1;
		l->begun = l->cr = 0;
	}
	return 0;
}
