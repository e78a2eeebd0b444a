#!/bin/sh
# Workers of one queue keep out of each other's way by a shared cursor; what it says is a hint, and no job is left behind by one
# that is wrong.
. "$(dirname "$0")/lib.sh"

need strace
need perl
wqw-init ./q 2>/dev/null
# at NUMBER: sets the cursor, which workers have mapped.
at() { perl -e 'open my $f, "+<", "q/stat/.cursor" or die; print $f pack "q", $ARGV[0]' -- "$1"; }
cursor() { perl -e 'open my $f, "<", "q/stat/.cursor" or die; read $f, $_, 8; print unpack "q"'; }
jobs=300

seq $jobs | wqw-submit --lines ./q >addresses
for i in 1 2 3 4; do
	strace -ff --seccomp-bpf -e trace=openat,flock -o "trace.$i" wqw-worker ./q --drain --persistent -- \
		sh -c 'while read -r job; do echo 0; done' 2>>errors &
done
wait
is "$(count q/done)" $jobs 'four workers run all jobs'
lost=$(awk '/openat/ { new = /"new\// } new && /ENOENT|EAGAIN/ { lost++ } END { print lost + 0 }' trace.*)
ok "of $jobs claims $lost were in vain, less than 5 in 100" test $((lost * 20)) -lt $jobs
# stands ID: in microseconds, and its last ten bits left out.
stands() { date -u -d "$(echo "$1" | sed 's/\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)\(\.[0-9]*\).*/\1-\2-\3 \4:\5:\6\7/')" +%s%6N; }
is $(($(cursor) / 1024)) "$(stands "$(tail -n 1 addresses | sed 's|.*/||')")" 'and the cursor is at the last'

# --- a worker that went for a job and died
touch q/pause
bg wqw-worker ./q -- cat
worker=$BG_PID
until_true eval '[ "$(wqw-stat --json ./q | grep -c "\"workers\":1")" = 1 ]'
seq 20 | wqw-submit --lines ./q >left
at $(($(cursor) + 86400000000 * 1024))
rm q/pause
# shellcheck disable=SC2046 # twenty addresses
exits 0 'what another went for and left is found' wqw-wait --timeout 50 $(cat left)
ok 'and the cursor of tomorrow is one of today again' test "$(cursor)" -lt $((($(date +%s) + 3600) * 1024000000))
at $(($(cursor) + 86400000000 * 1024))
echo next | wqw-submit ./q >next
exits 0 'and what comes below it is run' wqw-wait --timeout 50 "$(cat next)"
stop "$worker"

# --- a worker that did not know of more urgent ones moved it beyond them, and much is left to do
at 0
touch q/pause
bg wqw-worker ./q -- sh -c 'word=$(cat) && echo "$word" >>"$1" && { [ "$word" = urgent ] || timeout 0.1 tail -f /dev/null || :; }' sh "$T/order"
worker=$BG_PID
until_true eval '[ "$(wqw-stat --json ./q | grep -c "\"workers\":1")" = 1 ]'
yes normal | head -n 100 | wqw-submit --lines ./q >addresses
yes urgent | head -n 20 | wqw-submit --lines --priority 0 ./q >left
at $(($(stands "$(sed -n '50s|.*/||p' addresses)") * 1024 + 1023))
rm q/pause
# shellcheck disable=SC2046 # many addresses
exits 0 'all are run' wqw-wait --timeout 200 $(cat left addresses)
before=$(awk '/urgent/ { before = NR - ++urgent } END { print before }' order)
ok "$before of a hundred others were run before the last urgent one, less than 40" test "$before" -lt 40
stop "$worker"

# --- what cannot be
for value in 9223372036854775807 -9223372036854775808 0; do
	at $value
	seq 20 | wqw-submit --lines ./q >addresses
	exits 0 "with a cursor of $value" wqw-worker ./q -j 2 --drain -- cat
	is "$(count q/new)" 0 'all are run'
done
rm q/stat/.cursor
ln -s /etc/passwd q/stat/.cursor
seq 20 | wqw-submit --lines ./q >addresses
exits 0 'with a link for a cursor' wqw-worker ./q -j 2 --drain -- cat
like "$(said)" "stat/.cursor: workers are in each other's way" 'it says so'
is "$(count q/new)" 0 'and runs them'
done_testing
