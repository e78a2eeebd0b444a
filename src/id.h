/*
 * id: the names of jobs and queues; spool-layout.md, "Names", is the specification.
 *
 * A file name is an ID and, where the state adds them, ",A=<attempts>" and ",X=<reason>". An ID is a stem
 * [A-Za-z0-9_][A-Za-z0-9._-]{0,63} and attributes ",Name=value" fixed at submission: P (priority 0..9), G (ordering
 * group, itself like a stem), and any that a later version knows, which are kept as they are.
 */
#ifndef WQW_ID_H
#define WQW_ID_H

#include <stddef.h>
#include <stdint.h>

enum {
	ID_MAX = 230,       /* bytes in an ID, without the NUL; leaves room for ",A=32,X=malformed" in NAME_MAX */
	ID_NAME_MAX = 255,  /* bytes in a file name, without the NUL */
	ID_WORD_MAX = 64,   /* a stem, a queue's name, an attribute's value */
	ID_ATTEMPTS_MAX = 32,
	ID_PRIORITY_DEFAULT = 5
};

enum id_reason {  /* why a job is in failed/; the values of X */
	ID_NONE, ID_EXIT, ID_SIGNAL, ID_TIMEOUT, ID_LOST, ID_CANCELLED, ID_EXPIRED, ID_LIMIT, ID_MALFORMED, ID_REASONS
};

struct id_name {
	char id[ID_MAX + 1];
	int attempts;          /* 0 where the name has no A */
	enum id_reason reason; /* ID_NONE where the name has no X */
	int priority;
	int64_t time;          /* of submission, microseconds; -1 where the stem does not tell */
	char group[ID_WORD_MAX + 1];
};

/* A new ID: time now, 80 random bits; `priority` and `group` (NULL: none) only where they differ from the default. */
int id_new(char id[ID_MAX + 1], int priority, const char *group);

/*
 * An ID that follows from another, and is the same each time: the parent's time and `later` microseconds (now, where the
 * parent's stem tells none), and 80 bits of a digest of the parent's ID and `what`.
 */
int id_derive(char id[ID_MAX + 1], const char *parent, const char *what, int64_t later, int priority, const char *group);

/* Gives an ID that id_new or id_derive made another time. */
int id_set_time(char id[ID_MAX + 1], int64_t time);

/* Of an ID whose stem tells its time: 0 to ID_RANKS - 1, in the order in which those of one microsecond sort. */
enum { ID_RANKS = 1024 };

int id_rank(const char *id);

/* Splits a file name. EINVAL where it is not one. */
int id_parse(const char *name, struct id_name *out);

/* The file name for an ID in a state with these attempts and this reason. Returns `name`. */
char *id_file(char name[ID_NAME_MAX + 1], const char *id, int attempts, enum id_reason reason);

int id_valid(const char *id);        /* 1 where it is an ID: parses, and has neither A nor X */
int id_valid_word(const char *word); /* 1 where it is a stem: also a queue's name and a group */
int id_is_route(const char *word);   /* 1 where the web front has something else at this name than a queue */

const char *id_reason_name(enum id_reason reason);  /* "exit", "signal", ...; "" for ID_NONE */
enum id_reason id_reason_parse(const char *name);   /* ID_NONE where unknown */

#endif
