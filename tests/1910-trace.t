#!/bin/sh
# Trace context: checked where it comes in, handed to the handler, passed on to what the handler submits.
. "$(dirname "$0")/lib.sh"

wqw-init q r
good=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
seen() { wqw-cat "$1"; }
cat >handler <<'X'
#!/bin/sh
echo "${TRACEPARENT-none} ${TRACESTATE-none}"
X
chmod +x handler

job=$(echo x | wqw-submit -H "traceparent:  $good " -H 'Tracestate: a=1,b=2' q)
ok 'a handler' wqw-worker q --drain -- ./handler
is "$(seen "$job")" "$good a=1,b=2" 'is given both'

while IFS='|' read -r value name; do
	exits 64 "refused: $name" wqw-submit -H "Traceparent:$value" q
	like "$(said)" 'a Traceparent is 00-' 'says what is allowed'
done <<X
|empty
x|a word
00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01|upper case
00-00000000000000000000000000000000-b7ad6b7169203331-01|a trace of zeros
00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01|a parent of zeros
ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01|version ff
$good-x|more than version 00 has
$(printf "%s" "$good" | cut -c 1-54)|a digit short
X
exits 64 'refused: a Tracestate that is no list' wqw-submit -H 'Tracestate: x' q
exits 64 'refused: one that is too long' wqw-submit -H "Tracestate: a=$(printf %0600d 0)" q
like "$(said)" 'at most 512' 'says what is allowed'
is "$(count spool/q/new)" 0 'nothing was submitted'

printf 'Traceparent: forged\nTracestate: a=1\n\n' >spool/q/new/by-hand
ok 'one that came by mv' wqw-worker q --drain -- ./handler
is "$(seen q/by-hand)" 'none none' 'is not exported unless it is valid'

job=$(echo x | wqw-submit -H "Traceparent: $good" -H 'Tracestate: a=1' q)
ok 'a handler that submits' wqw-worker q --drain -- sh -c 'echo y | wqw-submit r >/dev/null'
ok 'and what it submitted' wqw-worker r --drain -- ./handler
is "$(seen "r/$(ls spool/r/done)")" "$good a=1" 'have one trace'
rm -f spool/r/done/*
echo y | TRACEPARENT=$good wqw-submit -H "Traceparent: ${good%1}0" r >/dev/null
echo y | TRACEPARENT=bad TRACESTATE=a=1 wqw-submit r >/dev/null
ok 'two more' wqw-worker r --drain -- ./handler
is "$(for f in spool/r/done/*; do seen "r/${f##*/}"; done)" "${good%1}0 none
none none" "a field wins over the environment, and a bad environment is not taken"
done_testing
