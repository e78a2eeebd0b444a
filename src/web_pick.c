#include "web_pick.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

static const struct {
	enum view_state state;
	enum spool_dir dir;
} places[] = {
	{ VIEW_NEW, SPOOL_NEW }, { VIEW_LATER, SPOOL_LATER }, { VIEW_HELD, SPOOL_LATER }, { VIEW_RUNNING, SPOOL_CUR },
	{ VIEW_ABANDONED, SPOOL_CUR }, { VIEW_DONE, SPOOL_DONE }, { VIEW_FAILED, SPOOL_FAILED }
};

int
web_pick_state(struct web_pick *p, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(name, view_state_name(places[i].state)) == 0) {
			p->state = places[i].state;
			p->dir = places[i].dir;
			return 0;
		}
	return -1;
}

/* 1 where a file of the directory is in the state: two of these have two. VIEW_STATES is any. */
static int
is_in_state(const struct web_pick *p, const char *file)
{
	struct view v;

	if ((p->dir != SPOOL_LATER && p->dir != SPOOL_CUR) || p->state == VIEW_STATES)
		return 1;
	return view_file(p->q, p->dir, file, &v) == 0 && v.state == p->state;
}

/* Where the ID belongs among those that were kept so far, nearest to the cursor first. */
static size_t
rank(const struct web_pick *p, const char *id)
{
	size_t low = 0, high = p->n, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(p->id[mid], id);
		if (p->backwards ? order > 0 : order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* 1 where the ID is on the side of the cursor that is asked for. */
static int
is_beyond(const struct web_pick *p, const char *id)
{
	int order;

	if (p->cursor[0] == '\0')
		return 1;
	order = strcmp(id, p->cursor);
	return p->backwards ? order < 0 : order > 0;
}

static int
one_file(void *arg, const char *file)
{
	struct web_pick *p = arg;
	struct id_name name;
	size_t at, behind;

	if (id_parse(file, &name) == -1 || !is_beyond(p, name.id) || (at = rank(p, name.id)) > p->limit || !is_in_state(p, file))
		return 0;
	/* One more than is wanted, to know whether there is more. */
	p->n += p->n <= p->limit;
	behind = p->n - 1 - at;
	memmove(p->id[at + 1], p->id[at], behind * sizeof(*p->id));
	memmove(p->file[at + 1], p->file[at], behind * sizeof(*p->file));
	memcpy(p->id[at], name.id, sizeof(*p->id));
	(void)strlcpy(p->file[at], file, sizeof(*p->file));
	return 0;
}

static void
swap(void *a, void *b, void *room, size_t size)
{
	memcpy(room, a, size);
	memcpy(a, b, size);
	memcpy(b, room, size);
}

int
web_pick(struct web_pick *p)
{
	char room[ID_NAME_MAX + 1];
	size_t i;

	p->n = 0;
	/* And one more, as room to move. */
	p->id = calloc(p->limit + 2, sizeof(*p->id));
	p->file = calloc(p->limit + 2, sizeof(*p->file));
	if (p->id == NULL || p->file == NULL || spool_scan(p->q, p->dir, one_file, p) == -1)
		return -1;
	p->more = p->n > p->limit;
	p->n -= (size_t)p->more;
	for (i = 0; p->backwards && i < p->n / 2; i++) {
		swap(p->id[i], p->id[p->n - 1 - i], room, sizeof(*p->id));
		swap(p->file[i], p->file[p->n - 1 - i], room, sizeof(*p->file));
	}
	return 0;
}

void
web_pick_free(struct web_pick *p)
{
	free(p->id);
	free(p->file);
	p->id = NULL;
	p->file = NULL;
}
