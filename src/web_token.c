#include "web_token.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include <sha2.h>

#include "http_value.h"
#include "policy.h"
#include "policy_lines.h"

#define SCHEME "sha256:"
#define BEARER "Bearer"

enum { HEX = SHA256_DIGEST_LENGTH * 2 };

struct search {
	struct policy_lines lines;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	const char *queue;
	struct web_token *t;
	size_t found;       /* the line; 0: none so far */
};

static int
nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));

	return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* -1: not 64 hexadecimal digits. */
static int
take_hex(const char *text, unsigned char digest[SHA256_DIGEST_LENGTH])
{
	int high, low;
	size_t i;

	if (strlen(text) != HEX)
		return -1;
	for (i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		if ((high = nibble(text[2 * i])) == -1 || (low = nibble(text[2 * i + 1])) == -1)
			return -1;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* In a time that does not tell where they differ. */
static int
is_same(const unsigned char *a, const unsigned char *b)
{
	volatile unsigned char differ = 0;
	size_t i;

	for (i = 0; i < SHA256_DIGEST_LENGTH; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* The queues of a line; *here and *all tell whether the one asked for, and every one, is among them. */
static int
take_queues(struct search *s, char *queue, int *here, int *all)
{
	char *next;

	if (*queue == '\0')
		return policy_wrong(&s->lines, "no queue: a line is NAME sha256:HEX RIGHTS QUEUE...");
	for (; *queue != '\0'; queue = next) {
		next = policy_cut(queue);
		if (strcmp(queue, "*") == 0)
			*here = *all = 1;
		else if (!id_valid_word(queue))
			return policy_wrong(&s->lines, "\"%.64s\" is neither the name of a queue nor *", queue);
		else if (strcmp(queue, s->queue) == 0)
			*here = 1;
	}
	return 0;
}

static int
take_line(void *arg, char *name)
{
	struct search *s = arg;
	char *hash = policy_cut(name), *rights = policy_cut(hash), *queues = policy_cut(rights);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	int here = 0, all = 0;
	unsigned may;

	if (!id_valid_word(name))
		return policy_wrong(&s->lines, "\"%.64s\" is not a name (letters, digits, \"._-\", at most %d)", name, ID_WORD_MAX);
	/* What stands there may be the token itself: it is not repeated. */
	if (strncmp(hash, SCHEME, sizeof(SCHEME) - 1) != 0 || take_hex(hash + sizeof(SCHEME) - 1, digest) == -1)
		return policy_wrong(&s->lines, "%s: what follows the name is not " SCHEME " and %d hexadecimal digits", name, HEX);
	if (policy_rights(rights, ",", &may) == -1)
		return policy_wrong(&s->lines, "%s: \"%.64s\" is not a list of submit, read and operate with commas between them", name,
		    rights);
	if (take_queues(s, queues, &here, &all) == -1)
		return -1;
	if (!is_same(digest, s->digest))
		return 0;
	if (s->found != 0 && strcmp(s->t->name, name) != 0)
		return policy_wrong(&s->lines, "%s: the same token as that of %s on line %zu", name, s->t->name, s->found);
	(void)strlcpy(s->t->name, name, sizeof(s->t->name));
	s->t->may |= here ? may : 0;
	s->t->may_all |= all ? may : 0;
	s->found = s->lines.line;
	return 0;
}

int
web_token_find(FILE *f, const char *token, const char *queue, struct web_token *t, char *why, size_t size)
{
	struct search s = { .lines = { .each = take_line, .arg = &s, .why = why, .size = size }, .queue = queue, .t = t };
	SHA2_CTX ctx;

	*t = (struct web_token){ .may = 0 };
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)token, strlen(token));
	SHA256Final(s.digest, &ctx);
	if (policy_lines(&s.lines, f) == -1)
		return -1;
	return s.found != 0;
}

int
web_token_shown(const struct http_request *req, char token[WEB_TOKEN_MAX], int *in_query)
{
	const char *field = req->field[HTTP_AUTHORIZATION];
	size_t n = sizeof(BEARER) - 1;
	int r = http_query(req->query, "access_token", token, WEB_TOKEN_MAX);

	*in_query = r != 0;
	/* Other schemes are the web server's. */
	if (field == NULL || strncasecmp(field, BEARER, n) != 0 || (field[n] != ' ' && field[n] != '\0'))
		return r == 1 && *token == '\0' ? -1 : r;
	field += n + strspn(field + n, " ");
	if (r != 0 || *field == '\0' || strlcpy(token, field, WEB_TOKEN_MAX) >= WEB_TOKEN_MAX)
		return -1;
	return 1;
}
