/*
 * page_dash: the dashboard's pages, from the documents that a program gets: what stands below their title.
 */
#ifndef WQW_PAGE_DASH_H
#define WQW_PAGE_DASH_H

#include <jansson.h>
#include <stdio.h>

void page_dash(FILE *f, const json_t *doc);         /* all queues */
void page_dash_queue(FILE *f, const json_t *doc);   /* one of them */
void page_dash_list(FILE *f, const json_t *doc);    /* its jobs of one state */

/* Where one is, as a row of links that ends with `here`. */
void page_crumbs(FILE *f, const json_t *links, const char *here);

#endif
