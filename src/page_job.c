#include "page_job.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "page.h"
#include "units.h"

static int
is_one_of(const char *type, const char *const *list)
{
	size_t n = strcspn(type, "; \t");

	for (; *list != NULL; list++)
		if (strlen(*list) == n && strncasecmp(type, *list, n) == 0)
			return 1;
	return 0;
}

int
page_job_image(const char *type)
{
	static const char *const images[] = { "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml",
	    "image/bmp", NULL };

	return is_one_of(type, images);
}

int
page_job_text(const char *type)
{
	static const char *const texts[] = { "application/json", "application/x-ndjson", "application/xml", "application/yaml", NULL };

	return strncasecmp(type, "text/", 5) == 0 || is_one_of(type, texts);
}

const char *
page_job_title(const struct view *v)
{
	switch (v->state) {
	case VIEW_DONE:
		return "Your request is done";
	case VIEW_FAILED:
		return v->name.reason == ID_CANCELLED ? "Your request was cancelled" : "Your request has failed";
	case VIEW_HELD:
		return "Your request is on hold";
	case VIEW_LATER:
		return v->attempts > 0 ? "Your request will be tried again" : "Your request waits for its time";
	default:
		return "Your request is being processed";
	}
}

static const char *
why(enum id_reason reason)
{
	switch (reason) {
	case ID_EXIT:
		return "The program that works on it has reported a failure.";
	case ID_SIGNAL:
		return "The program that works on it was ended by a signal: it crashed, or was killed.";
	case ID_TIMEOUT:
		return "It took longer than this queue allows, and was stopped.";
	case ID_LOST:
		return "The worker has died while it ran, at each of its attempts.";
	case ID_CANCELLED:
		return "It was cancelled before it came to an end.";
	case ID_EXPIRED:
		return "It has waited for longer than it was to wait, and was not started any more.";
	case ID_LIMIT:
		return "It has used more memory, time or room than this queue allows, and was stopped.";
	case ID_MALFORMED:
		return "Its file is damaged, or is no job.";
	default:
		return "The reason is not known.";
	}
}

static void
fact(FILE *f, const char *name, const char *id, const char *value)
{
	page_printf(f, "<div class=\"tile\"><dt>%s</dt><dd id=\"%s\">%s</dd></div>\n", name, id, value);
}

static void
when(FILE *f, const char *name, int64_t us)
{
	char text[UNITS_TIME_MAX];

	if (us != -1)
		page_printf(f, "<dt>%s</dt><dd><time datetime=\"%s\">%s</time></dd>\n", name, units_time(text, us), text);
}

static void
facts(FILE *f, const struct page_job *j)
{
	const struct view *v = j->view;
	char age[UNITS_AGE_MAX];

	fputs("<dl class=\"facts\">\n", f);
	when(f, "Submitted", v->submitted);
	if (v->state == VIEW_LATER)
		when(f, "Due", v->due);
	when(f, "Started", v->started);
	when(f, "Ended", v->finished);
	if (v->started != -1 && v->finished != -1)
		page_printf(f, "<dt>Took</dt><dd>%s</dd>\n", units_age(age, v->finished - v->started));
	if (v->attempts > 0)
		page_printf(f, "<dt>Attempts</dt><dd>%d</dd>\n", v->attempts);
	page_printf(f, "<dt>Number</dt><dd class=\"mono\">%s</dd>\n</dl>\n", v->name.id);
}

