#!/bin/sh
# wqw-retry: dead letters put back one by one and by what they have in common; held jobs released; queues resumed.
. "$(dirname "$0")/lib.sh"

wqw-init q 2>/dev/null
put() { { echo; echo payload; } >"spool/q/$1"; }
files() { (cd spool/q && find new later cur 'done' failed tmp -mindepth 1 -printf '%h/%P\n' | sed 's|^\([a-z]*\)/.*/|\1/|' | sort | tr '\n' ' '); }
clear_all() { find spool/q -mindepth 2 -type f -delete; }

# --- by address
put failed/a,A=5,X=exit && put failed/b,P=2,A=1,X=timeout
is "$(wqw-retry q/a q/b,P=2 | tr '\n' ' ')" 'q/a q/b,P=2 ' 'prints the addresses'
is "$(files)" 'new/a,A=5,X=exit new/b,P=2,A=1,X=timeout ' 'as mv does'
exits 0 'again' wqw-retry q/a
is "$(said)" q/a 'is no fault'
like "$(cat spool/q/log/a)" '^wqw: 20[^ ]*Z put back$' 'the log says so'
ok 'a worker' wqw-worker q --drain -- sh -c 'echo "$WQW_ATTEMPT"'
is "$(wqw-cat q/a)" 1 'begins afresh'
put new/c && put later/d,A=1 && touch -d '+1 hour' spool/q/later/d,A=1
exits 69 'one that is ready is no dead letter' wqw-retry q/c
is "$(said)" 'wqw-retry: q/c: is ready to run' 'says so'
exits 69 'nor one that is done' wqw-retry q/a
exits 0 'one that waits for its next attempt' wqw-retry q/d
is "$(files)" 'done/a done/b,P=2 new/c new/d,A=1 ' 'does not wait any longer'
put failed/e,X=lost
exits 66 'the first fault counts' wqw-retry q/none q/a nowhere/x q/e
is "$(said | grep -c '^q/e$') $(said | grep -c '^wqw-retry: ')" '1 3' 'and all are tried'

# --- held jobs
clear_all
put new/a && put later/b,A=1
wqw-cancel --hold q/a q/b >/dev/null
is "$(wqw-status --held q | cut -f 1 | sort | wqw-retry - | tr '\n' ' ')" 'q/a q/b ' 'held jobs are released'
is "$(files)" 'new/a new/b,A=1 ' 'and ready'
is "$(find spool/q/new -newermt '+1 hour')" '' 'and as old as now'

# A cancelled job that is put back is not cancelled again by what a crash has left.
clear_all
put failed/a,A=1,X=cancelled && : >spool/q/cur/.cancel.a
wqw-retry q/a >/dev/null
is "$(ls -A spool/q/cur)" '' 'the mark of a cancelled job goes when it is put back'

# --- by queue
clear_all
for n in 1 2 3; do put "failed/old$n,A=5,X=exit"; put "failed/slow$n,A=1,X=timeout"; done
put failed/gone,X=cancelled
put new/other
touch spool/q/failed/.hidden 'spool/q/failed/no job'
exits 64 'all of a queue has to be asked for' wqw-retry q
like "$(said)" '^wqw-retry: q: which of its dead letters' 'says so'
is "$(wqw-retry --older 1h q)" '' 'none of them is old'
is "$(wqw-retry --match 'old[12]' q)" 'q/old1
q/old2' 'by pattern'
is "$(wqw-retry --reason timeout --match '*[13]' q | tr '\n' ' ')" 'q/slow1 q/slow3 ' 'by reason and pattern'
is "$(printf 'q/old3\nq/slow2\n' | wqw-retry --reason timeout --reason lost -)" q/slow2 'the options choose among addresses, too'
is "$(wqw-retry --newer 1h --reason exit --reason cancelled q | sort | tr '\n' ' ')" 'q/gone q/old3 ' 'by age'
is "$(wqw-retry --all q)" '' 'all that are left: none'
if command -v jq >/dev/null; then
	clear_all
	for n in 1 2 3; do put "failed/f$n,A=$n,X=exit"; done
	is "$(wqw-status --failed q --json | jq -r 'select(.attempts > 1) | .address' | sort | wqw-retry - | tr '\n' ' ')" 'q/f2 q/f3 ' 'by jq'
else
	skip 'jq is missing' 'by jq'
fi

# --- rate
clear_all
for n in 1 2 3 4 5; do put "failed/r$n,A=5,X=exit"; done
is "$(wqw-retry --rate 1 --all q | tr '\n' ' ')" 'q/r1 q/r2 q/r3 q/r4 q/r5 ' 'one a second'
is "$(find spool/q/new spool/q/later -type f | sort | sed 's|.*q/||' | tr '\n' ' ')" \
	'later/r2,A=5,X=exit later/r3,A=5,X=exit later/r4,A=5,X=exit later/r5,A=5,X=exit new/r1,A=5,X=exit ' 'one now, and the others by and by'
is "$(find spool/q/later -printf '%f %T@\n' | sort | awk '/^r/ { if (NR > 2) d = d sprintf("%.0f ", $2 - at); at = $2 } END { print d }')" \
	'1 1 1 ' 'a second apart'
is "$(wqw-status q/r3 | cut -f 2)" later 'and are found there'
like "$(wqw-status --json q/r3)" '"attempts":0,.*"reason":null' 'with no attempts, and no reason'
find spool/q/later -type f -exec touch -d '1 minute ago' {} +
ok 'a worker' wqw-worker q --drain -- sh -c 'echo "$WQW_ATTEMPT"'
is "$(wqw-cat q/r5)" 1 'gives them all their attempts'

# --- pause
touch spool/q/pause
is "$(wqw-retry --resume q)" q resume
ok 'removes the file' test ! -e spool/q/pause
exits 0 'again' wqw-retry --resume q
exits 66 'no such queue' wqw-retry --resume nowhere

# --- words
for bad in older=x older= older=-1 older=0 newer=1y newer=999999999d 'reason=because' reason= match= rate=0 rate=-1 rate=x rate=1000001; do
	exits 64 "--$bad" wqw-retry --"$bad" q
	[ "$(said | wc -l)" -eq 1 ] || fail "--$bad: one line"
done
exits 64 'what?' wqw-retry
exits 64 '--resume goes alone' wqw-retry --resume --all q
exits 64 'an option that is none' wqw-retry --olt 1h q
exits 74 'standard input cannot be read' sh -c 'wqw-retry - <.'
put failed/z,X=exit
exits 74 'standard output cannot be written' sh -c 'wqw-retry q/z >/dev/full'
ok '--help' wqw-retry --help
done_testing
