#!/bin/sh
# What wqw makes of a job's end: its result for the next queue, and an event.
. "$(dirname "$0")/lib.sh"
need jq

# queue NAME [LINE...]
queue()
{
	name=$1
	shift
	wqw-init "$name" 2>/dev/null && printf '%s\n' 'backoff 0s' 'reserve-bytes 0' 'reserve-inodes 0' 'max-attempts 2' "$@" \
		>"$WQW_SPOOL/$name/queue.conf"
}
run() { wqw-worker "$1" --drain -- sh -c "$2" 2>"$T/err"; }
payload() { for f; do sed '1,/^$/d' "$f"; done; }
header() { sed '/^$/q' "$@"; }

queue one 'next two' 'result-type text/plain' && queue two && queue three
job=$(echo hello | TRACEPARENT=no wqw-submit -p 3 -g g -H 'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
	-H 'Filename: a.txt' -H 'X-Other: x' one)
run one 'tr a-z A-Z'
is "$(wqw-cat "$job")" HELLO 'a job with a next queue has its result'
is "$(payload "$WQW_SPOOL"/two/new/*)" HELLO 'which is the next job'
is "$(header "$WQW_SPOOL"/two/new/* | sort)" "
Content-Length: 6
Content-Type: text/plain
Filename: a.txt
Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" 'with its type, name and trace'
like "$(ls "$WQW_SPOOL/two/new")" ',P=3,G=g$' 'and with its priority and group'
rm "$WQW_SPOOL"/two/new/*

echo x | wqw-submit -n three one >"$T/job"
run one cat
is "$(count "$WQW_SPOOL/three/new") $(count "$WQW_SPOOL/two/new")" '1 0' "a job's own next queue comes first"
rm "$WQW_SPOOL"/three/new/*
echo x | wqw-submit one >"$T/job"
run one 'echo staged | wqw-submit two >&2; cat'
is "$(payload "$WQW_SPOOL"/two/new/* | sort | tr '\n' ' ')" 'staged x ' 'and it goes with what the handler has submitted'
rm "$WQW_SPOOL"/two/new/*
echo x | wqw-submit one >"$T/job"
run one 'cat; exit 100'
is "$(count "$WQW_SPOOL/two/new")" 0 'a dead letter goes nowhere'
rm "$WQW_SPOOL"/one/failed/*

exits 64 'a next queue that is no name' wqw-submit -n ../x one </dev/null
like "$(said)" "^wqw-submit: --next '../x': not 1 to 64" 'says what is allowed'
exits 66 'one that is not there' wqw-submit -n nowhere one </dev/null
exits 64 'an empty one' wqw-submit -n '' one </dev/null
exits 64 'given twice' wqw-submit -n two -H 'Next: two' -n two one </dev/null
is "$(count "$WQW_SPOOL/one/new")" 0 'nothing was submitted'
queue four && job=$(echo x | wqw-submit -n four one) && mv "$WQW_SPOOL/four" "$WQW_SPOOL/.four"
run one cat
is "$(ls "$WQW_SPOOL/one/failed")" "${job#*/},A=1,X=malformed" 'a next queue that has gone makes a dead letter'
like "$(wqw-cat --log "$job")" 'Next is not the name of a queue that is there' 'whose log says so'
mv "$WQW_SPOOL/.four" "$WQW_SPOOL/four"

for line in 'next a/b' 'next' 'events ../x' "next $(printf %070d 0)" 'events a b'; do
	printf '%s\n' "$line" >"$WQW_SPOOL/four/queue.conf"
	exits 78 "queue.conf: $(echo "$line" | cut -c 1-20)" wqw-worker four --drain -- true
	like "$(said)" 'queue.conf:1: (next|events)(:| has)' 'says which'
done

# --- who is told, and what is wrong with it
queue asks 'events heard' && queue heard
address=$(echo x | wqw-submit --notify https://example.com/hook?a=b asks)
echo x | wqw-submit --notify https://example.com/other --expires 2020-01-01T00:00Z asks >/dev/null
run asks cat
is "$(for event in "$WQW_SPOOL"/heard/new/*; do payload "$event" | jq -r '.type + " " + .notifyurl'; done | sort)" \
	'org.wqw.job.done https://example.com/hook?a=b
org.wqw.job.failed https://example.com/other' 'an event carries where the submitter wants to be told'
ok 'its job has it as a field' sh -c "wqw-cat --header '$address' | grep -q '^Notify: https://example.com/hook?a=b$'"
long=http://$(printf '%01100d' 0)
for url in '' ftp://example.com javascript:x 'http://a b' "$long" "http://$(printf 'a\001b')"; do
	exits 64 "--notify '$(printf %.20s "$url")'" wqw-submit --notify "$url" asks
	is "$(said | wc -l)" 1 'is one line'
done
for word in '--next' '--batch'; do
	for value in '' / ../x 'a b' "$(printf '%065d' 0)"; do
		exits 64 "$word '$(printf %.20s "$value")'" wqw-submit "$word" "$value" asks
		is "$(said | wc -l)" 1 'is one line'
	done
done
is "$(find "$WQW_SPOOL/asks/new" "$WQW_SPOOL/asks/tmp" "$WQW_SPOOL/asks/keys" -type f)" '' 'and changes nothing'

# --- events
queue work 'events told' 'next two' && queue told
good=$(echo x | wqw-submit -H 'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' work)
run work cat
event=$(ls "$WQW_SPOOL/told/new")
is "$(header "$WQW_SPOOL/told/new/$event" | grep -v '^Content-Length: [0-9]*$' | sort)" "
Content-Type: application/cloudevents+json; charset=utf-8
Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" 'an event is a job of the type of events'
is "$(payload "$WQW_SPOOL/told/new/$event" | jq -c '[.specversion, .id, .source, .type, .subject, .datacontenttype,
	.data.queue, .data.id, .data.state, .data.reason, .data.attempts, (.time == .data.finished),
	(.data.started <= .data.finished), (.time | test("^[0-9-]+T[0-9:]+Z$"))]')" \
	"[\"1.0\",\"$event\",\"/work\",\"org.wqw.job.done\",\"${good#*/}\",\"application/json\",\"work\",\"${good#*/}\",\"done\",null,1,true,true,true]" \
	'a job that is done is told of'
