#include "exec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not that of this process: the command sees what it was given. */
static const char *
path_of(char *const *envp)
{
	for (; *envp != NULL; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

int
exec_command(char *const *argv, char *const *envp)
{
	char file[4096];
	const char *dir = path_of(envp), *end;
	int error = ENOENT, n;

	if (argv[0][0] == '\0')
		return ENOENT;
	if (strchr(argv[0], '/') != NULL) {
		(void)execve(argv[0], argv, envp);
		return errno;
	}
	for (;; dir = end + 1) {
		end = strchrnul(dir, ':');
		n = snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - dir), dir, end == dir ? "./" : "/", argv[0]);
		if (n > 0 && (size_t)n < sizeof(file))
			(void)execve(file, argv, envp);
		else
			errno = ENAMETOOLONG;
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
			return errno;
		if (*end == '\0')
			return error;
	}
}
