#!/bin/sh
# The requests of tests/http/ that split proxies and servers, over every door: tests/http_cases.c tells how.
. "$(dirname "$0")/lib.sh"

unset http_proxy https_proxy all_proxy LISTEN_FDS LISTEN_PID
wqw-init box small keyed lines 2>/dev/null || exit 1
for queue in box small keyed lines; do
	printf 'reserve-bytes 0\nreserve-inodes 0\n' >"spool/$queue/queue.conf"
done
echo 'max-size 10' >>spool/small/queue.conf
echo 'require-key yes' >>spool/keyed/queue.conf
# A job that is done, for what is asked about results.
printf '\n0123456789' >spool/box/done/known
# What is sent is not to last.
LD_PRELOAD=$WQW_TESTBIN/preload_nosync.so
[ -z "$WQW_ASAN" ] || LD_PRELOAD=
export LD_PRELOAD

bg wqw-httpd -l 127.0.0.1:0 2>listener.err
until_true grep -q 'listening on' listener.err
port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
set -- -l "$port"

# The snippet, but that wqw.cgi is the whole site: so the same bytes are a request to it and to the others.
if command -v lighttpd >/dev/null; then
	port=$(free_port)
	sed "s|^\$HTTP.*|\$HTTP[\"url\"] =~ \"\" {|; s|\"/jobs\" => \"[^\"]*\"|\"\" => \"$WQW_BIN/wqw.cgi\"|; s|/var/spool/wqw|$WQW_SPOOL|" \
		"$ROOT/share/web/lighttpd.conf" >snippet.conf
	cat >lighttpd.conf <<-END
		server.document-root = "$T"
		server.bind = "127.0.0.1"
		server.port = $port
		server.errorlog = "$T/lighttpd.log"
		server.upload-dirs = ( "$T" )
		include "$T/snippet.conf"
	END
	bg lighttpd -D -f "$T/lighttpd.conf"
	wait_port "$port"
	set -- "$@" -w "$port"
fi

# CASES are files, CASES_OPTIONS more options, for work on them.
# shellcheck disable=SC2086 # words
http_cases ${CASES_OPTIONS:-} "$@" box,small,keyed,lines ${CASES:-"$ROOT"/tests/http/*.cases}
