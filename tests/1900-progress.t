#!/bin/sh
# Progress and checkpoint: what a handler says while it runs, and what it keeps for its next attempt.
. "$(dirname "$0")/lib.sh"

wqw-init q
aside() { find spool/q/stat -name ".$1.*" | wc -l | tr -d ' '; }
words() { wqw-status "$job" | cut -f 3; }
field() { wqw-status --json "$job" | jq -c "$1"; }

# --- progress: the handler says what `say` has, then waits for `go`
cat >handler <<'X'
#!/bin/sh
cat "$T/say" >"$WQW_PROGRESS"
: >"$T/said"
until [ -e "$T/go" ]; do timeout 0.03 tail -f /dev/null; done
cat
X
chmod +x handler
printf '10 opening\n40%% resizing <b>\n\n' >say
bg wqw-worker q -- sh -c "T=$T exec ./handler"
worker=$BG_PID
job=$(echo x | wqw-submit q)
id=${job#*/}
wait_for_file said
like "$(words)" '^attempt 1, for [0-9]+s, 40% resizing <b>$' 'the last line that is not blank is shown'
if command -v jq >/dev/null; then
	is "$(field '[.percent, .progress]')" '[40,"resizing <b>"]' 'and in JSON'
else
	skip 'jq is missing' 'and in JSON'
fi
like "$(wqw-status q)" '40% resizing' 'in a list, too'
line="$(script -qec "timeout -s INT 2 wqw-wait $job" /dev/null </dev/null 2>/dev/null | tr '\r' '\n')"
like "$line" "$id: running, attempt 1, for [0-9]+s, 40% res" "in wqw-wait's line"
web=$(REQUEST_METHOD=GET SCRIPT_NAME='' PATH_INFO=/$job SERVER_PROTOCOL=HTTP/1.1 SERVER_NAME=x SERVER_PORT=80 \
	HTTP_ACCEPT=application/json wqw.cgi </dev/null)
like "$web" '"percent": ?40' 'in the document of the web front'
web=$(REQUEST_METHOD=GET SCRIPT_NAME='' PATH_INFO=/$job SERVER_PROTOCOL=HTTP/1.1 SERVER_NAME=x SERVER_PORT=80 \
	HTTP_ACCEPT=text/html wqw.cgi </dev/null)
like "$web" 'resizing &lt;b&gt;' 'and on its page'

progress=spool/q/stat/.progress.$id
while IFS='|' read -r text wanted name; do
	printf '%b' "$text" >"$progress"
	is "$(words | sed 's/^attempt 1, for [0-9]*s//')" "$wanted" "$name"
done <<'X'
7|, 7%|a number alone
99.5%\n|, 99%|a fraction
100: done\n|, 100% done|a colon
250 files\n|, 100% files|more than all is all
1234 files\n|, 1234 files|no percentage
3rd page\n|, 3rd page|a word that begins with a digit
-5 x\n|, -5 x|no negative percentage
10%\r20%\r30% last|, 30% last|a bar that draws itself anew
50 a\033[2Jb\t\302\233c\n|, 50% a?[2Jb??c|controls are replaced
50 \377\376\n|, 50% \377\376|bytes that are no text are escaped
\n \n||blank lines
||an empty file
X
awk 'BEGIN { for (i = 0; i < 200000; i++) print "1 noise"; print "77 end" }' >"$progress"
like "$(words)" ', 77% end$' 'the end of a large file'
awk 'BEGIN { printf "5 "; for (i = 0; i < 9000; i++) printf "x"; print "" }' >"$progress"
is "$(words | grep -o x | wc -l | tr -d ' ')" 200 'a line without an end is cut off'
echo '50 secret' >secret
rm "$progress" && ln -s "$T/secret" "$progress"
unlike "$(words)" secret 'a symbolic link is not followed'
rm "$progress" && mkfifo "$progress"
like "$(timeout 5 wqw-status "$job")" 'attempt 1, for [0-9]+s$' 'a FIFO is not waited for'
rm "$progress" && echo '60 again' >"$progress"
: >go
ok 'it ends' wqw-wait "$job"
until_true test ! -e "spool/q/cur/$id,A=1"
is "$(aside progress)" 0 'the progress goes with the attempt'
stop "$worker"

# --- checkpoint: three attempts, each goes on from the one before
cat >handler <<'X'
#!/bin/sh
n=$(cat "$WQW_CHECKPOINT" 2>/dev/null || echo 0)
[ ! -e "$WQW_PROGRESS" ] || echo stale >&2
echo "$n started" >"$WQW_PROGRESS"
echo $((n + 1)) >"$WQW_CHECKPOINT"
[ "$n" -eq 2 ] || exit "${1:-1}"
echo "went on from $n"
X
printf 'backoff 1ms\nbackoff-max 1ms\n' >spool/q/queue.conf
job=$(echo x | wqw-submit q)
ok 'three attempts' wqw-worker q --drain -- ./handler
is "$(wqw-cat "$job")" 'went on from 2' 'each finds what the one before has kept'
unlike "$(wqw-cat --log "$job")" stale "and not its progress"
like "$(wqw-cat --log "$job")" 'next in 1ms$' 'the log has the pause, however short'
is "$(aside checkpoint) $(aside progress)" '0 0' 'nothing is left when it is done'
job=$(echo x | wqw-submit q)
ok 'one that fails for good' wqw-worker q --drain -- ./handler 100
is "$(aside checkpoint) $(aside progress)" '0 0' 'leaves nothing'

# --- a worker that dies: the checkpoint stays, the progress does not
cat >handler <<'X'
#!/bin/sh
[ -e "$WQW_CHECKPOINT" ] && exec cat "$WQW_CHECKPOINT"
echo '30 here' >"$WQW_PROGRESS"
echo kept >"$WQW_CHECKPOINT"
: >said.2
exec tail -f /dev/null
X
job=$(echo x | wqw-submit q)
bg wqw-worker q -- ./handler
wait_for_file said.2
kill -KILL "$BG_PID"
wait "$BG_PID" 2>/dev/null
ok 'the next worker' wqw-worker q --drain -- ./handler
is "$(wqw-cat "$job") $(aside checkpoint) $(aside progress)" 'kept 0 0' 'gives the handler what was kept'

# --- when the next attempt should be
printf 'backoff 10s\nbackoff-max 10s\nmax-attempts 2\n' >spool/q/queue.conf
# One attempt whose handler wishes for $1; $wait is how long it then waits, in seconds. Workers wait for no wish.
wish()
{
	job=$(echo x | wqw-submit q) && began=$(date +%s)
	bg wqw-worker q -- sh -c 'printf "$0" >"$WQW_RETRY"; exit 75' "$1"
	until_true test -e "spool/q/later/${job#*/},A=1"
	stop "$BG_PID"
	wait=$(($(stat -c %Y "spool/q/later/${job#*/},A=1") - began))
	end=$(($(date +%s) - began))
}
# between LEAST MOST NAME: where the attempt itself took no time.
between() { ok "$3" test "$wait" -ge "$1" -a "$wait" -le $(($2 + end)) || diag "$wait seconds"; }
while IFS='|' read -r text least most name; do
	wish "$text"
	between "$least" "$most" "$name"
	is "$(aside retry)" 0 'and the wish is gone'
	wqw-cancel "$job" >cancelled
done <<'X'
2h|7200|7200|a duration
90|90|90|seconds
noise\n 5m \n\n|300|300|the last line
1s|5|10|the policy comes first where that is later
2001-01-01T00:00:00Z|5|10|a time that was
9999-12-31T00:00:00Z|604800|604800|no more than a week
8d|604800|604800|nor as a duration
99999999999999999999d|604800|604800|whatever it is
|5|10|nothing
soon|5|10|no time
-5m|5|10|nothing negative
X
wish "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"
between 3599 3600 'a time'
like "$(wqw-cat --log "$job")" 'exit 75; next in (1h00m|59m5[89]s), as the handler wants$' 'the log says so'
wqw-cancel "$job" >cancelled
wish 'soon'
like "$(wqw-cat --log "$job")" 'neither a duration nor a time$' 'or that it was not understood'
wqw-cancel "$job" >cancelled
echo 1h >secret
for kind in 'ln -s "$T/secret"' mkfifo; do
	job=$(echo x | wqw-submit q)
	bg env T="$T" wqw-worker q -- sh -c "T=$T; $kind \"\$WQW_RETRY\"; exit 75"
	until_true test -e "spool/q/later/${job#*/},A=1"
	stop "$BG_PID"
	unlike "$(wqw-cat --log "$job")" 'wants|neither' "nothing is read from what is no plain file: ${kind%% *}"
	wqw-cancel "$job" >cancelled
done
job=$(echo x | wqw-submit q)
echo 6d >"spool/q/stat/.retry.${job#*/}" && touch -d "-1 hour" "spool/q/stat/.retry.${job#*/}"
bg wqw-worker q -- false
until_true test -e "spool/q/later/${job#*/},A=1"
stop "$BG_PID"
unlike "$(wqw-cat --log "$job")" wants 'nor that of an attempt before this one'
wqw-cancel "$job" >cancelled
printf 'max-attempts 1\n' >spool/q/queue.conf
job=$(echo x | wqw-submit q)
wqw-worker q --drain -- sh -c 'echo 1h >"$WQW_RETRY"; exit 75'
is "$(wqw-status "$job" | cut -f 2) $(aside retry)" 'failed 0' 'no attempt is left: it has ended'

# --- what a crash left
for kind in progress checkpoint retry; do
	: >"spool/q/stat/.$kind.old" && touch -d '-40 hours' "spool/q/stat/.$kind.old"
	: >"spool/q/stat/.$kind.fresh"
	: >"spool/q/stat/.$kind.waits" && touch -d '-40 hours' "spool/q/stat/.$kind.waits"
done
{ echo; } >spool/q/later/waits,A=1 && touch -d '+1 hour' spool/q/later/waits,A=1
bg wqw-worker q -- cat
until_true test ! -e spool/q/stat/.progress.old
until_true test ! -e spool/q/stat/.checkpoint.old
until_true test ! -e spool/q/stat/.retry.old
is "$(aside progress) $(aside checkpoint) $(aside retry)" '2 2 2' 'is swept when it is old and of no job that lives'
stop "$BG_PID"
done_testing
