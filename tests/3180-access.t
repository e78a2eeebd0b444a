#!/bin/sh
# Who may do what over the web: the policy of a queue, users, tokens; and how stored content is sent.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl sha256sum

wqw-init words results 2>/dev/null || exit 1
printf 'hello, web' >hello
far='X-Forwarded-For: 192.0.2.7'

# A token is made as the page says it.
page_recipe() { sed -n '/^# token=/,/^\.Ed/s/^# //p' "$ROOT/man/wqw.cgi.8" | sed 's/\\e/\\/g'; }
make_token() { page_recipe | sed "s|/var/spool/wqw|$WQW_SPOOL|; s|'ci |'$1 |; s|submit,read words|$2|" >recipe; token=$(sh ./recipe); }

# anonymous, by TOKEN: a request from afar. forget: the queues are empty again.
anon() { ask "$@" -H "$far"; }
by() { by_token=$1; shift; ask "$@" -H "$far" -H "Authorization: Bearer $by_token"; }
forget() { rm -f spool/*/new/* spool/*/done/* spool/*/failed/* spool/*/keys/* spool/*/log/*; }
policy() { printf '%s\n' "$@" >spool/words/queue.conf; }
challenge() { field WWW-Authenticate; }

make_token ci submit,read\ words
ci=$token
like "$ci" '^[0-9a-f]{64}$' 'the recipe of the page makes a token of 256 bits'
like "$(cat spool/tokens)" '^ci sha256:[0-9a-f]{64} submit,read words$' 'and a line for it'
make_token ops operate,read\ words
ops=$token
make_token all "submit,operate *"
all=$token
make_token other "submit,read,operate results"
other=$token
is "$(wc -l <spool/tokens)" 4 'one for each'
cp spool/tokens tokens

# --- the file is nobody's queue
is "$(wqw-stat | awk 'NR > 1 { print $1 }' | sort | xargs)" 'results words' 'wqw-stat does not take it for a queue'
ok 'wqw-check has nothing to say' wqw-check
is "$(said)" '' 'indeed nothing'
ok 'no queue has its name' sh -c 'wqw-init tokens 2>err; [ $? -eq 64 ]'
mkdir spool2
ok 'by a path' sh -c 'wqw-init spool2/tokens 2>err; [ $? -eq 64 ]'
like "$(cat err)" "tokens: not a queue's name" 'it says so'
is "$(ls spool2)" '' 'and makes none'

for door in cgi listener; do
	open_door
	cp tokens spool/tokens
	policy

	# --- by default: anybody submits and reads
	anon POST /words hello
	id=$(json .id)
	is "$(status)" 202 "$door: anybody submits"
	anon GET "/words/$id"
	is "$(status)" 200 "$door: and reads"
	anon DELETE "/words/$id"
	problem 401 token-required "$door: but does not cancel"
	is "$(challenge)" 'Bearer realm="wqw"' "$door: it says how one could"
	anon GET '/words?state=new'
	problem 401 token-required "$door: or list"
	anon POST "/words/$id?action=cancel"
	problem 401 token-required "$door: by the query"
	by "$ci" DELETE "/words/$id"
	problem 403 insufficient-scope "$door: nor does a token that may not"
	is "$(challenge)" 'Bearer realm="wqw", error="insufficient_scope"' "$door: it says that"
	by "$other" DELETE "/words/$id"
	problem 403 insufficient-scope "$door: nor one for another queue"
	by "$ops" GET '/words?state=new'
	is "$(status) $(json '.jobs | length')" '200 1' "$door: one that may lists"
	for what in '/words?view=dashboard' '/?view=dashboard' /metrics; do
		anon GET "$what"
		problem 401 token-required "$door: $what is not for everybody"
		by "$ci" GET "$what"
		problem 403 insufficient-scope "$door: nor for a token that may not operate"
		by "$ops" GET "$what"
		is "$(status)" "$([ "$what" = '/words?view=dashboard' ] && echo 200 || echo 403)" "$door: $what for one of this queue"
		by "$all" GET "$what"
		is "$(status)" 200 "$door: $what for one of all"
	done
	by "$ops" DELETE "/words/$id"
	is "$(status)" 200 "$door: and cancels"
	by "$all" POST "/words/$id/retry"
	is "$(status)" 202 "$door: one for all queues puts it back"
	by "$ops" POST "/words/$id?action=cancel"
	is "$(status)" 200 "$door: ?action="
	for wrong in "${ci}0" "${ci%?}" "$(sed -n '1s/.*sha256:\([0-9a-f]*\).*/\1/p' tokens)"; do
		by "$wrong" POST /words hello
		problem 401 invalid-token "$door: a wrong token, even where none is needed"
	done
	is "$(challenge)" 'Bearer realm="wqw", error="invalid_token"' "$door: it says that"
	by "" POST /words hello
	is "$(status)" 400 "$door: an empty one"
	anon POST /words -H 'Authorization: Basic YTpi' hello
	is "$(status)" 202 "$door: another scheme is not ours"
	forget

	# --- whom the policy leaves out
	for public in read submit none; do
		policy "public $public"
		anon POST /words hello
		case $public in
		submit) is "$(status)" 202 "$door: public $public: submits" ;;
		*) problem 401 token-required "$door: public $public: does not submit" ;;
		esac
		anon GET /words
		is "$(status)" "$([ $public = submit ] && echo 200 || echo 401)" "$door: public $public: the form"
		by "$ci" POST /words hello
		id=$(json .id)
		is "$(status)" 202 "$door: public $public: a token submits"
		if [ $public != read ]; then
			anon GET "/words/$id/events"
			problem 401 token-required "$door: public $public: does not watch"
		fi
		for what in '' /log /result '?wait=0'; do
			anon GET "/words/$id$what"
			case $public$what in
			read/log) problem 404 no-log "$door: public $public: reads $what" ;;
			read/result) problem 409 not-finished "$door: public $public: reads $what" ;;
			'read?wait=0') is "$(status)" 202 "$door: public $public: waits" ;;
			read) is "$(status)" 200 "$door: public $public: reads" ;;
			*) problem 401 token-required "$door: public $public: does not read $what" ;;
			esac
		done
		by "$ci" GET "/words/$id"
		is "$(status)" 200 "$door: public $public: a token reads"
		by "$all" GET "/words/$id"
		is "$(status)" "$([ $public = read ] && echo 200 || echo 403)" "$door: public $public: and reads if anybody may"
		by "$other" POST /words hello
		is "$(status)" "$([ $public = submit ] && echo 202 || echo 403)" "$door: public $public: another queue's"
		ask POST /words hello
		is "$(status)" 202 "$door: public $public: this machine may submit"
		ask GET "/words/$id"
		is "$(status)" 200 "$door: public $public: and read"
		ask GET "/words/$id" -H "Authorization: Bearer $other"
		is "$(status)" "$([ $public = read ] && echo 200 || echo 403)" "$door: public $public: but who shows a token is who that says"
		forget
	done

	# --- without tokens
	rm spool/tokens
	anon POST /words hello
	problem 403 not-public "$door: no tokens: not for everybody"
	anon DELETE /words/x
	problem 403 not-an-operator "$door: no tokens: for operators"
	is "$(challenge)" '' "$door: no tokens: nothing to show"
	by "$ci" POST /words hello
	problem 401 invalid-token "$door: no tokens: none is good"
	cp tokens spool/tokens

	# --- what goes on to another queue, and waits
	policy 'public none'
	echo 'public none' >spool/results/queue.conf
	by "$ci" POST '/words?next=results' hello
	problem 403 insufficient-scope "$door: ?next= takes the right to submit there"
	by "$all" POST '/words?next=results' hello
	is "$(status)" 202 "$door: which one for all queues has"
	by "$all" POST '/words?next=nowhere' hello
	problem 400 about:blank "$door: if it is there"
	echo 'public submit' >spool/results/queue.conf
	by "$ci" POST '/words?next=results' hello
	is "$(status)" 202 "$door: or anybody"
	forget
	rm spool/results/queue.conf
	wqw-submit --key k words <hello >job
	id=$(cut -d / -f 2 job)
	wqw-worker words --drain -- cat 2>err
	policy 'public submit'
	anon POST '/words?key=k&wait=9' hello
	is "$(status) $(json .id)" "202 $id" "$door: who may not read is not told the result"
	anon POST '/words?key=k' -H 'Prefer: wait=9' hello
	is "$(status) $(field Preference-Applied)" '202 ' "$door: by no preference"
	policy 'public submit read'
	anon POST '/words?key=k&wait=9' hello
	is "$(status) $(cat body)" '200 hello, web' "$door: who may is"
	forget

	# --- whose jobs they are
	policy
	by "$ci" POST /words -H 'Idempotency-Key: k' hello
	first=$(json .id)
	like "$(cat "spool/words/new/$first")" '^Remote-User: token:ci$' "$door: the job has the token's name"
	by "$all" POST /words -H 'Idempotency-Key: k' hello
	isnt "$(json .id)" "$first" "$door: another token's key is another"
	anon POST /words -H 'Idempotency-Key: k' hello
	isnt "$(json .id)" "$first" "$door: and nobody's"
	by "$ci" POST /words -H 'Idempotency-Key: k' hello
	is "$(json .id)" "$first" "$door: its own is its own"
	as=token:ci
	anon POST /words -H 'Idempotency-Key: k' hello
	isnt "$(json .id)" "$first" "$door: no user can be a token"
	unlike "$(cat "spool/words/new/$(json .id)")" 'token:' "$door: or looks like one"
	as=''
	forget

	# --- the last resort
	anon POST "/words?access_token=$ci" hello
	is "$(status)" 202 "$door: ?access_token="
	id=$(json .id)
	anon DELETE "/words/$id?access_token=$ops"
	is "$(status)" 200 "$door: cancels"
	anon DELETE "/words/$id?access_token=$ci"
	problem 403 insufficient-scope "$door: if it may"
	ask GET "/words/$id?access_token=${ci}0"
	problem 401 invalid-token "$door: a wrong one"
	by "$ci" GET "/words/$id?access_token=$ci"
	problem 400 about:blank "$door: twice is wrong"
	is "$(challenge)" 'Bearer realm="wqw", error="invalid_request"' "$door: it says that"
	anon POST "/words/$id/retry?access_token=$all"
	wqw-worker words --drain -- cat 2>err
	anon GET "/words/$id/result?access_token=$ci"
	is "$(status) $(field Cache-Control)" '200 no-store' "$door: its answer is not to be kept"
	anon GET "/words/$id/result?access_token=$ci" -H "If-None-Match: $(field ETag)"
	is "$(status) $(field Cache-Control)" '304 no-store' "$door: nor is that it is as it was"
	for what in '/words?' "/words/$id?" '/words?state=done&limit=1&'; do
		ask GET "${what}access_token=$all" -H 'Accept: text/html'
		unlike "$(cat reply.head body)" "$all" "$door: no link has it: $what"
	done
	ok "$door: no token is in the spool" sh -c "! grep -rqE '$ci|$ops|$all|$other' spool"
	[ "$door" = cgi ] || ok "$door: or the log" sh -c "! grep -qE '$ci|$ops|$all|$other' listener.err"
	forget

	# --- a file of tokens that is wrong
	echo 'ci sha256:1 read words' >>spool/tokens
	by "$ci" POST /words hello
	problem 503 about:blank "$door: with a line that is wrong no token is good"
	unlike "$(cat body)" 'tokens:|ci' "$door: whose line is not for the client"
	like "$(cat err listener.err 2>/dev/null)" 'tokens:5: ci: what follows the name is not sha256: and 64 hexadecimal digits' \
		"$door: but in the log"
	anon POST /words hello
	is "$(status)" 202 "$door: anybody still may what anybody may"
	cp tokens spool/tokens
	chmod o+w spool/tokens
	by "$ci" POST /words hello
	problem 503 about:blank "$door: nor in a file that everybody can write to"
	like "$(cat err listener.err 2>/dev/null)" 'tokens: not a file, or everybody can write to it' "$door: the log says it"
	rm spool/tokens && mkfifo spool/tokens
	by "$ci" POST /words hello
	problem 503 about:blank "$door: nor is there one in a pipe"
	rm spool/tokens
	forget

	# --- a policy that is wrong
	cp tokens spool/tokens
	policy 'public read' 'pubic none'
	anon GET /words/x
	is "$(status)" 500 "$door: a policy that is wrong lets nobody read"
	anon POST /words hello
	is "$(status)" 503 "$door: or submit"
	by "$ci" GET /words/x
	problem 404 no-such-job "$door: but a token is what it is"
	ask GET /words/x
	problem 404 no-such-job "$door: and this machine"
	policy
	close_door
