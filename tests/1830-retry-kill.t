#!/bin/sh
# wqw-retry is killed: nothing is lost, nothing is doubled, and what was printed is ready to run.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
need perl
work_in_memory
LOOKS=readlink,fcntl,fstat,newfstatat,faccessat,faccessat2

# All that is in new/ becomes a dead letter.
die_all='perl -e "for (glob(\"\$ARGV[0]/new/*\")) { my \$f = \$_; \$f =~ s|/new/|/failed/|; rename(\$_, \"\$f,A=9,X=exit\") or die }" "$Q"'
printed()
{
	sed 's|.*/||' "$L/out" >"$L/printed"
	while read -r id; do
		! ls "$Q/failed/$id",* >/dev/null 2>&1 || echo "$id was printed, and is not put back"
	done <"$L/printed"
	wqw-retry --all "$Q" >/dev/null
	find "$Q/later" -type f -exec touch -d '1 hour ago' {} +
	balance -x 0
}
for how in '--all' '--all --rate 1'; do
	each_call "wqw-retry $how" "books make -a \$MAX \"\$Q\" \"\$B\" 1 ok ok ok never && $die_all" printed \
		-k -C "$PRIVATE,$LOOKS" sh -c 'exec wqw-retry $2 "$1"' sh QUEUE "$how"
done
each_call 'wqw-retry ADDRESS' "books make -a \$MAX \"\$Q\" \"\$B\" 1 ok ok && $die_all" printed \
	-k -C "$PRIVATE,$LOOKS" sh -c 'exec wqw-retry "$1/job-1" "$1/job-2"' sh QUEUE

# Ten thousand of them, with a worker that runs, and three kills in the middle.
enter_lane 1
books make -a 9 "$Q" "$B" 1 'ok*10000' && eval "$die_all"
is "$(count "$Q/failed")" 10000 'dead letters'
bg wqw-worker "$Q" -j 4 -- ledger "$B"
for n in 1000 4000 2000; do
	inject -T 120 -k -c renameat2 -n $n -o "$L/report" -t "$Q" wqw-retry --all "$Q" >>"$L/out"
	like "$(cat "$L/report")" '^hit' "killed at the ${n}th of them"
done
sed 's|.*/||' "$L/out" >"$L/printed"
is "$( (find "$Q/failed" -type f -printf '%f\n' | sed 's/,.*//'; sort -u "$L/printed") | sort | uniq -d)" '' 'what was printed is no dead letter any more'
like "$(count "$Q/failed")" '^[1-9]' 'some were left'
ok 'the rest' sh -c 'wqw-retry --all "$1" >>"$2"' sh "$Q" "$L/out"
is "$(ls "$Q/failed")" '' 'no dead letter is left'
is "$(sed 's|.*/||' "$L/out" | sort | uniq -d)" '' 'none was printed twice'
stop "$BG_PID"
# To run them all would take minutes: each has to be there once, wherever it is by now.
find "$Q/new" "$Q/later" "$Q/cur" "$Q/done" "$Q/failed" -type f -printf '%f\n' | sed 's/,.*//' | sort >"$T/there"
is "$(wc -l <"$T/there") $(sort -u "$T/there" | wc -l)" '10000 10000' 'none is lost, none is doubled'
is "$(find "$Q/tmp" "$Q/cur" -type f)" '' 'nothing lies about'
like "$(wc -l <"$B/ledger")" '^[1-9]' 'many have run meanwhile'
is "$(sort "$B/ledger" | uniq -d; grep -v '^ran ' "$B/ledger")" '' 'and none of them twice'
is "$(count "$Q/done")" "$(wc -l <"$B/ledger" | tr -d ' ')" 'each of which has its result'
done_testing
