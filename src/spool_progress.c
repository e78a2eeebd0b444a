#include "spool_progress.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_path.h"
#include "units.h"
#include "units_when.h"

#define PROGRESS ".progress."
#define CHECKPOINT ".checkpoint."
#define RETRY ".retry."

enum { TAIL = 4096, OLD_HOURS = 36 };

static const int64_t second = 1000000, longest = 7 * 86400 * INT64_C(1000000);

_Static_assert(sizeof(CHECKPOINT) - 1 + ID_MAX <= ID_NAME_MAX, "a checkpoint has a name");

char *
spool_progress_path(char buf[SPOOL_ASIDE_MAX], const char *id)
{
	(void)snprintf(buf, SPOOL_ASIDE_MAX, "%s/" PROGRESS "%s", spool_dir_name(SPOOL_STAT), id);
	return buf;
}

char *
spool_checkpoint_path(char buf[SPOOL_ASIDE_MAX], const char *id)
{
	(void)snprintf(buf, SPOOL_ASIDE_MAX, "%s/" CHECKPOINT "%s", spool_dir_name(SPOOL_STAT), id);
	return buf;
}

char *
spool_retry_path(char buf[SPOOL_ASIDE_MAX], const char *id)
{
	(void)snprintf(buf, SPOOL_ASIDE_MAX, "%s/" RETRY "%s", spool_dir_name(SPOOL_STAT), id);
	return buf;
}

/* "40", "40%", "40 resizing", "40%: resizing", or words alone. Returns where the words begin. */
static const char *
percent(const char *line, int *n)
{
	size_t digits = strspn(line, "0123456789");
	const char *rest = line + digits;

	*n = -1;
	if (digits == 0 || digits > 3)
		return line;
	/* What comes behind a point is not shown. */
	if (*rest == '.' && isdigit((unsigned char)rest[1]))
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest == '%')
		rest++;
	if (*rest != '\0' && *rest != ' ' && *rest != '\t' && *rest != ':')
		return line;
	*n = 0;
	while (digits-- > 0)
		*n = *n * 10 + (*line++ - '0');
	if (*n > 100)
		*n = 100;
	return rest + strspn(rest, " \t:");
}

/* Controls, of ASCII and of Latin 1 in UTF-8, could move a terminal's cursor. */
static void
take_words(char *to, const char *from)
{
	size_t n = 0;

	for (; *from != '\0' && n < SPOOL_PROGRESS_MAX; from++) {
		unsigned char c = (unsigned char)*from, next = (unsigned char)from[1];

		if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			from++;
		to[n++] = c < ' ' || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0) ? '?' : (char)c;
	}
	/* Not half of a character at the cut. */
	if (*from != '\0' && ((unsigned char)*from & 0xc0) == 0x80) {
		while (n > 0 && ((unsigned char)to[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0;
	}
	while (n > 0 && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

/* The last line that is not blank. */
static char *
last_line(char *text, size_t n)
{
	char *line;

	while (n > 0 && (text[n - 1] == '\0' || isspace((unsigned char)text[n - 1])))
		n--;
	text[n] = '\0';
	if ((line = memrchr(text, '\n', n)) != NULL)
		text = line + 1;
	/* Bars that draw themselves anew come back to the start of their line. */
	if ((line = strrchr(text, '\r')) != NULL)
		text = line + 1;
	return text + strspn(text, " \t");
}

/* The end of a plain file; -1: there is none, or it is empty. */
static ssize_t
read_tail(const struct spool *q, const char *path, char text[TAIL + 1], struct stat *st)
{
	int fd = openat(q->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		n = io_pread(fd, text, TAIL, st->st_size > TAIL ? st->st_size - TAIL : 0);
	(void)io_close(&fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return n;
}

void
spool_progress(const struct spool *q, const char *id, struct spool_progress *p)
{
	char path[SPOOL_ASIDE_MAX], text[TAIL + 1];
	struct stat st;
	ssize_t n = read_tail(q, spool_progress_path(path, id), text, &st);

	*p = (struct spool_progress){ .percent = -1 };
	if (n != -1)
		take_words(p->words, percent(last_line(text, (size_t)n), &p->percent));
}

int
spool_retry_wish(const struct spool *q, const char *id, int64_t started, int64_t now, int64_t *when)
{
	char path[SPOOL_ASIDE_MAX], text[TAIL + 1], *line;
	struct stat st;
	ssize_t n = read_tail(q, spool_retry_path(path, id), text, &st);

	/* A power cut may have brought back that of an earlier attempt. */
	if (n == -1 || st.st_mtim.tv_sec < started / second)
		return 0;
	line = last_line(text, (size_t)n);
	if (*line == '\0')
		return 0;
	if (units_duration(line, when) == 0)
		*when = *when > longest ? now + longest : now + *when;
	else if (errno == ERANGE)
		*when = now + longest;
	else if (units_when(line, when) == -1)
		return -1;
	if (*when > now + longest)
		*when = now + longest;
	return 1;
}

void
spool_progress_end(const struct spool *q, const char *id, int last)
{
	char path[SPOOL_ASIDE_MAX];
	int saved = errno;

	(void)unlinkat(q->fd, spool_progress_path(path, id), 0);
	(void)unlinkat(q->fd, spool_retry_path(path, id), 0);
	if (last)
		(void)unlinkat(q->fd, spool_checkpoint_path(path, id), 0);
	errno = saved;
}

const char *
spool_progress_whose(const char *file)
{
	size_t n = sizeof(PROGRESS) - 1;

	return strncmp(file, PROGRESS, n) == 0 && id_valid(file + n) ? file + n : NULL;
}

/* The ID in the name of such a file; NULL: it is none. */
static const char *
whose(const char *file)
{
	if (strncmp(file, PROGRESS, sizeof(PROGRESS) - 1) == 0)
		file += sizeof(PROGRESS) - 1;
	else if (strncmp(file, CHECKPOINT, sizeof(CHECKPOINT) - 1) == 0)
		file += sizeof(CHECKPOINT) - 1;
	else if (strncmp(file, RETRY, sizeof(RETRY) - 1) == 0)
		file += sizeof(RETRY) - 1;
	else
		return NULL;
	return id_valid(file) ? file : NULL;
}

static void
sweep_one(const struct spool *q, const char *file, int64_t before)
{
	const char *id = whose(file);
	struct spool_job job;
	struct stat st;

	if (id == NULL || spool_stat(q, SPOOL_STAT, file, &st) == -1 || st.st_mtim.tv_sec >= before)
		return;
	if (spool_find(q, id, &job) == 0 ? job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED : errno == ENOENT)
		(void)spool_unlink(q, SPOOL_STAT, file);
}

int
spool_progress_sweep(const struct spool *q)
{
	int64_t before = io_now() / 1000000 - OLD_HOURS * 3600;
	int fd = spool_open_dir(q, SPOOL_STAT);
	struct dirent *e;
	DIR *dir;

	if (fd == -1)
		return -1;
	if ((dir = fdopendir(fd)) == NULL) {
		(void)io_close(&fd);
		return -1;
	}
	while ((e = readdir(dir)) != NULL)
		sweep_one(q, e->d_name, before);
	return closedir(dir);
}
