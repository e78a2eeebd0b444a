#!/bin/sh
# The web front behind every server that there is a snippet for, each configured by that very snippet: bytes go in and
# come out as they were, and what is wrong is refused with a word and leaves nothing.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/books.sh"

need curl jq
WEB=$ROOT/share/web

# Servers run as an ordinary user, whom the queue lets in as a web front's.
as_web() { "$@"; }
if as_nobody true; then
	as_web() { exec $NOBODY "$@"; }
	wqw-init --group 65534 box small 2>/dev/null || exit 1
	mkdir run && chown 65534:65534 run
else
	wqw-init box small 2>/dev/null || exit 1
	mkdir run
fi
printf 'reserve-bytes 0\nreserve-inodes 0\nmax-size 1M\n' | tee spool/box/queue.conf >spool/small/queue.conf
perl -e 'print map { chr(($_ * 7 + int($_ / 256)) % 256) } 0 .. 70000' >photo.bin
perl -e 'print "x" x 1200000' >large
chmod 644 photo.bin large spool/*/queue.conf

# snippet FILE: as it is installed, with the paths and ports of this test.
snippet()
{
	sed "s|/usr/local/libexec/wqw/wqw.cgi|$WQW_BIN/wqw.cgi|g; s|/usr/local/bin/|$WQW_BIN/|g; s|/var/spool/wqw|$WQW_SPOOL|g
		s|/run/fcgiwrap.socket|$T/run/fcgi.sock|g; s|127.0.0.1:8080|127.0.0.1:${2:-0}|g; s| www-data | nobody |g" "$WEB/$1"
}

# ask STATUS NAME CURL-ARGUMENT...: the reply's status; its fields are in `head`, its body is in `body`.
ask()
{
	ask_want=$1 ask_name=$2
	shift 2
	is "$(curl -q -sS --max-time 30 -o body -D head -w '%{http_code}' -H Expect: "$@" 2>err)" "$ask_want" "$ask_name" || diag "$(cat err)"
}

field() { tr -d '\r' <./head | sed -n "s/^$1: //Ip" | tail -n 1; }

# The address that Location leads to, with the server's own where it has none.
location()
{
	case $(field location) in
	/*) echo "http://127.0.0.1:$port$(field location)" ;;
	*) field location ;;
	esac
}

# drive NAME PATH [WITHOUT]: the server at $port. WITHOUT are words for what it is known to keep from a CGI program, or from
# a client: methods, chunks (of more than its first read), fields (of a request), length (of a HEAD).
drive()
{
	server=$1 base=http://127.0.0.1:$port$2 without=${3:-}
	wait_port "$port" || { fail "$server: does not start"; return; }
	ask 202 "$server: a body of a known length" -H 'Content-Type: image/x-test' --data-binary @photo.bin "$base/box"
	job=$(location)
	like "$(field retry-after)" '^[0-9]+$' "$server: it says when to ask"
	case $without in
	*chunks*)
		ask 400 "$server: a body in chunks that it cuts off is refused" -H 'Transfer-Encoding: chunked' \
			--data-binary @photo.bin "$base/box"
		chunked=$job ;;
	*)
		ask 202 "$server: a body in chunks" -H 'Transfer-Encoding: chunked' --data-binary @photo.bin "$base/box"
		chunked=$(location) ;;
	esac
	ask 202 "$server: a form" -F "file=@photo.bin;type=image/x-form;filename=my photo.bin" "$base/box"
	form=$(location)
	ask 202 "$server: a page for a browser" -H 'Accept: text/html' -d x "$base/box?priority=3"
	like "$(field content-type)" '^text/html' "$server: is HTML"
	like "$(field location)" ',P=3$' "$server: the query gets through"
	ask 200 "$server: the status" "$job"
	is "$(jq -r .state body)" new "$server: waits"
	ask 409 "$server: no result yet" "$job/result"
	ask 202 "$server: a wait that is too short" "$job?wait=1"
	ask 202 "$server: a submission with a key" -d x "$base/box?key=$port"
	keyed=$(location)
	ask 202 "$server: again" -d x "$base/box?key=$port"
	is "$(location)" "$keyed" "$server: is the same"
	curl -q -sS --max-time 30 -o body -w '%{http_code}' -d '' "$keyed/cancel" >code 2>err
	# Where the front is another user it may not; and whom a proxy sends is no operator.
	like "$(cat code) $(jq -r '.reason // .type' body)" '^(200 cancelled|403 urn:wqw:problem:not-(permitted|an-operator))$' \
		"$server: cancel gets through"
	ask 401 "$server: a token in the query gets through" "$base/box?access_token=x"
	ask 401 "$server: a token gets through" -H 'Authorization: Bearer x' "$base/box"
	ask 403 "$server: and whose page it is" -H 'Sec-Fetch-Site: cross-site' -d x "$base/box"
	ask 403 "$server: or only its origin" -H 'Origin: http://evil.example' -d x "$base/box"
	ask 403 "$server: or its address" -e 'http://evil.example/' -d x "$base/box"
	ask 404 "$server: no such queue" -d x "$base/none"
	like "$(field content-type)" '^application/problem.json' "$server: is a problem document"
	ask 413 "$server: too large" --data-binary @large "$base/small"
	ask 400 "$server: a broken form" -H 'Content-Type: multipart/form-data; boundary=b' -d 'no form' "$base/box"
	case $without in
	*methods*) ;;
	*) ask 204 "$server: OPTIONS" -X OPTIONS -H 'Access-Control-Request-Method: POST' "$base/box"
		ask 405 "$server: a wrong method" -X PUT -d x "$base/box"
		like "$(field allow)" POST "$server: says which are right" ;;
	esac
	is "$(count spool/box/tmp)$(count spool/small/tmp)$(count spool/small/new)" 000 "$server: nothing is left of what was refused"

	curl -q -sS -N -v --max-time 60 "$job/events?last-event-id=0" >seen 2>asked &
	stream=$!
	until_true grep -q '^> GET' asked
	case $without in
	*stream*) ;;
	*) ok "$server: the first event comes at once" until_true grep -q '"new"' seen ;;
	esac
	wqw-worker box --drain -- cat 2>err || fail "$server: worker: $(cat err)"
	wait "$stream"
	like "$(sed -n 's/^event: //p' seen | tr '\n' ' ')" '^state .*end $' "$server: the events of its life"
	for what in "$job" "$chunked" "$form"; do
		curl -q -sS -o body -D head "$what/result"
		ok "$server: the bytes are as they were" cmp body photo.bin
	done
	ask 200 "$server: HEAD" -I "$job/result"
	case $without in
	*length*) ;;
	*) is "$(field content-length)" 70001 "$server: tells the length" ;;
	esac
	case $without in
	*fields*) ;;
	*)
		ask 206 "$server: a part" -r 100-199 "$job/result"
		is "$(wc -c <body)" 100 "$server: of that size"
		ask 304 "$server: not changed" -H "If-None-Match: $(field etag)" "$job/result" ;;
	esac
	ask 404 "$server: no log" "$job/log"
}

# --- CGI

if command -v lighttpd >/dev/null; then
	port=$(free_port)
	snippet lighttpd.conf >run/snippet.conf
	printf 'server.document-root = "%s"\nserver.bind = "127.0.0.1"\nserver.port = %s\nserver.errorlog = "%s"\n%s\ninclude "%s"\n' \
		"$T/run" "$port" "$T/run/lighttpd.log" "server.upload-dirs = ( \"$T/run\" )" "$T/run/snippet.conf" >run/lighttpd.conf
	bg as_web lighttpd -D -f "$T/run/lighttpd.conf"
	drive lighttpd /jobs || diag "$(cat run/lighttpd.log)"
else
	skip 'lighttpd is missing' lighttpd
fi

# nginx SNIPPET
start_nginx()
{
	port=$(free_port)
	snippet "$1" "${2:-}" >run/snippet.conf
	cat >run/nginx.conf <<-END
		daemon off; pid $T/run/nginx.pid; error_log $T/run/nginx.log; worker_processes 1;
		events {}
		http {
			access_log off; client_body_temp_path $T/run/b; proxy_temp_path $T/run/p; fastcgi_temp_path $T/run/f;
			uwsgi_temp_path $T/run/u; scgi_temp_path $T/run/s;
			server { listen 127.0.0.1:$port; include $T/run/snippet.conf; }
		}
	END
	bg as_web nginx -p "$T/run" -e "$T/run/nginx.log" -c "$T/run/nginx.conf"
}

if command -v nginx >/dev/null && command -v fcgiwrap >/dev/null; then
	bg as_web fcgiwrap -s "unix:$T/run/fcgi.sock"
	wait_for_file run/fcgi.sock
	start_nginx nginx-fcgiwrap.conf
	drive 'nginx, fcgiwrap' /jobs
	stop "$BG_PID"
else
	skip 'nginx or fcgiwrap is missing' 'nginx, fcgiwrap'
fi

apache=$(command -v apache2 || command -v httpd)
for modules in /usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/lib/httpd/modules none; do
	[ ! -d $modules ] || break
done
if [ -n "$apache" ] && [ -e "$modules/mod_cgid.so" ]; then
	port=$(free_port)
	snippet apache.conf >run/snippet.conf
	cat >run/apache.conf <<-END
		ServerRoot $T/run
		ServerName localhost
		Listen 127.0.0.1:$port
		PidFile $T/run/apache.pid
		ErrorLog $T/run/apache.log
		DocumentRoot $T/run
		LoadModule mpm_event_module $modules/mod_mpm_event.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		LoadModule alias_module $modules/mod_alias.so
		LoadModule env_module $modules/mod_env.so
		LoadModule cgid_module $modules/mod_cgid.so
		ScriptSock $T/run/cgid.sock
		Include $T/run/snippet.conf
	END
	bg as_web "$apache" -DFOREGROUND -f "$T/run/apache.conf"
	drive Apache /jobs length
	stop "$BG_PID"
else
	skip 'Apache or its mod_cgid is missing' Apache
fi

if command -v busybox >/dev/null && busybox --list | grep -qx httpd; then
	port=$(free_port)
	snippet busybox >run/busybox
	bg as_web env TMPDIR="$T/run" sh "$T/run/busybox" "$port"
	drive 'busybox httpd' /cgi-bin/wqw.cgi 'methods chunks fields'
	stop "$BG_PID"
else
	skip 'busybox has no httpd' 'busybox httpd'
fi

# --- wqw-httpd

port=$(free_port)
bg as_web wqw-httpd -l "127.0.0.1:$port" 2>run/httpd.log
drive 'wqw-httpd -l' ''
if command -v nginx >/dev/null; then
	start_nginx nginx-proxy.conf "$port"
	drive 'nginx, proxy_pass' /jobs
else
	skip 'nginx is missing' 'nginx, proxy_pass'
fi

if command -v tcpsvd >/dev/null; then
	port=$(free_port)
	bg as_web tcpsvd -c 100 127.0.0.1 "$port" "$WQW_BIN/wqw-httpd"
	drive tcpsvd ''
else
	skip 'tcpsvd is missing' tcpsvd
fi

if ! command -v inetd >/dev/null; then
	skip 'inetd is missing' inetd
elif [ "$(id -u)" -ne 0 ]; then
	skip 'inetd wants root' inetd
else
	port=$(free_port)
	snippet inetd.conf "$port" >run/inetd.conf
	bg inetd -i run/inetd.conf
	drive inetd ''
fi

if command -v systemd-socket-activate >/dev/null; then
	port=$(free_port)
	bg as_web systemd-socket-activate -l "127.0.0.1:$port" -E "WQW_SPOOL=$WQW_SPOOL" -E "PATH=$PATH" "$WQW_BIN/wqw-httpd"
	drive 'a socket of systemd' ''
else
	skip 'systemd-socket-activate is missing' 'a socket of systemd'
fi
done_testing
