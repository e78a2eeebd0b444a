#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "web_token.h"

#define ALL (POLICY_SUBMIT | POLICY_READ | POLICY_OPERATE)

/* The SHA-256 of "abc" (FIPS 180-2, B.1) and of "". */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NONE "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NO_HASH ": what follows the name is not sha256: and 64 hexadecimal digits"

static struct web_token t;
static char why[256];

static int
look_up(const char *text, const char *token, const char *queue)
{
	FILE *f = tmpfile();
	int r, error;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ne(fputs(text, f), EOF);
	rewind(f);
	r = web_token_find(f, token, queue, &t, why, sizeof(why));
	error = errno;
	fclose(f);
	errno = error;
	return r;
}

static void
assert_may(const char *text, const char *queue, const char *name, unsigned may, unsigned all)
{
	ck_assert_msg(look_up(text, "abc", queue) == 1, "%s: %s", text, why);
	ck_assert_str_eq(t.name, name);
	ck_assert_uint_eq(t.may, may);
	ck_assert_uint_eq(t.may_all, all);
}

/* Whoever's token it is. */
static void
assert_bad(const char *text, const char *want)
{
	const char *const tokens[] = { "abc", "other" };
	size_t i;

	for (i = 0; i < 2; i++) {
		errno = 0;
		ck_assert_msg(look_up(text, tokens[i], "words") == -1, "\"%s\" is taken", text);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_str_eq(why, want);
	}
}

START_TEST(one_token)
{
	assert_may("ci sha256:" ABC " submit words\n", "words", "ci", POLICY_SUBMIT, 0);
	assert_may("ci sha256:" ABC " submit words\n", "other", "ci", 0, 0);
	assert_may("ci sha256:" ABC " submit words\n", "", "ci", 0, 0);
	assert_may("ci sha256:" ABC " submit,read,operate a words b", "words", "ci", ALL, 0);
	assert_may("ci sha256:" ABC " operate a words b", "b", "ci", POLICY_OPERATE, 0);
	assert_may("ci sha256:" ABC " read *", "words", "ci", POLICY_READ, POLICY_READ);
	assert_may("ci sha256:" ABC " read *", "", "ci", POLICY_READ, POLICY_READ);
	assert_may("# all\n\n\tci\tsha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015AD  read,submit \\\n  words # x\n",
	    "words", "ci", POLICY_SUBMIT | POLICY_READ, 0);
}
END_TEST

START_TEST(other_tokens)
{
	const char *text = "a sha256:" ABC " read words\nb sha256:" NONE " submit words\n";

	ck_assert_int_eq(look_up(text, "abd", "words"), 0);
	ck_assert_int_eq(look_up(text, "ABC", "words"), 0);
	ck_assert_int_eq(look_up(text, "abcd", "words"), 0);
	ck_assert_int_eq(look_up(text, ABC, "words"), 0);
	ck_assert_str_eq(t.name, "");
	ck_assert_uint_eq(t.may | t.may_all, 0);
	ck_assert_int_eq(look_up("", "abc", "words"), 0);
	ck_assert_int_eq(look_up("#a sha256:" ABC " read words\n", "abc", "words"), 0);
	ck_assert_int_eq(look_up(text, "", "words"), 1);
	ck_assert_str_eq(t.name, "b");
}
END_TEST

