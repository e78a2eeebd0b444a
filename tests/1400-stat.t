#!/bin/sh
# wqw-stat: counts from names alone, workers, rates.
. "$(dirname "$0")/lib.sh"

stamp() { date -u -d "$1" +%Y%m%dT%H%M%S.000000-k3v9q0t7x2m4c8d1; }
table() { wqw-stat "$@" | tr -s ' '; }

exits 66 'no spool' wqw-stat
wqw-init b a
: >spool/a/new/x
touch -d '-3 hours' spool/a/new/x
: >"spool/a/new/$(stamp '-2 hours'),P=1"
: >spool/a/later/y,A=1
: >spool/a/cur/z,A=1
for n in 1 2 3; do : >spool/a/done/$n; done
: >spool/a/failed/w,A=2,X=exit
touch spool/a/new/.hidden 'spool/a/new/no job'
: >"spool/b/new/$(stamp '-2 hours')"
: >"spool/b/new/$(stamp '-30 seconds'),A=1"
mkdir spool/not-a-queue
touch spool/file

is "$(table)" 'queue new later held running done failed oldest workers done/m fail/m
a 2 1 0 1 3 1 3h00m 0 0 0
b 2 0 0 0 0 0 2h00m 0 0 0' 'all queues by name, with the oldest by its name or its mtime'
is "$(wqw-stat | awk '{ print length }' | sort -u | wc -l)" 1 'columns are aligned'
is "$(table b ./spool/a | tail -n 2 | cut -d ' ' -f 1 | tr '\n' ' ')" 'b ./spool/a ' 'those asked for, in that order'
: >spool/b/pause
like "$(wqw-stat b)" '2h00m .* 0  paused$' 'one that is paused'
if command -v jq >/dev/null; then
	is "$(wqw-stat --json | jq -c '[.queue, .new, .later, .running, .done, .failed, .paused]' | tr '\n' ' ')" \
		'["a",2,1,1,3,1,false] ["b",2,0,0,0,0,true] ' 'JSON'
	is "$(wqw-stat -j b | jq '.oldest_seconds >= 7200 and .oldest_seconds < 7260 and (.oldest | fromdate) <= now - 7200')" \
		true 'with the oldest'
	rm spool/b/new/*
	is "$(wqw-stat -j b | jq -c '[.oldest, .oldest_seconds]')" '[null,null]' 'or null'
fi
rm -f spool/b/new/*
is "$(table b | tail -n 1)" 'b 0 0 0 0 0 0 - 0 0 0 paused' 'nothing waits'

exits 66 'no such queue' wqw-stat nowhere a
like "$(said)" "there is no queue 'nowhere'" 'says so'
like "$(said)" '^a  ' 'and goes on'
exits 66 'nothing but that' wqw-stat nowhere
is "$(said | wc -l)" 1 'is no table'
exits 64 "not a queue's name" wqw-stat 'x y'
exits 64 'an option that is none' wqw-stat --jsn
like "$(said)" '\(allowed: .*--age .*--json --prometheus --watch --batches --help\)' 'says what is allowed'
exits 74 'standard output cannot be written' sh -c 'wqw-stat >/dev/full'
ok '--help' wqw-stat --help

# --- held, due, running

wqw-init c
touch -d '2100-01-01T00:00:00Z' spool/c/later/held
touch -d '-1 hour' spool/c/later/due
touch -d '+1 hour' spool/c/later/not
touch spool/c/cur/r,A=1
: >"spool/c/failed/$(stamp '-1 day'),A=1,X=exit"
is "$(table c | tail -n 1)" 'c 0 2 1 1 0 1 - 0 0 0' 'a held job is not one of those in later'
if command -v jq >/dev/null; then
	is "$(wqw-stat -j c | jq -c '[.later, .held, (.next_due_seconds | . > -3700 and . <= -3600),
		(.oldest_running_seconds | . >= 0 and . < 3600), (.oldest_failed_seconds | . >= 86400 and . < 90000)]')" \
		'[2,1,true,true,true]' 'what is overdue, since when the first one runs, the oldest dead letter'
	is "$(wqw-stat -j b | jq -c '[.next_due, .oldest_running, .oldest_failed]')" '[null,null,null]' 'or nothing'
fi

# --- workers and rates

busy() { [ "$(wqw-stat -j c | jq .busy)" = "$1" ]; }
if command -v jq >/dev/null; then
	mkfifo gate
	rm spool/c/*/*
	for n in 1 2 3; do echo $n | wqw-submit c >/dev/null; done
	# shellcheck disable=SC2016 # the handler's
	bg wqw-worker c -j 2 -- sh -c 'cat gate; [ "$(cat)" != 2 ] || exit 100'
	ok 'a worker with two slots is busy' until_true busy 2
	is "$(wqw-stat -j c | jq -c '[.workers, .slots, .running, .totals.started, .totals.done]')" '[1,2,2,2,0]' 'and is counted'
	worker=$BG_PID
	kill -STOP "$worker"
	is "$(wqw-stat -j c | jq .workers)" 1 'one that is stopped lives'
	kill -CONT "$worker"
	bg sh -c 'while :; do : >gate; done'
	ended() { [ "$(wqw-stat -j c | jq -c '[.done, .failed, .busy]')" = '[2,1,0]' ]; }
	ok 'it ends them' until_true ended
	stop "$BG_PID"
	is "$(wqw-stat -j c | jq -c '[.totals.started, .totals.done, .totals.failed, (.per_minute | .started > .done and
		.done > .failed and .failed > 0)]')" '[3,2,1,true]' 'and the totals and rates tell of it'
	like "$(table c | tail -n 1)" '^c 0 0 0 0 2 1 - 1 [0-9.]+ [0-9.]+$' 'in the table too'
	# It has the file mapped that is cut below.
	stop "$worker"
