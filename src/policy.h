/*
 * policy: a queue's queue.conf, one `name value` on a line, `#` comments; queue.conf(5) is the specification.
 */
#ifndef WQW_POLICY_H
#define WQW_POLICY_H

#include <stdint.h>
#include <stdio.h>

#define POLICY_LIST " \t,"   /* what is between the words of a list */

enum { POLICY_KEY_RECORD, POLICY_KEY_ACTIVE };   /* an idempotency key is taken as long as its job has a record, or runs */
enum { POLICY_HANDLER_MAX = 1024, POLICY_TYPE_MAX = 128, POLICY_QUEUE_MAX = 1024, POLICY_LIST_MAX = 512, POLICY_GROUP_LIMIT_MAX = 64 };
enum { POLICY_SUBMIT = 1, POLICY_READ = 2, POLICY_OPERATE = 4 };   /* rights: bits */
enum { POLICY_RUNNING_MAX = 10000, POLICY_RATE_MAX = 1000000 };

struct policy {
	int64_t max_attempts;          /* 1..ID_ATTEMPTS_MAX */
	int64_t backoff, backoff_max;  /* microseconds: before the second attempt, and the cap of the doubling */
	int64_t timeout, kill_after;   /* microseconds: of an attempt; between TERM and KILL */
	int64_t max_size;              /* bytes: of a job's payload */
	int64_t max_result, max_log;   /* bytes: an attempt that writes more is killed */
	int64_t reserve_bytes, reserve_inodes; /* nothing is accepted when the file system has less left */
	int64_t max_backlog;           /* jobs in new/ and later/, from which on nothing is accepted; 0: no limit */
	int64_t aging;                 /* microseconds of waiting that are worth one step of priority */
	int64_t delay, expires;        /* microseconds: what a job that asks for none gets; expires 0: never */
	int64_t priority;              /* the same, 0..9 */
	int64_t key_scope;             /* POLICY_KEY_... */
	int64_t sync_claims;           /* 1: the first claim, too, is durable before the handler starts */
	int64_t keep_done, keep_failed, keep_log, keep_keys;   /* microseconds; 0: for ever. For wqw-clean */
	int64_t group_limit;           /* 1..POLICY_GROUP_LIMIT_MAX: started and unended jobs of one ordering group */
	int64_t group_failure;         /* 1: a dead letter holds its group */
	int64_t max_running;           /* attempts at once, over all workers of the queue; 0: any */
	int64_t rate, rate_span;       /* so many starts in so many microseconds, over all workers; rate 0: any */
	int64_t max_memory, max_cpu, max_files, max_processes;   /* of a handler: bytes, microseconds, numbers; 0: the worker's */
	int64_t redirect, show_log;    /* 1: the state of a job that is done leads to its result; of one that failed, shows its log */
	int64_t json;                  /* 1: the web front takes JSON only */
	char accept_types[POLICY_LIST_MAX], require_header[POLICY_LIST_MAX];   /* media types, field names; "": any, none */
	char check[POLICY_HANDLER_MAX];   /* a command that judges a payload on its standard input; "" where there is none */
	int64_t alert_age;             /* microseconds that a job may be ready to run and not run; more is unhealthy; 0: any */
	int64_t require_key;           /* 1: the web front takes no submission without an idempotency key */
	unsigned open;                 /* what anybody may do over the web: POLICY_SUBMIT, POLICY_READ */
	char operators[POLICY_LIST_MAX];     /* names of users, of whom the web server says that it is they; "*" is all */
	char cors_origins[POLICY_LIST_MAX];  /* whose pages may use the queue; "": only its own */
	char handler[POLICY_HANDLER_MAX];   /* command and arguments, split at blanks; "" where there is none */
	char result_type[POLICY_TYPE_MAX];  /* Content-Type of results */
	char next[POLICY_QUEUE_MAX];        /* the queue that results go on to; "" where there is none */
	char events[POLICY_QUEUE_MAX];      /* the queue that is told of ends; "" where there is none */
};

void policy_defaults(struct policy *p);

/*
 * Reads a whole configuration over *p. On a line that is wrong returns -1 with EINVAL and `why` set to
 * "<line>: what is wrong and what is allowed"; *p is then untouched.
 */
int policy_read(FILE *f, struct policy *p, char *why, size_t size);

/* "submit,read,operate" with `between` between them, as bits. -1: another word, or none. */
int policy_rights(const char *text, const char *between, unsigned *rights);

int policy_listed(const char *list, const char *word);   /* 1 where a list has this very word */

/* Microseconds to wait after `attempts` failed ones: backoff doubled each time up to backoff_max, and half of it random. */
int64_t policy_delay(const struct policy *p, int attempts);

#endif
