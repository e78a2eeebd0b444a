#!/bin/sh
# Each system call fails once, with each error that may befall it. What was promised is kept, what was not leaves nothing
# behind and says why, and a fault of ours uses up none of a job's attempts.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
work_in_memory

# Most of the time passes while a worker waits after a fault.
FAULT_LANES=24
FAULTS='e openat EIO EMFILE ENOMEM ENOSPC EINTR
e open EIO EMFILE ENOMEM ENOSPC EINTR
e read EIO EINTR
e pread64 EIO EINTR
e write EIO ENOSPC EINTR
e pwrite64 EIO ENOSPC EINTR
e copy_file_range EIO ENOSPC EINTR
e fsync EIO ENOSPC EINTR
e syncfs EIO ENOSPC
e sync_file_range EIO ENOSPC
e renameat2 EIO ENOSPC ENOMEM
e linkat EIO ENOSPC
e unlinkat EIO ENOMEM
e mkdirat EIO ENOSPC
e mkdir EIO ENOSPC
e fchmod EIO
e fchown EIO
e ftruncate EIO
x close EIO EINTR
e newfstatat EIO ENOMEM
e fstat EIO ENOMEM
e fstatfs EIO
e faccessat EIO ENOMEM
e faccessat2 EIO ENOMEM
e flock EINTR ENOLCK
e lseek EIO
e utimensat EIO ENOSPC
e getdents64 EIO ENOMEM
e ioctl EIO
e readlink EIO ENOMEM
e sendmsg ENOMEM EINTR
e sendto ENOMEM EINTR
e recvmsg ENOMEM EINTR
e recvfrom EINTR
e ppoll EINTR ENOMEM
e poll EINTR ENOMEM
e clone3 EAGAIN ENOMEM EPERM
e clone EAGAIN ENOMEM
e vfork EAGAIN ENOMEM
e fork EAGAIN ENOMEM
e execve ENOMEM EIO EMFILE
e wait4 EINTR
e waitid EINTR
e inotify_init1 EMFILE ENOMEM
e inotify_add_watch ENOSPC ENOMEM
e socketpair EMFILE ENFILE
e signalfd4 EMFILE ENOMEM
e eventfd2 EMFILE ENOMEM
e prlimit64 EPERM
e dup2 EMFILE EINTR
e dup3 EMFILE
e mmap ENOMEM
e setsid EPERM
e prctl EINVAL
e rt_sigprocmask EINVAL'
# Where the sanitizers get no memory of their own, they end the program.
[ -z "$WQW_ASAN" ] || FAULTS=$(printf '%s\n' "$FAULTS" | grep -v '^e mmap ')

# Ends well, or with a code of sysexits(3) and a word. libbsd's arc4random(3) ends a process that has no memory for it.
manners()
{
	case $status,$blow_where in
	1,*mmap) echo 'out of memory' >"$L/err" ;;
	0,* | 6[4-9],* | 7[0-8],*) ;;
	*) echo "exit $status" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$L/err" ] || echo 'not a word'
}

# worker OPTION...: a worker that goes on counts the fault to no job; one that ends loses an attempt of each that ran.
worker()
{
	manners
	[ "$status" -eq 0 ] || set --
	# A log that cannot be looked at, or removed, stays.
	case $blow_where in
	*unlinkat | *fstat*) balance -l -x 1 "$@" | grep -v ': an empty log$' ;;
	*) balance -l -x 1 "$@" ;;
	esac
}

