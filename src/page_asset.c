#include "page_asset.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): names of symbols take none */
/* The assembler reads the files: they stay as they are for who edits them, and there is no list of bytes to make. */
#define FILE_AS(symbol, path) \
	__asm__(".pushsection .rodata,\"a\",%progbits\n" \
	    ".hidden " #symbol "\n.hidden " #symbol "_end\n" \
	    ".globl " #symbol "\n.globl " #symbol "_end\n" \
	    #symbol ":\n.incbin \"" path "\"\n" \
	    #symbol "_end:\n.byte 0\n.popsection\n"); \
	extern const char symbol[] __attribute__((visibility("hidden"))); \
	extern const char symbol##_end[] __attribute__((visibility("hidden")))

FILE_AS(page_file_css, "src/page.css");
FILE_AS(page_file_js, "src/page.js");
FILE_AS(page_file_svg, "src/page.svg");
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct page_asset assets[] = {
	{ "wqw.css", "text/css; charset=utf-8", page_file_css, page_file_css_end },
	{ "wqw.js", "text/javascript; charset=utf-8", page_file_js, page_file_js_end },
	{ "wqw.svg", "image/svg+xml", page_file_svg, page_file_svg_end }
};

const struct page_asset *
page_asset(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(assets) / sizeof(assets[0]); i++)
		if (strcmp(assets[i].name, name) == 0)
			return &assets[i];
	return NULL;
}

/* FNV-1a: nobody has to be kept from making two that are alike. */
char *
page_asset_tag(const struct page_asset *a, char buf[PAGE_TAG_MAX])
{
	uint64_t h = UINT64_C(14695981039346656037);
	const char *p;

	for (p = a->start; p < a->end; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	(void)snprintf(buf, PAGE_TAG_MAX, "%016" PRIx64, h);
	return buf;
}
