#!/bin/sh
# Eight workers and the shell script out of spool-layout.md share one queue: each job is run exactly once. Then workers are
# killed all the while: what ran in them runs again, and nothing else does.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need books ledger flock awk
[ -z "$WQW_ASAN" ] && jobs=${JOBS:-5000} || jobs=600
work_in_memory
Q=$W/q B=$W/book

# worker.sh, as the specification has it.
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$ROOT/spool-layout.md" >worker.sh
ok 'spool-layout.md has a worker in a shell script' grep -q '^# usage: worker QUEUE' worker.sh
echo "$T/worker.sh" >script
chmod 755 "$W"

# fresh N: a queue of N jobs, most of them good.
fresh()
{
	rm -rf "$Q" "$B"
	books make -a $MAX "$Q" "$B" 1 "again*$(($1 / 50))" "never*$(($1 / 50))" "ok*$((48 * ($1 / 50)))"
}

# It looks once at what is there, which takes it longer than eight workers need for all of it.
start_script()
{
	# shellcheck disable=SC2086 # words
	bg $USER sh "$T/worker.sh" "$Q" ledger "$B" 2>/dev/null
	script_pid=$BG_PID
	until_true has_result
}

has_result() { [ -n "$(ls "$Q/done")" ]; }

# What it is in the middle of, a process of its own brings to an end.
end_script()
{
	stop "$script_pid"
	until_true script_gone
}

script_gone() { ! grep -qasF -f script /proc/[0-9]*/cmdline; }

# Results by the script have no field Worker.
by_script() { (cd "$Q/done" && find . -type f -exec grep -L -a '^Worker: ' {} + | wc -l | tr -d ' '); }
workers() { (cd "$Q/done" && find . -type f -exec grep -h -a -m 1 '^Worker: ' {} + | sort -u | wc -l | tr -d ' '); }
runs() { grep -c '^ran ' "$B/ledger"; }
ended() { echo $(($(count "$Q/done") + $(count "$Q/failed"))); }
has_ended() { [ "$(ended)" -ge "$1" ]; }

# --- undisturbed

USER=''
fresh "$jobs"
start_script
eight=''
for i in 1 2 3 4 5 6 7 8; do
	wqw-worker "$Q" -j 2 --drain -- ledger "$B" </dev/null >"$W/said.$i" 2>&1 &
	eight="$eight $!"
done
for pid in $eight; do
	wait "$pid" || echo "a worker ended with $?" >>"$W/said.1"
done
end_script
is "$(cat "$W"/said.*)" '' 'eight workers drain the queue and have nothing to say'
is "$(balance -s -x 0)" '' "the books balance: $jobs jobs, and none ran more often than it needs"
is "$(runs)" $((51 * (jobs / 50))) 'each ran exactly once, and once more where its first attempt failed'
is "$(workers)" 8 'each of the eight had some'
ok "the script had some: $(by_script)" test "$(by_script)" -gt 0

# --- killed

# A handler that is started once: each job's variables come with it.
cat >keeper.sh <<'EOF'
tab=$(printf '\t')
while IFS=$tab read -r job offset result variables; do
	(
		IFS=$tab
		for v in $variables; do export "$v"; done
		tail -c +$((offset + 1)) "$job" | ledger "$1" >>"$result"
	)
	echo $?
done
EOF
keep=''

# pid_N is the worker in place N.
employ()
{
	if [ -z "$keep" ]; then set -- "$1" -- ledger "$B"; else set -- "$1" --persistent -- sh "$T/keeper.sh" "$B"; fi
	place=$1
	shift
	$USER wqw-worker "$Q" -j 2 "$@" </dev/null >>"$W/said.$place" 2>&1 &
	eval "pid_$place=$!"
	wqw_pids="$! $wqw_pids"
}

# random N: $r is one of 0 to N - 1.
r=$$
random() { seed=$(((seed * 1103515245 + 12345 + r) % 2147483648)) r=$((seed / 65536 % $1)); }
seed=$$

# Two in eight, again and again, each time that some more jobs have ended.
massacre()
{
	kills=0 some=$(($1 / 50)) seen=$(ended)
	while [ "$seen" -lt $(($1 - some)) ]; do
		random 8
		one=$((r + 1)) two=$(((r + 3) % 8 + 1))
		eval "kill -KILL \$pid_$one \$pid_$two && wait \$pid_$one \$pid_$two" 2>/dev/null
		kills=$((kills + 2))
		employ "$one"
		employ "$two"
		random $some
		until_true has_ended $((seen + r + 1)) || return
		seen=$(ended)
	done
}

# killing N WHO: N jobs.
killing()
{
	rm -f "$W"/said.*
	fresh "$1"
	[ -z "$USER" ] || chown -R 65534:65534 "$Q" "$B"
	start_script
	for i in 1 2 3 4 5 6 7 8; do
		employ $i
	done
	massacre "$1"
	until_true has_ended "$1"
	for i in 1 2 3 4 5 6 7 8; do
		eval "kill \$pid_$i; wait \$pid_$i" 2>/dev/null
	done
	end_script
	ok "$kills workers$2 were killed while $1 jobs ran" test "$kills" -ge 4
	is "$(cat "$W"/said.*)" '' 'those that were not have nothing to say'
	is "$(balance -x $MAX)" '' 'the books balance: nothing is lost, nothing ran twice at once or after its end'
	# Two that a killed worker ran, and those that had ended a moment ago and were not on record: seldom one.
	ok "none ran again but where its worker was killed: $(runs) runs" \
		test "$(runs)" -le $((51 * ($1 / 50) + kills * 3))
	ok "the script had some: $(by_script)" test "$(by_script)" -gt 0
}

killing "$jobs" ''
if as_nobody true; then
	USER=$NOBODY
	killing $((50 * (jobs / 200))) ' of an ordinary user'
else
	skip 'no other user' 'workers of an ordinary user'
fi
# As the same user, where there is no namespace that would end everything with a supervisor.
keep=1
killing $((50 * (jobs / 500))) ' that keep their handlers'

done_testing
