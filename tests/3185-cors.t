#!/bin/sh
# Pages of other sites: what a browser is told about them (CORS), and what it is not to send for them.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl sha256sum

wqw-init words 2>/dev/null || exit 1
printf 'hello, web' >hello
far='X-Forwarded-For: 192.0.2.7'
app='Origin: https://app.example' evil='Origin: https://evil.example'
printf 'ci sha256:%s submit,read,operate words\n' "$(printf secret | sha256sum | cut -c 1-64)" >spool/tokens
token='Authorization: Bearer secret'
forget() { rm -f spool/words/new/* spool/words/done/* spool/words/failed/* spool/words/keys/*; }
policy() { printf '%s\n' "$@" >spool/words/queue.conf; }
origin() { field Access-Control-Allow-Origin; }
credentials() { field Access-Control-Allow-Credentials; }
preflight() { ask OPTIONS "$1" -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: authorization' -H "$2"; }

for door in cgi listener; do
	open_door

	# --- by default: nobody else's page
	policy
	for site in "$evil" 'Origin: null' 'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site' 'Referer: https://evil.example/x' \
		'Referer: https://127.0.0.1.evil.example/' 'Referer: http://evil.example/?http://127.0.0.1/' 'Referer: about:client'; do
		ask POST /words -H "$site" hello
		problem 403 cross-site "$door: $site submits nothing"
		is "$(origin)$(field Vary | grep Origin)" '' "$door: $site: is told nothing"
	done
	for type in application/x-www-form-urlencoded multipart/form-data application/json; do
		ask POST /words -H "$evil" -H "$far" -H "Content-Type: $type" hello
		is "$(status)" 403 "$door: nor from afar, as $type"
	done
	is "$(count spool/words/new)$(count spool/words/tmp)" 00 "$door: nothing was accepted"
	for site in 'Origin: http://localhost:81' 'Sec-Fetch-Site: same-origin' 'Sec-Fetch-Site: none' 'Referer: http://localhost:81/words' \
		'Referer: http://localhost:81' 'X-None: 1'; do
		ask POST /words -H 'Host: localhost:81' -H "$site" hello
		is "$(status)" 202 "$door: $site: its own form"
	done
	ask POST /words -H "$evil" -H "$token" hello
	is "$(status) $(origin)" '202 ' "$door: no browser adds a token by itself"
	id=$(json .id)
	ask GET "/words/$id" -H "$evil"
	is "$(status) $(origin)" '200 ' "$door: what is read a page is not told"
	preflight /words "$app"
	is "$(status) $(origin) $(field Allow) $(field Access-Control-Allow-Methods)" '204  GET, HEAD, POST, OPTIONS ' \
		"$door: no leave is given"
	ask GET /words -H 'Accept: text/html'
	is "$(field Referrer-Policy)" same-origin "$door: our own pages say where they come from"
	forget

	# --- those that are listed
	policy 'cors-origins https://app.example http://b.example:8080' 'require-header X-Team, X-Case'
	preflight /words "$app"
	is "$(status) $(origin) $(credentials) $(field Vary)" '204 https://app.example true Origin' "$door: listed: leave is given"
	is "$(field Access-Control-Allow-Methods)" 'GET, HEAD, POST, OPTIONS' "$door: listed: for these methods"
	is "$(field Access-Control-Allow-Headers)" "Authorization, Content-Type, Content-Disposition, Idempotency-Key, Prefer, $(:
		)Traceparent, Tracestate, Last-Event-ID, If-Match, If-None-Match, If-Range, Range, X-Team, X-Case" "$door: listed: for these fields"
	is "$(field Access-Control-Max-Age)" 600 "$door: listed: for a time"
	preflight /words/x "$app"
	is "$(field Access-Control-Allow-Methods)" 'GET, HEAD, POST, DELETE, OPTIONS' "$door: listed: for those of a job"
	ask OPTIONS /words -H "$app"
	is "$(status) $(field Access-Control-Allow-Methods)" '204 ' "$door: listed: who does not ask gets none"
	preflight /words "$evil"
	is "$(status) $(origin) $(field Vary) $(field Access-Control-Allow-Headers)" '204  Origin ' "$door: listed: another gets none"
	ask POST /words -H "$app" -H 'X-Team: a' -H 'X-Case: b' -H 'Sec-Fetch-Site: cross-site' hello
	is "$(status) $(origin) $(credentials)" '202 https://app.example true' "$door: listed: submits"
	id=$(json .id)
	is "$(field Access-Control-Expose-Headers)" "Location, Content-Location, Link, Retry-After, Preference-Applied, ETag, $(:
		)Accept-Ranges, Content-Range, Content-Disposition, WWW-Authenticate" "$door: listed: sees these fields"
	ask GET "/words/$id" -H "$app"
	is "$(status) $(origin)" '200 https://app.example' "$door: listed: reads"
	ask GET "/words/$id/result" -H "$app"
	is "$(status) $(origin)" '409 https://app.example' "$door: listed: an error, too"
	ask GET /words/x/y -H "$app"
	is "$(status)" 404 "$door: listed: what is of no queue is nobody's"
	ask PUT "/words/$id" -H "$app"
	is "$(status) $(origin)" '405 https://app.example' "$door: listed: a wrong method"
	ask DELETE "/words/$id" -H "$app"
	is "$(status) $(origin)" '200 https://app.example' "$door: listed: in the name of who sits at this machine"
	ask DELETE "/words/$id" -H "$app" -H "$far"
	is "$(status) $(origin)" '401 https://app.example' "$door: listed: in nobody's from afar"
	for site in "$evil" 'Origin: http://app.example' 'Origin: https://app.example:444' 'Origin: https://app.example.evil.example' \
		'Origin: https://evil.example https://app.example' 'Origin: *' 'Origin: http://b.example'; do
		ask POST /words -H "$site" -H 'X-Team: a' -H 'X-Case: b' hello
		is "$(status) $(kind) $(origin) $(field Vary | grep -c Origin)" '403 cross-site  1' "$door: listed: $site is not"
	done
	ask POST /words -H 'Origin: http://b.example:8080' -H 'X-Team: a' -H 'X-Case: b' hello
	is "$(status) $(origin)" '202 http://b.example:8080' "$door: listed: the other"
	id=$(json .id)
	wqw-worker words --drain -- cat 2>err
	ask GET "/words/$id/result" -H "$app"
	is "$(status) $(origin) $(field Cross-Origin-Resource-Policy)" '200 https://app.example same-origin' "$door: listed: a result"
	ask GET "/words/$id?wait=1" -H "$app"
	is "$(status) $(origin)" '200 https://app.example' "$door: listed: one that is waited for"
	forget

	# --- all of them
	policy 'cors-origins * https://app.example'
	preflight /words "$evil"
	is "$(status) $(origin) $(credentials)" '204 * ' "$door: all: leave is given, without credentials"
	ask POST /words -H "$evil" hello
	is "$(status) $(origin) $(credentials)" '202 * ' "$door: all: submits"
	id=$(json .id)
	unlike "$(cat "spool/words/new/$id")" Remote-User "$door: all: as nobody"
	ask POST /words -H 'Origin: null' hello
	is "$(status) $(origin)" '202 *' "$door: all: even one without an origin"
	ask GET "/words/$id" -H "$evil"
	is "$(status) $(origin)" '200 *' "$door: all: reads"
	ask DELETE "/words/$id" -H "$evil"
	problem 401 token-required "$door: all: not in the name of who sits at this machine"
	is "$(origin)" '*' "$door: all: and is told so"
	ask DELETE "/words/$id" -H 'Sec-Fetch-Site: cross-site'
	problem 401 token-required "$door: all: nor by a form"
	ask POST "/words/$id/cancel" -H 'Referer: http://evil.example/'
	problem 401 token-required "$door: all: of an old browser"
	ask GET '/words?state=new' -H "$evil"
	problem 401 token-required "$door: all: nor does it list"
	ask GET '/words?state=new' -H 'Sec-Fetch-Site: cross-site'
	is "$(status) $(origin)" '200 ' "$door: all: a link from there leads here"
	as=anna
	ask DELETE "/words/$id" -H "$evil" -H "$far"
	problem 401 token-required "$door: all: nor in a user's name"
	as=''
	ask DELETE "/words/$id" -H "$evil" -H "$token"
	is "$(status) $(origin)" '200 *' "$door: all: by a token"
	ask DELETE "/words/$id" -H "$app"
	is "$(status) $(origin) $(credentials)" '200 https://app.example true' "$door: all: who is listed besides"
	wqw-worker words --drain -- cat 2>err
	id=$(basename "$(find spool/words/done -type f | head -n 1)")
	ask GET "/words/$id/result" -H "$far"
	is "$(status) $(field Cross-Origin-Resource-Policy)" '200 cross-origin' "$door: all: may show what anybody may read"
	policy 'cors-origins *' 'public submit'
	ask GET "/words/$id/result"
	is "$(status) $(field Cross-Origin-Resource-Policy)" '200 same-origin' "$door: all: only that"
	ask GET "/words/$id/result" -H "$evil"
	problem 401 token-required "$door: all: not by this machine"
	ask GET "/words/$id/result" -H "$evil" -H "$token"
	is "$(status) $(origin)" '200 *' "$door: all: but by a token"
	policy 'cors-origins *' 'public none'
	ask POST /words -H "$evil" hello
	problem 401 token-required "$door: all: no more than anybody"
	forget
	close_door
done

# In a user's name.
door=cgi as=anna
policy 'cors-origins https://app.example' 'public none'
ask POST /words -H "$app" -H "$far" hello
is "$(status)" 202 'listed: in the name of a user'
like "$(cat spool/words/new/*)" '^Remote-User: anna$' 'indeed'
ask POST /words -H "$evil" -H "$far" hello
problem 403 cross-site 'which another is not'
done_testing
