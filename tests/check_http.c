#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "http_chunks.h"
#include "http_form.h"
#include "http_json.h"
#include "http_lines.h"
#include "http_origin.h"
#include "http_prefer.h"
#include "http_value.h"
#include "trace.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- http_value */

START_TEST(paths)
{
	static const struct { const char *raw, *want; } good[] = {
		{ "", "" }, { "/", "/" }, { "/a%20b", "/a b" }, { "/a+b", "/a+b" }, { "/%C3%a9", "/\xc3\xa9" }, { "/%2541", "/%41" },
		{ "/a%2Cb", "/a,b" }
	};
	static const char *const bad[] = {
		"/%", "/%4", "/%zz", "/%4g", "/%00", "/%0a", "/%1f", "/%7F", "/%2f", "/%2F", "/a\nb", "/\x7f"
	};
	char out[16];
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		ck_assert_msg(http_path_decode(good[i].raw, strlen(good[i].raw), out, sizeof(out)) == 0, "%s", good[i].raw);
		ck_assert_str_eq(out, good[i].want);
	}
	for (i = 0; i < COUNT(bad); i++) {
		errno = 0;
		ck_assert_msg(http_path_decode(bad[i], strlen(bad[i]), out, sizeof(out)) == -1, "%s", bad[i]);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_int_eq(http_path_decode("/a\0b", 4, out, sizeof(out)), -1);
	ck_assert_int_eq(http_path_decode("123456789012345", 15, out, sizeof(out)), 0);
	ck_assert_int_eq(http_path_decode("1234567890123456", 16, out, sizeof(out)), -1);
	ck_assert_int_eq(errno, E2BIG);
	/* An escape that goes on behind the end is none. */
	ck_assert_int_eq(http_path_decode("/%41", 3, out, sizeof(out)), -1);
}
END_TEST

START_TEST(queries)
{
	static const struct { const char *query, *name, *want; int r; } table[] = {
		{ "", "a", "", 0 }, { "a=1", "a", "1", 1 }, { "b=2&a=1&a=3", "a", "1", 1 }, { "a", "a", "", 1 }, { "a=", "a", "", 1 },
		{ "aa=1", "a", "", 0 }, { "a=b+c%20d%2Be", "a", "b c d+e", 1 }, { "%61=1", "a", "1", 1 }, { "a=x=y", "a", "x=y", 1 },
		{ "&&a=1", "a", "1", 1 }, { "=1", "a", "", 0 }, { "a=%", "a", "", -1 }, { "a=%0a", "a", "", -1 }, { "%=1&a=1", "a", "1", 1 },
		{ "a=1234567", "a", "1234567", 1 }, { "a=12345678", "a", "", -1 }
	};
	char buf[8];
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		buf[0] = '\0';
		ck_assert_msg(http_query(table[i].query, table[i].name, buf, sizeof(buf)) == table[i].r, "%s", table[i].query);
		if (table[i].r == 1)
			ck_assert_str_eq(buf, table[i].want);
	}
}
END_TEST

START_TEST(qualities)
{
	static const struct { const char *accept, *type; int want; } table[] = {
		{ "*/*", "text/html", 1000 }, { "text/*", "text/html", 1000 }, { "text/*;q=0.5", "text/html", 500 },
		{ "text/html;q=0.001", "text/html", 1 }, { "text/html;q=0", "text/html", 0 }, { "text/html;level=1;q=0.4", "text/html", 400 },
		{ "*/*;q=0.8, text/html", "text/html", 1000 }, { "text/html;q=0.2, */*", "text/html", 200 },
		{ "text/*;q=0.3,text/html;q=0.7,*/*", "text/html", 700 }, { "TEXT/HTML", "text/html", 1000 },
		{ "application/json", "text/html", -1 }, { "", "text/html", -1 }, { "text/htm", "text/html", -1 },
		{ "text/html;q=2", "text/html", -1 }, { "text/html;q=x", "text/html", -1 }, { " , ,text/html ;q=0.5", "text/html", 500 },
		{ "text/html;q=1.000", "text/html", 1000 }, { "text/html;q=1.001", "text/html", -1 }, { "text/html;q=0.1234", "text/html", -1 }
	};
	size_t i;

	for (i = 0; i < COUNT(table); i++)
		ck_assert_msg(http_quality(table[i].accept, table[i].type) == table[i].want, "%s: %d", table[i].accept,
		    http_quality(table[i].accept, table[i].type));
}
END_TEST

