#include "feed_type.h"

#include <errno.h>

#include <bsd/string.h>

#include "config.h"

#ifdef HAVE_LIBMAGIC
#include <magic.h>

char *
feed_type(const void *bytes, size_t n, char type[FEED_TYPE_MAX])
{
	static magic_t magic;
	const char *found;

	if (magic == NULL) {
		if ((magic = magic_open(MAGIC_MIME_TYPE)) == NULL)
			return NULL;
		if (magic_load(magic, NULL) == -1) {
			magic_close(magic);
			magic = NULL;
			errno = ENOENT;
			return NULL;
		}
	}
	found = n == 0 ? NULL : magic_buffer(magic, bytes, n);
	(void)strlcpy(type, found != NULL ? found : "application/octet-stream", FEED_TYPE_MAX);
	return type;
}

#else

char *
feed_type(const void *bytes, size_t n, char type[FEED_TYPE_MAX])
{
	(void)bytes, (void)n, (void)type;
	errno = ENOTSUP;
	return NULL;
}
#endif
