#!/bin/sh
# What a submitter may ask for: when, how long, how urgently, in which order; by option, by query and by policy.
. "$(dirname "$0")/lib.sh"

wqw-init q
empty_queue() { find spool/q -type f ! -name queue.conf -exec rm -f {} +; }
nothing() { test -z "$(find spool/q -type f ! -name queue.conf)"; }
field() { sed -n "/^\$/q;s/^$1: *//p" "$2"; }
# in_seconds FILE: from now until its mtime.
due_in() { echo $(($(stat -c %Y "$1") - $(date +%s))); }
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }

# web QUERY: a POST of a word; the reply is in `reply`.
web()
{
	printf word | REQUEST_METHOD=POST PATH_INFO=/q QUERY_STRING="$1" CONTENT_LENGTH=4 CONTENT_TYPE=text/plain \
		SCRIPT_NAME='' SERVER_PROTOCOL=HTTP/1.1 wqw.cgi >reply
}

submit() { echo word | wqw-submit "$@" q >/dev/null; }

# both NAME VALUE CHECK...: submits with the option, then with the query, and each time the check holds.
both()
{
	name=$1 value=$2
	shift 2
	ok "--$name=$value" submit "--$name=$value"
	"$@" && pass "  $*" || { fail "  $*"; ls -lR spool/q >&2; }
	empty_queue
	web "$name=$(printf %s "$value" | sed 's/+/%2B/g')"
	like "$(cat reply)" '^Status: 202' "  ?$name="
	"$@" && pass "  $*" || { fail "  $*"; cat reply >&2; }
	empty_queue
}

later() { counts spool/q/later 1 && counts spool/q/new 0 && between "$(due_in spool/q/later/*)" "$1" "$2"; }
ready() { counts spool/q/new 1 && counts spool/q/later 0; }
named() { set -- "$1" spool/q/new/2* && [ "${2#*,}" = "$1" ]; }
expires() { for wqw_file in spool/q/*/2*; do [ "$(field Expires "$wqw_file")" = "$1" ]; done; }
expires_in()
{
	for wqw_file in spool/q/*/2*; do
		wqw_when=$(field Expires "$wqw_file")
		between $(($(date -d "$wqw_when" +%s) - $(date +%s))) "$1" "$2"
	done
}

both delay 1h later 3500 3600
both delay 500ms later -30 1
both delay 0 ready
both delay 36500d later 3153500000 3153600000
both at "$(date -d '+2 hours' +%Y-%m-%dT%H:%MZ)" later 7000 7200
both at "$(TZ=XXX-3:30 date -d '+2 hours' +%Y-%m-%dT%H:%M:%S+03:30)" later 7100 7200
both at 2001-01-01T00:00Z ready
both priority 0 named P=0
both priority 9 named P=9
both group cust.1 named G=cust.1
both expires 1h expires_in 3590 3601
both expires 1ms expires_in -30 1
both expires 2031-01-01T00:00:00.5+01:00 expires 2030-12-31T23:00:01Z
both expires never expires ''
unlike "$(echo word | wqw-submit --expires never q; cat spool/q/new/*)" Expires 'never is not written down'
empty_queue
submit --delay 1h --expires 1h
ok 'a duration counts from when the job is due' expires_in 7190 7201
empty_queue
web 'delay=1h'
like "$(cat reply)" '"state": *"later"' 'the web says that it waits'
empty_queue

# --- the policy, and what overrides it

printf '%s\n' 'delay 1h' 'expires 2h' 'priority 7' >spool/q/queue.conf
submit
ok 'policy delay' later 3500 3600
ok 'policy expires' expires_in 10790 10801
like "$(ls spool/q/later)" ',P=7$' 'policy priority'
empty_queue
web ''
ok 'in the web, too' later 3500 3600
ok '  expires' expires_in 10790 10801
like "$(ls spool/q/later)" ',P=7$' '  priority'
empty_queue
submit --delay 0 --expires never --priority 5
ok '--delay 0 wins' ready
unlike "$(ls spool/q/new)" ',P=' '--priority 5 wins'
ok '--expires never wins' expires ''
empty_queue
submit --at 2001-01-01T00:00Z
ok '--at wins over delay' ready
empty_queue
rm spool/q/queue.conf

# --- what is refused: one line, and nothing is written

# refused NAME VALUE TEXT
refused()
{
	exits 64 "refused: --$1 '$2'" wqw-submit "--$1" "$2" q </dev/null
	like "$(said)" "--$1 .*: $3" '  says why'
	is "$(said | wc -l)" 1 '  in a line'
	web "$1=$(printf %s "$2" | sed 's/%/%25/g;s/+/%2B/g;s/ /+/g')"
	like "$(cat reply)" '^Status: 400' "  ?$1="
	like "$(cat reply)" "query's $1: $3" '  says why'
	ok '  nothing was written' nothing
}

for value in '' -1 +1 ' 5m' 5x 1.5h 36526d 99999999999999999999; do
	refused delay "$value" 'not a duration, as'
done
for value in '' now 10m 2026-12-01 2026-12-01T08:00 '2026-12-01 08:00Z' 2026-02-30T08:00Z "$(printf '%0400d' 1)"; do
	refused at "$value" 'not a time from 1970 on, as 2026'
done
for value in '' 0 -1 5x 99999999999999999999 2026-12-01T25:00Z; do
	refused expires "$value" 'neither a duration'
done
for value in '' -1 10 5x 0x5 99999999999999999999; do
	refused priority "$value" 'not a number from 0 to 9'
done
for value in '' .x 'a b' a/b "$(printf '%065d' 1)"; do
	refused group "$value" 'not 1 to 64 letters'
done
exits 64 'both --delay and --at' wqw-submit --delay 1h --at 2031-01-01T00:00Z q </dev/null
like "$(said)" 'only one of them' 'says so'
web 'delay=1h&at=2031-01-01T00:00Z'
like "$(cat reply)" '^Status: 400' 'in the web, too'
web 'delay=%zz'
like "$(cat reply)" '^Status: 400' 'a broken escape'
web "group=$(printf '%01000d' 1)"
like "$(cat reply)" '^Status: 400' 'much too long'
ok 'nothing was written' nothing
for line in 'delay x' 'delay -1' 'expires 0' 'expires' 'priority 10' 'priority 5x'; do
	echo "$line" >spool/q/queue.conf
	exits 78 "queue.conf: $line" wqw-submit q </dev/null
	is "$(said | wc -l)" 1 '  in a line'
done
ok 'nothing was written' nothing
done_testing