START_TEST(parameters)
{
	static const struct { const char *value, *name, *want; int r; } table[] = {
		{ "a/b", "x", "", 0 }, { "a/b; x=1", "x", "1", 1 }, { "a/b;X=1", "x", "1", 1 }, { "a/b; y=\"; x=2\"; x=1", "x", "1", 1 },
		{ "a/b; x=\"q\\\"r\"", "x", "q\"r", 1 }, { "a/b; x=\"C:\\dir\"", "x", "C:\\dir", 1 }, { "a/b; x=\"", "x", "", -1 },
		{ "a/b; x=\"open", "x", "", -1 }, { "a/b; xx=1", "x", "", 0 }, { "a/b; x", "x", "", 0 }, { "a/b;;x=1", "x", "1", 1 },
		{ "a/b; x = 1", "x", "1", 1 }, { "a/b; x=", "x", "", 1 }, { "a/b; x=1234567890", "x", "", -1 }, { "a/b; y=\"\\", "x", "", -1 }
	};
	char buf[10];
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		ck_assert_msg(http_parameter(table[i].value, table[i].name, buf, sizeof(buf)) == table[i].r, "%s", table[i].value);
		if (table[i].r == 1)
			ck_assert_str_eq(buf, table[i].want);
	}
	ck_assert(http_is_type("Text/HTML; charset=x", "text/html"));
	ck_assert(!http_is_type("text/htmlx", "text/html"));
	ck_assert(!http_is_type("text/*", "text/html"));
}
END_TEST

START_TEST(filenames)
{
	static const struct { const char *value, *want; int r; } table[] = {
		{ "attachment; filename=a.txt", "a.txt", 1 }, { "attachment; filename=\"a b.txt\"", "a b.txt", 1 },
		{ "attachment; filename=\"/etc/passwd\"", "passwd", 1 }, { "attachment; filename=\"C:\\x\\y.png\"", "y.png", 1 },
		{ "attachment; filename=a; filename*=UTF-8''%C3%A9.txt", "\xc3\xa9.txt", 1 },
		{ "attachment; filename*=UTF-8''%C3%28; filename=a", "a", 1 }, { "attachment; filename*=utf-8'en'b", "b", 1 },
		{ "attachment; filename*=latin1''%E9; filename=a", "a", 1 }, { "attachment; filename*=UTF-8''%2e%2e; filename=a", "a", 1 },
		{ "attachment; filename*=UTF-8''a%0ab; filename=a", "a", 1 }, { "attachment", "", 0 }, { "attachment; filename=..", "", 0 },
		{ "attachment; filename=\"a/\"", "", 0 }, { "attachment; filename=\"\xff\"", "", 0 }, { "attachment; filename=\"\xc0\xaf\"", "", 0 },
		{ "attachment; filename=\"\xed\xa0\x80\"", "", 0 }, { "attachment; filename=\"\xf4\x90\x80\x80\"", "", 0 },
		{ "attachment; filename=\"  a  \"", "a", 1 }, { "attachment; filename=\"a", "", -1 }
	};
	char buf[HTTP_FILENAME_MAX + 1];
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		ck_assert_msg(http_filename(table[i].value, buf) == table[i].r, "%s: %d", table[i].value, http_filename(table[i].value, buf));
		if (table[i].r == 1)
			ck_assert_str_eq(buf, table[i].want);
	}
}
END_TEST

