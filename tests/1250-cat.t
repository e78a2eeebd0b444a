#!/bin/sh
# wqw-cat: results, logs, jobs and headers; and what it says where there is none.
. "$(dirname "$0")/lib.sh"

wqw-init q
head -c 300000 /dev/urandom >payload
job=$(wqw-submit -H 'X-Kept: yes' --type a/b q payload)
dead=$(echo dead | wqw-submit q)

exits 75 'not done yet' wqw-cat "$job"
like "$(said)" "^wqw-cat: $job: not done yet: new, submitted " 'says what it is instead'
wqw-cat --job "$job" | cmp - payload && pass 'the job itself' || fail 'the job itself'
like "$(wqw-cat --job --header "$job")" '^X-Kept: yes$' 'its header'
exits 0 'its log is empty' wqw-cat --log "$job"
is "$(said)" '' 'quite'

wqw-worker q --drain -- sh -c 'read -r line; test "$line" != dead || { echo why >&2; exit 100; }; cat; echo log >&2' ||
	diag 'worker failed'
wqw-cat "$job" >result
is "$(tail -c 1000 payload | cksum)" "$(tail -c 1000 result | cksum)" 'the result'
wqw-worker q --drain -- cat
job=$(wqw-submit -H 'X-Kept: yes' --type a/b q payload)
wqw-worker q --drain -- sh -c 'cat; echo log >&2'
wqw-cat "$job" >result
cmp result payload && pass 'byte for byte' || fail 'byte for byte'
wqw-cat "$job" >>result
is "$(wc -c <result)" 600000 'to a file that is appended to'
is "$(wqw-cat "$job" | wc -c)" 300000 'to a pipe'
is "$(wqw-cat "$job" "$job" | wc -c)" 600000 'two of them'
is "$(echo "$job" | wqw-cat - | wc -c)" 300000 'addresses on standard input'
is "$(wqw-cat --log "$job")" log 'its log'
header=$(wqw-cat --header "$job")
like "$header" '^Exit: 0$' 'its header'
like "$header" '^X-Kept: yes$' 'with what it has from the job'
exits 66 'the job itself is gone' wqw-cat --job "$job"
like "$(said)" 'only the result is kept' 'says so'

exits 69 'one that failed' wqw-cat "$dead"
like "$(said)" "^wqw-cat: $dead: failed: exit, 1 attempt, [0-9]*s ago; wqw-cat --log" 'says why, and where to look'
like "$(wqw-cat --log "$dead")" '^why$' 'there'
is "$(wqw-cat --job "$dead")" dead 'the job is kept'

# --- following
# The handler says a line, and waits to be told to go on.
mkfifo go
slow=$(echo slow | wqw-submit q)
bg sh -c "exec wqw-cat --log --follow '$slow' >followed"
follower=$BG_PID
bg wqw-worker q -- sh -c "echo first >&2; read -r x <'$T/go'; echo second >&2"
worker=$BG_PID
until_true grep -q first followed && pass 'a log is followed before the job starts' || fail 'not followed'
ok 'while it runs' alive "$follower"
echo x >go
wait "$follower"
is "$?" 0 'until the job has ended'
is "$(cat followed)" 'first
second' 'to its last line'
stop "$worker"
is "$(timeout 10 wqw-cat -lf "$dead" | grep -c why)" 1 'one that has ended is not waited for'

# --- faults
exits 66 'no such job' wqw-cat q/none
exits 66 'nor its log' wqw-cat --log q/none
exits 66 'nor the job' wqw-cat --job q/none
exits 66 'no such queue' wqw-cat nowhere/x
exits 64 'no address' wqw-cat q
like "$(said)" "'q' is not an address: QUEUE/ID" 'says so'
exits 64 'nothing at all' wqw-cat
exits 64 '--log with --job' wqw-cat --log --job "$job"
exits 64 '--follow without --log' wqw-cat --follow "$job"
exits 74 'standard output cannot be written' sh -c "wqw-cat '$job' >/dev/full"
exits 74 'nor a header' sh -c "wqw-cat -i '$job' >/dev/full"
exits 74 'closed' sh -c "wqw-cat '$job' >&-"
printf 'Content-Length: 10\n\nshort' >spool/q/done/torn
exits 65 'a torn result' wqw-cat q/torn
like "$(said)" '^wqw-cat: q/torn: torn: less follows' 'says so, and prints none of it'
is "$(said | wc -l)" 1 'none at all'
ln -s /etc/passwd spool/q/done/link
wqw-cat q/link >out 2>&1 && fail 'followed a link'
unlike "$(cat out)" '^root:' 'a symbolic link is not followed'
mkfifo spool/q/done/fifo
wqw-cat q/fifo >out 2>&1 && fail 'read a fifo'
pass 'a fifo does not hold it up'
printf 'X: a\tb\303\244\n\n' >spool/q/done/odd
is "$(wqw-cat -i q/odd)" "$(printf 'X: a\tb\303\244')" 'bytes of a header are as they are in a pipe'
if command -v script >/dev/null; then
	unlike "$(printf 'X: a\302\233b\n\n' >spool/q/done/c1; script -qec 'wqw-cat -i q/c1' /dev/null)" \
		"$(printf '\302\233')" 'and escaped on a terminal'
fi
ok '--help' wqw-cat --help
done_testing
