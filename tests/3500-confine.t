#!/bin/sh
# The web front takes from itself what serving does not need, says so to whoever asks, and serves as well without.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq pgrep perl

escape=$WQW_TESTBIN/preload_escape.so
case $WQW_SPOOL in *' '*) skip_all 'the test directory has a blank in its name' ;; esac
wqw-init words strict || exit 1
printf 'hello, web' >hello
mkdir out
echo secret >out/secret
echo gone >out/gone

# What this kernel has.
line=$(WQW_DEBUG=1 REQUEST_METHOD=GET PATH_INFO=/ wqw.cgi 2>&1 >/dev/null)
like "$line" '^wqw\.cgi: (not )?confined: [^;]*(; |, )[^;]*$' "wqw.cgi says what it has done: $line"
is "$(REQUEST_METHOD=GET PATH_INFO=/ wqw.cgi 2>&1 >/dev/null)" '' 'to whoever asks'
is "$(WQW_DEBUG=0 REQUEST_METHOD=GET PATH_INFO=/ wqw.cgi 2>&1 >/dev/null)" '' 'and nobody else'
abi=$(echo "$line" | sed -n 's/.*: Landlock ABI \([0-9]*\) to .*/\1/p') calls=$(echo "$line" | sed -n 's/.*seccomp: \([0-9]*\) system calls$/\1/p')
diag "Landlock ABI ${abi:-none}, seccomp: ${calls:-none}"
[ -z "$abi" ] || like "$line" "to $WQW_SPOOL;" 'it names the spool'

traced=''
if ! strace -D -o /dev/null -e inject=landlock_create_ruleset:error=ENOSYS true 2>/dev/null; then
	traced='strace is missing or too old, or may not trace'
fi

# start [COMMAND...]: a listener with -d, by the command where there is one; what it says goes to listener.err.
start()
{
	: >listener.err
	bg "$@" wqw-httpd -d -l 127.0.0.1:0 2>listener.err
	listener=$BG_PID
	until_true grep -q 'listening on' listener.err
	port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
	web=http://127.0.0.1:$port
}
code() { curl -q -s -m 60 -o body -w '%{http_code}' "$@"; }
said_so() { sed -n 's/^wqw-httpd: \(.*confined: .*\)/\1/p' listener.err; }

# inject SYSCALL:ERROR... -- COMMAND...: these fail, as on a kernel without them, or with one that refuses. It does not return.
inject()
{
	injected=''
	while [ "$1" != -- ]; do
		injected="$injected -e inject=$1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words
	exec strace -D -f -qq -o /dev/null $injected "$@"
}

# --- what is left of its rights

