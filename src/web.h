/*
 * web: the routes. A request comes in pieces, because one of the doors is pushed its body:
 *
 *	if (web_begin(&w, &request, &reply) == WEB_BODY) {
 *		while (more && web_body(&w, piece, n) == WEB_BODY)
 *			;
 *		if ((n = web_end(&w, &drafts)) > 0 && (!web_has_check(&w) || web_check(&w))) {
 *			spool_commit(drafts, n);        (or together with others)
 *			next = web_committed(&w);
 *		}
 *	}
 *	if (next == WEB_WAIT) {                         (from web_begin, too)
 *		wait w.wait microseconds at the most, until job w.id of w.q has ended; or, where there is a w.slow, call
 *		web_slow(&w), which takes a while;
 *		web_waited(&w);
 *	}
 *	send the reply, for HEAD without its body;
 *	if (next == WEB_STREAM)                         (from web_begin)
 *		its body is what web_events tells, from now on;
 *	web_close(&w);
 *
 * Wherever WEB_REPLY, or 0 from web_end, is returned the reply is complete and nothing more of the body is wanted.
 * Errors of any kind are replies. web_close without web_committed leaves nothing of a submission.
 */
#ifndef WQW_WEB_H
#define WQW_WEB_H

#include "http.h"
#include "spool_submit.h"

enum web_next { WEB_REPLY, WEB_BODY, WEB_WAIT, WEB_STREAM };
enum { WEB_DRAFTS_MAX = 100 };   /* jobs of one request */

struct web_who {   /* who asks; web_allow.h */
	const char *user;          /* a REMOTE_USER, or token:NAME; NULL: nobody who is known */
	unsigned may, may_all;     /* POLICY_SUBMIT and so on: in the queue; in the whole spool */
	int by_token, in_query;    /* known by a token; that stood in the query */
	char name[ID_WORD_MAX + 8];   /* room for user */
};

struct web {
	const struct http_request *req;
	struct http_reply *reply;
	struct spool q;
	struct policy policy;                          /* of q; web_policy.h */
	int misread;                                   /* 0, or the errno of a queue.conf that gives nobody anything */
	char why[256];                                 /* what is wrong with it */
	struct web_who who;
	char queue[ID_WORD_MAX + 1], id[ID_MAX + 1];   /* "" where the path does not go so far */
	struct web_upload *upload;                     /* a submission that has begun; else NULL */
	int64_t wait;                                  /* microseconds that the client would wait for the end; -1: not told */
	int shared;                                    /* anybody's page may show what anybody may read */
	int stream;                                    /* the reply's body goes on until the job ends */
	int by_prefer, preferable;                     /* it says so by Prefer; the answer depends on Prefer */
	void (*slow)(struct web *w);                   /* what makes the reply; NULL: another way, or made already */
};

enum web_next web_begin(struct web *w, const struct http_request *req, struct http_reply *reply);
enum web_next web_body(struct web *w, const void *buf, size_t n);

/*
 * After the whole body. A body that is shorter than the request's length is refused. How many drafts the caller is to
 * commit; they stay w's.
 */
size_t web_end(struct web *w, struct spool_draft *const **drafts);

/*
 * Between the two: 1 where the queue's policy has a command that judges payloads. web_check runs it, and takes as long; it
 * may do so in another thread, and with an upload of another request at the same time. 0: it has refused, and the reply is
 * complete.
 */
int web_has_check(const struct web *w);
int web_check(struct web *w);

enum web_next web_committed(struct web *w);
void web_waited(struct web *w);

/* Makes the reply of a request that has a `slow`. In any thread; web_waited does it where nobody else has. */
void web_slow(struct web *w);

void web_close(struct web *w);

/* Makes the reply an error, be there a web or not: the doors' own refusals. req may be incomplete, but for `field`. */
void web_refuse(const struct http_request *req, struct http_reply *reply, int status, const char *detail);

#endif
