#!/bin/sh
# Limits: how many attempts run at once and how many start in a time, over all workers; what one handler may use.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need perl flock setsid prlimit
host=$(uname -n)

wqw-init ./q 2>/dev/null
conf() { printf '%s\n' 'backoff 0' 'max-attempts 32' "$@" >q/queue.conf; }
# jobs FROM TO [PAYLOAD]
jobs()
{
	for i in $(seq "$1" "$2"); do
		{ echo; echo "${3:-}"; } >"q/tmp/j$i" && mv "q/tmp/j$i" "q/new/j$i"
	done
}
clear() { rm -rf q/done/* q/failed/* q/log/* q/stat/.r* seat.* book gate* kills.*; }
cpu() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }
now() { perl -MTime::HiRes=time -e 'printf "%d\n", time * 1e9'; }
# worker COMMAND...: is there, and looks; its pid is $BG_PID.
worker()
{
	bg wqw-worker ./q -j 4 -- "$@"
	until_true test -e "q/stat/$host.$BG_PID"
}
reload()
{
	kill -HUP "$@"
	for pid; do until_true grep -q '^ShdPnd:	0*$' "/proc/$pid/status"; done
}
# The most that ever ran at once, of all or of the jobs that match.
most() { grep -E "${1:-.}" book | cut -d ' ' -f 2 | sort -n | tail -n 1; }

# Takes a seat, which it and all that it starts hold until they are dead, and notes how many are taken. Nobody else takes
# one meanwhile. One of the two that it leaves behind does what it can to get away. The payload is a file to wait for.
cat >seat <<'END'
#!/bin/sh
cd "${0%/*}" || exit 100
read -r gate
exec 8>>mutex && flock 8 || exit 100
i=0 taken=1 own=
while [ $((i += 1)) -le 6 ]; do
	if [ -z "$own" ] && eval "exec 9>>seat.$i" && flock -n 9; then
		own=$i
	elif [ -z "$own" ]; then
		exec 9>&-
		taken=$((taken + 1))
	elif ! flock -n "seat.$i" true; then
		taken=$((taken + 1))
	fi
done
echo "$WQW_ID $taken" >>book
exec 8>&-
setsid tail -f /dev/null >/dev/null 2>&1 </dev/null &
tail -f /dev/null &
until [ -e "${gate:-mutex}" ]; do timeout 0.02 tail -f /dev/null; done
timeout 0.1 tail -f /dev/null
exit 0
END
chmod +x seat
: >mutex

# --- max-running

conf 'max-running 3'
jobs 1 20
pids=
for _ in 1 2 3 4; do
	bg wqw-worker ./q -j 4 --drain -- ./seat
	pids="$pids $BG_PID"
done
# shellcheck disable=SC2086 # numbers
ok 'four workers with four slots each' wait $pids
is "$(count q/done)" 20 'do all jobs'
ok 'and never more than max-running at once' test "$(most)" -le 3
is "$(cd q/stat && echo .running*)" '.running.0 .running.1 .running.2' 'by as many tokens'
clear

# Who waits for a token gets it when the worker that had it is killed, and what that ran is dead.
conf 'max-running 1'
jobs 1 1 gate
worker ./seat
first=$BG_PID
until_true test -e book
worker ./seat
second=$BG_PID
jobs 2 2 gate
n=0 from=$(now) used=$(cpu "$second")
while [ $((n += 1)) -le 30 ]; do tick; done
used=$(($(cpu "$second") - used)) from=$(($(now) - from))
is "$(count q/cur) $(count q/new)" '1 1' 'who gets no token waits'
ok "and that costs next to nothing: $((used / 1000)) us of $((from / 1000))" test $((used * 5)) -lt $from
is "$(for pid in $(pgrep -P "$first"); do readlink "/proc/$pid/fd/"*; done | grep -c '/stat/\.running\.0$')" 1 \
	'the supervisor of the other has the token, too'
kill -KILL "$first"
ok 'a killed worker gives its token up' until_true eval '[ "$(wc -l <book)" -ge 2 ]'
touch gate
ok 'and all jobs are done' wait_count q/done 2
is "$(most)" 1 'one at a time'
stop "$second"
clear

# The number changes while they run.
conf 'max-running 2'
jobs 1 6 gate
worker ./seat
first=$BG_PID
worker ./seat
second=$BG_PID
ok 'two of six' wait_count q/cur 2
conf 'max-running 4'
reload "$first" "$second"
ok 'four when there may be four' until_true eval '[ "$(wc -l <book)" -eq 4 ]'
is "$(most)" 4 'at once'
conf 'max-running 2'
reload "$first" "$second"
jobs 7 20
rm book
touch gate
ok 'what runs is left alone when there may be two' wait_count q/done 20
ok 'and nothing starts beside more than that' test "$(most)" -le 2
# Not only by the workers that saw the change.
conf 'max-running 5'
jobs 21 24 gate2
reload "$first" "$second"
until_true eval '[ "$(grep -cE "^j2[1-4] " book)" -eq 4 ]'
conf 'max-running 3'
worker ./seat
third=$BG_PID
stop "$second" &
reload "$first"
jobs 31 40
touch gate2
wait_count q/done 34
ok 'nor by a worker that comes later' test "$(most '^j3[1-9] ')" -le 3
conf
reload "$first" "$third"
jobs 41 46 gate3
ok 'no limit any more' wait_count q/cur 6
touch gate3
wait_count q/done 40
for pid in "$first" "$third"; do stop "$pid"; done
clear

# strike: workers and supervisors are killed at random while they do the jobs 1 to 25.
strike()
{
	conf 'max-running 3'
	# Not all before as many processes have been killed.
	for n in $(seq 25); do jobs "$n" "$n" "kills.$((n / 2))"; done
	: >kills.0
	n=0 pids=
	while [ $((n += 1)) -le 4 ]; do
		bg "$@" wqw-worker ./q -j 3 -- ./seat 2>>workers
		pids="$pids $BG_PID"
	done
	kills=0 seed=$$
	while [ "$(count q/done)" -lt 25 ] && [ $kills -lt 100 ]; do
		seed=$(((seed * 1103515245 + 12345) % 2147483648))
		# shellcheck disable=SC2086 # numbers
		victim=$(echo $pids | cut -d ' ' -f $((seed / 65536 % 4 + 1)))
		[ $((seed / 256 % 2)) -eq 0 ] || victim=$(pgrep -P "$victim" | head -n 1)
		[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null
		kills=$((kills + 1)) living=
		: >"kills.$kills"
		for pid in $pids; do
			if wqw_runs "$pid"; then
				living="$living $pid"
			else
				bg "$@" wqw-worker ./q -j 3 -- ./seat 2>>workers
				living="$living $BG_PID"
			fi
		done
		pids=$living
		tick; tick; tick
	done
	ok "killed $kills processes${1:+ of an ordinary user}" test $kills -ge 10
	ok 'all jobs end' wait_count q/done 25
	ok 'and a token is free when all that its attempt started is dead, not before' test "$(most)" -le 3
	for pid in $pids; do stop "$pid"; done
	rm -rf "$T"/q/stat/*
	clear
}

strike
if as_nobody true; then
	chmod 777 "$T" && chown -R 65534 q mutex
	# shellcheck disable=SC2086 # words
	strike $NOBODY
	chown -R 0 q
else
	skip 'needs root and setpriv' 'the same as an ordinary user'
fi

# --- rate

# The time of a start is a handler's own, and that before the first of them the test's.
conf 'rate 20'
jobs 1 40
pids=
from=$(now)
for _ in 1 2 3 4; do
	bg wqw-worker ./q -j 4 --drain -- perl -MTime::HiRes=time -e 'printf "%d\n", time * 1e9'
	pids="$pids $BG_PID"
done
# shellcheck disable=SC2086 # numbers
ok 'rate 20: four workers' wait $pids
is "$(count q/done)" 40 'do 40 jobs'
last=$(tail -qn 1 q/done/* | sort -n | tail -n 1)
ok "in $(((last - from) / 1000000)) ms from their start to that of the last job" test $((last - from)) -ge 1900000000
clear

conf 'rate 1/1h'
jobs 1 3
worker true
first=$BG_PID
worker true
second=$BG_PID
ok 'rate 1/1h: one job' wait_count q/done 1
until_true eval '[ -z "$(ls q/cur)" ]'
n=0 from=$(now) used=$(($(cpu "$first") + $(cpu "$second")))
while [ $((n += 1)) -le 30 ]; do tick; done
used=$(($(cpu "$first") + $(cpu "$second") - used)) from=$(($(now) - from))
is "$(count q/done) $(count q/new)" '1 2' 'and the others wait'
ok "which costs next to nothing: $((used / 1000)) us of $((from / 1000))" test $((used * 5)) -lt $from
conf 'rate 1000'
reload "$first" "$second"
ok 'a new rate counts at once' wait_count q/done 3
stop "$second"
# As a reboot leaves it, which begins to count time anew.
perl -e 'print pack "q", 1e18' >q/stat/.rate
conf 'rate 20/1m'
reload "$first"
jobs 4 4
ok 'a time of a boot before does not count' wait_count q/done 4
stop "$first"
clear

# --- what a handler may use

# one NAME LINE HANDLER...: a job, one attempt; its reason, or `done`, is $end.
one()
{
	one_name=$1 one_line=$2
	shift 2
	printf '%s\n' 'max-attempts 1' 'kill-after 0' "$one_line" >q/queue.conf
	clear
	jobs 1 1
	wqw-worker ./q --drain -- "$@" || diag "wqw-worker: $?"
	end=$(wqw-status ./q/j1 | cut -f 2-3 | sed 's/failed	//; s/,.*//; s/	.*//')
	diag "$one_name: $end; $(tail -n 1 q/log/j1 2>/dev/null)"
}

