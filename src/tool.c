#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include <bsd/string.h>

int
tool_start(void)
{
	int fd, got;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		/* The wrong way round: an empty input would be an empty job, and an output would be lost in silence. */
		got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
		if (got != fd)
			return -1;
	}
	(void)setlocale(LC_CTYPE, "");
	return 0;
}

int
tool_end(void)
{
	int failed = ferror(stdout);

	if (fclose(stdout) != 0 || failed)
		return -1;
	return 0;
}

static const struct option *
find(const struct option *longs, int val)
{
	for (; longs->name != NULL; longs++)
		if (longs->val == val)
			return longs;
	return NULL;
}

static void
allowed(char *buf, size_t size, const struct option *longs)
{
	(void)strlcat(buf, " (allowed:", size);
	for (; longs->name != NULL; longs++) {
		(void)strlcat(buf, " --", size);
		(void)strlcat(buf, longs->name, size);
	}
	(void)strlcat(buf, ")", size);
}

char *
tool_wrong(char *buf, size_t size, int c, char *const argv[], const struct option *longs)
{
	const struct option *o = optopt == 0 ? NULL : find(longs, optopt);
	char word[256];

	if (c == ':' && o != NULL) {
		(void)snprintf(buf, size, "option --%s needs a value", o->name);
		return buf;
	}
	if (c == ':') {
		(void)snprintf(buf, size, "option -%c needs a value", optopt);
		return buf;
	}
	if (o != NULL) {
		(void)snprintf(buf, size, "option --%s takes no value", o->name);
		return buf;
	}
	/* getopt_long leaves the letter of a short option, and nothing of a long one. */
	if (optopt != 0) {
		char letter[] = { '-', (char)optopt, '\0' };

		(void)snprintf(buf, size, "unknown option '%s'", tool_clean(word, sizeof(word), letter));
	} else {
		(void)snprintf(buf, size, "unknown or ambiguous option '%s'",
		    tool_clean(word, sizeof(word), argv[optind - 1]));
	}
	allowed(buf, size, longs);
	return buf;
}

char *
tool_clean(char *buf, size_t size, const char *text)
{
	mbstate_t state = { 0 };
	size_t n = 0, left, len;
	wchar_t wide;
	int saved = errno;

	while (*text != '\0') {
		left = strlen(text);
		len = mbrtowc(&wide, text, left, &state);
		/* What is no character, or half of one, has a length beyond everything. */
		if (len > 0 && len <= left && iswprint((wint_t)wide)) {
			if (n + len >= size)
				break;
			memcpy(buf + n, text, len);
			n += len;
		} else {
			if (n + 4 >= size)
				break;
			n += (size_t)snprintf(buf + n, size - n, "\\%03o", (unsigned char)*text);
			len = 1;
			memset(&state, 0, sizeof(state));
		}
		text += len;
	}
	buf[n] = '\0';
	errno = saved;
	return buf;
}

int
tool_code(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
		return EX_NOINPUT;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	case ENOSPC:
	case EDQUOT:
	case ENOBUFS:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return EX_TEMPFAIL;
	case EFBIG:
	case EBADMSG:
		return EX_DATAERR;
	case EINVAL:
	case E2BIG:
	case ENAMETOOLONG:
		return EX_USAGE;
	default:
		return EX_IOERR;
	}
}
