#include <stdio.h>
#include <string.h>

#include "page.h"
#include "page_table.h"

/* What there is to say of a job in each state, beside its name. */
static const struct kind {
	const char *state;
	const char *column[7];
	const char *act[2];    /* what can be done: the last part of the address */
} kinds[] = {
	{ "new", { "Job", "Waits for", "#Attempts", "Priority", "Actions", NULL }, { "cancel" } },
	{ "later", { "Job", "Due in", "#Attempts", "Priority", "Actions", NULL }, { "retry", "cancel" } },
	{ "held", { "Job", "Submitted", "#Attempts", "Priority", "Actions", NULL }, { "retry", "cancel" } },
	{ "running", { "Job", "Worker", "#Attempt", "Runs for", "Progress", "Actions", NULL }, { "cancel" } },
	{ "abandoned", { "Job", "Ran for", "#Attempt", "Actions", NULL }, { "cancel" } },
	{ "done", { "Job", "Done", "Actions", NULL }, { NULL } },
	{ "failed", { "Job", "Reason", "#Attempts", "Failed", "Actions", NULL }, { "retry" } }
};

static const char *
text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "" : text;
}

static const char *
link_of(const json_t *job, const char *name)
{
	return text_of(json_object_get(job, "links"), name);
}

/* An ID that wqw has made begins with the time, which another column tells. */
static void
job_name(FILE *f, const json_t *job)
{
	const char *id = text_of(job, "id"), *rest = id + strspn(id, "0123456789T.");

	if (rest - id != 22 || *rest != '-')
		rest = id;
	else
		rest++;
	fputs("<a class=\"job\" href=\"", f);
	page_text(f, link_of(job, "self"));
	fputs("\" title=\"", f);
	page_text(f, id);
	fputs("\">", f);
	page_text(f, rest);
	fputs("</a>", f);
}

static void
progress(FILE *f, const json_t *job)
{
	const json_t *percent = json_object_get(job, "percent");
	const char *words = text_of(job, "progress");

	fputs("<span>", f);
	if (json_is_integer(percent)) {
		fprintf(f, "<progress max=\"100\" value=\"%d\" aria-label=\"Progress of ", (int)json_integer_value(percent));
		page_text(f, text_of(job, "id"));
		fprintf(f, "\"></progress> %d%% ", (int)json_integer_value(percent));
	}
	if (*words != '\0') {
		fputs("<span class=\"words\">", f);
		page_text(f, words);
		fputs("</span>", f);
	} else if (!json_is_integer(percent))
		fputs("<span class=\"soft\">\342\200\223</span>", f);
	fputs("</span>", f);
}

static void
button(FILE *f, const json_t *job, const char *act, const char *from)
{
	const char *word = strcmp(act, "cancel") == 0 ? "Cancel" : strcmp(text_of(job, "state"), "later") == 0 ? "Run now" :
	    strcmp(text_of(job, "state"), "held") == 0 ? "Release" : "Retry";

	fputs("<form method=\"post\" action=\"", f);
	page_text(f, link_of(job, "self"));
	fprintf(f, "/%s?from=", act);
	page_text(f, from);
	fprintf(f, "\"><button class=\"small %s\" aria-label=\"%s ", *act == 'c' ? "danger" : "quiet", word);
	page_text(f, text_of(job, "id"));
	fprintf(f, "\">%s</button></form>", word);
}

static void
actions(FILE *f, const struct kind *k, const json_t *job, const char *from)
{
	const char *result = link_of(job, "result"), *reason = text_of(job, "reason");
	size_t i;

	fputs("<div class=\"acts\">", f);
	for (i = 0; i < 2 && k->act[i] != NULL; i++)
		button(f, job, k->act[i], from);
	if (*result != '\0')
		page_link(f, result, "Result");
	/* One that never ran has none. */
	if (strcmp(k->state, "failed") == 0 && strcmp(reason, "expired") != 0 && strcmp(reason, "cancelled") != 0) {
		fputs("<a href=\"", f);
		page_text(f, link_of(job, "self"));
		fputs("/log\" aria-label=\"Log of ", f);
		page_text(f, text_of(job, "id"));
		fputs("\">Log</a>", f);
	}
	fputs("</div>", f);
}

static void
fact(FILE *f, const char *column, const json_t *job, int64_t now)
{
	if (strcmp(column, "Waits for") == 0 || strcmp(column, "Submitted") == 0)
		page_since(f, job, "submitted", now, *column == 'S' ? " ago" : "");
	else if (strcmp(column, "Due in") == 0)
		page_since(f, job, "due", now, "");
	else if (strcmp(column, "Runs for") == 0 || strcmp(column, "Ran for") == 0)
		page_since(f, job, "started", now, "");
	else if (strcmp(column, "Done") == 0 || strcmp(column, "Failed") == 0)
		page_since(f, job, "finished", now, " ago");
	else if (strncmp(column, "#Attempt", 8) == 0)
		page_number(f, job, "attempts");
	else if (strcmp(column, "Priority") == 0)
		page_number(f, job, "priority");
	else if (strcmp(column, "Worker") == 0)
		page_string(f, job, "worker");
	else if (strcmp(column, "Progress") == 0)
		progress(f, job);
	else {
		fputs("<span class=\"badge is-failed\">", f);
		page_string(f, job, "reason");
		fputs("</span>", f);
	}
}

void
page_jobs(FILE *f, const char *name, const json_t *jobs, const char *state, const char *from, int64_t now)
{
	const struct kind *k = kinds;
	struct page_table t;
	size_t i, c;

	while (k < kinds + sizeof(kinds) / sizeof(*kinds) - 1 && strcmp(k->state, state) != 0)
		k++;
	page_table_begin(&t, f, name, k->column);
	for (i = 0; i < json_array_size(jobs); i++) {
		const json_t *job = json_array_get(jobs, i);

		page_table_row(&t);
		for (c = 0; k->column[c] != NULL; c++) {
			page_table_cell(&t);
			if (c == 0)
				job_name(f, job);
			else if (k->column[c + 1] == NULL)
				actions(f, k, job, from);
			else
				fact(f, k->column[c], job, now);
		}
	}
	page_table_end(&t);
}

void
page_bulk(FILE *f, void *arg)
{
	static const char *const column[] = { "Job", "State", NULL };
	const json_t *doc = arg, *jobs = json_object_get(doc, "jobs");
	json_int_t refused = json_integer_value(json_object_get(doc, "refused"));
	struct page_table t;
	size_t i;

	page_printf(f, "<h1>%s</h1>\n<p class=\"lead\">Each job has a page that shows how far it is, and then its result.</p>\n",
	    json_array_size(jobs) > 0 ? "Accepted" : "Refused");
	if (refused > 0)
		fprintf(f, "<p class=\"note bad\">%" JSON_INTEGER_FORMAT " of them could not be accepted: send these again.</p>\n", refused);
	page_table_begin(&t, f, "Jobs", column);
	for (i = 0; i < json_array_size(jobs); i++) {
		page_table_row(&t);
		page_table_cell(&t);
		job_name(f, json_array_get(jobs, i));
		page_table_cell(&t);
		page_badge(f, text_of(json_array_get(jobs, i), "state"));
	}
	page_table_end(&t);
}
