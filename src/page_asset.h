/*
 * page_asset: what pages are dressed with: files of the source that are part of the program.
 */
#ifndef WQW_PAGE_ASSET_H
#define WQW_PAGE_ASSET_H

#include <stddef.h>

enum { PAGE_TAG_MAX = 24 };

struct page_asset {
	const char *name, *type;    /* "wqw.css", "text/css; charset=utf-8" */
	const char *start, *end;
};

/* NULL: there is none of this name. */
const struct page_asset *page_asset(const char *name);

/* A word that is another one where the content is another. Returns buf. */
char *page_asset_tag(const struct page_asset *a, char buf[PAGE_TAG_MAX]);

#endif
