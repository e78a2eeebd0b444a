#!/bin/sh
# Idempotency-Key: who sends a request again gets the same answer, and nothing is done twice.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words strict || exit 1
echo 'require-key yes' >spool/strict/queue.conf
printf 'hello, web' >hello
printf 'other' >other
empty() { find spool -type f ! -name queue.conf -exec rm -f {} +; find spool -type l -exec rm -f {} +; }

# answer: what a client has of the last one.
answer() { grep -vi '^date:' reply.head; cat body; }

for door in cgi listener; do
	open_door

	ask POST /words -H 'Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"' -H 'Content-Type: text/plain' hello
	is "$(status) $(json .state)" '202 new' "$door: the first"
	answer >first
	like "$(cat spool/words/new/*)" '^Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324$' "$door: the key is the job's"
	ask POST /words -H 'Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"' hello
	answer >again
	ok "$door: again" cmp first again
	ask POST '/words?key=8e03978e-40d5-43dd-bc93-6894a57f9324' hello
	answer >again
	ok "$door: by the query" cmp first again
	ask POST '/words?key=8e03978e-40d5-43dd-bc93-6894a57f9324' -H 'Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324' hello
	answer >again
	ok "$door: by both, and without quotes" cmp first again
	is "$(count spool/words/new)" 1 "$door: one job"
	wqw-worker words --drain -- sh -c 'echo log >&2; cat'
	ask POST /words -H 'Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"' hello
	answer >again
	ok "$door: the same answer, though it is done" cmp first again
	ask POST /words -H 'Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"' other
	problem 422 key-reused "$door: another payload"
	like "$(json .location)" "$(sed -n 's/^Location: //p' first)" "$door: says of which job"
	is "$(count spool/words/new) $(count spool/words/tmp)" '0 0' "$door: and nothing is left of it"

	# A job that was to wait was accepted as one that waits.
	ask POST '/words?key=w&delay=1h' hello
	is "$(status) $(json .state)" '202 later' "$door: a delayed one"
	answer >first
	touch -d 2020-01-01 spool/words/later/*
	wqw-worker words --drain -- cat
	ask POST '/words?delay=1h' -H 'Idempotency-Key: "w"' hello
	answer >again
	ok "$door: the same answer, though it is done" cmp first again

	# --- what a key is
	ask POST /words -H 'Idempotency-Key: "a \"b\" \\c"' hello
	is "$(status)" 202 "$door: a string with escapes"
	like "$(cat spool/words/new/*)" '^Idempotency-Key: a "b" \\c$' "$door: means what it means"
	empty
	ask POST /words -H 'Idempotency-Key:  "x" ;v=1' hello
	is "$(status)" 202 "$door: parameters do not count"
	like "$(cat spool/words/new/*)" '^Idempotency-Key: x$' "$door: namely"
	ask POST /words -H "Idempotency-Key: \"$(printf '%0255d' 1)\"" hello
	is "$(status)" 202 "$door: the longest"
	for key in '"' '"a' '""' '" a"' '"a"b' '"a", "b"' 'a b' 'a,b' '"a\b"' '"é"' "\"$(printf '%0256d' 1)\""; do
		ask POST /words -H "Idempotency-Key: $key" hello
		problem 400 about:blank "$door: no key: $(printf %.10s "$key" | tr -cd 'a-z, ')"
	done
	ask POST '/words?key=a' -H 'Idempotency-Key: "b"' hello
	problem 400 about:blank "$door: two keys"
	is "$(count spool/words/new) $(count spool/words/tmp)" '2 0' "$door: nothing was accepted"
	empty

	# --- a queue that wants one
	ask POST /strict hello
	problem 400 key-required "$door: no key where there must be one"
	ask POST '/strict?key=' hello
	problem 400 about:blank "$door: nor an empty one"
	is "$(count spool/strict/new)" 0 "$door: nothing was accepted"
	ask POST /strict -H 'Idempotency-Key: k' hello
	is "$(status)" 202 "$door: with a key"
	ask POST '/strict?key=k' hello
	is "$(status) $(count spool/strict/new)" '202 1' "$door: in the query"
	empty
	close_door
done

# --- whose key it is

door=cgi
ask POST '/words?key=k' hello
nobody=$(json .id)
as=anna
ask POST '/words?key=k' other
anna=$(json .id)
isnt "$(status) $anna" "202 $nobody" "a user's key is not that of those without a name"
as=bert
ask POST '/words?key=k' hello
isnt "$(status) $(json .id)" "202 $anna" "nor another user's"
as=anna
ask POST '/words?key=k' other
is "$(status) $(json .id)" "202 $anna" 'but their own'
ask POST '/words?key=k' hello
problem 422 key-reused 'for their own payload'
as=''
ask POST '/words?key=k' hello
is "$(json .id)" "$nobody" 'and so is that of those without a name'
is "$(count spool/words/new) $(wqw-submit --key k words hello)" "3 words/$nobody" 'which the shell has too'
link=$(printf 'anna\nk' | sha256sum | cut -c 1-64)
like "$(readlink "spool/words/keys/$link")" ":$anna\$" 'kept as spool-layout.md says'
empty

# --- many at once, at the listener

door=listener
open_door
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	curl -q -s -S -m 60 -o "out.$i" -w '%{http_code}\n' -H 'Idempotency-Key: "one"' --data-binary @hello \
		"http://127.0.0.1:$port/words" >"code.$i" &
	many="${many:-} $!"
done
# shellcheck disable=SC2086 # pids
wait $many
is "$(cat code.* | sort | uniq -c | tr -d ' ')" 16202 'sixteen with one key: each is told that it is accepted'
is "$(cat out.* | jq -r .id | sort -u | wc -l | tr -d ' ') $(count spool/words/new)" '1 1' 'the same job'
done_testing
