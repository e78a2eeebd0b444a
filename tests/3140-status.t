#!/bin/sh
# The state of a job as a client polls it: when to ask again, where the result is, why it has failed.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words || exit 1
printf 'hello, web' >hello

for door in cgi listener; do
	open_door
	rm -f spool/words/queue.conf spool/words/*/2*

	ask POST /words hello
	id=$(json .id)
	ask GET "/words/$id"
	is "$(status) $(json .state) $(field Retry-After)" '200 new 1' "$door: it waits"
	wqw-worker words --drain -- cat
	ask GET "/words/$id"
	is "$(status) $(json .state) $(field Location)" '200 done ' "$door: it is done"
	echo 'redirect yes' >spool/words/queue.conf
	ask GET "/words/$id"
	is "$(status) $(json .state)" '303 done' "$door: redirect"
	like "$(field Location)" "/words/$id/result\$" "$door: to the result"
	ask GET "/words/$id" -H 'Accept: text/html'
	is "$(status)" 303 "$door: for a browser, too"
	ask POST /words hello
	id=$(json .id)
	ask GET "/words/$id"
	is "$(status) $(field Location)" '200 ' "$door: but not before it is done"

	# --- failed
	wqw-worker words --drain -- sh -c 'yes "a line of the log" | head -n 1000 >&2; printf "\\377 at last\\0\\n" >&2; exit 100'
	ask GET "/words/$id"
	is "$(status) $(field Content-Type) $(kind) $(json .state) $(json .reason) $(json .log)" \
		'200 application/problem+json failed failed exit null' "$door: a job that has failed"
	like "$(json .detail)" "$id has failed \(exit\)" "$door: says so"
	like "$(json .links.log)" "/words/$id/log\$" "$door: and where its log is"
	echo 'show-log yes' >spool/words/queue.conf
	ask GET "/words/$id"
	like "$(json .log)" '^\? at last\?$' "$door: show-log"
	like "$(json .log)" '^wqw: .* exit 100; failed for good$' "$door: has the last line"
	is "$(json .log | head -n 1)" 'a line of the log' "$door: whole lines"
	ok "$door: not all of it" test "$(json .log | wc -c)" -le 2048
	ask GET "/words/$id/result"
	problem 409 failed "$door: the result of it"
	like "$(json .log)" 'at last' "$door: shows the log, too"
	ask GET "/words/$id" -H 'Accept: text/html'
	like "$(cat body)" '<h1>Your request has failed</h1>' "$door: and a page"
	echo 'show-logs yes' >spool/words/queue.conf
	ask GET "/words/$id"
	is "$(status) $(json .log)" '200 null' "$door: a wrong policy shows nothing, and hides no state"
	rm -f spool/words/queue.conf
	close_door
done

# --- the pace: jobs that ended lately, and how many come before

door=cgi
rm -f spool/words/*/2*
for i in 1 2 3 4 5 6 7 8 9 10; do echo "$i" | wqw-submit words >/dev/null; done
wqw-worker words --drain -- sh -c 'timeout 0.1 tail -f /dev/null; cat'
for i in 1 2 3; do echo "$i" | wqw-submit words >/dev/null; done
ask POST /words hello
id=$(json .id)
ask GET "/words/$id"
pace=$(field Retry-After)
ok "a short queue: $pace" test "$pace" -ge 1 -a "$pace" -le 300
# A thousand that were there before.
perl -e 'for my $i (1000 .. 1999) { open my $f, ">", "spool/words/new/20200101T000000.00$i-k3v9q0t7x2m4c8d1" or die; print $f "\n" }'
ask GET "/words/$id"
long=$(field Retry-After)
ok "a long one: $long" test "$long" -ge "$pace" -a "$long" -le 300
ok 'it is longer' test "$long" -gt 1
rm -f spool/words/stat/.count
ask GET "/words/$id"
is "$(field Retry-After)" 1 'without counters it is a guess'
done_testing