# tries COMMAND...: a listener that tries to escape while it answers; results are in listener.err.
tries()
{
	start "$@" env LD_PRELOAD="$escape" ESCAPE_FROM="$T/out" ESCAPE_IN="$T/spool/words/tmp"
	is "$(code "$web/")" 200 "$(said_so)"
	until_true grep -q 'escape: end' listener.err
	stop "$listener"
	rm -rf spool/words/tmp/* out/new out/dir out/link
	[ ! -e out/moved ] || mv out/moved out/secret
	echo gone >out/gone
}
# all_are ERROR NAME WHAT...
all_are()
{
	all_want=$1 all_name=$2 all_not=''
	shift 2
	for all; do
		grep -qx "escape: $all $all_want" listener.err || all_not="$all_not$(grep "^escape: $all " listener.err); "
	done
	is "$all_not" '' "$all_name"
}
files='read write truncate create list mkdir symlink rename unlink'
kernel='chmod fifo socket socket-unix connect bind mount unshare bpf io_uring handle code fork exec signal peek'

if [ -n "$WQW_ASAN" ]; then
	skip 'built with sanitizers' 'what it tries'
else
	tries env
	# shellcheck disable=SC2086 # words
	if [ -n "$abi" ]; then
		all_are EACCES 'files outside of the spool are out of reach' $files
	fi
	# shellcheck disable=SC2086 # words
	if [ -n "$calls" ]; then
		all_are ENOSYS 'so are other system calls' $kernel
	fi
	all_are - 'files of the spool are not' own own-unlink

	tries env WQW_CONFINE=no
	# shellcheck disable=SC2086 # words
	all_are - 'told not to, it leaves itself all' $files chmod fifo fork socket socket-unix code
	like "$(said_so)" '^not confined: ' 'and says so'

	if [ -n "$traced" ]; then
		skip "$traced" 'one without the other'
	else
		if [ -n "$abi" ]; then
			tries inject seccomp:error=EINVAL --
			like "$(said_so)" '^confined: Landlock ABI [0-9]+ to [^;]*; no seccomp$' 'without seccomp'
			# shellcheck disable=SC2086 # words
			all_are EACCES 'files are out of reach' $files fifo
			all_are - 'and those of the spool are not' own own-unlink
			[ "$abi" -lt 4 ] || all_are EACCES 'nor does it get to the network' connect bind
			[ "$abi" -lt 6 ] || all_are EPERM 'nor to other processes' signal peek
		fi
		tries inject landlock_create_ruleset:error=EOPNOTSUPP --
		# shellcheck disable=SC2086 # words
		all_are - 'without Landlock there are files' $files
		# shellcheck disable=SC2086 # words
		[ -z "$calls" ] || all_are ENOSYS 'but the same system calls are out of reach' $kernel
	fi
fi

# --- where the kernel has neither, or refuses

if [ -n "$traced" ]; then
	skip "$traced" 'other kernels'
else
	start inject landlock_create_ruleset:error=ENOSYS seccomp:error=ENOSYS --
	is "$(said_so)" 'not confined: the kernel has no Landlock, no seccomp' 'a kernel with neither'
	is "$(code -d hi "$web/words")" 202 'serves as well'
	stop "$listener"
	start inject landlock_create_ruleset:retval=1 seccomp:error=EINVAL --
	like "$(said_so)" 'no Landlock \(its ABI 1 is too old\), no seccomp$' 'one whose Landlock knows no renames'
	is "$(code -d hi "$web/words")" 202 'serves as well'
	stop "$listener"
	for call in landlock_create_ruleset:error=ENOMEM:when=2 landlock_add_rule:error=ENOMEM landlock_restrict_self:error=E2BIG; do
		[ -n "$abi" ] || break
		start inject "$call" --
		like "$(said_so)" "^${call%%:*}: [A-Z][a-z ]*; (not )?confined: no Landlock; " "$call is told of"
		is "$(code -d hi "$web/words")" 202 'and it serves'
		stop "$listener"
		(inject "$call" -- env REQUEST_METHOD=GET PATH_INFO=/words wqw.cgi) >reply 2>err
		like "$(cat err)" "^wqw\.cgi: ${call%%:*}: " 'by wqw.cgi, too, unasked'
		is "$(head -n 1 reply | tr -d '\r')" 'Status: 200 OK' 'which answers'
	done
	if [ -n "$calls" ]; then
		start inject seccomp:error=EPERM --
		like "$(said_so)" '^seccomp: Operation not permitted; (not )?confined: ' 'seccomp that is refused is told of'
		is "$(code -d hi "$web/words")" 202 'and it serves'
		stop "$listener"
	fi
fi
rm -f spool/words/new/*

# --- switched off

start env WQW_DEBUG=0
like "$(said_so)" '^(not )?confined: ' '-d is stronger than the environment'
stop "$listener"
: >listener.err
bg wqw-httpd --debug --no-confine -l 127.0.0.1:0 2>listener.err
until_true grep -q 'listening on' listener.err
is "$(said_so)" 'not confined: it is told not to be' '--no-confine'
is "$(grep -E '^(NoNewPrivs|Seccomp):' "/proc/$BG_PID/status" | tr -d '\t\n')" NoNewPrivs:0Seccomp:0 'leaves it as it was'
stop "$BG_PID"
like "$(WQW_CONFINE=no WQW_DEBUG=1 REQUEST_METHOD=GET PATH_INFO=/ wqw.cgi 2>&1 >/dev/null)" '^wqw\.cgi: not confined: ' 'wqw.cgi by its environment'

# --- wqw.cgi, before it reads the body

{ seq 2000; cat hello; } >large
mkfifo pipe
env REQUEST_METHOD=POST PATH_INFO=/words CONTENT_LENGTH="$(wc -c <large)" wqw.cgi <pipe >reply 2>err &
cgi=$!
exec 9>pipe
wait_count spool/words/tmp 1
is "$(sed -n 's/^NoNewPrivs:.//p' "/proc/$cgi/status")" 1 'wqw.cgi is confined before it has read the body'
[ -z "$calls" ] || is "$(sed -n 's/^Seccomp:.//p' "/proc/$cgi/status")" 2 'by seccomp'
is "$(pgrep -P "$cgi" | wc -l | tr -d ' ')" 0 'and has no other process where the queue has no check'
cat large >&9
exec 9>&-
wait "$cgi"
is "$(head -n 1 reply | tr -d '\r')" 'Status: 202 Accepted' 'it accepts the job'

# A directory of the queue that leads out of the spool is as good as none.
wqw-worker words --drain -- tr a-z A-Z
id=$(ls spool/words/done)
is "$(REQUEST_METHOD=GET PATH_INFO="/words/$id/result" wqw.cgi | tail -n 1)" 'HELLO, WEB' 'a result'
mv spool/words/done elsewhere
ln -s ../../elsewhere spool/words/done
is "$(WQW_CONFINE=no REQUEST_METHOD=GET PATH_INFO="/words/$id/result" wqw.cgi | tail -n 1)" 'HELLO, WEB' 'elsewhere it is found'
if [ -n "$abi" ]; then
	unlike "$(REQUEST_METHOD=GET PATH_INFO="/words/$id/result" wqw.cgi 2>/dev/null)" 'HELLO, WEB' 'but not by one that is confined'
fi
rm spool/words/done
mv elsewhere spool/words/done

# --- queues and policies that are elsewhere

wqw-init "$T/far" "$T/spool/hard" || exit 1
ln -s "$T/far" spool/far
mkdir policies
echo 'max-size 5' >policies/far.conf
rm -f far/queue.conf spool/hard/queue.conf
ln -s ../policies/far.conf far/queue.conf
ln -s "$T/policies/far.conf" spool/hard/queue.conf
printf 'ci sha256:%s read words\n' "$(printf secret | sha256sum | cut -c 1-64)" >policies/tokens
ln -s ../policies/tokens spool/tokens
for door in cgi listener; do
	open_door
	ask GET "/words/$id/result" -H 'Authorization: Bearer secret'
	is "$(status)" 200 "$door: a token of a linked file"
	ask GET "/words/$id/result" -H 'Authorization: Bearer other'
	is "$(status)" 401 "$door: and one that it has not"
	for queue in far hard; do
		ask POST /$queue hello
		is "$(status)" 413 "$door: $queue: the policy of a linked queue.conf"
		printf hi >short
		ask POST "/$queue?key=$door" short
		is "$(status)" 202 "$door: $queue: it takes a job"
		at=$(json .links.self | sed 's|^http://[^/]*||')
		ask POST "$at/cancel"
		is "$(status) $(json .state)" '200 failed' "$door: $queue: and cancels it"
		ask GET /$queue
		is "$(status)" 200 "$door: $queue: and is seen"
	done
	# As an editor does it.
	echo 'max-size 50' >policies/new && mv policies/new policies/far.conf
	ask POST /hard hello
	is "$(status)" 202 "$door: a policy that is replaced"
	echo 'max-size 5' >policies/far.conf
	wqw-init "late-$door"
	ask POST "/late-$door" hello
	is "$(status)" 202 "$door: a queue that came later"
	close_door
done

# --- the checks of payloads, in a process that is not confined

cat >check <<'EOF'
#!/bin/sh
echo >checked
case $(cat) in
slow*) exec tail -f "$PWD/marker" ;;
esac
EOF
chmod +x check
: >marker
echo "check $T/check" >spool/strict/queue.conf
door=listener
start env
helper=$(pgrep -P "$listener" -x wqw-check)
like "$helper" '^[0-9]+$' 'the listener has a process for checks'
is "$(sed -n 's/^NoNewPrivs:.//p' "/proc/$helper/status")" 0 'which is not confined'
is "$(find "/proc/$helper/fd" -type l | wc -l | tr -d ' ')" 5 'and holds nothing of the listener'
is "$(code --data-binary @hello "$web/strict")" 202 'a check'
ok 'has run' test -e checked
rm -f checked
printf slow >slow
curl -q -s -m 60 -o slow.body --data-binary @slow "$web/strict" &
slow=$!
is_at_work() { check=$(pgrep -f "$T/marker"); }
until_true is_at_work
ok 'a check is at work' alive "$check"
kill -KILL "$listener"
wait "$slow"
ok 'the listener is killed: the check ends' wait_gone "$check"
ok 'and the process for checks' wait_gone "$helper"
wait "$listener" 2>/dev/null

start env
helper=$(pgrep -P "$listener" -x wqw-check)
kill -TERM "$helper"
is "$(code --data-binary @hello "$web/strict")" 202 'what tells the listener to end does not end it'
kill -KILL "$helper"
is "$(code --data-binary @hello "$web/strict") $(jq -r .status body)" '503 503' 'without it no payload is accepted'
like "$(cat listener.err)" "strict: The queue's check cannot be run: " 'the operator hears of it'
is "$(code --data-binary @hello "$web/words")" 202 'but where there is no check'
stop "$listener"

# --- a connection of inetd's

printf 'GET /words HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | WQW_DEBUG=1 wqw-httpd >reply 2>err
like "$(head -n 1 reply)" '^HTTP/1\.1 200 ' 'one connection'
like "$(cat err)" '^wqw-httpd: (not )?confined: ' 'is confined, too'
done_testing
