#!/bin/sh
# wqw-check: each thing that should not be is told, and mended where that loses nothing.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

wqw-init q 2>/dev/null
put() { { echo; echo payload; } >"spool/q/$1"; }
files() { (cd spool/q && find new later cur 'done' failed log stat tmp -mindepth 1 ! -name .disk | sort | tr '\n' ' '); }
clear_all() { chmod -R u+rwX spool/q; find spool/q -mindepth 2 -delete; }

# finds LINE NAME: this and nothing else, with exit 1.
finds()
{
	wqw-check q >found 2>&1
	is "$? $(cat found)" "1 q/$1" "$2"
}
# mends NAME [FILES]: all that was found, and what is left is this.
mends()
{
	wqw-check --repair q >found 2>&1
	is "$? $(grep -vc ' (mended)$' found) $(files)" "0 0 $2" "$1"
	wqw-check q >found 2>&1
	is "$? $(cat found)" '0 ' '... for good'
}

# warns LINE NAME: this and nothing else, which is no fault.
warns()
{
	wqw-check q >found 2>&1
	is "$? $(cat found)" "0 q/$1 (warning)" "$2"
}
old() { touch -h -d '10 days ago' "$@"; }
keys() { (cd spool/q/keys && find . -mindepth 1 | sort | sed 's|^./||' | tr '\n' ' '); }

exits 0 'a fresh queue' wqw-check
is "$(said)" '' 'is silent'
put new/a && put later/b,A=1 && put 'done/c' && put failed/d,A=5,X=exit && put log/d && put tmp/draft
put new/e,A=1,X=exit
exits 0 'one that is used' wqw-check q
is "$(said)" '' 'is silent'

clear_all
put 'new/no job'
finds 'new/no job: is not the name of a job' 'a stranger'
exits 1 'is not touched' wqw-check --repair q
is "$(files)" 'new/no job ' 'and stays'
for f in new/.x later/.x cur/.x cur/.cancel. done/.x failed/.x log/.x keys/.x keys/.order.40 stat/.x stat/.running.x notes .notes; do
	clear_all
	put "$f"
	warns "$f: is nothing of wqw's" "a stranger, $f"
	exits 0 'is not touched' wqw-check --repair q
	ok 'and stays' test -e "spool/q/$f"
	rm "spool/q/$f"
done
clear_all
for f in keys/.lock keys/.backlog stat/.rate stat/.running.0 stat/.running.17 stat/.group.g tmp/.x pause queue.conf; do : >"spool/q/$f"; done
mkdir spool/q/lost+found
exits 0 'what is known' wqw-check q
is "$(said)" '' 'is no stranger'
rm -r spool/q/pause spool/q/queue.conf spool/q/lost+found

clear_all
ln -s /etc/passwd spool/q/new/link
finds 'new/link: is not a regular file' 'a link'
clear_all
printf 'Content-Length: 100\n\nhalf' >spool/q/new/torn
finds "new/torn: $(wqw-check q | sed 's/^[^ ]* //')" 'a torn job'
mends 'is buried' 'failed/torn,X=malformed log/torn '
clear_all
echo torn >'spool/q/done/torn'
wqw-check q >found
like "$? $(cat found)" '^1 q/done/torn: ' 'a torn result'
exits 1 'is for a person to judge' wqw-check --repair q
is "$(files)" 'done/torn ' 'and stays'
clear_all
put failed/d,A=2
finds 'failed/d,A=2: a dead letter whose name has no reason' 'a dead letter without a reason'
mends 'gets one' 'failed/d,A=2,X=lost '
clear_all
put new/a && chmod 666 spool/q/new/a
finds 'new/a: everybody can write to it' 'a file that everybody can write to'
mends 'is for the owner' 'new/a '
is "$(stat -c %a spool/q/new/a)" 640 'with the mode of a queue that is not shared'
clear_all
chmod 703 spool/q/log
finds 'log: everybody can write to it' 'a directory that everybody can write to'
mends 'nor is that' ''
rmdir spool/q/keys
finds 'keys: is missing; wqw-init makes it' 'a directory that is missing'
wqw-init q 2>/dev/null

