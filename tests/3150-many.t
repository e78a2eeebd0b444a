#!/bin/sh
# Many jobs over the web: submitted by one request, and listed, a page at a time.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words small || exit 1
echo 'max-size 10' >spool/small/queue.conf
printf '{"n":1}\n\r\n{"n":2}\r\n\n{"n":"\303\251"}' >three
perl -e 'print "[$_]\n" for 1 .. 100' >hundred
perl -e 'print "[$_]\n" for 1 .. 101' >hundred-one
printf '{"n":1}\n"much too long"\n[]\n' >long
form()
{
	for form_i in "$@"; do
		printf -- '--X\r\nContent-Disposition: form-data; name="f"; filename="%s.txt"\r\nContent-Type: text/plain\r\n\r\nfile %s\r\n' \
			"$form_i" "$form_i"
	done
	printf -- '--X--\r\n'
}
form 1 2 3 >form.3
ndjson='Content-Type: application/x-ndjson'
payload() { sed '1,/^$/d' "$1"; }
nothing() { is "$(count spool/words/new) $(count spool/words/tmp) $(count spool/small/new) $(count spool/small/tmp)" '0 0 0 0' "$1: nothing was accepted"; }

for door in cgi listener; do
	open_door
	find spool -name '2*' -exec rm -f {} +
	find spool -type l -exec rm -f {} +

	# --- lines
	ask POST /words -H "$ndjson" three
	is "$(status) $(field Content-Type) $(wc -l <body | tr -d ' ')" '202 application/x-ndjson 3' "$door: a line for each"
	is "$(jq -r '[.status, .state] | @tsv' body | sort -u)" '202	new' "$door: all accepted"
	jq -r .id body >ids
	while read -r id; do payload "spool/words/new/$id"; echo; done <ids >payloads
	is "$(cat payloads)" "$(printf '{"n":1}\n{"n":2}\n{"n":"\303\251"}')" "$door: in their order, without line ends"
	is "$(grep -lr '^Content-Type: application/json$' spool/words/new | wc -l | tr -d ' ')" 3 "$door: each is JSON"
	is "$(count spool/words/new)" 3 "$door: and no more"
	like "$(jq -r .links.self body | head -n 1)" "/words/$(head -n 1 ids)\$" "$door: with links"
	rm -f spool/words/new/*
	ask POST '/words?key=k' -H "$ndjson" three
	cp body first
	ask POST /words -H "$ndjson" -H 'Idempotency-Key: "k"' three
	ok "$door: a key stands for all of them" cmp body first
	is "$(jq -r .id body | sort -u | wc -l | tr -d ' ') $(count spool/words/new)" '3 3' "$door: which are three"
	printf '{"n":1}\n{"n":3}\n' >other
	ask POST '/words?key=k' -H "$ndjson" other
	is "$(status) $(jq -r .status body | tr '\n' ' ')" '207 202 422 ' "$door: each is told by itself"
	is "$(jq -r .id body)" "$(jq -r .id first | head -n 2)" "$door: of which job"
	is "$(count spool/words/new) $(count spool/words/tmp)" '3 0' "$door: and nothing more is there"
	rm -f spool/words/new/*
	ask POST /words -H "$ndjson" hundred
	is "$(status) $(count spool/words/new)" '202 100' "$door: a hundred"
	rm -f spool/words/new/*
	ask POST /words -H "$ndjson" hundred-one
	problem 413 too-many "$door: and one"
	nothing "$door"
	ask POST /small -H "$ndjson" long
	problem 413 too-large "$door: a line that is too long"
	nothing "$door"
	printf '\n\r\n\n' >blank
	ask POST /words -H "$ndjson" blank
	problem 400 about:blank "$door: no line at all"
	ask POST /words -H "$ndjson" -H 'Prefer: wait=60' three
	is "$(status)" 202 "$door: several are not waited for"
	ask POST /words -H "$ndjson" -H 'Accept: text/html' three
	is "$(status) $(grep -c '<a class="job" href="[^"]*/words/' body)" '202 3' "$door: a page has links to them"
	rm -f spool/words/new/*

	# --- files of a form
	ask POST /words -H 'Content-Type: multipart/form-data; boundary=X' form.3
	is "$(status) $(wc -l <body | tr -d ' ')" '202 3' "$door: a form of three files"
	for id in $(jq -r .id body); do payload "spool/words/new/$id"; echo; done >payloads
	is "$(tr '\n' ' ' <payloads)" 'file 1 file 2 file 3 ' "$door: in their order"
	is "$(grep -lr '^Filename: [123].txt$' spool/words/new | wc -l | tr -d ' ')" 3 "$door: with their names"
	ask POST /small -H 'Content-Type: multipart/form-data; boundary=X' form.3
	is "$(status) $(count spool/small/new)" '202 3' "$door: each may be as large as one"
	rm -f spool/*/new/*
	head -c 300 form.3 >broken
	ask POST /words -H 'Content-Type: multipart/form-data; boundary=X' broken
	problem 400 about:blank "$door: a form that breaks off"
	nothing "$door"
	close_door
done

# --- lists

id_of() { printf '20260101T000000.0000%02d-k3v9q0t7x2m4c8d1' "$1"; }
for i in 1 2 3 4 5 6 7; do printf '\n' >"spool/words/failed/$(id_of $i),A=1,X=exit"; done
printf '\n' >"spool/words/new/$(id_of 8)"
printf '\n' >"spool/words/later/$(id_of 9)"
touch -d 2100-01-02T00:00:00Z "spool/words/later/$(id_of 9)"
printf '\n' >"spool/words/later/$(id_of 10)"
touch -d 2090-01-01T00:00:00Z "spool/words/later/$(id_of 10)"
printf '\n' >"spool/words/cur/$(id_of 11),A=1"
: >spool/words/failed/.hidden
link() { sed -n "s/^Link: <\(.*\)>; rel=\"$1\"\$/\1/p" reply.head; }
ids() { jq -r '.jobs[].id' body | sed 's/^[^.]*\.0000\(..\).*/\1/' | tr '\n' ' '; }

