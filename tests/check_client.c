#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>

#include "door_client.h"

static struct door_client
client(const char *text)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct door_client c;

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		door_client_set(&c, (const struct sockaddr *)&v4);
	else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		door_client_set(&c, (const struct sockaddr *)&v6);
	}
	return c;
}

static int
same(const char *a, const char *b)
{
	struct door_client x = client(a), y = client(b);
	int r = door_client_same(&x, &y);

	if (r)
		ck_assert_uint_eq(door_client_hash(&x), door_client_hash(&y));
	return r;
}

START_TEST(one_client)
{
	ck_assert(same("192.0.2.1", "192.0.2.1"));
	ck_assert(!same("192.0.2.1", "192.0.2.2"));
	ck_assert(same("::ffff:192.0.2.1", "192.0.2.1"));
	ck_assert(!same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	ck_assert(same("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1"));
	ck_assert(!same("2001:db8:1:2::4", "2001:db8:1:3::4"));
}
END_TEST

START_TEST(this_machine)
{
	struct door_client c;

	ck_assert(client("127.0.0.1").local);
	ck_assert(client("::ffff:127.0.0.1").local);
	ck_assert(client("::1").local);
	ck_assert(!client("127.0.0.2").local);
	ck_assert(!client("::2").local);
	ck_assert(!client("192.0.2.1").local);
	door_client_set(&c, NULL);
	ck_assert(c.local);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("client");
	TCase *t = tcase_create("client");
	SRunner *r;
	int failed;

	tcase_add_test(t, one_client);
	tcase_add_test(t, this_machine);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
