#!/bin/sh
# The dashboard: all that it tells, for people and programs, its buttons, and who may see it.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/web.sh"

need curl jq perl flock

wqw-init words empty || exit 1
printf 'hello, web' >hello
html='Accept: text/html'
is_failed() { [ "$(wqw-status "words/$1" | cut -f 2)" = failed ]; }
seen() { ask GET "$1" -H "$html" && grep -q -e "$2" body; }

# has TEXT NAME, lacks TEXT NAME: the body, as it stands.
has() { ok "$2" grep -qF -e "$1" body; }
lacks() { exits 1 "$2" grep -qF -e "$1" body; }

# pictures: each of the page's is a document of its own, and well-formed.
pictures()
{
	perl -0777 -ne 'while (m|<svg.*?</svg>|sg) { ++$n; open my $f, ">", "svg.$n" or die; print $f $& } print $n + 0' body
}
if command -v xmllint >/dev/null; then
	formed() { xmllint --noout svg.*; }
else
	formed() { perl -0777 -e 'for (@ARGV) { open my $f, "<", $_ or die; my $t = <$f>; my @open;
		while ($t =~ m|<(/?)(\w+)([^<>]*?)(/?)>|g) { $1 ? pop @open eq $2 || exit 1 : $4 || push @open, $2 } exit 1 if @open }' svg.*; }
fi

# --- jobs of each kind: two that run, three that wait, one for later, one held, two that are done, 23 that failed
cat >handler <<'END'
echo '42% <script>alert(1)</script> & "more"' >"$WQW_PROGRESS"
cat hold
END
mkfifo hold
# put STATE N SECOND [SUFFIX]: written by hand, for that is quick; IDs end in the number.
put()
{
	for i in $(seq -f %02g "$2"); do
		printf '\n' >"spool/words/tmp/x"
		[ "$1" != later ] || touch -d '1 hour' spool/words/tmp/x
		mv spool/words/tmp/x "spool/words/$1/20261123T10000$3.0000$i-k3v9q0t7x2m4c8d1${4:-}"
	done
}
set_up()
{
	find spool/words -type f ! -name queue.conf ! -path '*/stat/*' -delete
	put failed 23 1 ,A=1,X=exit
	put 'done' 2 2
	put new 2 3
	bg wqw-worker words -j 2 -- sh handler
	worker=$BG_PID
	wait_count spool/words/cur 2
	put new 3 4
	put later 1 5
	printf '\n' >spool/words/tmp/x
	touch -d 2100-01-01T00:00:00Z spool/words/tmp/x
	mv spool/words/tmp/x spool/words/later/held
}
echo hello >one && wqw-submit words one >/dev/null && wqw-worker words --drain -- sh -c 'exit 100'
# A worker with a name of its own making, and a policy that is none.
bg flock -F 'spool/words/stat/<b>evil' tail -f /dev/null
flocked() { ! flock -n 'spool/words/stat/<b>evil' true; }
until_true flocked
echo '<script>alert(2)</script>' >spool/empty/queue.conf
touch spool/empty/pause

