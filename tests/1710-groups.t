#!/bin/sh
# Ordering groups: one at a time, in the order of the IDs, over workers that are killed; other groups go on beside them.
. "$(dirname "$0")/lib.sh"

wqw-init ./q 2>/dev/null
conf() { printf '%s\n' "$@" >q/queue.conf; }
# job N GROUP [PAYLOAD]: IDs sort by N, as those of one group do in the order of submission.
job()
{
	id=$(printf '20260101T000000.%06d-0123456789abcdef%s,G=%s' "$1" "${4:-}" "$2")
	{ echo; echo "${3:-ok}"; } >"q/tmp/$id" && mv "q/tmp/$id" "q/new/$id"
}
lists() { (cd q && find "$1" -type f ! -name '.*' -printf '%f\n' | sort); }
numbers() { sed 's/^[^.]*\.0*\([0-9]*\)-.*/\1/' | tr '\n' ' ' | sed 's/ $//'; }

# Appends to a file of its group; a lock that it cannot have shows another of the group at work. The first word of the
# payload says for how many attempts it fails.
printf '#!/bin/sh\nT=%s\n' "$T" >handler
cat >>handler <<'END'
g=${WQW_ID##*,G=}
exec 9>>"$T/lock.$g"
flock -n 9 || echo "$WQW_ID" >>"$T/together"
read -r how fails
echo "$WQW_ID $WQW_ATTEMPT" >>"$T/began.$g"
case $how in
gate) until [ -e "$T/gate.$fails" ]; do timeout 0.02 tail -f /dev/null; done ;;
fail) [ "$WQW_ATTEMPT" -gt "$fails" ] || exit 1 ;;
long) timeout 0.1 tail -f /dev/null ;;
dead) [ -e "$T/mended" ] || exit 100 ;;
esac
echo "$WQW_ID" >>"$T/ended.$g"
END
chmod +x handler

# --- order, and no more

