#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "id.h"
#include "policy.h"
#include "policy_lines.h"
#include "units.h"

#define TOKEN "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum kind { NUMBER, DURATION, SIZE, YESNO, KEY_SCOPE, ON_FAILURE, RATE, RIGHTS, TEXT, TYPE, QUEUE, TYPES, NAMES, USERS,
	ORIGINS };

struct setting {
	const char *name;
	enum kind kind;
	size_t at;         /* of the member in struct policy */
	int64_t min, max;  /* of a text: its size with the NUL is max */
};

/* What stands for 0 and for 1. */
static const char *const choices[][2] = {
	[YESNO] = { "no", "yes" },
	[KEY_SCOPE] = { "record", "active" },
	[ON_FAILURE] = { "go-on", "hold" }
};

#define AT(member) offsetof(struct policy, member)

static const struct setting settings[] = {
	{ "max-attempts", NUMBER, AT(max_attempts), 1, ID_ATTEMPTS_MAX },
	{ "backoff", DURATION, AT(backoff), 0, INT64_MAX },
	{ "backoff-max", DURATION, AT(backoff_max), 0, INT64_MAX },
	{ "timeout", DURATION, AT(timeout), 1, INT64_MAX },
	{ "kill-after", DURATION, AT(kill_after), 0, INT64_MAX },
	{ "max-size", SIZE, AT(max_size), 1, INT64_MAX },
	{ "max-result", SIZE, AT(max_result), 1, INT64_MAX },
	{ "max-log", SIZE, AT(max_log), 1, INT64_MAX },
	{ "reserve-bytes", SIZE, AT(reserve_bytes), 0, INT64_MAX },
	{ "reserve-inodes", NUMBER, AT(reserve_inodes), 0, INT64_MAX },
	{ "max-backlog", NUMBER, AT(max_backlog), 1, INT64_MAX },
	{ "aging", DURATION, AT(aging), 0, INT64_MAX },
	{ "delay", DURATION, AT(delay), 0, INT64_MAX },
	{ "expires", DURATION, AT(expires), 1, INT64_MAX },
	{ "priority", NUMBER, AT(priority), 0, 9 },
	{ "key-scope", KEY_SCOPE, AT(key_scope), POLICY_KEY_RECORD, POLICY_KEY_ACTIVE },
	{ "sync-claims", YESNO, AT(sync_claims), 0, 1 },
	{ "keep-done", DURATION, AT(keep_done), 1, INT64_MAX },
	{ "keep-failed", DURATION, AT(keep_failed), 1, INT64_MAX },
	{ "keep-log", DURATION, AT(keep_log), 1, INT64_MAX },
	{ "keep-keys", DURATION, AT(keep_keys), 1, INT64_MAX },
	{ "group-limit", NUMBER, AT(group_limit), 1, POLICY_GROUP_LIMIT_MAX },
	{ "group-failure", ON_FAILURE, AT(group_failure), 0, 1 },
	{ "max-running", NUMBER, AT(max_running), 1, POLICY_RUNNING_MAX },
	{ "rate", RATE, AT(rate), 1, POLICY_RATE_MAX },
	{ "max-memory", SIZE, AT(max_memory), 1 << 20, INT64_MAX },
	{ "max-cpu", DURATION, AT(max_cpu), 1, INT64_MAX },
	{ "max-files", NUMBER, AT(max_files), 8, 1 << 20 },
	{ "max-processes", NUMBER, AT(max_processes), 1, 1 << 22 },
	{ "accept-types", TYPES, AT(accept_types), 0, POLICY_LIST_MAX },
	{ "require-header", NAMES, AT(require_header), 0, POLICY_LIST_MAX },
	{ "json", YESNO, AT(json), 0, 1 },
	{ "check", TEXT, AT(check), 0, POLICY_HANDLER_MAX },
	{ "redirect", YESNO, AT(redirect), 0, 1 },
	{ "show-log", YESNO, AT(show_log), 0, 1 },
	{ "require-key", YESNO, AT(require_key), 0, 1 },
	{ "public", RIGHTS, AT(open), 0, 0 },
	{ "operators", USERS, AT(operators), 0, POLICY_LIST_MAX },
	{ "cors-origins", ORIGINS, AT(cors_origins), 0, POLICY_LIST_MAX },
	{ "alert-age", DURATION, AT(alert_age), 1, INT64_MAX },
	{ "handler", TEXT, AT(handler), 0, POLICY_HANDLER_MAX },
	{ "result-type", TYPE, AT(result_type), 0, POLICY_TYPE_MAX },
	{ "next", QUEUE, AT(next), 0, POLICY_QUEUE_MAX },
	{ "events", QUEUE, AT(events), 0, POLICY_QUEUE_MAX }
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

struct reader {
	struct policy p;
	size_t seen[SETTINGS];  /* the line that gave it; 0: none yet */
	struct policy_lines lines;
};

void
policy_defaults(struct policy *p)
{
	static const int64_t s = 1000000;

	*p = (struct policy){
		.max_attempts = 5,
		.backoff = 10 * s, .backoff_max = 3600 * s,
		.timeout = 3600 * s, .kill_after = 10 * s,
		.max_size = INT64_C(1) << 30, .max_result = INT64_C(1) << 30, .max_log = INT64_C(16) << 20,
		.reserve_bytes = INT64_C(64) << 20, .reserve_inodes = 1000,
		.aging = 600 * s,
		.priority = ID_PRIORITY_DEFAULT,
		.group_limit = 1,
		.open = POLICY_SUBMIT | POLICY_READ, .operators = "*",
		.result_type = "application/octet-stream"
	};
}

/* What is left of text after its "; name=value" parameters. */
static const char *
skip_parameters(const char *text)
{
	for (;;) {
		const char *p = text + strspn(text, POLICY_BLANKS);
		size_t n;

		if (*p != ';')
			return text;
		p += 1 + strspn(p + 1, POLICY_BLANKS);
		if ((n = strspn(p, TOKEN)) == 0 || p[n] != '=')
			return text;
		p += n + 1;
		if (*p == '"') {
			for (p++; *p != '"' && *p != '\0'; p++)
				if (*p == '\\' && p[1] != '\0')
					p++;
			if (*p++ != '"')
				return text;
		} else if ((n = strspn(p, TOKEN)) == 0)
			return text;
		else
			p += n;
		text = p;
	}
}

static int
is_type(const char *text)
{
	size_t n = strspn(text, TOKEN), m;

	if (n == 0 || text[n] != '/' || (m = strspn(text + n + 1, TOKEN)) == 0)
		return 0;
	return *skip_parameters(text + n + 1 + m) == '\0';
}

/* As a browser says it: in lower case, without a path, and without a port that goes without saying. "*": any. */
static int
is_origin(const char *word)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
	int secure = strncmp(word, "https://", 8) == 0;
	const char *host = word + (secure ? 8 : 7), *port;

	if (strcmp(word, "*") == 0)
		return 1;
	if ((!secure && strncmp(word, "http://", 7) != 0) || *host == '\0' || host[strspn(host, allowed)] != '\0')
		return 0;
	port = strrchr(host, ':');
	return port == NULL || strcmp(port, secure ? ":443" : ":80") != 0;
}

