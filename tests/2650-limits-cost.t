#!/bin/sh
# What limits cost: a queue that they do not hold up, and one that has none beside one that has, go on at their pace.
# alone: it measures times, as ratios within one run
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need perl
[ -z "$WQW_ASAN" ] || skip_all 'built with sanitizers'
work_in_memory
each=200 rounds=5

now() { perl -MTime::HiRes=time -e 'printf "%d\n", time * 1e6'; }
fill()
{
	perl -e '
		my ($q, $n) = @ARGV;
		for (1 .. $n) { open my $f, ">", "$q/tmp/j$_" or die $!; print $f "\n"; close $f; rename "$q/tmp/j$_", "$q/new/j$_" }' "$@"
}
# drain QUEUE: microseconds for $each jobs.
drain()
{
	fill "$W/$1" $each
	from=$(now)
	wqw-worker "$W/$1" -j 4 --drain -- true || diag "wqw-worker: $?"
	echo $(($(now) - from))
	[ "$(count "$W/$1/done")" -eq $each ] || diag "$1: not all jobs are done"
	rm -f "$W/$1"/done/*
}
median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }

for queue in free high held; do
	wqw-init "$W/$queue" 2>/dev/null
	echo 'reserve-bytes 0' >"$W/$queue/queue.conf"
done
printf '%s\n' 'max-running 1000' 'rate 100000' 'max-cpu 1h' 'max-files 1000' 'max-memory 100G' >>"$W/high/queue.conf"

drain free >/dev/null
drain high >/dev/null
for _ in $(seq $rounds); do
	drain free >>times.free
	drain high >>times.high
done
free=$(median times.free) high=$(median times.high)
ok "$each jobs take $((free / 1000)) ms without limits, $((high / 1000)) ms with limits that are far off" test "$high" -le $((free * 2))

# Four workers wait for their turn beside it.
printf '%s\n' 'max-running 1' 'rate 1/1h' >>"$W/held/queue.conf"
fill "$W/held" 50
pids=
for _ in 1 2 3 4; do
	bg wqw-worker "$W/held" -j 4 -- true
	pids="$pids $BG_PID"
done
wait_count "$W/held/done" 1
for _ in $(seq $rounds); do drain free >>times.beside; done
is "$(count "$W/held/done")" 1 'a queue that is held up'
for pid in $pids; do stop "$pid"; done
beside=$(median times.beside)
ok "leaves another its pace: $((beside / 1000)) ms beside it, $((free / 1000)) ms alone" test "$beside" -le $((free * 2))
done_testing
