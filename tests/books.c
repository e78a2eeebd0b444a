/*
 * books: makes queues of jobs whose end is known, and adds them up when all is over. It knows the spool from
 * spool-layout.md alone and uses nothing of wqw.
 *
 *	books payload KIND NUMBER
 *	books make [-a MAX] QUEUE BOOK FIRST KIND...   jobs in new/, numbered from FIRST on; KIND*100 is a hundred of them
 *	books wreck [-a MAX] QUEUE BOOK          what crashes leave, each row of the table in spool-layout.md
 *	books age QUEUE                          the files in tmp/ become old enough to be swept
 *	books check [-cls] [-a MAX] [-x N] QUEUE BOOK
 *
 * BOOK is a directory: `accepted` has a line `ID [KIND NUMBER]` for each job that somebody was promised, `ledger` is what the
 * handler wrote. `make` and `wreck` make both where they are not there: a queue without backoff and reserve, and with
 * MAX attempts. `check` prints what does not add up: a job may have run N times more often than it needs, and -l lets an
 * attempt that was not counted come again; with -s no job may have been counted more attempts than it needs;
 * -c allows that jobs were cancelled. It exits 1 where something does not, and 3 where tmp/ holds files.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "books.h"

enum { MALFORMED = BOOKS_KINDS + 1, ANY = BOOKS_KINDS };

struct account {
	char id[256];
	int accepted, kind;         /* ANY: not told */
	long number;
	int done, failed, elsewhere;
	int attempts, made;         /* of the dead letter, of the result */
	char reason[16];
	int runs, last;             /* of the ledger; the last attempt */
	unsigned long long seen;    /* attempts that the ledger has, a bit each */
};

/* What jobs that submit have submitted, by their numbers. */
struct family {
	int children[4], done, failed;
};

enum { FAMILIES = 100 };

static struct family families[FAMILIES];
static void *accounts;
static int queue, book, complaints, drafts;
static int max_attempts = 5, extra, lax, strict, cancels;

__attribute__((format(printf, 2, 3)))
static void
complain(const char *id, const char *format, ...)
{
	va_list ap;

	complaints++;
	printf("%s: ", id);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->id, ((const struct account *)b)->id);
}

/* A file's name without A and X, which are told apart. */
static struct account *
account(const char *name, int *attempts, char reason[16])
{
	struct account key = { .kind = ANY }, *a;
	const char *p;

	*attempts = (p = strstr(name, ",A=")) == NULL ? 0 : atoi(p + 3);
	*reason = '\0';
	if ((p = strstr(name, ",X=")) != NULL)
		(void)snprintf(reason, 16, "%s", p + 3);
	p = strstr(name, ",A=");
	if (p == NULL)
		p = strstr(name, ",X=");
	(void)snprintf(key.id, sizeof(key.id), "%.*s", p == NULL ? 255 : (int)(p - name), name);
	a = *(struct account **)tsearch(&key, &accounts, compare);
	if (a != &key)
		return a;
	/* The tree has the key on the stack; it is replaced by a copy, which compares the same. */
	if ((a = malloc(sizeof(*a))) == NULL)
		err(1, NULL);
	*a = key;
	*(struct account **)tfind(&key, &accounts, compare) = a;
	return a;
}

static void
each(const char *dir, void (*look)(const char *dir, const char *name))
{
	int fd = openat(queue, dir, O_RDONLY | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL)
		err(2, "%s", dir);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			look(dir, e->d_name);
	(void)closedir(d);
}

