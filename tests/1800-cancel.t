#!/bin/sh
# wqw-cancel: jobs in every state, held jobs, paused queues.
. "$(dirname "$0")/lib.sh"

need flock
wqw-init q 2>/dev/null
printf 'kill-after 30s\nbackoff 0s\n' >spool/q/queue.conf

put() { { echo; echo payload; } >"spool/q/$1"; }
files() { (cd spool/q && find new later cur 'done' failed tmp -mindepth 1 -printf '%P %h\n' | awk '{ print $2 "/" $1 }' | sort | tr '\n' ' '); }
clear_all() { find spool/q -mindepth 2 -type f -delete; }

# --- those that wait
put new/a && put later/b,P=3,A=2 && put cur/c,A=1 && put tmp/c,A=1 && put new/d,A=5,X=exit
# The attempts and the reason are no part of an ID.
is "$(wqw-cancel q/a q/b,P=3 q/c q/d)" 'q/a
q/b,P=3
q/c
q/d' 'prints the addresses'
is "$(files)" 'failed/a,X=cancelled failed/b,P=3,A=2,X=cancelled failed/c,A=1,X=cancelled failed/d,A=5,X=cancelled ' \
	'waiting, delayed, abandoned, put back'
like "$(cat spool/q/log/a)" '^wqw: 20[^ ]*Z cancelled$' 'the log says so'
exits 0 'again' wqw-cancel q/a
is "$(said)" q/a 'is no fault'
exits 69 'one that has failed otherwise' sh -c 'mv spool/q/failed/a,X=cancelled spool/q/failed/a,A=1,X=exit; wqw-cancel q/a'
is "$(said)" 'wqw-cancel: q/a: has failed already' 'says so'
put 'done/e'
exits 69 'one that is done' wqw-cancel q/e
put new/f && put new/g
is "$(printf 'q/f\n\nq/g\n' | wqw-cancel -)" 'q/f
q/g' 'addresses on standard input'
put new/h && put new/i
exits 66 'the first fault counts' wqw-cancel q/h q/none 'q/no address' nowhere/x q/i
is "$(said | grep -c '^q/[hi]$')" 2 'and all are tried'
is "$(said | grep -c '^wqw-cancel: ')" 3 'with a line for each that has a fault'
put cur/j,A=1 && put 'done/j'
exits 69 'a result that is published is not taken back' wqw-cancel q/j
ok 'and is kept' test -e spool/q/done/j

# --- a lock that another keeps for long
put new/k
exec 9<spool/q/new/k
flock 9
exits 75 'locked by another' wqw-cancel q/k
is "$(said)" 'wqw-cancel: q/k: locked by another' 'says so'
exec 9<&-

