#!/bin/sh
# demo.sh: wqw at work, in a directory of its own: files go in over HTTP, two workers take them, results come out.
# `make demo` runs it. It needs curl; without ImageMagick the photo is left out. It leaves nothing behind.

# shellcheck disable=SC2016 # what `run` shows and evaluates
set -u
unset WQW_SPOOL CDPATH http_proxy all_proxy ALL_PROXY
examples=$(cd "$(dirname "$0")" && pwd) || exit 1
dir='' pids=''

fail()
{
	echo "demo: $*" >&2
	[ -z "$dir" ] || cat "$dir"/*.err >&2
	exit 1
}

finish()
{
	status=$?
	trap '' INT TERM HUP
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	wait
	cd /
	[ -z "$dir" ] || rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What happens next, in a line.
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }

# A command as one would type it, and what it prints.
run()
{
	printf '$ %s\n' "$1"
	eval "$1" 2>&1
}

# post TYPE FILE QUEUE [FILTER]: submits a file, shows the answer, and leaves the job's address and URL.
post()
{
	post="curl -sS -i -H 'Content-Type: $1' --data-binary @$2 $base/$3"
	printf '$ %s\n' "$post${4:+ | $4}"
	eval "$post" >reply || fail 'no answer'
	tr -d '\r' <reply | eval "${4:-cat}"
	url=$(tr -d '\r' <reply | sed -n 's/^[Ll]ocation: *//p')
	[ -n "$url" ] || fail 'the file was not accepted'
	job=$3/${url##*/} url=$base/$3/${url##*/}
}

# A picture in a terminal: 64 x 20 points, of colours, or of characters where that is no terminal.
picture()
{
	"$magick" "$1" -resize '64x20!' "$stretch" -depth 8 -compress none ppm:- | awk -v colour="$bold" '
		NR == 1 || /^#/ { next }
		{ for (i = 1; i <= NF; i++) v[n++] = $i }
		END {
			for (i = 3; i + 2 < n; i += 3) { # after width, height and depth
				if (colour) printf "\033[48;2;%d;%d;%dm ", v[i], v[i + 1], v[i + 2]
				else printf "%s", substr(" .:-=+*#%@", 1 + int((v[i] * 3 + v[i + 1] * 6 + v[i + 2]) / 256), 1)
				if (++x == v[0]) { x = 0; print (colour ? "\033[0m" : "") }
			}
		}'
}

bold='' plain='' stretch=-normalize
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m') stretch=-strip
fi
command -v wqw-httpd >/dev/null || PATH=$(cd "$examples/../../bin" 2>/dev/null && pwd):$PATH
command -v wqw-httpd >/dev/null || fail 'wqw-httpd is not in PATH; make builds it'
command -v curl >/dev/null || fail 'curl is missing; ./bootstrap installs it'
magick=$(command -v magick || command -v convert)
if [ -z "$magick" ] || ! "$magick" -size 1x1 xc:red jpeg:- >/dev/null 2>&1; then
	echo 'demo: ImageMagick is missing (./bootstrap installs it): there will be a report, and no photo' >&2
	magick=''
fi
PATH=$examples:$PATH

dir=$(mktemp -d) || fail 'no directory for the demo'
cd "$dir" || exit 1
cp "$examples/lake.jpg" "$examples/orders.csv" . || fail "no room in $dir"
export WQW_SPOOL="$dir/spool"

say 'Two queues. A queue is a directory, and a job is a file in the directory that tells its state.'
run 'wqw-init photos reports'
run 'ls -C spool/photos'

say 'The web front, on a free port of this machine.'
mkfifo said || fail 'no pipe'
run 'wqw-httpd -l 127.0.0.1:0 2>said &'
pids=$!
exec 3<said
read -r line <&3 || fail 'wqw-httpd did not start'
echo "$line"
base=http://127.0.0.1:$(echo "$line" | sed 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/')

say 'A file goes in. 202: it is safe on disk, and Location is where to look for the outcome.'
post text/csv orders.csv reports
report=$job report_url=$url photo=''
if [ -n "$magick" ]; then
	say 'So does a photo.'
	post image/jpeg lake.jpg photos "grep -E 'HTTP|Location'"
	photo=$job photo_url=$url
fi

say 'No worker runs yet: the jobs wait in new/. Their names are the IDs, and begin with the time.'
run 'ls spool/*/new'

say 'Two workers start: one makes reports, the other thumbnails, two at a time.'
run 'wqw-worker reports -- report product amount 2>reports.err &'
pids="$pids $!"
run 'wqw-worker photos -j 2 -- thumbnail 320 2>photos.err &'
pids="$pids $!"

say 'Wait until the jobs have ended, a minute at most.'
run "wqw-wait --timeout 1m $report${photo:+ $photo}" || fail 'a job did not succeed'

say 'At its Location a job says how it is, and where its result is.'
run "curl -sS $report_url"
run "curl -sS $report_url/result"

if [ -n "$magick" ]; then
	say 'The photo has become a thumbnail: smaller, and still a lake.'
	run "curl -sS $photo_url/result >thumbnail.jpg"
	[ -s thumbnail.jpg ] || fail 'no thumbnail'
	run 'wc -c lake.jpg thumbnail.jpg'
	"$magick" lake.jpg thumbnail.jpg -format '%f: %m, %w x %h\n' info:
	picture thumbnail.jpg
fi

say 'new/ and cur/ are empty again, and done/ has the results.'
run 'ls spool/*/new spool/*/cur spool/*/done'

if [ -n "$magick" ]; then
	say 'What no attempt can make good becomes a dead letter: here a table that is said to be a photo.'
	post image/jpeg orders.csv photos "grep -E 'HTTP|Location'"
else
	say 'What no attempt can make good becomes a dead letter: here a table without the columns of the report.'
	printf 'name,age\nAnn,7\n' >people.csv
	post text/csv people.csv reports "grep -E 'HTTP|Location'"
fi
run "wqw-wait --timeout 1m $job; echo \"exit status \$?\""

say 'It is kept as it came. Its name says why: after attempt 1, by the exit status of the handler. Its log says more.'
run 'ls spool/*/failed'
run "curl -sS $url/log"

say 'All queues, counted from file names alone.'
run wqw-stat

say 'That was all. The workers and the web front stop, and the directory is removed.'
