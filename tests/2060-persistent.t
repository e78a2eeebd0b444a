#!/bin/sh
# Handlers that are kept for many jobs: a crash costs one attempt of one job, and all else holds as for others.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need flock perl
work_in_memory
Q=$W/q EX=$ROOT/share/examples/persistent

conf() { printf '%s\n' 'reserve-bytes 0' 'reserve-inodes 0' 'backoff 0s' "$@" >"$Q/queue.conf"; }
queue()
{
	rm -rf "$Q"
	wqw-init "$Q" 2>/dev/null
	conf "$@"
}
put() { printf '\n%s\n' "$2" >"$Q/tmp/$1" && mv "$Q/tmp/$1" "$Q/new/$1"; }
result() { sed '1,/^$/d' "$Q/done/$1"; }
ends() { (cd "$Q" && find ./done failed -type f | sed 's|^\./||' | sort | tr '\n' ' '); }
drain() { timeout -k 1 60 wqw-worker "$Q" --drain --persistent "$@" 2>said; }

# --- the examples

${CC:-cc} -D_GNU_SOURCE -o upper "$EX/upper.c" 2>said || : >upper
for handler in upper.sh upper.py upper.pl upper; do
	case $handler in
	*.py) command -v python3 >/dev/null || { skip 'python3 is missing' "$handler"; continue; } ;;
	esac
	program=$EX/$handler
	[ -x "$program" ] || program=$T/upper
	queue
	for i in 1 2 3 4 5; do put "job$i" "hello $i"; done
	ok "$handler drains a queue" drain -j 2 -- "$program"
	is "$(for i in 1 2 3 4 5; do result job$i; done | tr '\n' ' ')" 'HELLO 1 HELLO 2 HELLO 3 HELLO 4 HELLO 5 ' "$handler: the results"
	is "$(sed -n '/^Content-Length/p;/^Exit/p' "$Q/done/job1" | tr -s ' \n' ' ')" 'Content-Length: 8 Exit: 0 ' "$handler: their fields"
	is "$(ls "$Q/log" "$Q/tmp" "$Q/cur")" "$(printf '%s:\n\n' "$Q/cur" "$Q/log" "$Q/tmp" | sed '$d')" "$handler: nothing is left beside"
done
for handler in upper.sh upper.py upper.pl upper.c; do
	ok "$handler has at most 40 lines" test "$(wc -l <"$EX/$handler")" -le 40
done

# --- what it is told, and what it says

cat >odd.sh <<'EOF'
# odd.sh: does what the payload says.
tab=$(printf '\t')
trap 'echo over >over' EXIT
echo $$ >>started
while IFS=$tab read -r job offset result variables; do
	printf '%s\n' "$variables" | tr '\t' '\n' >told
	echo "said by $job" >&2
	how=$(tail -c +$((offset + 1)) "$job")
	case $how in
	crash) kill -KILL $$ ;;
	quit) exit 0 ;;
	quit7) exit 7 ;;
	hang) tail -f /dev/null ;;
	hold)
		# It would end with a pipe that nobody reads.
		tail -f /dev/null >held 2>&1 &
		echo $! >hold
		wait ;;
	flood) cat /dev/zero >>"$result" ;;
	moan) cat /dev/zero >&2 ;;
	nonsense) echo well ;;
	twice) printf '0\n0\n' ;;
	large) echo 256 ;;
	# Without a standard output it would end by itself.
	deaf) exec 0<&- 1>&-; tail -f /dev/null >held ;;
	over) echo fresh >"$result"; echo 0 ;;
	rename) echo fresh >"$result.new" && mv "$result.new" "$result"; echo 0 ;;
	remove) rm "$result"; echo 0 ;;
	stage) echo 0 | WQW_OUTBOX=$(sed -n 's/^WQW_OUTBOX=//p' told) wqw-submit "$1" >/dev/null; echo $? ;;
	[0-9]*) echo "$how" ;;
	esac
done
EOF
odd() { rm -f started over; drain "$@" -- sh "$T/odd.sh" "$Q"; }

queue
for i in 1 2 3 4 5 6 7 8 9; do put "job$i" 0; done
ok 'nine jobs' odd
is "$(wc -l <started | tr -d ' ')" 1 'are of one process'
is "$(cat over)" over 'which ends by itself at the end of its input'
is "$(cat "$Q/log/job7")" "said by $(cd "$Q" && pwd -P)/cur/job7,A=1" 'what it says is in the log of the job'
is "$(sed -n '/^WQW_ID=/p;/^WQW_ATTEMPT=/p' told | tr '\n' ' ')" 'WQW_ID=job9 WQW_ATTEMPT=1 ' 'it is told the variables of the job'

queue 'max-attempts 1'
put a 0; put b '3 no such colour'; put c 0
ok 'a job fails' odd
is "$(ends)" 'done/a done/c failed/b,A=1,X=exit '  'and the others do not'
like "$(cat "$Q/log/b")" '^wqw: the handler says: no such colour$' 'its words are in its log'
like "$(cat "$Q/log/b")" 'attempt 1 of 1: exit 3; failed for good' 'so is its status'
is "$(wc -l <started | tr -d ' ')" 1 'that takes no other process'