# What has an address is in new/ and whole; what has none is nowhere, but where nobody could tell.
submit()
{
	manners
	sed 's|.*/||' "$L/out" >"$B/accepted"
	submit_n=$(wc -l <"$B/accepted")
	if [ "$status" -eq 0 ]; then
		[ "$submit_n" -eq $# ] || echo "$submit_n addresses"
	else
		[ "$submit_n" -lt $# ] || grep -q 'standard output' "$L/err" || echo 'failed, and all addresses'
		[ $# -gt 1 ] || [ "$(grep -cv 'accepted all the same' "$L/err")" -eq 1 ] || echo 'not one line'
	fi
	if ! grep -q 'may or may not\|accepted all the same' "$L/err"; then
		[ "$(ls "$Q/new")" = "$(sort "$B/accepted")" ] || echo "new/ is not what was accepted"
	fi
	case $blow_where in
	*unlinkat) ;;
	*) [ -z "$(ls "$Q/tmp")" ] || echo "left in tmp/" ;;
	esac
	balance
}

# Made as a whole, or made by the next try.
init()
{
	manners
	wqw-init "$Q" 2>&1 | grep -v 'has no journal'
	(cd "$Q" && find . -printf '%P %y %m\n' | sort) >"$L/made"
	cmp "$L/made" "$W/made"
}

jobs='books make -a $MAX "$Q" "$B" 1 ok again never'
wreck='books wreck -a $MAX "$Q" "$B"'
empty='books make -a $MAX "$Q" "$B" 1'
books payload ok 1 >"$W/one"
books payload ok 7 >"$W/large"

sparse 2 1
each_fault 'wqw-worker, the dispatcher' "$jobs" 'worker -s' 0 wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1
each_fault 'wqw-worker, its supervisors' "$jobs" worker 1 wqw-worker QUEUE -j 2 --drain -- ledger BOOK
each_fault 'wqw-worker, starting handlers' "$jobs" worker 2 wqw-worker QUEUE -j 2 --drain -- ledger BOOK
each_fault 'wqw-submit, standard input' "$empty" 'submit 1' 0 sh -c 'exec wqw-submit "$1" <"$2"' sh QUEUE "$W/large"
each_fault 'wqw-submit, two files' "$empty" 'submit 1 2' 0 wqw-submit QUEUE "$W/one" "$W/large"

new_queue "$W/fresh" && rm "$W/fresh/queue.conf"
(cd "$W/fresh" && find . -printf '%P %y %m\n' | sort) >"$W/made"
each_fault wqw-init : init 0 wqw-init QUEUE

# One error of each kind is enough for the rest.
FAULTS=$(printf '%s\n' "$FAULTS" | cut -d ' ' -f 1-3)
sparse 2 1
each_fault 'wqw-worker, which mends what others left' "$wreck" worker 0 wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1

# An answer that is not 202 leaves nothing; where none could be given, or nobody could tell, there may be a job.
web()
{
	case $status in
	0 | 6[4-9] | 7[0-8]) ;;
	1) [ "${blow_where##* }" = mmap ] || echo "exit $status" ;;
	*) echo "exit $status" ;;
	esac
	sed -n 's|^Location: /q/\([^[:cntrl:]]*\).*|\1|p' "$L/out" >"$B/accepted"
	if [ ! -s "$B/accepted" ] && grep -aq '[1-5][0-9][0-9] [A-Z]' "$L/out" && ! grep -aq 'state-unknown' "$L/out"; then
		[ -z "$(ls "$Q/new")" ] || echo 'refused, and there'
	fi
	case $blow_where in
	*unlinkat) ;;
	*) [ -z "$(ls "$Q/tmp")" ] || echo 'left in tmp/' ;;
	esac
	balance
}

large=$(wc -c <"$W/large")
printf 'POST /q HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$large" >"$W/request"
cat "$W/large" >>"$W/request"
cgi="exec env WQW_SPOOL=\"\${1%/q}\" REQUEST_METHOD=POST PATH_INFO=/q SCRIPT_NAME= CONTENT_LENGTH=$large \
	SERVER_PROTOCOL=HTTP/1.1 wqw.cgi <\"\$2\""
each_fault wqw.cgi "$empty" web 0 sh -c "$cgi" sh QUEUE "$W/large"
# libmicrohttpd wakes its thread by writes to an eventfd(2), which do not fail.
FAULTS=$(printf '%s\n' "$FAULTS" | grep -v '^e write ')
each_fault 'wqw-httpd under inetd' "$empty" web 0 sh -c 'WQW_SPOOL=${1%/q} exec wqw-httpd <"$2"' sh QUEUE "$W/request"

done_testing
