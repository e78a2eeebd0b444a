/*
 * asan.h: read before each file of `make check-asan`, so that each program of it looks for leaks where it can.
 *
 * LeakSanitizer stops a process by ptrace and finds its threads in /proc. Where another traces it, or where /proc is that
 * of another PID namespace, as a handler's is, it can do neither and ends the process as if it had failed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __lsan_is_turned_off(void);

__attribute__((weak)) int
__lsan_is_turned_off(void)
{
	char s[1024];
	const char *tracer;
	ssize_t n;
	int fd;

	n = readlink("/proc/self", s, sizeof(s) - 1);
	if (n <= 0)
		return 1;
	s[n] = '\0';
	if (atol(s) != (long)getpid())
		return 1;
	if ((fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC)) == -1)
		return 1;
	n = read(fd, s, sizeof(s) - 1);
	(void)close(fd);
	if (n <= 0)
		return 1;
	s[n] = '\0';
	tracer = strstr(s, "\nTracerPid:");
	return tracer == NULL || atol(tracer + strlen("\nTracerPid:")) != 0;
}
