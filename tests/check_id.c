#include <check.h>
#include <errno.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "id.h"

#define WORD64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STEM "20261123T175305.123456-k3v9q0t7x2m4c8d1"

static struct id_name
parsed(const char *name)
{
	struct id_name n;

	ck_assert_msg(id_parse(name, &n) == 0, "\"%s\" is refused", name);
	return n;
}

static void
assert_refused(const char *name)
{
	struct id_name n, old;

	memset(&n, 0x5a, sizeof(n));
	old = n;
	errno = 0;
	ck_assert_msg(id_parse(name, &n) == -1, "\"%s\" is taken", name);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_mem_eq(&n, &old, sizeof(n));
	ck_assert(!id_valid(name));
}

START_TEST(plain_names)
{
	static const char *const names[] = { "x", "_", "7", "a.b-c_d", "A..", "job-", WORD64, STEM };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct id_name n = parsed(names[i]);

		ck_assert_str_eq(n.id, names[i]);
		ck_assert_int_eq(n.attempts, 0);
		ck_assert_int_eq(n.reason, ID_NONE);
		ck_assert_int_eq(n.priority, ID_PRIORITY_DEFAULT);
		ck_assert_str_eq(n.group, "");
		ck_assert(id_valid(names[i]));
		ck_assert(id_valid_word(names[i]));
	}
}
END_TEST

START_TEST(attributes)
{
	struct id_name n = parsed("x,P=0,G=customer42,A=12,X=timeout,Zz9=._-");

	ck_assert_str_eq(n.id, "x,P=0,G=customer42,Zz9=._-");
	ck_assert_int_eq(n.priority, 0);
	ck_assert_str_eq(n.group, "customer42");
	ck_assert_int_eq(n.attempts, 12);
	ck_assert_int_eq(n.reason, ID_TIMEOUT);
	n = parsed("x,X=exit,P=9,A=1,G=" WORD64);
	ck_assert_str_eq(n.id, "x,P=9,G=" WORD64);
	ck_assert_int_eq(n.priority, 9);
	ck_assert_int_eq(n.attempts, 1);
	ck_assert_int_eq(n.reason, ID_EXIT);
	ck_assert_str_eq(n.group, WORD64);
	n = parsed("x,P=5");
	ck_assert_str_eq(n.id, "x,P=5");
	/* Others' attributes, though they begin or end like ours. */
	n = parsed("x,PP=55,GA=.,AX=0,XA=none,A0=01,B=A");
	ck_assert_str_eq(n.id, "x,PP=55,GA=.,AX=0,XA=none,A0=01,B=A");
	ck_assert_int_eq(n.priority, ID_PRIORITY_DEFAULT);
	ck_assert_int_eq(n.attempts, 0);
	ck_assert_int_eq(n.reason, ID_NONE);
}
END_TEST

