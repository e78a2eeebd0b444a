/*
 * door_client: who counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one has as many as one likes.
 */
#ifndef WQW_DOOR_CLIENT_H
#define WQW_DOOR_CLIENT_H

#include <sys/socket.h>

struct door_client {
	unsigned char net[16];
	int local;   /* 1: 127.0.0.1, ::1, or no address at all: a proxy on this machine, perhaps, and all who come by it */
};

void door_client_set(struct door_client *c, const struct sockaddr *addr);   /* NULL: no address */
int door_client_same(const struct door_client *a, const struct door_client *b);
unsigned door_client_hash(const struct door_client *c);

#endif
