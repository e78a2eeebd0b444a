#include "policy_lines.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/libutil.h>

enum { FILE_MAX = 65536 };

int
policy_wrong(struct policy_lines *l, const char *format, ...)
{
	va_list ap;
	int n = snprintf(l->why, l->size, "%zu: ", l->line);

	va_start(ap, format);
	if (n >= 0 && (size_t)n < l->size)
		vsnprintf(l->why + n, l->size - (size_t)n, format, ap);
	va_end(ap);
	errno = EINVAL;
	return -1;
}

char *
policy_cut(char *line)
{
	line += strcspn(line, POLICY_BLANKS);
	if (*line != '\0')
		*line++ = '\0';
	return line + strspn(line, POLICY_BLANKS);
}

static int
take_line(struct policy_lines *l, char *line)
{
	char *end;

	line += strspn(line, POLICY_BLANKS);
	for (end = line + strlen(line); end > line && strchr(POLICY_BLANKS, end[-1]) != NULL; end--)
		end[-1] = '\0';
	return *line == '\0' ? 0 : l->each(l->arg, line);
}

/* Sees to it that nothing invisible hides in the file, and that it ends. */
static int
check_bytes(struct policy_lines *l, const char *text, size_t len)
{
	size_t i;

	for (i = 0, l->line = 1; i < len && i < FILE_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			l->line++;
		else if (c == '\r')
			return policy_wrong(l, "a carriage return; lines end in LF alone");
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			return policy_wrong(l, "a control character (byte 0x%02x)", c);
	}
	return len <= FILE_MAX ? 0 : policy_wrong(l, "the file is larger than %d bytes", FILE_MAX);
}

static int
take_lines(struct policy_lines *l, FILE *f, const char *text, size_t len)
{
	size_t next = 0;
	char *line;
	int result = 0;

	while (result == 0) {
		const char *at = text + ftell(f);

		/* fparseln(3) passes over lines that are all comment, and tells only where a line ends. */
		for (l->line = next + 1; at < text + len && *at == '#'; l->line++)
			if ((at = memchr(at, '\n', (size_t)(text + len - at))) == NULL || ++at == text + len)
				break;
		if ((line = fparseln(f, NULL, &next, NULL, FPARSELN_UNESCCOMM)) == NULL)
			return feof(f) ? 0 : -1;
		result = take_line(l, line);
		free(line);
	}
	return result;
}

static int
take_text(struct policy_lines *l, char *text, size_t len)
{
	FILE *f;
	int result, error;

	if (check_bytes(l, text, len) == -1)
		return -1;
	if (len == 0)
		return 0;
	if ((f = fmemopen(text, len, "r")) == NULL)
		return -1;
	result = take_lines(l, f, text, len);
	error = errno;
	fclose(f);
	errno = error;
	return result;
}

/* How much of it is read: one more than is allowed, so that more is noticed, but of a file no more than there is now. */
static size_t
most(FILE *f)
{
	struct stat st;

	return fileno(f) != -1 && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_MAX ?
	    (size_t)st.st_size : FILE_MAX + 1;
}

int
policy_lines(struct policy_lines *l, FILE *f)
{
	size_t room = most(f), len;
	char *text = malloc(room + 1);
	int result = -1, error;

	if (l->size > 0)
		l->why[0] = '\0';
	if (text == NULL)
		return -1;
	(void)setvbuf(f, NULL, _IONBF, 0);
	len = fread(text, 1, room, f);
	if (!ferror(f))
		result = take_text(l, text, len);
	error = errno;
	free(text);
	errno = error;
	return result;
}
