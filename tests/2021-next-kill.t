#!/bin/sh
# A worker whose queue has a next one and one for events is killed before every system call that another process can see
# anything of: each result goes on once, and each end is told once.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
work_in_memory

seen=mkdirat,symlinkat,linkat,renameat,renameat2,unlinkat,write,pwrite64,ftruncate,utimensat,fsync,flock,fchmod,fchmodat
seen=$seen,openat,copy_file_range,sendmsg,exit_group
# shellcheck disable=SC2016 # in the lane
jobs='rm -rf "$L/n" "$L/e"; new_queue "$L/n"; new_queue "$L/e"; books make -a $MAX "$Q" "$B" 1 ok never
	printf "%s\n" "next n" "events e" >>"$Q/queue.conf"'

followed()
{
	balance -x 1
	followed_done=$(count "$Q/done") followed_failed=$(count "$Q/failed")
	[ "$followed_done $followed_failed" = '1 1' ] || echo "done, failed: $followed_done $followed_failed"
	[ "$(count "$L/n/new")" -eq "$followed_done" ] || echo "$(count "$L/n/new") in the next queue"
	followed_told=$(cat "$L/e/new"/* 2>/dev/null | sed -n 's/.*"type":"org.wqw.job.\([a-z]*\)".*"subject":"\([^"]*\)".*/\2 \1/p' | LC_ALL=C sort)
	followed_want=$({ find "$Q/done" -type f -printf '%f done\n'; find "$Q/failed" -type f -printf '%f failed\n' |
		sed 's/,A=[^ ]*//'; } | LC_ALL=C sort)
	[ "$followed_told" = "$followed_want" ] || printf 'told: %s\n' "$followed_told"
	find "$Q/tmp" -name '.*' ! -name '.[^oe]*' | sed 's/^/left: /'
}

each_call 'the dispatcher' "$jobs" followed \
	-k -d 0 -c "$seen" wqw-worker QUEUE -j 2 --drain -- ledger BOOK

done_testing
