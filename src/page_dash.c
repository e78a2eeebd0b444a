#include "page_dash.h"

#include <jansson.h>
#include <string.h>

#include "io.h"
#include "page.h"
#include "page_plot.h"
#include "page_table.h"

enum { POINTS = 256 };

static const char *
text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "" : text;
}

static const char *
link_of(const json_t *o, const char *name)
{
	return text_of(json_object_get(o, "links"), name);
}

static json_int_t
count_of(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

/* --- all queues */

static size_t
numbers(const json_t *list, double v[POINTS])
{
	size_t i, n = json_array_size(list);

	if (n > POINTS)
		n = POINTS;
	for (i = 0; i < n; i++)
		v[i] = json_is_number(json_array_get(list, i)) ? json_number_value(json_array_get(list, i)) : -1;
	return n;
}

static void
badges(FILE *f, const json_t *q)
{
	if (json_is_true(json_object_get(q, "paused")))
		fputs(" <span class=\"badge is-paused\">paused</span>", f);
	if (json_is_integer(json_object_get(q, "workers")) && count_of(q, "workers") == 0)
		fprintf(f, " <span class=\"badge%s\">no worker</span>", count_of(q, "new") > 0 ? " is-failed" : "");
}

static void
workers(FILE *f, const json_t *q)
{
	fputs("<span>", f);
	page_number(f, q, "workers");
	if (count_of(q, "workers") > 0)
		fprintf(f, " <small>%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT " busy</small>", count_of(q, "busy"),
		    count_of(q, "slots"));
	fputs("</span>", f);
}

/* A number of jobs, which leads to them. */
static void
jobs_link(FILE *f, const json_t *q, const char *state)
{
	int none = count_of(q, state) <= 0;

	if (!none) {
		fputs("<a href=\"", f);
		page_text(f, link_of(q, "self"));
		fprintf(f, "?state=%s%s\">", state, strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ? "&amp;last=1" : "");
	}
	page_number(f, q, state);
	fputs(none ? "" : "</a>", f);
}

static void
one_queue(struct page_table *t, const json_t *q)
{
	static const char *const states[] = { "new", "running", "later", "held", "done", "failed" };
	const json_t *rates = json_object_get(q, "per_minute");
	double v[POINTS];
	size_t i, n = numbers(json_object_get(q, "backlog"), v);

	page_table_row(t);
	page_table_cell(t);
	page_link(t->f, link_of(q, "dashboard"), text_of(q, "queue"));
	badges(t->f, q);
	page_table_cell(t);
	page_plot_spark(t->f, "Backlog over the last hour", v, n);
	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		page_table_cell(t);
		jobs_link(t->f, q, states[i]);
		if (i != 0)
			continue;
		page_table_cell(t);
		page_age(t->f, q, "oldest_seconds", "");
	}
	page_table_cell(t);
	page_number(t->f, rates, "done");
	page_table_cell(t);
	page_number(t->f, rates, "failed");
	page_table_cell(t);
	workers(t->f, q);
}

void
page_dash(FILE *f, void *doc)
{
	static const char *const columns[] = { "Queue", "Last hour", "#Ready", "#Oldest", "#Running", "#Later", "#Held", "#Done",
	    "#Failed", "#Done/min", "#Failed/min", "#Workers", NULL };
	const json_t *queues = json_object_get(doc, "queues");
	struct page_table t;
	size_t i;

	fputs("<h1 data-live>Queues</h1>\n", f);
	if (json_array_size(queues) == 0) {
		fputs("<p>There is no queue yet. <code>wqw-init</code> makes one.</p>\n", f);
		return;
	}
	page_table_begin(&t, f, "Queues", columns);
	for (i = 0; i < json_array_size(queues); i++)
		one_queue(&t, json_array_get(queues, i));
	page_table_end(&t);
}

/* --- one queue */

/* What there is to say beside the number. */
static void
tile_note(FILE *f, const json_t *q, const char *state)
{
	const json_t *rates = json_object_get(q, "per_minute");

	if (strcmp(state, "new") == 0 && count_of(q, "new") > 0) {
		fputs("oldest ", f);
		page_age(f, q, "oldest_seconds", "");
	} else if (strcmp(state, "running") == 0 && json_is_integer(json_object_get(q, "slots"))) {
		fputs("of ", f);
		page_number(f, q, "slots");
		fputs(count_of(q, "slots") == 1 ? " slot" : " slots", f);
	} else if (strcmp(state, "later") == 0 && json_is_number(json_object_get(q, "next_due_seconds"))) {
		fputs("next in ", f);
		page_age(f, q, "next_due_seconds", "");
	} else if (json_is_real(json_object_get(rates, state))) {
		page_number(f, rates, state);
		fputs(" a minute", f);
	} else
		fputs("\302\240", f);
}

static void
tile(FILE *f, const json_t *q, const char *state, const char *name)
{
	fprintf(f, "<div class=\"tile\"><dt>%s</dt><dd>", name);
	jobs_link(f, q, state);
	fputs(" <small>", f);
	tile_note(f, q, state);
	fputs("</small></dd></div>\n", f);
}

