#!/bin/sh
# wqw-notify: what goes out, to whom, and what the answer means for the job; by HTTP and by mail.
. "$(dirname "$0")/lib.sh"

need curl jq perl

# Keeps what came in the file `requests`, and answers with the code that the path begins with and the field in `extra`.
cat >server.pl <<'END'
use IO::Socket::INET;
$SIG{PIPE} = 'IGNORE';
my $s = IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1', Proto => 'tcp') or die;
open my $p, '>', 'port.tmp'; print $p $s->sockport; close $p; rename 'port.tmp', 'port';
while (my $c = $s->accept) {
	my ($head, $length, $body) = ('', 0, '');
	while (my $line = <$c>) { last if $line eq "\r\n"; $head .= $line; $length = $1 if $line =~ /^content-length: *(\d+)/i; }
	read $c, $body, $length;
	$head =~ tr/\r//d;
	open my $f, '>>', 'requests'; print $f "$head\n$body"; close $f;
	open $f, '>>', 'count'; print $f "$head\n"; close $f;
	my ($code) = $head =~ m{^POST /(\d+)};
	my $more = -e 'extra' ? do { local (@ARGV, $/) = 'extra'; <> } : '';
	if ($code == 0) { 1 while <$c>; next; }
	print $c "HTTP/1.1 $code x\r\nLocation: http://127.0.0.1:" . $s->sockport . "/200\r\n${more}Connection: close\r\n\r\n";
	if ($head =~ m{^POST /\d+/flood}) { 1 while print $c 'x' x 65536; }
	print $c "thanks\e[2J\n" unless $code == 204;
	close $c;
}
END
bg perl server.pl
wait_for_file port || exit 1
port=$(cat port)
url=http://127.0.0.1:$port
: >requests

event='{"specversion":"1.0","id":"20261123T175305.123456-k3v9q0t7x2m4c8d1","source":"/thumbs","type":"org.wqw.job.failed",
"subject":"20261123T175300.000000-aaaaaaaaaaaaaaaa","time":"2026-11-23T17:53:05Z","datacontenttype":"application/json",
"data":{"queue":"thumbs","id":"20261123T175300.000000-aaaaaaaaaaaaaaaa","state":"failed","attempts":2,"reason":"exit",
"finished":"2026-11-23T17:53:05Z"}}'
# with JQ-FILTER: the event, changed.
with() { printf '%s' "$event" | jq -c "$1"; }

# notify STATUS NAME OPTION... <event: its exit status, once and with nothing else on its mind; then `out`, `err`, `requests`.
notify()
{
	notify_want=$1 notify_name=$2
	shift 2
	: >requests
	rm -f retry
	notify_got=0
	WQW_RETRY=$T/retry wqw-notify "$@" >out 2>err || notify_got=$?
	is "$notify_got" "$notify_want" "$notify_name" || diag "$(cat err)"
}
hook()
{
	hook_want=$1 hook_name=$2 hook_path=$3
	shift 3
	notify "$hook_want" "$hook_name" --to-hosts 127.0.0.1 --url "$url/$hook_path" "$@" <event
}
field() { sed -n "/^\$/q; s/^$1: //Ip" requests; }
body() { sed '1,/^$/d' requests; }

# --- what goes out
echo "$event" >event
notify 0 'structured' --url "$url/200/a?b=c" --to-hosts 127.0.0.1 <event
is "$(head -n 1 requests)" 'POST /200/a?b=c HTTP/1.1' 'is a POST to the URL'
is "$(field content-type)" 'application/cloudevents+json; charset=utf-8' 'of its type'
body >got
ok 'with the event as it is' cmp got event
is "$(field ce-id)$(field expect)$(field authorization)" '' 'and no other fields'
is "$(cat err)" '' 'nothing is logged'
is "$(cat out)" "http://127.0.0.1:$port: 200: thanks [2J" 'the answer is the result'

notify 0 'binary' --url "$url/204" --to-hosts 127.0.0.1 --mode binary <event
is "$(field content-type)" application/json 'has the type of the data'
is "$(body)" "$(with .data)" 'and the data'
is "$(sed -n 's/^\(ce-[a-z]*\): .*/\1/p' requests | sort | tr '\n' ' ')" \
	'ce-id ce-source ce-specversion ce-subject ce-time ce-type ' 'and a field for each attribute'