START_TEST(ranges)
{
	static const struct { const char *value; int r, first, n; } table[] = {
		{ "bytes=0-4", 1, 0, 5 }, { "bytes=0-99", 1, 0, 10 }, { "bytes=9-", 1, 9, 1 }, { "bytes=-1", 1, 9, 1 }, { "bytes=-99", 1, 0, 10 },
		{ "bytes=10-", -1, 0, 0 }, { "bytes=-0", -1, 0, 0 }, { "bytes=99999999999999999999999999-", -1, 0, 0 },
		{ "bytes=0-99999999999999999999999999", 1, 0, 10 }, { "bytes=-99999999999999999999999999", 1, 0, 10 }, { "BYTES=0-0", 1, 0, 1 },
		{ "bytes=5-4", 0, 0, 0 }, { "bytes=-", 0, 0, 0 }, { "bytes=", 0, 0, 0 }, { "bytes=1", 0, 0, 0 }, { "bytes=1-2,4-5", 0, 0, 0 },
		{ "bytes=+1-2", 0, 0, 0 }, { "bytes=1--2", 0, 0, 0 }, { "bytes=a-b", 0, 0, 0 }, { "lines=1-2", 0, 0, 0 }, { "", 0, 0, 0 },
		{ "bytes= 1-2 ", 1, 1, 2 }, { "bytes=1 -2", 0, 0, 0 }
	};
	off_t first, n;
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		ck_assert_msg(http_range(table[i].value, 10, &first, &n) == table[i].r, "%s", table[i].value);
		if (table[i].r == 1)
			ck_assert_msg(first == table[i].first && n == table[i].n, "%s: %jd+%jd", table[i].value, (intmax_t)first, (intmax_t)n);
	}
	ck_assert_int_eq(http_range("bytes=0-", 0, &first, &n), -1);
	ck_assert_int_eq(http_range("bytes=-5", 0, &first, &n), -1);
}
END_TEST

START_TEST(tags)
{
	static const struct { const char *list; int strong, weak; } table[] = {
		{ "*", 1, 1 }, { "\"x\"", 1, 1 }, { "\"y\"", 0, 0 }, { "\"y\", \"x\"", 1, 1 }, { "W/\"x\"", 0, 1 }, { "\"y,\\\", \"x\"", 1, 1 }, { "x", 0, 0 },
		{ "\"x", 0, 0 }, { "", 0, 0 }, { "* , \"y\"", 0, 0 }, { ",,\"x\"", 1, 1 }, { "\"xx\"", 0, 0 }
	};
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		ck_assert_msg(http_etag_listed(table[i].list, "\"x\"", 0) == table[i].strong, "strong: %s", table[i].list);
		ck_assert_msg(http_etag_listed(table[i].list, "\"x\"", 1) == table[i].weak, "weak: %s", table[i].list);
	}
}
END_TEST