/* NULL where a word may be in such a list, else what it is not. */
static const char *
check_word(enum kind kind, const char *word)
{
	switch (kind) {
	case TYPES:
		return is_type(word) && strchr(word, ';') == NULL ? NULL : "a media type such as text/plain or image/*";
	case NAMES:
		return word[strspn(word, TOKEN)] == '\0' ? NULL : "the name of a header field";
	case ORIGINS:
		return is_origin(word) ? NULL : "an origin such as https://www.example.com, or *";
	default:
		return NULL;
	}
}

/* Words between blanks or commas. */
static int
set_list(struct reader *r, const struct setting *s, const char *value)
{
	char word[POLICY_LIST_MAX];
	const char *what;
	size_t n;

	for (value += strspn(value, POLICY_LIST); *value != '\0'; value += n + strspn(value + n, POLICY_LIST)) {
		n = strcspn(value, POLICY_LIST);
		(void)snprintf(word, sizeof(word), "%.*s", (int)n, value);
		if ((what = check_word(s->kind, word)) != NULL)
			return policy_wrong(&r->lines, "%s: \"%.64s\" is not %s", s->name, word, what);
	}
	return 0;
}

static int
set_text(struct reader *r, const struct setting *s, const char *value)
{
	if (strlen(value) >= (size_t)s->max)
		return policy_wrong(&r->lines, "%s is longer than %" PRId64 " bytes", s->name, s->max - 1);
	if (s->kind == TYPE && !is_type(value))
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not a media type such as text/plain; charset=utf-8", s->name, value);
	if (s->kind == QUEUE && value[0] != '/' && !id_valid_word(value))
		return policy_wrong(&r->lines, "%s: \"%.64s\" is neither the name of a queue nor an absolute path to one", s->name, value);
	if (s->kind >= TYPES && set_list(r, s, value) == -1)
		return -1;
	strlcpy((char *)&r->p + s->at, value, (size_t)s->max);
	return 0;
}

