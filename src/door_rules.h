/*
 * door_rules: the limits of the listener as its options give them.
 */
#ifndef WQW_DOOR_RULES_H
#define WQW_DOOR_RULES_H

#include <stdint.h>

struct door_rules {
	int64_t connections;   /* at once */
	int64_t per_client;    /* of these; 0: all */
	int64_t in_flight;     /* requests whose body is on its way; 0: half as many as connections */
	int64_t head_time;     /* microseconds from the connection, or the first byte of a later request, to the end of its head */
	int64_t idle_time;     /* microseconds between two requests */
	int64_t rate_time;     /* microseconds; in each span of so many ... */
	int64_t rate;          /* ... a body or a reply must advance by so many bytes a second; 0: by any */
};

void door_rules_default(struct door_rules *r);

/*
 * Sets the limit that the long option `name` is for. -1 with errno EINVAL or ERANGE: `value` is none, and *wanted says what
 * would be; ENOENT: there is no such option.
 */
int door_rules_set(struct door_rules *r, const char *name, const char *value, const char **wanted);

#endif