static int
open_in(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return openat(queue, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

/* Reads a header and leaves fd behind it. -1: there is none. */
static int
header(int fd, char text[16385])
{
	ssize_t n = pread(fd, text, 16384, 0);
	char *end;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	end = *text == '\n' ? text - 1 : strstr(text, "\n\n");
	if (end == NULL)
		return -1;
	(void)lseek(fd, end + 2 - text, SEEK_SET);
	end[1] = '\0';
	return 0;
}

/* The number in a field; -1: not there. */
static long
field(const char *text, const char *name)
{
	const char *p = text;
	size_t n = strlen(name);

	for (; p != NULL && *p != '\0'; p = strchr(p, '\n') == NULL ? NULL : strchr(p, '\n') + 1)
		if (strncmp(p, name, n) == 0 && p[n] == ':')
			return atol(p + n + 1);
	return -1;
}

static void
check_length(int fd, const char *text, const char *id)
{
	long length = field(text, "Content-Length");
	struct stat st;

	if (fstat(fd, &st) == -1)
		err(2, "%s", id);
	if (length != -1 && length != st.st_size - lseek(fd, 0, SEEK_CUR))
		complain(id, "Content-Length %ld of a file of %ld bytes", length, (long)st.st_size);
}

/* The result of the ledger handler: `KIND NUMBER SUM`, which follows from the first two. */
static void
check_result(const char *id, const char *text, struct account *a)
{
	static char wanted[BOOKS_PAYLOAD_MAX];
	unsigned long long sum;
	char kind[16];
	long number;
	size_t n;

	if (sscanf(text, "%15s %ld %llx", kind, &number, &sum) != 3 || books_kind(kind) == BOOKS_KINDS) {
		complain(id, "the result is not what the handler wrote");
		return;
	}
	n = books_payload(wanted, books_kind(kind), number);
	if (books_sum(wanted, n) != sum)
		complain(id, "the handler had another payload");
	if (a->kind != ANY && (a->kind != (int)books_kind(kind) || a->number != number))
		complain(id, "has the result of %s %ld", kind, number);
	a->kind = books_kind(kind);
	a->number = number;
}

static void
look_done(const char *dir, const char *name)
{
	static char text[16385];
	char reason[16], rest[128];
	int attempts, fd = open_in(dir, name);
	struct account *a = account(name, &attempts, reason);
	ssize_t n;

	a->done++;
	if (fd == -1 || header(fd, text) == -1) {
		complain(name, "a result without a header");
		return;
	}
	check_length(fd, text, name);
	a->made = (int)field(text, "Attempt");
	if (field(text, "Exit") > 0)
		complain(name, "Exit is not 0");
	if ((n = read(fd, rest, sizeof(rest) - 1)) == -1)
		err(2, "%s", name);
	rest[n] = '\0';
	check_result(name, rest, a);
	(void)close(fd);
}

static void
look_failed(const char *dir, const char *name)
{
	static char text[16385];
	struct books_payload p;
	struct account *a;
	int fd, attempts;
	char reason[16];

	a = account(name, &attempts, reason);
	a->failed++;
	a->attempts = attempts;
	memcpy(a->reason, reason, sizeof(reason));
	if (*reason == '\0')
		complain(name, "a dead letter without a reason");
	if (a->kind == MALFORMED)
		return;
	fd = open_in(dir, name);
	if (fd == -1 || header(fd, text) == -1) {
		complain(name, "a dead letter without a header");
		return;
	}
	check_length(fd, text, name);
	if (books_read(fd, &p) == -1) {
		complain(name, "a dead letter that is not whole");
		return;
	}
	if (a->kind != ANY && (a->kind != (int)p.kind || a->number != p.number))
		complain(name, "has the payload of %s %ld", books_kind_name(p.kind), p.number);
	a->kind = p.kind;
	a->number = p.number;
	(void)close(fd);
}

static void
look_elsewhere(const char *dir, const char *name)
{
	char reason[16];
	int attempts;

	account(name, &attempts, reason)->elsewhere++;
	complain(name, "left in %s/", dir);
}

static void
look_log(const char *dir, const char *name)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (fstatat(queue, path, &st, 0) == 0 && st.st_size == 0)
		complain(name, "an empty log");
}

static void
look_draft(const char *dir, const char *name)
{
	(void)dir, (void)name;
	drafts++;
}

static void
look_litter(const char *dir, const char *name)
{
	complain(name, "litter in %s/", dir);
}

static FILE *
open_book(const char *name, const char *mode)
{
	int fd = openat(book, name, *mode == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND, 0666);

	return fd == -1 ? NULL : fdopen(fd, mode);
}

static void
read_accepted(void)
{
	FILE *f = open_book("accepted", "r");
	char line[512], id[256], kind[16], reason[16];
	struct account *a;
	int n, attempts;
	long number;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if ((n = sscanf(line, "%255s %15s %ld", id, kind, &number)) < 1)
			continue;
		a = account(id, &attempts, reason);
		if (a->accepted++)
			complain(id, "was promised twice");
		if (n == 3) {
			a->kind = strcmp(kind, "malformed") == 0 ? MALFORMED : (int)books_kind(kind);
			a->number = number;
		}
	}
	if (f != NULL)
		(void)fclose(f);
}

