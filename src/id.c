#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>
#include <sha2.h>

#include "id.h"
#include "io.h"

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LETTERS UPPER "abcdefghijklmnopqrstuvwxyz"

/* No i, l, o and u: an ID is sometimes read out, and no four of them make a word. */
static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { ATTRIBUTE_MAX = 16, RANDOM_BYTES = 10, RANDOM_CHARS = 16, STEM_CLOCK = 22 };

static const char *const reasons[ID_REASONS] = {
	[ID_NONE] = "", [ID_EXIT] = "exit", [ID_SIGNAL] = "signal", [ID_TIMEOUT] = "timeout", [ID_LOST] = "lost",
	[ID_CANCELLED] = "cancelled", [ID_EXPIRED] = "expired", [ID_LIMIT] = "limit", [ID_MALFORMED] = "malformed"
};

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* Bytes of a stem at the start of text; 0 where there is none. */
static size_t
span_word(const char *text)
{
	size_t n;

	if (strspn(text, LETTERS DIGITS "_") == 0)
		return 0;
	n = strspn(text, LETTERS DIGITS "._-");
	return n <= ID_WORD_MAX ? n : 0;
}

static void
encode(char out[RANDOM_CHARS + 1], const unsigned char bytes[RANDOM_BYTES])
{
	unsigned bits = 0, have = 0;
	size_t i, n = 0;

	for (i = 0; i < RANDOM_BYTES; i++) {
		bits = (bits << 8) | bytes[i];
		have += 8;
		for (; have >= 5; have -= 5)
			out[n++] = base32[(bits >> (have - 5)) & 31];
	}
	out[n] = '\0';
}

/* "20261123T175305.123456" */
static int
stem_clock(char text[STEM_CLOCK + 1], int64_t time)
{
	char day[16];
	time_t t = (time_t)(time / 1000000);
	struct tm tm;

	/* A stem has room for four digits of the year. */
	if (time < 0 || gmtime_r(&t, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		errno = EOVERFLOW;
		return -1;
	}
	strftime(day, sizeof(day), "%Y%m%dT%H%M%S", &tm);
	snprintf(text, STEM_CLOCK + 1, "%s.%06d", day, (int)(time % 1000000));
	return 0;
}

static int
make(char id[ID_MAX + 1], int64_t time, const unsigned char bytes[RANDOM_BYTES], int priority, const char *group)
{
	char clock[STEM_CLOCK + 1], random[RANDOM_CHARS + 1], p[8] = "";

	if (priority < 0 || priority > 9 || (group != NULL && !id_valid_word(group)))
		return invalid();
	if (stem_clock(clock, time) == -1)
		return -1;
	encode(random, bytes);
	if (priority != ID_PRIORITY_DEFAULT)
		snprintf(p, sizeof(p), ",P=%d", priority % 10);
	snprintf(id, ID_MAX + 1, "%s-%s%s%s%s", clock, random, p,
	    group != NULL ? ",G=" : "", group != NULL ? group : "");
	return 0;
}

int
id_new(char id[ID_MAX + 1], int priority, const char *group)
{
	unsigned char bytes[RANDOM_BYTES];

	/* Not arc4random(3), which makes itself ready for many numbers: most programs want one. */
	if (getentropy(bytes, sizeof(bytes)) == -1)
		return -1;
	return make(id, io_now(), bytes, priority, group);
}

int
id_derive(char id[ID_MAX + 1], const char *parent, const char *what, int64_t later, int priority, const char *group)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct id_name name;
	SHA2_CTX ctx;

	if (id_parse(parent, &name) == -1)
		return -1;
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)name.id, strlen(name.id));
	SHA256Update(&ctx, (const uint8_t *)"/", 1);
	SHA256Update(&ctx, (const uint8_t *)what, strlen(what));
	SHA256Final(digest, &ctx);
	return make(id, name.time == -1 ? io_now() : name.time + later, digest, priority, group);
}

int
id_set_time(char id[ID_MAX + 1], int64_t time)
{
	char clock[STEM_CLOCK + 1];

	if (strlen(id) < STEM_CLOCK || stem_clock(clock, time) == -1)
		return -1;
	memcpy(id, clock, STEM_CLOCK);
	return 0;
}

static int
number(const char *digits, size_t n)
{
	int value = 0;

	for (; n > 0; n--)
		value = value * 10 + *digits++ - '0';
	return value;
}

int
id_rank(const char *id)
{
	const char *random = id + STEM_CLOCK + 1;
	const char *high = strchr(base32, random[0]), *low = strchr(base32, random[1]);

	return (int)(high - base32) * 32 + (int)(low - base32);
}

