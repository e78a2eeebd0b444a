# shellcheck shell=sh
# web.sh: the same requests over both doors. After lib.sh:
#
#	for door in cgi listener; do
#		open_door
#		ask POST '/words?key=a' -H 'Content-Type: text/plain' hello
#		is "$(status) $(field Location)" ...
#		close_door
#	done
#
# ask METHOD TARGET [-H 'Name: value']... [FILE]: the reply goes to the files reply.head, its lines ending in LF, and body.
# Requests come from 127.0.0.1, and by the CGI door from $as where that is set (REMOTE_USER).

unset http_proxy https_proxy all_proxy ALL_PROXY NO_PROXY LISTEN_FDS LISTEN_PID
door=cgi as=''

open_door()
{
	[ "$door" = listener ] || return 0
	: >listener.err
	bg wqw-httpd -l 127.0.0.1:0 2>listener.err
	listener=$BG_PID
	until_true grep -q 'listening on' listener.err
	port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' listener.err)
}

close_door() { [ "$door" != listener ] || stop "$listener"; }

ask()
{
	if [ "$door" = cgi ]; then
		by_cgi "$@"
	else
		by_http "$@"
	fi
}

by_cgi()
{
	web_method=$1 web_path=${2%%\?*} web_query=''
	case $2 in *\?*) web_query=${2#*\?} ;; esac
	shift 2
	web_file=/dev/null web_args=$#
	while [ "$web_args" -gt 0 ]; do
		if [ "$1" = -H ]; then
			web_name=$(printf %s "${2%%:*}" | tr 'a-z-' 'A-Z_')
			[ "$web_name" = CONTENT_TYPE ] || web_name=HTTP_$web_name
			set -- "$@" "$web_name=${2#*: }"
			shift 2
			web_args=$((web_args - 2))
		else
			web_file=$1
			shift
			web_args=$((web_args - 1))
		fi
	done
	[ "$web_file" = /dev/null ] && [ "$web_method" != POST ] ||
		set -- "$@" "CONTENT_LENGTH=$(wc -c <"$web_file" | tr -d ' ')"
	[ -z "$as" ] || set -- "$@" "REMOTE_USER=$as"
	env GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 REQUEST_METHOD="$web_method" SCRIPT_NAME= \
		PATH_INFO="$web_path" QUERY_STRING="$web_query" SERVER_NAME=127.0.0.1 SERVER_PORT=80 HTTP_HOST=127.0.0.1 \
		REMOTE_ADDR=127.0.0.1 "$@" wqw.cgi <"$web_file" >reply 2>err
	sed '/^\r$/q' reply | tr -d '\r' >reply.head
	tail -c +"$(($(sed '/^\r$/q' reply | wc -c) + 1))" reply >body
}

by_http()
{
	web_method=$1 web_url="http://127.0.0.1:$port$2"
	shift 2
	web_args=$#
	while [ "$web_args" -gt 0 ]; do
		case $1 in
		-H)
			set -- "$@" -H "$2"
			shift 2
			web_args=$((web_args - 2)) ;;
		*)
			set -- "$@" --data-binary "@$1"
			shift
			web_args=$((web_args - 1)) ;;
		esac
	done
	case $web_method in HEAD) set -- "$@" -I ;; *) set -- "$@" -X "$web_method" ;; esac
	: >body
	curl -q -s -S -m 60 -H Expect: -H 'Content-Type:' -o body -D reply.crlf "$@" "$web_url"
	[ "$web_method" != HEAD ] || : >body
	tr -d '\r' <reply.crlf >reply.head
}

status() { sed -n '1s/^[A-Z][A-Za-z/0-9.]*:* \([0-9]*\).*/\1/p' reply.head; }
field() { sed -n "s/^$1: //p" reply.head; }
json() { jq -r "$1" body; }
kind() { json .type | sed 's/^urn:wqw:problem://'; }

# problem STATUS KIND NAME: the last reply is this one.
problem() { is "$(status) $(field Content-Type) $(json .status) $(kind)" "$1 application/problem+json $1 $2" "$3: $1 $2"; }