static void
read_ledger(void)
{
	FILE *f = open_book("ledger", "r");
	char line[512], what[16], id[256], reason[16];
	struct account *a;
	int attempt, none;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%15s %255s %d", what, id, &attempt) != 3 || strcmp(what, "ran") != 0) {
			line[strcspn(line, "\n")] = '\0';
			complain("ledger", "%s", line);
			continue;
		}
		a = account(id, &none, reason);
		a->runs++;
		a->last = attempt;
		if (!lax && (a->seen >> attempt & 1))
			complain(id, "attempt %d was made twice", attempt);
		a->seen |= 1ULL << attempt;
	}
	if (f != NULL)
		(void)fclose(f);
}

/* How often a job of this kind has to run. */
static int
needed(int kind)
{
	return kind == BOOKS_AGAIN || kind == BOOKS_SIGNAL || kind == BOOKS_STRAY ? 2 : kind == BOOKS_DOOMED ? max_attempts :
	    kind == MALFORMED ? 0 : 1;
}

static void
check_end(const struct account *a)
{
	int wants_done = a->kind == BOOKS_OK || a->kind == BOOKS_AGAIN || a->kind == BOOKS_SIGNAL ||
	    a->kind == BOOKS_PARENT || a->kind == BOOKS_STRAY;

	if (a->done && !wants_done)
		complain(a->id, "is in done/, a job that cannot succeed");
	if (a->done && a->runs > 0 && a->made != a->last)
		complain(a->id, "has the result of attempt %d, but the last was %d", a->made, a->last);
	if (strict && (a->done ? a->made : a->attempts) > needed(a->kind))
		complain(a->id, "was counted %d attempts", a->done ? a->made : a->attempts);
	if (a->done && a->runs == 0)
		complain(a->id, "has a result and never ran");
	if (cancels && a->failed && strcmp(a->reason, "cancelled") == 0)
		return;
	/* Nothing but all attempts lost may bring a job that would have succeeded here. */
	if (a->failed && wants_done && a->attempts < max_attempts)
		complain(a->id, "failed (%s) after %d attempts, a job that succeeds", a->reason, a->attempts);
	if (a->failed && a->kind == BOOKS_DOOMED && a->attempts != max_attempts)
		complain(a->id, "failed after %d attempts, not %d", a->attempts, max_attempts);
	if (a->failed && a->kind == MALFORMED && strcmp(a->reason, "malformed") != 0)
		complain(a->id, "failed as %s, not malformed", a->reason);
	if (a->runs > needed(a->kind) + extra || a->runs > max_attempts + (lax ? extra : 0))
		complain(a->id, "ran %d times", a->runs);
}

static void
count_family(const struct account *a)
{
	long parent = a->kind >= BOOKS_PARENT && a->kind <= BOOKS_BARREN ? a->number : a->number / BOOKS_FAMILY;
	struct family *f = &families[parent % FAMILIES];

	if (a->kind >= BOOKS_PARENT && a->kind <= BOOKS_BARREN) {
		f->done += a->done;
		f->failed += a->failed;
	} else if (parent > 0 && a->kind == BOOKS_OK)
		f->children[a->number % 4] += a->done + a->failed;
}

static void
check_families(void)
{
	char name[32];
	int i, n;

	for (i = 0; i < FAMILIES; i++)
		for (n = 1; n < 4; n++) {
			(void)snprintf(name, sizeof(name), "child %d of %d", n, i);
			if (families[i].children[n] != (families[i].done && n < 3))
				complain(name, "is %d times there, its parent is %s", families[i].children[n],
				    families[i].done ? "done" : families[i].failed ? "a dead letter" : "unknown");
		}
}

static void
check_account(const void *node, VISIT which, int depth)
{
	const struct account *a = *(struct account *const *)node;

	(void)depth;
	if (which != postorder && which != leaf)
		return;
	if (a->accepted && a->done + a->failed == 0)
		complain(a->id, "was promised and is lost");
	if (a->done + a->failed > 1)
		complain(a->id, "is %d times in done/, %d times in failed/", a->done, a->failed);
	if (a->done + a->failed == 1)
		check_end(a);
	count_family(a);
}

