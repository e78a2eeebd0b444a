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
	skip 'faketime is missing' 'and old'
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
else
	skip 'processes cannot be traced here' 'killed'
fi
done_testing
