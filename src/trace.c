#include "trace.h"

#include <string.h>
#include <strings.h>

#define LOWER_HEX "0123456789abcdef"
#define TOKEN LOWER_HEX "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~"

enum { VALUE_MAX = 512 };

/* n lower-case hex digits that are not all `not`. */
static int
hex_word(const char *s, size_t n, char not)
{
	const char all[2] = { not, '\0' };

	return strspn(s, LOWER_HEX) >= n && strspn(s, all) < n;
}

int
trace_valid_parent(const char *v)
{
	size_t n = strlen(v);

	if (n > 511 || n < 55 || !hex_word(v, 2, 'f') || v[2] != '-' || !hex_word(v + 3, 32, '0') ||
	    v[35] != '-' || !hex_word(v + 36, 16, '0') || v[52] != '-' || strspn(v + 53, LOWER_HEX) < 2)
		return 0;
	/* Later versions may add fields. */
	return v[55] == '\0' || (strncmp(v, "00", 2) != 0 && v[55] == '-' && v[strspn(v, TOKEN)] == '\0');
}

int
trace_valid_state(const char *v)
{
	if (strlen(v) > 512 || strchr(v, '=') == NULL)
		return 0;
	for (; *v != '\0'; v++)
		if ((unsigned char)*v < ' ' || (unsigned char)*v > 126)
			return 0;
	return 1;
}

int
trace_field(const char *name, const char *value, const char **why)
{
	char bare[VALUE_MAX + 1] = "";
	size_t n;

	value += strspn(value, " \t");
	for (n = strlen(value); n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
		;
	if (n > VALUE_MAX)
		n = 0;
	memcpy(bare, value, n);
	bare[n] = '\0';
	if (strcasecmp(name, "Traceparent") == 0 && !trace_valid_parent(bare)) {
		*why = "a Traceparent is 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, in lower case and not all zeros";
		return 0;
	}
	if (strcasecmp(name, "Tracestate") == 0 && !trace_valid_state(bare)) {
		*why = "a Tracestate is a list of key=value, at most 512 printable characters";
		return 0;
	}
	return 1;
}
