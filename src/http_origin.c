#include "http_origin.h"

#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include <bsd/string.h>

enum { HOST_MAX = 320 };

int
http_is_loopback(const char *address)
{
	static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 };
	struct in6_addr six;
	unsigned char four[4];

	if (inet_pton(AF_INET, address, four) == 1)
		return four[0] == 127;
	if (inet_pton(AF_INET6, address, &six) != 1)
		return 0;
	return IN6_IS_ADDR_LOOPBACK(&six) || memcmp(six.s6_addr, mapped, sizeof(mapped)) == 0;
}

/* A host without its port. -1: it is longer than any. */
static int
cut_port(const char *host, char buf[HOST_MAX])
{
	size_t n = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");

	if (*host == '[') {
		host++;
		n--;
	}
	if (n >= HOST_MAX)
		return -1;
	memcpy(buf, host, n);
	buf[n] = '\0';
	return 0;
}

int
http_is_local_host(const char *host)
{
	char name[HOST_MAX];

	return cut_port(host, name) == 0 && (strcasecmp(name, "localhost") == 0 || http_is_loopback(name));
}

/* The length without a port that is the scheme's own. */
static size_t
significant(const char *host, const char *port)
{
	size_t n = strlen(host), m = strlen(port);

	return n > m && strcmp(host + n - m, port) == 0 ? n - m : n;
}

int
http_same_origin(const char *origin, const char *host)
{
	const char *port = ":80", *named;
	size_t n;

	if (strncasecmp(origin, "http://", 7) == 0)
		named = origin + 7;
	else if (strncasecmp(origin, "https://", 8) == 0) {
		named = origin + 8;
		port = ":443";
	} else
		return 0;
	if (host == NULL)
		return 0;
	n = significant(named, port);
	return n > 0 && n == significant(host, port) && strncasecmp(named, host, n) == 0;
}