# --- one that runs: its whole tree is killed, at once
clear_all
handler='trap "" TERM; setsid sh -c "echo \$\$ >'$T'/pids; exec tail -f /dev/null" & tail -f /dev/null & echo $$ >>'$T'/pid; wait; wait'
printf 'kill-after 100ms\nbackoff 0s\n' >spool/q/queue.conf
bg wqw-worker q -j 2 -- sh -c "$handler"
worker=$BG_PID
job=$(echo x | wqw-submit q)
wait_for_file pids && wait_for_file pid
is "$(wqw-cancel "$job")" "$job" 'a job that runs'
until_true sh -c 'ls spool/q/failed/* >/dev/null 2>&1'
is "$(wqw-status "$job" | cut -f 2,3 | sed 's/, [0-9]*s ago//')" 'failed	cancelled, 1 attempt' 'is recorded as cancelled'
until_true gone "$(cat pids)"
pass 'and nothing of it is left'
like "$(cat "spool/q/log/${job#q/}")" 'attempt 1 of 5: cancelled$' 'its log says so'
until_true sh -c '! ls spool/q/cur/.cancel* 2>/dev/null'
pass 'and its mark has gone'
exits 69 'wait says that it has failed' sh -c "wqw-wait $job; [ \$? -ne 0 ] && exit 69"

# Each of two running jobs is told apart.
rm -f pid
one=$(echo x | wqw-submit q) two=$(echo x | wqw-submit q)
until_true sh -c '[ "$(wc -l <pid)" -eq 2 ]'
wqw-cancel "$two" >/dev/null
until_true sh -c "wqw-status $two | grep -q cancelled"
is "$(wqw-status "$one" | cut -f 2)" running 'the other one goes on'
wqw-cancel "$one" >/dev/null
until_true sh -c "wqw-status $one | grep -q cancelled"
stop "$worker"

# --- a mark that nobody has heard: the job does not run again, wherever it is found
clear_all
put cur/m,A=1
exec 9<spool/q/cur/m,A=1
flock 9
is "$(wqw-cancel q/m)" q/m 'the worker is deaf'
ok 'and there is a mark' test -e spool/q/cur/.cancel.m
exec 9<&-
ok 'the next one' wqw-worker q --drain -- touch ran
is "$(files)" 'failed/m,A=1,X=cancelled ' 'ends it'
put new/n && : >spool/q/cur/.cancel.n
put later/o,A=1 && : >spool/q/cur/.cancel.o
touch -d '+1 hour' spool/q/later/o,A=1
: >spool/q/cur/.cancel.nowhere
put done/p && : >spool/q/cur/.cancel.p
put new/r,A=1,X=cancelled && : >spool/q/cur/.cancel.r
ok 'others that were put back before they were told' wqw-worker q --drain -- sh -c 'echo "$WQW_ID" >>ran'
is "$(files)" 'done/p done/r failed/m,A=1,X=cancelled failed/n,X=cancelled failed/o,A=1,X=cancelled ' 'do not run'
is "$(cat ran)" r 'but one that was put back by hand does'
is "$(ls -A spool/q/cur)" '' 'and no mark is left'

# A job cancels itself: there is no moment that would be too early.
clear_all
job=$(echo x | wqw-submit q)
ok 'a job that cancels itself' wqw-worker q --drain -- sh -c "PATH=$PATH; wqw-cancel \"\$WQW_SPOOL/\$WQW_QUEUE/\$WQW_ID\"; exec tail -f /dev/null"
like "$(wqw-status "$job")" 'failed	cancelled, 1 attempt' 'is cancelled'

# --- hold
clear_all
put new/a && put later/b,A=1 && put cur/c,A=2 && put tmp/c,A=2
is "$(wqw-cancel --hold q/a q/b q/c | tr '\n' ' ')" 'q/a q/b q/c ' 'hold'
is "$(files)" 'later/a later/b,A=1 later/c,A=2 ' 'is to wait'
is "$(wqw-status q | cut -f 2 | sort -u)" held 'for ever'
like "$(wqw-status q/b)" 'until it is released, 1 attempt' 'says so'
is "$(find spool/q/later -type f -printf '%TY-%Tm-%TdT%TH:%TM\n' | sort -u)" 2100-01-01T00:00 'or until then'
exits 0 'again' wqw-cancel --hold q/a
ok 'a drain does not wait for them' wqw-worker q --drain -- touch never
ok 'and does not run them' test ! -e never
is "$(wqw-status --held q | wc -l) $(wqw-status --later q | wc -l)" '3 0' 'wqw-status tells them from others'
is "$(wqw-cancel q/a)" q/a 'one that is held can be cancelled'
put cur/d,A=1
exec 9<spool/q/cur/d,A=1
flock 9
exits 69 'one that runs cannot be held' wqw-cancel --hold q/d
is "$(said)" 'wqw-cancel: q/d: is running' 'says so'
exec 9<&-
exits 69 'nor one that has ended' wqw-cancel --hold q/a

# --- pause
clear_all
is "$(wqw-cancel --pause q)" q 'pause'
ok 'makes the file' test -e spool/q/pause
exits 0 'again' wqw-cancel --pause q
put new/a
exits 75 'nothing is started' wqw-worker q --drain -- true
rm spool/q/pause
exits 66 'no such queue' wqw-cancel --pause nowhere
exits 64 'an address is no queue' wqw-cancel --pause 'q a'

# --- a policy that is wrong
clear_all
put new/a
echo 'handlr x' >spool/q/queue.conf
exits 78 'a dead letter cannot be told of as queue.conf says' wqw-cancel q/a
like "$(said)" '^wqw-cancel: q/queue.conf:1: unknown name "handlr"$' 'which is named'
ok 'it waits on' test -e spool/q/new/a
rm spool/q/queue.conf

# --- one whose handler has ended, before the disk has taken that: the mark is not left to the next worker
clear_all
if ! strace -o /dev/null true 2>/dev/null; then
	skip 'strace is missing, or may not trace' 'one that has just ended'
else
	job=$(echo x | wqw-submit q)
	mkfifo gate
	# The leak checker cannot work where a tracer sits.
	bg env "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" wqw-worker q -- sh -c 'read x <"$1"; exit 0' sh "$T/gate"
	worker=$BG_PID
	bg strace -f -qq -o trace -e trace=fsync,syncfs -e inject=fsync,syncfs:delay_enter=1000000 -p "$worker"
	tracer=$BG_PID
	until_true grep -q '^TracerPid:.[1-9]' /proc/"$worker"/status
	until_true eval "! grep -q '^TracerPid:.0' /proc/$worker/task/*/status"
	until_true test -e "spool/q/log/${job#q/}"
	exec 9<>gate
	echo >&9
	# It is empty, so it goes before the result is synced.
	until_true test ! -e "spool/q/log/${job#q/}"
	exec 9>&-
	is "$(wqw-cancel "$job")" "$job" 'one whose end is not on record'
	kill "$worker"
	wait "$worker"
	wait "$tracer"
	is "$(cd spool/q && ls -A cur 'done')" "$(printf 'cur:\n\ndone:\n%s' "${job#q/}")" 'is done, and its mark is removed'
fi

# --- words
exits 64 'what?' wqw-cancel
exits 64 'a queue is no job' wqw-cancel q
exits 64 'one of both' wqw-cancel --hold --pause q/a
exits 64 'an option that is none' wqw-cancel --holt q/a
is "$(said)" "wqw-cancel: unknown or ambiguous option '--holt' (allowed: --hold --pause --help)" 'says what is allowed'
exits 74 'standard input cannot be read' sh -c 'wqw-cancel - <.'
put new/z
exits 74 'standard output cannot be written' sh -c 'wqw-cancel q/z >/dev/full'
ok '--help' wqw-cancel --help

# --- the queue of another user
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --owner nobody --group "$(id -g daemon)" front 2>/dev/null
	owner() { setpriv --reuid=nobody --regid="$(id -g nobody)" --groups "$(id -g daemon)" env "$@"; }
	front() { setpriv --reuid=daemon --regid="$(id -g daemon)" --clear-groups env "$@"; }
	job=$(echo x | front wqw-submit front)
	exits 77 "a web front's user cannot cancel" front wqw-cancel "$job"
	is "$(owner wqw-cancel --hold "$job")" "$job" 'the owner holds what the front made'
	is "$(wqw-status "$job" | cut -f 2)" held 'by a copy'
	is "$(count spool/front/tmp)" 0 'and leaves nothing'
	other=$(echo x | front wqw-submit front)
	is "$(wqw-cancel "$other")" "$other" 'root cancels'
	is "$(stat -c %U "spool/front/log/${other#front/}")" nobody "and leaves the log to the queue's owner"
fi
done_testing
