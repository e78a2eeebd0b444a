#!/bin/sh
# wqw-stat --prometheus: the exposition, as promtool and the textfile collector take it.
. "$(dirname "$0")/lib.sh"

metrics() { wqw-stat --prometheus "$@" >m; }
# value 'NAME{LABELS}': its sample.
value() { awk -v series="$1" '{ n = length($0) - length($NF) - 1 } substr($0, 1, n) == series { print $NF }' m; }

exits 66 'no spool' wqw-stat --prometheus
wqw-init a
metrics
is "$(value 'wqw_jobs{queue="a",state="new"}') $(value 'wqw_jobs_done_total{queue="a"}')" '0 0' 'an empty queue, in which nothing ran'

for n in 1 2 3; do echo $n | wqw-submit a >/dev/null; done
# shellcheck disable=SC2016 # the handler's
wqw-worker a --drain -- sh -c '[ "$(cat)" != 2 ] || exit 100'
: >"spool/a/new/$(date -u -d '-2 hours' +%Y%m%dT%H%M%S).000000-k3v9q0t7x2m4c8d1"
touch -d '-3 hours' spool/a/later/due
touch -d '2100-01-01T00:00:00Z' spool/a/later/held
: >spool/a/pause
metrics
for state in new:1 later:1 held:1 running:0 done:2 failed:1; do
	is "$(value "wqw_jobs{queue=\"a\",state=\"${state%:*}\"}")" "${state#*:}" "state ${state%:*}"
done
between() { ok "$4" awk -v n="$1" -v from="$2" -v to="$3" 'BEGIN { exit !(n >= from && n <= to) }'; }
between "$(value 'wqw_oldest_job_age_seconds{queue="a",state="new"}')" 7200 8000 'the age of the oldest'
is "$(value 'wqw_oldest_job_age_seconds{queue="a",state="running"}')" 0.000000 'of none, 0'
between "$(value 'wqw_overdue_seconds{queue="a"}')" 10800 11600 'how long the first one is due; a held one is not'
is "$(value 'wqw_paused{queue="a"}')" 1 'paused'
is "$(value 'wqw_attempts_started_total{queue="a"}') $(value 'wqw_jobs_done_total{queue="a"}')" '3 2' 'counters'
is "$(value 'wqw_jobs_failed_total{queue="a",reason="exit"}') $(value 'wqw_jobs_failed_total{queue="a",reason="timeout"}')" \
	'1 0' 'dead letters by reason'
is "$(value 'wqw_workers{queue="a"}')" 0 'no worker lives'

# --- they survive a restart

rm spool/a/pause spool/a/new/* spool/a/later/*
echo 4 | wqw-submit a >/dev/null
bg wqw-worker a -j 3 -- true
done_now() { metrics && [ "$(value 'wqw_jobs_done_total{queue="a"}')" = 3 ]; }
ok 'another worker counts on' until_true done_now
idle() { metrics && [ "$(value 'wqw_worker_slots{queue="a",state="idle"}')" = 3 ]; }
ok 'its slots' until_true idle
is "$(value 'wqw_workers{queue="a"}') $(value 'wqw_worker_slots{queue="a",state="busy"}')" '1 0' 'and itself'
kill -KILL "$BG_PID"
stop "$BG_PID"
metrics
is "$(value 'wqw_workers{queue="a"}') $(value 'wqw_jobs_done_total{queue="a"}')" '0 3' 'killed, it is gone and its counts are not'

# --- histograms

for name in wqw_job_wait_seconds wqw_attempt_run_seconds; do
	# shellcheck disable=SC2016 # awk's
	ok "$name: buckets rise to the count" awk -v name="$name" '
		index($0, name "_bucket{queue=\"a\",le=") == 1 { n++; if ($NF < last) exit 1; last = $NF }
		index($0, name "_count{") == 1 { count = $NF }
		END { exit !(n == 16 && last == count && count == 4) }' m
	# shellcheck disable=SC2016 # awk's
	ok "$name: limits rise to infinity" awk -F '"' -v name="$name" '
		index($0, name "_bucket") == 1 { if (ended || ($4 != "+Inf" && $4 + 0 <= limit)) exit 1; limit = $4 + 0; ended = $4 == "+Inf" }
		END { exit !ended }' m
	ok "$name: a sum" test "$(value "${name}_sum{queue=\"a\"}")"
done

# --- the text

wqw-init b
mkdir -p 'odd"\dir' "$(printf 'line\nend')" "$(printf 'bad\377utf')"
for dir in 'odd"\dir' "$(printf 'line\nend')" "$(printf 'bad\377utf')"; do wqw-init "./$dir/q"; done
metrics a ./odd*/q ./line*/q ./bad*/q b a
is "$(grep -c '^wqw_paused{' m)" 5 'a queue that is named twice is told once'
is "$(sed -n 's/^wqw_paused{queue="\(.*\)"} .*/\1/p' m | tr '\n' '|')" 'a|./odd\"\\dir/q|./line\nend/q|./bad\\377utf/q|b|' \
	'labels are escaped'
is "$(grep -v '^#' m | sed 's/{.*//; s/_bucket$//; s/_sum$//; s/_count$//' | uniq | sort | uniq -d)" '' 'families are not scattered'
is "$(awk '/^# HELP/ { help = $3 } /^# TYPE/ && $3 == help { n++ }
	!/^#/ { name = $0; sub(/{.*/, "", name); if (index(name, help) != 1) exit 1 } END { print n }' m)" \
	"$(grep -c '^# TYPE' m)" 'each has HELP and TYPE before it'
is "$(grep -v '^#' m | sed 's/ [^ ]*$//' | sort | uniq -d)" '' 'no series is there twice'
if command -v promtool >/dev/null; then
	ok 'promtool has nothing to say' promtool check metrics <m
	is "$(said)" '' 'at all'
	metrics
	ok 'nor of all queues' promtool check metrics <m
	WQW_SPOOL=$T/empty && export WQW_SPOOL && mkdir empty
	metrics
	ok 'nor of none' promtool check metrics <m
	WQW_SPOOL=$T/spool
else
	skip 'promtool is missing' 'promtool has nothing to say'
fi

# --- what is not known

exits 66 'a queue that is none is told by the exit status' metrics nowhere a
is "$(grep -c '^wqw_paused' m)" 1 'and the others are there'
echo torn >spool/a/stat/.count
metrics a
unlike "$(cat m)" '^wqw_(attempt|jobs_done|jobs_failed|job_wait)' 'counters that cannot be read have no samples'
like "$(cat m)" '^wqw_jobs\{' 'the rest has'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 spool
	wqw-init --group "$(id -g nobody)" front
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$WQW_BIN/wqw-stat" --prometheus front >m
	unlike "$(cat m)" '^wqw_(jobs|oldest_job_age_seconds|overdue_seconds)\{' 'nor has what may not be listed'
fi
exits 74 'standard output cannot be written' sh -c 'wqw-stat --prometheus >/dev/full'
done_testing
