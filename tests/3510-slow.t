#!/bin/sh
# Clients that are slow, or many: they do not keep others waiting, and each limit of wqw-httpd ends them as documented.
# alone: a thousand clients send a byte a second, and what they cost is compared within one run
. "$(dirname "$0")/lib.sh"

need curl jq perl
unset http_proxy https_proxy all_proxy ALL_PROXY NO_PROXY LISTEN_FDS LISTEN_PID

code() { curl -q -s -S -m 60 -o body -D head.crlf -w '%{http_code}' "$@"; tr -d '\r' <head.crlf >head.lf; }
field() { sed -n "s/^$1: //p" head.lf; }
tmp_is_empty() { [ -z "$(find spool -path '*/tmp/*')" ]; }
held() { find "/proc/$listener/fd" -mindepth 1 -printf '%l\n' | grep -cE "^socket:|^$T/spool/"; }
no_clients() { [ "$(held)" -le "$idle" ]; }
memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$listener/status"; }

# Nowhere do 4 KiB lie that the listener has not read.
heads_are_read()
{
	! awk -v "port=:$(printf %04X "$port")\$" '$2 ~ port && $4 == "01" && $5 !~ /:00000...$/ { found = 1 } END { exit !found }' /proc/net/tcp
}

# listen OPTION...
listen()
{
	: >listener.err
	bg wqw-httpd -l 127.0.0.1:0 "$@" 2>listener.err
	listener=$BG_PID
	until_true grep -q 'listening on' listener.err
	port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
	web=http://127.0.0.1:$port
	idle=$(held)
}

# crowd NAME OPTION... MODE: slow clients that stay; what becomes of them is in the file NAME, their pid in $crowd.
crowd()
{
	crowd_name=$1
	shift
	bg slow "$@" "$port" >"$crowd_name"
	crowd=$BG_PID
	until_true grep -qx up "$crowd_name"
}

# ends FILE: how they have ended, as "2 408 closed".
ends() { sed 1d "$1" | cut -d ' ' -f 1,2 | sort | uniq -c | tr -s ' ' | sed 's/^ //' | paste -s -d ,; }
# soonest FILE: after how many milliseconds the first has.
soonest() { sed 1d "$1" | cut -d ' ' -f 3 | sort -n | head -n 1; }
# is_ended NAME WANTED TIME FILE
is_ended()
{
	is "$(ends "$4")" "$2" "$1"
	ok "$1: not before its time" test "$(soonest "$4")" -ge "$3"
}

wqw-init words wait || exit 1
head -c 8000000 /dev/zero >large
large=$(wqw-submit words <large)
wqw-worker words --drain -- cat

# --- options

for bad in --max-connections=0 --max-per-client=x --max-in-flight=0 --header-time=5x --idle-time=0 --min-rate=-1 \
	--rate-time=99999999d; do
	exits 64 "$bad" wqw-httpd -l 127.0.0.1:0 "$bad"
	is "$(said | wc -l | tr -d ' ') $(said | grep -c "^wqw-httpd: ${bad%%=*}: \"${bad#*=}\" is not ")" '1 1' "$bad: a line that says so"
done

exits 64 'a limit without its number' wqw-httpd --rate-time
is "$(said)" 'wqw-httpd: option --rate-time needs a value' 'says which'
exits 64 'no connection' sh -c 'wqw-httpd </dev/null'
like "$(said)" '^wqw-httpd: standard input is a device and no connection; -l ADDR:PORT listens' 'says so'

# --- a thousand

# requests NAME: 200 of them; the milliseconds they took are in $took.
requests()
{
	took=$(date +%s%3N)
	curl -q -s -S -m 60 -o out -w '%{http_code}\n' -d hello "$web/words?x=[1-100]" >codes
	curl -q -s -S -m 60 -o out -w '%{http_code}\n' --no-keepalive -H 'Connection: close' "$web/words?x=[1-100]" >>codes
	took=$(($(date +%s%3N) - took))
	is "$(sort codes | uniq -c | tr -s ' ' | paste -s -d ,)" ' 100 200, 100 202' "$1"
}