if [ -n "$WQW_ASAN" ]; then
	skip 'built with sanitizers' max-memory
else
	one 'memory' 'max-memory 100M' perl -e 'my $x = "a" x 10_000_000'
	is "$end" 'done' 'max-memory: a handler that uses less'
	one 'memory' 'max-memory 100M' perl -e 'my $n = shift; my $x = "a" x $n; print length $x' 300000000
	isnt "$end" 'done' 'and one that asks for more'
fi
one 'cpu' 'max-cpu 1s' sh -c 'while :; do :; done'
is "$end" limit 'max-cpu: a handler that spins'
like "$(cat q/log/j1)" 'used more than max-cpu' 'the log says so'
one 'cpu' 'max-cpu 500ms' sh -c 'trap "" XCPU; while :; do :; done'
is "$end" limit 'and one that ignores the signal'
one 'cpu' 'max-cpu 1s' sh -c 'sh -c "while :; do :; done"; exit $?'
is "$end" limit 'and a child of one'
one 'cpu' 'max-cpu 1s' sh -c 'kill -9 $$'
is "$end" signal 'not one that is killed otherwise'
one 'files' 'max-files 20' perl -e 'my @f; while (open my $f, "<", "/dev/null") { push @f, $f } print scalar @f, "\n"; warn "$!\n"'
is "$end $(tail -n 1 q/done/j1)" 'done 17' 'max-files: as many as that, with the three that are open'
like "$(cat q/log/j1)" '^Too many open files' 'and no more'
one 'files' 'max-files 20' sh -c 'ulimit -Hn'
is "$(tail -n 1 q/done/j1)" 20 'nor can it have more'
# Where the worker itself has less, that stays.
printf '%s\n' 'max-files 1000' >q/queue.conf
clear
jobs 1 1
prlimit --nofile=200:200 wqw-worker ./q --drain -- prlimit --nofile --noheadings --raw --output SOFT,HARD
is "$(tail -n 1 q/done/j1)" '200 200' 'never more than the worker may'
if as_nobody true; then
	printf '%s\n' 'max-attempts 1' 'max-processes 50' >q/queue.conf
	clear
	jobs 1 1
	chown -R 65534 q
	as_nobody wqw-worker ./q --drain -- perl -e '
		my ($n, $pid) = 0;
		while ($n < 1000 && defined($pid = fork)) { $pid or do { sleep; exit }; $n++ }
		print "$n\n"; warn "$!\n"'
	chown -R 0 q
	n=$(tail -n 1 q/done/j1)
	ok "max-processes 50: $n of them" test "$n" -lt 50
	like "$(cat q/log/j1)" 'Resource temporarily unavailable' 'and no more'
