#include "screen.h"

#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "io.h"

/* The other screen, no cursor, long lines cut; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

enum { GO_ON = -2, FAILED = -1, QUIT = 0 };   /* and a signal's number */

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };

struct screen {
	struct termios before, during;
	int entered;    /* `before` is to be restored */
	sigset_t blocked, mask;
	int signals;    /* signalfd(2) */
	int keys;       /* the terminal to read from; -1: none */
	char *text;     /* what is shown */
	size_t len;
	int64_t next;   /* when it is drawn anew, on io_clock */
};

int
screen_usable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

static int
set_modes(const struct termios *t)
{
	int r;

	while ((r = tcsetattr(STDOUT_FILENO, TCSADRAIN, t)) == -1 && errno == EINTR)
		;
	return r;
}

static int
enter(struct screen *s)
{
	if (tcgetattr(STDOUT_FILENO, &s->before) == -1)
		return -1;
	s->entered = 1;
	s->during = s->before;
	s->during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	s->during.c_cc[VMIN] = 1;
	s->during.c_cc[VTIME] = 0;
	return set_modes(&s->during) == -1 ? -1 : io_write(STDOUT_FILENO, ENTER, strlen(ENTER));
}

static int
leave(struct screen *s)
{
	int r;

	if (!s->entered)
		return 0;
	s->entered = 0;
	r = io_write(STDOUT_FILENO, LEAVE, strlen(LEAVE));
	return set_modes(&s->before) == -1 ? -1 : r;
}

/* A line up to the edge, by columns, which are not bytes. */
static void
put_line(FILE *f, const char *line, size_t len, int columns)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t n;
	int width;

	while (len > 0) {
		n = mbrtowc(&wide, line, len, &state);
		if (n == 0 || n > len) {
			memset(&state, 0, sizeof(state));
			n = 1;
			width = 1;
		} else if ((width = wcwidth(wide)) < 0)
			width = 1;
		if ((columns -= width) < 0)
			return;
		(void)fwrite(line, 1, n, f);
		line += n;
		len -= n;
	}
}

static void
put_text(FILE *f, const char *text, int rows, int columns)
{
	const char *p, *end;
	int row, left = 0;

	for (p = text; *p != '\0'; p++)
		left += *p == '\n';
	(void)fputs("\033[H", f);
	for (row = 0; row < rows && left > 0; row++, left--, text = end + 1) {
		end = text + strcspn(text, "\n");
		(void)fprintf(f, "%s\033[2K", row > 0 ? "\r\n" : "");
		if (row == rows - 1 && left > 1) {
			(void)fprintf(f, "... %d more", left);
			return;
		}
		(void)fputs(row == 0 ? "\033[7m" : "", f);
		put_line(f, text, (size_t)(end - text), columns);
		(void)fputs(row == 0 ? "\033[m" : "", f);
	}
	/* Not after a full last line, where it would clear that line's last character. */
	if (row < rows)
		(void)fputs("\r\n\033[J", f);
}

static int
paint(const struct screen *s)
{
	struct winsize size;
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	int r = -1;

	if (f == NULL)
		return -1;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	put_text(f, s->text, size.ws_row, size.ws_col);
	if (fclose(f) == 0)
		r = io_write(STDOUT_FILENO, out, len);
	free(out);
	return r;
}

static int
draw_anew(struct screen *s, int64_t us, int (*draw)(void *, FILE *), void *arg)
{
	int64_t start = io_clock(), took;
	FILE *f;
	int r;

	free(s->text);
	s->text = NULL;
	if ((f = open_memstream(&s->text, &s->len)) == NULL)
		return -1;
	r = draw(arg, f);
	if (fclose(f) == EOF || r != 0)
		return -1;
	took = io_clock() - start;
	s->next = start + took + (us > 2 * took ? us - took : took);
	return paint(s);
}

/* Stops here, as the default action would have it, until somebody says go on. */
static int
stop(struct screen *s)
{
	sigset_t tstp;

	if (leave(s) == -1)
		return -1;
	(void)sigemptyset(&tstp);
	(void)sigaddset(&tstp, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &tstp, NULL);
	(void)sigprocmask(SIG_BLOCK, &tstp, NULL);
	return enter(s) == -1 ? -1 : paint(s);
}

static int
signalled(struct screen *s)
{
	struct signalfd_siginfo info;
	ssize_t n = io_read(s->signals, &info, sizeof(info));

	if (n != (ssize_t)sizeof(info))
		return n == -1 && errno == EAGAIN ? GO_ON : FAILED;
	switch (info.ssi_signo) {
	case SIGTSTP:
		return stop(s) == -1 ? FAILED : GO_ON;
	case SIGCONT:   /* after a SIGSTOP, too, which leaves the terminal to the shell as it is */
		return set_modes(&s->during) == -1 || paint(s) == -1 ? FAILED : GO_ON;
	case SIGWINCH:
		return paint(s) == -1 ? FAILED : GO_ON;
	default:
		return (int)info.ssi_signo;
	}
}

static int
pressed(struct screen *s)
{
	char key;
	ssize_t n = io_read(s->keys, &key, 1);

	if (n != 1)
		return n == -1 && errno == EAGAIN ? GO_ON : QUIT;
	if (key == ' ' || key == '\n')
		s->next = 0;
	return key == 'q' || key == 'Q' ? QUIT : GO_ON;
}

/* Until it is time to draw. */
static int
attend(struct screen *s)
{
	struct pollfd p[] = { { .fd = s->signals, .events = POLLIN }, { .fd = s->keys, .events = POLLIN } };
	struct timespec t;
	int64_t left;
	int r = GO_ON;

	while (r == GO_ON && (left = s->next - io_clock()) > 0) {
		t = (struct timespec){ .tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000) * 1000 };
		if (ppoll(p, 2, &t, NULL) == -1) {
			if (errno != EINTR)
				return FAILED;
			continue;
		}
		if (p[0].revents != 0)
			r = signalled(s);
		if (r == GO_ON && p[1].revents != 0)
			r = pressed(s);
	}
	return r;
}

static int
begin(struct screen *s)
{
	size_t i;

	*s = (struct screen){ .signals = -1, .keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1 };
	(void)sigemptyset(&s->blocked);
	for (i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		(void)sigaddset(&s->blocked, caught[i]);
	s->signals = signalfd(-1, &s->blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signals == -1 || sigprocmask(SIG_BLOCK, &s->blocked, &s->mask) == -1) {
		(void)io_close(&s->signals);
		return -1;
	}
	return 0;
}

int
screen_loop(int64_t us, int (*draw)(void *arg, FILE *f), void *arg)
{
	struct screen s;
	int r = GO_ON, saved;

	if (begin(&s) == -1)
		return -1;
	if (enter(&s) == -1)
		r = FAILED;
	while (r == GO_ON)
		r = draw_anew(&s, us, draw, arg) == -1 ? FAILED : attend(&s);
	saved = errno;
	(void)leave(&s);
	(void)io_close(&s.signals);
	(void)sigprocmask(SIG_SETMASK, &s.mask, NULL);
	free(s.text);
	errno = saved;
	return r;
}
