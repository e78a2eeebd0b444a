#!/bin/sh
# wqw-cancel, and workers that hear of it, are killed at every system call: what was printed has ended, or never runs again;
# nothing is lost and no mark stays.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
need flock
work_in_memory
# A kill before one of these is a kill before what follows, too; and looking for a job by its name takes hundreds.
LOOKS=readlink,fcntl,fstat,newfstatat,faccessat,faccessat2

# What was printed is cancelled before and after a worker has been there.
cancelled()
{
	[ "$1" != before ] || sed 's|.*/||' "$L/out" >"$L/printed"
	while read -r id; do
		ls "$Q/failed/$id",*X=cancelled >/dev/null 2>&1 || ls "$Q/cur/.cancel.$id" >/dev/null 2>&1 ||
			echo "$id was printed, and $1 the drain it is not cancelled"
	done <"$L/printed"
	[ "$1" = before ] || [ -z "$(ls -A "$Q/cur")" ] || { echo 'left in cur/:'; ls -A "$Q/cur"; }
}

# shellcheck disable=SC2034 # for blow
waiting='books make -a $MAX "$Q" "$B" 1 ok ok ok ok && mv "$Q/new/job-2" "$Q/later" && mv "$Q/new/job-3" "$Q/cur/job-3,A=1" && touch "$Q/tmp/job-3,A=1"'
books='exec 9<&-; cancelled before; balance -c -x 1; cancelled after'
each_call 'wqw-cancel, jobs that wait and one that was abandoned' "$waiting" "$books" \
	-k -C "$PRIVATE,$LOOKS" sh -c 'exec wqw-cancel "$1/job-1" "$1/job-2" "$1/job-3"' sh QUEUE

running='books make -a $MAX "$Q" "$B" 1 ok ok && mv "$Q/new/job-1" "$Q/cur/job-1,A=1" && exec 9<"$Q/cur/job-1,A=1" && flock 9'
each_call 'wqw-cancel, a job that runs, whose worker then dies' "$running" "$books" \
	-k -C "$PRIVATE,$LOOKS" sh -c 'exec wqw-cancel "$1/job-1"' sh QUEUE

# Nothing that was held runs; it is released in the end.
held()
{
	sed 's|.*/||' "$L/out" >"$L/printed"
	while read -r id; do
		[ "$(find "$Q/later" -name "$id*" -newermt 2099-12-31)" ] || echo "$id was printed, and is not held"
	done <"$L/printed"
	timeout 30 wqw-worker "$Q" --drain -- ledger "$B" 2>&1
	while read -r id; do
		! grep -q " $id " "$B/ledger" 2>/dev/null || echo "$id was held, and ran"
	done <"$L/printed"
	find "$Q/later" -type f -exec touch -d '1 hour ago' {} +
	balance -x 1
}
each_call 'wqw-cancel --hold' "$waiting" held \
	-k -C "$PRIVATE,$LOOKS" sh -c 'exec wqw-cancel --hold "$1/job-1" "$1/job-2" "$1/job-3"' sh QUEUE

# The handler cancels its own job and then waits for what comes.
itself='case $WQW_ID in job-1) wqw-cancel "$WQW_SPOOL/$WQW_QUEUE/$WQW_ID" >/dev/null; exec tail -f /dev/null ;; esac; exec ledger "$1"'
self='books make -a $MAX "$Q" "$B" 1 ok again'
self_books='timeout 30 wqw-worker "$Q" --drain -- sh -c "$itself" sh "$B" 2>&1; : >"$L/out"; cancelled before; balance -c -x 1; cancelled after'
# These two come by the same steps.
sparse 2 1
each_call 'wqw-worker, the dispatcher, while a job cancels itself' "$self" "$self_books" \
	-k -d 0 -C "$PRIVATE,$LOOKS" wqw-worker QUEUE --drain -- sh -c "$itself" sh BOOK

# All that a cancel may have left for a worker to mend.
marks='books make -a $MAX "$Q" "$B" 1 ok ok ok ok ok never && mv "$Q/new/job-1" "$Q/cur/job-1,A=1" && mv "$Q/new/job-2" "$Q/later" &&
	mv "$Q/new/job-3" "$Q/new/job-3,A=1,X=cancelled" && mv "$Q/new/job-6" "$Q/failed/job-6,A=1,X=cancelled" &&
	for n in 1 2 3 4 6 nowhere; do : >"$Q/cur/.cancel.job-$n"; done'
sparse 2 2
each_call 'wqw-worker, which mends what was left' "$marks" 'balance -c -x 1; : >"$L/printed"; cancelled after' \
	-k -d 0 -C "$PRIVATE,$LOOKS,getdents64" wqw-worker QUEUE --drain -- ledger BOOK
done_testing
