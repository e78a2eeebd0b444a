#!/bin/sh
# wqw.cgi as a server starts it: the environment tells the request, stdin has the body.
. "$(dirname "$0")/lib.sh"

need jq perl

# cgi METHOD PATH [VARIABLE=VALUE]... <body: a request. The reply is cut into the files reply.head and body.
cgi()
{
	cgi_method=$1 cgi_path=$2
	shift 2
	cgi_status=0
	env GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 REQUEST_METHOD="$cgi_method" SCRIPT_NAME=/jobs \
		PATH_INFO="$cgi_path" QUERY_STRING= SERVER_NAME=www.example.com SERVER_PORT=80 REMOTE_ADDR=192.0.2.7 "$@" \
		wqw.cgi >reply 2>err || cgi_status=$?
	sed '/^\r$/q' reply | tr -d '\r' >reply.head
	tail -c +"$(($(sed '/^\r$/q' reply | wc -c) + 1))" reply >body
	return "$cgi_status"
}

get() { cgi GET "$@" </dev/null; }
status() { sed -n '1s/^Status: \([0-9]*\) .*/\1/p' reply.head; }
field() { sed -n "s/^$1: //p" reply.head; }
json() { jq -r "$1" body; }
kind() { json .type | sed 's/^urn:wqw:problem://'; }
payload() { sed '1,/^$/d' "$1"; }
newest() { find "spool/$1/new" -type f | sort | tail -n 1; }

# post QUEUE FILE [VARIABLE=VALUE]...: the usual submission.
post()
{
	post_queue=$1 post_file=$2
	shift 2
	cgi POST "/$post_queue" CONTENT_LENGTH="$(wc -c <"$post_file" | tr -d ' ')" "$@" <"$post_file"
}

# refused STATUS KIND NAME: the last reply is this problem, and the queues are as they were.
refused()
{
	is "$(status) $(field Content-Type) $(json .status) $(kind)" "$1 application/problem+json $1 $2" "$3: $1"
	is "$(find spool -path '*/tmp/*' | wc -l) $(find spool -path '*/new/*' | wc -l)" "0 $waiting" "$3: nothing is left"
}

waiting=0
wqw-init words small full broken || exit 1
echo 'max-size 10' >spool/small/queue.conf
echo 'reserve-bytes 1000000T' >spool/full/queue.conf
echo 'max-sise 10' >spool/broken/queue.conf
perl -e 'print pack("C*", map { $_ * 7 % 256 } 0 .. 199999), "\r\n\r\n"' >binary
printf 'hello, web' >hello

# --- a submission

