#!/bin/sh
# A job that was not started by its time is not run.
. "$(dirname "$0")/lib.sh"

plan 21
wqw-init ./q 2>/dev/null
conf() { printf '%s\n' "$@" >q/queue.conf; }
conf 'backoff 0' 'max-attempts 3'
# job ID [FIELD]...: by hand, so that its fields are just these.
job()
{
	id=$1
	shift
	{ for field; do echo "$field"; done; echo; echo "$id"; } >"q/tmp/$id" && mv "q/tmp/$id" "q/new/$id"
}
run() { wqw-worker ./q --drain -- sh -c 'cat; echo "$WQW_ID" >>"$0"; [ "$WQW_ID" != twice ] || [ "$WQW_ATTEMPT" -gt 1 ]' "$T/ran"; }
lists() { (cd q && find "$@" -type f -printf '%P ' | xargs -n 1 | sort | tr '\n' ' '); }

job past 'Expires: 2001-02-03T04:05:06Z'
job future 'Expires: 2199-02-03T04:05:06Z'
job lower 'expires: 2199-12-31T23:59:59Z'
job never
ok 'a worker runs' run
is "$(lists 'done')" 'future lower never ' 'what has time left is run'
is "$(lists failed)" 'past,X=expired ' 'what has none is a dead letter, without an attempt'
is "$(sort ran | tr '\n' ' ')" 'future lower never ' 'its handler was not started'
like "$(wqw-cat --log ./q/past)" 'expired: not started by 2001-02-03T04:05:06Z$' 'the log says so'
like "$(wqw-status ./q/past)" 'failed.*expired' 'and wqw-status'
is "$(lists cur tmp | tr -d " ")" "" 'nothing is left behind'
exits 0 'a result carries the field over' grep -q '^Expires: 2199-02-03T04:05:06Z$' q/done/future

# An attempt has been made: it goes on, whatever the clock says.
: >ran
{ echo 'Expires: 2001-02-03T04:05:06Z'; echo; } >'q/new/begun,A=1'
job twice "Expires: $(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"
ok 'a worker runs what has begun' run
is "$(sort ran | tr '\n' ' ')" 'begun twice twice ' 'a job that was started in time is tried again'

# A person wants it run.
mv q/failed/past,X=expired q/new
ok 'a dead letter is put back' run
is "$(lists 'done' | tr ' ' '\n' | grep -c past)" 1 'and runs'

for bad in tomorrow 2026-12-01 2026-02-30T00:00:00Z '2026-12-01 08:00:00Z' ''; do
	job "bad$((n = n + 1))" "Expires: $bad"
done
ok 'a worker runs over times that are none' run
is "$(lists failed)" 'bad1,X=malformed bad2,X=malformed bad3,X=malformed bad4,X=malformed bad5,X=malformed ' 'they are malformed'
like "$(wqw-cat --log ./q/bad1)" 'malformed: Expires: "tomorrow" is not a time such as ' 'the log says why'

# Not due before it has expired.
job late 'Expires: 2001-02-03T04:05:06Z'
mv q/new/late q/later/late
ok 'a delayed job' run
exits 0 'expires when its turn comes' test -e q/failed/late,X=expired

# Its end cannot be told: it waits for that, and is not run meanwhile.
echo 'events told' >>q/queue.conf
: >ran
job untold 'Expires: 2001-02-03T04:05:06Z'
bg wqw-worker ./q -- sh -c 'echo "$WQW_ID" >>ran' 2>worker.err
ok 'a worker without the queue for events' until_true grep -q untold worker.err
is "$(lists new)$(cat ran)" 'untold ' 'leaves what has expired where it is'
wqw-init ./told 2>/dev/null
ok 'and buries it' until_true test -e q/failed/untold,X=expired
is "$(cat ran)$(find told/new -type f | wc -l)" 1 'when the queue is there'
