/*
 * page_job: what becomes of a request, for who has sent it: that it is being worked on, and how far that is; its result; or
 * why there is none.
 */
#ifndef WQW_PAGE_JOB_H
#define WQW_PAGE_JOB_H

#include <stdint.h>
#include <stdio.h>

#include "view.h"

struct page_job {
	const struct view *view;
	const char *link, *queue_link;
	int64_t now;          /* microseconds */
	int64_t place;        /* jobs before this one; -1: not known */
	int pace;             /* seconds until it is worth looking again; 0: it has ended */
	int may_operate;      /* 1: who looks may cancel and retry */
	int has_log;
	const char *log;      /* its end, where it may be shown; or NULL */
	/* Of one that is done: */
	const char *type, *filename;   /* NULL: not known; "": none */
	int64_t size;
	const char *text;     /* the beginning of the result, where it is text; or NULL */
	int whole;            /* 1: text is all of it */
};

/* What it says above all: the title. */
const char *page_job_title(const struct view *v);

/* The body of a page; arg is a struct page_job. */
void page_job(FILE *f, void *arg);

/* 1 where a browser shows a type as an image, or as text, without running any of it. */
int page_job_image(const char *type);
int page_job_text(const char *type);

#endif
