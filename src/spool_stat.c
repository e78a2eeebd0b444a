#include "spool_stat.h"

#include <sys/file.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "job.h"
#include "spool_path.h"
#include "spool_progress.h"
#include "units.h"

#define SLOT "Slot: "

enum { LINE = sizeof(SLOT) - 1 + ID_MAX + 1, FILE_MAX = 1024 * 1024 };

/* 1 where the worker of this file lives. */
static int
alive(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

static int
remove_dead(void *arg, const char *file)
{
	const struct spool *q = arg;
	int fd = spool_open_file(q, SPOOL_STAT, file, O_RDONLY);

	if (fd != -1 && !alive(fd))
		(void)spool_unlink(q, SPOOL_STAT, file);
	(void)io_close(&fd);
	return 0;
}

static int
header(struct job_header *h, const char *name, int slots)
{
	char number[16], when[UNITS_TIME_MAX];

	h->len = 0;
	(void)snprintf(number, sizeof(number), "%d", slots);
	return job_put(h, "Worker", name) == -1 || job_put(h, "Started", units_time(when, io_now())) == -1 ||
	    job_put(h, "Slots", number) == -1 ? -1 : 0;
}

/* All of the file is written before it is mapped: a hole that a full disk cannot fill would be a SIGBUS. */
static int
fill(struct spool_worker *w, const struct job_header *h)
{
	int i;

	if (io_write(w->fd, h->text, h->len) == -1)
		return -1;
	for (i = 0; i < w->slots; i++)
		if (dprintf(w->fd, SLOT "%*s\n", (int)ID_MAX, "") != LINE)
			return -1;
	w->lines = h->len;
	w->size = h->len + (size_t)w->slots * LINE;
	w->map = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	if (w->map != MAP_FAILED)
		return 0;
	w->map = NULL;
	return -1;
}

int
spool_enroll(struct spool_worker *w, const struct spool *q, const char *name, int slots)
{
	struct spool self = *q;
	struct job_header h;

	*w = (struct spool_worker){ .fd = -1, .slots = slots };
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	if (header(&h, name, slots) == -1 || spool_scan(q, SPOOL_STAT, remove_dead, &self) == -1 ||
	    spool_progress_sweep(q) == -1)
		return -1;
	/* Locked before it can be seen: another worker that starts now would take it for a dead one's. */
	w->fd = spool_open_file(q, SPOOL_TMP, w->name, O_RDWR | O_CREAT | O_EXCL);
	if (w->fd == -1)
		return -1;
	if (flock(w->fd, LOCK_EX) == 0 && fill(w, &h) == 0 && spool_move(q, SPOOL_TMP, w->name, SPOOL_STAT, w->name) == 0)
		return 0;
	(void)spool_unlink(q, SPOOL_TMP, w->name);
	spool_leave(w, q);
	return -1;
}

void
spool_enroll_slot(struct spool_worker *w, int slot, const char *id)
{
	char *at;

	if (w->map == NULL)
		return;
	at = w->map + w->lines + (size_t)slot * LINE + sizeof(SLOT) - 1;
	memset(at, ' ', ID_MAX);
	if (id != NULL)
		memcpy(at, id, strlen(id));
}

void
spool_leave(struct spool_worker *w, const struct spool *q)
{
	int saved = errno;

	if (w->map != NULL)
		(void)munmap(w->map, w->size);
	w->map = NULL;
	if (w->fd != -1)
		(void)spool_unlink(q, SPOOL_STAT, w->name);
	(void)io_close(&w->fd);
	errno = saved;
}

struct workers {
	const struct spool *q;
	int (*each)(void *, const char *, const char *);
	void *arg;
};

static int
tell_slots(const struct workers *s, const char *worker, char *text)
{
	char *line, *end;
	int r = 0, idle = 1;

	while (r == 0 && (line = strsep(&text, "\n")) != NULL) {
		if (strncmp(line, SLOT, sizeof(SLOT) - 1) != 0)
			continue;
		line += sizeof(SLOT) - 1;
		end = line + strcspn(line, " ");
		*end = '\0';
		if (!id_valid(line))
			continue;
		idle = 0;
		r = s->each(s->arg, worker, line);
	}
	return idle ? s->each(s->arg, worker, "") : r;
}

/* What a living worker's file holds, for the caller to free; NULL: it is none, or cannot be read. */
static char *
read_living(const struct spool *q, const char *file)
{
	int fd = spool_open_file(q, SPOOL_STAT, file, O_RDONLY);
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd == -1)
		return NULL;
	if (alive(fd) && fstat(fd, &st) == 0 && st.st_size < FILE_MAX && (text = malloc((size_t)st.st_size + 1)) != NULL)
		n = io_pread(fd, text, (size_t)st.st_size, 0);
	(void)io_close(&fd);
	if (n != -1) {
		text[n] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

static int
read_worker(void *arg, const char *file)
{
	const struct workers *s = arg;
	char *text = read_living(s->q, file);
	int r = text == NULL ? 0 : tell_slots(s, file, text);

	free(text);
	return r;
}

int
spool_scan_workers(const struct spool *q, int (*each)(void *arg, const char *worker, const char *id), void *arg)
{
	struct workers s = { .q = q, .each = each, .arg = arg };

	return spool_scan(q, SPOOL_STAT, read_worker, &s);
}

struct worker_tally {
	const struct spool *q;
	struct spool_workers *w;
};

static int
tally_worker(void *arg, const char *file)
{
	const struct worker_tally *t = arg;
	char *text = read_living(t->q, file), *rest = text, *line;

	if (text == NULL)
		return 0;
	t->w->workers++;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, SLOT, sizeof(SLOT) - 1) == 0) {
			t->w->slots++;
			t->w->busy += line[sizeof(SLOT) - 1] != ' ';
		}
	free(text);
	return 0;
}

int
spool_tally_workers(const struct spool *q, struct spool_workers *w)
{
	struct worker_tally t = { .q = q, .w = w };

	*w = (struct spool_workers){ .workers = 0 };
	return spool_scan(q, SPOOL_STAT, tally_worker, &t);
}