is "$(field ce-id) $(field ce-source) $(field ce-time)" '20261123T175305.123456-k3v9q0t7x2m4c8d1 /thumbs 2026-11-23T17:53:05Z' \
	'as it is, where it is plain'
with '.subject = "Euro € %41 \"q\"\r\nX-Evil: 1\u0000@x" | .n = 5 | .b = false | .none = null | .at = "@/etc/passwd"' >in
notify 0 'binary: anything' --url "$url/200" --to-hosts 127.0.0.1 --mode binary <in
is "$(field ce-subject)" 'Euro%20%E2%82%AC%20%2541%20%22q%22%0D%0AX-Evil:%201%00@x' 'is percent-encoded'
is "$(field ce-n) $(field ce-b) $(field ce-none)$(field x-evil) $(field ce-at)" '5 false  @/etc/passwd' 'numbers, booleans, nothing, @'
while IFS='|' read -r filter type wanted; do
	with "$filter" >in
	notify 0 "binary: $filter" --url "$url/200" --to-hosts 127.0.0.1 --mode binary <in
	is "$(field content-type) $(body)" "$type $wanted" "goes out as $wanted"
done <<'END'
.data = "text"|application/json|"text"
. + {data: "@event", datacontenttype: "text/plain; charset=utf-8"}|text/plain; charset=utf-8|@event
. + {data: "x", datacontenttype: "application/x+JSON;a=b"}|application/x+JSON;a=b|"x"
.data = null|application/json|null
del(.data)|application/json|
del(.data) + {data_base64: "aGVsbG8=", datacontenttype: "image/png"}|image/png|hello
del(.datacontenttype)|application/json|{"queue":"thumbs","id":"20261123T175300.000000-aaaaaaaaaaaaaaaa","state":"failed","attempts":2,"reason":"exit","finished":"2026-11-23T17:53:05Z"}
END
printf 'Authorization: Bearer s3cret\n' >token
TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 TRACESTATE='a=b' notify 0 'fields of the operator' \
	--url "$url/200" --to-hosts 127.0.0.1 --headers "$T/token" <event
is "$(field authorization) $(field tracestate)" 'Bearer s3cret a=b' 'and the trace context go with it'
like "$(field traceparent)" '^00-0af7651916cd43dd8448eb211c80319c-' 'both fields'
mkdir home && printf 'url = "%s/200/curlrc"\nheader = "X-Rc: 1"\n' "$url" >home/.curlrc
HOME=$T/home notify 0 'a .curlrc' --url "$url/200" --to-hosts 127.0.0.1 <event
unlike "$(cat requests)" 'curlrc|X-Rc' 'is not read'

