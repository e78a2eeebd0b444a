#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "policy.h"

#define SECOND INT64_C(1000000)

static int
read_bytes(const char *text, size_t len, struct policy *p, char *why, size_t size)
{
	FILE *f = tmpfile();
	int result, error;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	rewind(f);
	result = policy_read(f, p, why, size);
	error = errno;
	fclose(f);
	errno = error;
	return result;
}

static struct policy
assert_reads(const char *text)
{
	struct policy p;
	char why[256];

	policy_defaults(&p);
	ck_assert_msg(read_bytes(text, strlen(text), &p, why, sizeof(why)) == 0, "%s", why);
	ck_assert_str_eq(why, "");
	return p;
}

static void
assert_bad_bytes(const char *text, size_t len, const char *want)
{
	struct policy p, old;
	char why[256];

	memset(&p, 0x5a, sizeof(p));
	old = p;
	errno = 0;
	ck_assert_msg(read_bytes(text, len, &p, why, sizeof(why)) == -1, "\"%s\" is taken", text);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(why, want);
	ck_assert_mem_eq(&p, &old, sizeof(p));
}

static void
assert_bad(const char *text, const char *want)
{
	assert_bad_bytes(text, strlen(text), want);
}

START_TEST(defaults)
{
	struct policy p = assert_reads("");

	ck_assert_int_eq(p.max_attempts, 5);
	ck_assert_int_eq(p.backoff, 10 * SECOND);
	ck_assert_int_eq(p.backoff_max, 3600 * SECOND);
	ck_assert_int_eq(p.timeout, 3600 * SECOND);
	ck_assert_int_eq(p.kill_after, 10 * SECOND);
	ck_assert_int_eq(p.max_size, INT64_C(1) << 30);
	ck_assert_int_eq(p.max_result, INT64_C(1) << 30);
	ck_assert_int_eq(p.max_log, INT64_C(16) << 20);
	ck_assert_int_eq(p.reserve_bytes, INT64_C(64) << 20);
	ck_assert_int_eq(p.reserve_inodes, 1000);
	ck_assert_int_eq(p.aging, 600 * SECOND);
	ck_assert_int_eq(p.delay, 0);
	ck_assert_int_eq(p.expires, 0);
	ck_assert_int_eq(p.priority, 5);
	ck_assert_int_eq(p.key_scope, POLICY_KEY_RECORD);
	ck_assert_int_eq(p.sync_claims, 0);
	ck_assert_int_eq(p.json, 0);
	ck_assert_str_eq(p.accept_types, "");
	ck_assert_str_eq(p.require_header, "");
	ck_assert_str_eq(p.check, "");
	ck_assert_int_eq(p.require_key, 0);
	ck_assert_uint_eq(p.open, POLICY_SUBMIT | POLICY_READ);
	ck_assert_str_eq(p.operators, "*");
	ck_assert_str_eq(p.cors_origins, "");
	ck_assert_int_eq(p.redirect, 0);
	ck_assert_int_eq(p.show_log, 0);
	ck_assert_int_eq(p.alert_age, 0);
	ck_assert_int_eq(p.group_limit, 1);
	ck_assert_int_eq(p.group_failure, 0);
	ck_assert_int_eq(p.max_running, 0);
	ck_assert_int_eq(p.rate, 0);
	ck_assert_int_eq(p.max_memory, 0);
	ck_assert_int_eq(p.max_cpu, 0);
	ck_assert_int_eq(p.max_files, 0);
	ck_assert_int_eq(p.max_processes, 0);
	ck_assert_str_eq(p.handler, "");
	ck_assert_str_eq(p.result_type, "application/octet-stream");
}
END_TEST

