#!/bin/sh
# wqw-clean: what is old goes, what is needed stays, and an end is forgotten only when it cannot come back.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

wqw-init q 2>/dev/null
put() { { echo; echo payload; } >"spool/q/$1"; }
old() { put "$1"; touch -h -d '10 days ago' "spool/q/$1"; }
files() { (cd spool/q && find new later cur 'done' failed log keys tmp -mindepth 1 ! -name '.lock' | sort | tr '\n' ' '); }
clear_all() { find spool/q -mindepth 2 ! -type d -delete; }

# --- by default nothing
old 'done/a' && old failed/b,A=1,X=exit && old log/a && old log/b
ok 'without a policy' wqw-clean q
is "$(files)" 'done/a failed/b,A=1,X=exit log/a log/b ' 'all is kept for ever'

# --- results
put 'done/new' && put log/new && old log/orphan && old log/waits && put new/waits
echo 'keep-done 7d' >spool/q/queue.conf
is "$(wqw-clean -n | tr '\n' ' ')" 'q/done/a q/log/a ' 'what would go'
is "$(wqw-clean -v | tr '\n' ' ')" 'q/done/a q/log/a ' 'goes, with its log'
is "$(files)" 'done/new failed/b,A=1,X=exit log/b log/new log/orphan log/waits new/waits ' 'and nothing else'
is "$(wqw-clean -v)" '' 'once'

# --- logs
echo 'keep-log 7d' >spool/q/queue.conf
is "$(wqw-clean -v | sort | tr '\n' ' ')" 'q/log/b q/log/orphan ' 'logs by their own age, but for those of jobs that wait'
printf 'keep-log 30d\nkeep-done 7d\n' >spool/q/queue.conf
old 'done/a' && old log/a
is "$(wqw-clean -v)" q/done/a 'a log that is kept for longer than its result'

# --- dead letters: the change time cannot be set, so that the clock is
clear_all
put failed/b,A=1,X=exit && put log/b && put failed/c,X=cancelled
echo 'keep-failed 7d' >spool/q/queue.conf
is "$(wqw-clean -v)" '' 'dead letters that are young'
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	is "$(faketime -f '+8d' wqw-clean -v | sort | tr '\n' ' ')" 'q/failed/b,A=1,X=exit q/failed/c,X=cancelled q/log/b ' 'and old'
	put failed/b,A=1,X=exit
	is "$(faketime -f '-8d' wqw-clean -v)" '' 'a clock that is behind removes nothing'
else
	skip 'faketime is missing, or does not go with the sanitizers' 'and old'
fi

