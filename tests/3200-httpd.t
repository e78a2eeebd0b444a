#!/bin/sh
# wqw-httpd by itself: as a listener, for a connection from inetd and its kin, and on a socket from systemd.
. "$(dirname "$0")/lib.sh"

need curl jq perl
unset http_proxy https_proxy all_proxy ALL_PROXY NO_PROXY LISTEN_FDS LISTEN_PID
user=$(id -un) group=$(id -gn)
[ "$user" != root ] || ! getent passwd www-data >/dev/null || user=www-data group=www-data

web() { curl -q -s -S -m 60 "$@"; }
code() { web -o body -D head.crlf -w '%{http_code}' "$@"; tr -d '\r' <head.crlf >head.lf; }
field() { sed -n "s/^$1: //p" head.lf; }
payload() { sed '1,/^$/d' "$1"; }
same_payload() { payload "$1" | cmp - "$2"; }
newest() { find "spool/$1/new" -type f | sort | tail -n 1; }
tmp_is_empty() { [ -z "$(find spool -path '*/tmp/*')" ]; }

# raw PORT [shut | reset] <request: what is sent goes out as it comes, and all that comes back until the connection ends
# is printed. Fails where it does not end. shut: no more will be sent; reset: goes without a word.
raw()
{
	perl -MIO::Socket::INET -e '
		my ($port, $end) = (@ARGV, "");
		$SIG{PIPE} = "IGNORE";
		$SIG{ALRM} = sub { print "still open\n"; exit 1 };
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die "connect: $!";
		syswrite $s, $_ while sysread STDIN, $_, 65536;
		exit if $end eq "reset" && setsockopt($s, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0);
		shutdown $s, 1 if $end eq "shut";
		alarm 20;
		print while sysread $s, $_, 65536;' "$@"
}

# listen: starts a listener; $port is where.
listen()
{
	: >listener.err
	bg wqw-httpd -l 127.0.0.1:0 2>listener.err
	listener=$BG_PID
	until_true grep -q 'listening on' listener.err
	port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
}

wqw-init --group "$group" words idle small || exit 1
echo 'max-size 10' >spool/small/queue.conf
perl -e 'print pack("C*", map { $_ * 7 % 256 } 0 .. 199999), "\r\n\r\n"' >binary
printf 'hello, web' >hello
# Where another user must be able to run it.
mkdir bin && cp "$WQW_BIN/wqw-httpd" bin

bg wqw-worker words -- cat

# --- the same by all ways

# all_of_it NAME URL
all_of_it()
{
	is "$(code -H 'Content-Type: image/png' --data-binary @binary "$2/words")" 202 "$1: a submission"
	all_at=$(field Location)
	like "$all_at" '^/words/[0-9]{8}T[0-9.]+-[0-9a-z]{16}$' "$1: Location is a path"
	is "$(jq -r .links.self body)" "$all_at" "$1: as in the body"
	ok "$1: the job ends" wqw-wait -t 60 "${all_at#/}"
	is "$(code "$2$all_at") $(jq -r .state body)" '200 done' "$1: its state"
	is "$(code "$2$all_at/result")" 200 "$1: its result"
	ok "$1: is the payload" cmp body binary
	all_etag=$(field ETag)
	is "$(code -H "If-None-Match: $all_etag" "$2$all_at/result")" 304 "$1: If-None-Match"
	is "$(code -r 100-199 "$2$all_at/result") $(field Content-Range)" '206 bytes 100-199/200004' "$1: Range"
	ok "$1: is that part" sh -c 'tail -c +101 binary | head -c 100 | cmp - body'
	is "$(code -r 200004- "$2$all_at/result")" 416 "$1: no such part"
	is "$(code -I "$2$all_at/result") $(field Content-Length)" '200 200004' "$1: HEAD"

	is "$(code -H 'Transfer-Encoding: chunked' --data-binary @binary "$2/idle")" 202 "$1: chunked"
	ok "$1: the payload is the same" same_payload "$(newest idle)" binary
	is "$(code -F note=x -F 'file=@binary;type=image/png;filename=p.png' "$2/idle")" 202 "$1: a form"
	ok "$1: the payload is the file" same_payload "$(newest idle)" binary
	is "$(sed '/^$/q' "$(newest idle)" | grep -cE '^(Filename: p\.png|Content-Type: image/png)$')" 2 "$1: with name and type"
	is "$(code "$2$(field Location)/result") $(jq -r .type body)" '409 urn:wqw:problem:not-finished' "$1: no result yet"

	is "$(code "$2/none/x") $(field Content-Type)" '404 application/problem+json' "$1: 404"
	is "$(code -X DELETE "$2/words") $(field Allow)" '405 GET, HEAD, POST, OPTIONS' "$1: 405"
	is "$(code --data-binary @binary "$2/small")" 413 "$1: 413"
	is "$(web -w '%{num_connects} ' -o body "$2/words" -o body -d x "$2/none" -o body "$2/idle" -o body -d x "$2/idle")" \
		'1 0 0 0 ' "$1: the connection is kept, also after an error"
	# The reply to what is too large comes before the file is removed.
	ok "$1: nothing is left in tmp" until_true tmp_is_empty
}