START_TEST(what_is_no_name)
{
	static const char *const names[] = {
		"", ".", "..", ".x", "-x", ",", ",P=1", "/", "a/b", "../x", "x/", "a b", " x", "x ", "x\n", "x\t", "x\177", "x\200",
		"\303\244", "x\303\244", "x=1", "x:1", "x*", "x~", "x%2F", "x@", "x[", "x`", "x{", WORD64 "0", WORD64 "0,P=1",
		"x,", "x,,", "x,P", "x,P=", "x,=1", "x,p=1", "x,1=1", "x,_=1", "x,P=1,", "x,P=1,,G=a", "x,P=1=2", "x,P =1",
		"x,P=10", "x,P=-1", "x,P=+1", "x,P=a", "x,P=00", "x,P=.", "x,P=1/", "x,P=1 ",
		"x,A=0", "x,A=00", "x,A=01", "x,A=33", "x,A=99", "x,A=100", "x,A=4294967297", "x,A=a", "x,A=1a", "x,A=-1", "x,A=1.",
		"x,X=none", "x,X=", "x,X=Exit", "x,X=exi", "x,X=exitt", "x,X=0", "x,G=", "x,G=.a", "x,G=-a", "x,G=..", "x,G=a b",
		"x,G=" WORD64 "0", "x,Z=" WORD64 "0", "x,Aaaaaaaaaaaaaaaaa=1", "x,Z_=1", "x,Z-a=1", "x,\303\204=1",
		"x,P=1,P=1", "x,P=1,P=2", "x,A=1,A=2", "x,X=exit,X=exit", "x,G=a,Q=1,G=a", "x,Zz=1,Q=2,Zz=3"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_refused(names[i]);
}
END_TEST

START_TEST(longest_names)
{
	char id[ID_NAME_MAX + 2], name[ID_NAME_MAX + 1];
	struct id_name n;

	/* 64 + 67 + 67 + 32 = 230 */
	snprintf(id, sizeof(id), WORD64 ",B=" WORD64 ",C=" WORD64 ",Dddddddddddddddd=01234567890123");
	ck_assert_uint_eq(strlen(id), ID_MAX);
	ck_assert(id_valid(id));
	id_file(name, id, ID_ATTEMPTS_MAX, ID_MALFORMED);
	ck_assert_uint_le(strlen(name), ID_NAME_MAX);
	n = parsed(name);
	ck_assert_str_eq(n.id, id);
	ck_assert_int_eq(n.attempts, ID_ATTEMPTS_MAX);
	ck_assert_int_eq(n.reason, ID_MALFORMED);
	strcat(id, "4");
	assert_refused(id);
	snprintf(name, sizeof(name), "%s,A=1", id);
	assert_refused(name);
	/* Longer than any file's name. */
	snprintf(id, sizeof(id), WORD64 ",B=" WORD64 ",C=" WORD64 ",D=0123456789012345678901234567890123456789,A=1,X=exit");
	assert_refused(id);
}
END_TEST

START_TEST(files)
{
	char name[ID_NAME_MAX + 1];
	int r, a;

	ck_assert_str_eq(id_file(name, "x,P=1", 0, ID_NONE), "x,P=1");
	ck_assert_str_eq(id_file(name, "x", 2, ID_NONE), "x,A=2");
	ck_assert_str_eq(id_file(name, "x", 0, ID_CANCELLED), "x,X=cancelled");
	ck_assert_str_eq(id_file(name, "x", 32, ID_MALFORMED), "x,A=32,X=malformed");
	ck_assert_ptr_eq(id_file(name, "x", -1, ID_NONE), name);
	ck_assert_str_eq(name, "x");
	for (r = 0; r < ID_REASONS; r++)
		for (a = 0; a <= ID_ATTEMPTS_MAX; a++) {
			struct id_name n = parsed(id_file(name, "x,Q=1", a, (enum id_reason)r));

			ck_assert_str_eq(n.id, "x,Q=1");
			ck_assert_int_eq(n.attempts, a);
			ck_assert_int_eq(n.reason, (enum id_reason)r);
			ck_assert_int_eq(id_valid(name), a == 0 && r == ID_NONE);
		}
}
END_TEST

START_TEST(reasons)
{
	static const char *const names[] = {
		"", "exit", "signal", "timeout", "lost", "cancelled", "expired", "limit", "malformed"
	};
	size_t i;

	ck_assert_uint_eq(sizeof(names) / sizeof(names[0]), ID_REASONS);
	for (i = 0; i < ID_REASONS; i++) {
		ck_assert_str_eq(id_reason_name((enum id_reason)i), names[i]);
		ck_assert_int_eq(id_reason_parse(names[i]), (enum id_reason)i);
	}
	ck_assert_str_eq(id_reason_name(ID_REASONS), "");
	ck_assert_str_eq(id_reason_name((enum id_reason)-1), "");
	ck_assert_int_eq(id_reason_parse("EXIT"), ID_NONE);
	ck_assert_int_eq(id_reason_parse("exit "), ID_NONE);
}
END_TEST

START_TEST(words)
{
	static const char *const bad[] = {
		"", ".", "..", ".a", "-a", "a/b", "a,b", "a=b", "a b", " a", "a ", "a\n", "a\200", WORD64 "0", "a,P=1"
	};
	size_t i;

	ck_assert(id_valid_word("a"));
	ck_assert(id_valid_word("_.-"));
	ck_assert(id_valid_word(WORD64));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!id_valid_word(bad[i]), "\"%s\"", bad[i]);
}
END_TEST

