#!/bin/sh
# What a monitor asks: /metrics and /healthz, over both doors.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words quiet || exit 1
printf 'hello, web' >hello

# value 'NAME{LABELS}': the sample in the last body.
value() { awk -v series="$1" '{ n = length($0) - length($NF) - 1 } substr($0, 1, n) == series { print $NF }' body; }
shows() { ask GET /metrics && [ "$(value "$1")" = "$2" ]; }
# as_json QUEUE: what wqw-stat tells, one number after the other.
as_json()
{
	wqw-stat --json "$1" | jq -r '[.new, .later, .held, .running, .done, .failed, .workers, .totals.started, .totals.done,
		.totals.failed, .totals.retried] | map(tostring) | join(" ")'
}
as_metrics()
{
	for as_state in new later held running 'done' failed; do value "wqw_jobs{queue=\"$1\",state=\"$as_state\"}"; done
	value "wqw_workers{queue=\"$1\"}"
	value "wqw_attempts_started_total{queue=\"$1\"}"
	value "wqw_jobs_done_total{queue=\"$1\"}"
	awk -v series="wqw_jobs_failed_total{queue=\"$1\"," 'index($0, series) == 1 { n += $NF } END { print n }' body
	value "wqw_attempts_retried_total{queue=\"$1\"}"
}
agrees() { ask GET /metrics && [ "$(as_metrics "$1" | tr '\n' ' ')" = "$(as_json "$1") " ]; }
histogram_holds()
{
	awk -v name="$1" -v wanted="$2" '
		index($0, name "_bucket{queue=\"words\",le=") == 1 { n++; if ($NF < last) exit 1; last = $NF }
		index($0, name "_count{queue=\"words\"}") == 1 { count = $NF }
		index($0, name "_sum{queue=\"words\"}") == 1 { sum = 1 }
		END { exit !(n > 2 && sum && last == count && count == wanted) }' body
}

