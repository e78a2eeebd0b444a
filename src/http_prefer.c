#include "http_prefer.h"

#include <string.h>
#include <strings.h>

#define BLANK " \t"

/* What is between quotes, to buf unless that is NULL. Returns what follows them; NULL: no end, no room, or a wrong byte. */
static const char *
take_quoted(const char *p, char *buf, size_t size)
{
	size_t used = 0;

	for (p++; *p != '"'; p++) {
		if (*p == '\\' && *++p != '"' && *p != '\\')
			return NULL;
		if (*p < ' ' || *p > '~' || (buf != NULL && used + 1 >= size))
			return NULL;
		if (buf != NULL)
			buf[used++] = *p;
	}
	if (buf != NULL)
		buf[used] = '\0';
	return p + 1;
}

/* The same for a word, which ends before one of `ends` or a blank. */
static const char *
take_word(const char *p, const char *ends, char *buf, size_t size)
{
	size_t used = 0;

	for (; *p > ' ' && *p <= '~' && strchr(ends, *p) == NULL; p++) {
		if (used + 1 >= size)
			return NULL;
		buf[used++] = *p;
	}
	buf[used] = '\0';
	return p;
}

int
http_string(const char *value, char *buf, size_t size)
{
	const char *p = value + strspn(value, " ");

	p = *p == '"' ? take_quoted(p, buf, size) : take_word(p, "\",;", buf, size);
	if (p == NULL)
		return -1;
	p += strspn(p, " ");
	return *p == '\0' || *p == ';' ? 0 : -1;
}

/* Behind the next comma that is not in quotes. */
static const char *
skip_preference(const char *p)
{
	while (*p != '\0' && *p != ',') {
		if (*p != '"')
			p++;
		else if ((p = take_quoted(p, NULL, 0)) == NULL)
			return "";
	}
	return *p == ',' ? p + 1 : p;
}

int
http_preference(const char *prefer, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);
	const char *p;

	for (; *prefer != '\0'; prefer = skip_preference(prefer)) {
		prefer += strspn(prefer, BLANK);
		if (strncasecmp(prefer, name, n) != 0 || strchr(BLANK "=;,", prefer[n]) == NULL)
			continue;
		p = prefer + n + strspn(prefer + n, BLANK);
		value[0] = '\0';
		if (*p != '=')
			return 1;
		p += 1 + strspn(p + 1, BLANK);
		return (*p == '"' ? take_quoted(p, value, size) : take_word(p, "\",;", value, size)) != NULL;
	}
	return 0;
}
