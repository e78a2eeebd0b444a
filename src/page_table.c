#include "page_table.h"

#include <string.h>

#include "page.h"
#include "units.h"
#include "units_when.h"

static const char dash[] = "<span class=\"soft\">\342\200\223</span>";

/* The roles say what the elements do, which a browser forgets where they are laid out another way. */
void
page_table_begin(struct page_table *t, FILE *f, const char *name, const char *const *column)
{
	size_t i;

	*t = (struct page_table){ .f = f, .column = column };
	fputs("<table class=\"rows\" role=\"table\" aria-label=\"", f);
	page_text(f, name);
	fputs("\">\n<thead role=\"rowgroup\"><tr role=\"row\">", f);
	for (i = 0; column[i] != NULL; i++) {
		fprintf(f, "<th role=\"columnheader\" scope=\"col\"%s>", *column[i] == '#' ? " class=\"num\"" : "");
		page_text(f, column[i] + (*column[i] == '#'));
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody role=\"rowgroup\">\n", f);
}

void
page_table_row(struct page_table *t)
{
	fputs(t->at > 0 ? "</td></tr>\n<tr role=\"row\">" : "<tr role=\"row\">", t->f);
	t->at = 0;
}

void
page_table_cell(struct page_table *t)
{
	const char *name = t->column[t->at];

	fprintf(t->f, "%s<td role=\"cell\"%s data-label=\"", t->at++ > 0 ? "</td>" : "", *name == '#' ? " class=\"num\"" : "");
	page_text(t->f, name + (*name == '#'));
	fputs("\">", t->f);
}

void
page_table_end(struct page_table *t)
{
	fputs(t->at > 0 ? "</td></tr>\n</tbody>\n</table>\n" : "</tbody>\n</table>\n", t->f);
}

void
page_number(FILE *f, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	char digits[32];
	int n, i;

	if (json_is_real(v)) {
		fprintf(f, json_real_value(v) < 10 ? "%.2g" : "%.0f", json_real_value(v));
		return;
	}
	if (!json_is_integer(v)) {
		fputs(dash, f);
		return;
	}
	n = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	for (i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
			fputc(',', f);
		fputc(digits[i], f);
	}
}

void
page_string(FILE *f, const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (text != NULL && *text != '\0')
		page_text(f, text);
	else
		fputs(dash, f);
}

static void
age(FILE *f, int64_t us, const char *after)
{
	char text[UNITS_AGE_MAX];

	page_text(f, units_age(text, us));
	page_text(f, after);
}

void
page_age(FILE *f, const json_t *o, const char *name, const char *after)
{
	const json_t *v = json_object_get(o, name);

	if (json_is_number(v) && json_number_value(v) < 1e12)
		age(f, (int64_t)(json_number_value(v) * 1e6), after);
	else
		fputs(dash, f);
}

void
page_since(FILE *f, const json_t *o, const char *name, int64_t now, const char *after)
{
	const char *text = json_string_value(json_object_get(o, name));
	int64_t then;

	if (text == NULL || units_when(text, &then) == -1) {
		fputs(dash, f);
		return;
	}
	fputs("<time datetime=\"", f);
	page_text(f, text);
	fputs("\" title=\"", f);
	page_text(f, text);
	fputs("\">", f);
	age(f, then > now ? then - now : now - then, after);
	fputs("</time>", f);
}

void
page_link(FILE *f, const char *to, const char *text)
{
	fputs("<a href=\"", f);
	page_text(f, to);
	fputs("\">", f);
	page_text(f, text);
	fputs("</a>", f);
}
