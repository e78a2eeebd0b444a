/*
 * screen: shows a text on the whole of a terminal, again and again, as top(1) does, and gives the terminal back as it was.
 */
#ifndef WQW_SCREEN_H
#define WQW_SCREEN_H

#include <stdint.h>
#include <stdio.h>

/* 1 where standard output is a terminal that can be drawn on. */
int screen_usable(void);

/*
 * Shows what draw(arg, f) writes to `f`, anew each `us` microseconds, or later where drawing takes long: it takes no more
 * than half of the time. Its first line stands out; lines that do not fit are cut. q ends it, Space draws at once, a
 * stop (SIGTSTP) gives the terminal back for the while. Must not be ended by exit(3) from within draw().
 *
 * 0: the user has had enough, or the terminal is gone; a signal's number: SIGINT, SIGTERM, SIGHUP or SIGQUIT has come;
 * -1 with errno: draw returned other than 0, or the terminal fails.
 */
int screen_loop(int64_t us, int (*draw)(void *arg, FILE *f), void *arg);

#endif
