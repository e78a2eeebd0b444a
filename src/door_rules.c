#include "door_rules.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "units.h"

enum { SECOND = 1000000, CONNECTIONS_MAX = 1 << 20 };

static const int64_t time_min = SECOND / 10, time_max = (int64_t)86400 * SECOND, rate_max = (int64_t)1 << 30;

static const struct rule {
	const char *name;
	size_t at;
	enum { COUNT, DURATION, SIZE } kind;
	int64_t least;
	const char *wanted;
} rules[] = {
	{ "max-connections", offsetof(struct door_rules, connections), COUNT, 1, "a number from 1 to 1048576" },
	{ "max-per-client", offsetof(struct door_rules, per_client), COUNT, 0, "a number from 1 to 1048576, or 0 for no limit" },
	{ "max-in-flight", offsetof(struct door_rules, in_flight), COUNT, 1, "a number from 1 to 1048576" },
	{ "header-time", offsetof(struct door_rules, head_time), DURATION, 0, "a time from 100ms to 1d, as 20s or 1m" },
	{ "idle-time", offsetof(struct door_rules, idle_time), DURATION, 0, "a time from 100ms to 1d, as 20s or 1m" },
	{ "rate-time", offsetof(struct door_rules, rate_time), DURATION, 0, "a time from 100ms to 1d, as 20s or 1m" },
	{ "min-rate", offsetof(struct door_rules, rate), SIZE, 0, "bytes a second, at most 1G, as 500 or 4K, or 0 for no limit" }
};

void
door_rules_default(struct door_rules *r)
{
	*r = (struct door_rules){ .connections = 4096, .per_client = 64, .head_time = 20 * SECOND, .idle_time = 30 * SECOND,
	    .rate_time = 20 * SECOND, .rate = 1024 };
}

static int
parse(const struct rule *rule, const char *value, int64_t *n)
{
	int64_t least = 0, most = rate_max;

	if (rule->kind == COUNT)
		return units_number(value, rule->least, CONNECTIONS_MAX, n);
	if (rule->kind == DURATION) {
		least = time_min;
		most = time_max;
	}
	if ((rule->kind == DURATION ? units_duration : units_size)(value, n) == -1)
		return -1;
	if (*n < least || *n > most) {
		errno = ERANGE;
		return -1;
	}
	return 0;
}

int
door_rules_set(struct door_rules *r, const char *name, const char *value, const char **wanted)
{
	const struct rule *rule;
	int64_t n;

	for (rule = rules; rule < rules + sizeof(rules) / sizeof(*rules); rule++)
		if (strcmp(rule->name, name) == 0) {
			*wanted = rule->wanted;
			if (parse(rule, value, &n) == -1)
				return -1;
			memcpy((char *)r + rule->at, &n, sizeof(n));
			return 0;
		}
	errno = ENOENT;
	return -1;
}
