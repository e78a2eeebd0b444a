#!/bin/sh
# What a queue takes, by its policy, before anything is accepted: types, header fields, JSON, and what a command thinks of it.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl pgrep

wqw-init types fields json strict || exit 1
echo 'accept-types text/plain, image/*' >spool/types/queue.conf
echo 'require-header X-Tenant x-other' >spool/fields/queue.conf
echo 'json yes' >spool/json/queue.conf
printf 'hello, web' >hello
printf '%s' 'Content-Type: multipart/form-data; boundary=X' >form.type
form_of()
{
	printf -- '--X\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: %s\r\n\r\n' "$1"
	cat "$2"
	printf '\r\n--X--\r\n'
}
nothing() { is "$(find spool -path '*/new/*' -o -path '*/tmp/*' | wc -l)" 0 "$1: nothing was accepted"; }

# A check that looks at what it is given, and leaves something behind.
cat >check <<'EOF'
#!/bin/sh
cat >"seen.$$"
words=$(cat "seen.$$")
mv "seen.$$" seen
case $words in
good*) echo 'nobody reads this' >&2; exit 0 ;;
bad*) echo 'line 1 <is> wrong' >&2; echo 'line 2' >&2; exit 1 ;;
mute*) exit 3 ;;
crash*) kill -KILL $$ ;;
loud*) yes 'very loud' >&2 ;;
child*) setsid tail -f /dev/null --pid=$$ "$PWD/marker" & setsid tail -f "$PWD/marker" >/dev/null 2>&1 & exit 0 ;;
env*) { env; pwd; ls -l /proc/self/fd; } >env ; exit 0 ;;
slow*) exec tail -f /dev/null ;;
esac
EOF
chmod +x check
: >marker
echo "check $T/check" >spool/strict/queue.conf

for door in cgi listener; do
	open_door

	# --- types
	for type in text/plain 'Text/Plain; charset=utf-8' image/png; do
		ask POST /types -H "Content-Type: $type" hello
		is "$(status)" 202 "$door: $type"
	done
	rm -f spool/*/new/*
	for type in text/html text/plainer imagex/png application/json; do
		ask POST /types -H "Content-Type: $type" hello
		problem 415 wrong-type "$door: $type"
	done
	is "$(field Accept)" 'text/plain, image/*' "$door: says what goes"
	ask POST /types hello
	problem 415 wrong-type "$door: no type"
	form_of text/html hello >form
	ask POST /types -H "$(cat form.type)" form
	problem 415 wrong-type "$door: a file of a form"
	nothing "$door: types"
	form_of image/gif hello >form
	ask POST /types -H "$(cat form.type)" form
	is "$(status)" 202 "$door: another one"
	rm -f spool/*/new/*

	# --- fields
	ask POST /fields -H 'X-Tenant: a' -H 'X-Other: b' hello
	is "$(status)" 202 "$door: with all fields"
	rm -f spool/*/new/*
	ask POST /fields -H 'X-Tenant: a' hello
	problem 400 header-required "$door: one is missing"
	is "$(json .header)" x-other "$door: namely"
	nothing "$door: fields"

	# --- JSON
	for good in '{}' '[]' ' [1, -0.5e+10, "a\u00e9\n", true, false, null, {"a":{"b":[]}}] ' '"x"' 0 -1 1e5 'null'; do
		printf '%s' "$good" >good
		ask POST /json good
		is "$(status)" 202 "$door: $(printf %s "$good" | tr -d '\134')"
	done
	rm -f spool/*/new/*
	for bad in '' ' ' '{' '[1,]' '{"a"}' '{"a":1,}' "{'a':1}" 01 1. .5 -  nul nulll '"a' '[1 2]' '{}{}' '[}' NaN '"a\x"' '"\u00g0"'; do
		printf '%s' "$bad" >bad
		ask POST /json bad
		problem 422 not-json "$door: not $(printf %s "$bad" | tr -d '\134')"
	done
	printf '"\377"' >bad
	ask POST /json bad
	problem 422 not-json "$door: not UTF-8"
	is "$(json .at)" 1 "$door: it says where"
	printf '1\n[2]\n{"a\n' >bad
	ask POST /types -H 'Content-Type: application/x-ndjson' bad
	problem 415 wrong-type "$door: lines are JSON"
	ask POST /json -H 'Content-Type: application/x-ndjson' bad
	problem 422 not-json "$door: lines"
	like "$(json .detail)" '^Line 3: ' "$door: it says which one"
	nothing "$door: JSON"

	# --- a command
	perl -e 'print "good", "x" x 300000' >good
	ask POST /strict good
	is "$(status)" 202 "$door: a payload that the check lets pass"
	ok "$door: which has seen all of it" cmp good seen
	rm -f spool/*/new/*
	echo bad >bad
	ask POST /strict bad
	problem 422 invalid "$door: one that it does not"
	is "$(json .detail)" 'line 1 <is> wrong' "$door: for this reason"
	ask POST /strict -H 'Accept: text/html' bad
	like "$(cat body)" 'line 1 &lt;is&gt; wrong' "$door: on a page, too"
	for what in mute crash loud; do
		echo "$what" >bad
		ask POST /strict bad
		problem 422 invalid "$door: $what"
	done
	form_of text/plain bad >form
	ask POST /strict -H "$(cat form.type)" form
	problem 422 invalid "$door: a file of a form"
	printf '"good"\n"bad"\n' >bad
	cp check check.old
	sed -i 's/good\*/*good*/; s/bad\*/*bad*/' check
	ask POST /strict -H 'Content-Type: application/x-ndjson' bad
	problem 422 invalid "$door: one of several refuses all"
	cp check.old check
	nothing "$door: the command"
	echo child >child
	ask POST /strict child
	is "$(status)" 202 "$door: a check that leaves processes behind"
	is "$(pgrep -f "$T/marker" | wc -l | tr -d ' ')" 0 "$door: is rid of them"
	echo env >child
	ask POST /strict child
	is "$(sed -n 's/^WQW_QUEUE=//p' env) $(grep -c '^PATH=' env) $(grep -cE '^(HTTP_|REQUEST_|WQW_SPOOL)' env)" 'strict 1 0' \
		"$door: it gets a clean environment"
	rm -f spool/*/new/*
	echo 'check ./no-such-command' >spool/strict/queue.conf
	ask POST /strict hello
	is "$(status) $(field Retry-After)" "503 $(field Retry-After)" "$door: a check that cannot be run"
	like "$(cat err listener.err 2>/dev/null)" "strict: The queue's check cannot be run" "$door: the operator hears of it"
	nothing "$door: no check"
	echo "check $T/check" >spool/strict/queue.conf
	rm -f env seen
	close_door
done

# --- while one check takes its time, others are served

door=listener
open_door
{ echo slow; seq 1500; } >slow
for i in 1 2 3 4 5 6; do
	curl -q -s -m 60 -o "slow.$i" -w '%{http_code}\n' --data-binary @slow "http://127.0.0.1:$port/strict" >"code.$i" &
	slow="${slow:-} $!"
done
wait_count spool/strict/tmp 6
ask POST /json -H 'Content-Type: application/json' hello
problem 422 not-json 'the listener answers others meanwhile'
# shellcheck disable=SC2086 # pids
wait $slow
is "$(cat code.* | sort | uniq -c | tr -d ' ')" 6422 'a check without end is ended'
like "$(jq -r .detail slow.1)" 'not come to an end in 10 seconds' 'and says so'
nothing 'slow'
done_testing
