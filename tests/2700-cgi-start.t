#!/bin/sh
# A web server starts wqw.cgi for each request: that costs hardly more than starting a program that does nothing.
# alone: it measures time
. "$(dirname "$0")/lib.sh"

need duel
[ -z "$WQW_ASAN" ] || skip_all 'built with sanitizers'
cc=$(sed -n 's/^CC = *//p' "$ROOT/src/config.mk" 2>/dev/null)
command -v "${cc:=cc}" >/dev/null || skip_all "$cc is missing"

echo 'int main(void) { return 0; }' >empty.c
ok 'an empty program' "$cc" -O2 -o empty empty.c
static=$(sed -n 's/^STATIC = *//p' "$ROOT/src/config.mk")
mkdir spool
export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET PATH_INFO=/ SCRIPT_NAME='' SERVER_PROTOCOL=HTTP/1.1 \
	SERVER_NAME=localhost SERVER_PORT=80 QUERY_STRING=''
like "$(wqw.cgi </dev/null)" '^Status: 200' 'wqw.cgi answers'

# One that is linked as it is, for the record.
# shellcheck disable=SC2086 # words
if [ -n "$static" ] && "$cc" -O2 $static -o empty-static empty.c 2>/dev/null; then
	diag "a static empty program and wqw.cgi: $(duel 200 /dev/null ./empty-static -- wqw.cgi 2>&1 | tr '\n' ' ')"
fi
if [ -z "$static" ]; then
	skip 'wqw.cgi is linked dynamically here' 'wqw.cgi starts in 1.3 times the time of an empty program'
else
	hundredths=$(duel 300 /dev/null ./empty -- wqw.cgi 2>medians)
	diag "an empty program and wqw.cgi: $(cat medians), in hundredths $hundredths"
	# Time on the clock, or of the CPU where others take the clock's.
	# shellcheck disable=SC2086 # two numbers
	best=$(printf '%s\n' $hundredths | sort -n | head -n 1)
	ok "wqw.cgi starts in 1.3 times the time of an empty program: $best hundredths" test "$best" -le 130
fi
done_testing
