#include "page_form.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "page.h"

#define SEPARATORS " \t,"

/* The policy's types as the form's accept, and whether text can be pasted. */
static int
list_types(FILE *f, const struct policy *p)
{
	char types[POLICY_LIST_MAX], *at = types, *type;
	int n = 0, text = p->accept_types[0] == '\0';

	memcpy(types, p->accept_types, sizeof(types));
	while ((type = strsep(&at, SEPARATORS)) != NULL) {
		if (*type == '\0')
			continue;
		if (f != NULL)
			page_printf(f, "%s%s", n++ > 0 ? ", " : "", type);
		text |= strcmp(type, "*/*") == 0 || strcasecmp(type, p->json ? "application/*" : "text/*") == 0 ||
		    strcasecmp(type, p->json ? "application/json" : "text/plain") == 0;
	}
	return text;
}

static void
files(FILE *f, const struct policy *p)
{
	fputs("<div class=\"field\">\n<label for=\"file\">Files</label>\n<input type=\"file\" id=\"file\" name=\"file\" multiple", f);
	if (p->accept_types[0] != '\0') {
		fputs(" accept=\"", f);
		(void)list_types(f, p);
		fputs("\"", f);
	}
	fputs(" aria-describedby=\"limits\">\n<small id=\"limits\">Up to ", f);
	page_size(f, p->max_size);
	fputs(" each; several files are several jobs.", f);
	if (p->accept_types[0] != '\0') {
		fputs(" Accepted: ", f);
		(void)list_types(f, p);
		fputs(".", f);
	}
	fputs("</small>\n</div>\n", f);
}

static void
options(FILE *f, const struct page_form *form)
{
	fputs("<details>\n<summary>Options</summary>\n<div class=\"fields\">\n"
	    "<div class=\"field\"><label for=\"priority\">Priority</label>\n<select id=\"priority\" name=\"priority\">\n"
	    "<option value=\"\">as usual</option>\n", f);
	for (int i = 0; i <= 9; i++)
		page_printf(f, "<option value=\"%d\">%d%s</option>\n", i, i, i == 0 ? ", most urgent" : i == 9 ? ", least urgent" : "");
	page_printf(f, "</select></div>\n<div class=\"field\"><label for=\"delay\">Delay</label>\n"
	    "<input id=\"delay\" name=\"delay\" placeholder=\"none\" autocomplete=\"off\" aria-describedby=\"delays\">"
	    "<small id=\"delays\">90s, 5m, 2h or 7d</small></div>\n<div class=\"field\"><label for=\"key\">Key%s</label>\n"
	    "<input id=\"key\" name=\"key\" value=\"%s\" maxlength=\"255\" autocomplete=\"off\" spellcheck=\"false\" "
	    "aria-describedby=\"keys\"><small id=\"keys\">the same key twice is one job</small></div>\n</div>\n</details>\n",
	    form->policy->require_key ? " (required)" : "", form->key != NULL ? form->key : "");
}

void
page_form(FILE *f, void *arg)
{
	const struct page_form *form = arg;

	page_printf(f, "<h1>Submit to %s</h1>\n<p class=\"lead\">Your request is taken at once and worked on from a queue. You come "
	    "to a page that shows how far it is, and then its result.</p>\n", form->queue);
	if (form->paused)
		fputs("<p class=\"note warn\">This queue is paused: what you submit now is kept and waits until it goes on.</p>\n", f);
	page_printf(f, "<div class=\"card\">\n<form method=\"post\" enctype=\"multipart/form-data\" action=\"%s\">\n", form->to);
	options(f, form);
	files(f, form->policy);
	if (list_types(NULL, form->policy))
		page_printf(f, "<div class=\"field\">\n<label for=\"text\">Or %s</label>\n<textarea id=\"text\" name=\"%s\" rows=\"6\" "
		    "spellcheck=\"false\"></textarea>\n</div>\n", form->policy->json ? "JSON" : "text", PAGE_FORM_TEXT);
	fputs("<div class=\"actions\"><button>Submit</button></div>\n</form>\n</div>\n", f);
}