START_TEST(every_setting)
{
	struct policy p = assert_reads(
	    "max-attempts 32\nbackoff 0\nbackoff-max 1d\n\ttimeout\t500ms\n  kill-after   0  \nmax-size 1\nmax-result 2T\n"
	    "max-log 64K\nreserve-bytes 0\nreserve-inodes 0\naging 7d\nsync-claims yes\nalert-age 90m\n"
	    "group-limit 64\ngroup-failure hold\n"
	    "handler /usr/bin/convert  - -resize 100x100 png:-\nresult-type image/png");

	ck_assert_int_eq(p.max_attempts, 32);
	ck_assert_int_eq(p.backoff, 0);
	ck_assert_int_eq(p.backoff_max, 86400 * SECOND);
	ck_assert_int_eq(p.timeout, SECOND / 2);
	ck_assert_int_eq(p.kill_after, 0);
	ck_assert_int_eq(p.max_size, 1);
	ck_assert_int_eq(p.max_result, INT64_C(2) << 40);
	ck_assert_int_eq(p.max_log, 65536);
	ck_assert_int_eq(p.reserve_bytes, 0);
	ck_assert_int_eq(p.reserve_inodes, 0);
	ck_assert_int_eq(p.aging, 7 * 86400 * SECOND);
	ck_assert_int_eq(p.sync_claims, 1);
	ck_assert_int_eq(p.alert_age, 5400 * SECOND);
	ck_assert_int_eq(p.group_limit, 64);
	ck_assert_int_eq(p.group_failure, 1);
	ck_assert_str_eq(p.handler, "/usr/bin/convert  - -resize 100x100 png:-");
	ck_assert_str_eq(p.result_type, "image/png");
	p = assert_reads("require-key yes\nredirect yes\nshow-log yes\n");
	ck_assert_int_eq(p.require_key, 1);
	ck_assert_int_eq(p.redirect, 1);
	ck_assert_int_eq(p.show_log, 1);
	p = assert_reads("public none\noperators alice, bob@example.com\ncors-origins https://a.example http://[::1]:81 *\n");
	ck_assert_uint_eq(p.open, 0);
	ck_assert_str_eq(p.operators, "alice, bob@example.com");
	ck_assert_str_eq(p.cors_origins, "https://a.example http://[::1]:81 *");
	ck_assert_uint_eq(assert_reads("public read\n").open, POLICY_READ);
	ck_assert_uint_eq(assert_reads("public submit\n").open, POLICY_SUBMIT);
	ck_assert_uint_eq(assert_reads("public read,submit\n").open, POLICY_SUBMIT | POLICY_READ);
	p = assert_reads("json yes\naccept-types text/plain, image/*\nrequire-header X-A X-B\ncheck /bin/true -x\n");
	ck_assert_int_eq(p.json, 1);
	ck_assert_str_eq(p.accept_types, "text/plain, image/*");
	ck_assert_str_eq(p.require_header, "X-A X-B");
	ck_assert_str_eq(p.check, "/bin/true -x");
	p = assert_reads("delay 10m\nexpires 2h\npriority 9\n");
	ck_assert_int_eq(p.delay, 600 * SECOND);
	ck_assert_int_eq(p.expires, 7200 * SECOND);
	ck_assert_int_eq(p.priority, 9);
	p = assert_reads("max-running 3\nrate 20\nmax-memory 2G\nmax-cpu 90s\nmax-files 64\nmax-processes 10\n");
	ck_assert_int_eq(p.max_running, 3);
	ck_assert_int_eq(p.rate, 20);
	ck_assert_int_eq(p.rate_span, SECOND);
	ck_assert_int_eq(p.max_memory, INT64_C(2) << 30);
	ck_assert_int_eq(p.max_cpu, 90 * SECOND);
	ck_assert_int_eq(p.max_files, 64);
	ck_assert_int_eq(p.max_processes, 10);
	p = assert_reads("rate 1000000/100ms\n");
	ck_assert_int_eq(p.rate, 1000000);
	ck_assert_int_eq(p.rate_span, SECOND / 10);
	p = assert_reads("sync-claims no\nmax-attempts 1\nreserve-inodes 9223372036854775807\n");
	ck_assert_int_eq(p.sync_claims, 0);
	ck_assert_int_eq(p.max_attempts, 1);
	ck_assert_int_eq(p.reserve_inodes, INT64_MAX);
}
END_TEST

