/*
 * web_helper: a process that runs the commands which judge payloads (`check` in queue.conf), for a front that may run nothing.
 * It is started before that is confined, and takes from it a queue's name and a payload: the command it reads in the
 * queue's queue.conf itself. It ends, and with it what it runs, when the front has ended.
 */
#ifndef WQW_WEB_HELPER_H
#define WQW_WEB_HELPER_H

#include <stdint.h>

#include "id.h"

enum { WEB_HELPER_AT_ONCE = 8, WEB_HELPER_LINE = 512 };   /* commands; bytes of what is said of a payload */
enum { WEB_HELPER_TIMEOUT = 10000000 };                   /* microseconds that a command gets at the most */

enum web_verdict_end { WEB_VERDICT_GOOD, WEB_VERDICT_BAD, WEB_VERDICT_SLOW, WEB_VERDICT_FAULT };

struct web_verdict {
	int32_t end, error;            /* enum web_verdict_end; of WEB_VERDICT_FAULT: errno, the command could not be run */
	char line[WEB_HELPER_LINE];    /* of WEB_VERDICT_BAD: the first line that the command has written to stderr, or "" */
};

/* Once, before there is any thread. -1 with errno. */
int web_helper_start(void);

/*
 * Has the queue's command judge what can be read from `payload`; it takes as long as that. From any thread. *v is always
 * set: where no helper can be asked, to WEB_VERDICT_FAULT.
 */
void web_helper_ask(const char *queue, int payload, int64_t timeout, struct web_verdict *v);

/* What goes to it, one message with two descriptors: the payload, and a socket for the verdict. */
struct web_question {
	int64_t timeout;
	char queue[ID_WORD_MAX + 1];
};

/* Its life, on the other end of the socket. */
_Noreturn void web_helper_run(int fd);

#endif