else
	skip 'needs root and setpriv' max-processes
fi

# --- the same of the whole tree, by a control group

mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$mount/wqw-test.$$
if [ -z "$mount" ] || ! grep -qw memory "$mount/cgroup.controllers"; then
	skip 'no version 2 control groups with the memory controller here' 'a control group'
elif ! as_nobody true; then
	skip 'needs root and setpriv' 'a control group'
elif ! mkdir "$group" 2>/dev/null || ! grep -qw memory "$group/cgroup.controllers"; then
	rmdir "$group" 2>/dev/null
	skip 'no control group with the memory controller can be made here' 'a control group'
else
	at_exit 'find "$group" -depth -type d -exec rmdir {} +'
	chown 65534 "$group" "$group/cgroup.procs" "$group/cgroup.subtree_control"
	# grouped LINE HANDLER...
	grouped()
	{
		printf '%s\n' 'max-attempts 1' "$1" >q/queue.conf
		shift
		clear
		jobs 1 1
		chown -R 65534 q
		# shellcheck disable=SC2086 # words
		(sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" $NOBODY wqw-worker ./q --drain -- "$@")
		chown -R 0 q
		end=$(wqw-status ./q/j1 | cut -f 2-3 | sed 's/failed	//; s/,.*//; s/	.*//')
	}
	grouped 'max-memory 50M' sh -c 'perl -e "my \$x = q(a) x 30_000_000" & perl -e "my \$x = q(a) x 10_000_000"; wait'
	is "$end" limit 'a control group: what all use together is max-memory'
	like "$(cat q/log/j1)" 'used more than max-memory' 'the log says so'
	grouped 'max-memory 50M' perl -e 'my $x = "a" x 5_000_000'
	is "$end" 'done' 'the next one has all of it'
	if grep -qw pids "$group/cgroup.controllers"; then
		grouped 'max-processes 9' perl -e '
			my ($n, $pid) = 0;
			while ($n < 100 && defined($pid = fork)) { $pid or do { sleep; exit }; $n++ }
			print "$n\n"'
		is "$(tail -n 1 q/done/j1)" 8 'max-processes is of one attempt'
	else
		skip 'no pids controller here' max-processes
	fi
fi

# --- what is not limited

if strace -o /dev/null true 2>/dev/null; then
	rm -f q/queue.conf
	clear
	jobs 1 20
	strace -f -o trace -e trace='!read,write' wqw-worker ./q -j 2 --drain -- true
	is "$(count q/done)" 20 'a queue without limits'
	is "$(grep -cE '"stat/\.r(unning|ate)|RLIMIT_(AS|CPU|NPROC)|BOOTTIME' trace)" 0 'has no call for them'
	is "$(sed -n 's/.*cmsg_data=\[\([^]]*\)\].*/\1/p' trace | awk -F , 'NF != 3' | wc -l | tr -d ' ')" 0 'and hands over three descriptors'
else
	skip 'processes cannot be traced here' 'a queue without limits'
fi

# --- bad lines

while IFS='|' read -r line words; do
	echo "$line" >q/queue.conf
	exits 78 "$line" wqw-worker ./q --drain -- true
	is "$(said)" "wqw-worker: ./q/queue.conf:1: $words" 'says what is allowed'
done <<'END'
max-running 0|max-running: "0" is not a number from 1 to 10000
rate 10/0|rate: "10/0" is not a number from 1 to 1000000, alone or in a time as in 10/1m
max-memory 1K|max-memory: "1K" must be at least 1048576 bytes
max-cpu -1s|max-cpu: "-1s" is not a duration such as 500ms, 10s, 5m, 2h or 7d
max-files 3|max-files: "3" is not a number from 8 to 1048576
max-processes|max-processes has no value
END
done_testing
