/*
 * units_when: a point in time as a person or a program writes it.
 */
#ifndef WQW_UNITS_WHEN_H
#define WQW_UNITS_WHEN_H

#include <stdint.h>

/*
 * RFC 3339, of which the seconds may be left out: "2026-12-01T08:00Z" "2026-12-01T09:00:00.5+01:00". Microseconds since
 * 1970. -1: EINVAL where it does not parse, or there is no such day or hour.
 */
int units_when(const char *text, int64_t *us);

#endif
