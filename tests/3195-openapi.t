#!/bin/sh
# /openapi.json: what it says of each answer is true. Answers of all kinds are recorded, and then held against it.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl node
node_modules=$ROOT/tests/node/node_modules
[ -d "$node_modules/ajv" ] && [ -d "$node_modules/@seriousme/openapi-schema-validator" ] || skip_all 'npm ci in tests/node was not done'

printf 'hello, web' >hello
printf '{"a":1}\n{"a":2}\n' >two
printf '{"a":1}\n{"a":3}\n' >other
printf '{"a":' >torn
printf -- '--X\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n--X--\r\n' >form
head -c 200000 /dev/zero >large
ndjson='Content-Type: application/x-ndjson'
html='Accept: text/html'
mkdir seen
n=0

# rec METHOD TARGET ...: ask, and what it was like.
rec()
{
	ask "$@"
	n=$((n + 1))
	echo "$1" >"seen/$n.method"
	echo "$2" >"seen/$n.target"
	cp reply.head "seen/$n.head"
	cp body "seen/$n.body"
}
# new QUEUE [QUERY]: a job; $id is its ID.
new()
{
	rec POST "/$1${2:-}" hello
	id=$(json .id)
}
is_running() { [ "$(wqw-status "$1" | cut -f 2)" = running ]; }
is_failed() { [ "$(wqw-status "$1" | cut -f 2)" = failed ]; }
# of_job QUEUE/ID: what goes for all addresses of a job.
of_job()
{
	for tail in '' /result /log /events; do rec GET "/$1$tail"; done
	rec POST "/$1/cancel"
	rec POST "/$1/retry"
	rec POST "/$1?action=cancel"
	rec DELETE "/$1"
}

