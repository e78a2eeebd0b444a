/*
 * page: HTML for people. A page shows the same facts that a program gets as JSON, so there is nothing that only one of
 * the two can see. All pages have one frame: name and path above, one style sheet, one script, both the program's own
 * (page.css, page.js). A page says all it has to say without the script, which only makes it live. Nothing comes from
 * another host, there are no styles or scripts within a page, and everything from outside is escaped.
 */
#ifndef WQW_PAGE_H
#define WQW_PAGE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct page {
	const char *title;
	const char *base;      /* what links begin with; NULL: "" */
	const char *queue, *id;   /* for the path above: where it is; NULL or "": not so far */
	int refresh;           /* seconds after which the browser loads the page again; 0: it does not */
	const char *to;        /* where it then goes; NULL: here */
	int live;              /* 1: only a browser without scripts does; with them the page keeps itself up to date */
	int wide;              /* 1: for tables and plots, not for reading */
	void (*body)(FILE *f, void *arg);   /* writes what is in it, from the h1 on; NULL: the title and the facts */
	void *arg;
	json_t *facts;         /* an object: its members become a list; null is left out, the object "links" becomes links */
};

/* What a page may do, as the value of Content-Security-Policy. */
extern const char page_policy[];

/* Writes a whole document: begin, what is in it, end. Errors are the stream's. */
void page_write(FILE *f, const struct page *p);
void page_begin(FILE *f, const struct page *p);
void page_end(FILE *f);

/* Text as the content of an element or of a quoted attribute. */
void page_text(FILE *f, const char *text);

/* printf whose %s are escaped; it knows %s %d %% %j (an intmax_t) and nothing else. */
void page_printf(FILE *f, const char *fmt, ...);

/* A badge of a state, class is-STATE; a size for people, "3.2 MiB". */
void page_badge(FILE *f, const char *state);
void page_size(FILE *f, int64_t bytes);

#endif