START_TEST(comments_and_continuations)
{
	struct policy p = assert_reads("# timeout 1s\n\n   # x\nbackoff 3s # after\n#\n# ends in \\\ntimeout 2m\n\t\n"
	    "handler a \\\n  b \\\n c\nmax-log 1M\n#");

	ck_assert_int_eq(p.backoff, 3 * SECOND);
	ck_assert_int_eq(p.timeout, 120 * SECOND);
	ck_assert_str_eq(p.handler, "a   b  c");
	ck_assert_int_eq(p.max_log, 1 << 20);
	/* Before a # a backslash makes it literal, elsewhere it stands for itself. */
	p = assert_reads("handler sed s/\\./\\\\/ \\#1 # 2");
	ck_assert_str_eq(p.handler, "sed s/\\./\\\\/ #1");
	p = assert_reads("handler gr\303\274n");
	ck_assert_str_eq(p.handler, "gr\303\274n");
	p = assert_reads("# all comment");
	p = assert_reads("\n\n\n");
	p = assert_reads("timeout \\\n\\\n5s \\\n");
	ck_assert_int_eq(p.timeout, 5 * SECOND);
}
END_TEST

START_TEST(numbers_out_of_range)
{
	assert_bad("json maybe", "1: json: \"maybe\" is not yes or no");
	assert_bad("accept-types text/plain, image", "1: accept-types: \"image\" is not a media type such as text/plain or image/*");
	assert_bad("accept-types a/b;c=d", "1: accept-types: \"a/b;c=d\" is not a media type such as text/plain or image/*");
	assert_bad("require-header X-A: b", "1: require-header: \"X-A:\" is not the name of a header field");
	assert_bad("check", "1: check has no value");
	assert_bad("redirect 303", "1: redirect: \"303\" is not yes or no");
	assert_bad("show-log all", "1: show-log: \"all\" is not yes or no");
	assert_bad("require-key 1", "1: require-key: \"1\" is not yes or no");
	assert_bad("\n\nmax-attempts 0", "3: max-attempts: \"0\" is not a number from 1 to 32");
	assert_bad("max-attempts 33", "1: max-attempts: \"33\" is not a number from 1 to 32");
	assert_bad("max-attempts -1", "1: max-attempts: \"-1\" is not a number from 1 to 32");
	assert_bad("max-attempts 99999999999999999999", "1: max-attempts: \"99999999999999999999\" is not a number from 1 to 32");
	assert_bad("max-attempts 3 4", "1: max-attempts: \"3 4\" is not a number from 1 to 32");
	assert_bad("max-attempts=3", "1: unknown name \"max-attempts=3\"");
	assert_bad("max-backlog 0", "1: max-backlog: \"0\" is not a number of at least 1");
	assert_bad("max-backlog -1", "1: max-backlog: \"-1\" is not a number of at least 1");
	assert_bad("max-backlog 9223372036854775808", "1: max-backlog: \"9223372036854775808\" is not a number of at least 1");
	assert_bad("reserve-inodes 1K", "1: reserve-inodes: \"1K\" is not a number of at least 0");
	assert_bad("timeout 0", "1: timeout: \"0\" must be more than 0");
	assert_bad("timeout 0h", "1: timeout: \"0h\" must be more than 0");
	assert_bad("max-size 0", "1: max-size: \"0\" must be more than 0");
	assert_bad("max-result 0K", "1: max-result: \"0K\" must be more than 0");
	assert_bad("max-log 0", "1: max-log: \"0\" must be more than 0");
	assert_bad("backoff 101y", "1: backoff: \"101y\" is not a duration such as 500ms, 10s, 5m, 2h or 7d");
	assert_bad("backoff 10x", "1: backoff: \"10x\" is not a duration such as 500ms, 10s, 5m, 2h or 7d");
	assert_bad("aging -1s", "1: aging: \"-1s\" is not a duration such as 500ms, 10s, 5m, 2h or 7d");
	assert_bad("backoff-max 40000d", "1: backoff-max: \"40000d\" is more than 100 years");
	assert_bad("max-size 10MB", "1: max-size: \"10MB\" is not a size such as 64K, 10M or 1G");
	assert_bad("max-size 99999999T", "1: max-size: \"99999999T\" is too large");
	assert_bad("expires 0", "1: expires: \"0\" must be more than 0");
	assert_bad("priority 10", "1: priority: \"10\" is not a number from 0 to 9");
	assert_bad("key-scope always", "1: key-scope: \"always\" is not active or record");
	assert_bad("sync-claims Yes", "1: sync-claims: \"Yes\" is not yes or no");
	assert_bad("sync-claims 1", "1: sync-claims: \"1\" is not yes or no");
}
END_TEST

