#!/bin/sh
# wqw-stat --watch: on a terminal, which it gives back as it was however it ends; and without one.
. "$(dirname "$0")/lib.sh"

need script stty
wqw-init a
echo x | wqw-submit a >/dev/null
TERM=xterm
export TERM
enter=$(printf '\033[?1049h')

# watched ARG...: wqw-stat on a terminal of its own, whose keyboard is descriptor 9. It leaves what the terminal got in
# `screen`, its modes `before` and `after`, its name in `tty`, the exit status in `status`, and its pid in `pid`.
cat >session <<'END'
stty rows 10 cols 100
tty >tty
stty -a >before
sh -c 'echo $$ >pid; exec wqw-stat "$@"' sh $ARGS
echo $? >status
stty -a >after
END
watched()
{
	rm -f screen pid keys status after tty
	mkfifo keys
	ARGS=$* bg_script 'sh session'
}
bg_script()
{
	# Not by bg, which gives it nothing on stdin.
	script -q -f -e -c "$1" screen <keys >script.out 2>&1 &
	BG_PID=$! wqw_pids="$! $wqw_pids"
	exec 9>keys
}
# A line that is drawn.
shows() { grep -aq -e "\[2K$1" screen; }
not() { ! "$@"; }
seen() { tr '\033' '\n' <screen | grep -ac -e "$1"; }
twice() { [ "$(seen "$1")" -ge 2 ]; }
# over NAME STATUS: it has ended so, and left the terminal as it was.
over()
{
	ok "$1" until_true test -s after
	is "$(cat status)" "$2" "exits $2"
	ok 'and gives the terminal back' cmp before after
	is "$(grep -aoE -e '\[\?(1049|25|7)[hl]' screen | tail -n 3 | tr '\n' ' ')" '[?7h [?25h [?1049l ' \
		'with its lines, its cursor and its text'
	exec 9>&-
	wait_gone "$BG_PID"
}
# The process shows something that it has drawn.
drawn() { ok "$1" until_true shows "$2"; }

watched --watch=1h
drawn 'it draws' 'a   *1 '
is "$(grep -ac -F "$enter" screen)" 1 'on the other screen'
is "$(stty -a -F "$(cat tty)" | grep -Eo -e '-?(icanon|echo|isig)\b' | sort | tr '\n' ' ')" '-echo -icanon isig ' 'keys are not shown'
# What waits for an hour, or for a key, has nothing to do.
asleep() { grep -q '^State:.*sleeping' "/proc/$(cat pid)/status"; }
until_true asleep
used=$(cat "/proc/$(cat pid)/schedstat")
for _ in 1 2 3 4 5 6 7 8; do tick; done
is "$(cat "/proc/$(cat pid)/schedstat")" "$used" 'and meanwhile it does nothing'
echo x | wqw-submit a >/dev/null
printf ' ' >&9
drawn 'Space draws at once' 'a   *2 '
stty -F "$(cat tty)" rows 5 cols 20
drawn 'a smaller terminal: lines are cut' 'queue  new  later  h[^e]*$'
rm -f "$T/spool/a/new"/*
stty -F "$(cat tty)" rows 10 cols 100
ok 'a larger one' until_true twice 'fail/m'
ok 'draws what was seen' not shows 'a   *0 '
printf q >&9
over 'q' 0

watched --watch=100ms
drawn 'it draws' 'a   *0 '
echo x | wqw-submit a >/dev/null
drawn 'and draws again by itself' 'a   *1 '
printf '\003' >&9
over 'an interrupt by the keyboard' 130

for signal in TERM:143 HUP:129 QUIT:131; do
	watched --watch=1h
	drawn 'it draws' 'a   *1 '
	kill -"${signal%:*}" "$(cat pid)"
	over "SIG${signal%:*}" "${signal#*:}"
done

# --- stopped and continued: a shell with job control, as an interactive one

cat >session <<'END'
set -m
stty rows 10 cols 100
stty -a >before
sh -c 'echo $$ >pid; exec wqw-stat --watch=1h'
stty -a >stopped
read go
fg >/dev/null
echo $? >status
stty -a >after
END
watched
drawn 'it draws' 'a   *1 '
printf '\032' >&9
ok 'stopped by the keyboard' until_true test -s stopped
ok 'the terminal is the shell'"'s" cmp before stopped
like "$(sed 's/.*) \(.\).*/\1/' "/proc/$(cat pid)/stat")" '^T$' 'it has stopped'
echo go >&9
ok 'continued, it draws again' until_true twice '1049h'
printf q >&9
over 'and ends' 0

# --- other things to watch, and faults

cat >session <<'END'
stty rows 30 cols 100
stty -a >before
wqw-stat $ARGS
echo $? >status
stty -a >after
END
watched --watch=1h --age=priority
drawn 'ages' '(all) '
printf q >&9
over 'q' 0
wqw-init gone
watched --watch=1h gone a
drawn 'two queues' 'gone  *0 '
mv spool/gone gone
printf ' ' >&9
drawn 'one that has gone' "there is no queue 'gone'"
printf q >&9
over 'q' 0
seq -f 'q%03g' 60 | xargs wqw-init
watched --watch=1h
drawn 'more queues than lines' '\.\.\. 35 more'
printf q >&9
over 'q' 0

cat >session <<'END'
echo $$ >pid
exec wqw-stat --watch=1h a
END
watched
drawn 'a terminal' 'a   *1 '
kill -KILL "$BG_PID"
ok 'that goes away ends it' wait_gone "$(cat pid)"
exec 9>&-

# --- without a terminal

exits 66 'a queue that is none' wqw-stat --watch nowhere
is "$(said | wc -l)" 1 'is told of once'

ok 'a terminal that cannot be drawn on' script -q -e -c 'TERM=dumb timeout 5 wqw-stat --watch=100ms a | head -n 2' out </dev/null
unlike "$(cat out)" '1049' 'is not drawn on'

wqw-stat --watch=100ms a >out &
BG_PID=$! wqw_pids="$! $wqw_pids"
many() { [ "$(grep -c "^a " out)" -ge 3 ]; }
ok 'one after the other' until_true many
stop "$BG_PID"
is "$(sed -n 3p out)" '' 'with an empty line between'
unlike "$(cat out)" '1049' 'and no sequences'
if command -v jq >/dev/null; then
	is "$(wqw-stat --watch=100ms -j a | head -n 2 | jq -c .new | tr '\n' ' ')" '1 1 ' 'JSON'
fi
exits 74 'standard output cannot be written' sh -c 'wqw-stat --watch=100ms >/dev/full'
done_testing
