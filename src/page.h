/*
 * page: HTML for people. A page shows the same facts that a program gets as JSON, so there is nothing that only one of
 * the two can see. No scripts, no styles, no other host; everything that comes from outside is escaped.
 */
#ifndef WQW_PAGE_H
#define WQW_PAGE_H

#include <jansson.h>
#include <stdio.h>

struct page {
	const char *title;
	json_t *facts;         /* an object: its members become a list; null is left out, the object "links" becomes links */
	int refresh;           /* seconds after which the browser loads the page again; 0: it does not */
	const char *to;        /* where it then goes; NULL: here */
	const char *base;      /* what links begin with; NULL: "" */
	const char *queue;     /* whose page it is; NULL: of none */
	int live;              /* 1: only a browser without scripts loads it again */
	int wide;              /* 1: for tables and plots, not for reading */
	void (*body)(FILE *f, void *arg);   /* writes what is in it, from the h1 on; NULL: the title and the facts */
	void *arg;
	const char *upload;    /* where a form sends a file; NULL: no form */
};

/* What a page may do, as the value of Content-Security-Policy. */
extern const char page_policy[];

/* Writes a whole document. Errors are the stream's. */
void page_write(FILE *f, const struct page *p);

/* Text as the content of an element or of a quoted attribute. */
void page_text(FILE *f, const char *text);

#endif
