#!/bin/sh
# With 200,000 jobs waiting a worker stays small, and to submit and to claim costs what it costs with 1,000.
# alone: it measures what the CPU has to do
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need perl strace duel
[ -z "$WQW_ASAN" ] || skip_all 'built with sanitizers'
strace -o "$T/trace" true 2>/dev/null || skip_all 'processes cannot be traced here'
work_in_memory
many=200000 few=1000

# fill QUEUE FROM TO: jobs of that age.
fill()
{
	perl -e '
		my ($q, $from, $to) = @ARGV;
		for ($from .. $to) {
			my $name = sprintf "20260101T%02d%02d%02d.%06d-0000000000000000", $_ / 3600 % 24, $_ / 60 % 60, $_ % 60, $_;
			open my $f, ">", "$q/new/$name" or die "$name: $!"; print $f "\n"; close $f or die;
		}' "$@"
}

for size in few many; do
	wqw-init "$W/$size" 2>/dev/null
	echo 'reserve-bytes 0' >"$W/$size/queue.conf"
done
fill "$W/few" 1 $few
fill "$W/many" 1 $many 2>fill.err || skip_all "no room for $many jobs"

# --- submitting

echo hello >payload
calls() { awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { n += $4 } END { print n }' "$1"; }
for size in few many; do
	strace -f -c -o submit.$size wqw-submit "$W/$size" <payload >/dev/null
done
ok "submitting takes $(calls submit.few) system calls with $few jobs, $(calls submit.many) with $many" \
	test "$(calls submit.many)" -le $(($(calls submit.few) * 3 / 2))
hundredths=$(duel 60 payload wqw-submit "$W/few" -- wqw-submit "$W/many" 2>medians)
ok "and ${hundredths#* } hundredths of the CPU time: $(cat medians)" test "${hundredths#* }" -le 150

# --- claiming: what a dispatcher uses from when it has looked at all there is

# done_some QUEUE N: at least N of its jobs are done.
done_some() { [ "$(count "$1/done")" -ge "$2" ]; }
cpu() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }

# start SIZE: a worker that has looked at the queue and claims nothing yet: it shows itself among the workers after that.
start()
{
	: >"$W/$1/pause"
	bg wqw-worker "$W/$1" -- true
	echo "$BG_PID" >"worker.$1"
	until_true test -e "$W/$1/stat/$(uname -n).$BG_PID"
}

# claim SIZE: nanoseconds for each of some hundred jobs.
claim()
{
	pid=$(cat "worker.$1")
	before=$(count "$W/$1/done") from=$(cpu "$pid")
	rm "$W/$1/pause"
	until_true done_some "$W/$1" $((before + 150))
	: >"$W/$1/pause"
	until_true eval "[ -z \"\$(ls '$W/$1/cur')\" ]"
	echo $((($(cpu "$pid") - from) / ($(count "$W/$1/done") - before)))
}

median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

start few
start many
worker_few=$(cat worker.few) worker_many=$(cat worker.many)
rounds=3
for _ in $(seq $rounds); do
	claim few >>claim.few
	claim many >>claim.many
done
few_ns=$(median <claim.few) many_ns=$(median <claim.many)
ok "claiming takes $((few_ns / 1000)) us of CPU with $few jobs, $((many_ns / 1000)) us with $many" \
	test "$many_ns" -le $((few_ns * 3 / 2))

# --- memory

peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$worker_many/status"; }
# Once more all of it: what a scan leaves behind does not add up.
for _ in 1 2 3; do
	kill -HUP "$worker_many"
	until_true grep -q '^ShdPnd:	0*$' "/proc/$worker_many/status"
	claim many >>claim.many
done
ok "a worker with $many jobs waiting takes $(peak) KiB" test "$(peak)" -lt 32768
stop "$worker_few"
stop "$worker_many"
done_testing