static void
plots(FILE *f, const json_t *ring, const char *id, const char *when)
{
	static double v[5][POINTS];
	static const char *const lists[] = { "backlog", "done_per_minute", "failed_per_minute", "wait_median_seconds", "wait_95_seconds" };
	char name[3][32];
	size_t i, n = 0;
	int64_t span = json_integer_value(json_object_get(ring, "span_seconds")) * 1000000;

	for (i = 0; i < 5; i++)
		n = numbers(json_object_get(ring, lists[i]), v[i]);
	for (i = 0; i < 3; i++)
		(void)snprintf(name[i], sizeof(name[i]), "plot-%s-%zu", id, i);
	fprintf(f, "<section aria-labelledby=\"last-%s\">\n<h2 id=\"last-%s\">%s</h2>\n<div class=\"plots\">\n", id, id, when);
	page_plot(f, &(struct page_plot){ .id = name[0], .title = "Backlog", .name_a = "ready", .kind = PAGE_PLOT_AREA,
	    .unit = PAGE_PLOT_COUNT, .a = v[0], .n = n, .span = span });
	page_plot(f, &(struct page_plot){ .id = name[1], .title = "Jobs a minute", .name_a = "done", .name_b = "failed",
	    .kind = PAGE_PLOT_BARS, .unit = PAGE_PLOT_RATE, .a = v[1], .b = v[2], .n = n, .span = span });
	page_plot(f, &(struct page_plot){ .id = name[2], .title = "Wait to start", .name_a = "median",
	    .name_b = "95 of 100", .kind = PAGE_PLOT_LINES, .unit = PAGE_PLOT_TIME, .a = v[3], .b = v[4], .n = n, .span = span });
	fputs("</div>\n</section>\n", f);
}

/* `more`: there are jobs that are not shown. */
static void
jobs(FILE *f, const json_t *doc, const char *list, const char *title, const char *none)
{
	const json_t *all = json_object_get(doc, list);
	const json_t *q = json_object_get(doc, "queue");

	fprintf(f, "<section aria-labelledby=\"jobs-%s\">\n<h2 id=\"jobs-%s\">%s</h2>\n", list, list, title);
	if (json_array_size(all) == 0)
		fprintf(f, "<p class=\"soft\">%s</p>\n", all == NULL || json_is_null(all) ?
		    "The web server\342\200\231s user may not list them." : none);
	else {
		page_jobs(f, title, all, list, "dashboard", io_now());
		if (count_of(q, list) > (json_int_t)json_array_size(all)) {
			fputs("<p><a href=\"", f);
			page_text(f, link_of(q, "self"));
			fprintf(f, "?state=%s&amp;last=1\">All %" JSON_INTEGER_FORMAT " of them</a></p>\n", list, count_of(q, list));
		}
	}
	fputs("</section>\n", f);
}

static void
idle(FILE *f, const json_t *workers)
{
	size_t i, n = 0;

	for (i = 0; i < json_array_size(workers); i++) {
		const json_t *w = json_array_get(workers, i);

		if (json_array_size(json_object_get(w, "running")) > 0)
			continue;
		fputs(n++ == 0 ? "<p class=\"soft\">Idle: " : ", ", f);
		page_string(f, w, "worker");
	}
	if (n > 0)
		fputs("</p>\n", f);
}

static void
head(FILE *f, const char *title, const json_t *q, const char *to, const char *word)
{
	fprintf(f, "<div class=\"head\"><h1%s>", q != NULL ? " data-live" : "");
	page_text(f, title);
	fputs("</h1>", f);
	if (q != NULL)
		badges(f, q);
	fputs(" <span class=\"head-link\">", f);
	page_link(f, to, word);
	fputs("</span></div>\n", f);
}

void
page_dash_queue(FILE *f, void *doc)
{
	static const char *const tiles[][2] = { { "new", "Ready" }, { "running", "Running" }, { "later", "Later" }, { "held", "Held" },
	    { "done", "Done" }, { "failed", "Failed" } };
	const json_t *q = json_object_get(doc, "queue");
	size_t i;

	head(f, text_of(q, "queue"), q, link_of(q, "self"), "Submit a job");
	fputs("<dl class=\"tiles\">\n", f);
	for (i = 0; i < sizeof(tiles) / sizeof(*tiles); i++)
		tile(f, q, tiles[i][0], tiles[i][1]);
	fputs("</dl>\n", f);
	plots(f, json_object_get(doc, "hour"), "hour", "Last hour");
	plots(f, json_object_get(doc, "day"), "day", "Last day");
	jobs(f, doc, "running", "Running now", "Nothing runs.");
	idle(f, json_object_get(doc, "workers"));
	jobs(f, doc, "failed", "Dead letters", "None: no job has failed.");
}

/* --- jobs of one state */

void
page_dash_list(FILE *f, void *doc)
{
	const json_t *links = json_object_get(doc, "links");
	const char *state = text_of(doc, "state"), *prev = text_of(links, "prev"), *next = text_of(links, "next");
	char title[128];

	(void)snprintf(title, sizeof(title), "%s: %s", text_of(doc, "queue"), state);
	head(f, title, NULL, text_of(links, "dashboard"), "Dashboard");
	if (json_array_size(json_object_get(doc, "jobs")) == 0)
		fputs("<p class=\"soft\">There are none.</p>\n", f);
	else
		page_jobs(f, state, json_object_get(doc, "jobs"), state, state, io_now());
	if (*prev == '\0' && *next == '\0')
		return;
	fputs("<nav class=\"pages\" aria-label=\"Pages\">", f);
	if (*prev != '\0')
		page_link(f, prev, "\342\206\220 Earlier");
	if (*next != '\0')
		page_link(f, next, "Later \342\206\222");
	fputs("</nav>\n", f);
}