files=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
if [ "$files" != unlimited ] && [ "$files" -lt 4500 ]; then
	skip 'fewer than 4500 descriptors are allowed' 'a thousand slow clients'
else
	# That are on for as long as it takes.
	listen --header-time 10m --idle-time 10m --rate-time 10m
	requests 'nobody else is there: all are answered'
	alone=$took
	before=$(memory)
	crowd heads -n 500 -a 100 -h 7000 -p /words head
	heads=$crowd
	until_true heads_are_read
	with_heads=$(memory)
	crowd bodies -n 300 -a 100 -f 127.0.2.1 -h 8000 -p /words body
	bodies=$crowd
	crowd readers -n 100 -a 100 -f 127.0.3.1 -p "/$large/result" reader
	readers=$crowd
	crowd silents -n 100 -a 100 -f 127.0.4.1 silent
	requests 'a thousand slow ones are there: all are answered'
	ok 'what they sent is on disk' until_true sh -c 'test "$(find spool/words/tmp -type f -size +7900c | wc -l)" -eq 300'
	after=$(memory)
	kill "$heads" "$bodies" "$readers" "$crowd"
	wait "$heads" "$bodies" "$readers" "$crowd"
	is "$(cat heads bodies readers silents | grep -c ' open ')" 1000 'and were, until then'
	ok "in time: $took ms for $alone ms" test "$took" -le $((alone * 10 + 2000))
	if [ -n "$WQW_ASAN" ]; then
		skip 'sanitizers need memory of their own' 'a head is held in less than 24 KiB'
		skip 'sanitizers need memory of their own' 'an upload in less than 48'
	else
		ok "a head of 7 KiB is held in less than 24 KiB: $(((with_heads - before) * 1024 / 500)) bytes" \
			test $((with_heads - before)) -lt $((500 * 24))
		ok "an upload in less than 48: $((after - with_heads)) KiB for 500" test $((after - with_heads)) -lt $((500 * 48))
	fi
	ok 'no descriptor is left' until_true no_clients
	ok 'nor anything in tmp' until_true tmp_is_empty
	stop "$listener"
fi

# --- too slow

listen --header-time 1s --idle-time 1200ms --rate-time 1s --min-rate 100
# Side by side; each is looked at when all have ended.
all=''
for mode in silent head again idle body; do
	crowd "slow.$mode" -n 4 -a 4 -i 100 -p /words "$mode"
	all="$all $crowd"
done
crowd slow.late -n 4 -a 4 -i 100 -b 1000000 -h 8000 -p /words body
all="$all $crowd"
crowd slow.reader -n 4 -a 4 -i 100 -p "/$large/result" reader
all="$all $crowd"
crowd steady -n 4 -a 4 -i 100 -s 200 -b 6000 -p /words body
all="$all $crowd"
job=$(echo hello | wqw-submit wait)
curl -q -s -m 60 -o waited -w '%{http_code}' "$web/$job?wait=50" >waited.code &
waiter=$!
curl -q -s -m 60 -o fetched --limit-rate 3M "$web/$large/result" &
fetcher=$!
# shellcheck disable=SC2086 # pids
wait $all
is_ended 'nothing is said' '4 none closed' 1000 slow.silent
is_ended 'a slow head' '4 408 closed' 1000 slow.head
is_ended 'a slow head, after another request' '4 408 closed' 1000 slow.again
is_ended 'no other request' '4 200 closed' 1200 slow.idle
is_ended 'a slow body' '4 408 closed' 1000 slow.body
is_ended 'a body that becomes slow' '4 408 closed' 1000 slow.late
is_ended 'a slow reader' '4 200 reset' 1000 slow.reader
is_ended 'a body that takes three times as long, and no byte a second too few' '4 202 closed' 3000 steady
wait "$fetcher"
ok 'a reader that is fast enough' cmp fetched large
wqw-worker wait --drain -- cat
wait "$waiter"
is "$(cat waited.code) $(cat waited)" '200 hello' 'who waits for a job is not slow'
ok 'nothing of the others is left' until_true tmp_is_empty
ok 'nor a descriptor' until_true no_clients
stop "$listener"