conf 'backoff 0'
for i in 5 3 1 4 2; do job $i a; done
ok 'one worker with four slots' wqw-worker ./q -j 4 --drain -- ./handler
is "$(numbers <ended.a)" '1 2 3 4 5' 'runs a group in order'
rm -f ended.* began.* q/done/*

# Higher priority does not overtake in a group.
job 1 a; job 2 a ok ,P=0; job 3 a
ok 'priorities in a group' wqw-worker ./q --drain -- ./handler
is "$(numbers <ended.a)" '1 2 3' 'do not count'
rm -f ended.* began.* q/done/*

# A group that waits is in nobody's way: its first job is held back until the others are through.
i=0
while [ $((i += 1)) -le 30 ]; do job $i slow 'gate one'; done
job 31 quick; job 32 other
bg wqw-worker ./q -j 4 -- ./handler
ok 'other groups go on' until_true test -e ended.quick -a -e ended.other
is "$(lists cur | numbers)" 1 'beside one of the slow group'
touch gate.one
ok 'the slow one ends' wait_count q/done 32
is "$(numbers <ended.slow)" "$(seq -s ' ' 30)" 'in order'
stop "$BG_PID"
rm -f ended.* began.* q/done/*

# A retry keeps its place, though it waits for it.
conf 'backoff 1s'
job 1 a 'fail 1'; job 2 a
ok 'a job that fails once' wqw-worker ./q -j 2 --drain -- ./handler
is "$(sed 's/.* //' began.a | tr '\n' ' ')$(numbers <began.a)" '1 2 1 1 1 2' 'is tried again before the next one starts'
rm -f ended.* began.* q/done/*

# --- a dead letter lets the group go on, or holds it

conf 'backoff 0'
job 1 a dead; job 2 a; job 1 b
ok 'a dead letter, and the group goes on' wqw-worker ./q -j 2 --drain -- ./handler
is "$(numbers <ended.a)" 2 'with the next'
rm -f ended.* began.* q/done/* q/failed/*

conf 'backoff 0' 'group-failure hold'
job 1 a dead; job 2 a; job 3 a; job 1 b
bg wqw-worker ./q -j 2 -- ./handler
ok 'with group-failure hold' until_true test -e ended.b
until_true eval '[ "$(lists failed | numbers)" = 1 ] && [ -z "$(lists cur)" ]'
# One more job passes through the worker, so that it has looked.
job 2 b
until_true eval '[ "$(numbers <ended.b)" = "1 2" ]'
is "$(lists new | numbers)" '2 3' 'the others of the group wait'
touch mended
mv q/failed/* q/new
ok 'until it is put back' wait_count q/done 5
is "$(numbers <ended.a)" '1 2 3' 'and done'
stop "$BG_PID"
rm -f ended.* began.* mended q/done/*

job 1 a dead; job 2 a
bg wqw-worker ./q -- ./handler
until_true eval '[ "$(lists failed | numbers)" = 1 ] && [ -z "$(lists cur)" ]'
rm q/failed/*
ok 'or until it is removed' wait_count q/done 1
stop "$BG_PID"
rm -f ended.* began.* q/done/*

# --- group-limit

conf 'group-limit 2'
for i in 1 2 3 4; do job $i a "gate $i"; done
bg wqw-worker ./q -j 4 -- ./handler
ok 'group-limit 2' until_true eval '[ "$(lists cur | numbers)" = "1 2" ]'
touch gate.2
ok 'starts the next when one of them ends' until_true eval '[ "$(lists cur | numbers)" = "1 3" ]'
touch gate.1 gate.3 gate.4
wait_count q/done 4
stop "$BG_PID"
rm -f ended.* began.* together q/done/* gate.*

# --- eight workers, retries, kills

conf 'backoff 0' 'max-attempts 32'
groups='g1 g2 g3 g4 g5 g6' each=15
i=0
while [ $((i += 1)) -le $each ]; do
	case $((i % 3)) in
	0) work="gate kills.$i" ;;  # not before as many processes have been killed
	1) work='fail 1' ;;
	*) work=long ;;
	esac
	for g in $groups; do job "$i" "$g" "$work"; done
done
n=0 pids=
while [ $((n += 1)) -le 8 ]; do
	bg wqw-worker ./q -j 2 -- ./handler 2>>workers
	pids="$pids $BG_PID"
done
all=$((6 * each)) kills=0
seed=$$
while [ "$(count q/done)" -lt $all ] && [ $kills -lt 200 ]; do
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	# shellcheck disable=SC2086 # numbers
	victim=$(echo $pids | cut -d ' ' -f $((seed / 65536 % 8 + 1)))
	# Half of the kills take a supervisor, with the handler that it has.
	[ $((seed / 256 % 2)) -eq 0 ] || victim=$(pgrep -P "$victim" | head -n 1)
	[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null
	kills=$((kills + 1))
	: >"gate.kills.$kills"
	alive_pids=
	for pid in $pids; do
		if wqw_runs "$pid"; then
			alive_pids="$alive_pids $pid"
		else
			bg wqw-worker ./q -j 2 -- ./handler 2>>workers
			alive_pids="$alive_pids $BG_PID"
		fi
	done
	pids=$alive_pids
	tick
done
ok "killed $kills processes" [ $kills -ge 10 ]
ok 'eight workers under kill -9 end all jobs' wait_count q/done $all
for pid in $pids; do stop "$pid"; done
for g in $groups; do
	# An attempt that was killed at its end has run, and runs again: only then comes a number twice in a row.
	is "$(uniq "ended.$g" | numbers)" "$(seq -s ' ' $each)" "the order of $g is intact"
	ok "and so is that of its starts" sort -c -k 1,1 -s "began.$g"
done
ok 'never two of a group at once' test ! -e together
is "$(lists failed)$(lists new)$(lists cur)$(lists later)" '' 'nothing is left over'

done_testing
