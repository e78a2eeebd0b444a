#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "page_asset.h"

const char page_policy[] = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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

	fputs("<dl class=\"facts\">\n", f);
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

void
page_printf(FILE *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%' || fmt[1] == '\0') {
			(void)fputc(*fmt, f);
			continue;
		}
		switch (*++fmt) {
		case 's':
			page_text(f, va_arg(ap, const char *));
			break;
		case 'd':
			(void)fprintf(f, "%d", va_arg(ap, int));
			break;
		case 'j':
			(void)fprintf(f, "%jd", va_arg(ap, intmax_t));
			break;
		default:
			(void)fputc(*fmt, f);
		}
	}
	va_end(ap);
}

void
page_badge(FILE *f, const char *state)
{
	page_printf(f, "<span class=\"badge is-%s\">%s</span>", state, state);
}

void
page_size(FILE *f, int64_t bytes)
{
	static const char unit[] = "KMGT";
	double n = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		(void)fprintf(f, "%" PRId64 " byte%s", bytes, bytes == 1 ? "" : "s");
		return;
	}
	for (; n >= 1000 && unit[i + 1] != '\0'; i++)
		n /= 1024;
	(void)fprintf(f, n < 9.95 && n != (double)(int)n ? "%.1f %ciB" : "%.0f %ciB", n, unit[i]);
}

static void
refresh(FILE *f, const struct page *p)
{
	if (p->refresh <= 0)
		return;
	if (p->live)
		fputs("<noscript>", f);
	page_printf(f, "<meta http-equiv=\"refresh\" content=\"%d", p->refresh);
	if (p->to != NULL)
		page_printf(f, "; url=%s", p->to);
	fputs(p->live ? "\"></noscript>\n" : "\">\n", f);
}

static void
asset(FILE *f, const char *base, const char *before, const char *name, const char *after)
{
	char tag[PAGE_TAG_MAX];

	page_printf(f, "<");
	fputs(before, f);
	page_printf(f, "=\"%s/%s?v=%s\"", base, name, page_asset_tag(page_asset(name), tag));
	fputs(after, f);
}

static void
head(FILE *f, const struct page *p, const char *base)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n", f);
	refresh(f, p);
	page_printf(f, "<title>%s</title>\n", p->title);
	asset(f, base, "link rel=\"icon\" type=\"image/svg+xml\" href", "wqw.svg", ">\n");
	asset(f, base, "link rel=\"stylesheet\" href", "wqw.css", ">\n");
	asset(f, base, "script defer src", "wqw.js", "></script>\n");
	fputs("</head>\n", f);
}

/* One step of the path; the last one is where the page is, and no link. */
static void
step(FILE *f, const struct page *p, const char *base, const char *queue, const char *id)
{
	const char *name = *id != '\0' ? id : queue;

	if (*id == '\0' && p->id != NULL && *p->id != '\0')
		page_printf(f, "<li><a href=\"%s/%s\">%s</a></li>\n", base, queue, name);
	else
		page_printf(f, "<li><span aria-current=\"page\">%s</span></li>\n", name);
}

void
page_begin(FILE *f, const struct page *p)
{
	const char *base = p->base != NULL ? p->base : "";

	head(f, p, base);
	fputs(p->wide ? "<body class=\"wide\">\n" : "<body>\n", f);
	page_printf(f, "<header class=\"top\">\n<nav aria-label=\"Path\">\n<ol>\n<li><a class=\"home\" href=\"%s/\">", base);
	asset(f, base, "img alt=\"\" width=\"24\" height=\"24\" src", "wqw.svg", ">wqw</a></li>\n");
	if (p->queue != NULL && *p->queue != '\0') {
		step(f, p, base, p->queue, "");
		if (p->id != NULL && *p->id != '\0')
			step(f, p, base, p->queue, p->id);
	}
	fputs("</ol>\n</nav>\n</header>\n<main>\n", f);
}

void
page_end(FILE *f)
{
	fputs("</main>\n<footer class=\"foot\"><p>wqw: a request returns at once, the work is done from a queue.</p></footer>\n"
	    "</body>\n</html>\n", f);
}

void
page_write(FILE *f, const struct page *p)
{
	page_begin(f, p);
	if (p->body != NULL) {
		p->body(f, p->arg);
	} else {
		page_printf(f, "<h1>%s</h1>\n<div class=\"card\">\n", p->title);
		facts(f, p->facts);
		if (json_object_get(p->facts, "links") != NULL)
			links(f, json_object_get(p->facts, "links"));
		fputs("</div>\n", f);
	}
	page_end(f);
}
