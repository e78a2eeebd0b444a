/*
 * watch: the doorbell. inotify says "look", never "what is there": whoever missed an event scans again.
 */
#ifndef WQW_WATCH_H
#define WQW_WATCH_H

#include <stddef.h>
#include <stdint.h>

enum watch_what {
	WATCH_CAME = 1,     /* a name appeared by rename, link or creation */
	WATCH_GONE = 2,     /* a name went */
	WATCH_CLOSED = 4,   /* a file was closed for the last time by someone */
	WATCH_TOUCHED = 8,  /* its times changed */
	WATCH_AGAIN = 16,   /* events were lost, or the watched directory went: scan again. Of a file: look at it */
	WATCH_WRITTEN = 32, /* as WATCH_CLOSED, by someone who could write to it */
	WATCH_MODIFIED = 64 /* a file was written to, or cut */
};

struct watch {
	int fd;             /* readable when there is something */
	char *buf;
};

int watch_open(struct watch *w);
void watch_close(struct watch *w);

/* Watches the directory behind a descriptor for the kinds in `what`. Returns the watch's number; -1 with errno. */
int watch_add(struct watch *w, int dirfd, unsigned what);

/*
 * Watches the file behind a descriptor: its renames, its removal, its times; all of it is WATCH_AGAIN. One file has one
 * number, however often it is added, until it is removed or watch_remove is called.
 */
int watch_add_file(struct watch *w, int fd);
void watch_remove(struct watch *w, int number);

/* Calls each(arg, number, what, name) for what is pending, without waiting. WATCH_AGAIN has the name "" and may have
 * the number -1: every directory. */
int watch_drain(struct watch *w, void (*each)(void *arg, int number, unsigned what, const char *name), void *arg);

/*
 * Waits until something is pending or `us` microseconds have gone by (-1: for ever). 1: pending; 0: not, or a signal
 * came. With a watch that could not be opened it only lets the time pass.
 */
int watch_wait(struct watch *w, int64_t us);

#endif