listen
all_of_it listener "http://127.0.0.1:$port"
stop "$listener"

# by_inetd NAME PROGRAM COMMAND...: something that starts a wqw-httpd for each connection at $port.
by_inetd()
{
	by=$1
	if ! command -v "$2" >/dev/null; then
		skip "$2 is missing" "$by"
		return
	fi
	shift 2
	bg "$@" 2>"$by.err"
	by_pid=$BG_PID
	wait_port "$port" || cat "$by.err" >&2
	all_of_it "$by" "http://127.0.0.1:$port"
	stop "$by_pid"
}

# snippet FILE: one of share/ with the paths and the port of this test.
snippet()
{
	sed "s|/usr/local/bin|$T/bin|g; s|/var/spool/wqw|$T/spool|g; s|8080|$port|g; s|www-data|$user|g" "$ROOT/share/$1" >"${1##*/}"
}

port=$(free_port)
snippet web/inetd.conf
by_inetd inetd inetd inetd -d inetd.conf
port=$(free_port)
snippet web/tcpsvd
if [ "$(id -u)" -ne 0 ]; then
	sed -i "s/ -u $user//" tcpsvd
fi
by_inetd tcpsvd tcpsvd sh tcpsvd
port=$(free_port)
snippet web/xinetd.conf
by_inetd xinetd xinetd xinetd -dontfork -f xinetd.conf
port=$(free_port)
by_inetd socat socat socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" EXEC:wqw-httpd
port=$(free_port)
by_inetd systemd-inetd systemd-socket-activate systemd-socket-activate -a --inetd -E WQW_SPOOL -l "127.0.0.1:$port" bin/wqw-httpd
port=$(free_port)
by_inetd systemd-accept systemd-socket-activate systemd-socket-activate -a -E WQW_SPOOL -l "127.0.0.1:$port" bin/wqw-httpd
port=$(free_port)
by_inetd systemd systemd-socket-activate systemd-socket-activate -E WQW_SPOOL -l "127.0.0.1:$port" bin/wqw-httpd

if command -v systemd-analyze >/dev/null; then
	for unit in wqw-httpd.socket wqw-httpd.service; do
		snippet systemd/$unit
	done
	systemd-analyze verify ./wqw-httpd.socket ./wqw-httpd.service 2>&1 | grep wqw-httpd | grep -v "'man " >units
	is "$(cat units)" '' 'the units are right'
else
	skip 'systemd-analyze is missing' 'the units are right'
fi

printf 'GET /idle HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | wqw-httpd >reply
is "$(grep -c '^HTTP/1\.1 ' reply) $(grep -c '^HTTP/1\.1 404' reply)" '2 1' 'from a pipe, to a pipe'

# --- the listener