static int
no_number(struct reader *r, const struct setting *s, const char *value)
{
	if (s->kind == DURATION && errno == ERANGE)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is more than 100 years", s->name, value);
	if (s->kind == DURATION)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not a duration such as 500ms, 10s, 5m, 2h or 7d", s->name, value);
	if (s->kind == SIZE && errno == ERANGE)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is too large", s->name, value);
	if (s->kind == SIZE)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not a size such as 64K, 10M or 1G", s->name, value);
	if (s->kind == YESNO || s->kind == KEY_SCOPE || s->kind == ON_FAILURE)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not %s or %s", s->name, value, choices[s->kind][1], choices[s->kind][0]);
	if (s->max == INT64_MAX)
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not a number of at least %" PRId64, s->name, value, s->min);
	return policy_wrong(&r->lines, "%s: \"%.64s\" is not a number from %" PRId64 " to %" PRId64, s->name, value, s->min, s->max);
}

/* 1 or 0. */
static int
parse_choice(const char *value, const struct setting *s, int64_t *n)
{
	*n = strcmp(value, choices[s->kind][1]) == 0;
	return *n || strcmp(value, choices[s->kind][0]) == 0 ? 0 : -1;
}

static int
set_number(struct reader *r, const struct setting *s, const char *value)
{
	int64_t n = 0;
	int bad;

	errno = 0;
	switch (s->kind) {
	case DURATION:
		bad = units_duration(value, &n);
		break;
	case SIZE:
		bad = units_size(value, &n);
		break;
	case YESNO:
	case KEY_SCOPE:
	case ON_FAILURE:
		bad = parse_choice(value, s, &n);
		break;
	default:
		bad = units_number(value, s->min, s->max, &n);
	}
	if (bad)
		return no_number(r, s, value);
	if (n < s->min && s->min > 1)
		return policy_wrong(&r->lines, "%s: \"%.64s\" must be at least %" PRId64 " bytes", s->name, value, s->min);
	if (n < s->min)
		return policy_wrong(&r->lines, "%s: \"%.64s\" must be more than 0", s->name, value);
	memcpy((char *)&r->p + s->at, &n, sizeof(n));
	return 0;
}

