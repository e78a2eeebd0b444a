#!/bin/sh
# wqw-submit: what becomes of files and options, and what it says where nothing does.
. "$(dirname "$0")/lib.sh"

wqw-init q
id='[0-9]{8}T[0-9]{6}\.[0-9]{6}-[0-9a-hjkmnp-tv-z]{16}'

payload() { sed '1,/^$/d' "$1"; }
empty_queue() { find spool/q -type f -exec rm -f {} +; }
nothing() { test -z "$(find spool/q -type f ! -name queue.conf)"; }

job=$(echo hello | wqw-submit q)
like "$job" "^q/$id\$" 'standard input: its address'
file=spool/q/new/${job#q/}
is "$(payload "$file")" hello 'is in new/, under its ID'
is "$(stat -c %a "$file")" 640 'not for everybody'
like "$(sed '/^$/q' "$file")" '^Content-Length: 6 *$' 'with its length'
unlike "$(sed '/^$/q' "$file")" '^(Filename|Content-Type):' 'and nothing that nobody said'
ok 'tmp/ is empty' counts spool/q/tmp 0
empty_queue

printf 'a\0b\r\n\n\nc' >'odd name' && : >empty
wqw-submit -H 'X-One: 1' --header='x-two:  two words ' --type text/x-odd -p 3 --group cust.1 q 'odd name' - ./empty \
	<"$ROOT/LICENSE" >addresses
ok 'three of them' test "$(wc -l <addresses)" -eq 3
like "$(head -n 1 addresses)" "^q/$id,P=3,G=cust\.1\$" 'priority and group are in the name'
n=0
while IFS= read -r job; do
	n=$((n + 1))
	cp "spool/q/new/${job#q/}" "job$n"
done <addresses
payload job1 | cmp -s - 'odd name' && pass 'bytes of a file' || fail 'bytes of a file'
payload job2 | cmp -s - "$ROOT/LICENSE" && pass 'standard input between files' || fail 'standard input between files'
is "$(payload job3 | wc -c)" 0 'an empty file is a job, too'
like "$(sed '/^$/q' job1)" '^X-One: 1$' 'a field'
like "$(sed '/^$/q' job1)" '^x-two: two words$' 'another, without the blanks around its value'
like "$(sed '/^$/q' job1)" '^Content-Type: text/x-odd$' 'its type'
like "$(sed '/^$/q' job1)" '^Filename: odd name$' 'the name of the file'
like "$(sed '/^$/q' job3)" '^Filename: empty$' 'without its directory'
unlike "$(sed '/^$/q' job2)" '^Filename:' 'which standard input has not'
empty_queue

wqw-submit -H 'Filename: mine' q empty >/dev/null
is "$(grep -c '^Filename:' spool/q/new/*) $(grep -c '^Filename: mine$' spool/q/new/*)" '1 1' 'a Filename of one'\''s own wins'
empty_queue
: >"$(printf 'a\nb: c')"
wqw-submit q "$(printf 'a\nb: c')" >/dev/null
like "$(cat spool/q/new/*)" '^Filename: a\?b: c$' 'a name with a line feed cannot make a field'
empty_queue

printf '%%PDF-1.4\n' >pdf
if wqw-submit --type guess q pdf >/dev/null 2>err; then
	like "$(cat spool/q/new/*)" '^Content-Type: application/pdf$' '--type guess, of a file'
	empty_queue
	(printf %s '%P'; tick; echo DF-1.4) | wqw-submit --type guess q >/dev/null
	like "$(cat spool/q/new/*)" '^Content-Type: application/pdf$' 'of a pipe that comes in pieces'
	is "$(payload spool/q/new/*)" '%PDF-1.4' 'with all of its bytes'
	empty_queue
	: | wqw-submit --type guess q >/dev/null
	like "$(cat spool/q/new/*)" '^Content-Type: application/octet-stream$' 'of nothing'
	empty_queue
else
	like "$(cat err)" 'built without libmagic' '--type guess, without libmagic'
fi
ok 'nothing is left' nothing

# --- one line, an exit status, and nothing changed

refused()
{
	wqw_status=$1 wqw_text=$2
	shift 2
	exits "$wqw_status" "refused: $(echo "$*" | tr '\n' ' ')" "$@" </dev/null
	like "$(said)" "$wqw_text" '  says why'
	is "$(said | wc -l)" 1 '  in a line'
}

refused 64 'which queue' wqw-submit
refused 64 "unknown or ambiguous option '--prio=1'|--priority" wqw-submit --priorty 1 q
refused 64 "'-x'" wqw-submit -x q
for value in '' -1 10 5x ' 5' 0x5 99999999999999999999; do
	refused 64 "--priority '$value': not a number from 0 to 9" wqw-submit --priority "$value" q
done
for value in '' .x 'a b' "$(printf '%065d' 1)"; do
	refused 64 '--group .*: not 1 to 64 letters' wqw-submit --group "$value" q
done
for value in '' text guess! "$(printf 'a/b\nc')"; do
	refused 64 '--type .*: neither a MIME type' wqw-submit --type "$value" q
done
for value in '' 5x -1 1y; do
	refused 64 '--wait .*: not a duration' wqw-submit --wait="$value" q
done
refused 64 "not 'Name: value'" wqw-submit -H nonsense q
refused 64 'a name has 1 to 64' wqw-submit -H ': x' q
refused 64 'a name has letters' wqw-submit -H 'a b: x' q
refused 64 'a value is one line' wqw-submit -H "$(printf 'a: b\nc: d')" q
for name in Content-Length content-length Expires Idempotency-Key Id Attempt Started Finished Worker Exit; do
	refused 64 'wqw itself sets' wqw-submit -H "$name: 1" q
done
refused 64 'only one of them' wqw-submit -H 'content-type: a/b' --type a/b q
set --
for n in 1 2 3 4 5; do
	set -- "$@" -H "X$n: $(printf '%04000d' 1)"
done
exits 64 'refused: more than 16 KiB of fields' wqw-submit "$@" q

refused 66 "no queue 'nowhere' in .*\(wqw-init makes one\)" wqw-submit nowhere
refused 66 "no queue at './nowhere'" wqw-submit ./nowhere
refused 64 'not a queue.s name' wqw-submit 'a b'
refused 64 'control character' wqw-submit "$(printf './a\nb')"
refused 66 'missing: No such file or directory; nothing was submitted' wqw-submit q empty missing
refused 66 'a directory; nothing was submitted' wqw-submit q empty .
ok 'and nothing was' nothing

echo 'max-size 10' >spool/q/queue.conf
echo 12345678901 >eleven
refused 65 'eleven: 12 bytes, max-size .* allows 10; nothing was submitted' wqw-submit q empty eleven
exits 65 'too large, as it turns out' sh -c 'cat eleven | wqw-submit q'
like "$(said)" 'standard input: larger than the 10 bytes' 'says so'
ok 'nothing is left of it' nothing
exits 65 'too large, after a good one' sh -c 'cat eleven | wqw-submit q empty - "odd name"'
like "$(said)" "^q/$id\$" 'which is accepted'
like "$(said)" 'not submitted: odd name and what comes after it' 'and what comes after it is not'
ok 'just that one' counts spool/q/new 1
ok 'nothing in tmp/' counts spool/q/tmp 0
empty_queue
echo 'max-sise 10' >spool/q/queue.conf
refused 78 'q/queue.conf:1:' wqw-submit q empty
echo 'reserve-bytes 1000000T' >spool/q/queue.conf
refused 75 'reserve' wqw-submit q empty
rm spool/q/queue.conf
mkdir spool/q/queue.conf
refused 78 'q/queue.conf: not a file' wqw-submit q empty
rmdir spool/q/queue.conf
ok 'nothing was submitted' nothing

# --- descriptors

exits 74 'closed standard input is no empty job' sh -c 'wqw-submit q <&-'
exits 66 'a directory on standard input' sh -c 'wqw-submit q <.'
ok 'nothing was submitted' nothing
for to in '>/dev/full' '>&-'; do
	exits 74 "accepted, but its address goes nowhere: $to" sh -c "echo x | wqw-submit q $to"
	like "$(said)" "q/$id: accepted all the same" 'is told on stderr'
	is "$(payload spool/q/new/*)" x 'the job stays'
	empty_queue
done
exits 74 'nobody reads the addresses' sh -c 'mkfifo f && { exec 3<>f 4>f 3<&-; echo x | wqw-submit q >&4; }'
like "$(said)" 'accepted all the same' 'is told on stderr, too'
empty_queue

# --- many, and large

mkdir many && (cd many && seq 1 200 | split -l 1 -a 3)
wqw-submit q many/* >addresses
is "$(wc -l <addresses) $(sort -u addresses | wc -l)" '200 200' '200 files, in rounds'
is "$(sort addresses | sed 's/^q.//')" "$(ls spool/q/new)" 'all in new/'
is "$(while IFS= read -r job; do payload "spool/q/new/${job#q/}"; done <addresses | tr '\n' ' ')" "$(seq 1 200 | tr '\n' ' ')" \
	'in the order of the command line'
empty_queue
if [ -z "$WQW_ASAN" ]; then
	exits 0 'more than memory' sh -c 'ulimit -v 60000; head -c 120000000 /dev/zero | wqw-submit q'
	like "$(cat spool/q/new/* | tail -c 120000000 | cmp - /dev/zero 2>&1)" 'EOF on - after byte 120000000' 'all of it'
	empty_queue
fi

# --- a signal leaves nothing

# Of what is small nothing is on disk before its end.
seq 2000 >large
mkfifo fifo
bg sh -c 'exec wqw-submit q large - <fifo >addresses 2>err'
pid=$BG_PID
exec 5>fifo
cat large >&5
wait_count spool/q/tmp 2
kill -TERM "$pid"
wait "$pid"
is $? 143 'SIGTERM ends it'
exec 5>&-
ok 'and leaves nothing' nothing
ok 'no address was printed' test ! -s addresses
bg sh -c 'trap "" HUP; exec wqw-submit q <fifo >addresses'
pid=$BG_PID
exec 5>fifo
cat large >&5
wait_count spool/q/tmp 1
kill -HUP "$pid"
echo ended >&5
exec 5>&-
wait "$pid"
is $? 0 'under nohup, SIGHUP does not'
is "$(payload spool/q/new/*)" "$(cat large)
ended" 'and all of it is there'
empty_queue

# --- --wait

bg wqw-worker q -- cat
exits 0 '--wait: done' wqw-submit --wait=30 q 'odd name' empty
is "$(count spool/q/done)" 2 'both'
stop "$BG_PID"
exits 75 '--wait: not in time' wqw-submit --wait=10ms q empty
like "$(said)" 'accepted, and not ended yet' 'says so'
empty_queue
bg wqw-worker q -- sh -c 'exit 100'
exits 69 '--wait: failed' wqw-submit --wait q empty
like "$(said)" 'failed \(exit\); wqw-cat --log' 'says so'

ok '--help' wqw-submit --help
like "$(said)" '^usage: wqw-submit ' 'tells the usage'
ok '-- ends the options' sh -c 'cd many && : >-x && wqw-submit -- q -x'
ok 'a path to a queue' sh -c 'cd spool && wqw-submit ./q </dev/null'
like "$(said)" "^\./q/$id\$" 'stands in the address as it was given'
done_testing
