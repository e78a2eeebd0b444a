#!/bin/sh
# The example handlers, each through a real queue; their samples; the example queue.conf.
. "$(dirname "$0")/lib.sh"

need perl
EX=$ROOT/share/examples

# ends STATE NAME QUEUE HANDLER ARG... <payload: a job of $type. Its address is $job.
ends()
{
	ends_state=$1 ends_name=$2 ends_queue=$3
	shift 3
	job=$(wqw-submit --type "$type" "$ends_queue")
	wqw-worker "$ends_queue" --drain -- "$@" || diag "wqw-worker: $?"
	is "$(wqw-status "$job" | cut -f 2)" "$ends_state" "$ends_name"
}

why() { wqw-status "$job" | cut -f 3; }
log() { wqw-cat --log "$job"; }

wqw-init thumbs reports hooks || exit 1
for queue in thumbs reports hooks; do
	printf 'max-attempts 2\nbackoff 0\n' >"spool/$queue/queue.conf"
done

for handler in thumbnail report webhook; do
	ok "$handler is a program" test -x "$EX/$handler"
	ok "$handler has fewer than 30 lines" test "$(wc -l <"$EX/$handler")" -lt 30
	like "$(head -n 5 "$EX/$handler")" "wqw-worker [a-z]+ .*-- .*/$handler( |\$)" "$handler tells how to run it"
done
ok 'the sample photo is small' test "$(wc -c <"$EX/lake.jpg")" -le 30720

# --- report

type=text/csv
ends 'done' 'report: the sample' reports "$EX/report" product amount <"$EX/orders.csv"
wqw-cat "$job" >out
like "$(cat out)" '^amount by product, 48 rows$' 'has a heading'
like "$(cat out)" '^Espresso beans, 1 kg +618\.80  #{36}$' 'a line for each product, the largest with the longest bar'
is "$(awk 'NR > 3 { sum += $(NF - ($NF ~ /#/)) } END { printf "%.2f", sum }' out)" \
	"$(awk '$1 == "all" { print $2 }' out)" 'the lines add up'
is "$(awk 'NR > 3 { print $(NF - ($NF ~ /#/)) }' out)" \
	"$(awk 'NR > 3 { print $(NF - ($NF ~ /#/)) }' out | sort -rn)" 'the largest comes first'
printf 'a,b\r\n"x, y",1\r\n"x, y",2.5\r\n\r\nz,-1' >in.csv
ends 'done' 'quoted commas, CRLF, an empty line, no newline at the end' reports "$EX/report" a b <in.csv
is "$(wqw-cat "$job" | sed -n '/all/p; /x, y/p; /^z/p' | tr -s ' #' ' #' | sed 's/ *$//')" "$(printf 'all 2.50\nx, y 3.50 #\nz -1.00')" \
	'come out right'
printf 'a,b\n\033[2Jx\001y,1\n' >in.csv
ends 'done' 'control characters' reports "$EX/report" a b <in.csv
ok 'do not come out' sh -c "wqw-cat '$job' | tr -d '\n -~' | cmp - /dev/null"
while IFS='|' read -r text what; do
	printf '%b' "$text" >in
	ends failed "report: $what" reports "$EX/report" a b <in
	like "$(why)" '^exit, 1 attempt' 'is given up at once'
done <<-'END'
	|nothing
	x,y\n1,2\n|other columns
	a,b\nx,much\n|no number
	a,b\nx\n|a row that is too short
	\0377\0330\0377\0000|a photo
END
like "$(log)" '^line 1: no columns "a" and "b"$' 'the log says why'

# --- webhook

# Answers with the code that the path begins with, and keeps what came.
cat >server.pl <<'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1', Proto => 'tcp') or die;
open my $p, '>', 'port.tmp'; print $p $s->sockport; close $p; rename 'port.tmp', 'port';
while (my $c = $s->accept) {
	my ($head, $length) = ('', 0);
	while (my $line = <$c>) { last if $line eq "\r\n"; $head .= $line; $length = $1 if $line =~ /^content-length: *(\d+)/i; }
	read $c, my $body, $length;
	my ($code) = $head =~ m{^POST /(\d+)};
	open my $f, '>>', 'requests'; print $f "$head\n$body\n"; close $f;
	print $c "HTTP/1.1 $code x\r\nLocation: http://127.0.0.1:" . $s->sockport . "/200\r\nConnection: close\r\n" .
		($code == 204 ? '' : "Content-Length: 7\r\n") . "\r\n" . ($code == 204 ? '' : "thanks\n");
	close $c;
}
END

