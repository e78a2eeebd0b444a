#include "page.h"

#include <string.h>

const char page_policy[] = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

void
page_text(FILE *f, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			fputc(*text, f);
		}
}

static void
value(FILE *f, const json_t *v)
{
	if (json_is_string(v))
		page_text(f, json_string_value(v));
	else if (json_is_integer(v))
		fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		fputs(json_is_true(v) ? "yes" : "no", f);
}

static void
links(FILE *f, json_t *all)
{
	const char *name;
	json_t *to;

	fputs("<ul>\n", f);
	json_object_foreach(all, name, to) {
		fputs("<li><a href=\"", f);
		page_text(f, json_string_value(to));
		fputs("\">", f);
		page_text(f, name);
		fputs("</a></li>\n", f);
	}
	fputs("</ul>\n", f);
}

/* The members in the order in which they were made. */
static void
facts(FILE *f, json_t *all)
{
	const char *name;
	json_t *v;

	fputs("<dl>\n", f);
	json_object_foreach(all, name, v) {
		if (json_is_null(v) || json_is_object(v))
			continue;
		fputs("<dt>", f);
		page_text(f, name);
		fputs("</dt><dd>", f);
		value(f, v);
		fputs("</dd>\n", f);
	}
	fputs("</dl>\n", f);
}

static void
upload(FILE *f, const char *to)
{
	fputs("<form method=\"post\" enctype=\"multipart/form-data\" action=\"", f);
	page_text(f, to);
	fputs("\">\n<p><label>File <input type=\"file\" name=\"file\" required></label>\n"
	    "<button>Submit</button></p>\n</form>\n", f);
}

static void
head(FILE *f, const struct page *p)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n", f);
	if (p->refresh > 0) {
		fprintf(f, "<meta http-equiv=\"refresh\" content=\"%d", p->refresh);
		if (p->to != NULL) {
			fputs("; url=", f);
			page_text(f, p->to);
		}
		fputs("\">\n", f);
	}
	fputs("<title>", f);
	page_text(f, p->title);
	fputs("</title>\n</head>\n", f);
}

void
page_write(FILE *f, const struct page *p)
{
	head(f, p);
	fputs("<body>\n<main>\n", f);
	if (p->body != NULL) {
		p->body(f, p->arg);
	} else {
		fputs("<h1>", f);
		page_text(f, p->title);
		fputs("</h1>\n", f);
		facts(f, p->facts);
		if (p->upload != NULL)
			upload(f, p->upload);
		if (json_object_get(p->facts, "links") != NULL)
			links(f, json_object_get(p->facts, "links"));
	}
	fputs("</main>\n</body>\n</html>\n", f);
}