START_TEST(times)
{
	static const char *const none[] = {
		"x", "20261323T175305.123456-k3v9q0t7x2m4c8d1", "20261100T175305.123456-k3v9q0t7x2m4c8d1",
		"20261131T175305.123456-k3v9q0t7x2m4c8d1", "20260229T175305.123456-k3v9q0t7x2m4c8d1",
		"20261123T245305.123456-k3v9q0t7x2m4c8d1", "20261123T176005.123456-k3v9q0t7x2m4c8d1",
		"20261123T175360.123456-k3v9q0t7x2m4c8d1", "20261123t175305.123456-k3v9q0t7x2m4c8d1",
		"20261123T175305_123456-k3v9q0t7x2m4c8d1", "20261123T175305.123456_k3v9q0t7x2m4c8d1",
		"20261123T175305.123456-k3v9q0t7x2m4c8d", "20261123T175305.123456-k3v9q0t7x2m4c8d1x",
		"20261123T175305.123456-k3v9q0t7x2m4c8dU", "20261123T175305.123456-k3v9q0t7x2m4c8di",
		"20261123T175305.12345a-k3v9q0t7x2m4c8d1", "00000123T175305.123456-k3v9q0t7x2m4c8d1",
		"20260023T175305.123456-k3v9q0t7x2m4c8d1"
	};
	size_t i;

	ck_assert_int_eq(parsed(STEM).time, INT64_C(1795456385123456));
	ck_assert_int_eq(parsed(STEM ",P=1,A=3").time, INT64_C(1795456385123456));
	ck_assert_int_eq(parsed("19700101T000000.000000-0000000000000000").time, 0);
	ck_assert_int_eq(parsed("20280229T000000.000001-0000000000000000").time, INT64_C(1835395200000001));
	ck_assert_int_eq(parsed("99991231T235959.999999-zzzzzzzzzzzzzzzz").time, INT64_C(253402300799999999));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(parsed(none[i]).time == -1, "%s", none[i]);
}
END_TEST

START_TEST(new_names_tell_when_and_how)
{
	char id[ID_MAX + 1];
	struct timespec a, b;
	struct id_name n;
	int p;

	for (p = 0; p <= 9; p++) {
		clock_gettime(CLOCK_REALTIME, &a);
		ck_assert_int_eq(id_new(id, p, p % 2 ? "g.1" : NULL), 0);
		clock_gettime(CLOCK_REALTIME, &b);
		ck_assert(id_valid(id));
		n = parsed(id);
		ck_assert_str_eq(n.id, id);
		ck_assert_int_eq(n.priority, p);
		ck_assert_str_eq(n.group, p % 2 ? "g.1" : "");
		ck_assert_int_eq(strstr(id, ",P=") != NULL, p != ID_PRIORITY_DEFAULT);
		ck_assert_int_ge(n.time, a.tv_sec * 1000000 + a.tv_nsec / 1000);
		ck_assert_int_le(n.time, b.tv_sec * 1000000 + b.tv_nsec / 1000);
	}
	ck_assert_int_eq(id_new(id, 5, NULL), 0);
	ck_assert_uint_eq(strlen(id), strlen(STEM));
	ck_assert_int_eq(id_new(id, 0, WORD64), 0);
	ck_assert(id_valid(id));
}
END_TEST

START_TEST(ranks_sort_as_names_do)
{
	char a[ID_MAX + 1], b[ID_MAX + 1];
	int i, order;

	ck_assert_int_eq(id_rank("20260101T000000.000001-0000000000000000"), 0);
	ck_assert_int_eq(id_rank("20260101T000000.000001-zzzzzzzzzzzzzzzz,P=1"), ID_RANKS - 1);
	for (i = 0; i < 1000; i++) {
		ck_assert_int_eq(id_new(a, ID_PRIORITY_DEFAULT, NULL), 0);
		ck_assert_int_eq(id_new(b, ID_PRIORITY_DEFAULT, NULL), 0);
		ck_assert_int_eq(id_set_time(a, 1), 0);
		ck_assert_int_eq(id_set_time(b, 1), 0);
		order = id_rank(a) - id_rank(b);
		ck_assert_msg(order == 0 || (order < 0) == (strcmp(a, b) < 0), "%s %s", a, b);
	}
}
END_TEST

START_TEST(new_names_do_not_come_twice)
{
	enum { MANY = 2000 };
	static char id[MANY][ID_MAX + 1];
	int seen[256] = { 0 }, i, j, distinct = 0;

	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(id_new(id[i], 5, NULL), 0);
		for (j = 23; j < 39; j++)
			seen[(unsigned char)id[i][j]]++;
		/* No ck_assert here: it would send two million messages. */
		for (j = 0; j < i; j++)
			if (strcmp(id[i] + 23, id[j] + 23) == 0)
				ck_abort_msg("%s %s", id[i], id[j]);
	}
	for (i = 0; i < 256; i++)
		distinct += seen[i] > 0;
	/* 32000 draws from 32 letters leave none out. */
	ck_assert_int_eq(distinct, 32);
}
END_TEST

