#!/bin/sh
# wqw-status: every state, as text and as JSON, by address and by queue.
. "$(dirname "$0")/lib.sh"

wqw-init q
need flock

# state ADDRESS... and the words, without the times
state() { wqw-status "$@" | cut -f 2; }
words() { wqw-status "$@" | cut -f 3 | sed 's/[0-9][0-9]*[smhd][0-9smhd]*/T/g'; }

a=20261123T175305.123456-k3v9q0t7x2m4c8d1
put() { { echo; echo payload; } >"spool/q/$1"; }

put "new/$a,P=2,G=c"
is "$(state "q/$a,P=2,G=c")" new 'new'
like "$(words "q/$a,P=2,G=c")" '^submitted T ago, priority 2, group c$' 'since when, and what it asks for'
mv "spool/q/new/$a,P=2,G=c" "spool/q/later/$a,P=2,G=c,A=1"
touch -d '+1 hour' spool/q/later/*
is "$(state "q/$a,P=2,G=c")" later 'later'
is "$(words "q/$a,P=2,G=c")" '1 attempt, due in T, priority 2, group c' 'when it is due'
mv spool/q/later/* "spool/q/cur/$a,P=2,G=c,A=2"
is "$(state "q/$a,P=2,G=c")" abandoned 'in cur/ and unlocked: abandoned'
is "$(words "q/$a,P=2,G=c")" 'attempt 2, its worker has died, the next one takes it over, priority 2, group c' 'what that means'
exec 9<"spool/q/cur/$a,P=2,G=c,A=2"
flock 9
is "$(state "q/$a,P=2,G=c")" running 'locked: running'
is "$(words "q/$a,P=2,G=c")" 'attempt 2, for T, priority 2, group c' 'which attempt'
exec 9<&-
mv spool/q/cur/* "spool/q/failed/$a,P=2,G=c,A=3,X=timeout"
is "$(state "q/$a,P=2,G=c")" failed 'failed'
is "$(words "q/$a,P=2,G=c")" 'timeout, 3 attempts, T ago, priority 2, group c' 'why'
rm spool/q/failed/*
printf 'Attempt: 2\nStarted: 2026-11-23T17:53:05Z\nFinished: 2026-11-23T17:53:17Z\n\nresult' >"spool/q/done/$a"
is "$(state "q/$a")" 'done' 'done'
is "$(words "q/$a")" '2 attempts, took T, T ago' 'what its result tells'
echo torn >"spool/q/done/$a"
is "$(words "q/$a")" 'T ago' 'a result that is not one tells nothing, and harms nothing'

# --- a queue
rm spool/q/done/*
put new/by-hand
put "new/$a"
put later/l
put cur/r,A=1
put done/d
put failed/f,A=5,X=exit
put failed/put.back,X=cancelled
touch 'spool/q/new/not a job' spool/q/new/.hidden
is "$(wqw-status q 2>err | cut -f 1,2 | sort | tr '\t\n' '  ')" \
	"q/$a new q/by-hand new q/d done q/f failed q/l later q/put.back failed q/r abandoned " 'all jobs of a queue'
is "$(cat err)" "wqw-status: q/new: 1 names that are no job's" 'and what is none'
is "$(state --new q 2>/dev/null | sort | uniq -c | tr -s ' ')" ' 2 new' '--new'
is "$(state --later q)" later '--later'
is "$(state --running q)" abandoned '--running, with those abandoned'
is "$(state --done q)" 'done' '--done'
is "$(wqw-status --failed q | sort | cut -f 3 | sed 's/[0-9]*s /T /')" "exit, 5 attempts, T ago
cancelled, T ago" '--failed'
is "$(state --done --later q | tr '\n' ' ')" 'later done ' 'two of them'
is "$(state --failed q/d q/f)" failed 'of addresses, too'
is "$(wqw-status --failed q | cut -f 1 | wqw-status - | wc -l)" 2 'addresses on standard input'
is "$(printf 'q/d\n\nq/f' | state - q/l | tr '\n' ' ')" 'done failed later ' 'with an empty line, without the last line feed, and others after'
is "$(cd spool && state q/d ./q/d "$PWD/q/d" | tr '\n' ' ')" 'done done done ' 'a queue by its path'
is "$(cd spool && wqw-status --done ./q | cut -f 1)" ./q/d 'which stands in the address'
wqw-init ./q/nested 2>/dev/null
is "$(wqw-status ./spool/q/d | cut -f 2)" 'done' 'a path that is no queue is an address'
mkdir x && wqw-init ./x/q && : >x/q/new/j
is "$(wqw-status ./x/q | cut -f 1)" ./x/q/j 'a path that is one is a queue'

# --- JSON
if command -v jq >/dev/null; then
	rm "spool/q/new/not a job"
	put "failed/$a,P=0,G=g,A=5,X=limit"
	rm "spool/q/new/$a"
	is "$(wqw-status --json "q/$a,P=0,G=g" | jq -c '[.address, .queue, .id, .state, .attempts, .priority, .group, .reason, .submitted, .due, .started]')" \
		"[\"q/$a,P=0,G=g\",\"q\",\"$a,P=0,G=g\",\"failed\",5,0,\"g\",\"limit\",\"2026-11-23T17:53:05Z\",null,null]" 'JSON of a dead letter'
	like "$(wqw-status --json "q/$a,P=0,G=g" | jq -r .finished)" '^20[0-9-]*T[0-9:]*Z$' 'when it failed'
	touch -d '2030-01-02T03:04:05Z' spool/q/later/l
	is "$(wqw-status -j q/l | jq -c '[.state, .due, .submitted, .attempts, .priority, .reason]')" \
		'["later","2030-01-02T03:04:05Z",null,0,5,null]' 'of one that is not due'
	printf 'Attempt: 2\nStarted: 2026-11-23T17:53:05Z\nFinished: 2026-11-23T17:53:17Z\n\nresult' >"spool/q/done/d"
	is "$(wqw-status -j q/d | jq -c '[.state, .started, .finished, .attempts]')" \
		'["done","2026-11-23T17:53:05Z","2026-11-23T17:53:17Z",2]' 'of one that is done'
	is "$(wqw-status -j q | jq -s 'map(keys | length) | unique | .[]')" 14 'every object has every field'
	is "$(wqw-status -j q | wc -l)" "$(wqw-status q | wc -l)" 'a line each'
	: >"$(printf 'x\377')"
	wqw-init "$(printf './l\377')/" 2>/dev/null
	mkdir "$(printf 'd\377')" && wqw-init "$(printf './d\377/q')" && : >"$(printf './d\377/q/new/j')"
	is "$(wqw-status -j "$(printf './d\377/q/j')" | jq -r .address)" './d\377/q/j' 'a path that is not UTF-8 is escaped'
else
	skip 'jq is missing' JSON
fi

# --- faults
exits 66 'no such job' wqw-status q/none q/d
like "$(said)" '^wqw-status: q/none: no such job$' 'says so'
like "$(said)" '^q/d	done' 'and goes on'
exits 66 'no such queue' wqw-status nowhere/x
like "$(said)" "there is no queue 'nowhere' in" 'says so'
exits 64 'no address' wqw-status 'q/a b'
exits 64 'nor this' wqw-status q/
exits 64 'an address with a line feed' wqw-status "$(printf 'q/d\nx')"
printf 'q/d\0x\nq/\033[31m\n' >in
exits 64 'NUL and escape bytes' sh -c 'wqw-status - <in'
unlike "$(said)" "$(printf '\033')" 'do not reach a terminal'
is "$(said | wc -l)" 2 'a line each'
exits 66 'the first fault counts' wqw-status q/none 'q/a b'
exits 74 'standard input cannot be read' sh -c 'wqw-status - <.'
exits 74 'nor standard output written' sh -c 'wqw-status q >/dev/full'
exits 64 'of what?' wqw-status
exits 64 'an option that is none' wqw-status --faled q
like "$(said)" 'allowed: --json --new --later --held --running --done --failed --help' 'says what is allowed'
ok '--help' wqw-status --help

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	front() { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env "$@"; }
	job=$(echo x | front wqw-submit front)
	is "$(front wqw-status "$job" | cut -f 2)" new "a web front's user asks by address"
	exits 77 'and cannot list' front wqw-status front
fi
done_testing
