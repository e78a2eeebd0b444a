/*
 * units: the durations, sizes and numbers that a person writes. All return -1 with errno EINVAL (does not parse, is
 * negative or empty) or ERANGE (too large).
 */
#ifndef WQW_UNITS_H
#define WQW_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "500ms" "10s" "5m" "2h" "7d"; a bare number is seconds. Microseconds; at most 100 years. */
int units_duration(const char *text, int64_t *us);

/* "64K" "10M" "1G" "2T" (powers of 1024); a bare number is bytes. */
int units_size(const char *text, int64_t *bytes);

/* Decimal digits only; ERANGE outside [min, max]. */
int units_number(const char *text, int64_t min, int64_t max, int64_t *n);

/* RFC 3339 in UTC to the second: "2026-11-23T17:53:05Z". buf holds at least UNITS_TIME_MAX bytes; returns buf. */
enum { UNITS_TIME_MAX = 32 };
char *units_time(char *buf, int64_t us);

/* A duration for people: "0s" "42s" "3m07s" "2h05m" "6d03h". buf holds at least UNITS_AGE_MAX bytes; returns buf. */
enum { UNITS_AGE_MAX = 24 };
char *units_age(char *buf, int64_t us);

#endif
