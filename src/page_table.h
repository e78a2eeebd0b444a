/*
 * page_table: tables of facts that came as JSON, for page*.c. At a phone's width a row becomes a card, in which each cell has
 * its column's name before it; to those who hear the page it stays a table.
 */
#ifndef WQW_PAGE_TABLE_H
#define WQW_PAGE_TABLE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct page_table {
	FILE *f;
	const char *const *column;   /* NULL at the end; one that begins with '#' is of numbers */
	int at;
};

/* `name` is for those who do not see it. */
void page_table_begin(struct page_table *t, FILE *f, const char *name, const char *const *column);
void page_table_row(struct page_table *t);    /* the next one */
void page_table_cell(struct page_table *t);   /* the next of its cells */
void page_table_end(struct page_table *t);

/* Members of an object, as text; of what is not there, a dash. */
void page_number(FILE *f, const json_t *o, const char *name);    /* "1,234", "0.5" */
void page_string(FILE *f, const json_t *o, const char *name);
void page_age(FILE *f, const json_t *o, const char *name, const char *after);   /* of a number of seconds */
void page_since(FILE *f, const json_t *o, const char *name, int64_t now, const char *after);   /* of a time */
void page_link(FILE *f, const char *to, const char *text);

/* Jobs that are all in one state, or in that of each, with what can be done to them; then back to `from`, as web_operate has it. */
void page_jobs(FILE *f, const char *name, const json_t *jobs, const char *state, const char *from, int64_t now);

/* A body for struct page: what has become of many submissions at once, {jobs: [...], refused: N}. */
void page_bulk(FILE *f, void *doc);

#endif
