#!/bin/sh
# wqw-httpd as a listener: submissions that come together share commits; framing that two programs could read differently
# is refused and ends the connection; at a signal what has begun is finished.
. "$(dirname "$0")/lib.sh"

need curl perl
wqw-init box 2>/dev/null || exit 1
printf 'reserve-bytes 0\nreserve-inodes 0\n' >spool/box/queue.conf
port=$(free_port)
bg wqw-httpd -l "127.0.0.1:$port" 2>log
server=$BG_PID
wait_port "$port"

# raw: sends standard input and prints all that comes back, until the server closes.
raw()
{
	timeout 20 perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift) or die;
		$SIG{PIPE} = "IGNORE";
		local $/; my $text = <STDIN>;
		$s->syswrite($text);
		print while defined($_ = <$s>) && length' "$port"
}

# refused NAME REQUEST-HEAD BODY: 400, the connection is closed, and what follows is not taken for a request.
refused()
{
	before=$(count spool/box/new)
	answer=$(printf '%b' "$2\r\n\r\n$3" "GET /box HTTP/1.1\r\nHost: x\r\n\r\n" | raw) || answer="$answer (still open)"
	first=$(printf '%s\n' "$answer" | head -n 1 | tr -d '\r')
	like "$first" '^HTTP/1.1 (400|501) ' "$1: refused"
	unlike "$answer" '^HTTP/1.1 [23]|still open' "$1: and nothing else is answered"
	is "$(count spool/box/new)$(count spool/box/tmp)" "${before}0" "$1: nothing is left"
}

POST='POST /box HTTP/1.1\r\nHost: x'
refused 'Content-Length with Transfer-Encoding' "$POST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked" '0\r\n\r\n'
refused 'two Content-Lengths that differ' "$POST\r\nContent-Length: 5\r\nContent-Length: 6" 'hello'
refused 'a Content-Length that is a list' "$POST\r\nContent-Length: 5, 6" 'hello'
refused 'a negative Content-Length' "$POST\r\nContent-Length: -5" 'hello'
refused 'an unknown transfer coding' "$POST\r\nTransfer-Encoding: gzip" 'hello'
refused 'a coding before chunked' "$POST\r\nTransfer-Encoding: gzip, chunked" '0\r\n\r\n'
refused 'a control byte in the address' 'GET /box\001 HTTP/1.1\r\nHost: x' ''
refused 'an encoded NUL in the address' 'GET /box/%00 HTTP/1.1\r\nHost: x' ''

# One connection, several requests.
both=$(printf '%b' "$POST\r\nContent-Length: 5\r\n\r\nhello$POST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n" | raw)
is "$(printf '%s\n' "$both" | grep -c '^HTTP/1.1 202')" 2 'a connection is kept for the next request'
is "$(for job in spool/box/new/*; do wqw-cat --job "box/${job##*/}"; done | tr -d '\n')" helloworld 'and both bodies are whole'
rm spool/box/new/*

# --- commits

if command -v strace >/dev/null && [ -z "$WQW_ASAN" ]; then
	bg command strace -f -e trace=fsync -y -o trace -p "$server" 2>err
	tracer=$BG_PID
	until_true grep -q 'attached\|ptrace' err
	echo x >body
	pids=''
	for _ in $(seq 64); do
		curl -q -sS -o /dev/null -w '%{http_code}\n' --data-binary @body "http://127.0.0.1:$port/box" >>codes &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # numbers
	wait $pids
	stop "$tracer"
	if [ -s trace ]; then
		is "$(grep -c '^202$' codes)" 64 '64 submissions are accepted'
		directories=$(grep -c 'fsync([0-9]*<.*/box/new>' trace)
		ok "they shared commits: $directories of new/" test "$directories" -lt 64
		ok 'and there were some' test "$directories" -gt 0
		is "$(grep -c 'fsync([0-9]*<.*/box/tmp/' trace)" 64 'each file was synced'
	else
		skip "strace cannot attach: $(tail -n 1 err)" 'shared commits'
	fi
else
	skip 'strace is missing' 'shared commits'
fi

# --- a signal, while a body is on its way

mkfifo slow
curl -q -sS -o answer -w '%{http_code}' -H 'Transfer-Encoding: chunked' -T - "http://127.0.0.1:$port/box" -X POST <slow >code &
client=$!
exec 3>slow
echo one >&3
has_draft() { [ "$(count spool/box/tmp)" -eq 1 ]; }
until_true has_draft
kill -TERM "$server"
not_listening() { ! listens "$port"; }
until_true not_listening
echo two >&3
exec 3>&-
wait "$client"
is "$(cat code)" 202 'a request that had begun is finished after SIGTERM'
wait "$server"
is $? 0 'then the server ends well'
is "$(count spool/box/tmp)" 0 'and leaves nothing'
done_testing
