#!/bin/sh
# The workers' counters: one file that outlives them.
. "$(dirname "$0")/lib.sh"

wqw-init q
# Eight-byte numbers after the magic: started, done, failed by reason (exit is the second of nine).
number() { od -A n -t u8 -j $((8 * $1)) -N 8 spool/q/stat/.count | tr -d ' '; }
for i in 1 2 3; do echo $i | wqw-submit q >/dev/null; done
ok 'a worker' wqw-worker q --drain -- cat
echo x | wqw-submit q >/dev/null
ok 'another one' wqw-worker q --drain -- sh -c 'exit 100'
is "$(number 1) $(number 2) $(number 4)" '4 3 1' 'started, done and failed by exit, over both'
echo torn >spool/q/stat/.count
echo x | wqw-submit q >/dev/null
ok 'a counter file that is none' wqw-worker q --drain -- cat
is "$(number 1) $(number 2) $(number 4)" '1 1 0' 'is begun anew'
done_testing
