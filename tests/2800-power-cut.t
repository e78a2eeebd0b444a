#!/bin/sh
# The power goes while submitters submit and workers work, on real file systems with their journals: what was answered
# for is there afterwards, and what had its result does not run again.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need books ledger powercut losetup mount perl umount
need_root
CUTS=6 PAYLOADS=400

mkdir disk payload || exit 1
at_exit 'umount -l disk 2>/dev/null'
n=0
for kind in ok ok again never ok signal ok doomed; do
	while n=$((n + 1)) && [ $((n % (PAYLOADS / 8))) -ne 0 ]; do
		books payload "$kind" "$n" >"payload/$n"
	done
done

# submitter N: until the disk is gone. What it prints is a promise.
submitter()
{
	for payload in payload/*"$1"; do
		wqw-submit "$Q" <"$payload" >>"$B/addresses.$1" 2>/dev/null || return
	done
}

promised() { cat "$B"/addresses.* 2>/dev/null | wc -l; }
half_promised() { [ $((2 * $(promised))) -ge "$wanted" ]; }
enough_promised() { meet; [ "$(promised)" -ge "$wanted" ]; }

# Each of the workers is told that another has begun a commit just now, so that they make them for each other, however few end.
meet()
{
	perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e 'open my $f, "+<", $ARGV[0] or exit;
		seek $f, 16, 0; print $f pack "q", 1e6 * clock_gettime(CLOCK_MONOTONIC); seek $f, 32, 0; print $f pack "q", 0' "$Q/stat/.disk"
}

# A job that is seen in done/, and then not in cur/, has its result on disk.
have_results()
{
	ls "$Q/done" >"$B/seen"
	find "$Q/cur" -type f -printf '%f\n' | sed 's/,A=.*//' | sort >"$B/running"
	sort "$B/seen" | comm -23 - "$B/running"
}

ran() { awk 'NR == FNR { want[$1] = 1; next } $1 == "ran" && $2 in want { n++ } END { print n + 0 }' "$B/results" "$B/ledger"; }

# Prints what is wrong. $lie is loaded into what submits and works.
lie=''
cut_once()
{
	Q=$T/disk/q B=$T/book
	rm -rf "$Q" "$B"
	books make -a $MAX "$Q" "$B" 1 && sync -f "$Q"
	export LD_PRELOAD="$lie"
	pids=''
	touch "$Q/pause"
	for i in 1 2; do
		wqw-worker "$Q" -j 8 -- ledger "$B" >/dev/null 2>&1 &
		pids="$pids $!"
	done
	for i in 1 3 7; do
		submitter $i &
		pids="$pids $!"
	done
	# Many at once, so that many end at once.
	until_true half_promised
	rm "$Q/pause"
	until_true enough_promised || echo 'submitting got nowhere'
	have_results >"$B/results"
	touch "$B/ledger"
	before=$(ran)
	commits=$((commits + $(od -A n -t d8 -N 8 "$Q/stat/.disk")))
	# Now: processes outlive this cut, unlike a real one, and XFS may tell them of a directory that it has been synced.
	cat "$B"/addresses.* | sed 's|.*/||' >"$B/promised"
	unset LD_PRELOAD
	powercut disk || echo 'the power could not be cut'
	for pid in $pids; do
		kill -KILL "$pid"
	done 2>/dev/null
	wait
	until_true umount disk || echo 'the file system is kept busy'
	mount -o loop "$image" disk || echo 'the file system did not survive'
	mv "$B/promised" "$B/accepted"
	# A first claim is not synced, so an attempt may not have been counted; nor is the removal of a log with nothing in it.
	balance -l -x 3 | grep -v ': an empty log$'
	[ "$(ran)" -eq "$before" ] || echo 'a job with a result ran again'
	promises=$((promises + $(wc -l <"$B/accepted"))) results=$((results + $(wc -l <"$B/results")))
}

# cuts TYPE MKFS...
cuts()
{
	type=$1 image=$T/image
	shift
	command -v "$1" >/dev/null || { skip "$1 is missing" "$type"; return; }
	rm -f "$image"
	truncate -s 320M "$image"
	"$@" "$image" >out 2>&1 && mount -o loop "$image" disk 2>>out || { skip "$(tail -n 1 out)" "$type"; return; }
	promises=0 results=0 commits=0 wrong=''
	for wanted in $(seq 10 15 $((10 + 15 * (CUTS - 1)))); do
		cut_once >wrong 2>&1
		wrong=$wrong$(cat wrong)
	done
	is "$wrong" '' "$type: $CUTS cuts, $promises promises, $results results"
	ok "$type: there was something to lose" test "$results" -gt 0
	ok "$type: $commits commits that workers share were among it" test "$commits" -gt 0
	if [ -n "$WQW_ASAN" ]; then
		skip 'sanitizers want to be loaded first' "$type: without fsync"
	else
		wanted=50
		lie=$WQW_TESTBIN/preload_nosync.so
		cut_once >wrong 2>&1
		lie=''
		like "$(cat wrong)" 'is lost|without a header|not whole' "$type: without fsync, promises are broken"
	fi
	umount disk
}

cuts ext4 mkfs.ext4 -q -F
cuts xfs mkfs.xfs -q -f
done_testing