ended=0
for door in cgi listener; do
	open_door

	# --- metrics
	ask GET /metrics
	is "$(status) $(field Content-Type)" '200 text/plain; version=0.0.4; charset=utf-8' "$door: metrics"
	wqw-submit words <hello >/dev/null
	wqw-submit words <hello >/dev/null
	# shellcheck disable=SC2016 # the handler's
	wqw-worker words --drain -- sh -c 'exit 100'
	wqw-submit words <hello >/dev/null
	wqw-worker words --drain -- cat
	wqw-submit --delay 1h words <hello >/dev/null
	wqw-submit quiet <hello >/dev/null
	ended=$((ended + 3))
	ok "$door: counts what was done since" until_true shows 'wqw_attempts_started_total{queue="words"}' $ended
	ok "$door: all that wqw-stat --json tells" agrees words
	ok "$door: of the other queue, too" agrees quiet
	for name in wqw_job_wait_seconds wqw_attempt_run_seconds; do
		ok "$door: $name counts each attempt" histogram_holds $name $ended
	done
	if command -v promtool >/dev/null; then
		ok "$door: promtool has nothing to say" promtool check metrics <body
		is "$(said)" '' "$door: at all"
	else
		skip 'promtool is missing' "$door: promtool has nothing to say"
	fi
	bg wqw-worker words -- cat
	worker=$BG_PID
	ok "$door: a worker that lives" until_true shows 'wqw_workers{queue="words"}' 1
	kill -KILL "$worker"
	stop "$worker"
	ok "$door: killed, it is gone" until_true shows 'wqw_workers{queue="words"}' 0
	is "$(value 'wqw_attempts_started_total{queue="words"}')" $ended "$door: and its counts are not"
	ask HEAD /metrics
	is "$(status) $(field Content-Type) $(wc -c <body | tr -d ' ')" '200 text/plain; version=0.0.4; charset=utf-8 0' "$door: HEAD"
	ask POST /metrics hello
	is "$(status) $(field Allow)" '405 GET, HEAD, OPTIONS' "$door: POST"
	ask GET /metrics -H 'X-Forwarded-For: 192.0.2.7'
	problem 403 not-an-operator "$door: from elsewhere"
	ask GET /metrics/x
	problem 404 no-such-queue "$door: nothing is below it"
	rm -f spool/*/new/* spool/*/later/* spool/*/done/* spool/*/failed/*
	close_door
done

# What takes long is done once for all who ask meanwhile, and for a while.
door=listener
open_door
wqw-submit words <hello >/dev/null
same_twice() { ask GET /metrics && cp body first && ask GET /metrics && cmp first body; }
ok 'the age of a job, to the microsecond, is the same twice' until_true same_twice
for n in 1 2 3 4 5 6 7 8; do
	curl -s -o "many.$n" "http://127.0.0.1:$port/metrics" &
	asked="${asked:-} $!"
done
# shellcheck disable=SC2086 # numbers
wait $asked
is "$(cat many.* | grep -c '^wqw_paused{queue="words"}')" 8 'eight at once are all answered'
close_door

# --- health

# health QUERY: asks, and tells the status code, and what is wrong.
health()
{
	ask GET "/healthz$1"
	echo "$(status) $(json .status) $(jq -r '.checks[] | select(.status != "ok") | [.check, .queue, .status] | map(select(.)) | join(":")' body |
		tr '\n' ' ')"
}
becomes() { [ "$(health "$1")" = "$2" ]; }
rm -f spool/*/new/*

for door in cgi listener; do
	open_door
	ok "$door: all is well" until_true becomes '' '200 ok '
	is "$(field Content-Type) $(json '.checks | map(.check) | unique | join(" ")')" 'application/json spool workers writable' \
		"$door: which is this"
	ask HEAD /healthz
	is "$(status) $(wc -c <body | tr -d ' ')" '200 0' "$door: HEAD"
	wqw-submit words <hello >/dev/null
	ok "$door: a job that nobody does" until_true becomes '' '503 fail workers:words:fail '
	is "$(json '.checks[] | select(.status == "fail").reason')" 'jobs wait, and no worker lives' "$door: says why"
	ask GET /healthz -H 'Via: 1.1 proxy'
	is "$(status) $(jq -c . body)" '503 {"status":"fail"}' "$door: strangers hear no more than that"
	: >spool/words/pause
	ok "$door: a paused queue is not at fault" until_true becomes '' '200 ok workers:words:paused '
	ok "$door: nor is it for its age" until_true becomes '?max-age=1ms' '200 ok workers:words:paused age:words:paused '
	rm spool/words/pause
	mkfifo hold
	bg wqw-worker words -- sh -c 'cat hold'
	worker=$BG_PID
	until_true counts spool/words/cur 1
	wqw-submit words <hello >/dev/null
	ok "$door: with a worker" until_true becomes '' '200 ok '
	ok "$door: a job that is too old" until_true becomes '?max-age=1ms' '503 fail age:words:fail '
	like "$(json '.checks[] | select(.status == "fail").reason')" '^the oldest has been ready for [0-9.]+ seconds$' "$door: says so"
	ok "$door: or not" until_true becomes '?max-age=1h' '200 ok '
	echo 'alert-age 1ms' >spool/words/queue.conf
	ok "$door: alert-age" until_true becomes '' '503 fail age:words:fail '
	ok "$door: which the query overrides" until_true becomes '?max-age=1h' '200 ok '
	echo 'alert-age 1h' >spool/words/queue.conf
	ok "$door: and is not so long" until_true becomes '' '200 ok '
	# Submitted long ago, and ready only now.
	: >"spool/words/new/20200101T000000.000000-k3v9q0t7x2m4c8d1"
	ok "$door: a job that was put off is not old" until_true becomes '' '200 ok '
	rm -f spool/words/new/*
	kill -KILL "$worker"
	stop "$worker"
	rm -f hold spool/words/cur/*
	: >spool/words/later/due
	touch -d '-2 minutes' spool/words/later/due
	ok "$door: one that nobody makes ready" until_true becomes '' '503 fail workers:words:fail '
	touch -d '+2 minutes' spool/words/later/due
	ok "$door: but not before it is due" until_true becomes '' '200 ok '
	echo 'alert-ages 1h' >spool/words/queue.conf
	ok "$door: a policy that is wrong" until_true becomes '' '503 fail writable:words:fail '
	is "$(json '.checks[] | select(.status == "fail").reason')" 'its queue.conf is wrong' "$door: says so"
	echo 'reserve-bytes 1000T' >spool/words/queue.conf
	says() { [ "$(health '')" = '503 fail writable:words:fail ' ] && json '.checks[] | select(.status == "fail").reason' | grep -q "$1"; }
	ok "$door: a full disk" until_true says 'in reserve'
	rm -f spool/words/queue.conf spool/words/later/*
	for age in 0 x -1 '' 1%; do
		ask GET "/healthz?max-age=$age"
		problem 400 about:blank "$door: max-age=$age"
	done
	close_door
done
mv spool gone
door=cgi
is "$(health '')" '503 fail spool:fail ' 'no spool'
mkdir spool
is "$(health '') $(json '.checks[0].reason')" '200 ok  there is no queue' 'a spool without queues'
rmdir spool
mv gone spool

# --- a front that may list nothing

if [ "$(id -u)" -eq 0 ] && getent passwd www-data >/dev/null && command -v setpriv >/dev/null; then
	chmod 755 spool
	mkdir bin && cp "$WQW_BIN/wqw.cgi" bin
	wqw-init --group www-data theirs
	wqw-init private
	by_front()
	{
		env REQUEST_METHOD=GET PATH_INFO="$1" QUERY_STRING="${2:-}" REMOTE_USER=anna \
			setpriv --reuid www-data --regid www-data --clear-groups bin/wqw.cgi </dev/null >reply
		sed '/^\r$/q' reply | tr -d '\r' >reply.head
		sed '1,/^\r$/d' reply >body
	}
	bg wqw-worker theirs -- cat
	until_true test "$(count spool/theirs/stat)" -gt 0
	by_front /metrics
	is "$(status) $(value 'wqw_workers{queue="theirs"}') $(grep -c '^wqw_jobs{queue="theirs"' body) $(grep -c private body)" '200 1 0 0' \
		'what a front may not see has no sample'
	by_front /healthz
	is "$(status) $(jq -c '[.checks[] | select(.queue == "theirs").status]' body)" '200 ["ok","ok"]' 'a worker is seen'
	stop "$BG_PID"
	by_front /healthz
	is "$(status) $(jq -c '[.checks[] | select(.queue == "theirs").status]' body)" '200 ["ok","unknown"]' 'or not; jobs are not'
	by_front /healthz max-age=1h
	is "$(status) $(jq -c '[.checks[] | select(.queue == "theirs").status]' body)" '503 ["ok","fail","unknown"]' 'who wants to know hears of it'
	chmod 2750 spool/theirs/new
	by_front /healthz
	is "$(status) $(jq -r '.checks[] | select(.queue == "theirs" and .check == "writable").reason' body)" '503 Permission denied' \
		'nor may it write'
else
	skip 'not root, or no www-data, or no setpriv' 'what a front may not see has no sample'
fi
done_testing
