#!/bin/sh
# Whatever a handler does, when its attempt has ended nothing of it is left; it gets no more of the worker than it should;
# and what signals do to a worker.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need unruly perl
work_in_memory
Q=$W/q

# The mark is in no command line but those of the handler's processes; and grep reads it from a file.
mark=mark-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
echo "$mark" >mark
marked() { grep -lasF -f mark /proc/[0-9]*/cmdline; }

# conf LINE...: a queue.conf that gives up at once, and with these lines.
conf() { printf '%s\n' 'reserve-bytes 0' 'reserve-inodes 0' 'max-attempts 1' 'backoff 0s' "$@" >"$Q/queue.conf"; }

# queue [LINE...]: a queue of whoever works.
queue()
{
	rm -rf "$Q"
	wqw-init "$Q" 2>/dev/null
	conf "$@"
	[ -z "$USER" ] || chown -R 65534:65534 "$Q"
}

# Not by wqw-submit: the worker must be able to read it, whose ever it is.
put()
{
	echo >"$Q/tmp/$1"
	[ -z "$USER" ] || chown 65534:65534 "$Q/tmp/$1"
	mv "$Q/tmp/$1" "$Q/new/$1"
}

has_ended() { [ -n "$(find "$Q/done" "$Q/failed" -type f)" ]; }
end() { (cd "$Q" && ls -d done/* failed/* 2>/dev/null); }
result() { sed '1,/^$/d' "$Q/done/$1"; }

# contained KIND END [LINE...]: the job ends as END, and then nothing lives, while the worker does.
contained()
{
	kind=$1 wanted=$2
	shift 2
	queue "handler $(command -v unruly) $kind $mark" "$@"
	# shellcheck disable=SC2086 # words
	bg $USER wqw-worker "$Q"
	put "$kind-job"
	until_true has_ended
	left=$(marked)
	is "$left" '' "$who: $kind: nothing is left of it"
	is "$(end)" "$wanted" "$who: $kind: it ends as it should"
	ok "$who: $kind: the worker is well" alive "$BG_PID"
	stop "$BG_PID"
}

mischief()
{
	contained fork done/fork-job
	is "$(result fork-job)" 1 "$who: there was one"
	contained daemon done/daemon-job
	is "$(result daemon-job)" 1 "$who: there was one"
	contained flee done/flee-job
	contained bomb failed/bomb-job,A=1,X=exit
	contained core failed/core-job,A=1,X=signal
	is "$(find "$T" "$Q" -name 'core*' ! -name 'core-job*')" '' "$who: no core was dumped"
	contained deaf failed/deaf-job,A=1,X=timeout 'timeout 500ms' 'kill-after 100ms'
	contained flood failed/flood-job,A=1,X=limit 'max-result 64K'
	is "$(ls "$Q/tmp")" '' "$who: nor is what it wrote"
	contained flood-log failed/flood-log-job,A=1,X=limit 'max-log 64K'
}

# The test sees what is there.
bg unruly deaf "$mark"
until_true marked
isnt "$(marked)" '' 'a marked process is seen'
# Again and again: one that was forked meanwhile was not in the list.
kill_marked()
{
	for pid in $(marked | tr -dc '0-9\n'); do
		kill -KILL "$pid"
	done
	[ -z "$(marked)" ]
}
until_true kill_marked

USER='' who=$(id -un)
mischief
if as_nobody sh -c 'command -v unruly' >/dev/null; then
	USER=$NOBODY who=nobody
	mischief
	USER=''
else
	skip 'no other user' 'an ordinary user'
fi

# --- what a handler gets

queue "handler $(command -v unruly) descriptors $mark"
put some-job
exec 5</dev/null 7>"$T/open" 9<"$ROOT/README"
wqw-worker "$Q" --drain
exec 5<&- 7>&- 9<&-
is "$(result some-job)" "$(printf '0\n1\n2')" 'a handler has descriptors 0, 1 and 2 and no other'

queue 'handler /usr/bin/env'
printf 'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nTracestate: a=b\nFoo-Bar: x\n\n' >"$Q/new/some-job"
SECRET=s3cret AWS_SECRET_ACCESS_KEY=s3cret WQW=s3cret WQW_SECRET=s3cret TRACEPARENT=s3cret BASH_ENV=s3cret LANG=C.UTF-8 \
	HOME=/nowhere wqw-worker "$Q" --drain
unlike "$(cat "$Q/done/some-job")" s3cret 'a handler has nothing of what its worker was started with'
is "$(result some-job | sed -n 's/^\([A-Za-z_]*\)=.*/\1/p' | grep -v '^WQW_' | sort | tr '\n' ' ')" \
	'HOME LANG PATH TRACEPARENT TRACESTATE ' 'but what stands in the list'
like "$(result some-job)" '^TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01$' "the job's trace is its own"

# More slots than descriptors that whoever starts a worker has; all of them at once, which the pipe makes wait for each other.
queue
mkdir running
mkfifo gate
for i in $(seq 40); do put "j$i-job"; done
bg sh -c 'ulimit -Sn 64; exec wqw-worker "$1" -j 40 --drain -- sh -c "ulimit -Sn; : >\"$2/running/\$WQW_ID\"; read x <\"$2/gate\"; exit 0"' \
	sh "$Q" "$T"
worker=$BG_PID
ok '40 slots run with 64 descriptors' wait_count running 40
exec 9<>gate
printf '%40s' '' | tr ' ' '\n' >&9
wait "$worker"
is "$?" 0 'and end'
exec 9>&-
is "$(for i in $(seq 40); do result "j$i-job"; done | sort | uniq -c | tr -s ' ')" ' 40 64' 'a handler has as many as its worker was given'

# --- a disk that hangs

if ! strace -o /dev/null true 2>/dev/null; then
	skip 'strace is missing, or may not trace' 'a disk that hangs'
else
	queue
	rm -rf running
	mkdir running
	for i in 1 2 3 4; do put "j$i-job"; done
	bg strace -f -qq -o trace -e trace=fsync,syncfs -e inject=fsync,syncfs:delay_enter=5000000:when=1 \
		wqw-worker "$Q" --drain -- sh -c ": >\"$T/running/\$WQW_ID\""
	ok 'while the disk does not take an end, the slot has its next jobs' wait_count running 4
	is "$(end)" '' 'before any of them is on record'
	wait "$BG_PID"
	is "$? $(end | wc -l)" '0 4' 'as all are then'
fi

# --- signals

cat >wait.sh <<'END'
#!/bin/sh
: >"$1/started"
until [ -e "$1/go" ]; do timeout 0.03 tail -f /dev/null; done
echo waited
END
chmod 755 wait.sh
queue
bg wqw-worker "$Q" -- "$T/wait.sh" "$T"
worker=$BG_PID
put first-job
wait_for_file started
kill -TERM $worker
# What came after the signal is left alone; that the worker has taken it is seen in its mask of pending signals.
until_true grep -q '^ShdPnd:	0*$' /proc/$worker/status
put second-job
ok 'SIGTERM: the worker waits for what runs' alive $worker
is "$(ls "$Q/cur")" first-job,A=1 'which runs on'
: >go
until_true eval "! wqw_runs $worker"
wait $worker
is "$?" 0 'the worker ends well'
is "$(end)" done/first-job 'what ran has its result'
is "$(ls "$Q/new")" second-job 'what had come since then has not been started'

rm -f go started
bg wqw-worker "$Q" -- "$T/wait.sh" "$T"
worker=$BG_PID
wait_for_file started
kill -TERM $worker
until_true grep -q '^ShdPnd:	0*$' /proc/$worker/status
kill -TERM $worker
until_true eval "! wqw_runs $worker"
wait $worker
is "$?" 0 'SIGTERM twice: the worker ends well, and at once'
is "$(cd "$Q" && find new cur later tmp -type f)" new/second-job 'what ran is put back and the attempt not counted'
like "$(cat "$Q/log/second-job")" 'not counted' 'the log says so'

queue 'handler echo one'
bg wqw-worker "$Q" 2>said
worker=$BG_PID
put a-job
wait_for_file "$Q/done/a-job"
conf 'handler echo two'
put b-job
wait_for_file "$Q/done/b-job"
is "$(result b-job)" one 'a new queue.conf is not read by itself'
kill -HUP $worker
put c-job
wait_for_file "$Q/done/c-job"
is "$(result c-job)" two 'SIGHUP: it is'
conf 'handler echo three' 'timeout much'
kill -HUP $worker
put d-job
wait_for_file "$Q/done/d-job"
is "$(result d-job)" two 'SIGHUP: one that is wrong is not taken'
like "$(cat said)" 'queue.conf:6: .*timeout' 'and told'
stop $worker
done_testing
