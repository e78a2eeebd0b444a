#!/bin/sh
# wqw-submit killed at each of its system calls, and with each of them failing: what was printed is in the queue.
. "$(dirname "$0")/lib.sh"

need strace
wqw-init q
echo one >a && echo two >b && echo three >c

run() { strace -f -qq -o trace "$@" wqw-submit q a b c >addresses 2>err; }
run -e trace=all || skip_all 'strace may not trace'
calls_of() { grep -c "^[0-9]* *$1(" "$2"; }

# Calls that are made before main() is: the dynamic loader has its own ways to fail.
loader() { sed '/SIGPIPE/,$d' trace | calls_of "$1" -; }

# Each address that was printed is a whole job in new/; without a kill, nothing else is there, and tmp/ is empty.
balanced()
{
	while IFS= read -r job; do
		f=spool/q/new/${job#q/}
		[ -f "$f" ] || { diag "$job was printed and is not there"; return 1; }
		[ "$(sed '1,/^$/d' "$f" | wc -c)" -eq "$(sed -n 's/^Content-Length: *\([0-9]*\) *$/\1/p' "$f")" ] ||
			{ diag "$job is torn"; return 1; }
	done <addresses
	[ "$1" = killed ] && return
	[ "$(count spool/q/tmp)" -eq 0 ] || { diag "litter in tmp/"; return 1; }
	known=$(cat addresses err | grep -Eo '^(wqw-submit: )?q/[^: ]*' | sort -u | wc -l)
	[ "$(count spool/q/new)" -eq "$known" ] || { diag "$(count spool/q/new) jobs, $known told"; return 1; }
}

# strace counts the calls of each kind by themselves.
each_kill()
{
	cp trace all && kills=0
	sed -n '/SIGPIPE/,$s/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' all | sort -u >kinds
	while read -r call; do
		n=$(sed '/SIGPIPE/,$d' all | calls_of "$call" -)
		while [ "$n" -lt "$(calls_of "$call" all)" ]; do
			n=$((n + 1)) kills=$((kills + 1))
			find spool/q -type f -delete
			run -e "inject=$call:signal=KILL:when=$n" </dev/null
			balanced killed || { diag "killed at $call $n"; return 1; }
		done
	done <kinds
	[ "$kills" -gt 50 ] || { diag "only $kills calls"; return 1; }
}
ok "killed at each system call" each_kill

# One kind of call, one errno, at each time it is called.
each_fault()
{
	call=$1 error=$2 times=$(calls_of "$1" trace) k=$(loader "$1")
	[ "$times" -gt 0 ] || return 0
	while [ "$k" -lt "$times" ]; do
		k=$((k + 1))
		find spool/q -type f -delete
		run -e "inject=$call:error=$error:when=$k"
		status=$?
		balanced alive || { diag "$call $k: $error, exit $status"; cat err >&2; return 1; }
		if [ $status -eq 0 ]; then
			[ "$(wc -l <addresses)" -eq 3 ] || { diag "$call $k: $error: exit 0 and not all accepted"; return 1; }
		elif [ $status -lt 64 ] || [ $status -gt 78 ]; then
			diag "$call $k: $error: exit $status"
			return 1
		fi
	done
}
for fault in write:ENOSPC write:EIO pwrite64:ENOSPC pwrite64:EIO fsync:EIO fsync:ENOSPC renameat2:EIO renameat2:ENOSPC \
	read:EIO read:EINTR write:EINTR fchmod:EPERM poll:EINTR fstatfs:EIO signalfd4:EMFILE close:EIO; do
	run -e trace=all
	ok "$fault" each_fault "${fault%:*}" "${fault#*:}"
done

find spool/q -type f -delete
run -e trace=all
last=$(calls_of fsync trace)

# A fault in opening a file of the queue, not one of the loader's.
first=$(grep '^[0-9]* *openat(' trace | grep -n '"tmp/' | head -n 1 | cut -d : -f 1)
fault_at()
{
	find spool/q -type f -delete
	run -e "inject=openat:error=$1:when=$first"
	status=$?
	balanced alive && [ "$status" -eq "$2" ] || { diag "exit $status"; cat err >&2; return 1; }
}
ok 'openat: EMFILE' fault_at EMFILE 75
ok 'openat: EACCES' fault_at EACCES 77
ok 'openat: EROFS' fault_at EROFS 77
ok 'openat: ENOSPC' fault_at ENOSPC 75

# The last fsync is that of new/: the state is unknown.
find spool/q -type f -delete
run -e "inject=fsync:error=EIO:when=$last"
is $? 74 'fsync of the directory fails'
ok 'no address is promised' test ! -s addresses
is "$(grep -c 'may or may not be in the queue' err)" 3 'each one is said to be unknown'
done_testing