# --- a job that has an end on record and is there again: the record is needed
clear_all
echo 'keep-done 7d' >spool/q/queue.conf
for f in cur/a,A=1 new/b later/c,A=2 new/d,A=3,X=exit; do
	put "$f"
	id=${f#*/} && id=${id%%,*}
	old "done/$id"
done
is "$(wqw-clean -v)" '' 'a record stays while there is a file of its job'
wqw-worker q --drain -- sh -c 'echo "$WQW_ID" >>ran'
ok 'none of them runs again' test ! -e ran

# --- keys
clear_all
key=$(printf '%064d' 1) && key=${key%?}
link() { ln -s "$(printf '%064d' 0):$2" "spool/q/keys/$key$1" && touch -h -d '10 days ago' "spool/q/keys/$key$1"; }
link 1 nowhere && link 2 ended && link 3 waits && link 4 drafted && put 'done/ended' && put new/waits && put tmp/drafted
ln -s "$(printf '%064d' 0):nowhere" "spool/q/keys/${key}5"
ln -s elsewhere spool/q/keys/stranger
touch -h -d '10 days ago' spool/q/keys/stranger
: >spool/q/queue.conf
is "$(wqw-clean -v)" "q/keys/${key}1" 'a key whose job has gone, and not one that is being submitted'
echo 'keep-keys 7d' >spool/q/queue.conf
is "$(wqw-clean -n)" "q/keys/${key}2" 'a key of a job that has ended'
is "$(wqw-clean -v)" "q/keys/${key}2" 'goes when the policy says so'

# A web front's user may have made the lock.
if as_nobody true; then
	link 6 gone
	chown -Rh 65534:65534 spool/q
	rm -f spool/q/keys/.lock
	: >spool/q/keys/.lock
	chown 1:65534 spool/q/keys/.lock
	chmod 660 spool/q/keys/.lock
	is "$(as_nobody wqw-clean -v 2>&1)" "q/keys/${key}6" 'a key goes under a lock that is of another user'
	chown -Rh 0:0 spool/q
else
	skip 'no other user' 'a key goes under a lock that is of another user'
fi

# --- what was cut short
clear_all
old tmp/draft
wqw-clean
is "$(files)" '' 'a draft'

old tmp/.hidden && old tmp/.locked && mkfifo spool/q/tmp/pipe && mkdir spool/q/tmp/.empty spool/q/tmp/full
put tmp/full/file && put tmp/.young
touch -d '10 days ago' spool/q/tmp/pipe spool/q/tmp/.empty spool/q/tmp/full
if command -v flock >/dev/null; then
	exec 9<spool/q/tmp/.locked
	flock 9
	is "$(wqw-clean -n | sort | tr '\n' ' ')" 'q/tmp/.empty q/tmp/.hidden q/tmp/full q/tmp/pipe ' 'whatever its name, unless it is locked'
	is "$(wqw-clean -v | sort | tr '\n' ' ')" 'q/tmp/.empty q/tmp/.hidden q/tmp/pipe ' 'and a directory where it is empty'
	exec 9<&-
fi
wqw-clean
is "$(files)" 'tmp/.young tmp/full tmp/full/file ' 'what is young stays'
rm -rf spool/q/tmp/full

# --- outboxes: their jobs go out before the records go
clear_all
printf 'keep-done 1d\nkeep-failed 1s\n' >spool/q/queue.conf
outbox()
{
	mkdir -p "spool/q/tmp/$1"
	put "tmp/$1/$2"
	ln -s "$T/spool/q/new" "spool/q/tmp/$1/$2,to"
}
outbox .out,a,A=1 child && old 'done/a' && old cur/a,A=1
outbox .out,b,A=1 child && old 'done/b'
outbox .end,c,A=2 event && put failed/c,A=2,X=exit
is "$(wqw-clean -v)" '' 'a record stays as long as an outbox waits for it'
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	is "$(faketime -f '+10s' wqw-clean -v)" '' 'that of a dead letter too'
fi
touch -d '10 days ago' spool/q/tmp/.out,b,A=1 spool/q/tmp/.end,c,A=2
wqw-clean
names() { find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' '; }
is "$(names spool/q/new)$(names spool/q/tmp)" 'event .out,a,A=1 ' 'an old one is delivered, or removed where its job has gone'
rm -rf spool/q/tmp/.out,a,A=1

# --- what handlers keep beside their jobs
clear_all
for f in .progress.a .checkpoint.a .checkpoint.b .checkpoint.c; do old "stat/$f"; done
put stat/.progress.c && put new/b
wqw-clean
is "$(names spool/q/stat)" '.checkpoint.b .progress.c ' 'a checkpoint of no living job goes when it is old'
rm spool/q/stat/.*.[a-z] spool/q/new/b

# --- batches, and the clocks of groups
clear_all
batch() { b=spool/q/keys/.batch/$1 && mkdir -p "$b/open" "$b/ended" && : >"$b/open/.more"; }
age() { find spool/q/keys/.batch -exec touch -h -d '10 days ago' {} +; }
batch over && : >"$b/ended/m1,done" && : >"$b/ended/m2,failed" && mkdir "$b/.then.x" && put "keys/.batch/over/.then.x/x"
batch member && : >"$b/open/m3"
batch called && rm "$b/open/.more" && mkdir "$b/then"
batch .left && batch .made && rm -r "$b/ended" "$b/open"
age
batch young && batch .young
echo 00000001700000000000 >spool/q/keys/.order.1f
touch -d '10 days ago' spool/q/keys/.order.1f
: >spool/q/queue.conf
is "$(wqw-clean -n | sort | tr '\n' ' ')" 'q/keys/.batch/.left q/keys/.batch/.made ' 'batches are kept as keys are'
wqw-clean
is "$(names spool/q/keys/.batch)" '.young called member over young ' 'and what was left half-made goes'
echo 'keep-keys 7d' >spool/q/queue.conf
is "$(wqw-clean -n)" q/keys/.batch/over 'one that all have left, and has no callback'
is "$(wqw-clean -v)" q/keys/.batch/over 'goes when the policy says so'
is "$(names spool/q/keys)$(names spool/q/keys/.batch)" \
	'.batch .order.1f .young called member young ' 'others, and clocks, never'
echo x >x
ok 'its name is free' wqw-submit --batch over q x
rm -rf spool/q/keys/.batch spool/q/keys/.order.1f
clear_all

# --- it costs a look at each directory, not one at each name that a job might have
if command -v strace >/dev/null; then
	echo 'keep-done 7d' >spool/q/queue.conf
	calls()
	{
		seq "$1" | while read -r i; do old "done/job-$i"; done
		strace -f -o trace wqw-clean q
		awk 'END { print NR }' trace
	}
	few=$(calls 10) && many=$(calls 210)
	is "$(count "spool/q/done") $(((many - few) / 200 <= 4))" '0 1' "at most four calls for each record ($few for 10, $many for 210)"
else
	skip 'strace is missing' 'cost'
fi
clear_all

# --- the disk hears of it first
if command -v strace >/dev/null; then
	echo 'keep-done 7d' >spool/q/queue.conf
	old 'done/a'
	strace -o trace -e trace=openat,fsync,unlinkat wqw-clean q || true
	is "$(awk '/fsync/ { n++ } /unlinkat.*"done\/a"/ { print n }' trace)" 5 'the directories are synced before a record goes'
	old 'done/a'
	strace -qq -o trace -e inject=fsync:error=EIO:when=3 wqw-clean q 2>err
	is "$?" 74 'where one of these fails'
	is "$(files)" 'done/a ' 'nothing is removed'
else
	skip 'strace is missing' 'order'
fi

# --- words
echo 'keep-done x' >spool/q/queue.conf
exits 78 'a policy that is wrong' wqw-clean q
like "$(said)" '^wqw-clean: q/queue.conf:1: keep-done: "x" is not a duration' 'says so'
for bad in 0 -1 '' 99999999999d; do
	echo "keep-log $bad" >spool/q/queue.conf
	exits 78 "keep-log '$bad'" wqw-clean q
done
rm spool/q/queue.conf
exits 66 'no such queue' wqw-clean nowhere q
exits 64 'an option that is none' wqw-clean --all
ok '--help' wqw-clean --help

# --- killed at every call: what has ended does not run again
if (need_inject) >/dev/null; then
	work_in_memory
	# The jobs are old; one of them is not yet through.
	aged='books make -a $MAX "$Q" "$B" 1 ok ok never; echo "keep-done 1s
keep-failed 1s
max-attempts $MAX
reserve-bytes 0
reserve-inodes 0
backoff 0s" >"$Q/queue.conf"; wqw-worker "$Q" --drain -- ledger "$B"; find "$Q/done" -type f -exec touch -d "1 hour ago" {} +
cp "$B/accepted" "$B/all"; : >"$B/accepted"; echo left >"$Q/log/gone"; books make -a $MAX "$Q" "$B" 4 ok'
	each_call wqw-clean "$aged" 'books check -a $MAX "$Q" "$B" | grep -v "left in new/\|is lost"; balance -x 0; [ "$(grep -c ^ran "$B/ledger")" -eq 4 ]  || cat "$B/ledger"' \
		-k -C "$PRIVATE,readlink,fcntl,fstat,newfstatat,faccessat,faccessat2" wqw-clean QUEUE
	# A batch that goes, and one that does not; an old outbox; drafts. Whatever is left of it, another clean removes it all.
	left='new_queue "$Q" "keep-keys 1s" && mkdir "$B" && : >"$B/accepted" && for b in over member; do
		mkdir -p "$Q/keys/.batch/$b/open" "$Q/keys/.batch/$b/ended" && : >"$Q/keys/.batch/$b/open/.more" && : >"$Q/keys/.batch/$b/ended/x,done"; done
: >"$Q/keys/.batch/member/open/m"; printf "\n" >"$Q/new/m"
mkdir "$Q/tmp/.end,e,A=1" && printf "\n" >"$Q/tmp/.end,e,A=1/event" && ln -s "$Q/new" "$Q/tmp/.end,e,A=1/event,to" && printf "\n" >"$Q/failed/e,A=1,X=exit"
printf "\n" >"$Q/tmp/draft"; find "$Q/keys/.batch" "$Q/tmp" -mindepth 1 -exec touch -h -d "3 days ago" {} +'
	# shellcheck disable=SC2034 # for blow
	after='find "$Q/keys/.batch" "$Q/tmp" -mindepth 1 -exec touch -h -d "3 days ago" {} +; wqw-clean "$Q" || echo "again: exit $?"
is_left=$(cd "$Q" && find keys tmp new failed -mindepth 1 ! -name .lock | sort | tr "\n" " ")
want="failed/e,A=1,X=exit keys/.batch keys/.batch/member keys/.batch/member/ended keys/.batch/member/ended/x,done keys/.batch/member/open keys/.batch/member/open/.more keys/.batch/member/open/m new/event new/m "
[ "$is_left" = "$want" ] || echo "$is_left"'
	each_call 'wqw-clean, batches and what was cut short' "$left" "$after" \
		-k -C "$PRIVATE,readlink,fcntl,fstat,newfstatat,faccessat,faccessat2" wqw-clean QUEUE
else
	skip 'processes cannot be traced here' 'killed'
fi
done_testing
