#include "spool_tokens.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "spool.h"

const char spool_tokens[] = "tokens";

int
spool_open_tokens(void)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s", spool_root(), spool_tokens) == -1)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	free(path);
	return fd;
}
