#!/bin/sh
# Fan-in: when the last member of a batch has ended, its callback runs once, and knows how many were done.
. "$(dirname "$0")/lib.sh"

queue() { wqw-init "$1" 2>/dev/null && printf 'backoff 0s\nreserve-bytes 0\nreserve-inodes 0\nmax-attempts 2\n' >"$WQW_SPOOL/$1/queue.conf"; }
run() { wqw-worker "$1" -j 4 --drain -- sh -c "$2" 2>"$T/err"; }
field() { sed -n "/^$/q; s/^$1: //p" "$WQW_SPOOL"/after/new/*; }
batches() { find "$WQW_SPOOL/parts/keys/.batch" -mindepth 1; }

queue parts && queue after
for i in 1 2 3; do echo $i >$i; done
ok 'members' wqw-submit --batch b parts 1 2 3
run parts 'read -r n && [ $n -ne 2 ]'
is "$(count "$WQW_SPOOL/after/new")" 0 'as long as more may come there is no callback'
echo sum >sum
job=$(wqw-submit -H 'A: b' --batch b --then after parts sum)
is "$(ls "$WQW_SPOOL/after/new")" "${job#*/}" 'then it comes, even where all have ended'
is "$(field A) $(field Batch) $(field Batch-Done) $(field Batch-Failed) $(sed '1,/^$/d' "$WQW_SPOOL"/after/new/*)" \
	'b b 2 1 sum' 'with the counts and its own header and payload'
is "$(batches)" '' 'and nothing is left of the batch'
run after cat
is "$(wqw-cat "$job")" sum 'it is a job like any other'

wqw-submit --batch b parts 1 2 3 >"$T/jobs"
job=$(wqw-submit --batch b --then after parts sum)
exits 65 'a second callback' wqw-submit --batch b --then after parts sum
like "$(said)" 'has its callback already' 'is refused'
ok 'a member more, before the others have ended' wqw-submit --batch b parts 3
is "$(count "$WQW_SPOOL/after/new")" 0 'while members run there is no callback'
run parts true
is "$(field Batch-Done) $(field Batch-Failed)" '4 0' 'it comes with the last one'
rm "$WQW_SPOOL"/after/new/*

queue top
echo x | wqw-submit top >"$T/job"
run top 'for i in 1 2; do echo $i | wqw-submit --batch c parts; done'
wqw-submit --batch c --then after parts sum >"$T/job"
run parts 'exit 100'
is "$(field Batch-Done) $(field Batch-Failed)" '0 2' 'a handler may submit members'
rm "$WQW_SPOOL"/after/new/*

exits 64 'a batch that is no name' wqw-submit --batch a/b parts 1
exits 64 'an empty name' wqw-submit --batch '' parts 1
exits 64 'a callback without a batch' wqw-submit --then after parts 1
exits 64 'two callbacks' wqw-submit --batch d --then after parts 1 2
exits 66 'a callback for no queue' wqw-submit --batch d --then nowhere parts 1
exits 64 'a batch by header' wqw-submit -H 'Batch: d' parts 1
is "$(count "$WQW_SPOOL/parts/new") $(batches)" '0 ' 'and nothing was changed'

# Thousands, by several submitters and workers that are killed again and again.
mkdir many && (cd many && seq 1 2000 | while read -r i; do echo "$i" >"$i"; done)
(cd many && wqw-submit --batch big parts $(seq 1 1000) >"$T/a") &
(cd many && wqw-submit --batch big parts $(seq 1001 2000) >"$T/b")
wait $!
printf 'backoff 0s\nreserve-bytes 0\nreserve-inodes 0\nmax-attempts 32\n' >"$WQW_SPOOL/parts/queue.conf"
job=$(wqw-submit --batch big --then after parts sum)
handler='read -r n; case $n in *7) exit 100 ;; esac'
ended() { [ $(($(count "$WQW_SPOOL/parts/done") + $(count "$WQW_SPOOL/parts/failed") - before)) -ge "$1" ]; }
before=$(($(count "$WQW_SPOOL/parts/done") + $(count "$WQW_SPOOL/parts/failed")))
for n in 100 300 500 800 1200 1600 1900; do
	bg wqw-worker parts -j 8 -- sh -c "$handler"
	until_true ended $n
	kill -9 "$BG_PID"
	wait "$BG_PID" 2>/dev/null
done
run parts "$handler"
is "$(ls "$WQW_SPOOL/after/new")" "${job#*/}" 'thousands of members and killed workers: one callback'
is "$(field Batch-Done) $(field Batch-Failed)" '1800 200' 'with the right counts'
is "$(batches)" '' 'and nothing is left'

# --- members that never run, callbacks that cannot be

queue gone
rm -f "$WQW_SPOOL"/after/new/*
one=$(echo 1 | wqw-submit --batch g gone) two=$(echo 2 | wqw-submit --batch g gone)
echo c | wqw-submit --batch g --then after gone >/dev/null
ok 'members that wait are cancelled' wqw-cancel "$one" "$two"
is "$(field Batch-Done) $(field Batch-Failed)" '0 2' 'and the last of them brings the callback'
rm "$WQW_SPOOL"/after/new/*
echo 3 | wqw-submit --batch h gone >/dev/null
echo 'max-size 5' >>"$WQW_SPOOL/after/queue.conf"
exits 65 'a callback that is too large' sh -c 'echo 1234567 | wqw-submit --batch h --then after gone'
is "$(find "$WQW_SPOOL/gone/keys/.batch/h" -name '.then*')" '' 'leaves nothing'
sed -i '/max-size/d' "$WQW_SPOOL/after/queue.conf"

# --- what an operator sees

queue seen
for i in 1 2 3; do echo "$i" | wqw-submit --batch three seen >/dev/null; done
echo x | wqw-submit --batch other --then seen seen >/dev/null 2>&1
printf 'read -r n; [ "$n" != 2 ] || exit 100\n' >two
is "$(wqw-stat --batches seen | tr -s ' ')" 'batch waiting done failed callback
seen/three 3 0 0 -' 'wqw-stat --batches tells how far a batch is'
wqw-worker seen --drain -- sh "$PWD/two" 2>/dev/null
is "$(wqw-stat --batches --json seen)" '{"queue":"seen","batch":"three","waiting":0,"done":2,"failed":1,"callback":false}' 'and in JSON'
exits 64 'with --age' wqw-stat --batches --age
is "$(said | wc -l)" 1 'it is refused'

done_testing