fi

# --- a file of counters that is none

unknown() { table c | tail -n 1 | cut -d ' ' -f 10-; }
if [ -s spool/c/stat/.count ]; then
	printf wqwcnt9 | dd of=spool/c/stat/.count conv=notrunc 2>/dev/null
	is "$(unknown)" '- -' 'one of another version'
fi
printf wqwcnt1 >spool/c/stat/.count
is "$(unknown)" '- -' 'one that is cut off'
if command -v jq >/dev/null; then
	is "$(wqw-stat -j c | jq -c '[.totals.done, .totals.failed, .per_minute.done, .done]')" '[null,null,null,2]' 'JSON says null'
fi
unlike "$(wqw-stat --prometheus c)" 'wqw_(attempts|jobs_done|jobs_failed|job_wait).*\{' 'no samples'
: >spool/c/stat/.count
is "$(unknown)" '- -' 'an empty one'
rm spool/c/stat/.count
ln -s /etc/passwd spool/c/stat/.count
is "$(unknown)" '- -' 'a symbolic link'
rm spool/c/stat/.count
mkdir spool/c/stat/.count
is "$(unknown)" '- -' 'a directory'
rmdir spool/c/stat/.count
is "$(unknown)" '0 0' 'none: nothing was counted yet'

# --- what makes no sense

while read -r args; do
	# shellcheck disable=SC2086 # words
	exits 64 "wqw-stat $args" wqw-stat $args
	is "$(said | wc -l)" 1 'is told of in one line'
done <<'END'
--age=
--age=colour
--age=grou
--bucket 5s
--new
--age --bucket 0
--age --bucket -1
--age --bucket 2d
--age --bucket 99999999999999999999d
--age --bucket=
--watch=
--watch=0
--watch=-1
--watch=1e3
--watch=99ms
--watch=99999999999999999999
--watch=25h
--prometheus --watch
--prometheus --json
--prometheus --age
--json=x
--new=1 --age
END

# Nothing is opened but directories, and each of these once.
if command -v strace >/dev/null; then
	strace -e trace=openat,open -o trace wqw-stat a >/dev/null
	is "$(grep -c O_DIRECTORY trace | tr -d ' ') $(grep -c '"new"' trace)" '7 1' 'each directory is read once'
	unlike "$(cat trace)" '"(new|later|cur|done|failed)/' 'and no job is opened'
fi
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	is "$(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups wqw-stat front | tail -n 1 | tr -s ' ')" \
		'front - - - - - - - 0 0 0' 'who may list nothing sees nothing'
fi
done_testing