START_TEST(new_refuses)
{
	static const char *const groups[] = { "", ".a", "a b", "a,P=1", "a/b", WORD64 "0" };
	char id[ID_MAX + 1] = "old";
	size_t i;

	ck_assert_int_eq(id_new(id, -1, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(id_new(id, 10, NULL), -1);
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		errno = 0;
		ck_assert_int_eq(id_new(id, 5, groups[i]), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_str_eq(id, "old");
}
END_TEST

/* Strings of pieces that names are made of: many are names, many nearly. */
static void
random_name(char *name, size_t size)
{
	static const char *const pieces[] = {
		"a", "Z", "0", "9", "_", ".", "-", ",", "=", ",A=", ",X=", ",P=", ",G=", ",Q=", ",Zz9=", "1", "32", "33", "exit",
		"lost", "x", "k3v9", " ", "/", "\303", "\n", STEM, WORD64
	};
	int n = (int)(random() % 9) + 1;

	*name = '\0';
	for (; n > 0; n--) {
		/* Two of three from the harmless ones. */
		size_t i = (size_t)random() % (random() % 3 ? 22 : sizeof(pieces) / sizeof(pieces[0]));

		if (strlen(name) + strlen(pieces[i]) < size)
			strcat(name, pieces[i]);
	}
}

/* A name that is taken has the shape that the specification gives, and survives being taken apart and put together. */
START_TEST(random_names)
{
	char name[400], file[ID_NAME_MAX + 1];
	struct id_name n, again;
	int round, taken = 0;
	regex_t shape, known;

	ck_assert_int_eq(regcomp(&shape, "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
	    "(,[A-Z][A-Za-z0-9]{0,15}=[A-Za-z0-9._-]{1,64})*$", REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_int_eq(regcomp(&known, ",[APXGQ]=|,Zz9=", REG_EXTENDED | REG_NOSUB), 0);
	for (round = 0; round < 200000; round++) {
		int matches;

		random_name(name, sizeof(name));
		matches = regexec(&shape, name, 0, NULL, 0) == 0;
		if (id_parse(name, &n) == -1) {
			ck_assert_int_eq(errno, EINVAL);
			ck_assert_msg(!matches || regexec(&known, name, 0, NULL, 0) == 0, "\"%s\" is refused", name);
			continue;
		}
		taken++;
		ck_assert_msg(matches, "\"%s\" is taken", name);
		ck_assert(id_valid(n.id));
		id_file(file, n.id, n.attempts, n.reason);
		ck_assert_uint_eq(strlen(file), strlen(name));
		again = parsed(file);
		ck_assert_str_eq(again.id, n.id);
		ck_assert_str_eq(again.group, n.group);
		ck_assert_int_eq(again.attempts, n.attempts);
		ck_assert_int_eq(again.reason, n.reason);
		ck_assert_int_eq(again.priority, n.priority);
		ck_assert_int_eq(again.time, n.time);
	}
	ck_assert_int_gt(taken, 10000);
	regfree(&shape);
	regfree(&known);
}
END_TEST

START_TEST(any_locale)
{
	/* Where letters with accents count as letters, if the system has such a locale. */
	if (setlocale(LC_ALL, "en_US.ISO-8859-1") == NULL)
		setlocale(LC_ALL, "C.UTF-8");
	assert_refused("\344");
	assert_refused("x\344");
	assert_refused("x,\304=1");
	ck_assert_int_eq(parsed(STEM).time, INT64_C(1795456385123456));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("id");
	TCase *t = tcase_create("id");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, plain_names);
	tcase_add_test(t, attributes);
	tcase_add_test(t, what_is_no_name);
	tcase_add_test(t, longest_names);
	tcase_add_test(t, files);
	tcase_add_test(t, reasons);
	tcase_add_test(t, words);
	tcase_add_test(t, times);
	tcase_add_test(t, new_names_tell_when_and_how);
	tcase_add_test(t, ranks_sort_as_names_do);
	tcase_add_test(t, new_names_do_not_come_twice);
	tcase_add_test(t, new_refuses);
	tcase_add_test(t, random_names);
	tcase_add_test(t, any_locale);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