/* "10": starts a second. "10/1m": in a minute. */
static int
set_rate(struct reader *r, const struct setting *s, const char *value)
{
	size_t digits = strcspn(value, "/");
	char number[32];
	int64_t n, span = 1000000;

	if (digits < sizeof(number)) {
		memcpy(number, value, digits);
		number[digits] = '\0';
		if (units_number(number, s->min, s->max, &n) == 0 &&
		    (value[digits] == '\0' || (units_duration(value + digits + 1, &span) == 0 && span > 0))) {
			r->p.rate = n;
			r->p.rate_span = span;
			return 0;
		}
	}
	return policy_wrong(&r->lines, "%s: \"%.64s\" is not a number from %" PRId64 " to %" PRId64 ", alone or in a time as in 10/1m", s->name,
	    value, s->min, s->max);
}

/* "submit read", "read", "none". */
static int
set_rights(struct reader *r, const struct setting *s, const char *value)
{
	unsigned rights = 0;

	if (strcmp(value, "none") != 0 &&
	    (policy_rights(value, POLICY_LIST, &rights) == -1 || (rights & POLICY_OPERATE) != 0))
		return policy_wrong(&r->lines, "%s: \"%.64s\" is not submit, read, both or none", s->name, value);
	r->p.open = rights;
	return 0;
}

static int
set_value(struct reader *r, const struct setting *s, const char *value)
{
	if (s->kind == RATE)
		return set_rate(r, s, value);
	if (s->kind == RIGHTS)
		return set_rights(r, s, value);
	return s->kind >= TEXT ? set_text(r, s, value) : set_number(r, s, value);
}

static int
take_line(void *arg, char *name)
{
	struct reader *r = arg;
	char *value = policy_cut(name);
	size_t i;

	for (i = 0; i < SETTINGS && strcmp(settings[i].name, name) != 0; i++)
		;
	if (i == SETTINGS)
		return policy_wrong(&r->lines, "unknown name \"%.64s\"", name);
	if (r->seen[i] != 0)
		return policy_wrong(&r->lines, "%s given twice (first on line %zu)", name, r->seen[i]);
	r->seen[i] = r->lines.line;
	if (*value == '\0')
		return policy_wrong(&r->lines, "%s has no value", name);
	return set_value(r, &settings[i], value);
}

int
policy_read(FILE *f, struct policy *p, char *why, size_t size)
{
	struct reader r = { .p = *p, .lines = { .each = take_line, .arg = &r, .why = why, .size = size } };

	if (policy_lines(&r.lines, f) == -1)
		return -1;
	*p = r.p;
	return 0;
}

int64_t
policy_delay(const struct policy *p, int attempts)
{
	int64_t whole = p->backoff, span, grain;

	for (; attempts > 1 && whole > 0 && whole < p->backoff_max; attempts--)
		whole = whole > p->backoff_max / 2 ? p->backoff_max : whole * 2;
	if (whole > p->backoff_max)
		whole = p->backoff_max;
	/* arc4random_uniform(3) has 32 bits: a long span is cut into grains of more than a microsecond. */
	span = whole - whole / 2;
	grain = span / UINT32_MAX + 1;
	return whole / 2 + grain * (int64_t)arc4random_uniform((uint32_t)(span / grain + 1));
}

int
policy_rights(const char *text, const char *between, unsigned *rights)
{
	static const char *const names[] = { "submit", "read", "operate" };
	size_t i, n;

	*rights = 0;
	for (text += strspn(text, between); *text != '\0'; text += n + strspn(text + n, between)) {
		n = strcspn(text, between);
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i]) == n && memcmp(names[i], text, n) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return -1;
		*rights |= 1U << i;
	}
	return *rights != 0 ? 0 : -1;
}

int
policy_listed(const char *list, const char *word)
{
	size_t n;

	for (list += strspn(list, POLICY_LIST); *list != '\0'; list += n + strspn(list + n, POLICY_LIST)) {
		n = strcspn(list, POLICY_LIST);
		if (strlen(word) == n && memcmp(list, word, n) == 0)
			return 1;
	}
	return 0;
}
