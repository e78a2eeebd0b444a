#!/bin/sh
# GET /QUEUE/ID/events: state, place and progress of a job as they change, then its end, over each door.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl

wqw-init words idle || exit 1
echo 'result-type text/plain' >spool/words/queue.conf
printf hello >hello
mkfifo go

# watch FILE QUEUE/ID [-H 'Last-Event-ID: x' | ?query]: a stream into a file, in the background: $stream.
watch()
{
	watch_file=$1 watch_target=/$2/events watch_query=''
	shift 2
	case ${1:-} in
	\?*)
		watch_query=$1
		shift ;;
	esac
	: >"$watch_file"
	if [ "$door" = cgi ]; then
		[ $# -eq 0 ] || set -- "HTTP_LAST_EVENT_ID=${2#*: }"
		env REQUEST_METHOD=GET PATH_INFO="$watch_target" QUERY_STRING="${watch_query#\?}" SCRIPT_NAME=/cgi "$@" wqw.cgi \
			>"$watch_file" 2>err &
	else
		curl -q -s -S -N -m 60 "$@" "http://127.0.0.1:$port$watch_target$watch_query" >"$watch_file" 2>err &
	fi
	stream=$!
}

hears() { until_true grep -q -e "$2" "$1" || { diag "$(cat "$1")"; return 1; }; }
data() { sed -n 's/^data: //p' "$1"; }
ids() { sed -n 's/^id: //p' "$1"; }
events() { sed -n 's/^event: //p' "$1" | tr '\n' ' '; }
new() { wqw-submit "$1" <hello; }

for door in cgi listener; do
	open_door

	# --- all of a job's life
	first=$(new words) id=$(new words)
	watch seen "$id"
	ok "$door: its place" hears seen '"place":1'
	wqw-cancel "$first" >/dev/null
	ok "$door: there is one less before it" hears seen '"place":0'
	bg wqw-worker words --drain -- sh -c 'echo "40% half" >"$WQW_PROGRESS"; cat go >/dev/null
		echo "80% most" >>"$WQW_PROGRESS"; cat go >/dev/null; tr a-z A-Z'
	ok "$door: its progress" hears seen '"percent":40,"progress":"half"'
	: >go
	ok "$door: goes on" hears seen '"percent":80,"progress":"most"'
	: >go
	wait "$stream"
	is "$?" 0 "$door: the stream ends with the job"
	like "$(events seen)" '^state state (state )?progress progress end $' "$door: the events"
	is "$(ids seen | sort | uniq -d)" '' "$door: each with an id of its own"
	data seen | jq -r .state >states
	is "$(uniq states | tr '\n' ' ')" 'new running done ' "$door: of JSON"
	like "$(data seen | tail -n 1 | jq -r .links.result)" "/$id/result\$" "$door: the end has the result's address"
	like "$(cat seen)" '^retry: [0-9]+$' "$door: it says when to come again"

	# --- after the end
	ask GET "/$id/events"
	is "$(status) $(cat body)" '204 ' "$door: 204 once it has ended"
	ask GET "/$id/events" -H "Last-Event-ID: $(ids seen | tail -n 1)"
	is "$(status) $(cat body)" '204 ' "$door: for whoever has seen the end, too"
	for last in "$(ids seen | head -n 1)" 0; do
		ask GET "/$id/events" -H "Last-Event-ID: $last"
		is "$(status) $(events body)" '200 end ' "$door: but who has not is told it"
		ask GET "/$id/events?last-event-id=$last"
		is "$(status) $(events body)" '200 end ' "$door: by the query as well"
	done
	ask GET "/$id/events?last-event-id=0" -H "Last-Event-ID: $(ids seen | tail -n 1)"
	is "$(status)" 204 "$door: the field is newer than the query"
	ask HEAD "/$id/events"
	is "$(status)" 204 "$door: HEAD of one that has ended"

	# --- other ends, and a head
	id=$(new idle)
	ask HEAD "/$id/events"
	is "$(status) $(field Content-Type) $(field Cache-Control) $(field X-Content-Type-Options) $(field X-Accel-Buffering)" \
		'200 text/event-stream no-store nosniff no' "$door: HEAD"
	is "$(field Content-Length)" '' "$door: of no length that is known"
	watch seen "$id"
	hears seen '"new"'
	wqw-cancel "$id" >/dev/null
	wait "$stream"
	is "$(events seen) $(data seen | tail -n 1 | jq -r .state,.reason | tr '\n' ' ')" 'state end  failed cancelled ' "$door: cancelled"
	id=$(new idle)
	watch seen "$id"
	hears seen '"new"'
	wqw-worker idle --drain -- sh -c 'exit 100' 2>err
	wait "$stream"
	is "$(data seen | tail -n 1 | jq -r .state,.reason | tr '\n' ' ')" 'failed exit ' "$door: failed, with the reason"
	last=$(ids seen | tail -n 1)
	wqw-retry "$id" >/dev/null
	watch seen "$id" -H "Last-Event-ID: $last"
	ok "$door: one that is tried again goes on" hears seen '"state":"new"'
	present=$(ids seen)
	wqw-retry -t 1h "$id" >/dev/null 2>&1 || :

	# --- coming again
	for how in "-H:Last-Event-ID: $present" "?last-event-id=$present"; do
		case $how in
		-H:*) watch again "$id" -H "${how#-H:}" ;;
		*) watch again "$id" "$how" ;;
		esac
		ok "$door: who comes again is answered" hears again '^:$'
		is "$(events again)" '' "$door: and not told the same (${how%% *})"
		watched="${watched:-} $stream"
	done
	wqw-cancel "$id" >/dev/null
	for stream in $watched; do
		wait "$stream"
	done
	watched=''
	is "$(events again)" 'end ' "$door: but told what is new"

	ask GET /idle/nothing/events
	problem 404 no-such-job "$door: no such job"
	ask GET /none/nothing/events
	problem 404 no-such-queue "$door: no such queue"
	ask POST /idle/nothing/events hello
	problem 405 about:blank "$door: nothing to post to"
	ask GET /idle/nothing/events/
	problem 404 about:blank "$door: nothing below it"
	close_door