clear_all
put cur/a,A=1 && put tmp/a,A=1
finds 'cur/a,A=1: abandoned: its worker has died' 'a job that was abandoned'
mends 'is ready' 'log/a new/a,A=1 '
clear_all
put cur/a,A=1 && : >spool/q/cur/.cancel.a
mends 'or cancelled' 'failed/a,A=1,X=cancelled log/a '
if command -v flock >/dev/null; then
	clear_all
	put cur/a,A=1
	exec 9<spool/q/cur/a,A=1
	flock 9
	exits 0 'one that runs' wqw-check --repair q
	exec 9<&-
	is "$(files)" 'cur/a,A=1 ' 'is left alone'
fi
clear_all
put 'done/a' && : >spool/q/cur/.cancel.a
finds 'cur/.cancel.a: cancelled, and not running any more' 'a mark that was left'
mends 'goes' 'done/a '
clear_all
put 'done/a' && put new/a
finds 'new/a: the end of this job is on record; a worker drops it' 'a job that has ended and is there again'
clear_all
put new/a && put later/a,A=1
finds 'new/a: there are two files of this job' 'a job that is there twice'
clear_all
put 'done/a' && put failed/a,X=exit
finds "done/a: there are two records of this job's end" 'one that has ended twice'
clear_all
put log/a
finds 'log/a: the log of a job that is nowhere; keep-log removes it' 'a log without a job'
clear_all
put tmp/a && touch -d '2 days ago' spool/q/tmp/a
finds 'tmp/a: cut short more than 36 hours ago' 'an old draft'
mends 'goes' ''
put stat/host.1
finds 'stat/host.1: of a worker that has died' "a dead worker's file"
mends 'goes' ''
put keys/x
finds 'keys/x: is not a key' 'no key'
clear_all
put 'done/a' && : >spool/q/log/a
finds 'log/a: an empty log of a job that has ended' 'an empty log'
mends 'goes' 'done/a '
put new/b && : >spool/q/log/b
exits 0 'but not that of a job that waits' wqw-check q
clear_all
chmod 703 spool/q
finds '.: everybody can write to it' 'a queue that everybody can write to'
mends 'is for the owner' ''
: >spool/q/queue.conf && chmod 666 spool/q/queue.conf
finds 'queue.conf: everybody can write to it' 'a policy that everybody can write'
mends 'is for the owner' ''
rm spool/q/queue.conf
if [ "$(id -u)" -eq 0 ]; then
	put log/a && put 'done/a' && chown 65534 spool/q/log/a
	finds "log/a: does not belong to the queue's owner" 'a log that workers cannot write'
	mends 'is given to them' 'done/a log/a '
	is "$(stat -c %u spool/q/log/a)" "$(stat -c %u spool/q)" 'who own the queue'
else
	skip 'not root' 'owners'
fi

# --- what is in tmp/
clear_all
put tmp/.a && old spool/q/tmp/.a
finds 'tmp/.a: cut short more than 36 hours ago' 'an old draft with a hidden name'
mends 'goes' ''
outbox()
{
	mkdir -p "spool/q/$1"
	put "$1/$2"
	ln -s "$T/spool/${3:-q/new}" "spool/q/$1/$2,to"
}
outbox tmp/.out,a,A=1 child
finds 'tmp/.out,a,A=1: the outbox of an attempt that has ended' 'an outbox without its attempt'
put new/a,A=1
mends 'goes, since that has failed' 'new/a,A=1 '
clear_all
outbox tmp/.end,a,A=1 event
exits 0 'an outbox of a dead letter may be in the making' wqw-check q
old spool/q/tmp/.end,a,A=1
finds 'tmp/.end,a,A=1: the outbox of a dead letter, whose worker has died' 'one that is not'
put failed/a,A=1,X=exit
mends 'is delivered' 'failed/a,A=1,X=exit new/event '
clear_all
if command -v flock >/dev/null; then
	put cur/a,A=1
	exec 9<spool/q/cur/a,A=1
	flock 9
	outbox tmp/.out,a,A=1 child && put tmp/.out,a,A=1/.count && put tmp/.out,a,A=1/.draft
	exits 0 'an outbox of an attempt that runs' wqw-check --repair q
	is "$(said)" '' 'is sound'
	ln -sfn "$T/spool/gone/new" spool/q/tmp/.out,a,A=1/child,to
	finds 'tmp/.out,a,A=1/child,to: leads to a queue that is not there; its jobs cannot be delivered' 'a link to no queue'
	mkdir -p spool/gone/new
	exits 0 'is mended by the queue' wqw-check q
	rm -r spool/gone
	ln -sfn "$T/spool/q/done" spool/q/tmp/.out,a,A=1/child,to
	finds 'tmp/.out,a,A=1/child,to: does not lead to new/ or later/ of a queue' 'a link to elsewhere'
	rm spool/q/tmp/.out,a,A=1/child,to
	finds 'tmp/.out,a,A=1/child: is for no queue, and will not be delivered' 'a job without a link'
	ln -s "$T/spool/q/new" spool/q/tmp/.out,a,A=1/child,to
	echo torn >spool/q/tmp/.out,a,A=1/child
	wqw-check q >found
	like "$? $(cat found)" '^1 q/tmp/.out,a,A=1/child: ' 'a torn job in an outbox'
	put tmp/.out,a,A=1/child && mkdir 'spool/q/tmp/.out,a,A=1/a dir'
	finds 'tmp/.out,a,A=1/a dir: is in an outbox, and is no job' 'what is no job in it'
	exits 1 'none of them is touched' wqw-check --repair q
	is "$(files)" 'cur/a,A=1 tmp/.out,a,A=1 tmp/.out,a,A=1/.count tmp/.out,a,A=1/.draft tmp/.out,a,A=1/a dir tmp/.out,a,A=1/child tmp/.out,a,A=1/child,to ' 'and stays'
	exec 9<&-
