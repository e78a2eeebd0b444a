# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # its variables come from run, and go there
# peers.sh: the peers that PEERS names, beside the same limits. Each has its data in the directory that is measured, and
# says that a job is accepted when that is durable.

# asked PEER: 1 where PEERS has it; what is missing is installed, where that is possible.
asked()
{
	case " $PEERS " in *" $1 "*) ;; *) return 1 ;; esac
	there "$1" && return
	install_package "$1" && there "$1" && return
	say "$1 is missing"
	return 1
}

there()
{
	case $1 in
	redis) has redis-benchmark ;;
	postgresql) has "$(echo /usr/lib/postgresql/*/bin/initdb)" ;;
	rabbitmq) has rabbitmq-server && build_rabbit ;;
	*) has "$1" ;;
	esac
}

# At runlevel 1 a package starts no service.
install_package()
{
	[ "$(id -u)" -eq 0 ] && has apt-get || return
	case $1 in
	rabbitmq) set -- rabbitmq-server librabbitmq-dev ;;
	tsp) set -- task-spooler ;;
	xargs) set -- findutils ;;
	esac
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@" >/dev/null 2>&1
}

# in_background PROGRAM...: stopped by stop_peer.
in_background() { "$@" >"$work/peer" 2>&1 & peer=$! pids="$pids $peer"; }
stop_peer()
{
	kill "$peer"
	wait "$peer" 2>/dev/null
}

start_beanstalkd()
{
	mkdir -p "$W/beanstalk"
	in_background beanstalkd -l "unix:$W/beanstalk/socket" -b "$W/beanstalk" -f 0
	wait_for test -S "$W/beanstalk/socket"
}

stop_beanstalkd()
{
	stop_peer
	rm -rf "$W/beanstalk"
}

# timed COUNT COMMAND...: COUNT a second.
timed()
{
	count=$1
	shift
	from=$(now)
	"$@" >/dev/null 2>&1 || fatal "$*"
	rate "$count" "$from" "$(now)"
}

enqueue_beanstalkd()
{
	start_beanstalkd
	timed "$2" "$ROOT/tests/bench/beanstalk" put "$W/beanstalk/socket" "$1" "$2"
	stop_beanstalkd
}

enqueue_redis()
{
	mkdir "$W/redis"
	in_background redis-server --port 0 --unixsocket "$W/redis/socket" --dir "$W/redis" --appendonly yes \
		--appendfsync always --save ''
	wait_for test -S "$W/redis/socket"
	redis-benchmark -s "$W/redis/socket" -c "$1" -n "$2" --csv rpush q "$(printf '%0256d' 0)" |
		awk -F '"' '!/"rps"/ { printf "%.0f\n", $4 }'
	stop_peer
	rm -rf "$W/redis"
}

# as_postgres COMMAND...: it does not run as root.
as_postgres() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

enqueue_postgresql()
{
	bin=$(echo /usr/lib/postgresql/*/bin)
	mkdir "$W/pg" && chmod 755 "$W" && chmod 711 "$work"
	[ "$(id -u)" -ne 0 ] || chown postgres "$W/pg"
	as_postgres "$bin/initdb" -A trust -D "$W/pg/data" >/dev/null || fatal initdb
	as_postgres "$bin/pg_ctl" -w -D "$W/pg/data" -l "$W/pg/log" -o "-k $W/pg -h ''" start >/dev/null || fatal pg_ctl
	as_postgres psql -q -h "$W/pg" -d postgres -c 'create table q (id bigserial primary key, payload text)'
	echo "insert into q (payload) values ('$(printf '%0256d' 0)');" >"$work/insert.sql"
	chmod 644 "$work/insert.sql"
	as_postgres "$bin/pgbench" -n -h "$W/pg" -f "$work/insert.sql" -c "$1" -j 2 -t $(($2 / $1)) postgres 2>/dev/null |
		awk '/^tps/ { printf "%.0f\n", $3 }'
	as_postgres "$bin/pg_ctl" -m fast -D "$W/pg/data" stop >/dev/null
	rm -rf "$W/pg"
}

# Its client is in C as wqw's is, and needs what nothing else here does.
build_rabbit()
{
	"${CC:-cc}" -D_GNU_SOURCE -O2 -o "$ROOT/obj/bench/rabbit" "$ROOT/tests/bench/rabbit.c" -lrabbitmq 2>/dev/null
}

# as_rabbit COMMAND...: with a server's settings. Its port mapper is one of its own, too.
as_rabbit()
{
	env HOME="$W/rabbit" ERL_EPMD_PORT=18097 ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=bench@localhost \
		RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=18098 RABBITMQ_DIST_PORT=18096 \
		RABBITMQ_MNESIA_BASE="$W/rabbit" RABBITMQ_LOG_BASE="$W/rabbit" RABBITMQ_CONF_ENV_FILE=/dev/null \
		RABBITMQ_ENABLED_PLUGINS_FILE="$W/rabbit/plugins" RABBITMQ_PID_FILE="$W/rabbit/pid" "$@"
}

# A quorum queue, whose log is fsynced, on the one node that there is.
enqueue_rabbitmq()
{
	mkdir "$W/rabbit"
	in_background as_rabbit /usr/lib/rabbitmq/bin/rabbitmq-server
	wait_for rabbit 18098 1 1
	timed "$2" rabbit 18098 "$1" "$2"
	kill "$(cat "$W/rabbit/pid")"
	wait "$peer" 2>/dev/null
	as_rabbit epmd -kill >/dev/null
	rm -rf "$W/rabbit"
}

# Accepted, durable, by so many clients one job after another each.
figure_enqueue()
{
	n=$(jobs 1024 4096)
	for clients in 1 16; do
		fresh q
		note "enqueue$clients" "limit-$clients" "$(limit submit q "$n" $clients)"
		fresh q
		start_httpd
		out=$(post "$port" /q $clients "$n") || fatal post
		stop_httpd
		note "enqueue$clients" wqw-httpd "${out%% *}"
		rm -rf q
		for name in beanstalkd redis postgresql rabbitmq; do
			! asked $name || note "enqueue$clients" "peer-$name" "$("enqueue_$name" $clients "$n")"
		done
	done
}

# Jobs that are processes, two at a time; none of these keeps a result. nq has one line of them.
drain_peers()
{
	if asked xargs; then
		note drain peer-xargs "$(timed "$1" sh -c "seq $1 | xargs -P 2 -n 1 stamp")"
	fi
	if asked beanstalkd; then
		start_beanstalkd
		"$ROOT/tests/bench/beanstalk" put "$W/beanstalk/socket" 2 "$1"
		note drain peer-beanstalkd "$(timed "$1" "$ROOT/tests/bench/beanstalk" work "$W/beanstalk/socket" 2 stamp no)"
		stop_beanstalkd
	fi
	if asked tsp; then
		few=$(($1 / 5))
		TS_SOCKET=$work/tsp
		export TS_SOCKET
		tsp -S 2
		note drain peer-tsp "$(timed $few sh -c "for i in \$(seq $few); do tsp stamp no; done; tsp -w")"
		tsp -K
	fi
	if asked nq; then
		few=$(($1 / 5))
		mkdir "$W/nq"
		note drain peer-nq "$(timed $few env NQDIR="$W/nq" sh -c "for i in \$(seq $few); do nq stamp no; done; nq -w")"
		rm -rf "$W/nq"
	fi
}
