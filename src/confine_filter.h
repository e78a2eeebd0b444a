/*
 * confine_filter: the system calls that serving takes. All others fail with ENOSYS, as if the kernel had none of these,
 * so that libc goes the older way where it has one.
 */
#ifndef WQW_CONFINE_FILTER_H
#define WQW_CONFINE_FILTER_H

/*
 * For all threads of this process and for good; prctl(2) PR_SET_NO_NEW_PRIVS comes first. Returns how many system calls are
 * left; 0: the kernel has no seccomp, or the program is for an architecture that there is no list for, or was built
 * with sanitizers, which need more. -1 with errno: it has, and has refused.
 */
int confine_filter(void);

#endif