done

# --- a process for each: CGI

door=cgi
id=$(new idle)
WQW_EVENTS=1
export WQW_EVENTS
watch seen "$id"
wait "$stream"
is "$? $(events seen)" '0 state ' 'by CGI a stream is ended after a while'
unset WQW_EVENTS
watch seen "$id"
hears seen '"new"'
# The child of env is it.
kill -TERM "$stream"
wait "$stream"
is "$?" 0 'and by SIGTERM'
mkfifo out
env REQUEST_METHOD=GET PATH_INFO="/$id/events" SCRIPT_NAME= wqw.cgi >out 2>err &
cgi=$!
cat out >seen &
reader=$!
hears seen '"new"'
kill "$reader"
ok 'and when nobody reads it' until_true gone "$cgi"

# --- one for a connection: inetd

mkfifo in
wqw-httpd <in >seen 2>err &
httpd=$!
exec 3>in
printf 'GET /%s/events HTTP/1.1\r\nHost: x\r\n\r\n' "$id" >&3
ok 'a stream for inetd' hears seen '"new"'
wqw-cancel "$id" >/dev/null
ok 'has its end' hears seen '"cancelled"'
printf 'GET /%s/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$id" >&3
wait "$httpd"
like "$(tr -d '\r' <seen | grep HTTP/1.1 | tr '\n' ' ')" '^HTTP/1.1 200 OK HTTP/1.1 204 No Content $' 'and the connection is kept'
exec 3>&-

# --- the listener

door=listener
open_door
sockets() { find "/proc/$listener/fd" -lname 'socket:*' | wc -l; }
few_sockets() { [ "$(sockets)" -le "$before" ]; }
threads() { sed -n 's/^Threads:.//p' "/proc/$listener/status"; }
id=$(new idle)
curl -q -s -0 -N -m 60 -D head "http://127.0.0.1:$port/$id/events" >seen &
stream=$!
hears seen '"new"'
is "$(grep -ci transfer-encoding head)" 0 'HTTP/1.0 gets no chunks'
wqw-cancel "$id" >/dev/null
wait "$stream"
is "$? $(events seen)" '0 state end ' 'but the end of the connection'

id=$(new idle)
before=$(sockets)
watch seen "$id"
hears seen '"new"'
kill "$stream"
ok 'a client that has gone costs nothing more' until_true few_sockets

# 500 at once; says so when each has been told the state, and at last how many have been told the end.
watch seen "$id"
hears seen '"new"'
before=$(threads)
perl -MIO::Socket::INET -MIO::Select -e '
	my ($port, $id, %got, $began) = @ARGV;
	$| = 1;
	my @all = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die } 1 .. 500;
	syswrite $_, "GET /$id/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" for @all;
	my $open = IO::Select->new(@all);
	while ($open->count) {
		for my $s ($open->can_read) {
			sysread($s, $got{$s}, 65536, length($got{$s} // "")) or $open->remove($s);
		}
		next if $began || grep { !/"new"/ } map { $got{$_} // "" } @all;
		$began = 1;
		print "all\n";
	}
	print scalar(grep { /^event: end/m && /"cancelled"/ && /\r\n0\r\n\r\n$/ } values %got), "\n"' "$port" "$id" >many &
many=$!
ok '500 watch' hears many all
is "$(threads)" "$before" 'without a thread more'
wqw-cancel "$id" >/dev/null
wait "$many"
is "$(tail -n 1 many)" 500 'and each is told the end'
wait "$stream"

id=$(new idle)
watch seen "$id"
hears seen '"new"'
kill -TERM "$listener"
wait "$listener"
is "$?" 0 'SIGTERM ends it at once'
wait "$stream"
is "$?" 0 'and the streams as they should end'

# --- a front that may list nothing

door=cgi
if [ "$(id -u)" -eq 0 ] && getent passwd www-data >/dev/null && command -v setpriv >/dev/null; then
	mkdir bin && cp "$WQW_BIN/wqw.cgi" bin
	wqw-init --group www-data theirs
	env REQUEST_METHOD=POST PATH_INFO=/theirs CONTENT_LENGTH=5 setpriv --reuid www-data --regid www-data --clear-groups \
		bin/wqw.cgi <hello >reply
	id=$(sed -n 's/^Location: //p' reply | tr -d '\r')
	env REQUEST_METHOD=GET PATH_INFO="$id/events" setpriv --reuid www-data --regid www-data --clear-groups bin/wqw.cgi >seen &
	stream=$!
	ok 'a front of --group is told of no place' hears seen '"state":"new".*"place":null'
	wqw-worker theirs --drain -- sh -c 'umask 022; echo 50 >"$WQW_PROGRESS"; until grep -q :50 seen; do :; done'
	wait "$stream"
	is "$(data seen | jq -r '.percent // .state' | tr '\n' ' ' | sed 's/running //')" 'new 50 done ' 'but of progress and end'
else
	skip 'not root, or no www-data, or no setpriv' 'a front of --group is told of progress and end'
fi
done_testing
