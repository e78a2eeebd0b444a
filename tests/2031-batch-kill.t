#!/bin/sh
# Workers and submitters of a batch are killed before every system call that another process can see anything of: the
# callback runs once, and its counts are right.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
work_in_memory

seen=mkdirat,symlinkat,linkat,renameat,renameat2,unlinkat,write,pwrite64,ftruncate,utimensat,fsync,flock,fchmod,fchmodat
seen=$seen,openat,copy_file_range,sendmsg
books payload ok 1 >"$W/one"
books payload again 2 >"$W/two"
books payload never 3 >"$W/three"
books payload ok 50 >"$W/callback"
empty='books make -a $MAX "$Q" "$B" 1'
members='wqw-submit --batch b "$Q" "$W/one" "$W/two" "$W/three" >/dev/null'
then='wqw-submit --batch b --then "$Q" "$Q" "$W/callback" >/dev/null'

# told N DONE FAILED: N callbacks have run, and were told so.
told()
{
	told_n=$(grep -l '^Batch-Done:' "$Q"/done/* 2>/dev/null | wc -l)
	[ "$told_n" -eq "$1" ] || echo "$told_n callbacks"
	told_counts=$(cat "$Q"/done/* 2>/dev/null | sed -n 's/^Batch-\(Done\|Failed\): //p' | sort -n | tr '\n' ' ')
	[ "$1" -eq 0 ] || [ "$told_counts" = "$(printf '%d\n' "$2" "$3" | sort -n | tr '\n' ' ')" ] || echo "counts: $told_counts"
	[ -z "$(find "$Q/keys/.batch" -mindepth 1 -maxdepth 1 -name '[a-z]*')" ] || find "$Q/keys/.batch" -mindepth 1
}

worked() { balance -x 1 && told 1 2 1; }

# What was not answered for may be there or not.
submitted()
{
	eval "$then"
	balance -x 0
	accepted=$(find "$Q/done" "$Q/failed" -type f | wc -l)
	told 1 $(($(count "$Q/done") - 1)) "$(count "$Q/failed")"
	[ "$accepted" -gt "$(wc -l <"$L/out")" ] || echo "$accepted jobs"
}

closed()
{
	balance -x 0
	if grep -q . "$L/out" || grep -q '^Batch-Done:' "$Q"/done/* 2>/dev/null; then
		told 1 2 1
	else
		eval "$then" 2>/dev/null
		balance -x 0
		told 1 2 1
	fi
}

# WQW_SWEEP=all strikes at each of these calls. Else at every second: two slots make their order another one in each run.
sparse 2 1
each_call 'a worker, all of its processes at once' "$empty && $members && $then" worked \
	-K -c "$seen" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1
each_call 'the submitter of members' "$empty" submitted \
	-k -c "$seen" wqw-submit --batch b QUEUE "$W/one" "$W/two" "$W/three"
each_call 'the submitter of the callback' "$empty && $members" closed \
	-k -c "$seen" wqw-submit --batch b --then QUEUE QUEUE "$W/callback"

done_testing