/* It waits or runs: the parts that the script keeps up to date have an id. */
static void
progress(FILE *f, const struct page_job *j)
{
	const struct view *v = j->view;
	int64_t since = v->state == VIEW_RUNNING && v->started != -1 ? v->started : v->submitted;
	char age[UNITS_AGE_MAX], place[32] = "\xe2\x80\x93", due[UNITS_TIME_MAX];

	if (v->state == VIEW_NEW && j->place >= 0)
		(void)snprintf(place, sizeof(place), "%" PRId64, j->place + 1);
	if (v->state == VIEW_LATER && v->due != -1)
		page_printf(f, "<p>It is started at <time datetime=\"%s\">%s</time>, or soon after.</p>\n", units_time(due, v->due), due);
	else if (v->state == VIEW_HELD)
		fputs("<p>An operator has put it on hold, and will let it go on.</p>\n", f);
	page_printf(f, "<p id=\"words\"%s>%s</p>\n", *v->progress.words == '\0' ? " hidden" : "", v->progress.words);
	if (v->progress.percent >= 0)
		page_printf(f, "<progress id=\"bar\" aria-label=\"Progress\" max=\"100\" value=\"%d\">%d%%</progress>\n", v->progress.percent,
		    v->progress.percent);
	else
		fputs("<progress id=\"bar\" aria-label=\"Progress\" max=\"100\"></progress>\n", f);
	fputs("<dl class=\"tiles\">\n", f);
	fact(f, "Place in the queue", "place", v->state == VIEW_RUNNING ? "running now" : place);
	fact(f, v->state == VIEW_RUNNING ? "Running for" : "Waiting for", "elapsed", since == -1 ? "\xe2\x80\x93" : units_age(age, j->now - since));
	(void)snprintf(place, sizeof(place), "%d", v->attempts > 0 ? v->attempts : 0);
	fact(f, "Attempts", "attempts", place);
	fputs("</dl>\n<p class=\"soft\">You can leave this page and come back to its address at any time.</p>\n", f);
}

static void
result(FILE *f, const struct page_job *j)
{
	const char *name = j->filename != NULL && *j->filename != '\0' ? j->filename : "result";

	if (j->type == NULL) {
		page_printf(f, "<p class=\"actions\"><a class=\"btn\" href=\"%s/result\">Open the result</a></p>\n", j->link);
		return;
	}
	if (page_job_image(j->type))
		page_printf(f, "<figure class=\"shown\"><a href=\"%s/result\"><img src=\"%s/result\" alt=\"The result: %s\"></a></figure>\n", j->link,
		    j->link, name);
	else if (j->text != NULL)
		page_printf(f, "<pre tabindex=\"0\" role=\"region\" aria-label=\"The result\">%s</pre>\n", j->text);
	if (j->text != NULL && !j->whole)
		page_printf(f, "<p>This is its beginning. <a href=\"%s/result\">See all of it</a></p>\n", j->link);
	page_printf(f, "<div class=\"actions\"><a class=\"btn\" href=\"%s/result\" download>Download</a>\n<span class=\"soft\">%s, %s, ", j->link, name,
	    j->type);
	page_size(f, j->size);
	fputs("</span></div>\n", f);
}

static void
failure(FILE *f, const struct page_job *j)
{
	page_printf(f, "<p class=\"note bad\">%s</p>\n", why(j->view->name.reason));
	if (j->log != NULL)
		page_printf(f, "<h2>The end of its log</h2>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"The end of its log\">%s</pre>\n", j->log);
	page_printf(f, "<p>There is no result. <a href=\"%s\">Submit it again</a>, or ask the operator with the number below.</p>\n",
	    j->queue_link);
}

static void
actions(FILE *f, const struct page_job *j)
{
	int failed = j->view->state == VIEW_FAILED;

	if (!j->has_log && (!j->may_operate || j->view->state == VIEW_DONE))
		return;
	fputs("<div class=\"actions\">\n", f);
	if (j->may_operate && j->view->state != VIEW_DONE)
		page_printf(f, "<form method=\"post\" action=\"%s/%s\"><button class=\"%s\">%s</button></form>\n", j->link,
		    failed ? "retry" : "cancel", failed ? "quiet" : "danger", failed ? "Try it again" : "Cancel it");
	if (j->has_log)
		page_printf(f, "<a class=\"btn quiet\" href=\"%s/log\">Log</a>\n", j->link);
	fputs("</div>\n", f);
}

void
page_job(FILE *f, void *arg)
{
	const struct page_job *j = arg;
	const struct view *v = j->view;

	page_printf(f, "<div class=\"head\"><h1>%s</h1>", page_job_title(v));
	page_badge(f, view_state_name(v->state));
	page_printf(f, "</div>\n<div class=\"card\"");
	if (j->pace > 0)
		page_printf(f, " id=\"job\" data-link=\"%s\" data-pace=\"%d\" data-state=\"%s\"", j->link, j->pace,
		    view_state_name(v->state));
	fputs(">\n", f);
	if (v->state == VIEW_DONE)
		result(f, j);
	else if (v->state == VIEW_FAILED)
		failure(f, j);
	else
		progress(f, j);
	actions(f, j);
	fputs("</div>\n<div class=\"card\">\n<h2>About this request</h2>\n", f);
	facts(f, j);
	fputs("</div>\n", f);
}
