#include "web_ward.h"

#include <stdlib.h>

#include "io.h"
#include "spool_progress.h"

/* Microseconds between two scans at the least; and a scan may take this part of the time. */
static const int64_t scan_every = 2000000, scan_share = 50;

void
web_wards_open(struct web_wards *all, size_t names_max)
{
	*all = (struct web_wards){ .watch = { .fd = -1 }, .names_max = names_max };
	/* Of these a user may have so many; what they would tell is then looked for. */
	(void)watch_open(&all->watch);
}

static void
let_go(struct web_wards *all, struct web_ward *ward)
{
	if (ward->progress != -1)
		watch_remove(&all->watch, ward->progress);
	if (ward->waiting != -1)
		watch_remove(&all->watch, ward->waiting);
	view_places_clear(&ward->places);
	free(ward);
}

void
web_wards_close(struct web_wards *all)
{
	struct web_ward *ward;

	while ((ward = all->first) != NULL) {
		all->first = ward->next;
		let_go(all, ward);
	}
	watch_close(&all->watch);
}

static int
listen_at(struct web_wards *all, const struct spool *q, enum spool_dir d, unsigned what)
{
	int fd = all->watch.fd == -1 ? -1 : spool_open_dir(q, d), number = -1;

	if (fd != -1)
		number = watch_add(&all->watch, fd, what);
	(void)io_close(&fd);
	return number;
}

struct web_ward *
web_ward_enter(struct web_wards *all, const struct spool *q)
{
	struct web_ward *ward;
	struct stat st;

	if (fstat(q->fd, &st) == -1)
		return NULL;
	for (ward = all->first; ward != NULL; ward = ward->next)
		if (ward->dev == st.st_dev && ward->ino == st.st_ino) {
			ward->users++;
			return ward;
		}
	if ((ward = calloc(1, sizeof(*ward))) == NULL)
		return NULL;
	ward->dev = st.st_dev;
	ward->ino = st.st_ino;
	ward->users = 1;
	ward->progress = listen_at(all, q, SPOOL_STAT, WATCH_CAME | WATCH_MODIFIED);
	ward->waiting = listen_at(all, q, SPOOL_NEW, WATCH_CAME | WATCH_GONE);
	ward->changed = 1;
	ward->next = all->first;
	all->first = ward;
	return ward;
}

void
web_ward_leave(struct web_wards *all, struct web_ward *ward)
{
	struct web_ward **at = &all->first;

	if (--ward->users > 0)
		return;
	while (*at != ward)
		at = &(*at)->next;
	*at = ward->next;
	let_go(all, ward);
}

static void
scan(const struct web_wards *all, struct web_ward *ward, const struct spool *q)
{
	int64_t began = io_clock(), took;
	struct policy policy;
	char why[256];

	policy_defaults(&policy);
	(void)spool_policy(q, &policy, why, sizeof(why));
	ward->blind = view_places_scan(&ward->places, q, &policy, all->names_max) == -1;
	/* Nothing tells of changes: they have to be looked for. */
	ward->changed = ward->waiting == -1 && !ward->blind;
	took = (io_clock() - began) * scan_share;
	ward->scan_at = began + (took > scan_every ? took : scan_every);
}

int
web_ward_look(const struct web_wards *all, struct web_ward *ward, const struct spool *q, int64_t now)
{
	if (!ward->changed || now < ward->scan_at)
		return 0;
	scan(all, ward, q);
	return 1;
}

int64_t
web_ward_find(const struct web_wards *all, struct web_ward *ward, const struct spool *q, const struct spool_job *job,
    int64_t *key)
{
	int64_t submitted = job->name.time != -1 ? job->name.time : io_time(job->st.st_mtim);

	if (ward->scan_at == 0)
		scan(all, ward, q);
	*key = view_place_key(&job->name, submitted, ward->places.aging);
	return web_ward_place(ward, *key);
}

int64_t
web_ward_place(const struct web_ward *ward, int64_t key)
{
	return ward->blind ? -1 : view_places_find(&ward->places, key);
}

struct hearing {
	struct web_wards *all;
	void (*each)(void *arg, const struct web_ward *ward, const char *id);
	void *arg;
};

static void
heard(void *arg, int number, unsigned what, const char *name)
{
	const struct hearing *h = arg;
	struct web_ward *ward;
	const char *id = "";

	for (ward = h->all->first; ward != NULL; ward = ward->next) {
		if (number == -1 || number == ward->waiting)
			ward->changed = 1;
		if (number != -1 && number != ward->progress)
			continue;
		if (what == WATCH_AGAIN || (id = spool_progress_whose(name)) != NULL)
			h->each(h->arg, ward, id);
	}
}

void
web_wards_hear(struct web_wards *all, void (*each)(void *arg, const struct web_ward *ward, const char *id), void *arg)
{
	struct hearing h = { .all = all, .each = each, .arg = arg };

	(void)watch_drain(&all->watch, heard, &h);
}
