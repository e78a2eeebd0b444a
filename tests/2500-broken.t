#!/bin/sh
# A test that cannot fail proves nothing: workers with one step of the protocol left out are found out by the same books,
# under the same kills, that are right for the worker as it is.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need_inject
need make perl
[ -z "$WQW_ASAN" ] || skip_all 'built with sanitizers'
[ -e "$ROOT/src/config.mk" ] || skip_all 'the source is not configured'
work_in_memory

# A copy of the source is built out of the way. Its configure is not run again.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir copy
cp -Rp "$ROOT/src" "$ROOT/Makefile" "$ROOT/configure.ac" copy
cp -p "$ROOT/configure" "$ROOT/config.status" copy
chmod -R u+w copy
touch copy/configure copy/src/config.h copy/src/config.mk
# Of the modules only what is below the worker.
modules=$(cd copy/src && printf '%s\n' [!w]*.c window*.c watch.c worker*.c | sed 's/\.c$//' |
	grep -Ev '^(await|door|http|page|feed|view)')
# shellcheck disable=SC2086,SC2116 # names, onto one line
build() { make -s -j 2 -C copy B=bin CFLAGS='-O1 -w' MODULES="$(echo $modules)" bin/wqw-worker; }
ok 'a copy of the source builds' build

# mutant NAME FILE PERL: a worker in $T/NAME; PERL must change the file.
mutant()
{
	cp copy/src/"$2" kept
	perl -0777 -i -pe "$3" copy/src/"$2"
	mkdir "$1"
	if cmp -s kept copy/src/"$2"; then
		fail "$1: the source is not what it was"
	else
		ok "$1: builds" build
		cp copy/bin/wqw-worker "$1"
	fi
	cp kept copy/src/"$2"
	touch copy/src/"$2"
}

mutant unlooked spool_claim.c \
	's/int ended = spool_ended\(.*?\);/int ended = 0;/ and s/\(ended = spool_ended\(.*?\)\) == -1/(ended = 0) == -1/ or $_ = ""'
mutant hasty spool_settle.c \
	's/\teach\(r, move\);/\tfor (i = 0; i < r->n; i++)
		if (r->c[i]->error == 0 && r->c[i]->outcome == SPOOL_SUCCESS)
			(void)spool_unlink(r->c[i]->q, SPOOL_CUR, r->c[i]->file);
$&/'
mutant lockless spool_claim.c 's/if \(flock\(fd/if (d != SPOOL_NEW && flock(fd/'

# crowd N: six workers at N jobs; the books.
crowd()
{
	rm -rf "$Q" "$B"
	books make -a $MAX "$Q" "$B" 1 "again*5" "ok*$1"
	crowd=''
	for _ in 1 2 3 4 5 6; do
		timeout 30 wqw-worker "$Q" -j 2 --drain -- ledger "$B" </dev/null >/dev/null 2>&1 &
		crowd="$crowd $!"
	done
	# shellcheck disable=SC2086 # numbers
	wait $crowd
	balance -s -x 0
}

# sweep: a worker that is killed at each call by which it changes something; the books of all runs.
sweep()
{
	lanes lane 2 'books make -a $MAX "$Q" "$B" 1 ok' 'balance -x 1' \
		-k -d 0 -c renameat2,unlinkat,fsync wqw-worker QUEUE --drain -- ledger BOOK
	cat "$T/wrong" 2>/dev/null
}

# The programs of this test, with the worker in $1 before them.
with()
{
	PATH=$1:$old_path
	shift
	"$@"
	PATH=$old_path
}

old_path=$PATH Q=$W/q B=$W/book
is "$(sweep)" '' 'the worker as it is: killed at each step, the books are right'
is "$(crowd 200)" '' 'the worker as it is: six at once, the books are right'
like "$(with "$T/unlooked" sweep)" 'AGAIN job-1$' 'one that does not look into done/ runs a job again that has a result'
like "$(with "$T/hasty" sweep)" 'was promised and is lost' 'one that removes the job before its result is in done/ loses it'
like "$(with "$T/lockless" crowd 200)" 'TWICE|made twice|ran [0-9]+ times|was counted' 'one that does not lock runs jobs twice'
done_testing
