#!/bin/sh
# The last hour and day: what workers put on record of how a queue goes, while hours pass.
. "$(dirname "$0")/lib.sh"

need perl

wqw-init q || exit 1
ring=spool/q/stat/.ring

# samples hour|day: a line for each, in the order of time: minutes since 10:00 of that day, backlog, started, done, failed.
samples()
{
	perl -e '
		my ($file, $zero) = @ARGV;
		open my $f, "<:raw", $file or die "$file: $!\n";
		local $/;
		my ($magic, $span, $places, $size, $rest) = unpack "Z8 Q Q Q a*", <$f>;
		die "$magic\n" if $magic ne "wqwrng1" || $size != 200;
		my %seen;
		for my $i (0 .. length($rest) / $size - 1) {
			my ($at, $clock, $backlog, $counted, $started, $done, $failed) = unpack "q q q Q Q Q Q", substr $rest, $i * $size, $size;
			next if $at == 0;
			die "place $i\n" if int($at / $span) % $places != $i;
			$seen{$at} = join " ", int(($at / 1e6 - $zero) / 60), $backlog, $started, $done, $failed;
		}
		print join "|", map { $seen{$_} } sort { $a <=> $b } keys %seen' "$ring.$1" 1795428000
}
put() { for _ in $(seq "$1"); do echo x | wqw-submit q >/dev/null; done; }

put 2
ok 'a worker' wqw-worker q --drain -- cat
is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 2-)" '2 0 0 0' 'takes a sample when it starts: what waits, what was done'
is "$(stat -c %a "$ring.hour" "$ring.day" spool/q/stat/.count | uniq)" 640 'in files like the counters'
is "$(wqw-check q)" '' 'which are known'
wqw-init --shared "$(id -gn)" together 2>/dev/null
wqw-worker together --drain -- cat
is "$(stat -c %a spool/together/stat/.ring.hour)" 660 'that all may write to where all may work'

# --- files that are none
for file in hour day; do
	echo 'wqwrng0 and something else' >"$ring.$file"
done
like "$(wqw-check q)" 'ring.hour: samples of another version' 'wqw-check tells of what is none'
ok 'and mends it' sh -c 'wqw-check --repair q >/dev/null; wqw-check q'
echo 'wqwrng0 and something else' >"$ring.hour"
ok 'so does a worker that starts' wqw-worker q --drain -- cat
is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 2-)" '0 2 2 0' 'which begins it anew'
rm "$ring".*
mkdir "$ring.hour"
put 1
ok 'where there can be none' sh -c 'wqw-worker q --drain -- cat 2>err'
is "$(sed 's/^wqw-worker: //' err)" 'q/stat: the last hour and day are not kept: Is a directory' 'it says so, once'
is "$(count spool/q/new) $(count spool/q/done)" '0 3' 'and works'
rmdir "$ring.hour"

# --- while time passes
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	at() { time=$1; shift; faketime -f "@2026-11-23 $time" "$@"; }
	rm -f "$ring".* spool/q/stat/.count
	put 3
	at 10:00:05 wqw-worker q --drain -- cat
	put 1
	at 10:00:40 wqw-worker q --drain -- cat
	at 10:01:30 wqw-worker q --drain -- cat
	put 2
	at 10:03:10 wqw-worker q --drain -- sh -c 'exit 100'
	at 10:20:00 wqw-worker q --drain -- cat
	is "$(samples hour)" '0 3 0 0 0|1 0 4 4 0|3 2 4 4 0|20 0 6 4 2' 'one a minute in which a worker was there'
	is "$(samples day)" '0 3 0 0 0|20 0 6 4 2' 'and one a quarter of an hour'
	at 11:01:00 wqw-worker q --drain -- cat
	is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 1 | tr '\n' ' ')" '0 1 3 20 61 ' 'an hour later'
	at 11:04:00 wqw-worker q --drain -- cat
	is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 1 | tr '\n' ' ')" '1 3 20 61 64 ' 'it comes round'
	at 10:30:00 wqw-worker q --drain -- cat
	is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 1 | tr '\n' ' ')" '1 3 20 30 ' 'a clock that is set back'
	is "$(samples day | tr '|' '\n' | cut -d ' ' -f 1 | tr '\n' ' ')" '0 20 30 ' 'of the day, too'

	# A worker that stays wakes for the next minute by itself: its clock goes sixty times as fast.
	# shellcheck disable=SC2016 # its own
	bg env LD_PRELOAD="$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')" FAKETIME='@2026-11-23 12:00:00 x60' wqw-worker q -- cat
	three() { [ "$(samples hour | tr '|' '\n' | awk '$1 >= 120' | wc -l)" -ge 3 ]; }
	ok 'a worker that stays goes on' until_true three
	stop "$BG_PID"
else
	skip 'faketime is missing, or does not go with the sanitizers' 'while time passes'
fi

# --- what waits is counted, or known
echo 'max-backlog 100' >spool/q/queue.conf
rm -f "$ring".*
mkfifo hold
put 3
bg wqw-worker q -- sh -c 'cat hold'
known() { [ -n "$(samples hour 2>/dev/null)" ]; }
until_true known
is "$(samples hour | tr '|' '\n' | cut -d ' ' -f 2)" 3 'with max-backlog it is the number that is kept'
done_testing
