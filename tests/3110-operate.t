#!/bin/sh
# Operators over the web: cancel and retry, and who may.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words || exit 1
printf 'hello, web' >hello

# submit: a job; $id is its ID.
submit()
{
	ask POST /words hello
	id=$(json .id)
}

is_failed() { [ "$(wqw-status "words/$id" | cut -f 2)" = failed ]; }
is_running() { [ "$(wqw-status "words/$id" | cut -f 2)" = running ]; }

for door in cgi listener; do
	open_door

	# --- a job that waits
	submit
	ask DELETE "/words/$id"
	is "$(status) $(json .state) $(json .reason) $(field Retry-After)" '200 failed cancelled ' "$door: DELETE cancels"
	is "$(basename "$(echo spool/words/failed/*)")" "$id,X=cancelled" "$door: on disk"
	ask DELETE "/words/$id"
	is "$(status) $(json .reason)" '200 cancelled' "$door: twice is the same"
	like "$(field Location)" "/words/$id\$" "$door: with the job's address"
	ask POST "/words/$id/retry"
	is "$(status) $(json .state) $(field Retry-After)" '202 new 1' "$door: retry puts it back"
	is "$(count spool/words/new) $(count spool/words/failed)" '1 0' "$door: on disk"
	ask POST "/words/$id/retry"
	is "$(status) $(json .state)" '202 new' "$door: twice is the same"
	ask POST "/words/$id/cancel"
	is "$(status) $(json .reason)" '200 cancelled' "$door: POST .../cancel"
	ask POST "/words/$id?action=retry"
	is "$(status) $(json .state)" '202 new' "$door: POST ?action=retry"
	ask POST "/words/$id?action=cancel"
	is "$(status) $(json .reason)" '200 cancelled' "$door: POST ?action=cancel"
	ask POST "/words/$id?action=retry" hello
	is "$(status)" 202 "$door: a body does not matter"
	ask POST "/words/$id" hello
	problem 400 about:blank "$door: POST to a job without an action"
	ask POST "/words/$id?action=eat"
	problem 400 about:blank "$door: or with another one"
	ask GET "/words/$id/cancel"
	is "$(status) $(field Allow)" '405 POST, OPTIONS' "$door: GET cancels nothing"
	ask PUT "/words/$id"
	is "$(status) $(field Allow)" '405 GET, HEAD, POST, DELETE, OPTIONS' "$door: what a job takes"
	ask POST "/words/$id/cancel" -H 'Accept: text/html'
	is "$(status)" 303 "$door: a browser is sent to the job's page"
	like "$(field Location)" "/words/$id\$" "$door: namely"

	# --- jobs that have ended, that run, that are none
	ask POST "/words/$id/retry"
	wqw-worker words --drain -- cat
	ask DELETE "/words/$id"
	problem 409 ended "$door: a job that is done"
	ask POST "/words/$id/retry"
	problem 409 'done' "$door: nor is it put back"
	submit
	ask POST "/words/$id/retry"
	problem 409 not-failed "$door: retry of a job that waits"
	wqw-worker words --drain -- sh -c 'exit 100'
	ask DELETE "/words/$id"
	problem 409 ended "$door: a job that has failed"
	submit
	mkfifo hold
	bg wqw-worker words -- sh -c 'cat hold'
	worker=$BG_PID
	until_true is_running
	ask POST "/words/$id/retry"
	problem 409 not-failed "$door: retry of a job that runs"
	ask POST "/words/$id/cancel"
	like "$(status) $(json .state)" '^(202 running|200 failed)$' "$door: cancel of a job that runs"
	ok "$door: ends it" until_true is_failed
	stop "$worker"
	rm hold
	ask GET "/words/$id"
	is "$(json .reason)" cancelled "$door: for that reason"
	ask DELETE /words/nothing
	problem 404 no-such-job "$door: no such job"
	ask DELETE /none/nothing
	problem 404 no-such-queue "$door: no such queue"
	rm -f spool/words/failed/* spool/words/new/* spool/words/done/*

	# --- who may
	submit
	for proxy in 'X-Forwarded-For: 192.0.2.7' 'Forwarded: for=192.0.2.7' 'Via: 1.1 x' 'X-Real-IP: 192.0.2.7'; do
		ask DELETE "/words/$id" -H "$proxy"
		problem 403 not-an-operator "$door: $proxy"
	done
	ask DELETE "/words/$id" -H 'Host: evil.example'
	problem 403 not-an-operator "$door: a name that leads here"
	for site in 'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site' 'Origin: null' 'Origin: http://evil.example' \
		'Origin: http://127.0.0.1:1' 'Origin: http://127.0.0.1.evil.example' 'Origin: file://127.0.0.1'; do
		ask DELETE "/words/$id" -H "$site"
		problem 403 cross-site "$door: $site"
		ask POST "/words/$id/cancel" -H "$site" -H 'Content-Type: application/x-www-form-urlencoded'
		problem 403 cross-site "$door: $site by a form"
	done
	is "$(count spool/words/new)" 1 "$door: nothing was done"
	like "$(json .detail)" 'Origin' "$door: it says why"
	ask DELETE "/words/$id" -H 'Host: localhost:81' -H 'Origin: http://LOCALHOST:81' -H 'Sec-Fetch-Site: same-origin'
	is "$(status)" 200 "$door: a page of the site itself"
	ask POST "/words/$id/retry" -H 'Sec-Fetch-Site: none' -H 'Host: localhost' -H 'Origin: http://localhost:80'
	is "$(status)" 202 "$door: what a person has typed"
	ask DELETE "/words/$id" -H 'Host: [::1]:81'
	is "$(status)" 200 "$door: by another address of this machine"
	rm -f spool/words/failed/*
	close_door
done

door=cgi
submit
cgi_from()
{
	env REQUEST_METHOD="$1" PATH_INFO="/words/$id$2" REMOTE_ADDR="$3" REMOTE_USER="$4" SCRIPT_NAME= SERVER_NAME=www.example.com \
		SERVER_PORT=80 HTTP_ORIGIN="${5:-}" HTTP_HOST="${6:-}" wqw.cgi </dev/null | sed -n '1s/^Status: \([0-9]*\).*/\1/p'
}
for addr in 192.0.2.7 126.255.255.255 128.0.0.1 ::2 fe80::1 ::ffff:192.0.2.7 ::127.0.0.1 localhost 127.1 ''; do
	is "$(cgi_from DELETE '' "$addr" '')" 403 "not from ${addr:-nowhere}"