START_TEST(limits_out_of_range)
{
	static const char *const rates[] = {
		"0", "-1", "+1", "1000001", "99999999999999999999", "1.5", "x", "/", "/1m", "10/", "10/0", "10/0s", "10/x", "10/-1s",
		"10/1m/1m", "10 / 1m", "10/40000d", "0/1m", "000000000000000000000000000000000000010"
	};
	char text[200], want[300];
	size_t i;

	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		snprintf(text, sizeof(text), "rate %s\n", rates[i]);
		snprintf(want, sizeof(want),
		    "1: rate: \"%s\" is not a number from 1 to 1000000, alone or in a time as in 10/1m", rates[i]);
		assert_bad(text, want);
	}
	assert_bad("rate", "1: rate has no value");
	assert_bad("rate 1\nrate 2", "2: rate given twice (first on line 1)");
	assert_bad("max-running 0", "1: max-running: \"0\" is not a number from 1 to 10000");
	assert_bad("max-running 10001", "1: max-running: \"10001\" is not a number from 1 to 10000");
	assert_bad("max-running -1", "1: max-running: \"-1\" is not a number from 1 to 10000");
	assert_bad("max-running 99999999999999999999",
	    "1: max-running: \"99999999999999999999\" is not a number from 1 to 10000");
	assert_bad("max-running none", "1: max-running: \"none\" is not a number from 1 to 10000");
	assert_bad("max-running", "1: max-running has no value");
	assert_bad("max-memory 0", "1: max-memory: \"0\" must be at least 1048576 bytes");
	assert_bad("max-memory 1048575", "1: max-memory: \"1048575\" must be at least 1048576 bytes");
	assert_bad("max-memory -1M", "1: max-memory: \"-1M\" is not a size such as 64K, 10M or 1G");
	assert_bad("max-memory 99999999T", "1: max-memory: \"99999999T\" is too large");
	assert_bad("max-memory", "1: max-memory has no value");
	assert_bad("max-cpu 0s", "1: max-cpu: \"0s\" must be more than 0");
	assert_bad("max-cpu -1s", "1: max-cpu: \"-1s\" is not a duration such as 500ms, 10s, 5m, 2h or 7d");
	assert_bad("max-cpu 40000d", "1: max-cpu: \"40000d\" is more than 100 years");
	assert_bad("max-cpu", "1: max-cpu has no value");
	assert_bad("max-files 7", "1: max-files: \"7\" is not a number from 8 to 1048576");
	assert_bad("max-files 1048577", "1: max-files: \"1048577\" is not a number from 8 to 1048576");
	assert_bad("max-files -8", "1: max-files: \"-8\" is not a number from 8 to 1048576");
	assert_bad("max-files", "1: max-files has no value");
	assert_bad("max-processes 0", "1: max-processes: \"0\" is not a number from 1 to 4194304");
	assert_bad("max-processes 4194305", "1: max-processes: \"4194305\" is not a number from 1 to 4194304");
	assert_bad("max-processes 1K", "1: max-processes: \"1K\" is not a number from 1 to 4194304");
	assert_bad("max-processes", "1: max-processes has no value");
	/* Only the beginning of a long one is told. */
	snprintf(text, sizeof(text), "rate %0150d\n", 1);
	assert_bad(text, "1: rate: \"" "00000000000000000000000000000000" "00000000000000000000000000000000"
	    "\" is not a number from 1 to 1000000, alone or in a time as in 10/1m");
	snprintf(text, sizeof(text), "max-running %0150d\n", 0);
	assert_bad(text, "1: max-running: \"" "00000000000000000000000000000000" "00000000000000000000000000000000"
	    "\" is not a number from 1 to 10000");
}
END_TEST

START_TEST(who_may)
{
	static const char *const rights[] = { "operate", "submit operate", "read none", "none read", "all", "Read", "," };
	static const char *const origins[] = {
		"a.example", "https://", "https://a.example/", "https://a.example/x", "https://A.example", "https://a.example:443",
		"http://a.example:80", "ftp://a.example", "null", "https://u@a.example", "https://*.example", "https://a.example?"
	};
	char text[200], want[300];
	size_t i;

	for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		snprintf(text, sizeof(text), "public %s\n", rights[i]);
		snprintf(want, sizeof(want), "1: public: \"%s\" is not submit, read, both or none", rights[i]);
		assert_bad(text, want);
	}
	for (i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		snprintf(text, sizeof(text), "cors-origins https://b.example, %s\n", origins[i]);
		snprintf(want, sizeof(want), "1: cors-origins: \"%s\" is not an origin such as https://www.example.com, or *",
		    origins[i]);
		assert_bad(text, want);
	}
	assert_bad("public", "1: public has no value");
	assert_bad("operators", "1: operators has no value");
	assert_bad("cors-origins", "1: cors-origins has no value");
}
END_TEST