# --- signature
printf 'whsec_%s\n' "$(printf 'abcdefghijklmnopqrstuvwxyz' | base64)" >secret
for mode in structured binary; do
	notify 0 "signed: $mode" --url "$url/200" --to-hosts 127.0.0.1 --secret-file secret --mode $mode <event
	is "$(field webhook-id)" 20261123T175305.123456-k3v9q0t7x2m4c8d1 'names the event'
	body >got
	wanted=$(perl -MDigest::SHA=hmac_sha256_base64 -e '
		undef $/; print hmac_sha256_base64("$ARGV[0].$ARGV[1]." . <STDIN>, "abcdefghijklmnopqrstuvwxyz"), "=\n"' \
		"$(field webhook-id)" "$(field webhook-timestamp)" <got)
	is "$(field webhook-signature)" "v1,$wanted" 'is that of HMAC-SHA256'
done
ok 'and of now' test "$(field webhook-timestamp)" -ge $(($(date +%s) - 60))

# --- whom it talks to: no URL of a job leads elsewhere than to the listed hosts
sent() { [ -s requests ] && echo sent || echo none; }
while IFS='|' read -r hosts target; do
	with ".notifyurl = $(printf '%b' "$target" | sed "s/PORT/$port/g" | jq -Rs .)" >in
	notify 100 "$hosts: $(printf '%s' "$target" | tr '\134' /)" --job-url --to-hosts "$hosts" <in
	is "$(sent) $(wc -l <err)" 'none 1' 'nothing is sent, and one line says why'
done <<'END'
good.example|http://127.0.0.1:PORT/200
good.example|http://good.example@127.0.0.1:PORT/200
good.example|http://good.example:80@127.0.0.1:PORT/200
127.0.0.1|http://x@127.0.0.1:PORT/200
127.0.0.1|http://x:y@127.0.0.1:PORT/200
good.example|http://127.0.0.1:PORT\\@good.example/200
good.example|http://good.example\\@127.0.0.1:PORT/200
good.example|http://127.0.0.1:PORT#@good.example/200
good.example|http://127.0.0.1:PORT?@good.example/200
good.example|http://127.0.0.1:PORT/@good.example/200
good.example|http://127.0.0.1:PORT/200#.good.example
good.example|http://good.example%2f@127.0.0.1:PORT/200
good.example|http://good.example%00.127.0.0.1:PORT/200
127.0.0.1|http://127.0.0.1%2e:PORT/200
127.0.0.1|http://%31%32%37.0.0.1:PORT/200
127.0.0.1|http://2130706433:PORT/200
127.0.0.1|http://0x7f.1:PORT/200
127.0.0.1|http://0177.0.0.1:PORT/200
127.0.0.1|http://127.1:PORT/200
127.0.0.1|http://localhost:PORT/200
localhost|http://127.0.0.1:PORT/200
localhost|http://localhost.evil.example:PORT/200
localhost|http://localhost..:PORT/200
localhost|http://xlocalhost:PORT/200
.localhost|http://localhost:PORT/200
.localhost|http://.localhost:PORT/200
.localhost|http://xlocalhost:PORT/200
127.0.0.1|http://[::ffff:127.0.0.1]:PORT/200
[::1]|http://[0::1]:PORT/200
[::1]|http://[::1%25lo]:PORT/200
[::1]|http://[::1]x:PORT/200
[::1]|http://[::1]@127.0.0.1:PORT/200
[::1]|http://::1/200
127.0.0.1:1|http://127.0.0.1:PORT/200
127.0.0.1:80|http://127.0.0.1:PORT/200
127.0.0.1|http://127.0.0.1:0/200
127.0.0.1|http://127.0.0.1:99999/200
127.0.0.1|http://127.0.0.1:/200
127.0.0.1|http://127.0.0.1:PORT:80/200
127.0.0.1|http://127.0.0.1:PORTx/200
127.0.0.1|http:/127.0.0.1:PORT/200
127.0.0.1|http:127.0.0.1:PORT/200
127.0.0.1|http:///127.0.0.1:PORT/200
127.0.0.1|//127.0.0.1:PORT/200
127.0.0.1|127.0.0.1:PORT/200
127.0.0.1|ftp://127.0.0.1:PORT/200
127.0.0.1|file://127.0.0.1/etc/passwd
127.0.0.1|gopher://127.0.0.1:PORT/200
127.0.0.1|-K/etc/passwd
127.0.0.1|@/etc/passwd
127.0.0.1| http://127.0.0.1:PORT/200
127.0.0.1|http://127.0.0.1:PORT/200 x
127.0.0.1|http://127.0.0.1:PORT/200\r\nX: y
127.0.0.1|http://127.0.0.1:PORT/200\n
127.0.0.1|http://127.0.0.1:PORT/\0303\0244
127.0.0.1|http://\0357\0274\0221\0062\0067.0.0.1:PORT/200
127.0.0.1|http://127.0.0.1\0343\0200\0202:PORT/200
127.0.0.1|http://127.0.0.1\tx:PORT/200
END
while IFS='|' read -r hosts target; do
	target=$(echo "$target" | sed "s/PORT/$port/g")
	with ".notifyurl = $(printf '%s' "$target" | jq -Rs .)" >in
	notify 0 "$hosts: $target" --job-url --to-hosts "$(echo "$hosts" | sed "s/PORT/$port/g")" <in
	is "$(sent)" sent 'is sent'
	unlike "$(head -n 1 requests)" '#' 'without a fragment'
done <<'END'
127.0.0.1|http://127.0.0.1:PORT/200
127.0.0.1:PORT|HTTP://127.0.0.1:PORT/200/{a,b}[1-3]?q=@x&y=%20;$(id)`id`'"
a.example,127.0.0.1:PORT|http://127.0.0.1.:PORT/200#frag
localhost|http://LocalHost.:PORT/200
LOCALHOST.|http://localhost:PORT/200
END
if [ "$(curl -q -s -o out -w '%{http_code}' -d x "http://a.localhost:$port/200")" = 200 ]; then
	with ".notifyurl = \"http://a.b.localhost:$port/200\"" >in
	notify 0 'a suffix' --job-url --to-hosts x.example,.LOCALHOST <in
	is "$(sent)" sent 'lets in the names below it'
else
	skip 'a.localhost leads nowhere' 'a suffix'
fi
long=$(perl -e 'print "x" x 3000')
with ".notifyurl = \"$url/200/$long\"" >in
notify 100 'a long URL' --job-url --to-hosts 127.0.0.1 <in
with ".notifyurl = \"$url/200\\u0000\"" >in
notify 100 'a NUL' --job-url --to-hosts 127.0.0.1 <in
with ".notifyurl = [\"$url/200\"]" >in
notify 100 'no text' --job-url --to-hosts 127.0.0.1 <in
notify 0 'a job without a URL' --job-url --to-hosts 127.0.0.1 <event
is "$(sent) $(cat out err)" 'none ' 'is not sent'
notify 0 'but where there is --url' --job-url --url "$url/200/own" --to-hosts 127.0.0.1 <event
like "$(cat requests)" '^POST /200/own ' 'it goes there'
with ".notifyurl = \"$url/200/job\"" >in
notify 0 "the job's comes first" --job-url --url "$url/200/own" --to-hosts 127.0.0.1 <in
like "$(cat requests)" '^POST /200/job ' 'where it may'
with ".notifyurl = \"$url/200/job\"" >in
notify 0 'without --job-url' --url "$url/200/own" --to-hosts 127.0.0.1 <in
like "$(cat requests)" '^POST /200/own ' 'it does not count'

# --- what the answer means
while read -r want codes; do
	for code in $codes; do
		hook "$want" "$code" "$code"
		is "$(grep -c ^POST requests)" 1 'no redirect is followed'
		[ "$want" -eq 0 ] || like "$(cat err)" "^wqw-notify: $url: ${code}[:;] " 'the log has the code'
	done
done <<'END'
0 200 201 202 204
100 301 302 303 307 308 400 401 403 404 409 410 415 422
1 408 425 429 500 501 502 503 504
END
is "$(cat err)" "wqw-notify: $url: 504: thanks [2J" 'and the answer, on one line without controls'
for code in 200 500; do
	hook $((code / 500)) "an answer without end: $code" "$code/flood"
	ok 'is cut off' test "$(cat out err | wc -c)" -lt 400
done
hook 1 'no answer' 0 --max-time 1
like "$(cat err)" 'curl: \(28\)' 'ends with the time'
notify 1 'nobody there' --url "http://127.0.0.1:$(free_port)/" --to-hosts 127.0.0.1 <event
like "$(cat err)" 'curl: \(7\)' 'the log says why'

while IFS='|' read -r wanted value; do
	printf 'Retry-After: %b\r\n' "$value" >extra
	hook 1 "Retry-After: $value" 429
	is "$(cat retry 2>/dev/null)" "$wanted" "is ${wanted:-nothing} to the worker"
done <<'END'
120|120
120|  120 \t
0|0
2026-12-01T08:00:00Z|Tue, 01 Dec 2026 08:00:00 GMT
2026-12-01T08:00:00Z|Tuesday, 01-Dec-26 08:00:00 GMT
2026-12-01T08:00:00Z|Tue Dec  1 08:00:00 2026
|soon
|-5
|1.5
|$(id)
END
printf 'retry-AFTER: 7\r\n' >extra
hook 1 'the name of the field in any case' 503
is "$(cat retry)" 7 'counts'
hook 100 'with a code that ends it' 410
ok 'it means nothing' test ! -e retry
rm extra
hook 1 '503 alone' 503
ok 'says nothing to the worker' test ! -e retry

# --- what is no event
while IFS='|' read -r what text; do
	printf '%b' "$text" >in
	notify 100 "not an event: $what" --url "$url/200" --to-hosts 127.0.0.1 <in
	is "$(sent) $(wc -l <err)" 'none 1' 'is not sent, and one line says why'
done <<'END'
nothing|
text|hello
two|{} {}
an array|[]
no version|{"id":"a","source":"b","type":"c"}
another version|{"specversion":"0.3","id":"a","source":"b","type":"c"}
no id|{"specversion":"1.0","source":"b","type":"c"}
an empty source|{"specversion":"1.0","id":"a","source":"","type":"c"}
a number|{"specversion":"1.0","id":1,"source":"b","type":"c"}
an attribute|{"specversion":"1.0","id":"a","source":"b","type":"c","x":{}}
a fraction|{"specversion":"1.0","id":"a","source":"b","type":"c","x":1.5}
a name|{"specversion":"1.0","id":"a","source":"b","type":"c","x\\r\\ny":"z"}
an upper-case name|{"specversion":"1.0","id":"a","source":"b","type":"c","X":"z"}
a media type|{"specversion":"1.0","id":"a","source":"b","type":"c","datacontenttype":"a/b\\r\\nX: y"}
cut off|{"specversion":"1.0","id":"a","source":"b","type":"c"
END
{ printf '%s' "$event" && perl -e 'print " " x 1100000'; } >in
notify 100 'more than a megabyte' --url "$url/200" --to-hosts 127.0.0.1 <in
with 'del(.data) | .data_base64 = "***"' >in
notify 100 'no base64' --url "$url/200" --to-hosts 127.0.0.1 --mode binary <in
notify 0 'only done: a failed one' --url "$url/200" --to-hosts 127.0.0.1 --only 'done' <event
is "$(sent)" none 'is passed over'
notify 0 'only failed' --url "$url/200" --to-hosts 127.0.0.1 --only failed <event
is "$(sent)" sent 'is sent'

# --- bad options
echo short >token.short
# shellcheck disable=SC2034 # used below, by eval
nl='
'
long=$(perl -e 'print "x" x 20000')
while IFS='|' read -r options; do
	eval "set -- $options"
	notify 64 "$options" "$@" <event
	is "$(sent) $(wc -l <err)" 'none 1' 'one line says why'
done <<'END'

--url "$url/200"
--to-hosts 127.0.0.1
--job-url
--url
--url ''
--url= --to-hosts 127.0.0.1
--url "$url/200" --to-hosts
--url "$url/200" --to-hosts ''
--url "$url/200" --to-hosts '*'
--url "$url/200" --to-hosts 127.0.0.1,
--url "$url/200" --to-hosts 127.0.0.1,,a
--url "$url/200" --to-hosts http://127.0.0.1
--url "$url/200" --to-hosts 127.0.0.1/8
--url "$url/200" --to-hosts 127.0.0.1:x
--url "$url/200" --to-hosts 127.0.0.1:65536
--url "$url/200" --to-hosts ::1
--url "$url/200" --to-hosts .0.0.1
--url "$url/200" --to-hosts .
--url "$url/200" --to-hosts "$long"
--url "$url/200" --to-hosts "a b"
--url "$url/200" --to-hosts other.example
--url "$url/200" --url "$url/200" --to-hosts 127.0.0.1
--url "http://127.0.0.1/$long" --to-hosts 127.0.0.1
--url ftp://127.0.0.1/ --to-hosts 127.0.0.1
--url "$url/200" --to-hosts 127.0.0.1 --mode batch
--url "$url/200" --to-hosts 127.0.0.1 --mode ''
--url "$url/200" --to-hosts 127.0.0.1 --max-time 0
--url "$url/200" --to-hosts 127.0.0.1 --max-time -1
--url "$url/200" --to-hosts 127.0.0.1 --max-time 3601
--url "$url/200" --to-hosts 127.0.0.1 --max-time 1e3
--url "$url/200" --to-hosts 127.0.0.1 --max-time 99999999999999999999
--url "$url/200" --to-hosts 127.0.0.1 --headers /nonexistent
--url "$url/200" --to-hosts 127.0.0.1 --secret-file /dev/null
--url "$url/200" --to-hosts 127.0.0.1 --secret-file token.short
--url "$url/200" --to-hosts 127.0.0.1 --only lost
--url "$url/200" --to-hosts 127.0.0.1 --nonsense
--url "$url/200" --to-hosts 127.0.0.1 --nonsense=1
--url "$url/200" --to-hosts 127.0.0.1 '--url --mode' x
--url "$url/200" --to-hosts 127.0.0.1 --job-url=yes
--url "$url/200" --to-hosts 127.0.0.1 extra
--url "$url/200" --to-hosts 127.0.0.1 --mail root
--mail ''
--mail
--mail -oQ/tmp
--mail '|id'
--mail /etc/passwd
--mail 'a b@example.com'
--mail 'a@b@c'
--mail "$long@example.com"
--mail root --from "x@example.com${nl}Bcc: y@example.com"
--mail root --from "Ops <x@example.com>"
--mail root --sendmail sendmail
END
ok 'help' wqw-notify -h
like "$(said)" '^usage: wqw-notify ' 'is the usage'

# --- mail
cat >sendmail <<'END'
#!/bin/sh
for argument; do echo "<$argument>"; done >argv
cat >mail
echo "it said $MAIL_EXIT"
exit "${MAIL_EXIT:-0}"
END
chmod +x sendmail
printf '#!/bin/sh\nexec touch sent-by-default\n' >other && chmod +x other
line() { sed -n "/^\$/q; s/^$1: //p" mail; }
# The text of a mail, as it was before it was encoded for its way.
text() { sed '1,/^$/d' mail | if grep -q '^Content-Transfer-Encoding: base64' mail; then base64 -d; else cat; fi; }
notify 0 'mail' --mail root --mail ops@example.com --from wqw@example.com --sendmail "$T/sendmail" <event
is "$(tr '\n' ' ' <argv)" '<-i> <-f> <wqw@example.com> <--> <root> <ops@example.com> ' 'goes to the addresses'
is "$(line To) $(line From)" 'root, ops@example.com wqw@example.com' 'as its header says'
is "$(line Subject)" 'wqw: thumbs/20261123T175300.000000-aaaaaaaaaaaaaaaa failed (exit)' 'the subject says what it is about'
is "$(line Message-ID)" '<20261123T175305.123456-k3v9q0t7x2m4c8d1@example.com>' "the message has the event's ID"
is "$(line Auto-Submitted) $(line MIME-Version)" 'auto-generated 1.0' 'nobody answers it'
like "$(line Date)" '^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000$' 'it has a date'
like "$(text)" '^Attempts 2$' 'the text says more'
is "$(text | sed '1,/^$/d' | jq -c .)" "$(with .)" 'and has the whole event'
is "$(cat out) $(cat err)" 'root, ops@example.com: <20261123T175305.123456-k3v9q0t7x2m4c8d1@example.com> ' 'its ID is the result'
notify 0 'mail again' --mail root --from wqw@example.com --sendmail "$T/sendmail" <event
is "$(line Message-ID)" '<20261123T175305.123456-k3v9q0t7x2m4c8d1@example.com>' 'can be known'
SENDMAIL=$T/other notify 0 'another sendmail' --mail root <event
ok 'is taken from $SENDMAIL' test -e sent-by-default
with '.id = "a\r\nBcc: x@example.com\r\n\r\nhi .b..c>,P=1" | .type = "x.y" | .source = "/é\nTo: evil@example.com" |
	.subject = "=?utf-8?q?x?=\u0000 Grüße aus der Warteschlange, und noch viel mehr davon" | .data = {"a": "Ü\n.\nFrom x"}' >in
notify 0 'mail: anything' --mail root --from wqw@example.com --sendmail "$T/sendmail" <in
unlike "$(cat mail)" '^(Bcc|To: evil|\.$|From )' 'stays where it belongs'
is "$(line To) $(line Message-ID)" \
	'root <a%0D%0ABcc%3A%20x%40example%2Ecom%0D%0A%0D%0Ahi%20%2Eb%2E%2Ec%3E%2CP%3D1@example.com>' 'the header is what it was'
is "$(perl -MEncode -0777 -ne 'print encode("utf-8", decode("MIME-Header", $1)) if /^Subject: (.*?)\n(?! )/ms' mail)" \
	'wqw: x.y from /é To: evil@example.com: =?utf-8?q?x?=  Grüße aus der Warteschlange, und noch viel mehr davon' 'the subject is encoded'
ok 'on short lines of ASCII' sh -c '! grep -q "[^ -~]" mail && ! sed -n "/^Subject/,/^Auto/p" mail | grep -q "^.\{79\}"'
like "$(text)" '^ *"a": "Ü\\n.\\nFrom x"$' 'and so is the text'
while read -r want codes; do
	for code in $codes; do
		export MAIL_EXIT="$code"
		notify "$want" "mail: exit $code" --mail root --sendmail "$T/sendmail" <event
		like "$(cat err)" "exit $code: it said $code\$" 'is told'
	done
done <<'END'
100 64 65 67 68
1 1 69 70 71 73 74 75 77 78
END
unset MAIL_EXIT
notify 1 'no sendmail' --mail root --sendmail "$T/nonexistent" <event
rm mail
notify 0 'mail: only done' --mail root --sendmail "$T/sendmail" --only 'done' <event
ok 'is passed over' test ! -e mail
is "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -user "$(id -u)" -name 'tmp.*' -newer server.pl -type d -exec test -e '{}/event' \; -print)" '' \
	'no temporary files are left'

# --- as the handler of a queue
wqw-init hooks || exit 1
# policy PATH
policy()
{
	printf '%s\n' "handler wqw-notify --url $url/$1 --to-hosts 127.0.0.1 --mode binary" 'backoff 10ms' 'backoff-max 10ms' \
		'max-attempts 3' >spool/hooks/queue.conf
}
submit()
{
	: >requests
	: >count
	job=$(wqw-submit --type 'application/cloudevents+json; charset=utf-8' hooks <event)
}
policy 202
submit
wqw-worker hooks --drain
is "$(wqw-status "$job" | cut -f 2) $(grep -c '^POST' requests)" 'done 1' 'a queue delivers its events'
is "$(field ce-type)" org.wqw.job.failed 'as they are'
ok 'and keeps no log' test ! -e "spool/hooks/log/${job#*/}"
policy 410
submit
wqw-worker hooks --drain
like "$(wqw-status "$job")" 'failed	exit, 1 attempt,' '410 ends it at once'
policy 500
submit
wqw-worker hooks --drain
like "$(wqw-status "$job")" 'failed	exit, 3 attempts,' '500 is tried again'
is "$(grep -c '^POST' count)" 3 'each time'
is "$(grep '^ce-id' count | sort -u | wc -l | tr -d ' ')" 1 'under the same ID'
printf 'Retry-After: 7200\r\n' >extra
policy 429
submit
began=$(date +%s)
bg wqw-worker hooks
until_true test -e "spool/hooks/later/${job#*/},A=1"
stop "$BG_PID"
due=$(stat -c %Y "spool/hooks/later/${job#*/},A=1")
ok '429 waits as long as it is asked to' test $((due - began)) -ge 7200
ok 'and not longer' test $((due - $(date +%s))) -le 7200
rm extra
# A worker that drains would wait for it.
wqw-cancel "$job" >cancelled
policy 200
if grep -q '"events"' "$ROOT/src/policy.c"; then
	wqw-init work || exit 1
	printf 'events hooks\nmax-attempts 1\n' >spool/work/queue.conf
	while read -r type command; do
		job=$(echo x | wqw-submit work)
		wqw-worker work --drain -- "$command"
		: >requests
		wqw-worker hooks --drain
		is "$(field ce-type) $(field ce-source) $(body | jq -r .id)" "org.wqw.job.$type /work ${job#*/}" \
			"the end of a job is told: $type"
	done <<-'END'
		done true
		failed false
	END
else
	skip 'queues have no events' 'the end of a job is told'
fi
done_testing