done
is "$(count spool/words/new)" 1 'nothing was done'
for addr in 127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1; do
	is "$(cgi_from DELETE '' "$addr" '') $(cgi_from POST /retry "$addr" '')" '200 202' "from $addr"
done
is "$(cgi_from DELETE '' 192.0.2.7 anna)" 200 'a user may'
is "$(cgi_from POST /retry 192.0.2.7 anna http://evil.example www.example.com)" 403 'but not for another site'
is "$(cgi_from POST /retry 192.0.2.7 anna https://www.example.com www.example.com)" 202 'only for this one'
is "$(cgi_from DELETE '' 192.0.2.7 anna https://www.example.com:443 www.example.com)" 200 'with a port that says nothing'
is "$(cgi_from POST /retry 192.0.2.7 anna https://www.example.com:80 www.example.com)" 403 'or one that does'

# A front that may only submit.
if [ "$(id -u)" -eq 0 ] && getent passwd www-data >/dev/null && command -v setpriv >/dev/null; then
	mkdir bin && cp "$WQW_BIN/wqw.cgi" bin
	wqw-init --group www-data theirs
	id=$(echo x | wqw-submit theirs) && id=${id#*/}
	is "$(env REQUEST_METHOD=DELETE PATH_INFO="/theirs/$id" REMOTE_USER=anna \
		setpriv --reuid www-data --regid www-data --clear-groups bin/wqw.cgi </dev/null | grep -E '^Status|not-permitted' | tr -d '\r\n ,')" \
		'Status:403Forbidden"type":"urn:wqw:problem:not-permitted"' 'a front of --group can cancel nothing'
else
	skip 'not root, or no www-data, or no setpriv' 'a front of --group can cancel nothing'
fi
done_testing
