#!/bin/sh
# wqw-stat --age: how old jobs are, by queue, group and priority, from names alone.
. "$(dirname "$0")/lib.sh"

need jq perl
wqw-init a b
n=0
# job QUEUE/DIRECTORY AGE [ATTRIBUTES]
job()
{
	n=$((n + 1))
	: >"spool/$1/$(date -u -d "-$2" +%Y%m%dT%H%M%S).000000-00000000000000$((n + 10))${3:-}"
}
table() { wqw-stat --age "$@" | tr -s ' '; }

# With limits of minutes a run that takes long changes nothing.
job a/new '30 seconds' ,P=1
job a/new '90 minutes' ,P=1,G=x
job a/new '110 minutes' ,P=9,G=x
job a/new '3 hours' ,G=y
job a/later '5 days' ,G=z,A=1
job a/cur '5 hours' ,A=1
job b/new '30 seconds' ,G=x
touch 'spool/a/new/no job' spool/a/new/.hidden
touch -d '-7 hours' spool/a/new/hand

is "$(table --bucket 1h)" 'queue jobs 1h 2h 4h 8h 16h 32h 64h 128h 256h 512h 512h+
(all) 6 2 2 1 1 0 0 0 0 0 0 0
a 5 1 2 1 1 0 0 0 0 0 0 0
b 1 1 0 0 0 0 0 0 0 0 0 0' 'by queue; a name without a time by its mtime'
is "$(wqw-stat --age --bucket 1h | awk '{ print length }' | sort -u | wc -l)" 1 'columns are aligned'
is "$(wqw-stat --age=group --bucket 1h | tr -s ' ' | cut -d ' ' -f 1-6)" 'group jobs 1h 2h 4h 8h
(all) 6 2 2 1 1
x 3 1 2 0 0
(none) 2 1 0 0 1
y 1 0 0 1 0' 'by group, the largest first'
is "$(wqw-stat --age=priority --bucket 1h a | tr -s ' ' | cut -d ' ' -f 1-6)" 'priority jobs 1h 2h 4h 8h
(all) 5 1 2 1 1
1 2 1 1 0 0
5 2 0 0 1 1
9 1 0 1 0 0' 'by priority, in their order, of one queue'
is "$(table --later --running --bucket 1h a | tail -n 1)" 'a 2 0 0 0 1 0 0 0 1 0 0 0' 'of other states'
is "$(table --failed --done b | tail -n 1 | cut -d ' ' -f 1,2)" 'b 0' 'of none'
: >spool/a/later/hand
is "$(table --later --bucket 1h a)" 'queue jobs 1h 2h 4h 8h 16h 32h 64h 128h 256h 512h 512h+ unknown
(all) 2 0 0 0 0 0 0 0 1 0 0 0 1
a 2 0 0 0 0 0 0 0 1 0 0 0 1' 'the mtime of a job in later is no age'

# --- limits

limits() { wqw-stat --age "$@" b | head -n 1 | tr -s ' ' | cut -d ' ' -f 3-; }
is "$(limits)" '5s 10s 20s 40s 80s 160s 320s 640s 1280s 2560s 2560s+' 'limits double from five seconds'
is "$(limits --bucket 5m | cut -d ' ' -f 1-3,11)" '5m 10m 20m 2560m+' 'or from what is asked for'
is "$(limits --bucket 90 | cut -d ' ' -f 1-3)" '90s 180s 360s' 'in one unit'
is "$(limits --bucket 1ms | cut -d ' ' -f 1-3)" '1ms 2ms 4ms' 'the least'
is "$(limits --bucket 24h | cut -d ' ' -f 1-3)" '1d 2d 4d' 'and the most'
: >spool/b/new/99991231T235959.999999-0000000000000000
is "$(table --bucket 1h b | tail -n 1 | cut -d ' ' -f 1-3)" 'b 2 2' 'what is of the future is young'
: >spool/b/new/19700101T000000.000000-0000000000000000
is "$(table --bucket 1h b | tail -n 1 | cut -d ' ' -f 13)" 1 'and what is of 1970 old'

# --- JSON

is "$(wqw-stat --age=group --bucket 1h --json a | jq -c '[.by, .name, .jobs, .unknown, (.ages | length),
	.ages[0].up_to_seconds, .ages[1].jobs, .ages[10].up_to_seconds]' | head -n 3 | tr '\n' ' ')" \
	'["all",null,5,0,11,3600,2,null] ["group",null,2,0,11,3600,0,null] ["group","x",2,0,11,3600,2,null] ' 'JSON'
is "$(wqw-stat --age --json | jq -s '.[0].jobs == ([.[1:][] | .jobs] | add) and
	all(.[]; .jobs == .unknown + ([.ages[].jobs] | add))')" true 'adds up'

# --- nothing there, nowhere, not allowed

exits 66 'no such queue' wqw-stat --age nowhere b
like "$(said)" '^b  ' 'and goes on'
exits 74 'standard output cannot be written' sh -c 'wqw-stat --age >/dev/full'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	exits 77 'a directory that may not be listed' \
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$WQW_BIN/wqw-stat" --age front
	is "$(said | grep -c denied)" 1 'is told of'
	rm -r spool/front
fi

# --- many groups: memory for a thousand of them, of each all jobs or none

wqw-init many
perl -e 'for (1 .. 12000) {
	my $group = $_ % 2 ? "large" : sprintf "g%d", $_ / 2 % 3000;
	open my $f, ">", sprintf("spool/many/new/20260101T000000.%06d-0000000000000000,G=%s", $_, $group) or die;
}'
wqw-stat --age=group many >out
is "$(wc -l <out)" 1003 'a thousand rows, all and the others'
is "$(sed -n '3p' out | tr -s ' ' | cut -d ' ' -f 1,2)" 'large 6000' 'the largest is one of them'
is "$(awk 'NR > 3 && $1 != "(other)" && $2 != 2' out)" '' 'each has all its jobs'
is "$(awk 'NR > 2 { n += $2 } END { print n }' out)" "$(awk 'NR == 2 { print $2 }' out)" 'the others have the rest'
like "$(tail -n 1 out)" '^\(other\) ' 'and come last'
is "$(wqw-stat --age=group --json many | jq -s -c '[length, .[-1].by, .[-1].jobs == 12000 - ([.[1:-1][] | .jobs] | add)]')" \
	'[1002,"other",true]' 'in JSON, too'

# Nothing is opened but the directory, and that once.
if command -v strace >/dev/null; then
	strace -e trace=open,openat,newfstatat,fstatat64,stat,lstat -o trace wqw-stat --age=group many >/dev/null
	is "$(grep -c O_DIRECTORY trace) $(grep -c '"new", O' trace)" '2 1' 'the directory is read once'
	unlike "$(cat trace)" 'G=' 'and no file is looked at'
	if [ -z "$WQW_ASAN" ]; then
		grown() { strace -e trace=brk,mmap,mremap -o trace wqw-stat "$@" >/dev/null && wc -l <trace; }
		wqw-init few
		for kind in '' --age --age=priority; do
			# shellcheck disable=SC2086 # none, or a word
			ok "12000 jobs take no more memory than none: wqw-stat $kind" \
				test "$(grown $kind many)" -le $(($(grown $kind few) + 3))
		done
	fi
fi
done_testing
