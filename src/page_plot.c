#include "page_plot.h"

#include "page.h"
#include "units.h"

/* The plane: what is left of it and below is for the numbers at the axes. */
enum { WIDTH = 360, HEIGHT = 150, LEFT = 44, RIGHT = 352, TOP = 8, BOTTOM = 126 };

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

char *
page_plot_number(char buf[PAGE_PLOT_NUMBER], enum page_plot_unit unit, double v)
{
	static const struct {
		double least, by;
		const char *word;
	} scale[] = {
		{ 1e9, 1e9, "G" }, { 1e6, 1e6, "M" }, { 1e4, 1e3, "k" }, { 0, 1, "" }
	}, times[] = {
		{ 86400, 86400, "\302\240d" }, { 3600, 3600, "\302\240h" }, { 60, 60, "\302\240min" }, { 1, 1, "\302\240s" },
		{ 0, 0.001, "\302\240ms" }
	};
	size_t i = 0;

	if (unit == PAGE_PLOT_TIME) {
		while (v < times[i].least)
			i++;
		(void)snprintf(buf, PAGE_PLOT_NUMBER, "%.3g%s", v / times[i].by, v == 0 ? "" : times[i].word);
	} else {
		while (v < scale[i].least)
			i++;
		(void)snprintf(buf, PAGE_PLOT_NUMBER, "%.*g%s", i == 3 ? 4 : 3, v / scale[i].by, scale[i].word);
	}
	return buf;
}

/* The least round number at the upper end of an axis, half of which is round, too. */
static double
round_up(enum page_plot_unit unit, double most)
{
	static const double times[] = {
		0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 1, 2, 4, 10, 20, 40, 60, 120, 240, 600, 1200, 2400, 3600, 7200, 14400, 21600, 43200, 86400
	}, steps[] = { 1, 2, 4 };
	double power = unit == PAGE_PLOT_COUNT ? 1 : 0.1;
	size_t i;

	if (unit == PAGE_PLOT_TIME)
		for (i = 0; i < sizeof(times) / sizeof(*times); i++)
			if (most <= times[i])
				return times[i];
	if (unit == PAGE_PLOT_TIME)
		return 86400.0 * 2 * (double)((int64_t)(most / 86400 / 2) + 1);
	for (;;) {
		for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			if (most <= power * steps[i] && (unit != PAGE_PLOT_COUNT || power * steps[i] > 1))
				return power * steps[i];
		power *= 10;
	}
}

static double
most_of(const struct page_plot *p, size_t *where)
{
	double most = -1, v;
	size_t i;

	*where = 0;
	for (i = 0; i < p->n; i++) {
		v = p->a[i];
		if (p->b != NULL && p->b[i] >= 0)
			v = p->kind == PAGE_PLOT_BARS ? v + p->b[i] : larger(v, p->b[i]);
		/* What is not a number, or beyond any, would go on for ever. */
		if (v > most && v < 1e18) {
			most = v;
			*where = i;
		}
	}
	return most;
}

struct plane {
	FILE *f;
	const struct page_plot *p;
	double top;    /* the number at the upper end */
};

static double
x_of(const struct plane *s, double i)
{
	return LEFT + (RIGHT - LEFT) * i / (double)s->p->n;
}

static double
y_of(const struct plane *s, double v)
{
	double share = v / s->top;

	return BOTTOM - (BOTTOM - TOP) * (share > 1 ? 1 : share);
}

/* A line through what is known, which breaks where it is not; a single point is a dash. */
static void
line(const struct plane *s, const double *v, const char *class, int filled)
{
	size_t i, from = 0, n = s->p->n;

	fprintf(s->f, "<path class=\"%s\" d=\"", class);
	for (i = 0; i <= n; i++) {
		if (i < n && v[i] >= 0) {
			if (i == 0 || v[i - 1] < 0) {
				from = i;
				if (filled)
					fprintf(s->f, "M%.1f %d", x_of(s, (double)i), BOTTOM);
				fprintf(s->f, "%c%.1f %.1f", filled ? 'L' : 'M', x_of(s, (double)i), y_of(s, v[i]));
			} else
				fprintf(s->f, "L%.1f %.1f", x_of(s, (double)i), y_of(s, v[i]));
		} else if (i > from && v[i - 1] >= 0) {
			fprintf(s->f, "H%.1f", x_of(s, (double)(i - 1) + (i == n || i - from == 1 ? 1 : 0.5)));
			if (filled)
				fprintf(s->f, "V%dZ", BOTTOM);
		}
	}
	fputs("\"/>\n", s->f);
}

static void
bars(const struct plane *s, const double *on, const double *v, const char *class)
{
	double wide = x_of(s, 1) - x_of(s, 0), low, high;
	size_t i;

	fprintf(s->f, "<path class=\"%s\" d=\"", class);
	for (i = 0; i < s->p->n; i++) {
		if (v[i] <= 0)
			continue;
		low = on == NULL || on[i] < 0 ? 0 : on[i];
		high = y_of(s, low + v[i]);
		/* What has happened is seen, however little it is. */
		fprintf(s->f, "M%.1f %.1fV%.1fh%.1fV%.1fZ", x_of(s, (double)i) + wide * 0.1, y_of(s, low),
		    high < y_of(s, low) - 1 ? high : y_of(s, low) - 1, wide * 0.8, y_of(s, low));
	}
	fputs("\"/>\n", s->f);
}