post words binary CONTENT_TYPE=image/png
is "$cgi_status" 0 'a submission: exit 0'
is "$(status)" 202 'is 202'
like "$(field Location)" '^http://www\.example\.com/jobs/words/[0-9]{8}T[0-9]{6}\.[0-9]{6}-[0-9a-z]{16}$' 'Location is absolute'
is "$(field Retry-After)" 1 'with Retry-After'
is "$(field Content-Type)" application/json 'and JSON'
is "$(json .links.self)" "$(field Location)" 'which has the link too'
is "$(field Content-Length)" "$(wc -c <body | tr -d ' ')" 'Content-Length is that of the body'
is "$(sed -n 1p reply | tr '\r' R)" 'Status: 202 AcceptedR' 'Status comes first, and lines end with CRLF'
job=$(newest words)
ok 'the payload is the same' sh -c 'sed "1,/^$/d" "$1" | cmp - binary' sh "$job"
like "$(sed '/^$/q' "$job")" '^Content-Type: image/png$' 'the job has the type'
like "$(sed '/^$/q' "$job")" '^Remote-Addr: 192\.0\.2\.7$' 'and whence it came'
is "$(find spool -path '*/tmp/*')" '' 'tmp is empty'
id=${job##*/}

post words /dev/null
is "$(status)" 202 'an empty payload is one'
is "$(payload "$(newest words)")" '' 'and stays empty'
post words hello HTTP_ACCEPT='text/html,application/xhtml+xml,*/*;q=0.8'
is "$(status) $(field Content-Type)" '202 text/html; charset=utf-8' 'a browser gets a page'
like "$(cat body)" "<meta http-equiv=\"refresh\" content=\"1; url=$(field Location)\">" 'which goes to the job'
like "$(field Content-Security-Policy)" "default-src 'none'" 'and may do nothing'
is "$(field Vary)" 'Accept, Prefer' 'caches are told'

post words hello HTTPS=on SERVER_PORT=443
like "$(field Location)" '^https://www\.example\.com/jobs/words/' 'https'
post words hello SERVER_PORT=8080
like "$(field Location)" '^http://www\.example\.com:8080/jobs/' 'a port'
post words hello HTTP_HOST=other.example:81 SERVER_PORT=8080
like "$(field Location)" '^http://other\.example:81/jobs/' 'the host that was asked'
post words hello HTTP_HOST='evil"><script>'
like "$(field Location)" '^http://www\.example\.com/jobs/' 'unless that is none'
post words hello SCRIPT_NAME=/
like "$(field Location)" '^http://www\.example\.com/words/' 'the program as a whole site'
post words hello SCRIPT_NAME='/a b'
like "$(field Location)" '^http://www\.example\.com/a%20b/words/' 'a path that must be encoded'

# of QUERY_STRING and the fields
post words hello QUERY_STRING='x=1&filename=a%20b%C3%A9.txt' HTTP_CONTENT_DISPOSITION='attachment; filename=c.txt'
like "$(cat "$(newest words)")" '^Filename: a bé\.txt$' 'the file name of the query'
post words hello HTTP_CONTENT_DISPOSITION='attachment; filename="../../etc/pass wd"'
like "$(cat "$(newest words)")" '^Filename: pass wd$' 'or of Content-Disposition, without directories'
post words hello REMOTE_USER=anna HTTP_TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \
	HTTP_TRACESTATE=a=b HTTP_COOKIE=secret=1 HTTP_AUTHORIZATION='Basic x'
sed '/^$/q' "$(newest words)" >fields
is "$(grep -c -E '^(Remote-User: anna|Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01|Tracestate: a=b)$' \
	fields)" 3 'user and trace'
unlike "$(cat fields)" 'secret|Basic' 'and nothing else of the request'
post words hello HTTP_TRACEPARENT=nonsense HTTP_TRACESTATE=a=b
unlike "$(cat "$(newest words)")" 'Trace' 'a wrong trace is left out'

# --- how a body comes

rm -f spool/words/new/*
printf 'hello, webGET / HTTP/1.1' | { cgi POST /words CONTENT_LENGTH=10; cat >rest; }
is "$(cat rest)" 'GET / HTTP/1.1' 'nothing behind CONTENT_LENGTH is read'
is "$(status) $(payload "$(newest words)")" '202 hello, web' 'and the payload ends there'
printf 'not mine' | { cgi GET /words; cat >rest; }
is "$(status) $(cat rest)" '200 not mine' 'GET reads nothing'
cgi POST /words HTTP_TRANSFER_ENCODING=chunked SERVER_SOFTWARE=Apache/2.4 <binary
is "$(status)" 202 'chunked, and decoded by the server (Apache)'
ok 'the payload is the same' sh -c 'sed "1,/^$/d" "$1" | cmp - binary' sh "$(newest words)"
cgi POST /words CONTENT_LENGTH=-1 HTTP_TRANSFER_ENCODING=chunked <binary
is "$(status)" 202 'CONTENT_LENGTH=-1 (Caddy)'
ok 'the payload is the same' sh -c 'sed "1,/^$/d" "$1" | cmp - binary' sh "$(newest words)"
perl -e 'local $/; $_ = <STDIN>; for (my $n = 1; length; $n = $n * 3 % 9973) { my $c = substr($_, 0, $n, ""); printf "%x;x=y\r\n%s\r\n", length $c, $c } print "0\r\nX: y\r\n\r\n"' \
	<binary >chunked
{ cat chunked && printf 'more'; } | cgi POST /words HTTP_TRANSFER_ENCODING=chunked SERVER_SOFTWARE='busybox httpd/1.35.0'
is "$(status)" 202 'chunked, as it came (busybox)'
ok 'the payload is the same' sh -c 'sed "1,/^$/d" "$1" | cmp - binary' sh "$(newest words)"
waiting=$(count spool/words/new)
is "$waiting" 4 'four jobs'

head -c 1000 chunked | cgi POST /words HTTP_TRANSFER_ENCODING=chunked SERVER_SOFTWARE='busybox httpd/1.35.0'
refused 400 about:blank 'chunks that break off'
printf '5\r\nhelloo\r\n0\r\n\r\n' | cgi POST /words HTTP_TRANSFER_ENCODING=chunked SERVER_SOFTWARE='busybox httpd/1.35.0'
refused 400 about:blank 'a wrong chunk'
cgi POST /words CONTENT_LENGTH=11 <hello
refused 400 about:blank 'a short body'
for length in 1x -2 +1 99999999999999999999 '1 1' 0x10; do
	cgi POST /words CONTENT_LENGTH="$length" <hello
	refused 400 about:blank "CONTENT_LENGTH=$length"
done
cgi POST /words <hello
refused 411 about:blank 'no length'
cgi POST /words CONTENT_LENGTH= <hello
refused 411 about:blank 'an empty length'

# --- forms

form()
{
	printf -- '--X\r\nContent-Disposition: form-data; name="note"\r\n\r\nabc\r\n'
	printf -- '--X\r\nContent-Disposition: form-data; name="file"; filename="C:\\fakepath\\p <b>.png"\r\nContent-Type: image/png\r\n\r\n'
	cat binary
	printf '\r\n--X'
}
multipart='multipart/form-data; boundary=X'
{ form; printf -- '--\r\n'; } >form.1
post words form.1 CONTENT_TYPE="$multipart"
is "$(status)" 202 'a form'
job=$(newest words)
ok 'the payload is the file' sh -c 'sed "1,/^$/d" "$1" | cmp - binary' sh "$job"
is "$(sed '/^$/q' "$job" | grep -cE '^(Content-Type: image/png|Filename: p <b>\.png)$')" 2 'with its type and name'
waiting=$((waiting + 1))
{ form; printf '\r\n'; form; } >form.2
post words form.2 CONTENT_TYPE="$multipart"
refused 400 about:blank 'two files without an end'
form >form.3
post words form.3 CONTENT_TYPE="$multipart"
refused 400 about:blank 'a form without its end'
printf -- '--X\r\nContent-Disposition: form-data; name="note"\r\n\r\nabc\r\n--X--\r\n' >form.4
post words form.4 CONTENT_TYPE="$multipart"
refused 400 about:blank 'a form without a file'
post words form.1 CONTENT_TYPE=multipart/form-data
refused 400 about:blank 'a form without a boundary'
post words form.1 CONTENT_TYPE='multipart/form-data; boundary=Y'
refused 400 about:blank 'a form with another boundary'
post small form.1 CONTENT_TYPE="$multipart"
refused 413 too-large 'a large file in a form'

# --- refusals

post small binary
refused 413 too-large 'too large by its length'
is "$(json '."max-size"')" 10 'the limit is told'
cgi POST /small HTTP_TRANSFER_ENCODING=chunked SERVER_SOFTWARE=Apache <binary
refused 413 too-large 'too large without a length'
post words hello HTTP_CONTENT_ENCODING=gzip
refused 415 about:blank 'an encoded body'
is "$(field Accept-Encoding)" identity 'says what goes'
post full hello
refused 503 about:blank 'a full disk'
like "$(field Retry-After)" '^[0-9]+$' 'with Retry-After'
like "$(cat err)" '^wqw\.cgi: full.*: No space left on device$' 'and a line for the operator'
post words hello QUERY_STRING='next=small&batch=b1&notify=https%3A%2F%2Fexample.com%2Fh'
is "$(status)" 202 'what follows from a job is asked for in the query'
is "$(sed '/^$/q' "spool/words/new/$(field Location | sed 's|.*/||')" | grep -E '^(Next|Batch|Notify):' | sort)" 'Batch: b1
Next: small
Notify: https://example.com/h' 'and in its header'
waiting=$((waiting + 1))
is "$(find spool/words/keys/.batch/b1/open -type f ! -name '.*' | wc -l)" 1 'and it is a member'
post words hello QUERY_STRING='next=nowhere'
refused 400 about:blank 'a next queue that is not there'
like "$(json .detail)" "no queue 'nowhere' beside 'words'" 'is named'
post words hello QUERY_STRING='notify=gopher%3A%2F%2Fx'
refused 400 about:blank 'no URL'
echo 'max-backlog 1' >spool/full/queue.conf
echo first | wqw-submit full >job
waiting=$((waiting + 1))
post full hello
refused 503 about:blank 'a queue with as many jobs as it takes'
isnt "$(field Retry-After)" '' 'with Retry-After'
like "$(json .detail)" 'As many jobs wait as this queue takes' 'and why'
rm "spool/full/new/$(sed 's|.*/||' job)"
waiting=$((waiting - 1))
post broken hello
refused 503 about:blank 'a wrong queue.conf'
like "$(cat err)" 'max-sise' 'the operator hears what is wrong'
unlike "$(cat body)" 'max-sise' 'and the client does not'
post words hello WQW_SPOOL="$T/none"
refused 503 about:blank 'no spool'
post none hello
refused 404 no-such-queue 'no such queue'
post words hello QUERY_STRING='filename=a%0ab'
refused 400 about:blank 'a file name with a line in it'
post words hello REMOTE_USER='a
Priority: 0'
refused 400 about:blank 'a user with a line in it'
post words hello CONTENT_TYPE="$(perl -e 'print "x" x 20000')"
refused 400 about:blank 'an endless type'

get /words/nothing-like-this
refused 404 no-such-job 'no such job'
for path in /none /../words /.hidden "/$(perl -e 'print "q" x 65')"; do
	get "$path"
	refused 404 no-such-queue "$(printf %.20s "$path")"
done
for path in "/words/$id/other" "/words/$id/result/x" /words/ //words words /words//result "/words/$id/"; do
	get "$path"
	refused 404 about:blank "$path"
done
for path in /words/.. '/words/a,b/c' '/words/a b' "/words/$(perl -e 'print "x" x 300')"; do
	get "$path"
	like "$(status)" '^40[04]$' "$(printf %.20s "$path"): no ID"
done
get /words/..
refused 400 not-an-id 'what is no ID'
cgi DELETE /words </dev/null
refused 405 about:blank DELETE
is "$(field Allow)" 'GET, HEAD, POST, OPTIONS' 'says what goes'
cgi POST "/words/$id" CONTENT_LENGTH=10 REMOTE_USER=anna <hello
refused 400 about:blank 'POST to a job'
cgi POST "/words/$id/log" CONTENT_LENGTH=10 <hello
refused 405 about:blank 'POST to a log'
is "$(field Allow)" 'GET, HEAD, OPTIONS' 'says what goes'
cgi BREW /words </dev/null
refused 501 about:blank 'an unknown method'
cgi OPTIONS /words </dev/null
is "$(status) $(field Allow)" '204 GET, HEAD, POST, OPTIONS' OPTIONS
get /none HTTP_ACCEPT=text/html
is "$(status) $(field Content-Type)" '404 text/html; charset=utf-8' 'a browser gets an error as a page'
get '/a<script>' HTTP_ACCEPT=text/html
unlike "$(cat body)" '<script>' 'in which nothing is taken from the address as it is'

# --- state, result, log

rm -f spool/*/new/*
get /words
is "$(status) $(json .queue)" '200 words' 'a queue'
get /words HTTP_ACCEPT=text/html
like "$(cat body)" '<form method="post" enctype="multipart/form-data" action="http://www.example.com/jobs/words">' 'has a form'
get ''
is "$(status)" 200 'the top'
unlike "$(cat body)" 'small|full' 'lists no queue'
post words hello CONTENT_TYPE=text/plain
id=$(json .id)
get "/words/$id"
is "$(status) $(json .state) $(json .id)" "200 new $id" 'the state of a job'
is "$(field Retry-After) $(field Cache-Control)" '1 no-store' 'is to be asked again'
waiting=1
get "/words/$id/result"
refused 409 not-finished 'a result too early'
get "/words/$id/log"
refused 404 no-log 'a log too early'
get "/words/$id" HTTP_ACCEPT=text/html
like "$(cat body)" '<meta http-equiv="refresh" content="1">' 'a page looks again by itself'

echo 'result-type text/plain; charset=utf-8' >spool/words/queue.conf
wqw-worker words --drain -- sh -c 'echo working >&2; tr a-z A-Z'
waiting=0
get "/words/$id"
is "$(json .state) $(field Retry-After)" 'done ' 'it is done'
result=$(json .links.result)
is "$result" "http://www.example.com/jobs/words/$id/result" 'a link to the result'
get "/words/$id/log"
is "$(status) $(field Content-Type)" '200 text/plain; charset=utf-8' 'the log'
like "$(cat body)" '^working$' 'has what was written'

path=/words/$id/result
get "$path"
is "$(status) $(cat body)" '200 HELLO, WEB' 'the result'
is "$(field Content-Type) $(field Content-Length) $(field Accept-Ranges)" 'text/plain; charset=utf-8 10 bytes' 'with its type and length'
is "$(field X-Content-Type-Options)" nosniff 'is not to be guessed at'
like "$(field Content-Security-Policy)" '^sandbox' 'nor to be run'
etag=$(field ETag)
like "$etag" "^\"$id-.*\"\$" 'and an ETag'
cgi HEAD "$path" </dev/null
is "$(status) $(field Content-Length) $(wc -c <body | tr -d ' ')" '200 10 0' HEAD
get "$path" HTTP_IF_NONE_MATCH="\"x\", $etag"
is "$(status) $(field ETag) $(wc -c <body | tr -d ' ')" "304 $etag 0" 'If-None-Match'
get "$path" HTTP_IF_NONE_MATCH='"x"'
is "$(status)" 200 'another one'
get "$path" HTTP_IF_MATCH='"x"'
is "$(status)" 412 'If-Match'
get "$path" HTTP_IF_MATCH="$etag"
is "$(status)" 200 'this one'

# part RANGE STATUS BODY CONTENT-RANGE
part()
{
	get "$path" HTTP_RANGE="$1"
	is "$(status) $(cat body) $(field Content-Range)" "$2 $3 $4" "Range: $1"
}
part bytes=0-4 206 HELLO 'bytes 0-4/10'
part bytes=7- 206 WEB 'bytes 7-9/10'
part bytes=-3 206 WEB 'bytes 7-9/10'
part bytes=-99 206 'HELLO, WEB' 'bytes 0-9/10'
part bytes=9-99 206 B 'bytes 9-9/10'
part bytes=0-1,3-4 200 'HELLO, WEB' ''
part bytes=4-2 200 'HELLO, WEB' ''
part lines=1-2 200 'HELLO, WEB' ''
part bytes=x-y 200 'HELLO, WEB' ''
for range in bytes=10- bytes=-0 bytes=99999999999999999999-; do
	get "$path" HTTP_RANGE="$range"
	is "$(status) $(field Content-Range)" '416 bytes */10' "Range: $range"
done
get "$path" HTTP_RANGE=bytes=0-4 HTTP_IF_RANGE="$etag"
is "$(status)" 206 'If-Range'
get "$path" HTTP_RANGE=bytes=0-4 HTTP_IF_RANGE='"x"'
is "$(status) $(cat body)" '200 HELLO, WEB' 'If-Range of another one'
cgi HEAD "$path" HTTP_RANGE=bytes=0-4 </dev/null
is "$(status) $(field Content-Length)" '200 10' 'HEAD has no parts'

post words hello
failed=$(json .id)
wqw-worker words --drain -- sh -c 'exit 100'
get "/words/$failed/result"
refused 409 failed 'the result of a job that has failed'
get "/words/$failed"
is "$(status) $(json .state)" '200 failed' 'its state'

# --- what it is not

exits 64 'by hand it says what it is' wqw.cgi
like "$(said)" 'CGI program' 'in a line'
exits 0 'and has a usage' wqw.cgi -h
get /words QUERY_STRING=-h
is "$(status)" 200 'a query is no option'

# A server kills it when the client has gone.
mkfifo pipe
env REQUEST_METHOD=POST PATH_INFO=/words CONTENT_LENGTH=10000 wqw.cgi <pipe >reply 2>&1 &
pid=$!
exec 9>pipe
printf 'the first half' >&9
wait_count spool/words/tmp 1
kill -TERM $pid
wait $pid
is $? 75 'SIGTERM ends it'
exec 9>&-
is "$(count spool/words/tmp)$(cat reply)" 0 'and nothing is left, nor said'
env REQUEST_METHOD=GET PATH_INFO="$path" wqw.cgi >/dev/full 2>err </dev/null
is $? 74 'a reply that cannot be written'
done_testing