# One connection, as by inetd.
for input in 'GET / HTTP/1.1\r\nHost: ' 'POST /words HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell'; do
	rm -f pipe && mkfifo pipe
	wqw-httpd --header-time 500ms --rate-time 500ms <pipe >reply &
	single=$!
	exec 9>pipe
	# shellcheck disable=SC2059 # the format is the request
	printf "$input" >&9
	wait "$single"
	is "$? $(head -n 1 reply | tr -d '\r')" '0 HTTP/1.1 408 Request Timeout' "a single connection: ${input%% *}"
	exec 9>&-
done

# --- too many

# has OPTION... CODE: the status of a request that is repeated until it is this one.
has()
{
	has_code=$1
	shift
	until_true has_now "$@"
}
has_now() { [ "$(code "$@")" = "$has_code" ]; }

listen --max-per-client 8 --max-in-flight 4 --max-connections 60 --header-time 10m --rate-time 10m
crowd many -n 8 -f 127.0.5.1 -p /words head
many=$crowd
is "$(code --interface 127.0.5.1 "$web/words") $(field Retry-After) $(field Connection)" '429 10 close' 'one too many of a client'
is "$(jq -r '.status, .title' body | paste -s -d ' ')" '429 Too Many Requests' 'is told so'
is "$(code --interface 127.0.5.1 -H Expect: --data-binary @large "$web/words") $(field Retry-After)" '429 10' 'with a body, too'
is "$(code --interface 127.0.5.2 "$web/words")" 200 'another client gets in'
crowd proxied -n 20 -f 127.0.0.1 -p /words head
is "$(code "$web/words")" 200 'a proxy of this machine is not one client'
stop "$crowd"
# The first of them are waited for, to be told; but not for as long as they like.
crowd crowded -n 60 -f 127.0.5.1 -p /words head
wait "$crowd"
is "$(ends crowded)" '60 none closed' 'far too many just end'
stop "$many"
ok 'when they have gone it gets in again' has 200 --interface 127.0.5.1 "$web/words"
ok 'no descriptor is left of them' until_true no_clients

crowd flying -n 4 -f 127.0.6.1 -p /words body
is "$(code -H Expect: -d hello "$web/words") $(field Retry-After) $(field Connection)" '503 5 close' 'one too many bodies on their way'
is "$(code -H Expect: --data-binary @large "$web/words") $(field Retry-After)" '503 5' 'a large one'
is "$(code -H 'Expect: 100-continue' --data-binary @large "$web/words") $(field Retry-After)" '503 5' 'and one that asks first'
is "$(code "$web/words")" 200 'what has no body is answered'
stop "$crowd"
ok 'when they have gone it is taken' has 202 -d hello "$web/words"
ok 'and no descriptor is left' until_true no_clients

crowd full -n 60 -a 10 -f 127.0.7.1 -p /words head
full=$crowd
is "$(code "$web/words") $(field Retry-After) $(field Connection)" '503 5 close' 'one too many of all'
crowd more -n 120 -a 20 -f 127.0.8.1 -p /words head
wait "$crowd"
is "$(ends more)" '120 none closed' 'far too many just end'
stop "$full"
ok 'when they have gone others get in' has 200 "$web/words"
is "$(ends full)" '60 none open' 'and who was there stayed'

x() { perl -e 'print "x" x shift' "$1"; }
is "$(code -H "X: $(x 8000)" "$web/words")" 200 'a head of just under 8 KiB'
is "$(code -H "X: $(x 8200)" "$web/words")" 431 'of just over'
is "$(jq -r '.status, .title' body | paste -s -d ' ')" '431 Request Header Fields Too Large' 'is told so'
is "$(code -H "X: $(x 8200)" -H Expect: --data-binary @large "$web/words")" 431 'also with a body'
ok 'nothing is left in tmp' until_true tmp_is_empty
stop "$listener"
done_testing
