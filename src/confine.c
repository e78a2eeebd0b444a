#include "confine.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "confine_filter.h"

/* The kernel's, since the headers of the machine that builds may be older than the kernel of the one that runs. */
enum {
	SYS_CREATE_RULESET = 444, SYS_ADD_RULE = 445, SYS_RESTRICT_SELF = 446,   /* the same on all architectures */
	ASK_VERSION = 1, RULE_PATH = 1
};
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5, FS_MAKE_CHAR = 1 << 6, FS_MAKE_DIR = 1 << 7, FS_MAKE_REG = 1 << 8, FS_MAKE_SOCK = 1 << 9,
	FS_MAKE_FIFO = 1 << 10, FS_MAKE_BLOCK = 1 << 11, FS_MAKE_SYM = 1 << 12, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1, SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct path_attr {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

uint64_t
confine_handled(int abi)
{
	uint64_t all = ((uint64_t)FS_REFER << 1) - 1;

	if (abi < CONFINE_ABI_LEAST)
		return 0;
	return all | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

uint64_t
confine_rights(int abi, enum confine_use use, int directory)
{
	uint64_t rights = FS_READ_FILE;

	if (directory && use != CONFINE_READ)
		rights |= FS_READ_DIR;
	if (use == CONFINE_CHANGE) {
		rights |= FS_WRITE_FILE | FS_TRUNCATE;
		if (directory)
			rights |= FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SYM | FS_REFER;
	}
	return rights & confine_handled(abi);
}

/* The first that goes wrong is what is told. */
static void
fault(struct confine *c, const char *what)
{
	if (c->fault == NULL) {
		c->fault = what;
		c->error = errno;
	}
}

void
confine_begin(struct confine *c)
{
	struct ruleset_attr attr;
	long abi = syscall(SYS_CREATE_RULESET, NULL, 0, ASK_VERSION);

	*c = (struct confine){ .abi = abi > 0 ? (int)abi : 0, .ruleset = -1 };
	if (c->abi < CONFINE_ABI_LEAST)
		return;
	attr = (struct ruleset_attr){ .fs = confine_handled(c->abi), .net = c->abi >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
	    .scoped = c->abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0 };
	/* A kernel takes fields that it does not know, as long as they are 0. */
	c->ruleset = (int)syscall(SYS_CREATE_RULESET, &attr, sizeof(attr), 0);
	if (c->ruleset == -1)
		fault(c, "landlock_create_ruleset");
}

void
confine_allow(struct confine *c, int fd, enum confine_use use)
{
	struct path_attr rule = { .parent = fd };
	struct stat st;

	if (c->ruleset == -1)
		return;
	if (fstat(fd, &st) == 0) {
		rule.allowed = confine_rights(c->abi, use, S_ISDIR(st.st_mode));
		if (syscall(SYS_ADD_RULE, c->ruleset, RULE_PATH, &rule, 0) == 0)
			return;
	}
	fault(c, "landlock_add_rule");
}

void
confine_end(struct confine *c)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fault(c, "prctl");
	/* A rule that is missing would have the service fail later, at that directory. */
	if (c->ruleset != -1 && c->fault == NULL) {
		if (syscall(SYS_RESTRICT_SELF, c->ruleset, 0) == 0)
			c->landlock = 1;
		else
			fault(c, "landlock_restrict_self");
	}
	if (c->ruleset != -1)
		(void)close(c->ruleset);
	c->ruleset = -1;
	if ((c->calls = confine_filter()) == -1) {
		c->calls = 0;
		fault(c, "seccomp");
	}
}