rm -f spool/idle/new/*
listen
web="http://127.0.0.1:$port"

# Sixteen at once.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	{ echo "job $i" && cat binary; } >"in.$i"
	web -o "out.$i" -w '%{http_code}\n' --data-binary "@in.$i" "$web/idle" >"code.$i" &
	many="${many:-} $!"
done
# shellcheck disable=SC2086 # pids
wait $many
is "$(cat code.* | sort | uniq -c | tr -d ' ')" 16202 'sixteen at once'
is "$(count spool/idle/new)" 16 'are sixteen jobs'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	same_payload "spool/idle/new/$(jq -r .id "out.$i")" "in.$i" && echo "$i"
done >same
is "$(wc -l <same | tr -d ' ')" 16 'each with its payload, at its address'
rm -f spool/idle/new/*

printf 'GET /idle HTTP/1.1\r\nHost: x\r\n\r\nPOST /idle HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.0\r\n\r\n' |
	raw "$port" >reply
is "$(grep '^HTTP/' reply | cut -d ' ' -f 2 | tr '\n' ' ')" '200 202 200 ' 'requests that come together are answered in order'
is "$(payload "$(newest idle)")" hi 'and cut where they end'
rm -f spool/idle/new/*

# Bodies that nobody wants.
head -c 3000000 /dev/zero >large
head -c 300000 /dev/zero >medium
for file in medium large; do
	is "$(code -H Expect: --data-binary @$file "$web/small")" 413 "413 for a $file body"
	is "$(code -H Expect: -H 'Transfer-Encoding: chunked' --data-binary @$file "$web/small")" 413 'chunked too'
	is "$(code -H Expect: --data-binary @$file "$web/none")" 404 '404 too'
	is "$(code -H 'Expect: 100-continue' --data-binary @$file "$web/small")" 413 'and for one that asks first'
done
is "$(code -H 'Expect: 100-continue' --data-binary @large "$web/idle")" 202 'one that asks and may'
ok 'is taken' same_payload "$(newest idle)" large
rm -f spool/idle/new/*

# Who has said all, and so stops sending, is still told.
printf 'POST /idle HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi' | raw "$port" shut >reply
like "$(head -n 1 reply)" '^HTTP/1\.1 202 ' 'a submission, and no more'
at=$(tr -d '\r' <reply | sed -n 's|^Location: /idle/||p')
is "$(payload "spool/idle/new/${at:-none}")" hi 'has its job'
printf 'POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhi' | raw "$port" shut >reply
like "$(head -n 1 reply)" '^HTTP/1\.1 413 ' 'a refusal, and no more'
rm -f spool/idle/new/*
printf 'POST /idle HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello' | raw "$port" shut >reply
like "$(head -n 1 reply)" '^HTTP/1\.1 400 ' 'a body that ends early'
printf 'POST /idle HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n' | raw "$port" shut >reply
like "$(head -n 1 reply)" '^HTTP/1\.1 400 ' 'chunks that end early'
printf 'POST /idle HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello' | raw "$port" reset
ok 'nothing is left of them' until_true tmp_is_empty
ok 'nor accepted' counts spool/idle/new 0

# ambiguous NAME PRINTF-FORMAT [STATUS]: refused, and what follows is not taken for a request. Where libmicrohttpd refuses
# by itself it may send the head of that reply twice.
ambiguous()
{
	# shellcheck disable=SC2059 # the format is the request
	{ printf "$2"; printf 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'; } | raw "$port" >reply
	is "$? $(grep -a '^HTTP/' reply | cut -d ' ' -f 2 | sort -u | tr '\n' ' ')$(count spool/idle/new)" "0 ${3:-400} 0" "$1"
}
post='POST /idle HTTP/1.1\r\nHost: x\r\n'
five='5\r\nhello\r\n0\r\n\r\n'
ambiguous 'Content-Length and Transfer-Encoding' "${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n$five"
ambiguous 'the other way round' "${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n$five"
ambiguous 'two Content-Lengths' "${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
ambiguous 'the same twice' "${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
for length in 5,5 '5, 6' +5 -5 5x 0x5 '' '5 5'; do
	ambiguous "Content-Length: $length" "${post}Content-Length: $length\r\n\r\nhello"
done
ambiguous 'a Content-Length without end' "${post}Content-Length: 99999999999999999999\r\n\r\nhello" 413
for coding in gzip gzip,chunked chunked,chunked identity xchunked chunked,gzip ''; do
	ambiguous "Transfer-Encoding: $coding" "${post}Transfer-Encoding: $coding\r\n\r\n$five"
done
ambiguous 'Transfer-Encoding twice' "${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n$five"
ambiguous 'Transfer-Encoding in HTTP/1.0' "POST /idle HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n$five"
ambiguous 'a blank before the colon' "${post}Content-Length : 5\r\n\r\nhello"
ambiguous 'a folded line' "${post}X: y\r\n Content-Length: 6\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'lines that end with LF' 'POST /idle HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello'
ambiguous 'one line that does' "${post}X: y\nContent-Length: 5\r\n\r\nhello"
ambiguous 'NUL in a field' "${post}X: a\000b\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'a control in a field' "${post}X: a\001b\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'CR in a field' "${post}X: a\rb\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'no Host' 'POST /idle HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'
ambiguous 'two Hosts' "${post}Host: y\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'a Host that is none' 'POST /idle HTTP/1.1\r\nHost: a/b\r\nContent-Length: 5\r\n\r\nhello'
for byte in 001 011 177 200 000; do
	ambiguous "byte $byte in the address" "POST /idle\\$byte HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
done
for escape in %%00 %%0a %%7F %%2f %% %%4 %%zz; do
	ambiguous "${escape#%} in the address" "POST /idle$escape HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
done
ambiguous 'two blanks' 'POST  /idle HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
ambiguous 'a blank in the address' 'POST /idle x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
ambiguous 'a fragment' 'POST /idle#x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
ambiguous 'no path' 'POST idle HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
ambiguous 'two types' "${post}Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 5\r\n\r\nhello"
ambiguous 'a version to come' 'POST /idle HTTP/2.0\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' 505
ambiguous 'an unknown expectation' "${post}Expect: cake\r\nContent-Length: 5\r\n\r\nhello" 417
ambiguous 'a long address' "POST /idle?$(perl -e 'print "x" x 5000') HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" 414
ambiguous 'a long field' "${post}X: $(perl -e 'print "x" x 20000')\r\nContent-Length: 5\r\n\r\nhello" 431
for chunks in 'x\r\nhello\r\n0\r\n\r\n' '5\r\nhellooo\r\n0\r\n\r\n' '-5\r\nhello\r\n0\r\n\r\n' \
	'0x5\r\nhello\r\n0\r\n\r\n' '5 5\r\nhello\r\n0\r\n\r\n' '\r\nhello\r\n0\r\n\r\n'; do
	ambiguous "chunks: $(echo "$chunks" | tr '\r\n' '..')" "${post}Transfer-Encoding: chunked\r\n\r\n$chunks"
done
ambiguous 'a chunk without end' "${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff5\r\nhello\r\n0\r\n\r\n" 413
ok 'nothing is left in tmp' until_true tmp_is_empty
is "$(code "$web/idle")" 200 'and it serves on'

# --- the end

# slow_post: half a submission on descriptor 9, whose reply goes to the file `reply`.
slow_post()
{
	rm -f pipe && mkfifo pipe
	raw "$port" <pipe >reply &
	slow=$!
	exec 9>pipe
	printf 'POST /idle HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n' >&9
	wait_count spool/idle/tmp 1
}

slow_post
kill -TERM "$listener"
deaf() { ! listens "$port"; }
ok 'SIGTERM: it listens no more' until_true deaf
ok 'but is there' alive "$listener"
printf '5\r\n, web\r\n0\r\n\r\n' >&9
exec 9>&-
wait "$slow"
wait "$listener"
is "$?" 0 'it ends when the last request has'
is "$(grep -ciE '^(HTTP/1.1 202|connection: close)' reply)" 2 'which was answered, and the connection closed'
is "$(payload "$(newest idle)")" 'hello, web' 'and accepted'
rm -f spool/idle/new/*

listen
slow_post
kill -TERM "$listener"
until_true deaf
kill -TERM "$listener"
wait "$listener"
is "$?" 0 'a second SIGTERM ends it at once'
exec 9>&-
wait "$slow"
is "$(count spool/idle/tmp) $(count spool/idle/new)" '0 0' 'and nothing of a submission is left'

# --- commits are shared

# The disk is made slow, so that whoever comes meanwhile has to wait.
if ! strace -o /dev/null true 2>/dev/null; then
	skip 'strace is missing, or may not trace' 'submissions share commits'
else
	# The leak checker cannot work where a tracer sits.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	traced() { grep -q '^TracerPid:.[1-9]' "/proc/$listener/task/"*/status && ! grep -q '^TracerPid:.0' "/proc/$listener/task/"*/status; }
	# thirty_two STRACE-OPTION...: so many submissions at once; of each reply the status, and the address where one is said.
	thirty_two()
	{
		rm -f spool/idle/new/*
		listen
		bg strace -f -y -qq -o trace -e trace=fsync,syncfs -e inject=fsync:delay_exit=20000 "$@" -p "$listener"
		tracer=$BG_PID
		until_true traced
		perl -MIO::Socket::INET -e '
			my @all = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die } 1 .. 32;
			syswrite $_, "POST /idle HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nh" for @all;
			syswrite $_, "i" for @all;
			for my $s (@all) { local $/; my $reply = <$s>; $reply =~ m{^Location: \S*/(\S+)}mi;
				print substr($reply, 9, 3), " ", $1 // "-", "\n" }' "$port" >replies
		stop "$listener"
		wait "$tracer"
	}
	thirty_two
	is "$(cut -d' ' -f1 replies | sort | uniq -c | tr -s ' ')" ' 32 202' '32 at once are accepted'
	is "$(count spool/idle/new)" 32 'and are jobs'
	files=$(grep -c 'fsync(.*/idle/tmp/' trace) directories=$(grep -c 'fsync(.*/idle/new>' trace)
	together=$(grep -c 'syncfs(' trace)
	ok "each file is synced: $files by themselves, $together times many together" \
		test "$files" -eq 32 -o "$together" -ge 1 -a "$files" -lt 17 -a $((files + 32 * together)) -ge 32
	ok "the directory less often ($directories times)" test "$directories" -le 16 -a $((directories + together)) -ge 2

	# A disk that hangs keeps only the thread that serves who waits for it.
	rm -f spool/idle/new/*
	listen
	bg strace -f -qq -o trace -e trace=fsync,sendmsg -e inject=fsync:delay_enter=5000000:when=1 -p "$listener"
	tracer=$BG_PID
	until_true traced
	web -i -d hi "http://127.0.0.1:$port/idle" >reply &
	slow=$!
	wait_count spool/idle/tmp 1
	is "$(code "http://127.0.0.1:$port/idle")" 200 'while the disk makes one client wait, another is served'
	is "$(cat reply)" '' 'before that has its answer'
	wait "$slow"
	is "$(head -n 1 reply | tr -d '\r')" 'HTTP/1.1 202 Accepted' 'which comes'
	stop "$listener"
	wait "$tracer"
	is "$(sed -n 's/^\([0-9]*\) .*\(fsync\|202 Accepted\).*/\1 \2/p' trace | sort -u)" \
		"$(sed -n 's/^\([0-9]*\) .*202 Accepted.*/\1 202 Accepted\n\1 fsync/p' trace)" 'one that is alone changes no thread on its way'

	# Of a name and a file that share a syncfs neither is promised where that fails: of the name nobody knows.
	thirty_two -e inject=syncfs:error=EIO
	is "$(grep -c INJECTED trace | sed 's/^[1-9].*/some/') $(wc -l <replies)" 'some 32' 'a syncfs that fails: 32 are answered'
	is "$(grep -cv '^\(202\|50[037]\) ' replies) $(grep -c '^50[037] ' replies | sed 's/^[1-9].*/some/')" '0 some' 'some with a failure'
	is "$(while read -r status id; do
		case $status in 202) [ -f "spool/idle/new/$id" ] || echo "lost: $id" ;; esac
	done <replies)" '' 'what was accepted is there'
	is "$(for job in spool/idle/new/*; do
		[ ! -f "$job" ] || grep -q "${job##*/}" replies || echo "nobody was told of $job"
	done; find spool/idle/tmp -type f)" '' 'and what is there has been told of'
fi
done_testing
