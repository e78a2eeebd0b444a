#!/bin/sh
# Idempotency keys: one key and one payload are one job, whoever submits it, however often, and wherever it was killed.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

wqw-init q
echo one >one && echo two >two
submit() { wqw-submit --key "$1" q "$2"; }
empty_queue() { find spool/q -type f ! -name queue.conf -exec rm -f {} + ; find spool/q/keys -type l -exec rm -f {} +; }

job=$(submit k one)
like "$job" '^q/2' 'the first'
is "$(submit k one)" "$job" 'the same again: its address'
is "$(wqw-submit --key k q <one)" "$job" 'by another name'
ok 'one job' counts spool/q/new 1
ok 'nothing in tmp/' counts spool/q/tmp 0
like "$(cat spool/q/new/*)" '^Idempotency-Key: k$' 'the key is a field of the job'
exits 65 'another payload' submit k two
like "$(said)" "^wqw-submit: --key 'k': $job was submitted with this key, and another payload" 'says so'
is "$(said | wc -l)" 1 'in a line'
ok 'and leaves nothing' counts spool/q/tmp 0
ok 'one job' counts spool/q/new 1
isnt "$(submit l one)" "$job" 'another key'
empty_queue
for value in '' ' a' 'a ' "$(printf 'a\nb')" "$(printf '%0256d' 1)"; do
	exits 64 "refused: '$value'" submit "$value" one
	like "$(said)" 'not 1 to 255 bytes on one line' 'says why'
done
exits 64 'one key for two files' wqw-submit --key k q one two
ok 'nothing was written' counts spool/q/new 0
echo 'key-scope always' >spool/q/queue.conf
exits 78 'key-scope' submit k one
like "$(said)" 'is not active or record' 'says what is allowed'
rm spool/q/queue.conf

# --- the two scopes

job=$(submit k one)
wqw-worker q --drain -- cat
is "$(submit k one)" "$job" 'as long as there is a record'
exits 65 'which another payload is refused for' submit k two
echo 'key-scope active' >spool/q/queue.conf
again=$(submit k two)
isnt "$again" "$job" 'only while it waits or runs'
is "$(submit k two)" "$again" 'which the next does again'
wqw-worker q --drain -- sh -c 'exit 100'
isnt "$(submit k two)" "$again" 'a dead letter does not hold it'
ok 'one waits' counts spool/q/new 1
rm spool/q/queue.conf
empty_queue

# --- the web

web()
{
	REQUEST_METHOD=POST PATH_INFO=/q QUERY_STRING="$1" CONTENT_LENGTH=4 CONTENT_TYPE=text/plain \
		SCRIPT_NAME='' SERVER_PROTOCOL=HTTP/1.1 wqw.cgi <"$2" >reply
}
location() { sed -n 's/^Location: *\([^ ]*\).$/\1/p' reply; }
web key=a%20b one
first=$(location)
like "$first" '^/q/2' 'by the query'
web key=a+b one
is "$(location)" "$first" 'again'
like "$(cat reply)" '^Status: 202' 'is accepted'
web key=a+b two
like "$(cat reply)" '^Status: 422' 'another payload is not'
like "$(cat reply)" "was submitted with this key, and another payload" 'and says why'
is "/$(submit 'a b' one)" "$first" 'the shell knows the same keys'
ok 'one job' counts spool/q/new 1
empty_queue

# --- many at once

race()
{
	i=0 pids=''
	while [ $i -lt 50 ]; do
		i=$((i + 1))
		submit race one >"race.$i" 2>&1 &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # numbers
	for pid in $pids; do
		wait "$pid" || return 1
	done
	[ "$(cat race.* | wc -l)" -eq 50 ] && [ "$(sort -u race.* | wc -l)" -eq 1 ]
}
for round in 1 2 3; do
	ok "50 at once, $round: one address" race
	ok 'one job' counts spool/q/new 1
	ok 'nothing in tmp/' counts spool/q/tmp 0
	empty_queue
done
echo 'key-scope active' >spool/q/queue.conf
submit race one >first
wqw-worker q --drain -- cat
ok '50 take over the key of one that has ended' race
isnt "$(cat race.1)" "$(cat first)" 'with a new job'
ok 'of which there is one' counts spool/q/new 1
rm spool/q/queue.conf
empty_queue

# --- killed at each system call

need_inject
work_in_memory
books payload ok 1 >"$W/one"
empty='books make -a $MAX "$Q" "$B" 1'

# The same again gives one job, and its address is the one that was printed before, if any was.
once()
{
	second=$(wqw-submit --key k "$Q" "$W/one") || echo "the second: exit $?"
	first=$(cat "$L/out")
	[ -z "$first" ] || [ "$first" = "$second" ] || echo "first $first, then $second"
	[ "$(ls "$Q/new")" = "${second##*/}" ] || { echo 'in new/:'; ls "$Q/new"; }
	echo "${second##*/}" >"$B/accepted"
	balance -x 0
}
each_call 'wqw-submit --key' "$empty" once -k -C "$PRIVATE" wqw-submit --key k QUEUE "$W/one"
each_call 'which finishes what another has begun' "$empty"'
	wqw-submit --key k "$Q" "$W/one" >/dev/null && mv "$Q"/new/* "$Q/tmp"' once -k -C "$PRIVATE" \
	wqw-submit --key k QUEUE "$W/one"
# Where the job could be is asked many hundred times.
each_call 'which takes over a key that is free' "$empty"'
	wqw-submit --key k "$Q" "$W/one" >/dev/null && rm "$Q"/new/*' once -k -C "$PRIVATE,newfstatat" \
	wqw-submit --key k QUEUE "$W/one"

# A call that fails: what was accepted has an address, what has none was not, or is of unknown state.
FAULTS='e fsync EIO
e symlinkat EIO ENOSPC EACCES
e renameat2 EIO ENOSPC
e readlinkat EIO
e unlinkat EIO
e openat EMFILE EACCES
e flock EINTR ENOLCK'
FAULT_LANES=2
each_fault 'a call that fails' "$empty" once 0 wqw-submit --key k QUEUE "$W/one"
done_testing
