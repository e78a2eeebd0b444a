#!/bin/sh
# A worker whose handlers submit jobs is killed before every system call, of each of its processes, that another process
# can see anything of: each child is there once where its parent has succeeded, and not at all where it has not.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
work_in_memory

seen=mkdirat,symlinkat,linkat,renameat,renameat2,unlinkat,write,pwrite64,ftruncate,utimensat,fsync,flock,fchmod,fchmodat
seen=$seen,copy_file_range,sendmsg,exit_group
processes=sendmsg,clone,clone3,vfork,execve,exit_group,kill
jobs='books make -a $MAX "$Q" "$B" 1 stray barren'
one='books make -a $MAX "$Q" "$B" 1 stray'
books='balance -x 1'

# WQW_SWEEP=all strikes at each of these calls; else the first and the last of these sweeps, which both go through the steps
# of wqw-submit, take turns.
sparse 2 1
each_call 'all processes at once' "$jobs" "$books" \
	-K -c "$seen" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1
each_call 'a supervisor' "$one" "$books" \
	-k -d 1 -c "$processes" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
each_call 'a handler' "$one" "$books" \
	-k -d 2 -c "$processes" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 2 2
each_call 'wqw-submit in a handler' "$one" "$books" \
	-k -d 3 -c "$seen" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1
# Where rename(2) cannot refuse to replace, link(2) and unlink(2) take its place, and there is a moment between.
each_call 'without RENAME_NOREPLACE' "$one" 'balance -l -x 1' \
	-k -d 0 -f renameat2:EINVAL -c linkat,unlinkat,fsync wqw-worker QUEUE -j 2 --drain -- ledger BOOK

done_testing