START_TEST(words)
{
	static const char *const hosts[] = { "a", "a.example", "a.example:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]" };
	static const char *const no_hosts[] = { "", ":80", "a b", "a/b", "a:b", "a:80:80", "[::1", "[]", "[::1]x", "a@b", "a\r\nb", "\xc3\xa9" };
	static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	char t[80];
	size_t i;

	for (i = 0; i < COUNT(hosts); i++)
		ck_assert_msg(http_valid_host(hosts[i]), "%s", hosts[i]);
	for (i = 0; i < COUNT(no_hosts); i++)
		ck_assert_msg(!http_valid_host(no_hosts[i]), "%s", no_hosts[i]);
	ck_assert(http_valid_token("X-a_b!") && !http_valid_token("") && !http_valid_token("a b") && !http_valid_token("a:"));
	ck_assert(trace_valid_parent(trace));
	/* Each character counts: a blank in its place is wrong. */
	for (i = 0; i < sizeof(trace) - 1; i++) {
		memcpy(t, trace, sizeof(trace));
		t[i] = ' ';
		ck_assert_msg(!trace_valid_parent(t), "%s", t);
		t[i] = '\0';
		ck_assert_msg(!trace_valid_parent(t), "%s", t);
	}
	ck_assert(!trace_valid_parent("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	ck_assert(!trace_valid_parent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
	ck_assert(!trace_valid_parent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
	ck_assert(!trace_valid_parent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	ck_assert(!trace_valid_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"));
	ck_assert(trace_valid_parent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"));
	ck_assert(trace_valid_state("a=b,c=d") && !trace_valid_state("a") && !trace_valid_state("a=\n"));
}
END_TEST

START_TEST(origins)
{
	static const char *const local[] = { "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1" };
	static const char *const remote[] = { "", "126.0.0.1", "128.0.0.1", "127.1", "::", "::2", "::127.0.0.1", "::ffff:10.0.0.1", "localhost", "1::1" };
	static const char *const hosts[] = { "localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80" };
	static const char *const others[] = { "", "localhost.example", "example:127.0.0.1", "127.0.0.1.example", "[::2]:80", "[", "::1" };
	static const struct { const char *origin, *host; int same; } table[] = {
		{ "http://a", "a", 1 }, { "http://A.example:81", "a.EXAMPLE:81", 1 }, { "https://a:443", "a", 1 }, { "https://a", "a:443", 1 },
		{ "http://a:80", "a", 1 }, { "http://a:443", "a", 0 }, { "http://a", "b", 0 }, { "http://a", "a:81", 0 }, { "null", "null", 0 },
		{ "http://ab", "a", 0 }, { "http://a", "ab", 0 }, { "http://", "", 0 }, { "http://a", NULL, 0 }, { "ftp://a", "a", 0 }, { "", "", 0 },
		{ "http://a.evil", "a", 0 }, { "http://a/", "a", 0 }
	};
	size_t i;

	for (i = 0; i < COUNT(local); i++)
		ck_assert_msg(http_is_loopback(local[i]), "%s", local[i]);
	for (i = 0; i < COUNT(remote); i++)
		ck_assert_msg(!http_is_loopback(remote[i]), "%s", remote[i]);
	for (i = 0; i < COUNT(hosts); i++)
		ck_assert_msg(http_is_local_host(hosts[i]), "%s", hosts[i]);
	for (i = 0; i < COUNT(others); i++)
		ck_assert_msg(!http_is_local_host(others[i]), "%s", others[i]);
	for (i = 0; i < COUNT(table); i++)
		ck_assert_msg(http_same_origin(table[i].origin, table[i].host) == table[i].same, "%s", table[i].origin);
}
END_TEST

/* --- http_chunks */

/* Decodes a body pushed in pieces that end at `a` and `b`, into out. -1: refused. */
static ssize_t
decode(const char *body, size_t n, size_t a, size_t b, char *out, struct http_chunks *c)
{
	const size_t ends[] = { a, b, n };
	size_t at = 0, used = 0, i;
	ssize_t got;

	*c = (struct http_chunks){ 0 };
	for (i = 0; i < COUNT(ends); i++) {
		/* In a place of its own, so that a step over its end is noticed under a sanitizer. */
		char *piece = malloc(ends[i] - at + 1);

		memcpy(piece, body + at, ends[i] - at);
		got = http_chunks_decode(c, piece, ends[i] - at);
		if (got > 0) {
			memcpy(out + used, piece, (size_t)got);
			used += (size_t)got;
		}
		free(piece);
		if (got == -1)
			return -1;
		at = ends[i];
	}
	return (ssize_t)used;
}

START_TEST(chunks)
{
	static const char body[] = "5\r\nhello\r\n00a;x=\"y\" \r\n\r\n, world\r\r\n0;z\r\nA: b\r\nC: d\r\n\r\nGET /";
	struct http_chunks c;
	size_t n = sizeof(body) - 1, end = n - 5, a, b;
	char out[sizeof(body)];

	for (a = 0; a <= n; a++)
		for (b = a; b <= n; b++) {
			ck_assert_int_eq(decode(body, n, a, b, out, &c), 15);
			ck_assert_mem_eq(out, "hello\r\n, world\r", 15);
			ck_assert(http_chunks_ended(&c));
		}
	/* Cut short it has not ended. */
	for (a = 0; a < end; a++) {
		ck_assert_int_ge(decode(body, a, 0, a, out, &c), 0);
		ck_assert_msg(!http_chunks_ended(&c), "%zu", a);
	}
}
END_TEST

START_TEST(wrong_chunks)
{
	static const char *const table[] = {
		"\r\n", "x\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloo\r\n", "-5\r\nhello\r\n", "+5\r\nhello\r\n",
		" 5\r\nhello\r\n", "0x5\r\nhello\r\n", "5 5\r\nhello\r\n", "5\tx\r\nhello\r\n", "5;x\nhello\r\n", "5\rhello\r\n", "1000000000000000\r\n", "0000000000000005\r\n",
		"0\r\n\n", "0\r\nA: b\n\r\n", "0\r\nA\rB\r\n\r\n", ";x\r\n", "5,\r\nhello\r\n"
	};
	char out[64], *line;
	struct http_chunks c;
	size_t i, at, n;

	for (i = 0; i < COUNT(table); i++)
		for (n = strlen(table[i]), at = 0; at <= n; at++) {
			errno = 0;
			ck_assert_msg(decode(table[i], n, at, n, out, &c) == -1, "%s", table[i]);
			ck_assert_int_eq(errno, EBADMSG);
			ck_assert(http_chunks_ended(&c));
		}
	ck_assert_int_ne(http_chunks_decode(&(struct http_chunks){ 0 }, memcpy(out, "5\0\r\n", 4), 4), 0);
	/* A line without end is not read for ever. */
	line = malloc(10000);
	memset(line, 'x', 10000);
	memcpy(line, "5;", 2);
	ck_assert_int_eq(http_chunks_decode(&(struct http_chunks){ 0 }, line, 10000), -1);
	memset(line, 'x', 10000);
	memcpy(line, "0\r\n", 3);
	ck_assert_int_eq(http_chunks_decode(&(struct http_chunks){ 0 }, line, 10000), -1);
	free(line);
}
END_TEST

/* --- http_form */

#define PART(head, data) "--X-Y\r\n" head "\r\n\r\n" data "\r\n"
#define FILE_HEAD "Content-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\nContent-Type: image/png"
#define NOTE_HEAD "content-disposition:form-data;name=note"
#define TRICKY "\r\n--X\r\r\n--X-\r\n-X-Y\n--X-Y\r\n--X-Z--\r\r\n"

struct heard {
	char text[512];
	size_t len;
	int fail_part, fail_data;
};

static int
hear_part(void *arg, const struct http_part *p)
{
	struct heard *h = arg;

	h->len += (size_t)snprintf(h->text + h->len, sizeof(h->text) - h->len, "[%s|%s|%s]", p->name, p->filename, p->type);
	errno = EDOM;
	return h->fail_part ? -1 : 0;
}

static int
hear_data(void *arg, const void *buf, size_t n)
{
	struct heard *h = arg;

	ck_assert_uint_lt(h->len + n, sizeof(h->text));
	memcpy(h->text + h->len, buf, n);
	h->len += n;
	h->text[h->len] = '\0';
	errno = EDOM;
	return h->fail_data ? -1 : 0;
}

/* Pushes a body in pieces that end at `a` and `b`. */
static int
push(struct http_form *f, struct heard *h, const char *body, size_t n, size_t a, size_t b)
{
	const size_t ends[] = { a, b, n };
	size_t at = 0, i;
	int r = 0;

	ck_assert_int_eq(http_form_open(f, "multipart/form-data; boundary=X-Y"), 0);
	f->part = hear_part;
	f->data = hear_data;
	f->arg = h;
	h->len = 0;
	h->text[0] = '\0';
	for (i = 0; i < COUNT(ends) && r == 0; at = ends[i++]) {
		char *piece = malloc(ends[i] - at + 1);

		memcpy(piece, body + at, ends[i] - at);
		r = http_form_push(f, piece, ends[i] - at);
		free(piece);
	}
	return r;
}

START_TEST(forms)
{
	static const char *const bodies[] = {
		PART(NOTE_HEAD, "hi") PART(FILE_HEAD, TRICKY) PART("X: y", "") "--X-Y--\r\n",
		"preamble\r\n--X-\r\n" PART(NOTE_HEAD, "hi") PART(FILE_HEAD, TRICKY) PART("X: y", "") "--X-Y--epilogue\r\n--X-Y\r\n"
	};
	static const char want[] = "[note||]hi[f|a.png|image/png]" TRICKY "[||]";
	struct http_form f;
	struct heard h = { .len = 0 };
	size_t i, n, a, b;

	for (i = 0; i < COUNT(bodies); i++)
		for (n = strlen(bodies[i]), a = 0; a <= n; a++)
			for (b = a; b <= n; b++) {
				ck_assert_int_eq(push(&f, &h, bodies[i], n, a, b), 0);
				ck_assert_str_eq(h.text, want);
				ck_assert(http_form_ended(&f));
			}
	/* Cut short it has not ended. */
	for (n = (size_t)(strstr(bodies[0], "--X-Y--\r\n") - bodies[0]) + 7, a = 0; a < n; a++) {
		ck_assert_int_eq(push(&f, &h, bodies[0], a, 0, a), 0);
		ck_assert(!http_form_ended(&f));
	}
}
END_TEST

START_TEST(wrong_forms)
{
	static const char *const types[] = {
		"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a",
		"multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901"
	};
	static const char *const bodies[] = {
		"--X-Yx\r\n", "--X-Y\n", "--X-Y-x", "--X-Y \rx", "--X-Y\r\nA: b\n\r\n", "--X-Y\r\nA: b\r\n\n"
	};
	struct http_form f;
	struct heard h = { .len = 0 };
	char *line = malloc(5000);
	size_t i, at, n;

	for (i = 0; i < COUNT(types); i++) {
		errno = 0;
		ck_assert_msg(http_form_open(&f, types[i]) == -1 && errno == EINVAL, "%s", types[i]);
	}
	for (i = 0; i < COUNT(bodies); i++)
		for (n = strlen(bodies[i]), at = 0; at <= n; at++) {
			errno = 0;
			ck_assert_msg(push(&f, &h, bodies[i], n, at, n) == -1, "%s", bodies[i]);
			ck_assert_int_eq(errno, EBADMSG);
			ck_assert(!http_form_ended(&f));
		}
	ck_assert_int_eq(push(&f, &h, "--X-Y\r\nA:\0b\r\n\r\n", 16, 0, 16), -1);
	memset(line, 'x', 5000);
	memcpy(line, "--X-Y\r\n", 7);
	ck_assert_int_eq(push(&f, &h, line, 5000, 100, 200), -1);
	ck_assert_int_eq(errno, E2BIG);
	free(line);
	h.fail_part = 1;
	ck_assert_int_eq(push(&f, &h, bodies[0], 0, 0, 0), 0);
	ck_assert_int_eq(push(&f, &h, PART(FILE_HEAD, "x"), strlen(PART(FILE_HEAD, "x")), 0, 0), -1);
	ck_assert_int_eq(errno, EDOM);
	h = (struct heard){ .fail_data = 1 };
	ck_assert_int_eq(push(&f, &h, PART(FILE_HEAD, "x"), strlen(PART(FILE_HEAD, "x")), 0, 0), -1);
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* --- http_lines */

static int
hear_line(void *arg)
{
	struct heard *h = arg;

	h->len += (size_t)snprintf(h->text + h->len, sizeof(h->text) - h->len, "|");
	return 0;
}

START_TEST(lines)
{
	static const char body[] = "a\nbc\r\n\n\r\nd\re\r\r\nf";
	size_t n = sizeof(body) - 1, a, b, i;
	struct heard h;

	for (a = 0; a <= n; a++)
		for (b = a; b <= n; b++) {
			const size_t ends[] = { a, b, n };
			struct http_lines l = { .line = hear_line, .data = hear_data, .arg = &h };
			size_t at = 0;

			h = (struct heard){ .len = 0 };
			for (i = 0; i < COUNT(ends); at = ends[i++])
				ck_assert_int_eq(http_lines_push(&l, body + at, ends[i] - at), 0);
			ck_assert_str_eq(h.text, "|a|bc|d\re\r|f");
		}
}
END_TEST

START_TEST(json)
{
	static const char *const good[] = {
		"{}", "[]", "0", "-0", "1.5E-3", "\"\"", "true", " [ { \"a\" : [ 1 , null ] , \"b\" : { } } , \"\\u00e9\\\\\" ]\r\n", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""
	};
	static const char *const bad[] = {
		"", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "01", "1.", "1e", "+1", "-", "tru", "truee", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\t\"",
		"]", "[}", "{]", "{}[]", "\xef\xbb\xbf{}", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc3\"", "\"\xe2\x82\"", "\"\x80\"", "{,}", "[,1]"
	};
	char deep[2 * HTTP_JSON_DEPTH + 4];
	struct http_json j;
	size_t i, n, at;

	for (i = 0; i < COUNT(good); i++)
		for (n = strlen(good[i]), at = 0; at <= n; at++) {
			j = (struct http_json){ 0 };
			ck_assert_msg(http_json_push(&j, good[i], at) == 0 && http_json_push(&j, good[i] + at, n - at) == 0 &&
			    http_json_ended(&j), "%s", good[i]);
		}
	for (i = 0; i < COUNT(bad); i++) {
		j = (struct http_json){ 0 };
		ck_assert_msg(http_json_push(&j, bad[i], strlen(bad[i])) == -1 || !http_json_ended(&j), "%s", bad[i]);
	}
	memset(deep, '[', HTTP_JSON_DEPTH + 1);
	memset(deep + HTTP_JSON_DEPTH, ']', HTTP_JSON_DEPTH);
	j = (struct http_json){ 0 };
	ck_assert(http_json_push(&j, deep, (size_t)2 * HTTP_JSON_DEPTH) == 0 && http_json_ended(&j));
	deep[HTTP_JSON_DEPTH] = '[';
	j = (struct http_json){ 0 };
	ck_assert_int_eq(http_json_push(&j, deep, HTTP_JSON_DEPTH + 1), -1);
}
END_TEST

START_TEST(strings)
{
	static const struct { const char *value, *want; int r; } table[] = {
		{ "\"a b\"", "a b", 0 }, { " \"a\" ", "a", 0 }, { "\"a\\\"\\\\\"", "a\"\\", 0 }, { "\"a\";x=1", "a", 0 }, { "a-1", "a-1", 0 },
		{ "\"\"", "", 0 }, { "\"a", "", -1 }, { "\"a\\b\"", "", -1 }, { "\"a\"b", "", -1 }, { "a b", "", -1 }, { "a,b", "", -1 },
		{ "\"\t\"", "", -1 }, { "\"\x7f\"", "", -1 }, { "\"1234567890\"", "", -1 }, { "1234567890", "", -1 }, { "\"a\\", "", -1 }
	};
	static const struct { const char *prefer, *want; int r; } wants[] = {
		{ "wait=5", "5", 1 }, { "WAIT = 5", "5", 1 }, { "a, wait=\"5\";x, wait=6", "5", 1 }, { "wait", "", 1 }, { "waits=5", "", 0 }, { "", "", 0 },
		{ "x=\"a, wait=5\"", "", 0 }, { "x=\"", "", 0 }, { ",,wait=5", "5", 1 }, { "wait=1234567890", "", 0 }, { "x=wait=5", "", 0 }
	};
	char buf[10];
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		ck_assert_msg(http_string(table[i].value, buf, sizeof(buf)) == table[i].r, "%s", table[i].value);
		if (table[i].r == 0)
			ck_assert_str_eq(buf, table[i].want);
	}
	for (i = 0; i < COUNT(wants); i++) {
		ck_assert_msg(http_preference(wants[i].prefer, "wait", buf, sizeof(buf)) == wants[i].r, "%s", wants[i].prefer);
		if (wants[i].r == 1)
			ck_assert_str_eq(buf, wants[i].want);
	}
}
END_TEST

/* --- http */

START_TEST(replies)
{
	static const char want[] = "Status: 202 Accepted\r\nA: b\r\nLocation: /q/1\r\n\r\n";
	char buf[256], small[sizeof(want)];
	struct http_reply r;
	size_t n;

	http_reply_init(&r);
	ck_assert_int_eq(http_reply_field(&r, "A", "%s", "b"), 0);
	ck_assert_int_eq(http_reply_field(&r, "B", "a\r\nInjected: yes"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(http_reply_field(&r, "Location", "/%s/%d", "q", 1), 0);
	ck_assert_int_eq(http_reply_head(&r, "Status: 202 Accepted", buf, sizeof(buf)), (ssize_t)sizeof(want) - 1);
	ck_assert_str_eq(buf, want);
	ck_assert_int_eq(http_reply_head(&r, "Status: 202 Accepted", small, sizeof(small)), (ssize_t)sizeof(want) - 1);
	for (n = 1; n < sizeof(want); n++) {
		errno = 0;
		ck_assert_msg(http_reply_head(&r, "Status: 202 Accepted", small, n) == -1 && errno == E2BIG, "%zu", n);
	}
	for (n = 0; http_reply_field(&r, "Name", "%020d", 1) == 0; n++)
		ck_assert_uint_lt(n, HTTP_HEAD_MAX);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_uint_le(r.used, sizeof(r.head));
	http_reply_clear(&r);
	ck_assert_int_eq(http_reply_head(&r, "x", buf, sizeof(buf)), 5);
}
END_TEST

START_TEST(names)
{
	enum http_field f;
	char buf[64];

	ck_assert_int_eq(http_method_parse("POST"), HTTP_POST);
	ck_assert_int_eq(http_method_parse("post"), HTTP_OTHER);
	ck_assert_int_eq(http_method_parse(""), HTTP_OTHER);
	ck_assert_str_eq(http_method_list(HTTP_GET | HTTP_HEAD | HTTP_OPTIONS, buf, sizeof(buf)), "GET, HEAD, OPTIONS");
	ck_assert_str_eq(http_method_list(0, buf, sizeof(buf)), "");
	for (f = 0; f < HTTP_FIELDS; f++)
		ck_assert(http_valid_token(http_field_name(f)));
	ck_assert_str_eq(http_reason(404), "Not Found");
	ck_assert_str_eq(http_reason(299), "Unknown");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");
	SRunner *r;
	int failed;

	tcase_add_test(t, paths);
	tcase_add_test(t, queries);
	tcase_add_test(t, qualities);
	tcase_add_test(t, parameters);
	tcase_add_test(t, filenames);
	tcase_add_test(t, ranges);
	tcase_add_test(t, tags);
	tcase_add_test(t, words);
	tcase_add_test(t, origins);
	tcase_add_test(t, chunks);
	tcase_add_test(t, wrong_chunks);
	tcase_add_test(t, forms);
	tcase_add_test(t, wrong_forms);
	tcase_add_test(t, lines);
	tcase_add_test(t, json);
	tcase_add_test(t, strings);
	tcase_add_test(t, replies);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