static int
check(void)
{
	read_accepted();
	read_ledger();
	each("done", look_done);
	each("failed", look_failed);
	each("new", look_elsewhere);
	each("later", look_elsewhere);
	each("cur", look_elsewhere);
	each("stat", look_litter);
	each("log", look_log);
	each("tmp", look_draft);
	twalk(accounts, check_account);
	check_families();
	return complaints != 0 ? 1 : drafts != 0 ? 3 : 0;
}

/* --- making */

static void
touch(const char *path, long hours_ago)
{
	const struct timespec t[2] = { { .tv_sec = time(NULL) - hours_ago * 3600 }, { .tv_sec = time(NULL) - hours_ago * 3600 } };

	if (utimensat(queue, path, t, AT_SYMLINK_NOFOLLOW) == -1)
		err(2, "%s", path);
}

static void
age_one(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	touch(path, 37);
}

static void
put(const char *path, const char *head, const char *text, size_t n)
{
	int fd = openat(queue, path, O_WRONLY | O_CREAT | O_EXCL, 0640);

	if (fd == -1 || dprintf(fd, "%s\n", head) < 0 || write(fd, text, n) != (ssize_t)n || close(fd) == -1)
		err(2, "%s", path);
}

static void
put_job(const char *path, enum books_kind kind, long number)
{
	static char payload[BOOKS_PAYLOAD_MAX];
	size_t n = books_payload(payload, kind, number);
	char head[128] = "";

	if (number % 3 != 0)
		(void)snprintf(head, sizeof(head), "Content-Type: text/x-books\nContent-Length: %zu\n", n);
	put(path, head, payload, n);
}

__attribute__((format(printf, 2, 3)))
static void
write_book(const char *name, const char *format, ...)
{
	FILE *f = open_book(name, "a");
	va_list ap;

	va_start(ap, format);
	if (f == NULL || vfprintf(f, format, ap) < 0 || fclose(f) == EOF)
		err(2, "%s", name);
	va_end(ap);
}

static void
make(long number, char *kinds[])
{
	enum books_kind kind;
	char path[64], *star;
	FILE *f = open_book("accepted", "a");
	long n;

	for (; *kinds != NULL; kinds++) {
		n = 1;
		if ((star = strchr(*kinds, '*')) != NULL) {
			*star = '\0';
			n = atol(star + 1);
		}
		if ((kind = books_kind(*kinds)) == BOOKS_KINDS)
			errx(2, "%s: no such kind", *kinds);
		for (; n-- > 0; number++) {
			(void)snprintf(path, sizeof(path), "new/job-%ld", number);
			put_job(path, kind, number);
			if (f == NULL || fprintf(f, "%s %s %ld\n", path + 4, *kinds, number) < 0)
				err(2, "accepted");
		}
	}
	if (f == NULL || fclose(f) == EOF)
		err(2, "accepted");
}

static void
put_result(const char *path, enum books_kind kind, long number)
{
	static char payload[BOOKS_PAYLOAD_MAX];
	char text[128];
	int n;

	n = snprintf(text, sizeof(text), "%s %ld %016llx\n", books_kind_name(kind), number,
	    (unsigned long long)books_sum(payload, books_payload(payload, kind, number)));
	put(path, "Attempt: 1\n", text, (size_t)n);
}

/* One that has made all its attempts. */
static void
put_spent(const char *name, int attempts, long number)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s,A=%d", name, attempts);
	put_job(path, BOOKS_DOOMED, number);
}

