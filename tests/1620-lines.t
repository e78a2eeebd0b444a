#!/bin/sh
# wqw-submit --lines and -0: a job for each line, many on disk at once, and no address before its job is.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

wqw-init ./q 2>/dev/null
# shellcheck disable=SC2046,SC2016 # IDs
payloads() { (cd q/new && perl -e 'undef $/; for (@ARGV) { open F, $_ or die; $_ = <F>; s/^.*?\n\n//s; s/\n//g; print "$_|" }' $(cut -d / -f 3 "../../$1")); }
restart() { rm -f q/new/* q/later/*; }

# --- what a line is

ok 'three lines' sh -c "printf 'one\ntwo words\nthree' | wqw-submit --lines ./q >out"
is "$(wc -l <out)" 3 'three addresses'
is "$(payloads out | tr -d '\n')" 'one|two words|three|' 'are jobs in their order, without the line ends'
is "$(grep -h '^Content-Length' q/new/* | tr -d ' ' | sort | tr '\n' ' ')" 'Content-Length:3 Content-Length:5 Content-Length:9 ' \
	'with their lengths'
restart
ok 'empty ones' sh -c "printf '\n\na\n\n\nb\n\n' | wqw-submit -l ./q >out"
is "$(payloads out | tr -d '\n')" 'a|b|' 'are none'
ok 'no line at all' sh -c 'wqw-submit --lines ./q >out </dev/null'
is "$(cat out)" '' 'is no job, and no error'
restart
ok 'with -0' sh -c "printf 'a\nb\0c\0\0d' | wqw-submit -0 ./q >out"
is "$(payloads out | tr -d '\n')" 'ab|c|d|' 'a line may hold a newline'
restart
perl -e 'print "x" x 200000, "\n", "y" x 70000, "\nz\n"' >long
ok 'long lines, of a file and of standard input' sh -c 'wqw-submit --lines ./q long - >out <long'
is "$(find q/new -type f -size +190k | wc -l) $(find q/new -type f -size +60k | wc -l) $(wc -l <out)" '2 4 6' 'are whole'
is "$(grep -l '^Filename' q/new/*)" '' 'and have no file name'
restart
ok 'options are for all of them' sh -c 'seq 3 | wqw-submit --lines --delay 1h --group g --type text/plain -H "A: b" ./q >out'
is "$(find q/later -type f -exec grep -l '^A: b' {} + | tr '\n' '\0' | xargs -0 grep -l 'Content-Type: text/plain' | wc -l)" 3 'alike'
is "$(sort out)" "$(cat out)" 'in the order of their group'
restart
ok 'members of a batch' sh -c 'seq 600 | wqw-submit --lines --batch b ./q >out'
is "$(find q/keys/.batch/b/open -type f ! -name '.*' | wc -l)" 600 'are entered'
rm -rf q/keys/.batch
restart

# --- many

ok 'several rounds' sh -c 'seq 1000 | wqw-submit --lines ./q >out'
is "$(payloads out | tr -d '\n')" "$(seq 1000 | tr '\n' '|')" 'keep the order'
is "$(cut -d / -f 3 out | sort -u | wc -l) $(find q/tmp -type f | wc -l)" '1000 0' 'and leave nothing else'
restart
mkfifo lines
bg sh -c 'wqw-submit --lines ./q <lines >out'
exec 3>lines
echo first >&3
ok 'a line that came is accepted' until_true test -s out
echo second >&3
ok 'before the next one is written' until_true eval '[ "$(wc -l <out)" -eq 2 ]'
exec 3>&-
wait_gone "$BG_PID"
restart

if command -v strace >/dev/null && [ -z "$WQW_ASAN" ]; then
	seq 256 >lines.256
	strace -f -qq -e trace=fsync,syncfs,fdatasync -o trace wqw-submit --lines ./q lines.256 >out
	is "$(sed 's/^[0-9]* *//; s/(.*//' trace | sort | uniq -c | tr -s ' \n' ' ')" ' 1 fsync 1 syncfs ' \
		'a round is one syncfs of the files and one fsync of new/'
	restart
else
	skip 'strace is missing' 'a round is one syncfs of the files and one fsync of new/'
fi

# --- what is wrong

echo 'max-size 10' >q/queue.conf
printf '\nfine\n\nand this one is too long\nnever\n' >bad
exits 65 'a line that is too long' wqw-submit --lines ./q bad
like "$(said)" '^wqw-submit: bad: line 4: larger than the 10 bytes' 'is named'
is "$(find q/new -type f | wc -l) $(find q/tmp -type f | wc -l)" '1 0' 'those before it are accepted'
restart
echo 'max-backlog 2' >q/queue.conf
exits 75 'a queue that takes two of six' sh -c "printf '1\n\n2\n3\n4\n5\n6\n' | wqw-submit -l ./q >out"
is "$(wc -l <out)" 2 'has two'
is "$(said | grep -c .) $(said | grep -c '^wqw-submit: line 4: not submitted: .* max-backlog') $(said | grep -c 'nor 3 more of the lines up to 7$')" \
	'2 1 1' 'and the others are said in two lines'
restart
: >q/queue.conf
for word in '--key k' '--type guess' '--batch b --then q'; do
	# shellcheck disable=SC2086 # words
	exits 64 "--lines $word" wqw-submit --lines $word ./q bad
	is "$(said | wc -l)" 1 'is one line'
done
exits 66 'a directory' wqw-submit --lines ./q .
is "$(find q/new q/tmp -type f)" '' 'nothing was submitted'

# --- interrupted

mkfifo slow
bg sh -c 'exec wqw-submit --lines ./q slow >out'
submitter=$BG_PID
exec 3>slow
seq 300 >&3
printf 'half a li' >&3
ok 'lines that are there' until_true eval '[ "$(wc -l <out)" -eq 300 ]'
kill -TERM "$submitter"
ok 'a signal ends it' wait_gone "$submitter"
exec 3>&-
is "$(find q/new -type f | wc -l) $(find q/tmp -type f | wc -l)" '300 0' 'what was printed is there, and nothing else'
is "$(payloads out | tr -d '\n')" "$(seq 300 | tr '\n' '|')" 'whole'
restart

if command -v inject >/dev/null && inject -o report true; then
	seq 20 >twenty
	each_fault_wrong=
	for error in EIO ENOSPC; do
		rm -f q/new/* q/tmp/*
		inject -T 40 -o report -e $error -c syncfs -n 1 wqw-submit --lines ./q twenty >out 2>err </dev/null
		status=$?
		[ $status -ne 0 ] && [ ! -s out ] && [ -z "$(find q/new q/tmp -type f)" ] || each_fault_wrong="$error $status $(cat out err)"
	done
	is "$each_fault_wrong" '' 'a syncfs that fails: nothing is accepted, nothing is left'
else
	skip 'processes cannot be traced here' 'a syncfs that fails: nothing is accepted, nothing is left'
fi

done_testing