done

# --- users
door=cgi as=anna
for public in 'submit read' none; do
	policy "public $public" 'operators berta, anna'
	as=anna
	anon POST /words hello
	id=$(json .id)
	is "$(status)" 202 "public $public: a user submits"
	like "$(cat "spool/words/new/$id")" '^Remote-User: anna$' 'in their name'
	anon DELETE "/words/$id"
	is "$(status)" 200 "public $public: a user who is listed operates"
	as=carla
	anon GET "/words/$id"
	is "$(status)" 200 "public $public: one who is not reads"
	anon POST "/words/$id/retry"
	problem 403 not-an-operator "public $public: and does not operate"
	is "$(challenge)" '' 'with nothing to show'
	as=ann
	anon POST "/words/$id/retry"
	problem 403 not-an-operator 'a part of a name is another'
	as=carla
	ask POST "/words/$id/retry"
	is "$(status)" 202 'from this machine they do'
	by "$ci" DELETE "/words/$id"
	problem 403 insufficient-scope 'by a token they are that'
	as='*'
	policy "public $public" 'operators berta'
	anon DELETE "/words/$id"
	problem 403 not-an-operator 'a user of that name is nobody else'
done
as=''
forget
policy

# --- stored content

# sent TYPE FILENAME HOW: a result of this type is sent so.
sent()
{
	printf 'Content-Type: %s\nFilename: %s\n\n<script>alert(1)</script>' "$1" "$2" >spool/words/done/made
	ask GET /words/made/result
	is "$(sed -n 's/^Content-Disposition: //p; s/^X-Content-Type-Options: //p; s/^Cross-Origin-Resource-Policy: //p
		s/^Content-Security-Policy: \(sandbox; default-src .none.\).*/\1/p' reply.head | sort | paste -sd '|' -)" \
		"$3|nosniff|same-origin${4-|sandbox; default-src 'none'}" "$door: $1 as $2"
}

