#include "door_client.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

enum { NET_BYTES = 8, MAPPED_AT = 12 };

static void
set_ipv4(struct door_client *c, const void *addr)
{
	const uint32_t loopback = htonl(INADDR_LOOPBACK);

	c->net[10] = c->net[11] = 0xff;
	memcpy(c->net + MAPPED_AT, addr, sizeof(loopback));
	c->local = memcmp(addr, &loopback, sizeof(loopback)) == 0;
}

void
door_client_set(struct door_client *c, const struct sockaddr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*c = (struct door_client){ .local = 0 };
	if (addr != NULL && addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		set_ipv4(c, &v4.sin_addr);
	} else if (addr != NULL && addr->sa_family == AF_INET6) {
		memcpy(&v6, addr, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			set_ipv4(c, v6.sin6_addr.s6_addr + MAPPED_AT);
			return;
		}
		memcpy(c->net, &v6.sin6_addr, NET_BYTES);
		c->local = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
	} else
		c->local = 1;
}

int
door_client_same(const struct door_client *a, const struct door_client *b)
{
	return memcmp(a->net, b->net, sizeof(a->net)) == 0;
}

/* FNV-1a. Who picks addresses that meet in a bucket gains a walk along it. */
unsigned
door_client_hash(const struct door_client *c)
{
	uint32_t hash = 2166136261U;
	size_t i;

	for (i = 0; i < sizeof(c->net); i++)
		hash = (hash ^ c->net[i]) * 16777619U;
	return hash;
}