START_TEST(lists)
{
	ck_assert(policy_listed("a, b\tc", "b"));
	ck_assert(policy_listed(" *", "*"));
	ck_assert(!policy_listed("*", "b"));
	ck_assert(!policy_listed("ab", "a"));
	ck_assert(!policy_listed("a", "ab"));
	ck_assert(!policy_listed("A", "a"));
	ck_assert(!policy_listed("", ""));
	ck_assert(!policy_listed("a b", ""));
}
END_TEST

START_TEST(unknown_twice_and_empty)
{
	assert_bad("backoff 1s\n\n\nfoo", "4: unknown name \"foo\"");
	assert_bad("foo bar", "1: unknown name \"foo\"");
	assert_bad("Timeout 1s", "1: unknown name \"Timeout\"");
	assert_bad("time 1s", "1: unknown name \"time\"");
	assert_bad("timeouts 1s", "1: unknown name \"timeouts\"");
	assert_bad("\nbackoff 1s\ntimeout 1s\n\nbackoff 1s\n", "5: backoff given twice (first on line 2)");
	assert_bad("\n  timeout  \n", "2: timeout has no value");
	assert_bad("handler", "1: handler has no value");
	assert_bad("handler #none", "1: handler has no value");
	assert_bad("result-type \\\n", "1: result-type has no value");
	assert_bad("\357\273\277timeout 1s", "1: unknown name \"\357\273\277timeout\"");
}
END_TEST

/* The line that an error names is where the setting starts. */
START_TEST(line_numbers)
{
	assert_bad("#a\n#b\nfoo", "3: unknown name \"foo\"");
	assert_bad("#a \\\n#b\n#\n\nfoo", "5: unknown name \"foo\"");
	assert_bad("# a\n #b\n# c\nfoo # d", "4: unknown name \"foo\"");
	assert_bad("handler a \\\nb \\\nc\nfoo", "4: unknown name \"foo\"");
	assert_bad("# a\nmax-size \\\n \\\n x\nfoo\n", "2: max-size: \"x\" is not a size such as 64K, 10M or 1G");
	assert_bad("timeout 1s\n# a\nhandler a \\\n b\n# b\ntimeout 2s", "6: timeout given twice (first on line 1)");
	assert_bad("handler \\\n a\nhandler b", "3: handler given twice (first on line 1)");
	assert_bad("# a\n# b\nhandler \\\n a\n# c\n\nhandler b", "7: handler given twice (first on line 3)");
	assert_bad("\\\nfoo", "1: unknown name \"foo\"");
}
END_TEST

static void
assert_line_at(size_t comments, size_t blanks, size_t continued)
{
	char text[1000] = "", want[100];
	size_t i;

	for (i = 0; i < comments; i++)
		strcat(text, i % 2 ? "#\n" : "# x\\\n");
	for (i = 0; i < blanks; i++)
		strcat(text, i % 2 ? "\n" : " #\n");
	for (i = 0; i < comments / 2; i++)
		strcat(text, "# y\n");
	strcat(text, "handler ");
	for (i = 0; i < continued; i++)
		strcat(text, "a\\\n");
	strcat(text, "\nhandler b # c\n");
	snprintf(want, sizeof(want), "%zu: handler given twice (first on line %zu)",
	    comments + blanks + comments / 2 + 2 + continued, comments + blanks + comments / 2 + 1);
	assert_bad(text, want);
}

START_TEST(line_numbers_of_many_shapes)
{
	size_t a, b, c;

	for (a = 0; a < 5; a++)
		for (b = 0; b < 5; b++)
			for (c = 1; c < 5; c++)
				assert_line_at(a, b, c);
}
END_TEST

