#!/bin/sh
# The examples in the manuals of the shell's commands do what the manuals say.
. "$(dirname "$0")/lib.sh"

need jq awk
man=$ROOT/man

# The literal blocks of a page's EXAMPLES, one file each: NAME.1, NAME.2, ...
blocks()
{
	awk -v name="$1" '/^\.Sh/ { on = /EXAMPLES/ } !on { next } /^\.Bd/ { n++; inside = 1; next } /^\.Ed/ { inside = 0 }
		inside { gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print >(name "." n) }' "$man/$1.1"
}

# IDs, ages and the like differ from one run to the next.
same() { sed -E 's/[0-9]{8}T[0-9.]+-[0-9a-z]{16}/ID/g; s/[0-9]+[smhd]([0-9]+[smh])? ago/T ago/; s/ [1-9][0-9]s( |$)/ NNs\1/'; }

# session FILE: what is typed in it prints what it shows. All of it is one shell, as it is for who types it.
session()
{
	awk '/^\$ / { print "s=$?; cat <<\047~\047\n" $0 "\n~\n(exit $s)"; print substr($0, 3) }' "$1" >typed
	sh typed >got 2>&1 </dev/null
	same <got >got.same
	same <"$1" >want.same
	diff want.same got.same
}

script() { sh -eu "$1" </dev/null; }

for page in wqw-init wqw-submit wqw-cat wqw-wait wqw-status wqw-stat; do
	blocks $page
done
wqw-init words
echo a >a.txt && echo b >b.txt && mkdir out

ok 'wqw-init: by path' session wqw-init.1
ok 'wqw-submit: from a pipe, and files' session wqw-submit.1
ok 'wqw-cat: the result' session wqw-cat.1
ok 'wqw-wait: a look' session wqw-wait.1
rm -f spool/words/*/*
: >"spool/words/failed/20261123T175305.123456-k3v9q0t7x2m4c8d1,A=3,X=exit"
ok 'wqw-status: what failed' session wqw-status.1
ok 'wqw-status: reasons' script wqw-status.2
like "$(said)" '^ *1 exit$' 'are counted'
ok 'wqw-status: sorted' script wqw-status.3

rm -f spool/words/*/*
wqw-init thumbs
for n in 1 2 3; do
	: >"spool/thumbs/new/$(date -u -d '-12 seconds' +%Y%m%dT%H%M%S).00000$n-k3v9q0t7x2m4c8d1"
done
(cd spool/thumbs/done && seq 1 118 | xargs touch)
touch spool/thumbs/cur/1,A=1 spool/thumbs/cur/2,A=1 spool/thumbs/failed/f,X=exit spool/words/done/1 spool/words/done/2 \
	spool/words/done/3 spool/words/done/4
rm -f spool/words/stat/.count
ok 'wqw-stat: the table' session wqw-stat.1
exits 1 'wqw-stat: nothing is old' script wqw-stat.2
touch -d '-10 minutes' spool/thumbs/new/old
ok 'wqw-stat: something is' script wqw-stat.2
wqw-init ./mail
for group in ,G=customer42 ''; do
	: >"mail/new/$(date -u +%Y%m%dT%H%M%S).000000-k3v9q0t7x2m4c8d1$group"
done
: >"mail/new/$(date -u -d '-5 minutes' +%Y%m%dT%H%M%S).000000-k3v9q0t7x2m4c8d1,G=customer42"
mv mail spool/mail
ok 'wqw-stat: who waits' session wqw-stat.3
rm -r spool/mail
sed "s|/var/lib/prometheus/node-exporter|'$T'|" wqw-stat.4 >textfile
ok 'wqw-stat: for the textfile collector' script textfile
like "$(cat wqw.prom)" '^wqw_jobs\{queue="thumbs",state="done"\} 118$' 'which has its file'

bg wqw-worker words -- tr a-z A-Z
ok 'wqw-submit: wait and fetch' script wqw-submit.2
is "$(cat a.out)" A 'the result'
ok 'wqw-wait: as they come' script wqw-wait.2
is "$(sort out/* | tr '\n' ' ')" 'A B ' 'both results'
job=$(wqw-submit words a.txt)
export job
ok 'wqw-cat: follow' script wqw-cat.2
ok 'and this job ends' wqw-wait -t 30 "$job"
stop "$BG_PID"
job=$(wqw-submit words a.txt)
wqw-worker words --drain -- sh -c 'echo oh no >&2; exit 100'
ok 'wqw-cat: why' script wqw-cat.3
like "$(said)" '^oh no$' 'is told'
is "$(cat payload)" a 'and what'
done_testing
