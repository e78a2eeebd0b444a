#!/bin/sh
# Every program is killed at every one of its system calls; then a worker mends what that left: nothing that was promised
# is lost, nothing that has a result runs again, nothing runs twice at once, and nothing lies about.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
work_in_memory

jobs='books make -a $MAX "$Q" "$B" 1 ok again never'
wreck='books wreck -a $MAX "$Q" "$B"'
empty='books make -a $MAX "$Q" "$B" 1'
# A kill costs each job that runs one attempt at most.
books='balance -x 1'

# WQW_SWEEP=all strikes at each of these calls in each of the three; else they take turns.
sparse 3 1
each_call 'wqw-worker, all of its processes at once' "$jobs" "$books" \
	-K -C "$PRIVATE" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 3 2
each_call 'wqw-worker, the dispatcher alone' "$jobs" "$books" \
	-k -d 0 -C "$PRIVATE" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 1 1
each_call 'wqw-worker, a supervisor' "$jobs" "$books" \
	-k -d 1 -C "$PRIVATE" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
each_call 'wqw-worker, a handler' "$jobs" "$books" \
	-k -d 2 -C "$PRIVATE" wqw-worker QUEUE -j 2 --drain -- ledger BOOK
sparse 3 3
each_call 'wqw-worker, which mends what others left' "$wreck" "$books" \
	-k -d 0 -C "$PRIVATE,readlink,fcntl,getdents64,fstat" wqw-worker QUEUE -j 2 --drain -- ledger BOOK

sparse 1 1
# Where rename(2) cannot refuse to replace, link(2) and unlink(2) take its place, and there is a moment between.
each_call 'wqw-worker without RENAME_NOREPLACE' "$jobs" 'balance -l -x 1' \
	-k -d 0 -f renameat2:EINVAL -c linkat,unlinkat,fsync wqw-worker QUEUE -j 2 --drain -- ledger BOOK

# Without a PID namespace, supervisors look for their descendants in /proc.
if as_nobody true; then
	# shellcheck disable=SC2086 # words
	each_call 'wqw-worker of an ordinary user, its supervisors' "$jobs && chown -R 65534:65534 \"\$Q\" \"\$B\"" "$books" \
		-k -d 1 -C "$PRIVATE" $NOBODY wqw-worker QUEUE -j 2 --drain -- ledger BOOK
else
	skip 'no other user' 'wqw-worker of an ordinary user'
fi

# The address of each file whose job was accepted, or none of them: what was not answered may be there or not.
submitted()
{
	sed 's|.*/||' "$L/out" >"$B/accepted"
	balance -x 0
}

books payload ok 1 >"$W/one"
books payload ok 7 >"$W/large"
books payload again 3 >"$W/three"
each_call 'wqw-submit, standard input' "$empty" submitted \
	-k sh -c 'exec wqw-submit "$1" <"$2"' sh QUEUE "$W/large"
each_call 'wqw-submit, three files' "$empty" submitted -k wqw-submit QUEUE "$W/one" "$W/large" "$W/three"

# Made as a whole, or made by the next try, and then as one that was made undisturbed.
initialized()
{
	(cd "$Q" 2>/dev/null && find . -printf '%P %y %m\n') | grep -v '^[a-z]* d 700$'
	wqw-init "$Q" 2>&1 | grep -v 'has no journal'
	(cd "$Q" && find . -printf '%P %y %m\n' | sort) | cmp - "$W/made"
}

wqw-init "$W/fresh" 2>/dev/null
(cd "$W/fresh" && find . -printf '%P %y %m\n' | sort) >"$W/made"
each_call wqw-init : initialized -k wqw-init QUEUE

# 202 is a promise, and so is an address in a Location.
answered()
{
	sed -n 's|^Location: /q/\([^[:cntrl:]]*\).*|\1|p' "$L/out" >"$B/accepted"
	balance -x 0
}

large=$(wc -c <"$W/large")
printf 'POST /q HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$large" >"$W/request"
cat "$W/large" >>"$W/request"
cgi="exec env WQW_SPOOL=\"\${1%/q}\" REQUEST_METHOD=POST PATH_INFO=/q SCRIPT_NAME= CONTENT_LENGTH=$large \
	SERVER_PROTOCOL=HTTP/1.1 wqw.cgi <\"\$2\""
each_call wqw.cgi "$empty" answered -k sh -c "$cgi" sh QUEUE "$W/large"
each_call 'wqw-httpd under inetd' "$empty" answered \
	-k sh -c 'WQW_SPOOL=${1%/q} exec wqw-httpd <"$2"' sh QUEUE "$W/request"

done_testing