all()
{
	wqw-init words picky strict small broken full

	# --- what is always there
	for target in / /openapi.json /metrics /healthz /words; do
		rec GET "$target"
		rec HEAD "$target"
		rec OPTIONS "$target"
		rec GET "$target" -H "$html"
		rec PUT "$target" hello
		rec BREW "$target"
	done
	rec GET '/healthz?max-age=1h'
	rec GET '/healthz?max-age=x'
	rec GET /healthz -H 'Via: 1.1 x'
	rec GET /metrics -H 'Via: 1.1 x'
	for tail in '' /result /log /events /cancel /retry; do
		rec OPTIONS "/words/x$tail"
		rec PUT "/words/x$tail" hello
	done
	rec GET /a/b/c/d

	# --- submissions
	rec POST /words -H 'Content-Type: text/plain' -H 'Prefer: respond-async' -H 'Idempotency-Key: "k"' hello
	rec POST '/words?key=k' two
	rec POST /words -H "$html" hello
	rec POST /words -H "$ndjson" two
	rec POST /words -H "$ndjson" -H "$html" two
	rec POST '/words?key=l' -H "$ndjson" two
	rec POST '/words?key=l' -H "$ndjson" other
	rec POST /words -H 'Content-Type: multipart/form-data; boundary=X' form
	rec POST /words -H "$ndjson" torn
	rec POST '/words?priority=x' hello
	rec POST /words -H 'Content-Encoding: gzip' hello
	rec GET /none
	rec POST /none hello
	rec POST /words
	echo 'accept-types image/*' >spool/picky/queue.conf
	rec POST /picky -H 'Content-Type: text/plain' hello
	printf 'require-key yes\n' >spool/strict/queue.conf
	rec POST /strict hello
	printf 'require-header X-Want\njson yes\n' >spool/strict/queue.conf
	rec POST /strict hello
	rec POST /strict -H 'X-Want: it' torn
	printf 'check sh -c false\n' >spool/strict/queue.conf
	rec POST /strict hello
	echo 'max-size 10' >spool/small/queue.conf
	rec POST /small large
	echo 'no-such-name' >spool/broken/queue.conf
	rec POST /broken hello
	rec GET /broken
	rec GET /healthz
	echo 'reserve-bytes 1000T' >spool/full/queue.conf
	rec POST /full hello
	rec GET '/healthz?max-age=1ms'
	rm -rf spool/broken spool/full spool/*/new/*

	# --- the states of a job
	of_job words/nothing
	of_job none/nothing
	of_job words/no,id
	new words '?group=g&priority=0'
	rec GET "/words/$id"
	rec GET "/words/$id" -H "$html"
	rec GET "/words/$id/result"
	rec GET "/words/$id/log"
	rec GET "/words/$id?wait=0"
	rec GET "/words/$id?wait=x"
	rec GET "/words/$id" -H 'Prefer: wait=0'
	wqw-cancel --hold "words/$id" >/dev/null
	rec GET "/words/$id"
	rec POST "/words/$id/retry"
	rec POST "/words/$id?action=retry"
	rec POST "/words/$id?action=eat"
	rec POST "/words/$id/cancel"
	rec POST "/words/$id/cancel" -H "$html"
	rec POST "/words/$id/retry" -H "$html"
	rec POST "/words/$id?action=retry" -H "$html"
	rec POST "/words/$id?action=cancel"
	rec DELETE "/words/$id"
	rec GET "/words/$id"
	rec GET "/words/$id" -H "$html"
	rec GET "/words/$id?wait=0"
	rec GET "/words/$id/result"
	for by in 'Via: 1.1 x' 'Origin: http://evil.example'; do
		rec POST "/words/$id/retry" -H "$by"
		rec POST "/words/$id/cancel" -H "$by"
		rec POST "/words/$id?action=retry" -H "$by"
		rec DELETE "/words/$id" -H "$by"
		rec GET '/words?state=new' -H "$by"
	done
	rm -f spool/words/failed/*
	new words '?delay=1h'
	rec GET "/words/$id"
	rm -f spool/words/later/*

	# --- one that runs, is told to end, is abandoned
	mkfifo hold
	bg wqw-worker words -- sh -c 'echo 40% half >"$WQW_PROGRESS"; echo said >&2; cat hold'
	worker=$BG_PID
	for how in 'POST /cancel' 'POST ?action=cancel' 'DELETE '; do
		new words
		until_true is_running "words/$id"
		rec GET "/words/$id"
		until_true test -s "spool/words/log/$id"
		rec GET "/words/$id/log"
		rec GET "/words/$id/log" -H 'Range: bytes=0-1'
		rec GET "/words/$id/log" -H 'Range: bytes=100-'
		rec POST "/words/$id/retry"
		rec POST "/words/$id?action=retry"
		# The worker is stopped, so that the job runs on for now.
		kill -STOP "$worker"
		rec "${how%% *}" "/words/$id${how#* }"
		kill -CONT "$worker"
		until_true is_failed "words/$id"
	done
	stop "$worker"
	rm hold
	echo 'show-log yes' >spool/words/queue.conf
	rec GET "/words/$id"
	rec GET "/words/$id/result"
	printf '\n' >'spool/words/cur/lost,A=1'
	rec GET /words/lost
	for state in new later held running abandoned 'done' failed; do rec GET "/words?state=$state"; done
	rec GET '/words?state=failed&limit=1'
	rec GET "/words?state=failed&limit=1&after=$(json '.jobs[0].id')"
	rec GET '/words?state=failed&limit=1' -H "$html"
	rec GET '/words?state=odd'
	rm -f spool/words/cur/* spool/words/failed/*

	# --- one that is done, and waited for
	new words
	wqw-worker words --drain -- sh -c 'cat; echo said >&2'
	rec GET "/words/$id"
	rec DELETE "/words/$id"
	rec POST "/words/$id/cancel"
	rec POST "/words/$id/retry"
	rec POST "/words/$id?action=cancel"
	for of in "/words/$id/result" "/words/$id?wait=1"; do
		rec GET "$of"
		tag=$(field ETag)
		rec HEAD "$of"
		rec GET "$of" -H 'Range: bytes=0-3'
		rec GET "$of" -H 'Range: bytes=1000-'
		rec GET "$of" -H "If-None-Match: $tag"
		rec GET "$of" -H 'If-Match: "other"'
	done
	rec GET "/words/$id/events"
	rec GET "/words/$id/events?last-event-id=0"
	echo 'redirect yes' >spool/words/queue.conf
	rec GET "/words/$id"
	bg wqw-worker words -- sh -c 'read -r l; [ "$l" != bad ] || exit 100; echo "$l"'
	worker=$BG_PID
	rec POST '/words?wait=60' hello
	rec POST /words -H 'Prefer: wait=60' -H 'Content-Disposition: attachment; filename="a.txt"' hello
	echo bad >bad
	rec POST '/words?wait=60' bad
	rec GET "/words/$(json .id)?wait=1"
	stop "$worker"
	rm -f spool/words/queue.conf

	# --- without a spool
	id=$(wqw-submit words <hello) && id=${id#*/}
	mv spool gone
	ln -s spool spool
	rec POST /words hello
	rec GET /words
	of_job "words/$id"
	rec GET /metrics
	rec GET /healthz
	rm spool
	mv gone spool
	rm -rf spool
}

door=cgi
mkdir spool
ask GET /openapi.json
is "$(status) $(json '.servers[0].url')" '200 http://127.0.0.1' 'it says where it is served from'

door=listener
open_door
all >all.out 2>all.err || fail 'all was asked'
# What breaks the rules of HTTP.
rec GET "/words?$(head -c 9000 /dev/zero | tr '\0' x)"
rec POST /words -H 'Expect: other' hello
rec POST /words -H 'Transfer-Encoding: gzip' hello
mkdir spool
ask GET /
like "$(json .openapi)" '/openapi.json$' 'the top leads to it'
ask GET /openapi.json
cp body openapi.json
is "$(status) $(field Content-Type) $(json .info.version) $(json '.servers[0].url')" \
	"200 application/json $(sed -n 's/^AC_INIT(\[wqw\], \[\(.*\)\])$/\1/p' "$ROOT/configure.ac") /" 'it tells the version'
close_door
node "$ROOT/tests/node/openapi.mjs" openapi.json seen >found 2>found.err || fail "node: $(cat found.err)"
while IFS= read -r line; do
	case $line in
	'ok - '*) pass "${line#ok - }" ;;
	'not ok - '*) fail "${line#not ok - }" ;;
	*) diag "${line#\# }" ;;
	esac
done <found
done_testing
