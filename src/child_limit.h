/*
 * child_limit: what binds the new process just before its exec. Both may follow a vfork(2), and return -1 with errno.
 */
#ifndef WQW_CHILD_LIMIT_H
#define WQW_CHILD_LIMIT_H

#include "slot.h"

int child_limit(const struct slot_limits *l);
int child_enter(int procs);   /* moves this process to the control group whose cgroup.procs that is */

#endif
