#!/bin/sh
# max-backlog: from so many waiting jobs on nothing is accepted, and again as soon as there are fewer.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

queue() { wqw-init "./$1" 2>/dev/null && printf '%s\n' 'reserve-bytes 0' 'reserve-inodes 0' "$2" >"$1/queue.conf"; }
put() { echo x | wqw-submit "$@" >/dev/null; }
waiting() { find "$1/new" "$1/later" -type f | wc -l; }

# --- without a worker

queue q 'max-backlog 3'
ok 'one that waits' put ./q
ok 'one that is delayed' put --delay 1h ./q
ok 'and a third' put ./q
exits 75 'the fourth is refused' put ./q
like "$(said)" '^wqw-submit: .*as many jobs wait as max-backlog in queue.conf allows' 'with the reason'
is "$(find q/tmp -type f)" '' 'and leaves nothing'
is "$(waiting q)" 3 'nor a job'
exits 75 'with a key' put --key k ./q
is "$(find q/keys -type l)" '' 'it takes no key'
ok 'another limit' sed -i 's/^max-backlog.*/max-backlog 5/' q/queue.conf
echo x >x
exits 75 'three files where there is room for two' wqw-submit ./q x x x
is "$(waiting q)" 5 'are two jobs'
is "$(grep -c . <<-END
$(said | grep '^./q/')
END
)" 2 'and two addresses'

queue old 'max-backlog 0'
exits 78 'a limit of 0' put ./old
queue old ''
i=0
while [ $((i += 1)) -le 5 ]; do put ./old; done
echo 'max-backlog 5' >>old/queue.conf
exits 75 'what was there before the limit was set counts' put ./old
sed -i 's/^max-backlog.*/max-backlog 6/' old/queue.conf
ok 'one more' put ./old
exits 75 'and no more' put ./old

queue many 'max-backlog 10'
i=0
while [ $((i += 1)) -le 50 ]; do put ./many 2>/dev/null & done
wait
is "$(waiting many)" 10 'fifty submitters at once: as many are accepted as may'

# --- with one

queue w 'max-backlog 4'
touch w/pause
i=0
while [ $((i += 1)) -le 4 ]; do put ./w; done
bg wqw-worker ./w -- cat
worker=$BG_PID
exits 75 'while the worker is paused' put ./w
find w/new -type f | head -n 1 | while read -r file; do mv "$file" w/failed/; done
ok 'a job that somebody moves away makes room' until_true put ./w
exits 75 'for one' put ./w
find w/new -type f | head -n 1 | while read -r file; do { echo; echo y; } >w/tmp/by-hand && mv w/tmp/by-hand w/new/; done
address=$(find w/new -type f ! -name by-hand -printf './w/%f\n' | head -n 1)
ok 'cancelled' wqw-cancel "$address"
exits 75 'and one put there by hand counts as well' put ./w
rm w/pause
ok 'what the worker has done' until_true eval '[ "$(waiting w)" -eq 0 ]'
ok 'makes room' until_true put ./w
until_true eval '[ "$(waiting w)" -eq 0 ]'
touch w/pause
i=0
while [ $((i += 1)) -le 4 ]; do put ./w || echo "$i" >>refused; done
ok 'for just' test ! -e refused
exits 75 'so many' put ./w
stop "$worker"
rm w/pause
ok 'a worker that drains it' wqw-worker ./w --drain -- cat
ok 'leaves the right number' sh -c 'echo x | wqw-submit ./w'

# --- handlers

queue target 'max-backlog 1'
queue here 'max-attempts 1'
put ./target
put ./here
printf '#!/bin/sh\necho x | wqw-submit "%s/target" >&2\n' "$T" >stage
chmod +x stage
wqw-worker ./here --drain -- ./stage 2>/dev/null
is "$(waiting target)$(count here/failed)" 11 'a handler is told, too'
rm -f target/new/*
until_true put ./target && rm -f target/new/*

# --- what it costs

if command -v strace >/dev/null && [ -z "$WQW_ASAN" ]; then
	calls() { strace -f -qq -o trace wqw-submit "$1" x >/dev/null && wc -l <trace; }
	queue small 'max-backlog 1000000'
	queue large 'max-backlog 1000000'
	i=0
	for i in $(seq 20000); do echo "large/new/$i"; done | xargs touch
	put ./small
	put ./large
	is "$(calls ./large)" "$(calls ./small)" 'as many system calls with 20,000 waiting as with one'
else
	skip 'strace is missing' 'as many system calls with 20,000 waiting as with one'
fi

done_testing
