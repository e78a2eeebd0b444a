#!/bin/sh
# Jobs that a handler submits appear when it succeeds, and only then, each once, whatever is killed.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

HOME=$T
export HOME
queue() { wqw-init "$1" 2>/dev/null && printf 'backoff 0s\nreserve-bytes 0\nreserve-inodes 0\n' >"$WQW_SPOOL/$1/queue.conf"; }
run() { wqw-worker "$1" --drain -- sh -c "$2" 2>"$T/err"; }
staged='for i in 1 2; do echo $i | wqw-submit -p 3 -H "A: b" there; done'

queue here && queue there
job=$(echo x | wqw-submit here)
run here "$staged"
addresses=$(wqw-cat "$job")
is "$(echo "$addresses" | wc -l)" 2 'a handler is told the addresses'
is "$(ls "$WQW_SPOOL/there/new")" "$(echo "$addresses" | sed 's|.*/||' | sort)" 'and these jobs are there when it has succeeded'
is "$(echo "$addresses" | sed 's/.*-[^,]*//')" ',P=3
,P=3' 'with their attributes'
is "$(wqw-cat --job "$(echo "$addresses" | tail -n 1)" 2>/dev/null || sed '1,/^$/d' "$WQW_SPOOL/there/new/$(basename "$(echo "$addresses" | tail -n 1)")")" \
	2 'and their payloads'
is "$(find "$WQW_SPOOL/here/tmp" -mindepth 1)" '' 'and nothing is left of the outbox'
rm "$WQW_SPOOL"/there/new/*

echo x | wqw-submit here >"$T/job"
run here "$staged; exit 100"
is "$(ls "$WQW_SPOOL/there/new")" '' 'a handler that fails has submitted nothing'
is "$(find "$WQW_SPOOL/here/tmp" -mindepth 1)" '' 'and left nothing'
mv "$WQW_SPOOL"/here/failed/* "$WQW_SPOOL/here/new"
run here "$staged"
is "$(count "$WQW_SPOOL/there/new")" 2 'put back, it has'
rm "$WQW_SPOOL"/there/new/*

echo x | wqw-submit here >"$T/job"
run here 'echo $WQW_ATTEMPT | wqw-submit there >&2; echo y | wqw-submit there >&2; [ $WQW_ATTEMPT -gt 1 ]'
is "$(wqw-cat --log "$(cat "$T/job")" | grep -v '^wqw:' | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" '2 2 ' \
	'the next attempt gives them the same addresses'
is "$(count "$WQW_SPOOL/there/new")" 2 'and they are there once'
rm "$WQW_SPOOL"/there/new/*

echo x | wqw-submit here >"$T/job"
run here 'wqw-submit --wait there </dev/null; echo $?; echo x | wqw-submit nowhere; echo $?
	env -u WQW_OUTBOX wqw-submit there </dev/null >&2; WQW_OUTBOX=/tmp wqw-submit there </dev/null; echo $?'
is "$(wqw-cat "$(cat "$T/job")" | tr '\n' ' ')" '64 66 64 ' 'what cannot be staged is refused'
is "$(count "$WQW_SPOOL/there/new")" 1 'and without WQW_OUTBOX a job is submitted at once'
rm "$WQW_SPOOL"/there/new/*

# A thousand of them, in a group: in their order.
echo x | wqw-submit here >"$T/job"
run here 'mkdir "$HOME/many" && cd "$HOME/many" && for i in $(seq 1000); do echo $i >$i; done
	wqw-submit -g g there $(seq 1000) >/dev/null'
is "$(cd "$WQW_SPOOL/there/new" && for f in *; do sed '1,/^$/d' "$f"; done | tr '\n' ' ')" "$(seq 1000 | tr '\n' ' ')" \
	'a thousand of a group keep their order'
rm -r "$WQW_SPOOL"/there/new && mkdir "$WQW_SPOOL/there/new"

# A queue that has gone: the result is kept, the outbox waits, and goes out when the queue is back.
echo x | wqw-submit here >"$T/job"
bg wqw-worker here -- sh -c 'echo x | wqw-submit there >&2; mv "$WQW_SPOOL/there" "$WQW_SPOOL/.there"'
until_true test -e "$WQW_SPOOL/here/done/$(sed 's|.*/||' "$T/job")"
stop "$BG_PID"
mv "$WQW_SPOOL/.there" "$WQW_SPOOL/there"
run here 'exit 1'
is "$(count "$WQW_SPOOL/there/new") $(count "$WQW_SPOOL/here/cur")" '1 0' 'what could not be delivered is delivered later'

other=/dev/shm
if [ -w $other ] && [ "$(stat -c %d $other)" != "$(stat -c %d "$T")" ]; then
	far=$(mktemp -d $other/wqw-test.XXXXXX)
	at_exit 'rm -rf "$far"'
	queue far && mv "$WQW_SPOOL/far" "$far/q"
	echo x | wqw-submit here >"$T/job"
	run here "echo hello | wqw-submit '$far/q'"
	is "$(sed '1,/^$/d' "$far"/q/new/*) $(count "$far/q/tmp")" 'hello 0' 'a queue on another file system gets a copy'
else
	skip 'one file system' 'a queue on another file system gets a copy'
fi

done_testing