fi

# --- keys, clocks
clear_all
key=$(printf '%064d' 1) && zero=$(printf '%064d' 0)
link() { ln -s "$1" "spool/q/keys/$key" && old "spool/q/keys/$key"; }
link "$zero:a"
finds "keys/$key: a key whose job is nowhere: it is free" 'a key without a job'
mends 'goes' ''
is "$(keys)" '.lock ' 'under the lock'
for f in new/a later/a,A=1 cur/a,A=2 done/a failed/a,X=exit tmp/a; do
	clear_all
	link "$zero:a" && put "$f"
	wqw-check --repair q >found 2>&1
	is "$(grep keys found)$(keys | tr ' ' '\n' | grep -c "$key")" 1 "one with a job in ${f%%/*}/ stays"
done
clear_all
ln -s "$zero:a" "spool/q/keys/$key"
exits 0 'so does one that is young' wqw-check --repair q
ln -sfn nowhere "spool/q/keys/$key"
finds "keys/$key: a key that leads to no ID" 'a key that leads nowhere'
mends 'goes' ''
put "keys/$key"
finds "keys/$key: is not a key" 'a key that is a file'

clear_all
echo x >x
job=$(wqw-submit --group g q x) && job=${job#*/}
clock=$(cd spool/q/keys && echo .order.*)
exits 0 'a clock' wqw-check q
was=$(cat "spool/q/keys/$clock")
# The latest of the group is in the future, as after a step of the machine's clock.
mv "spool/q/new/$job" "spool/q/new/29991231T235959.000000-aaaaaaaaaaaaaaaa,G=g"
echo nonsense >"spool/q/keys/$clock"
exits 75 'without one' sh -c 'wqw-submit --group g q x || exit 75'
finds "keys/$clock: is no clock: no job of its groups can be submitted" 'a clock that was written over'
wqw-check --repair q >found
like "$(cat found)" '\(mended\)$' 'is set'
exits 0 'for good' wqw-check q
ok 'and runs' wqw-submit --group g q x
is "$(find spool/q/new -type f -printf '%f\n' | sort | head -1)" "29991231T235959.000000-aaaaaaaaaaaaaaaa,G=g" 'later than any job of the group'
ok 'and than it was' test "$(sed 's/ //g' "spool/q/keys/$clock")" -gt "$(echo "$was" | sed 's/ //g')"
chmod 666 "spool/q/keys/$clock"
finds "keys/$clock: everybody can write to it" 'a clock that everybody can set'
wqw-check --repair q >found
is "$(stat -c %a "spool/q/keys/$clock")" 664 'is for the group'

# --- batches
clear_all
batch() { b=spool/q/keys/.batch/$1 && mkdir -p "$b/open" "$b/ended" && : >"$b/open/.more"; }
age() { find spool/q/keys/.batch -mindepth 1 -exec touch -h -d '10 days ago' {} +; }
batch_mends()
{
	wqw-check --repair q >found 2>&1
	is "$? $(grep -vc ' (mended)$' found) $(keys)$(files)" "0 0 $2" "$1"
	exits 0 '... for good' wqw-check q
	is "$(said)" '' '... and is silent'
}
batch .left
exits 0 'a batch that is being made' wqw-check q
age
finds 'keys/.batch/.left: a batch that nobody has finished making' 'one that is not'
batch_mends 'goes' '.batch '
clear_all
batch b && : >"$b/open/.m"
finds 'keys/.batch/b/open/.m: of a submitter that has died' 'an entry that was never one'
batch_mends 'goes' '.batch .batch/b .batch/b/ended .batch/b/open .batch/b/open/.more '
: >"$b/open/m" && put new/m
exits 0 'a member' wqw-check q
mv spool/q/new/m spool/q/tmp/m
finds 'keys/.batch/b/open/m: a member whose submitter has died' 'one that was never accepted'
batch_mends 'goes with its draft' '.batch .batch/b .batch/b/ended .batch/b/open .batch/b/open/.more '
: >"$b/open/m"
exits 0 'one that may wait in an outbox' wqw-check q
age
finds 'keys/.batch/b/open/m: a member that is nowhere: it counts as failed' 'one that was removed'
batch_mends 'has failed' '.batch .batch/b .batch/b/ended .batch/b/ended/m,failed .batch/b/open .batch/b/open/.more '
age
finds 'keys/.batch/b: all have left it, and it has no callback; keep-keys removes it' 'a batch without a callback'
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	clear_all
	batch b && : >"$b/open/m" && put 'done/m'
	exits 0 'a member that has just ended' wqw-check q
	is "$(faketime -f +10m wqw-check q)" 'q/keys/.batch/b/open/m: a member that has ended' 'and one that has long'
	is "$(faketime -f +10m wqw-check --repair q)" 'q/keys/.batch/b/open/m: a member that has ended (mended)' 'is counted'
	is "$(keys)" '.batch .batch/b .batch/b/ended .batch/b/ended/m,done .batch/b/open .batch/b/open/.more ' 'as done'
else
	skip 'faketime is missing, or does not go with the sanitizers' 'a member that has ended'
fi
clear_all
batch b && : >"$b/ended/m,done" && outbox keys/.batch/b/then callback
exits 0 'a callback that was just submitted' wqw-check q
age
finds "keys/.batch/b: its callback was left half-way" 'one whose submitter has died'
batch_mends 'goes out' '.batch new/callback '
like "$(cat spool/q/new/callback)" '^Batch-Done: 1$' 'with the counts'
clear_all
batch b && rm -r "$b/open" && outbox keys/.batch/b/then callback && rm -r "$b/ended"
age
finds 'keys/.batch/b: has no ended/, which its members need' 'a batch that cannot end'
batch_mends 'ends' '.batch new/callback '
clear_all
batch b && rm -r "$b/open" && : >"$b/ended/m,done" && age
finds 'keys/.batch/b: its end was left half-way' 'what is left of one'
batch_mends 'goes' '.batch '
batch b && outbox keys/.batch/b/.then.x x
exits 0 'a callback that is being submitted' wqw-check q
old "$b/.then.x"
finds 'keys/.batch/b/.then.x: of a submitter that has died' 'and one that is not'
batch_mends 'goes' '.batch .batch/b .batch/b/ended .batch/b/open .batch/b/open/.more '
outbox keys/.batch/b/then callback gone/new && : >"$b/open/m" && put new/m && rm "$b/open/.more"
finds 'keys/.batch/b/then/callback,to: leads to a queue that is not there; its jobs cannot be delivered' 'a callback for no queue'
clear_all
batch b && : >"$b/x"
warns "keys/.batch/b/x: is nothing of wqw's" 'a stranger in a batch'
mv "$b/x" "$b/open/.x y"
warns "keys/.batch/b/open/.x y: is nothing of wqw's" 'among its members'
mv "$b/open/.x y" "$b/ended/x"
warns "keys/.batch/b/ended/x: is nothing of wqw's" 'among those that have ended'
rm "$b/ended/x" && mkdir "$b/open/m" && put new/m
finds 'keys/.batch/b/open/m: is not a regular file' 'a member that is a directory'
rmdir "$b/open/m" && chmod 703 "$b/ended"
finds 'keys/.batch/b/ended: everybody can write to it' 'a batch that everybody can write to'
batch_mends 'is for the owner' '.batch .batch/b .batch/b/ended .batch/b/open .batch/b/open/.more new/m '

# --- stat/
for f in .progress.a .checkpoint.a; do
	clear_all
	put stat/$f && put new/a
	exits 0 "$f of a job that waits" wqw-check q
	mv spool/q/new/a spool/q/failed/a,A=1,X=exit
	finds "stat/$f: of a job that has ended" "$f of one that has ended"
	mends 'goes' 'failed/a,A=1,X=exit '
done
clear_all
put stat/.checkpoint.a
finds "stat/.checkpoint.a: of a job that has ended" 'of one that is nowhere'
mends 'goes' ''
put new/a && wqw-worker q --drain -- true
exits 0 'counters' wqw-check q
echo >>spool/q/stat/.count
finds 'stat/.count: counters of another version, or cut short' 'counters that cannot be read'
mends 'begin anew' 'done/a stat/.count stat/.cursor stat/.ring.day stat/.ring.hour '
echo >spool/q/stat/.ring.day
finds 'stat/.ring.day: samples of another version, or cut short' 'samples that cannot be read'
mends 'go' 'done/a stat/.count stat/.cursor stat/.ring.hour '
clear_all
row() { printf '%-255s\n' "$1"; }
row a,A=1 >spool/q/stat/.group.g && put 'done/a'
exits 0 'a group whose job has ended' wqw-check q
rm spool/q/done/a
exits 0 'or was cleaned' wqw-check q
old spool/q/stat/.group.g
finds 'stat/.group.g: names a job that is nowhere' 'one that no worker has looked at for long'
mends 'is forgotten' ''
{ row b,A=1; row ,,; } >spool/q/stat/.group.g && put new/b,A=1,X=exit
finds 'stat/.group.g: has rows that are no jobs' 'rows that were written over'
mends 'go' 'new/b,A=1,X=exit stat/.group.g '
is "$(cat spool/q/stat/.group.g)" "$(row b,A=1)" 'and the others stay'
{ row b,A=1; echo half; } >spool/q/stat/.group.g
finds 'stat/.group.g: has rows that are no jobs' 'a row that is cut short'
mends 'goes' 'new/b,A=1,X=exit stat/.group.g '
mkdir spool/q/stat/.rate
finds 'stat/.rate: is not a regular file' 'a file that is a directory'
rmdir spool/q/stat/.rate
clear_all

# --- a queue that works meanwhile has nothing to be told of
wqw-init events 2>/dev/null
printf 'events events\nnext events\nbackoff 0s\nmax-attempts 2\nreserve-bytes 0\nreserve-inodes 0\ngroup-limit 2\n' >spool/q/queue.conf
for i in 1 2 3 4 5 6 7 8; do echo $i >$i; done
submits()
{
	n=0
	while :; do
		n=$((n + 1))
		wqw-submit --batch "b$n" q 1 2 3 4 && wqw-submit --batch "b$n" --then events q 5 || exit
		wqw-submit --group "g$((n % 3))" q 6 7 && wqw-submit --key "k$n" --delay 1s q 8 && wqw-submit --priority 0 q 1 2 || exit
		job=$(wqw-submit q 3) || exit
		# It may have ended already.
		wqw-cancel "$job" 2>/dev/null
	done >/dev/null 2>submits
}
handler='read -r n; echo $n >"$WQW_PROGRESS"; echo x >"$WQW_CHECKPOINT"; echo y | wqw-submit events >/dev/null
case $n in 2) exit 1 ;; 7) exit 100 ;; 4) echo z | wqw-submit --batch staged q >/dev/null ;; 6) echo words >&2 ;; esac'
bg submits
submitter=$BG_PID
bg wqw-worker q -j 2 -- sh -c "$handler"
first=$BG_PID
bg wqw-worker q -j 2 -- sh -c "$handler"
second=$BG_PID
bg wqw-worker events -j 2 -- cat
third=$BG_PID
many() { [ "$(count "spool/q/$1")" -gt "$2" ]; }
until_true many 'done' 20
: >found
checks=0
while [ $checks -lt 20 ] && alive "$submitter"; do
	before=$(count "spool/q/done")
	wqw-check q events >>found 2>&1
	checks=$((checks + 1))
	until_true many 'done' "$before" || break