START_TEST(bytes)
{
	static const char nul[] = "timeout 1s\nhandler a\0b\n";

	assert_bad_bytes(nul, sizeof(nul) - 1, "2: a control character (byte 0x00)");
	assert_bad_bytes("", 1, "1: a control character (byte 0x00)");
	assert_bad("timeout 1s\r\nbackoff 1s\r\n", "1: a carriage return; lines end in LF alone");
	assert_bad("\n#\n# \33[2J\n", "3: a control character (byte 0x1b)");
	assert_bad("handler a\177", "1: a control character (byte 0x7f)");
	assert_bad("handler a\fb", "1: a control character (byte 0x0c)");
}
END_TEST

START_TEST(long_values)
{
	char text[POLICY_HANDLER_MAX + 100];
	struct policy p;

	snprintf(text, sizeof(text), "handler %0*d  # x\n", POLICY_HANDLER_MAX - 1, 0);
	p = assert_reads(text);
	ck_assert_uint_eq(strlen(p.handler), POLICY_HANDLER_MAX - 1);
	snprintf(text, sizeof(text), "handler %0*d\n", POLICY_HANDLER_MAX, 0);
	assert_bad(text, "1: handler is longer than 1023 bytes");
	snprintf(text, sizeof(text), "result-type a/%0*d\n", POLICY_TYPE_MAX - 3, 0);
	p = assert_reads(text);
	ck_assert_uint_eq(strlen(p.result_type), POLICY_TYPE_MAX - 1);
	snprintf(text, sizeof(text), "result-type a/%0*d\n", POLICY_TYPE_MAX - 2, 0);
	assert_bad(text, "1: result-type is longer than 127 bytes");
	/* Only the beginning of it is told. */
	snprintf(text, sizeof(text), "timeout %0*d\n", 500, 0);
	assert_bad(text, "1: timeout: \"" "00000000000000000000000000000000" "00000000000000000000000000000000"
	    "\" must be more than 0");
}
END_TEST

START_TEST(large_files)
{
	enum { MAX = 65536 };
	char *text = malloc(MAX + 2);

	memset(text, '#', MAX + 1);
	text[MAX + 1] = '\0';
	memcpy(text, "timeout 7s\n", 11);
	text[MAX] = '\0';
	ck_assert_int_eq(assert_reads(text).timeout, 7 * SECOND);
	text[MAX] = '#';
	assert_bad(text, "2: the file is larger than 65536 bytes");
	/* One logical line of it all. */
	memset(text, ' ', MAX);
	memcpy(text, "timeout", 7);
	memcpy(text + MAX - 3, "7s\n", 3);
	text[MAX] = '\0';
	ck_assert_int_eq(assert_reads(text).timeout, 7 * SECOND);
	free(text);
}
END_TEST

START_TEST(types)
{
	static const char *const good[] = {
		"text/plain", "text/plain; charset=utf-8", "text/plain;charset=utf-8", "text/plain ;  charset=utf-8;a=b",
		"application/vnd.api+json", "a/b; c=\"d e; f=g\"", "a/b; c=\"\\\"\"", "a/b; c=\"\"", "multipart/mixed; boundary=x"
	};
	static const char *const bad[] = {
		"text", "text/", "/plain", "/", "text/plain;", "text/plain; ", "text/plain; charset", "text/plain; charset=",
		"text/plain charset=utf-8", "text / plain", "text/plain/x", "text/plain; =x", "a/b; c=\"", "a/b; c=\"\\\"",
		"a/b; c=\"d\"e", "a/b, c/d", "te:xt/plain", "a/b; c=d e", "gr\303\274n/x", "a/b;;c=d"
	};
	char text[200], want[300];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "result-type %s\n", good[i]);
		ck_assert_str_eq(assert_reads(text).result_type, good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t len = strlen(bad[i]);

		snprintf(text, sizeof(text), "result-type %s\n", bad[i]);
		/* Blanks at the end don't belong to it. */
		while (bad[i][len - 1] == ' ')
			len--;
		snprintf(want, sizeof(want),
		    "1: result-type: \"%.*s\" is not a media type such as text/plain; charset=utf-8", (int)len, bad[i]);
		assert_bad(text, want);
	}
}
END_TEST

