#!/bin/sh
# wqw-stat: counts from names alone.
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

is "$(table)" 'queue new later running done failed oldest
a 2 1 1 3 1 3h00m
b 2 0 0 0 0 2h00m' 'all queues by name, with the oldest by its name or its mtime'
is "$(wqw-stat | awk '{ print length }' | sort -u | wc -l)" 1 'columns are aligned'
is "$(table b ./spool/a | tail -n 2 | cut -d ' ' -f 1 | tr '\n' ' ')" 'b ./spool/a ' 'those asked for, in that order'
: >spool/b/pause
like "$(wqw-stat b)" '2h00m  paused$' 'one that is paused'
if command -v jq >/dev/null; then
	is "$(wqw-stat --json | jq -c '[.queue, .new, .later, .running, .done, .failed, .paused]' | tr '\n' ' ')" \
		'["a",2,1,1,3,1,false] ["b",2,0,0,0,0,true] ' 'JSON'
	is "$(wqw-stat -j b | jq '.oldest_seconds >= 7200 and .oldest_seconds < 7260 and (.oldest | fromdate) <= now - 7200')" \
		true 'with the oldest'
	rm spool/b/new/*
	is "$(wqw-stat -j b | jq -c '[.oldest, .oldest_seconds]')" '[null,null]' 'or null'
fi
rm -f spool/b/new/*
is "$(table b | tail -n 1)" 'b 0 0 0 0 0 - paused' 'nothing waits'

exits 66 'no such queue' wqw-stat nowhere a
like "$(said)" "there is no queue 'nowhere'" 'says so'
like "$(said)" '^a  ' 'and goes on'
exits 64 "not a queue's name" wqw-stat 'x y'
exits 64 'an option that is none' wqw-stat --jsn
like "$(said)" '\(allowed: --json --help\)' 'says what is allowed'
exits 74 'standard output cannot be written' sh -c 'wqw-stat >/dev/full'
ok '--help' wqw-stat --help

# Nothing is opened but directories, and each of these once.
if command -v strace >/dev/null; then
	strace -e trace=openat,open -o trace wqw-stat a >/dev/null
	is "$(grep -c O_DIRECTORY trace | tr -d ' ') $(grep -c '"new"' trace)" '6 1' 'each directory is read once'
	unlike "$(cat trace)" '"(new|later|cur|done|failed)/' 'and no job is opened'
fi
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	is "$(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups wqw-stat front | tail -n 1 | tr -s ' ')" \
		'front - - - - - -' 'who may list nothing sees nothing'
fi
done_testing
