#include "http_json.h"

#include <string.h>

enum state {
	VALUE,
	ITEM_OR_END,    /* behind '[' */
	KEY_OR_END,     /* behind '{' */
	KEY,            /* behind ',' in an object */
	COLON,
	AFTER,          /* behind a value */
	STRING, ESCAPE, HEX1, HEX2, HEX3, HEX4,
	WORD,
	MINUS, ZERO, DIGITS, POINT, FRACTION, EXPONENT, SIGN, POWER
};

static int
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static int
is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int
is_object(const struct http_json *j)
{
	return j->objects[(j->depth - 1) / 8] >> (j->depth - 1) % 8 & 1;
}

static int
open_bracket(struct http_json *j, int object)
{
	unsigned char bit = (unsigned char)(1U << j->depth % 8);

	if (j->depth == HTTP_JSON_DEPTH)
		return -1;
	if (object)
		j->objects[j->depth / 8] |= bit;
	else
		j->objects[j->depth / 8] &= (unsigned char)~bit;
	j->depth++;
	return object ? KEY_OR_END : ITEM_OR_END;
}

static int
close_bracket(struct http_json *j, unsigned char c)
{
	if (j->depth == 0 || is_object(j) != (c == '}'))
		return -1;
	j->depth--;
	return AFTER;
}

static int
begin_word(struct http_json *j, const char *rest)
{
	j->word = rest;
	return WORD;
}

static int
begin_string(struct http_json *j, int key)
{
	j->in_key = key;
	return STRING;
}

static int
begin_value(struct http_json *j, unsigned char c)
{
	switch (c) {
	case '"':
		return begin_string(j, 0);
	case '[':
	case '{':
		return open_bracket(j, c == '{');
	case 't':
		return begin_word(j, "rue");
	case 'f':
		return begin_word(j, "alse");
	case 'n':
		return begin_word(j, "ull");
	case '-':
		return MINUS;
	case '0':
		return ZERO;
	default:
		return is_digit(c) ? DIGITS : -1;
	}
}

static int
after(struct http_json *j, unsigned char c)
{
	if (is_blank(c))
		return AFTER;
	if (c == ',' && j->depth > 0)
		return is_object(j) ? KEY : VALUE;
	return c == ']' || c == '}' ? close_bracket(j, c) : -1;
}

/* RFC 3629: neither overlong nor beyond what there is, and no surrogates. */
static int
begin_character(struct http_json *j, unsigned char c)
{
	j->low = 0x80;
	j->high = 0xbf;
	if (c < 0xc2 || c > 0xf4)
		return -1;
	j->more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		j->low = 0xa0;
	else if (c == 0xed)
		j->high = 0x9f;
	else if (c == 0xf0)
		j->low = 0x90;
	else if (c == 0xf4)
		j->high = 0x8f;
	return STRING;
}

static int
string_byte(struct http_json *j, unsigned char c)
{
	if (j->more > 0) {
		if (c < j->low || c > j->high)
			return -1;
		j->more--;
		j->low = 0x80;
		j->high = 0xbf;
		return STRING;
	}
	if (c == '"')
		return j->in_key ? COLON : AFTER;
	if (c == '\\')
		return ESCAPE;
	if (c < ' ')
		return -1;
	return c < 0x80 ? STRING : begin_character(j, c);
}

static int
escape_byte(int state, unsigned char c)
{
	if (state == ESCAPE)
		return c == 'u' ? HEX1 : c != '\0' && strchr("\"\\/bfnrt", c) != NULL ? STRING : -1;
	if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
		return -1;
	return state == HEX4 ? STRING : state + 1;
}

static int
number_byte(struct http_json *j, unsigned char c)
{
	int digit = is_digit(c), power = c == 'e' || c == 'E';

	switch ((enum state)j->state) {
	case MINUS:
		return c == '0' ? ZERO : digit ? DIGITS : -1;
	case ZERO:
		return c == '.' ? POINT : power ? EXPONENT : after(j, c);
	case DIGITS:
		return digit ? DIGITS : c == '.' ? POINT : power ? EXPONENT : after(j, c);
	case POINT:
		return digit ? FRACTION : -1;
	case FRACTION:
		return digit ? FRACTION : power ? EXPONENT : after(j, c);
	case EXPONENT:
		return c == '+' || c == '-' ? SIGN : digit ? POWER : -1;
	case SIGN:
		return digit ? POWER : -1;
	default:
		return digit ? POWER : after(j, c);
	}
}

static int
word_byte(struct http_json *j, unsigned char c)
{
	if (c != (unsigned char)*j->word)
		return -1;
	return *++j->word == '\0' ? AFTER : WORD;
}

/* Between tokens. */
static int
structure_byte(struct http_json *j, unsigned char c)
{
	if (is_blank(c))
		return j->state;
	switch ((enum state)j->state) {
	case ITEM_OR_END:
		return c == ']' ? close_bracket(j, c) : begin_value(j, c);
	case KEY_OR_END:
		if (c == '}')
			return close_bracket(j, c);
		return c == '"' ? begin_string(j, 1) : -1;
	case KEY:
		return c == '"' ? begin_string(j, 1) : -1;
	case COLON:
		return c == ':' ? VALUE : -1;
	case AFTER:
		return after(j, c);
	default:
		return begin_value(j, c);
	}
}

static int
next(struct http_json *j, unsigned char c)
{
	if (j->state <= AFTER)
		return structure_byte(j, c);
	if (j->state == STRING)
		return string_byte(j, c);
	if (j->state <= HEX4)
		return escape_byte(j->state, c);
	return j->state == WORD ? word_byte(j, c) : number_byte(j, c);
}

int
http_json_push(struct http_json *j, const void *buf, size_t n)
{
	const unsigned char *p = buf, *end = p + n;
	int state;

	for (; p < end; p++) {
		if ((state = next(j, *p)) == -1)
			return -1;
		j->state = state;
		j->at++;
	}
	return 0;
}

int
http_json_ended(const struct http_json *j)
{
	return j->depth == 0 && (j->state == AFTER || j->state == ZERO || j->state == DIGITS || j->state == FRACTION ||
	    j->state == POWER);
}
