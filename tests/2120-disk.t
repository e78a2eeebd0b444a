#!/bin/sh
# Workers of one queue commit for each other. None waits for one that has died or stands still, and what the file says of it
# that cannot be does no harm.
. "$(dirname "$0")/lib.sh"

need perl
wqw-init ./q 2>/dev/null
echo 'reserve-bytes 0' >q/queue.conf
file=q/stat/.disk
wqw-worker ./q --drain -- true
[ -e $file ] || skip_all 'a syncfs(2) is not to be relied on in the file system of this directory'
is "$(stat -c %a $file)" 640 'the numbers are for those to change who may work'
numbers() { perl -e 'open my $f, "<", $ARGV[0] or die; read $f, $_, 16; print join " ", unpack "q2"' $file; }
have_some() { [ "$(count q/done)" -ge "$1" ]; }
jobs=600 workers=6

# begin N: so many workers, each with a handler that it keeps.
begin()
{
	seq $jobs | wqw-submit --lines ./q >addresses
	crowd=''
	for _ in $(seq "$1"); do
		wqw-worker ./q --drain --persistent -- sh -c 'while read -r job; do echo 0; done' 2>>errors &
		crowd="$crowd $!"
	done
}
# all_run NAME: and what they have ended is on record, as the numbers of the commits say, too.
all_run()
{
	ended=0
	for pid in $crowd; do
		wait "$pid" || ended=$?
	done
	is "$ended $(count q/new) $(count q/cur) $(count q/done) $(cat errors)" "0 0 0 $jobs " "$1"
	find q/done -type f -name '[0-9]*' -delete
}

begin $workers
all_run "$workers workers run all jobs"
before=$(numbers)
ok "with commits that they share: $before" test "${before% *}" -gt 0
ok 'all of which have ended' test "${before% *}" = "${before#* }"

# --- one stands still, at whatever it is about, and then goes on
amid=0
for n in 1 2 3 4 5 6 7 8; do
	begin 3
	until_true have_some $((n * 10))
	still=${crowd##* }
	kill -STOP "$still"
	[ "$(count q/new)" -eq 0 ] || amid=$((amid + 1))
	# The others leave nothing but what that one has claimed.
	until_true eval '[ "$(count q/new)" -eq 0 ]'
	until_true have_some $((jobs - 260))
	kill -CONT "$still"
	all_run "one of three that was stopped after $((n * 10)) jobs holds nobody up"
done

ok "$amid of them while there was work to do" test $amid -gt 0

# --- one is killed; another one, that knows of nothing, finishes what that had begun
for n in 1 2 3 4; do
	begin 3
	until_true have_some $((n * 50))
	kill -KILL "${crowd##* }"
	for pid in $crowd; do
		wait "$pid"
	done 2>/dev/null
	exits 0 "after a kill, $n" wqw-worker ./q --drain -- true
	is "$(count q/new) $(count q/cur) $(count q/done)" "0 0 $jobs" 'all have run'
	find q/done -type f -name '[0-9]*' -delete
done
: >errors

# --- what cannot be
for bytes in 377 177 001; do
	perl -e 'open my $f, "+<", $ARGV[0] or die; print $f chr(oct $ARGV[1]) x 40' $file $bytes
	begin 2
	all_run "whatever the file has in it, 40 times $bytes"
done
rm $file
ln -s /etc/passwd $file
seq 20 | wqw-submit --lines ./q >addresses
exits 0 'with a link in its place' wqw-worker ./q -j 2 --drain -- cat
like "$(said)" 'stat/.disk: no commit is shared with other workers' 'it says so'
is "$(count q/new)" 0 'and runs them'
done_testing
