/*
 * page_plot: a row of numbers as a picture, SVG that stands in the page itself. It has classes and no styles, scales with the
 * width, and says in words what it shows.
 */
#ifndef WQW_PAGE_PLOT_H
#define WQW_PAGE_PLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum page_plot_kind {
	PAGE_PLOT_AREA,    /* a, filled down to 0 */
	PAGE_PLOT_BARS,    /* b on top of a */
	PAGE_PLOT_LINES    /* a in the foreground, b behind it */
};

enum page_plot_unit { PAGE_PLOT_COUNT, PAGE_PLOT_RATE, PAGE_PLOT_TIME };

struct page_plot {
	const char *id;            /* that no other of the page has: letters, digits and '-' */
	const char *title;
	const char *name_a, *name_b;   /* what the two are; b may be NULL */
	enum page_plot_kind kind;
	enum page_plot_unit unit;
	const double *a, *b;       /* n of each; -1: not known, a gap; times are in seconds */
	size_t n;
	int64_t span;              /* microseconds from one to the next; the last is that of now */
};

void page_plot(FILE *f, const struct page_plot *p);

/* The shape alone, for a table; nothing where nothing is known. */
void page_plot_spark(FILE *f, const char *label, const double *a, size_t n);

/* "1.2k", "0.5", "3 min". Returns buf. */
enum { PAGE_PLOT_NUMBER = 32 };
char *page_plot_number(char buf[PAGE_PLOT_NUMBER], enum page_plot_unit unit, double v);

#endif