type=application/json
if command -v curl >/dev/null; then
	bg perl server.pl
	wait_for_file port || exit 1
	url=http://127.0.0.1:$(cat port)
	printf '{"a":1}' >in
	ends 'done' 'webhook: 200' hooks "$EX/webhook" "$url/200" -H 'X-Secret: s3cret' <in
	is "$(wqw-cat "$job")" thanks 'the answer is the result'
	like "$(cat requests)" '^Content-Type: application/json' 'the type goes with it'
	like "$(cat requests)" "^Idempotency-Key: \"${job#*/}\"" 'and the ID'
	like "$(cat requests)" '^X-Secret: s3cret' "and the operator's options"
	is "$(tail -n 1 requests)" '{"a":1}' 'and the payload'
	head -c 200000 /dev/urandom >big
	ends 'done' 'webhook: 204, and bytes of any kind' hooks "$EX/webhook" "$url/204" <big
	ok 'arrive as they are' sh -c 'tail -c 200001 requests | head -c 200000 | cmp - big'
	while read -r code attempts what; do
		: >requests
		echo x >in
		ends failed "webhook: $code" hooks "$EX/webhook" "$url/$code" <in
		like "$(why)" "^exit, $attempts attempt" "$what"
		is "$(grep -c '^POST' requests)" "$attempts" 'and no redirect is followed'
	done <<-'END'
		400 1 is given up at once
		404 1 is given up at once
		302 1 is given up at once
		307 1 is given up at once
		408 2 is tried again
		429 2 is tried again
		500 2 is tried again
		503 2 is tried again
	END
	like "$(log)" '^503$' 'the log has the code'
	stop "$BG_PID"
	echo x >in
	ends failed 'webhook: nobody there' hooks "$EX/webhook" "$url/200" <in
	like "$(why)" '^exit, 2 attempts' 'is tried again'
	like "$(log)" '^curl: \(7\)' 'the log says why'
	echo x >in
	ends failed 'webhook: only HTTP' hooks "$EX/webhook" "file://$EX/lake.jpg" <in
else
	skip 'curl is missing' webhook
fi

# --- thumbnail

type=image/jpeg
magick=$(command -v magick || command -v convert)
if [ -n "$magick" ] && "$magick" -size 1x1 xc:red jpeg:- >/dev/null 2>&1; then
	size() { wqw-cat "$job" >out && "$magick" out -format '%m %wx%h' info:; }
	ends 'done' 'thumbnail: the sample' thumbs "$EX/thumbnail" <"$EX/lake.jpg"
	is "$(size)" 'JPEG 320x213' 'comes out small'
	ends 'done' 'thumbnail: a size' thumbs "$EX/thumbnail" 64 <"$EX/lake.jpg"
	is "$(size)" 'JPEG 64x43' 'is taken'
	for format in png gif webp; do
		type=image/$format
		"$magick" "$EX/lake.jpg" -resize "90x60!" "$format:in" 2>/dev/null ||
			{ skip "no $format here" "thumbnail: $format"; continue; }
		ends 'done' "thumbnail: $format" thumbs "$EX/thumbnail" 50 <in
		is "$(size)" 'JPEG 50x33' 'comes out as JPEG'
	done
	cat >evil.mvg <<-'END'
		push graphic-context
		viewbox 0 0 640 480
		fill 'url(https://127.0.0.1/x.jpg"|touch pwned")'
		pop graphic-context
	END
	printf '<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="text:/etc/passwd"/></svg>' >evil.svg
	head -c 300 "$EX/lake.jpg" >evil.torn
	: >evil.empty
	for evil in evil.*; do
		for type in image/jpeg image/png image/svg+xml 'image/x-mvg; a=b'; do
			ends failed "thumbnail: $evil as $type" thumbs "$EX/thumbnail" <"$evil"
			like "$(why)" '^exit, 1 attempt' 'is given up at once'
		done
	done
	ok 'and nothing else came of it' test ! -e pwned
	type=image/jpeg
	exits 75 "a full disk is not the photo's fault" sh -c '"$1" <"$2" >/dev/full' sh "$EX/thumbnail" "$EX/lake.jpg"
else
	skip 'ImageMagick is missing' thumbnail
fi

# --- queue.conf

sed -n 's/^#\([a-z]\)/\1/p' "$EX/queue.conf" >names
is "$(cut -d ' ' -f 1 names | sort)" \
	"$(sed -n 's/^\t{ "\([a-z-]*\)", [A-Z_]*, AT(.*/\1/p' "$ROOT/src/policy.c" | sort)" 'the example queue.conf has every name'
sed '/^handler/d;/^next/d;/^events/d' names >spool/reports/queue.conf
type=text/plain
echo x >in
ends 'done' 'with values that are allowed' reports cat <in
done_testing