static void
label(FILE *f, double x, double y, const char *anchor, const char *text)
{
	fprintf(f, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">", x, y, anchor);
	page_text(f, text);
	fputs("</text>\n", f);
}

static void
axes(const struct plane *s)
{
	int64_t minutes = (int64_t)s->p->n * s->p->span / 60000000;
	char text[PAGE_PLOT_NUMBER];
	int i, y;

	for (i = 0; i <= 2; i++) {
		y = BOTTOM - (BOTTOM - TOP) * i / 2;
		fprintf(s->f, "<path class=\"%s\" d=\"M%d %dH%d\"/>\n", i == 0 ? "plot-axis" : "plot-grid", LEFT, y, RIGHT);
		label(s->f, LEFT - 6, y + 4, "end", page_plot_number(text, s->p->unit, s->top * i / 2));
		if (minutes > 120)
			(void)snprintf(text, sizeof(text), "%d\302\240h ago", (int)(minutes * (2 - i) / 120));
		else
			(void)snprintf(text, sizeof(text), "%d\302\240min ago", (int)(minutes * (2 - i) / 2));
		label(s->f, LEFT + (RIGHT - LEFT) * i / 2.0, HEIGHT - 8, i == 0 ? "start" : i == 1 ? "middle" : "end",
		    i == 2 ? "now" : text);
	}
}

static void
draw(const struct plane *s)
{
	const struct page_plot *p = s->p;

	switch (p->kind) {
	case PAGE_PLOT_AREA:
		line(s, p->a, "plot-area", 1);
		line(s, p->a, "plot-line", 0);
		break;
	case PAGE_PLOT_BARS:
		bars(s, NULL, p->a, "plot-bar");
		if (p->b != NULL)
			bars(s, p->a, p->b, "plot-bar plot-3");
		break;
	case PAGE_PLOT_LINES:
		if (p->b != NULL)
			line(s, p->b, "plot-line plot-soft", 0);
		line(s, p->a, "plot-line", 0);
		break;
	}
}

static double
latest(const double *v, size_t n)
{
	while (n > 0)
		if (v[--n] >= 0)
			return v[n];
	return -1;
}

/* What the picture shows, in a sentence. */
static void
words(const struct page_plot *p, double most, size_t where, char *buf, size_t size)
{
	char last[PAGE_PLOT_NUMBER], top[PAGE_PLOT_NUMBER], age[UNITS_AGE_MAX];
	size_t i, known = 0;

	for (i = 0; i < p->n; i++)
		known += p->a[i] >= 0;
	(void)snprintf(buf, size, "Last %s, most %s %s ago; known for %zu of %zu points",
	    page_plot_number(last, p->unit, latest(p->a, p->n)), page_plot_number(top, p->unit, most),
	    units_age(age, (int64_t)(p->n - 1 - where) * p->span), known, p->n);
}

/* The names of the two, or what the one is now. */
static void
caption(FILE *f, const struct page_plot *p, double most)
{
	char last[PAGE_PLOT_NUMBER], top[PAGE_PLOT_NUMBER];

	fputs("<figure class=\"plot-card\">\n<figcaption><b>", f);
	page_text(f, p->title);
	fputs("</b>", f);
	if (p->b != NULL) {
		fputs(" <span class=\"plot-key\"><span>", f);
		page_text(f, p->name_a);
		fprintf(f, "</span> <span class=\"%s\">", p->kind == PAGE_PLOT_BARS ? "plot-3" : "plot-soft");
		page_text(f, p->name_b);
		fputs("</span></span>", f);
	} else if (most >= 0)
		fprintf(f, " <span class=\"plot-key\">last %s, most %s</span>",
		    page_plot_number(last, p->unit, latest(p->a, p->n)), page_plot_number(top, p->unit, most));
	fputs("</figcaption>\n", f);
}

void
page_plot(FILE *f, const struct page_plot *p)
{
	struct plane s = { .f = f, .p = p };
	char text[256];
	double most;
	size_t where;

	most = most_of(p, &where);
	caption(f, p, most);
	if (most < 0) {
		fputs("<p class=\"plot-none\">Nothing known yet</p>\n</figure>\n", f);
		return;
	}
	s.top = round_up(p->unit, most);
	words(p, most, where, text, sizeof(text));
	fprintf(f, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-text\">\n"
	    "<title id=\"%s-title\">", WIDTH, HEIGHT, p->id, p->id, p->id);
	page_text(f, p->title);
	fprintf(f, "</title>\n<desc id=\"%s-text\">", p->id);
	page_text(f, text);
	fputs("</desc>\n", f);
	axes(&s);
	draw(&s);
	fputs("</svg>\n</figure>\n", f);
}

/* Neighbours are one shape. */
void
page_plot_spark(FILE *f, const char *title, const double *a, size_t n)
{
	double most = -1;
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i] < 1e18)
			most = larger(most, a[i]);
	if (most < 0)
		return;
	fprintf(f, "<svg class=\"plot-spark\" viewBox=\"0 0 %zu 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", n);
	page_text(f, title);
	fputs("\"><path class=\"plot-area\" d=\"", f);
	for (i = 0; i < n; i++) {
		if (a[i] < 0)
			continue;
		if (i == 0 || a[i - 1] < 0)
			fprintf(f, "M%zu 24", i);
		fprintf(f, "V%.0fh1", most > 0 ? 23 - 22 * (a[i] < most ? a[i] / most : 1) : 23);
		if (i == n - 1 || a[i + 1] < 0)
			fputs("V24Z", f);
	}
	fputs("\"/></svg>", f);
}