for door in cgi listener; do
	open_door
	ask GET '/words?state=failed'
	is "$(status) $(ids)$(json '.jobs[0].reason') $(json .state)" '200 01 02 03 04 05 06 07 exit failed' "$door: all"
	is "$(link next)$(link prev)" '' "$door: on one page"
	ask GET '/words?state=failed&limit=3'
	is "$(ids)$(link prev)" '01 02 03 ' "$door: the first three"
	next=$(link next)
	like "$next" '/words\?state=failed&limit=3&after=' "$door: and a link to the next"
	ask GET "/words?${next#*\?}"
	is "$(ids)" '04 05 06 ' "$door: which are these"
	back=$(link prev) next=$(link next)
	ask GET "/words?${next#*\?}"
	is "$(ids)$(link next)" '07 ' "$door: and the last"
	prev=$(link prev)
	ask GET "/words?${prev#*\?}"
	is "$(ids)" '04 05 06 ' "$door: and back"
	ask GET "/words?${back#*\?}"
	is "$(ids)$(link prev)" '01 02 03 ' "$door: to the first"
	like "$(link next)" "after=$(id_of 3)" "$door: from which it goes on"
	ask GET "/words?state=failed&limit=3&before=$(id_of 6)"
	is "$(ids)" '03 04 05 ' "$door: those before one"
	like "$(link prev) $(link next)" "before=$(id_of 3) .*after=$(id_of 5)" "$door: with links to both sides"
	for pair in new:08 held:09 later:10 abandoned:11 running: done:; do
		ask GET "/words?state=${pair%:*}"
		is "$(status) $(ids | tr -d ' ')" "200 ${pair#*:}" "$door: ${pair%:*}"
	done
	for query in state= state=eaten 'state=failed&limit=0' 'state=failed&limit=1001' 'state=failed&limit=x' \
		'state=failed&after=a&before=b' 'state=failed&after=' 'state=failed&before=a,A=1' "state=$(printf '%0300d' 1)"; do
		ask GET "/words?$query"
		problem 400 about:blank "$door: $(printf %.30s "$query")"
	done
	ask GET '/words?state=failed' -H 'X-Forwarded-For: 192.0.2.7'
	problem 403 not-an-operator "$door: a list is for operators"
	ask GET '/words?state=failed' -H 'Accept: text/html'
	is "$(status) $(grep -c 'class="job"' body)" '200 7' "$door: as a page"
	ask GET '/words'
	is "$(status) $(json .queue) $(json .jobs)" '200 words null' "$door: without a state nothing is listed"
	close_door
done
done_testing
