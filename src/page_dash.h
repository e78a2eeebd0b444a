/*
 * page_dash: the dashboard's pages, from the documents that a program gets: what is in their frame, as `body` of struct page.
 */
#ifndef WQW_PAGE_DASH_H
#define WQW_PAGE_DASH_H

#include <stdio.h>

void page_dash(FILE *f, void *doc);         /* all queues */
void page_dash_queue(FILE *f, void *doc);   /* one of them */
void page_dash_list(FILE *f, void *doc);    /* its jobs of one state */

#endif
