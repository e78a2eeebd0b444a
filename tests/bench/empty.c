/* empty: the least that a CGI program can do. */
#include <unistd.h>

int
main(void)
{
	static const char reply[] = "Status: 202 Accepted\r\nContent-Length: 0\r\n\r\n";
	char buf[4096];

	while (read(0, buf, sizeof(buf)) > 0)
		;
	return write(1, reply, sizeof(reply) - 1) < 0;
}
