#!/bin/sh
# Where many jobs wait, wqw-stat asks the worker that counts them, or finds what another has counted, and does not read their
# directory; and nobody is told anything that is not so.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need strace
wqw-init ./q 2>/dev/null
touch q/pause
many=13000
seq $many | wqw-submit --lines ./q >addresses
oldest=$(head -n 1 addresses | sed 's|.*/||')

field() { sed -n "s/\"per_minute\".*//; s/.*\"$1\": *\"*\([^,\"]*\).*/\1/p"; }
waiting() { wqw-stat --json ./q | field new; }
# reads: what it says, in ./said; 0 where $where/ was opened for it.
where=new
reads() { strace -f -e trace=openat -o trace wqw-stat --json ./q >said && grep -q "\"$where\"" trace; }
asks() { ! reads; }
says() { asks && [ "$(field new <said)" -eq "$1" ]; }

ok 'without a worker it reads the directory' reads
is "$(field new <said)" $many 'and counts all'
cp said first
# same: it says what it said first.
same() { [ "$(field new <said) $(field oldest <said)" = "$(field new <first) $(field oldest <first)" ]; }
until_true asks
ok 'and what it has found need not be looked for again' asks
ok 'but is said again' same
mv "q/new/$oldest" .
ok 'until something changes' reads
is "$(field new <said)" $((many - 1)) 'and it is counted anew'
mv "$oldest" q/new/
ok 'each time' reads
ok 'and right' same

bg wqw-worker ./q -- true
worker=$BG_PID
until_true asks
ok 'soon after a worker has started, it does not' asks
ok 'and says the same' same

echo one | wqw-submit ./q >one
echo two | wqw-submit ./q >two
until_true says $((many + 2))
ok 'what comes is counted' says $((many + 2))
mv "q/new/$oldest" .
until_true says $((many + 1))
ok 'and what goes, whoever takes it' says $((many + 1))
is "$(field oldest <said)" "$(wqw-status --json "$(sed -n 2p addresses)" | field submitted)" 'and the next one is the oldest'
mv "$oldest" q/new/
until_true says $((many + 2))
is "$(field oldest <said)" "$(field oldest <first)" 'and what comes back is that again'

bg wqw-worker ./q -- true
other=$BG_PID
until_true eval '[ "$(wqw-stat --json ./q | field workers)" = 2 ]'
ok 'a second worker leaves it to the first' says $((many + 2))
kill -STOP "$worker"
echo three | wqw-submit ./q >three
until_true eval '[ "$(waiting)" -eq $((many + 3)) ]'
is "$(waiting)" $((many + 3)) 'one that does not hear is not believed'
kill -CONT "$worker"
until_true says $((many + 3))
ok 'until it does' says $((many + 3))

# With nobody who could count in its place.
stop "$other"
ok 'it tells alone, too' asks
kill -KILL "$worker"
wait "$worker" 2>/dev/null
ok 'what one has told that has died is so as long as nothing changes' says $((many + 3))
echo four | wqw-submit ./q >four
ok 'and no longer' reads
is "$(field new <said)" $((many + 4)) 'than that'
rm "q/new/$(sed 's|.*/||' four)"

bg wqw-worker ./q -- true
until_true says $((many + 3))
ok 'a new one is' says $((many + 3))
wqw-submit --priority 9 ./q </dev/null >late
until_true says $((many + 4))
ok 'with priorities, too' says $((many + 4))
# aged LINE TIME: the job of that address is now as old as that.
aged() { mv "q/new/$(sed -n "$1s|.*/||p" addresses)" "q/new/$2-0123456789abcdef"; }
aged 1 20200101T000000.000000
aged 2 20210101T000000.000000
says_oldest() { says "$1" && [ "$(field oldest <said)" = "$2" ]; }
until_true says_oldest $((many + 4)) 2020-01-01T00:00:00Z
ok 'and it knows the oldest, though that is not the most urgent' says_oldest $((many + 4)) 2020-01-01T00:00:00Z
rm q/new/2020*
until_true says $((many + 3))
is "$(field oldest <said)" 2021-01-01T00:00:00Z 'and the next one after that'
rm q/new/2021*
sed -n '3,4200s|.*/|q/new/|p' addresses | xargs rm -f
left=$((many + 3 - 4199))
until_true says $left
is "$(field oldest <said)" "$(wqw-status --json "$(sed -n 4201p addresses)" | field submitted)" 'and when all that it knew have gone'
stop "$BG_PID"

# The rest would take long.
sed -n '4201,12000s|.*/|q/new/|p' addresses | xargs rm -f
rm q/pause
ok 'all of them are run' wqw-worker ./q -j 2 --drain --persistent -- sh -c 'while read -r job; do echo 0; done'
is "$(waiting)" 0 'and then none waits'

# Those that have ended, once nothing has come or gone since somebody looked. many_in DIRECTORY SUFFIX makes them.
many_in() { seq 100000 108999 | sed "s|.*|q/$1/20200101T000000.&-0123456789abcdef$2|" | xargs touch; }
ended=$(wqw-stat --json ./q | field 'done')
modes=$(stat -c '%a %n' q q/stat q/done q/failed)
chmod 755 . q q/stat q/done
chmod 711 q/failed
for where in 'done' failed; do
	there=9000
	case $where in
	'done') there=$((there + ended)) && many_in 'done' '' ;;
	failed) many_in failed ,A=1,X=exit ;;
	esac
	ok "$where/ is read" reads
	is "$(field "$where" <said)" "$there" 'and counted'
	until_true asks
	ok 'once' asks
	is "$(field "$where" <said)" "$there" 'and still said'
	rm "q/$where/"20200101T000000.100000-*
	ok 'and again after a change' reads
	is "$(field "$where" <said)" $((there - 1)) 'and then that is said'
done
until_true asks
ok 'all the same it is remembered again' asks
is "$(field oldest_failed <said)" 2020-01-01T00:00:00Z 'with the oldest that has failed'
if as_nobody true; then
	chmod 644 q/stat/.done q/stat/.failed
	is "$($NOBODY wqw-stat --json "$T/q" | field 'done')" $((8999 + ended)) 'another who may list it is told, too'
	is "$($NOBODY wqw-stat --json "$T/q" | field failed)" null 'but not who may not'
else
	skip 'no other user' 'another who may list it is told, too' 'but not who may not'
fi
find q/done q/failed -name '20200101T*' -delete
echo "$modes" | while read -r mode dir; do chmod "$mode" "$dir"; done

is "$(wqw-check ./q 2>&1)" '' 'and the files are known to wqw-check'
done_testing