for door in cgi listener; do
	open_door
	for type in image/png image/jpeg image/gif image/webp text/plain 'text/plain; charset=utf-8' application/json; do
		sent "$type" evil.html 'inline; filename="evil.html"'
	done
	sent application/pdf a.pdf 'inline; filename="a.pdf"' ''
	for type in text/html 'text/html; charset=utf-7' image/svg+xml application/xhtml+xml text/xml application/javascript \
		text/css multipart/related application/octet-stream x/y TEXT/HTML 'text/plain; x="a, text/html"' text/plainx \
		'text/plain, text/html' nonsense ''; do
		sent "$type" logo.png 'attachment; filename="logo.png"'
	done
	sent image/svg+xml '' attachment
	sent text/html '../../<b>' "attachment; filename*=UTF-8''%3Cb%3E"
	sent text/html 'a"; b=c.html' "attachment; filename*=UTF-8''a%22%3B%20b%3Dc.html"
	sent text/html "$(printf 'gr\303\274n \303\237.svg')" "attachment; filename*=UTF-8''gr%C3%BCn%20%C3%9F.svg"
	id=$(echo x | wqw-submit words | cut -d / -f 2)
	wqw-worker words --drain -- sh -c 'echo "<script>" >&2; exit 100' 2>err
	anon GET "/words/$id/log"
	is "$(field Content-Type) $(field Content-Disposition)" 'text/plain; charset=utf-8 ' "$door: a log is text"
	is "$(field X-Content-Type-Options)" nosniff "$door: and nothing else"
	like "$(field Content-Security-Policy)" "^sandbox; default-src 'none'" "$door: that runs nothing"
	forget
	close_door
done
done_testing