/* Submission time of a stem that id_new could have made, else -1. */
static int64_t
stem_time(const char *stem, size_t len)
{
	static const char shape[] = "dddddddd" "Tdddddd" ".dddddd-";
	struct tm tm = { 0 }, same;
	time_t t;
	size_t i;

	if (len != sizeof(shape) - 1 + RANDOM_CHARS || strspn(stem + sizeof(shape) - 1, base32) < RANDOM_CHARS)
		return -1;
	for (i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? stem[i] < '0' || stem[i] > '9' : stem[i] != shape[i])
			return -1;
	tm.tm_year = number(stem, 4) - 1900;
	tm.tm_mon = number(stem + 4, 2) - 1;
	tm.tm_mday = number(stem + 6, 2);
	tm.tm_hour = number(stem + 9, 2);
	tm.tm_min = number(stem + 11, 2);
	tm.tm_sec = number(stem + 13, 2);
	same = tm;
	/* timegm takes the 31st of June for the 1st of July. */
	t = timegm(&same);
	if (t < 0 || same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour ||
	    same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
		return -1;
	return (int64_t)t * 1000000 + number(stem + 16, 6);
}

struct attribute {
	const char *name, *value;  /* name begins after the comma */
	size_t name_len, value_len, len;  /* len: of the whole, with the comma */
};

static int
attribute_parse(const char *text, struct attribute *a)
{
	if (text[0] != ',' || strspn(text + 1, UPPER) == 0)
		return invalid();
	a->name = text + 1;
	a->name_len = strspn(a->name, LETTERS DIGITS);
	if (a->name_len > ATTRIBUTE_MAX || a->name[a->name_len] != '=')
		return invalid();
	a->value = a->name + a->name_len + 1;
	a->value_len = strspn(a->value, LETTERS DIGITS "._-");
	if (a->value_len == 0 || a->value_len > ID_WORD_MAX)
		return invalid();
	a->len = (size_t)(a->value + a->value_len - text);
	return 0;
}

/* 1 where an attribute with the name of `a` comes again after it. */
static int
attribute_again(const struct attribute *a)
{
	const char *p = a->value;

	while ((p = strchr(p, ',')) != NULL) {
		p++;
		if (strncmp(p, a->name, a->name_len + 1) == 0)
			return 1;
	}
	return 0;
}

static int
attempts_parse(const char *value, size_t len)
{
	int n;

	if (len > 2 || strspn(value, DIGITS) < len || value[0] == '0')
		return -1;
	n = number(value, len);
	return n <= ID_ATTEMPTS_MAX ? n : -1;
}

/* Takes what an attribute says; 1 where it is part of the ID, 0 where it is the state's, -1 where it is wrong. */
static int
attribute_take(const struct attribute *a, struct id_name *out)
{
	char value[ID_WORD_MAX + 1];

	memcpy(value, a->value, a->value_len);
	value[a->value_len] = '\0';
	if (a->name_len != 1)
		return 1;
	switch (a->name[0]) {
	case 'A':
		out->attempts = attempts_parse(value, a->value_len);
		return out->attempts == -1 ? -1 : 0;
	case 'X':
		out->reason = id_reason_parse(value);
		return out->reason == ID_NONE ? -1 : 0;
	case 'P':
		if (a->value_len != 1 || strspn(value, DIGITS) != 1)
			return -1;
		out->priority = number(value, 1);
		return 1;
	case 'G':
		strlcpy(out->group, value, sizeof(out->group));
		return id_valid_word(value) ? 1 : -1;
	}
	return 1;
}

int
id_parse(const char *name, struct id_name *out)
{
	struct id_name n = { .priority = ID_PRIORITY_DEFAULT, .reason = ID_NONE };
	struct attribute a;
	size_t len = span_word(name);

	if (len == 0 || strnlen(name, ID_NAME_MAX + 1) > ID_NAME_MAX)
		return invalid();
	memcpy(n.id, name, len);
	n.time = stem_time(name, len);
	for (name += len; *name != '\0'; name += a.len) {
		int kept;

		if (attribute_parse(name, &a) == -1 || attribute_again(&a) || (kept = attribute_take(&a, &n)) == -1)
			return invalid();
		if (!kept)
			continue;
		if (len + a.len > ID_MAX)
			return invalid();
		memcpy(n.id + len, name, a.len);
		len += a.len;
	}
	*out = n;
	return 0;
}

char *
id_file(char name[ID_NAME_MAX + 1], const char *id, int attempts, enum id_reason reason)
{
	char a[16] = "";

	if (attempts > 0)
		snprintf(a, sizeof(a), ",A=%d", attempts);
	snprintf(name, ID_NAME_MAX + 1, "%s%s%s%s", id, a, reason != ID_NONE ? ",X=" : "", id_reason_name(reason));
	return name;
}

int
id_valid(const char *id)
{
	struct id_name n;

	return id_parse(id, &n) == 0 && n.attempts == 0 && n.reason == ID_NONE;
}

int
id_valid_word(const char *word)
{
	size_t n = span_word(word);

	return n > 0 && word[n] == '\0';
}

int
id_is_route(const char *word)
{
	static const char *const routes[] = { "metrics", "healthz", "openapi.json", "wqw.css", "wqw.js", "wqw.svg" };
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(word, routes[i]) == 0)
			return 1;
	return 0;
}

const char *
id_reason_name(enum id_reason reason)
{
	return (unsigned)reason < ID_REASONS ? reasons[reason] : "";
}

enum id_reason
id_reason_parse(const char *name)
{
	unsigned i;

	for (i = ID_NONE + 1; i < ID_REASONS; i++)
		if (strcmp(name, reasons[i]) == 0)
			return (enum id_reason)i;
	return ID_NONE;
}