/* In the order of the table "After a crash". */
static void
wreck(void)
{
	put("tmp/draft", "Content-Length: 100\n", "half", 4);
	touch("tmp/draft", 37);
	put_job("cur/w-dead,A=1", BOOKS_OK, 1);
	put("tmp/w-dead,A=1", "Attempt: 1\n", "half", 4);
	put_job("cur/w-uncounted", BOOKS_OK, 2);
	put_spent("cur/w-poison", max_attempts, 3);
	put_result("done/w-published", BOOKS_OK, 4);
	put_job("cur/w-published,A=1", BOOKS_OK, 4);
	put_result("done/w-forgot", BOOKS_OK, 5);
	put_job("new/w-forgot", BOOKS_OK, 5);
	put_job("failed/w-buried,A=1,X=exit", BOOKS_NEVER, 6);
	put_job("cur/w-buried,A=1", BOOKS_NEVER, 6);
	put_job("failed/w-undead,A=1,X=exit", BOOKS_NEVER, 8);
	put_job("new/w-undead", BOOKS_NEVER, 8);
	put_job("later/w-due,A=1", BOOKS_AGAIN, 9);
	touch("later/w-due,A=1", 1);
	/* Not in the table, but what people and disks do. */
	put_job("new/w-again,A=2,X=exit", BOOKS_OK, 10);
	put_spent("new/w-spent", max_attempts, 11);
	put("new/w-torn", "Content-Length: 100\n", "half", 4);
	if (symlinkat("/etc/passwd", queue, "new/w-link") == -1)
		err(2, "new/w-link");
	put("stat/nobody.1", "Worker: nobody.1\n", "", 0);
	write_book("ledger", "ran w-published 1\nran w-forgot 1\nran w-buried 1\nran w-undead 1\nran w-due 1\n");
	write_book("accepted", "w-dead ok 1\nw-uncounted ok 2\nw-poison doomed 3\nw-published ok 4\nw-forgot ok 5\n"
	    "w-buried never 6\nw-undead never 8\nw-due again 9\nw-again ok 10\nw-spent doomed 11\n"
	    "w-torn malformed 0\nw-link malformed 0\n");
}

static _Noreturn void
usage(void)
{
	errx(2, "usage: books payload|make|wreck|age|check ...");
}

static void
payload(enum books_kind kind, long number)
{
	static char text[BOOKS_PAYLOAD_MAX];

	if (kind == BOOKS_KINDS)
		usage();
	(void)fwrite(text, 1, books_payload(text, kind, number), stdout);
}

static void
open_queue(const char *q)
{
	if ((queue = open(q, O_RDONLY | O_DIRECTORY)) == -1)
		err(2, "%s", q);
}

static void
open_both(const char *q, const char *b)
{
	open_queue(q);
	if ((book = open(b, O_RDONLY | O_DIRECTORY)) == -1)
		err(2, "%s", b);
}

static void
make_both(const char *q, const char *b)
{
	static const char *const dirs[] = { "tmp", "later", "cur", "done", "failed", "log", "keys", "stat", "new" };
	char head[128];
	size_t i;

	if ((mkdir(b, 0700) == -1 && errno != EEXIST) || (mkdir(q, 0700) == -1 && errno != EEXIST))
		err(2, "%s", q);
	open_both(q, b);
	if (mkdirat(book, "lock", 0700) == -1 && errno != EEXIST)
		err(2, "%s/lock", b);
	if (faccessat(queue, "new", F_OK, 0) == 0)
		return;
	(void)snprintf(head, sizeof(head), "reserve-bytes 0\nreserve-inodes 0\nbackoff 0s\nmax-attempts %d", max_attempts);
	put("queue.conf", head, "", 0);
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (mkdirat(queue, dirs[i], 0700) == -1)
			err(2, "%s/%s", q, dirs[i]);
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	int c;

	optind = 2;
	while ((c = getopt(argc, argv, "+clsa:x:")) != -1)
		if (c == 'c')
			cancels = 1;
		else if (c == 'l')
			lax = 1;
		else if (c == 's')
			strict = 1;
		else if (c == 'a')
			max_attempts = atoi(optarg);
		else if (c == 'x')
			extra = atoi(optarg);
		else
			usage();
	argc -= optind;
	argv += optind;
	if (strcmp(verb, "payload") == 0 && argc == 2)
		payload(books_kind(argv[0]), atol(argv[1]));
	else if (strcmp(verb, "age") == 0 && argc == 1) {
		open_queue(argv[0]);
		each("tmp", age_one);
	} else if (strcmp(verb, "make") == 0 && argc > 2) {
		make_both(argv[0], argv[1]);
		make(atol(argv[2]), argv + 3);
	} else if (strcmp(verb, "wreck") == 0 && argc == 2) {
		make_both(argv[0], argv[1]);
		wreck();
	} else if (strcmp(verb, "check") == 0 && argc == 2) {
		open_both(argv[0], argv[1]);
		return check();
	} else
		usage();
	return 0;
}