START_TEST(reads_over_what_is_there)
{
	struct policy p;
	char why[100];

	policy_defaults(&p);
	p.timeout = 1;
	p.backoff = 2;
	ck_assert_int_eq(read_bytes("backoff 3s", 10, &p, why, sizeof(why)), 0);
	ck_assert_int_eq(p.timeout, 1);
	ck_assert_int_eq(p.backoff, 3 * SECOND);
}
END_TEST

START_TEST(small_buffers_for_the_reason)
{
	struct policy p;
	char why[8] = "-------";

	policy_defaults(&p);
	ck_assert_int_eq(read_bytes("foo", 3, &p, why, 6), -1);
	ck_assert_str_eq(why, "1: un");
	ck_assert_int_eq(why[6], '-');
	ck_assert_int_eq(read_bytes("foo", 3, &p, why, 1), -1);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(read_bytes("foo", 3, &p, NULL, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(read_errors)
{
	FILE *f = fopen("/", "r");
	struct policy p;
	char why[100] = "x";

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(policy_read(f, &p, why, sizeof(why)), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_str_eq(why, "");
	fclose(f);
}
END_TEST

static void
assert_delays(int64_t backoff, int64_t max, int attempts, int64_t whole)
{
	struct policy p = { .backoff = backoff, .backoff_max = max };
	int64_t least = INT64_MAX, most = -1;
	int i;

	for (i = 0; i < 1000; i++) {
		int64_t d = policy_delay(&p, attempts);

		ck_assert_int_ge(d, whole / 2);
		ck_assert_int_le(d, whole);
		least = d < least ? d : least;
		most = d > most ? d : most;
	}
	/* A thousand draws reach into the first and the last tenth of what is drawn from. */
	ck_assert_int_le(least - whole / 2, whole / 20);
	ck_assert_int_le(whole - most, whole / 20);
}

START_TEST(delays)
{
	assert_delays(10 * SECOND, 3600 * SECOND, 1, 10 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 0, 10 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 2, 20 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 5, 160 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 9, 2560 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 10, 3600 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, ID_ATTEMPTS_MAX, 3600 * SECOND);
	assert_delays(10 * SECOND, 3600 * SECOND, 1 << 30, 3600 * SECOND);
	assert_delays(10 * SECOND, 5 * SECOND, 1, 5 * SECOND);
	assert_delays(10 * SECOND, 0, 3, 0);
	assert_delays(0, 3600 * SECOND, 1 << 30, 0);
	/* Longer than 32 bits of microseconds, up to what a policy may say. */
	assert_delays(86400 * SECOND, 7 * 86400 * SECOND, 3, 4 * 86400 * SECOND);
	assert_delays(SECOND, INT64_C(36525) * 86400 * SECOND, ID_ATTEMPTS_MAX, SECOND << 31);
	assert_delays(INT64_MAX, INT64_MAX, ID_ATTEMPTS_MAX, INT64_MAX);
	assert_delays(1, INT64_MAX, 1 << 30, INT64_MAX);
}
END_TEST

START_TEST(small_delays_take_every_value)
{
	struct policy p = { .backoff = 5, .backoff_max = 5 };
	int seen[6] = { 0 }, i;

	for (i = 0; i < 1000; i++)
		seen[policy_delay(&p, 1)]++;
	ck_assert_int_eq(seen[0] + seen[1], 0);
	for (i = 2; i <= 5; i++)
		ck_assert_int_gt(seen[i], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, defaults);
	tcase_add_test(t, every_setting);
	tcase_add_test(t, comments_and_continuations);
	tcase_add_test(t, numbers_out_of_range);
	tcase_add_test(t, limits_out_of_range);
	tcase_add_test(t, who_may);
	tcase_add_test(t, lists);
	tcase_add_test(t, unknown_twice_and_empty);
	tcase_add_test(t, line_numbers);
	tcase_add_test(t, line_numbers_of_many_shapes);
	tcase_add_test(t, bytes);
	tcase_add_test(t, long_values);
	tcase_add_test(t, large_files);
	tcase_add_test(t, types);
	tcase_add_test(t, reads_over_what_is_there);
	tcase_add_test(t, small_buffers_for_the_reason);
	tcase_add_test(t, read_errors);
	tcase_add_test(t, delays);
	tcase_add_test(t, small_delays_take_every_value);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
