/*
 * ledger: a handler that keeps books. `ledger BOOK` appends to BOOK/ledger, a line each:
 *
 *	ran ID ATTEMPT     it has started
 *	TWICE ID           another process of the same job lives
 *	AGAIN ID           the job has a result already
 *	ENV ID             the environment contradicts the job file's name
 *	TORN ID            the payload is not what was submitted
 *
 * Who it is it sees from the file on its stdin, as any program may that a worker runs, wqw-worker or a shell script. What
 * it does stands in the payload's first line, `KIND NUMBER`; books.h knows the kinds. Its result is that line and the
 * payload's checksum.
 */
#include <sys/file.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "books.h"

struct job {
	char path[4096];    /* of its file, which is in cur/ */
	char id[256];
	int attempt;
};

static int book;            /* the directory */

static void
record(const char *what, const struct job *j, int with_attempt)
{
	char line[512];
	int fd = openat(book, "ledger", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), n;

	if (fd == -1)
		err(1, "ledger");
	n = with_attempt ? snprintf(line, sizeof(line), "%s %s %d\n", what, j->id, j->attempt) :
	    snprintf(line, sizeof(line), "%s %s\n", what, j->id);
	/* One write, so that lines of several processes do not mix. */
	if (write(fd, line, (size_t)n) != n)
		err(1, "ledger");
	(void)close(fd);
}

/* /dir/q/cur/ID,A=n */
static void
identify(struct job *j)
{
	ssize_t n = readlink("/proc/self/fd/0", j->path, sizeof(j->path) - 1);
	char *base, *p;

	if (n == -1)
		err(1, "stdin");
	j->path[n] = '\0';
	if ((base = strrchr(j->path, '/')) == NULL)
		errx(1, "stdin is %s", j->path);
	(void)snprintf(j->id, sizeof(j->id), "%.255s", base + 1);
	/* The name that it was opened by is gone where rename(2) cannot be used. */
	if ((p = strstr(j->path, " (deleted)")) != NULL && getenv("WQW_JOB") != NULL) {
		(void)snprintf(j->path, sizeof(j->path), "%s", getenv("WQW_JOB"));
		(void)snprintf(j->id, sizeof(j->id), "%.255s", strrchr(j->path, '/') + 1);
	}
	j->attempt = 0;
	if ((p = strstr(j->id, ",A=")) != NULL) {
		j->attempt = atoi(p + 3);
		*p = '\0';
	}
}

static void
check_environment(const struct job *j)
{
	const char *id = getenv("WQW_ID"), *attempt = getenv("WQW_ATTEMPT");

	if ((id != NULL && strcmp(id, j->id) != 0) || (attempt != NULL && atoi(attempt) != j->attempt))
		record("ENV", j, 0);
}

static long
read_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return atol(text);
}

/* 1 where that process runs; one that has been killed gives up its files one after another, and runs no more. */
static int
runs(long pid)
{
	enum { EXITING = 4 };
	char path[64], text[1024], state, *p;
	unsigned flags;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if ((p = strrchr(text, ')')) == NULL || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return 0;
	return state != 'Z' && state != 'X' && (flags & EXITING) == 0;
}

/* The lock is held until this process ends. */
static void
lock(const struct job *j)
{
	char name[300], self[32];
	long holder;
	ssize_t n;
	int fd;

	(void)snprintf(name, sizeof(name), "lock/%s", j->id);
	if ((fd = openat(book, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) == -1)
		err(1, "%s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		holder = read_pid(fd);
		if (runs(holder))
			record("TWICE", j, 0);
		(void)flock(fd, LOCK_EX);
		/* It wrote its number after we had looked, so it was alive then. */
		if (read_pid(fd) != holder)
			record("TWICE", j, 0);
	}
	if ((n = readlink("/proc/self", self, sizeof(self) - 1)) == -1 || ftruncate(fd, 0) == -1 ||
	    pwrite(fd, self, (size_t)n, 0) != n)
		err(1, "%s", name);
}

static void
check_result(const struct job *j)
{
	char done[4400];
	int queue = (int)(strrchr(j->path, '/') - j->path) - (int)sizeof("cur") + 1;

	(void)snprintf(done, sizeof(done), "%.*sdone/%s", queue, j->path, j->id);
	if (access(done, F_OK) == 0)
		record("AGAIN", j, 0);
}

/* Jobs of a job: they are to appear when it has succeeded, and only then. */
static void
submit(const struct books_payload *p, int n)
{
	static char text[BOOKS_PAYLOAD_MAX];
	size_t len;
	FILE *f;
	int i;

	for (i = 1; i <= n; i++) {
		len = books_payload(text, BOOKS_OK, p->number * BOOKS_FAMILY + i);
		if ((f = popen("exec wqw-submit \"$WQW_QUEUE\" >/dev/null", "w")) == NULL || fwrite(text, 1, len, f) != len ||
		    pclose(f) != 0)
			errx(1, "wqw-submit");
	}
}

static void
act(const struct books_payload *p, const struct job *j)
{
	switch (p->kind) {
	case BOOKS_AGAIN:
		if (j->attempt == 1)
			errx(1, "not yet");
		break;
	case BOOKS_SIGNAL:
		if (j->attempt == 1)
			(void)raise(SIGKILL);
		break;
	case BOOKS_NEVER:
		errx(100, "never");
	case BOOKS_DOOMED:
		errx(1, "doomed");
	case BOOKS_STRAY:
		submit(p, j->attempt == 1 ? 3 : 2);
		if (j->attempt == 1)
			errx(1, "not yet");
		break;
	case BOOKS_PARENT:
		submit(p, 2);
		break;
	case BOOKS_BARREN:
		submit(p, 2);
		errx(100, "barren");
	case BOOKS_OK:
	case BOOKS_KINDS:
		break;
	}
}

int
main(int argc, char *argv[])
{
	struct books_payload p;
	struct job j;

	if (argc < 2)
		errx(2, "usage: ledger BOOK");
	if ((book = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[1]);
	identify(&j);
	lock(&j);
	record("ran", &j, 1);
	check_environment(&j);
	check_result(&j);
	if (books_read(STDIN_FILENO, &p) == -1) {
		if (errno != EBADMSG)
			err(1, "stdin");
		record("TORN", &j, 0);
		return 100;
	}
	act(&p, &j);
	if (dprintf(STDOUT_FILENO, "%s %ld %016llx\n", books_kind_name(p.kind), p.number, (unsigned long long)p.sum) < 0)
		err(1, "stdout");
	return 0;
}