queue 'max-attempts 3'
put a '100 never'
ok '100' odd
is "$(ls "$Q/failed")" a,A=1,X=exit 'is for good'

# bad HOW END [LINE...]: a job that ends so costs one attempt, and the jobs around it none.
bad()
{
	how=$1 wanted=$2
	shift 2
	queue 'max-attempts 1' 'kill-after 200ms' "$@"
	put a 0; put b "$how"; put c 0
	ok "$how: the worker goes on" odd
	is "$(ends)" "done/a done/c failed/b,A=1,X=$wanted " "$how: a dead letter, and nothing else"
	is "$(wc -l <started | tr -d ' ')" 2 "$how: the next job has a new process"
	is "$(ls "$Q/tmp")" '' "$how: nothing is left"
}
bad crash signal
bad quit exit
like "$(cat "$Q/log/b")" 'ended without an answer' 'which the log says'
like "$(cat "$Q/log/b")" 'exit 76' 'with a status of its own'
bad quit7 exit
bad hang timeout 'timeout 2s'
bad flood limit 'max-result 64K'
bad moan limit 'max-log 64K'
bad nonsense exit
like "$(cat "$Q/log/b")" 'did not answer with one line' 'which the log says, too'
bad twice exit
bad large exit
bad deaf signal

queue 'max-attempts 3'
put a crash
ok 'a job whose handler dies each time' odd
is "$(ls "$Q/failed")" a,A=3,X=signal 'is a poison job after its attempts'

queue
put a over
ok 'a result that is written over' odd
is "$(result a)" fresh 'is what was written'
like "$(sed '/^$/q' "$Q/done/a")" '^Id: a$' 'with its header'

for how in rename remove; do
	queue 'max-attempts 2'
	put a 0; put b "$how"; put c 0
	ok "$how: the result must stay where it is" odd
	is "$(ends)" 'done/a done/c failed/b,A=2,X=exit ' "$how: the job is a dead letter after its attempts"
	like "$(cat "$Q/log/b")" "attempt 2 of 2: the result's file was removed or replaced" "$how: its log says why"
	is "$(ls "$Q/tmp")" '' "$how: nothing is left"
done

queue
put a stage
ok 'a handler submits' odd
is "$(count "$Q/done")" 2 'and what it submits runs'

exits 64 'a handler without -- is refused' wqw-worker "$Q" true
like "$(said)" "^wqw-worker: 'true' after the queue: a handler comes after --" 'in words'
exits 66 'a queue that is not there' wqw-worker "$W/none" -- true
like "$(said)" "^wqw-worker: there is no queue at '$W/none' .wqw-init makes one.$" 'is named'
exits 64 'an option that is none' wqw-worker "$Q" --jibs 3
like "$(said)" "^wqw-worker: unknown or ambiguous option '--jibs' .allowed: --drain --jobs --persistent --help.$" 'is named'

printf '%s\n' 'max-cpu 10s' >>"$Q/queue.conf"
exits 78 'max-cpu is refused' wqw-worker "$Q" --drain --persistent -- true
like "$(said)" 'max-cpu: not with --persistent' 'in words'

# --- while it runs

queue 'kill-after 200ms'
put a hang
bg wqw-worker "$Q" --persistent -- sh "$T/odd.sh"
wait_count "$Q/cur" 1
until_true grep -q said "$Q/log/a"
ok 'wqw-cancel' wqw-cancel "$Q/a"
until_true test -e "$Q/failed/a,A=1,X=cancelled"
ok 'ends it' test -e "$Q/failed/a,A=1,X=cancelled"
put b 0
until_true test -e "$Q/done/b"
ok 'and the next one runs' test -e "$Q/done/b"
stop "$BG_PID"

# --- whoever works on a job has its lock, even without its worker and its supervisor

locked() { ! flock -n "$1" true; }
queue
as_nobody true && USER=$NOBODY && chown -R 65534:65534 "$Q" && chmod 777 "$T" && chmod 755 "$W"
put a hold
[ -z "$USER" ] || chown 65534:65534 "$Q/new/a"
# shellcheck disable=SC2086 # words
bg $USER wqw-worker "$Q" --persistent -- sh "$T/odd.sh"
worker=$BG_PID
rm -f hold
until_true test -s hold
ok 'it is locked while it runs' locked "$Q/cur/a,A=1"
supervisor=$(ps -o pid= --ppid "$worker" | tr -d ' ')
# shellcheck disable=SC2086 # pids
kill -STOP $supervisor
handler=$(ps -o pid= --ppid "$supervisor" | tr -d ' ')
# shellcheck disable=SC2086 # pids
kill -KILL $worker $supervisor
wait "$worker" 2>/dev/null
until_true gone "$supervisor"
if wqw_runs "$(cat hold)"; then
	ok 'and while a grandchild lives' locked "$Q/cur/a,A=1"
	kill -KILL "$(cat hold)"
else
	pass 'nothing of it has outlived them'
fi
until_true eval '! locked "$Q/cur/a,A=1"'
ok 'then no more' eval '! locked "$Q/cur/a,A=1"'
ok 'the handler is gone' eval '[ -z "$handler" ] || ! wqw_runs $handler'
done_testing
