#!/bin/sh
# Prefer: wait=N and ?wait=N: the answer to a submission, or to a question for its state, is the result, if that comes in time.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words idle || exit 1
echo 'result-type text/plain' >spool/words/queue.conf
printf 'hello, web' >hello
work() { bg wqw-worker words -- sh -c 'read -r line; case $line in fail*) exit 100 ;; hold*) cat hold ;; *) echo "$line" | tr a-z A-Z ;; esac'; }
work

for door in cgi listener; do
	open_door

	ask POST /words -H 'Prefer: respond-async, wait=60' -H 'Content-Type: text/plain' hello
	is "$(status) $(field Content-Type) $(cat body)" '200 text/plain HELLO, WEB' "$door: the result itself"
	is "$(field Preference-Applied)" 'wait=60' "$door: since that was preferred"
	is "$(field Vary)" 'Accept, Prefer' "$door: caches are told"
	at=$(field Content-Location)
	like "$at" '/words/[^/]*/result$' "$door: it is the result's"
	is "$(field Link)" "<${at%/result}>; rel=\"status\"" "$door: whose state is there"
	isnt "$(field ETag)" '' "$door: it has its fields"
	id=${at%/result} id=${id##*/}
	ask GET "/words/$id" -H 'Prefer: wait=60'
	is "$(status) $(cat body)" '200 HELLO, WEB' "$door: of a job that has ended, at once"
	ask GET "/words/$id?wait=0"
	is "$(status) $(cat body)" '200 HELLO, WEB' "$door: without waiting, too"
	ask GET "/words/$id"
	is "$(status) $(json .state) $(field Vary)" '200 done Accept, Prefer' "$door: who does not ask for it gets the state"
	ask GET "/words/$id/result"
	is "$(status) $(cat body) $(field Vary)" '200 HELLO, WEB ' "$door: and by itself it is the same"
	ask POST '/words?wait=60' hello
	is "$(status) $(cat body) $(field Preference-Applied)" '200 HELLO, WEB ' "$door: by the query"
	ask POST '/words?wait=60' -H 'Range: bytes=0-4' -H 'If-None-Match: *' hello
	is "$(status) $(cat body)" '200 HELLO, WEB' "$door: a submission has no parts, and no conditions"
	echo fail >fail
	ask POST '/words?wait=60' fail
	problem 409 failed "$door: a job that fails"
	is "$(json .reason)" exit "$door: tells why"

	# --- not in time
	ask POST '/idle' -H 'Prefer: wait=1' hello
	is "$(status) $(json .state) $(field Preference-Applied)" '202 new wait=1' "$door: not in time"
	at=$(field Location)
	like "$at" '/idle/' "$door: with its address"
	id=${at##*/}
	ask GET "/idle/$id?wait=1"
	is "$(status) $(json .state) $(field Retry-After)" '202 new 1' "$door: nor when asked again"
	ask HEAD "/idle/$id?wait=1"
	is "$(status)" 202 "$door: nor by HEAD"
	ask GET "/idle/$id" -H 'Prefer: wait=0'
	is "$(status) $(json .state) $(field Preference-Applied)" '202 new wait=0' "$door: nor where nothing is waited for"
	ask POST /idle -H 'Prefer: respond-async' hello
	is "$(status) $(field Preference-Applied)" '202 respond-async' "$door: respond-async"
	ask POST /idle -H 'Prefer: Respond-Async;x=y , WAIT = "0" , wait=60' hello
	is "$(status) $(field Preference-Applied)" '202 respond-async, wait=0' "$door: by the grammar, and the first counts"
	for prefer in 'return=minimal' 'wait=x' 'wait' 'wait=-1' 'wait=1.5' 'await=60' 'x="wait=60, wait=60"' ',,' 'x="' 'x=wait=60'; do
		ask POST /idle -H "Prefer: $prefer" hello
		is "$(status) $(field Preference-Applied)" '202 ' "$door: nothing that is known: $prefer"
	done
	for wait in x -1 '' 1s; do
		ask POST "/idle?wait=$wait" hello
		problem 400 about:blank "$door: ?wait=$wait"
	done
	ask GET /idle/nothing?wait=60
	problem 404 no-such-job "$door: no such job"
	ask POST /none?wait=60 hello
	problem 404 no-such-queue "$door: no such queue"

	# --- what ends meanwhile
	ask POST /idle hello
	id=$(json .id)
	(
		ask GET "/idle/$id?wait=60"
		status >status.got
		json .reason >reason.got
	) &
	waiting=$!
	wqw-cancel "idle/$id" >/dev/null
	wait "$waiting"
	is "$(cat status.got reason.got | tr '\n' ' ')" '409 cancelled ' "$door: a job that is cancelled"
	rm -f spool/idle/*/2*
	close_door
done

# --- a client that goes

mkfifo hold
echo hold >hold.in
mkfifo out
env REQUEST_METHOD=POST PATH_INFO=/words QUERY_STRING=wait=60 CONTENT_LENGTH=5 SCRIPT_NAME= wqw.cgi <hold.in >out 2>err &
cgi=$!
cat out >reply &
reader=$!
runs() { [ "$(count "spool/words/cur")" -ge 1 ]; }
until_true runs
ok 'wqw.cgi waits' alive "$cgi"
kill "$reader"
ok 'until nobody takes its answer' until_true gone "$cgi"

door=listener
open_door
sockets() { find "/proc/$listener/fd" -lname 'socket:*' | wc -l; }
few_sockets() { [ "$(sockets)" -le "$before" ]; }
more_sockets() { [ "$(sockets)" -gt "$before" ]; }
before=$(sockets)
curl -q -s -m 60 "http://127.0.0.1:$port/words/$(find spool/words/cur -name '2*' | sed 's|.*/||; s/,A=.*//')?wait=60" >/dev/null &
client=$!
until_true more_sockets
kill "$client"
ok 'the listener lets go of one that has gone' until_true few_sockets

# --- many, without a thread each

threads() { sed -n 's/^Threads:.//p' "/proc/$listener/status"; }
perl -MIO::Socket::INET -e '
	my @all = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die } 1 .. 100;
	$| = 1;
	syswrite $_, "POST /words?wait=60 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi" for @all;
	for my $s (@all) { local $/; my $reply = <$s>; print substr($reply, 9, 3), " ", substr($reply, -3) }' "$port" >replies &
many=$!
waits() { [ "$(count spool/words/new)" -eq 100 ]; }
ok '100 wait' until_true waits
ok "for a few threads ($(threads))" test "$(threads)" -le 24
: >hold
wait "$many"
is "$(sort replies | uniq -c | tr -s ' ')" ' 100 200 HI' 'and all get their result'

# --- the end of the listener

ask POST /idle hello
id=$(json .id)
curl -q -s -m 60 -o late -w '%{http_code}' "http://127.0.0.1:$port/idle/$id?wait=60" >late.code &
late=$!
before=$(sockets)
until_true more_sockets
kill -TERM "$listener"
wait "$listener"
is "$?" 0 'SIGTERM ends it at once'
wait "$late"
is "$(cat late.code) $(jq -r .state late)" '202 new' 'and who waits is told so'

# --- a front that may list nothing

if [ "$(id -u)" -eq 0 ] && getent passwd www-data >/dev/null && command -v setpriv >/dev/null; then
	mkdir bin && cp "$WQW_BIN/wqw.cgi" bin
	wqw-init --group www-data theirs
	as_web() { setpriv --reuid www-data --regid www-data --clear-groups "$@"; }
	for i in 1 2; do
		env REQUEST_METHOD=POST PATH_INFO=/theirs QUERY_STRING=wait=60 CONTENT_LENGTH=10 setpriv --reuid www-data \
			--regid www-data --clear-groups bin/wqw.cgi <hello >reply &
		cgi=$!
		until_true counts spool/theirs/new 1
		wqw-worker theirs --drain -- sh -c "exit $((i - 1))"
		wait "$cgi"
		[ "$i" = 2 ] || is "$(sed -n '1s/^Status: \([0-9]*\).*/\1/p' reply)" 200 'a front of --group hears of the end'
	done
	rm -f spool/theirs/later/*
else
	skip 'not root, or no www-data, or no setpriv' 'a front of --group hears of the end'
fi
done_testing
