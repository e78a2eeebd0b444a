/*
 * door_mhd: the life of one request in libmicrohttpd: its three callbacks, between its connection and the web layer.
 *
 * A submission that is complete is suspended until the committer has made it durable, and a request that waits for the end
 * of a job until that, or until its client goes; a stream of events is, between two of them. A reply that is known before all
 * of the body has come waits while what is left of it is read and forgotten; where that is too much, the reply is sent
 * over it, and the connection closed when the client has had time to see it.
 */
#ifndef WQW_DOOR_MHD_H
#define WQW_DOOR_MHD_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "web_checker.h"
#include "web_commit.h"
#include "web_wait.h"

struct door {
	struct web_commit *commit;         /* NULL: each submission is committed by itself, at once */
	struct web_checker *checker;       /* for payloads that a command judges; NULL: it is run at once */
	struct web_wait *wait;             /* for requests that wait for the end of their job */
	void (*say)(const char *line);     /* a line for the operator; from any thread */
	void (*idle)(void *arg);           /* called when the last request has ended while `closing`; from any thread */
	void *arg;
	atomic_int requests;               /* that have begun and not ended */
	atomic_int closing;                /* 1: no connection is kept */
};

/* MHD_OPTION_URI_LOG_CALLBACK: a request begins. */
void *door_mhd_begin(void *door, const char *target, struct MHD_Connection *conn);

/* MHD_AccessHandlerCallback. */
enum MHD_Result door_mhd_access(void *door, struct MHD_Connection *conn, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **call);

/* MHD_OPTION_NOTIFY_COMPLETED: it has ended, well or not; a submission that was not committed leaves nothing. */
void door_mhd_end(void *door, struct MHD_Connection *conn, void **call, enum MHD_RequestTerminationCode why);

#endif
