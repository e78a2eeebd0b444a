/*
 * confine: less than this user may. By Landlock: files below given directories only, no new TCP address or connection,
 * no signal to others. By seccomp: no system call but those that serving takes, so no other program either. For good, and
 * for all threads that come after; there must be one only. Knows nothing of the spool.
 *
 *	confine_begin(&c);
 *	confine_allow(&c, fd, CONFINE_CHANGE);   (for each directory)
 *	confine_end(&c);
 *
 * Nothing of it fails for the caller: *c tells what has come of it.
 */
#ifndef WQW_CONFINE_H
#define WQW_CONFINE_H

#include <stdint.h>

/* AddressSanitizer, at the end, looks for leaks by a process of its own that traces this one, and reads /proc. */
#if defined(__SANITIZE_ADDRESS__)
#define CONFINE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONFINE_SANITIZED 1
#endif
#endif

enum confine_use {
	CONFINE_READ,     /* a file, or files below a directory: to be read */
	CONFINE_LIST,     /* the same, and directories */
	CONFINE_CHANGE    /* below a directory: files, directories and symbolic links, to be read, made, changed, moved and removed */
};

enum { CONFINE_ABI_LEAST = 2, CONFINE_ABI_KNOWN = 6 };   /* Landlock's first lets nobody rename into another directory */

struct confine {
	int abi;             /* of the kernel's Landlock; 0: it has none */
	int landlock;        /* 1: it holds */
	int calls;           /* how many system calls are left; 0: all */
	const char *fault;   /* what the kernel has and has refused: "landlock_restrict_self"; NULL: nothing */
	int error;           /* its errno */
	int ruleset;         /* private */
};

void confine_begin(struct confine *c);
void confine_allow(struct confine *c, int fd, enum confine_use use);   /* fd: O_PATH will do; it stays the caller's */
void confine_end(struct confine *c);

/* What a kernel of this ABI is asked to refuse where no rule allows it; what a rule allows, of a directory or else a file. */
uint64_t confine_handled(int abi);
uint64_t confine_rights(int abi, enum confine_use use, int directory);

#endif
