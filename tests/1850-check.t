#!/bin/sh
# wqw-check: each thing that should not be is told, and mended where that loses nothing.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

wqw-init q 2>/dev/null
put() { { echo; echo payload; } >"spool/q/$1"; }
files() { (cd spool/q && find new later cur 'done' failed log stat tmp -mindepth 1 | sort | tr '\n' ' '); }
clear_all() { chmod -R u+rwX spool/q; find spool/q -mindepth 2 ! -type d -delete; }

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

exits 0 'a fresh queue' wqw-check
is "$(said)" '' 'is silent'
put new/a && put later/b,A=1 && put 'done/c' && put failed/d,A=5,X=exit && put log/d && put tmp/draft
put new/e,A=1,X=exit
exits 0 'one that is used' wqw-check q
is "$(said)" '' 'is silent'

clear_all
put new/.hidden && put 'new/no job'
finds 'new/no job: is not the name of a job' 'a stranger'
exits 1 'is not touched' wqw-check --repair q
is "$(files)" 'new/.hidden new/no job ' 'and stays'

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
rm spool/q/keys/x

# --- a queue that works meanwhile has nothing to be told of
echo x >x
bg sh -c 'while wqw-submit q x x x x x x x x >/dev/null; do :; done'
submitter=$BG_PID
bg wqw-worker q -j 2 -- cat
until_true sh -c '[ "$(ls spool/q/done | wc -l)" -gt 20 ]'
busy() { wqw-check q && wqw-check q && wqw-check q && wqw-check q && wqw-check q; }
ok 'a busy queue' busy
stop "$submitter"
stop "$BG_PID"

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

# --- words
echo nonsense >spool/q/queue.conf
exits 78 'a policy that is wrong' wqw-check q
rm spool/q/queue.conf
exits 66 'no such queue' wqw-check nowhere q
exits 64 'an option that is none' wqw-check --mend
exits 74 'standard output cannot be written' sh -c ': >spool/q/new/x; wqw-check q >/dev/full'
ok '--help' wqw-check --help
done_testing