done
is "$checks $(cat found)" '20 ' 'a busy queue, again and again'
like "$(count spool/q/failed)" '^[1-9]' 'in which jobs fail'
ok 'nor has it anything to be mended of' wqw-check --repair q events
stop "$submitter"
is "$(cat submits)" '' 'and all was accepted'
stop "$first"
stop "$second"
stop "$third"
timeout 60 wqw-worker q -j 4 --drain -- sh -c "$handler"
wqw-check q events >found 2>&1
is "$? $(cat found)" '0 ' 'one that was stopped, and drained'
rm -rf spool/events

# --- what crashes leave
if command -v books >/dev/null; then
	Q=$T/wreck B=$T/book
	books wreck -a $MAX "$Q" "$B"
	exits 1 'what crashes leave' wqw-check "$Q"
	wqw-check --repair "$Q" >/dev/null
	is "$(balance -x 1)" '' 'is mended, and the books are right'
else
	skip 'books is missing' 'what crashes leave'
fi

# --- killed at every call: the books are right, and another one mends the rest
if (need_inject) >/dev/null; then
	work_in_memory
	# A kill before one that changes nothing is a kill before the next that does.
	changes=mkdirat,symlinkat,linkat,renameat,renameat2,unlinkat,write,pwrite64,ftruncate,utimensat,fsync,fchmod,fchmodat,fchown,exit_group
	each_call 'wqw-check --repair, what crashes leave' 'books wreck -a $MAX "$Q" "$B"' 'wqw-check --repair "$Q" >"$L/again"; balance -x 1' \
		-k -c "$changes" wqw-check --repair QUEUE
	# A job that has waited for a clock, a batch, an outbox: none is lost, none is doubled.
	# shellcheck disable=SC2034 # for blow
	again='find "$Q/keys" "$Q/tmp" -mindepth 1 -exec touch -h -d "3 days ago" {} +
		wqw-check --repair "$Q" >"$L/again" || { echo "again: exit $?"; cat "$L/again"; }'
	left='new_queue "$Q" && mkdir "$B" && : >"$B/accepted" && k=$Q/keys/.batch/b && mkdir -p "$k/ended" "$k/then" "$Q/tmp/.end,e,A=1" &&
		for o in "$k/then" "$Q/tmp/.end,e,A=1"; do printf "\n" >"$o/j${#o}" && ln -s "$Q/new" "$o/j${#o},to"; done
