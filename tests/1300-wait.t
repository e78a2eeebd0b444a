#!/bin/sh
# wqw-wait: the outcome is its exit status, and it does not sleep through it.
. "$(dirname "$0")/lib.sh"

wqw-init q r
put() { { echo; echo x; } >"spool/q/$1"; }

put done/d
put failed/f,A=5,X=timeout
put new/n
exits 0 'done already' wqw-wait q/d
is "$(said)" '' 'without a word'
exits 69 'failed already' wqw-wait q/d q/f
is "$(said)" 'wqw-wait: q/f: failed (timeout); wqw-cat --log shows its log' 'says which, and why'
exits 75 'not ended in time' wqw-wait --timeout 10ms q/n q/d
is "$(said)" 'wqw-wait: not ended yet: 1 of 2' 'says how many'
exits 75 'a look, no wait' wqw-wait -t 0 q/n
exits 66 'no such job' wqw-wait q/d q/none
like "$(said)" 'q/none: no such job' 'says so'
exits 66 'no such queue' wqw-wait nowhere/x
exits 64 'no address' wqw-wait q
exits 64 'for what?' wqw-wait
for value in '' x -1 5y 99999999999999; do
	exits 64 "--timeout '$value'" wqw-wait --timeout "$value" q/n
	like "$(said)" 'not a duration' 'says so'
done

exits 0 '--any: one has ended' wqw-wait --any q/n q/d
is "$(said)" q/d 'it is told'
exits 69 '--any: one has failed' wqw-wait --any q/n q/f
like "$(said)" '^q/f$' 'it is told, too'
exits 66 '--any of none' wqw-wait --any q/none
exits 0 '--print' wqw-wait --print q/d
is "$(said)" q/d 'tells what is done'
exits 74 'to nobody' sh -c 'wqw-wait -p q/d >/dev/full'
exits 0 'addresses on standard input, twice the same, by two names' sh -c 'printf "q/d\n./spool/q/d\nq/d\n" | wqw-wait -'

# --- what ends while it waits. It is asleep when the watch on done/ is there.
asleep() { grep -q inotify "/proc/$1/fdinfo/"* 2>/dev/null && grep -q '^[0-9]* (wqw-wait) S' "/proc/$1/stat"; }
waiting()
{
	bg sh -c 'exec wqw-wait "$@" >out 2>err' wait "$@"
	until_true asleep "$BG_PID"
}
waiting q/n
mv spool/q/new/n spool/q/done/n
wait "$BG_PID"
is $? 0 'done while it waits'
put new/n2 && put new/n3
waiting --print q/n2 q/n3
mv spool/q/new/n2 spool/q/failed/n2,A=1,X=exit
until_true grep -q 'q/n2: failed (exit)' err && pass 'one failed, and is told at once' || fail 'not told'
ok 'the other one is waited for' alive "$BG_PID"
ln spool/q/new/n3 spool/q/done/n3
wait "$BG_PID"
is "$? $(cat out)" '69 q/n3' 'the other one is linked into done/'
put new/n4 && { echo; } >spool/r/new/n5
waiting --any q/n4 r/n5
mv spool/r/new/n5 spool/r/done/n5
wait "$BG_PID"
is "$? $(cat out)" '0 r/n5' '--any, of two queues'
put cur/n6,A=1
waiting q/n6
mv spool/q/cur/n6,A=1 spool/q/later/n6,A=1
mv spool/q/later/n6,A=1 spool/q/new/n6,A=1
ok 'a job that is to be tried again has not ended' alive "$BG_PID"
mv spool/q/new/n6,A=1 spool/q/done/n6
wait "$BG_PID"
is $? 0 'until it has'
put new/n7
waiting q/n7
rm -rf spool/q/done
mv spool/q/new/n7 spool/q/failed/n7,X=lost
wait "$BG_PID"
is $? 69 'a directory that goes away is no reason to be deaf'
wqw-init q

# --- with a worker, and many
seq 1 300 | while read -r n; do put "new/j$n"; done
(cd spool/q/new && printf 'q/%s\n' *) >all
bg sh -c 'wqw-wait --print - <all >out 2>err'
waiter=$BG_PID
wqw-worker q -j 2 --drain -- cat
wait "$waiter"
is "$?" 0 'three hundred'
is "$(sort out | cksum)" "$(sort all | cksum)" 'each told once'

# --- an overflow of events loses nothing: a queue of 4 events, and many more than that while it is stopped
limit=/proc/sys/fs/inotify/max_queued_events
if [ -w $limit ] && old=$(cat $limit) && echo 4 >$limit 2>/dev/null; then
	at_exit "echo $old >$limit"
	put new/over
	waiting q/over
	kill -STOP "$BG_PID"
	for n in 1 2 3 4 5 6 7 8 9; do put "done/noise$n"; done
	mv spool/q/new/over spool/q/done/over
	kill -CONT "$BG_PID"
	wait "$BG_PID"
	is $? 0 'after an overflow it looks again'
fi

# --- a terminal
if command -v script >/dev/null; then
	put new/first && put new/tty
	touch -d '-1 hour' spool/q/new/first
	script -qec 'wqw-wait -t 1ms q/tty' /dev/null >typescript </dev/null
	like "$(tr '\r' '\n' <typescript)" '^q/tty: new, 1 ahead, 0s' 'state, place and time'
	script -qec 'wqw-wait -t 1ms q/tty q/n7' /dev/null >typescript </dev/null
	like "$(tr '\r' '\n' <typescript)" '^1 of 2 ended, 1 failed, 0s' 'of several, how many'
fi

# --- where nothing may be listed
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	front() { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env "$@"; }
	job=$(echo x | front wqw-submit front)
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups wqw-wait "$job" &
	waiter=$!
	until_true grep -q '^[0-9]* (wqw-wait) S' "/proc/$waiter/stat"
	wqw-worker front --drain -- cat
	wait "$waiter"
	is $? 0 "a web front's user waits, too"
fi
done_testing