/* The lines of one token add up; a name may have two tokens, for the time of a change. */
START_TEST(several_lines)
{
	const char *text = "ci sha256:" ABC " submit words\nci sha256:" ABC " read results words\nci sha256:" ABC " operate *\n"
	    "ci sha256:" NONE " read words\n";

	assert_may(text, "words", "ci", ALL, POLICY_OPERATE);
	assert_may(text, "results", "ci", POLICY_READ | POLICY_OPERATE, POLICY_OPERATE);
	assert_may(text, "x", "ci", POLICY_OPERATE, POLICY_OPERATE);
	ck_assert_int_eq(look_up("a sha256:" ABC " submit words\n#\nb sha256:" ABC " read words\n", "abc", "words"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(why, "3: b: the same token as that of a on line 1");
}
END_TEST

START_TEST(wrong_lines)
{
	assert_bad("ci", "1: ci" NO_HASH);
	assert_bad("\n# x\nci " ABC " read words", "3: ci" NO_HASH);
	assert_bad("ci sha512:" ABC " read words", "1: ci" NO_HASH);
	assert_bad("ci sha256: " ABC " read words", "1: ci" NO_HASH);
	assert_bad("ci sha256:" ABC "0 read words", "1: ci" NO_HASH);
	assert_bad("ci sha256:g" NONE " read words", "1: ci" NO_HASH);
	assert_bad("ci sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad read words", "1: ci" NO_HASH);
	assert_bad("ci sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a read words", "1: ci" NO_HASH);
	assert_bad("c/i sha256:" ABC " read words", "1: \"c/i\" is not a name (letters, digits, \"._-\", at most 64)");
	assert_bad("-ci sha256:" ABC " read words", "1: \"-ci\" is not a name (letters, digits, \"._-\", at most 64)");
	assert_bad("ci sha256:" ABC "\n", "1: ci: \"\" is not a list of submit, read and operate with commas between them");
	assert_bad("ci sha256:" ABC " write words",
	    "1: ci: \"write\" is not a list of submit, read and operate with commas between them");
	assert_bad("ci sha256:" ABC " , words", "1: ci: \",\" is not a list of submit, read and operate with commas between them");
	assert_bad("ci sha256:" ABC " read", "1: no queue: a line is NAME sha256:HEX RIGHTS QUEUE...");
	assert_bad("ci sha256:" ABC " read, submit words\nx", "2: x" NO_HASH);
	assert_bad("ci sha256:" ABC " read wo/rds", "1: \"wo/rds\" is neither the name of a queue nor *");
	assert_bad("ci sha256:" ABC " read words **", "1: \"**\" is neither the name of a queue nor *");
	assert_bad("a sha256:" ABC " read words\nb sha256:" NONE " read w\033\n", "2: a control character (byte 0x1b)");
	assert_bad("a sha256:" ABC " read words\r\n", "1: a carriage return; lines end in LF alone");
}
END_TEST

static int
shown(const char *field, const char *query, char token[WEB_TOKEN_MAX], int *in_query)
{
	struct http_request req = { .query = query };

	req.field[HTTP_AUTHORIZATION] = field;
	return web_token_shown(&req, token, in_query);
}

START_TEST(where_it_is_shown)
{
	char token[WEB_TOKEN_MAX], text[2 * WEB_TOKEN_MAX];
	int q;

	ck_assert_int_eq(shown(NULL, "", token, &q), 0);
	ck_assert_int_eq(q, 0);
	ck_assert_int_eq(shown("Bearer abc", "key=1", token, &q), 1);
	ck_assert_str_eq(token, "abc");
	ck_assert_int_eq(q, 0);
	ck_assert_int_eq(shown("bEARER  abc", "", token, &q), 1);
	ck_assert_str_eq(token, "abc");
	ck_assert_int_eq(shown(NULL, "key=1&access_token=a%2Bc&x", token, &q), 1);
	ck_assert_str_eq(token, "a+c");
	ck_assert_int_eq(q, 1);
	/* Another scheme is somebody else's. */
	ck_assert_int_eq(shown("Basic abc", "", token, &q), 0);
	ck_assert_int_eq(shown("Bearerabc", "", token, &q), 0);
	ck_assert_int_eq(shown("Basic abc", "access_token=d", token, &q), 1);
	ck_assert_str_eq(token, "d");
	ck_assert_int_eq(shown("Bearer", "", token, &q), -1);
	ck_assert_int_eq(shown("Bearer ", "", token, &q), -1);
	ck_assert_int_eq(shown("Bearer abc", "access_token=abc", token, &q), -1);
	ck_assert_int_eq(shown(NULL, "access_token=", token, &q), -1);
	ck_assert_int_eq(shown(NULL, "access_token=%00", token, &q), -1);
	ck_assert_int_eq(shown("Bearer abc", "access_token=%", token, &q), -1);
	snprintf(text, sizeof(text), "Bearer %0*d", WEB_TOKEN_MAX - 1, 0);
	ck_assert_int_eq(shown(text, "", token, &q), 1);
	snprintf(text, sizeof(text), "Bearer %0*d", WEB_TOKEN_MAX, 0);
	ck_assert_int_eq(shown(text, "", token, &q), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("token");
	TCase *c = tcase_create("token");
	SRunner *r;
	int failed;

	tcase_add_test(c, one_token);
	tcase_add_test(c, other_tokens);
	tcase_add_test(c, several_lines);
	tcase_add_test(c, wrong_lines);
	tcase_add_test(c, where_it_is_shown);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