for door in cgi listener; do
	open_door
	set_up

	# --- for programs
	ask GET '/?view=dashboard'
	is "$(status) $(json '[.queues[].queue] | join(" ")')" '200 empty words' "$door: all queues"
	is "$(json '.queues[1] | [.new, .later, .held, .running, .done, .failed, .workers, .slots, .busy, .paused] | map(tostring) | join(" ")')" \
		'3 1 1 2 2 23 2 2 2 false' "$door: with their jobs and workers"
	is "$(json '.queues[0] | [.new, .paused, .workers, (.backlog | length)] | map(tostring) | join(" ")')" '0 true 0 60' "$door: of one that is empty"
	is "$(json '.queues[1] | .oldest_seconds >= 0 and .per_minute.done >= 0 and .per_minute.failed > 0')" true "$door: their pace"
	ask GET "$(json '.queues[1].links.dashboard' | sed 's|^http://[^/]*||')"
	is "$(status) $(json .queue.queue) $(json .queue.failed)" '200 words 23' "$door: one queue, by its link"
	is "$(json '[.running[] | .percent, .state, .worker != null] | map(tostring) | join(" ")')" '42 running true 42 running true' "$door: what runs, and where"
	is "$(json '[.workers[] | .running | length] | sort | map(tostring) | join(" ")')" '0 2' "$door: who runs what"
	is "$(json '.failed | length') $(json '.failed[0].id') $(json '.failed[0].reason')" \
		"20 20261123T100001.000023-k3v9q0t7x2m4c8d1 exit" "$door: the dead letters that came last"
	is "$(json '[.hour, .day | .backlog, .done_per_minute, .failed_per_minute, .wait_median_seconds, .wait_95_seconds | length] | map(tostring) | join(" ")')" \
		'60 60 60 60 60 96 96 96 96 96' "$door: the last hour and day"
	ask GET /
	is "$(status) $(json .queues)" '200 null' "$door: what GET / tells programs is as ever"

	# --- for people
	ask GET / -H "$html"
	is "$(status) $(grep -c '<main' body)" '200 1' "$door: GET / is the dashboard"
	has '/words?view=dashboard"' "$door: it leads to each queue"
	has '/words?state=failed&amp;last=1">23</a>' "$door: and to its dead letters"
	has '>paused<' "$door: and tells that one is paused"
	has '>no worker<' "$door: or has no worker"
	ask GET '/words?view=dashboard' -H "$html"
	is "$(status)" 200 "$door: one queue"
	has '42% <span class="words">&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;' "$door: progress, as text"
	has '&lt;b&gt;evil' "$door: names of workers, as text"
	lacks '<script>alert' "$door: and as nothing else"
	lacks '<b>evil' "$door: neither of them"
	is "$(grep -o '/cancel?from=dashboard"' body | wc -l) $(grep -o '/retry?from=dashboard"' body | wc -l)" '2 20' "$door: a button for each job"
	has '>All 23 of them<' "$door: and where the others are"
	is "$(grep -c '<figure class="plot-card">' body)" 6 "$door: six plots"
	isnt "$(pictures)" 0 "$door: what is known is drawn"
	ok "$door: well-formed" formed
	is "$(grep -o 'role="img" aria-labelledby="[^"]*"' body | sort | uniq -d)" '' "$door: each with words of its own"
	is "$(grep -o ' id="[^"]*"' body | sort | uniq -d)" '' "$door: and no name twice"
	ask GET '/empty?view=dashboard' -H "$html"
	is "$(status)" 200 "$door: a queue with nothing in it"
	has 'Nothing runs' "$door: says so"
	ask GET '/words?state=failed&last=1&limit=5' -H "$html"
	is "$(status) $(grep -o '/retry?from=failed"' body | wc -l)" '200 5' "$door: a list has buttons, too"
	has 'before=' "$door: and goes on"
	ask GET '/words?state=failed&last=1&limit=5'
	is "$(json '.jobs[-1].id')" 20261123T100001.000023-k3v9q0t7x2m4c8d1 "$door: last= ends with the newest"
	ask GET '/words?state=failed&last=1&after=a'
	problem 400 about:blank "$door: but not beside after="
	ask GET '/none?view=dashboard'
	problem 404 no-such-queue "$door: no such queue"

	# --- buttons
	id=20261123T100001.000001-k3v9q0t7x2m4c8d1
	for from in dashboard:view=dashboard failed:state=failed; do
		ask POST "/words/$id/retry?from=${from%:*}" -H "$html" -H 'Origin: http://127.0.0.1' -H 'Host: 127.0.0.1' -H 'Sec-Fetch-Site: same-origin'
		like "$(status) $(field Location)" "^303 .*/words\\?${from#*:}\$" "$door: retry, and back to the ${from%:*}"
	done
	ok "$door: it is ready" test -e "spool/words/new/$id,A=1,X=exit"
	for from in evil http://evil.example //evil.example '' dashboard%0aX:y; do
		ask POST "/words/$id/cancel?from=$from" -H "$html"
		like "$(status) $(field Location)" "^303 .*/words/$id\$" "$door: from=$from leads nowhere else"
	done
	ask POST "/words/$id/retry?from=dashboard" -H "$html" -H 'Sec-Fetch-Site: cross-site'
	is "$(status)" 403 "$door: not by a button of another site"
	ask GET '/?view=dashboard'
	is "$(json '.queues[1].failed')" 23 "$door: what was done is seen at once"
	running=20261123T100003.000001-k3v9q0t7x2m4c8d1
	ask POST "/words/$running/cancel?from=dashboard" -H "$html"
	is "$(status)" 303 "$door: cancel of one that runs"
	ok "$door: ends it" until_true is_failed "$running"

	# --- others
	for target in '/?view=dashboard' '/words?view=dashboard' '/words?state=failed'; do
		ask GET "$target" -H 'X-Forwarded-For: 192.0.2.7'
		problem 403 not-an-operator "$door: $target is for operators"
	done
	ask GET / -H "$html" -H 'X-Forwarded-For: 192.0.2.7'
	is "$(status) $(grep -c words body)" '200 0' "$door: others see no queue"
	kill -INT "$worker"
	stop "$worker"
	close_door
done

# --- what the plots show is what was done: the clock is that of a day that has passed
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	at() { time=$1; shift; faketime -f "@2026-11-23 $time" "$@"; }
	wqw-init past
	jobs()
	{
		for i in $(seq "$1"); do
			job=$((job + 1))
			printf '\n' >"spool/past/new/job$job"
		done
	}
	job=0
	jobs 4 && at 10:00:10 wqw-worker past --drain -- cat
	jobs 2 && at 10:01:10 wqw-worker past --drain -- sh -c 'exit 100'
	jobs 1 && at 10:02:10 wqw-worker past --drain -- cat
	at 10:05:10 wqw-worker past --drain -- cat
	at 10:15:10 wqw-worker past --drain -- cat
	# The CGI program is linked so that no other clock can be put before it.
	door=listener
	: >listener.err
	# shellcheck disable=SC2016 # its own
	bg env LD_PRELOAD="$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')" FAKETIME='@2026-11-23 10:16:00' wqw-httpd -l 127.0.0.1:0 2>listener.err
	until_true grep -q 'listening on' listener.err
	port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
	ask GET '/past?view=dashboard'
	is "$(json '.hour.start')" 2026-11-23T09:17:00Z 'the last hour'
	is "$(json '.hour | [.backlog[43:50], .done_per_minute[43:46], .failed_per_minute[43:46]] | map(map(if . == null then "null" else round end | tostring) | join(" ")) | join("|")')" \
		'4 2 1 null null 0 null|4 0 null|0 2 null' 'a minute each, and gaps where no worker was'
	is "$(json '.hour.wait_median_seconds[43] != null')" true 'how long they waited'
	is "$(json '.day.backlog[-2:] | map(tostring) | join(" ")') $(json '.day.done_per_minute[-2] * 15 | round')" '4 0 5' 'of the last day'
	ask GET '/past?view=dashboard' -H "$html"
	is "$(pictures)" 6 'six pictures'
	ok 'well-formed' formed
	like "$(cat svg.1)" '<desc id="plot-hour-0-text">Last 0, most 4 ' 'that say what they show'
	is "$(sed -n 's/.*class="plot-line" d="\([^"]*\)".*/\1/p' svg.1 | tr -cd M)" MMM 'with a line that breaks'
	like "$(sed -n 's/.*class="plot-bar plot-3" d="\([^"]*\)".*/\1/p' svg.2)" '^M[^M]*Z$' 'and one bar of failures'
else
	skip 'faketime is missing, or does not go with the sanitizers' 'what the plots show'
fi
done_testing
