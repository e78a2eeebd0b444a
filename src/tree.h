/*
 * tree: the end of every descendant of this process, whatever it did to get away. Needs a subreaper (prctl(2)), so that
 * orphans come here, and a /proc that counts as this process does.
 *
 * All return -1 with errno set.
 */
#ifndef WQW_TREE_H
#define WQW_TREE_H

#include <sys/types.h>

/* 0 where /proc shows this process by its own number; -1 with ENOSYS: descendants cannot be found. */
int tree_usable(void);

/* Calls each(arg, child) for every direct child, zombies included. */
int tree_each(void (*each)(void *arg, pid_t child), void *arg);

/*
 * The same by a look at every process: what tree_each does on a kernel without CONFIG_PROC_CHILDREN. It can miss a child
 * that comes while it looks; that some are left is for wait(2) to say.
 */
int tree_scan(void (*each)(void *arg, pid_t child), void *arg);

/*
 * Kills until all children are zombies, which the caller then reaps; children that are spared(pid) (NULL: none) and
 * their descendants live on. Those that this user may not kill are left: whoever finds a living child afterwards
 * waits for it and calls again.
 */
int tree_kill(int (*spared)(pid_t pid));

#endif
