#include "view_table.h"

#include <inttypes.h>
#include <string.h>

#include <bsd/string.h>

#include "tool.h"
#include "units.h"

#define PER_MINUTE "/m"

enum { WORD_MAX = 512, CELL_MAX = WORD_MAX };

static const struct {
	const char *title;
	enum view_state state;
} states[] = {
	{ "new", VIEW_NEW }, { "later", VIEW_LATER }, { "held", VIEW_HELD }, { "running", VIEW_RUNNING },
	{ "done", VIEW_DONE }, { "failed", VIEW_FAILED }
};

enum { STATES = sizeof(states) / sizeof(*states), OLDEST = STATES, WORKERS, DONE_RATE, FAILED_RATE, COLUMNS };

static const char *
title(size_t column)
{
	static const char *const rest[] = { "oldest", "workers", "done" PER_MINUTE, "fail" PER_MINUTE };

	return column < STATES ? states[column].title : rest[column - STATES];
}

static char *
number(char text[CELL_MAX], int64_t n)
{
	(void)snprintf(text, CELL_MAX, n == -1 ? "-" : "%" PRId64, n);
	return text;
}

static char *
rate(char text[CELL_MAX], double n)
{
	(void)snprintf(text, CELL_MAX, n < 0 ? "-" : n > 0 && n < 9.95 ? "%.1f" : "%.0f", n);
	return text;
}

static char *
cell(char text[CELL_MAX], const struct view_row *r, size_t column, int64_t now)
{
	switch (column) {
	case OLDEST:
		(void)strlcpy(text, "-", CELL_MAX);
		return r->v.oldest == -1 ? text : units_age(text, now - r->v.oldest);
	case WORKERS:
		return number(text, r->v.workers.workers);
	case DONE_RATE:
		return rate(text, r->v.rates.done);
	case FAILED_RATE:
		return rate(text, r->v.rates.failed);
	default:
		return number(text, view_queue_jobs(&r->v, states[column].state));
	}
}

static void
widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

void
view_table(FILE *f, const struct view_row *rows, size_t n, int64_t now)
{
	char text[CELL_MAX];
	int word = (int)strlen("queue"), width[COLUMNS];
	size_t i, c;

	for (c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(title(c));
	for (i = 0; i < n; i++) {
		widen(&word, tool_clean(text, sizeof(text), rows[i].word));
		for (c = 0; c < COLUMNS; c++)
			widen(&width[c], cell(text, &rows[i], c, now));
	}
	(void)fprintf(f, "%-*s", word, "queue");
	for (c = 0; c < COLUMNS; c++)
		(void)fprintf(f, "  %*s", width[c], title(c));
	(void)fputc('\n', f);
	for (i = 0; i < n; i++) {
		(void)fprintf(f, "%-*s", word, tool_clean(text, sizeof(text), rows[i].word));
		for (c = 0; c < COLUMNS; c++)
			(void)fprintf(f, "  %*s", width[c], cell(text, &rows[i], c, now));
		(void)fputs(rows[i].v.paused ? "  paused\n" : "\n", f);
	}
}

/* All limits in one unit: the largest that the first one is a multiple of. */
static char *
limit(char text[UNITS_AGE_MAX], const struct view_age *a, size_t bucket)
{
	static const struct {
		const char *name;
		int64_t worth;
	} units[] = {
		{ "d", INT64_C(86400) * 1000000 }, { "h", INT64_C(3600) * 1000000 }, { "m", INT64_C(60) * 1000000 },
		{ "s", 1000000 }, { "ms", 1000 }
	};
	int over = bucket == VIEW_AGE_BUCKETS - 1;
	size_t u = 0;

	while (u < sizeof(units) / sizeof(*units) - 1 && a->first % units[u].worth != 0)
		u++;
	(void)snprintf(text, UNITS_AGE_MAX, "%" PRId64 "%s%s", view_age_limit(a, bucket - (size_t)over) / units[u].worth,
	    units[u].name, over ? "+" : "");
	return text;
}

struct ages {
	FILE *f;
	const struct view_age *a;
	int word, jobs, width[VIEW_AGE_BUCKETS];
};

static char *
named(char text[WORD_MAX], const struct view_age_row *r)
{
	if (*r->name != '\0')
		return tool_clean(text, WORD_MAX, r->name);
	(void)strlcpy(text, "(none)", WORD_MAX);
	return text;
}

static void
measure(struct ages *t)
{
	char text[CELL_MAX], age[UNITS_AGE_MAX];
	size_t i;

	t->word = (int)strlen("priority");
	t->jobs = (int)strlen("jobs");
	widen(&t->jobs, number(text, t->a->all.jobs));
	for (i = 0; i < VIEW_AGE_BUCKETS; i++) {
		t->width[i] = (int)strlen(limit(age, t->a, i));
		widen(&t->width[i], number(text, t->a->all.bucket[i]));
	}
	for (i = 0; i < t->a->n; i++)
		widen(&t->word, named(text, &t->a->rows[i]));
}

static void
line(const struct ages *t, const char *name, const struct view_age_row *r)
{
	size_t i;

	(void)fprintf(t->f, "%-*s  %*" PRId64, t->word, name, t->jobs, r->jobs);
	for (i = 0; i < VIEW_AGE_BUCKETS; i++)
		(void)fprintf(t->f, "  %*" PRId64, t->width[i], r->bucket[i]);
	if (t->a->all.unknown > 0)
		(void)fprintf(t->f, "  %7" PRId64, r->unknown);
	(void)fputc('\n', t->f);
}

void
view_table_age(FILE *f, const struct view_age *a)
{
	struct ages t = { .f = f, .a = a };
	char age[UNITS_AGE_MAX], text[WORD_MAX];
	size_t i;

	measure(&t);
	(void)fprintf(f, "%-*s  %*s", t.word, view_age_name(a->by), t.jobs, "jobs");
	for (i = 0; i < VIEW_AGE_BUCKETS; i++)
		(void)fprintf(f, "  %*s", t.width[i], limit(age, a, i));
	(void)fputs(a->all.unknown > 0 ? "  unknown\n" : "\n", f);
	line(&t, "(all)", &a->all);
	for (i = 0; i < a->n; i++)
		line(&t, named(text, &a->rows[i]), &a->rows[i]);
	if (a->other.jobs > 0)
		line(&t, "(other)", &a->other);
}