rm "$WQW_SPOOL"/told/new/*
bad=$(echo x | wqw-submit work)
run work 'exit 3'
is "$(payload "$WQW_SPOOL"/told/new/* | jq -c '[.type, .subject, .data.state, .data.reason, .data.attempts]')" \
	"[\"org.wqw.job.failed\",\"${bad#*/}\",\"failed\",\"exit\",2]" 'so is a dead letter'
mv "$WQW_SPOOL"/work/failed/* "$WQW_SPOOL/work/new"
run work 'kill -9 $$'
is "$(payload "$WQW_SPOOL"/told/new/* | jq -r .data.reason | sort | tr '\n' ' ')" 'exit signal ' 'and again when it fails again'
mv "$WQW_SPOOL"/work/failed/* "$WQW_SPOOL/work/new"
run work true
is "$(count "$WQW_SPOOL/told/new")" 3 'and when it succeeds'
rm "$WQW_SPOOL"/told/new/*
printf 'no header' >"$WQW_SPOOL/work/new/torn"
ln -s /etc/passwd "$WQW_SPOOL/work/new/link"
run work true
is "$(payload "$WQW_SPOOL"/told/new/* | jq -r '.subject + " " + .data.reason' | sort | tr '\n' ' ')" 'link malformed torn malformed ' \
	'so is what is no job'
is "$(find "$WQW_SPOOL/work/tmp" -mindepth 1)" '' 'nothing is left in tmp/'

queue self 'events self'
echo x | wqw-submit self >"$T/job"
run self true
is "$(count "$WQW_SPOOL/self/done")" 1 'a queue is not told of itself'

queue lonely 'events nobody'
echo x | wqw-submit lonely >"$T/job"
bg sh -c 'exec wqw-worker lonely -- true 2>"$1"' sh "$T/lonely.err"
until_true eval '[ "$(wc -l <"$T/lonely.err")" -ge 2 ]'
is "$(sort -u "$T/lonely.err")" \
	'wqw-worker: lonely: queue.conf: events: nothing is run until that queue is there: No such file or directory' \
	'a worker says what keeps a job from being run'
ok 'which waits' test -e "$WQW_SPOOL/lonely/new/$(sed 's|.*/||' "$T/job")"
queue nobody
until_true counts "$WQW_SPOOL/nobody/new" 1
stop "$BG_PID"
is "$(count "$WQW_SPOOL/nobody/new")" 1 'a job waits until the queue that is to be told is there'

# --- ends that no attempt makes
queue idle 'events ends' && queue ends
waits=$(echo x | wqw-submit idle) later=$(echo x | wqw-submit --delay 1h idle)
ok 'jobs that wait are cancelled' wqw-cancel "$waits" "$later"
is "$(payload "$WQW_SPOOL"/ends/new/* | jq -r '[.type, .subject, .data.reason] | join(" ")' | sort)" \
	"$(printf 'org.wqw.job.failed %s cancelled\n' "${waits#*/}" "${later#*/}" | sort)" 'and that is told'
rm -f "$WQW_SPOOL"/ends/new/*

# A worker has died between the record and the event.
dead=$(echo x | wqw-submit idle)
run idle 'exit 100'
told=$(ls "$WQW_SPOOL/ends/new")
out="$WQW_SPOOL/idle/tmp/.end,${dead#*/},A=1"
mkdir "$out" && mv "$WQW_SPOOL/ends/new/$told" "$out/$told" && ln -s "$WQW_SPOOL/ends/new" "$out/$told,to"
ok 'a dead letter is put back before that is mended' wqw-retry "$dead"
is "$(ls "$WQW_SPOOL/ends/new")" "$told" 'its event goes out'
ok 'and nothing is left of it' test ! -e "$out"

queue self 'next self'
exits 78 'results that would go on to their own queue' wqw-worker self --drain -- cat
is "$(said | wc -l)" 1 'are refused'
like "$(said)" 'self/queue.conf: next: this queue itself' 'with the reason'

done_testing