: >"$k/ended/m,done"; : >"$k/ended/n,failed"; printf "\n" >"$Q/failed/e,A=1"; printf "\n" >"$Q/failed/e,A=1,X=exit"; echo bad >"$Q/keys/.order.01"
echo bad >"$Q/stat/.group.g"; echo bad >"$Q/stat/.count"; : >"$Q/stat/.checkpoint.e"; : >"$Q/log/e"; printf "\n" >"$Q/new/w"
: >"$Q/cur/.cancel.w"; ln -s nowhere "$Q/keys/$(printf %064d 1)"; rm "$Q/failed/e,A=1"; find "$Q/keys" "$Q/tmp" "$Q/stat" -mindepth 1 -exec touch -h -d "3 days ago" {} +'
	# shellcheck disable=SC2034 # for blow
	whole='is_left=$(cd "$Q" && find new later cur "done" failed tmp log keys stat -type f -o -type l | sed "s/j[0-9]*/j/" | sort | tr "\n" " ")
want="failed/e,A=1,X=exit failed/w,X=cancelled keys/.lock keys/.order.01 log/w new/j new/j stat/.count "
[ "$is_left" = "$want" ] || echo "$is_left"
[ "$(cat "$Q"/new/* | grep -c "^Batch-\(Done\|Failed\): 1$")" -eq 2 ] || cat "$Q"/new/*'
	each_call 'wqw-check --repair, what else there is' "$left" "$again; $whole" \
		-k -c "$changes" wqw-check --repair QUEUE
else
	skip 'processes cannot be traced here' 'killed'
fi

# --- words
echo nonsense >spool/q/queue.conf
exits 78 'a policy that is wrong' wqw-check q
rm spool/q/queue.conf
exits 66 'no such queue' wqw-check nowhere q
exits 64 'an option that is none' wqw-check --mend
exits 74 'standard output cannot be written' sh -c ': >spool/q/new/x; wqw-check q >/dev/full'
ok '--help' wqw-check --help
done_testing
