# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # its variables come from run, and go there
# figures.sh: each figure measures its variants once, by turns; run calls it as often as there are rounds.

QUICK_FIGURES='submit lines http1 http64 drain latency'
ALL_FIGURES='submit lines http1 http64 cgi enqueue drain persistent sleepers latency claims limits flat'

jobs() { if [ -n "$quick" ]; then echo "$1"; else echo "$2"; fi; }

start_httpd()
{
	WQW_SPOOL=$W wqw-httpd -l 127.0.0.1:0 2>"$work/httpd" &
	httpd=$! pids="$pids $httpd"
	wait_for grep -q listening "$work/httpd"
	port=$(sed -n 's|.*127\.0\.0\.1:\([0-9]*\)/$|\1|p' "$work/httpd")
}

stop_httpd()
{
	kill "$httpd"
	wait "$httpd"
}

# What the disk gives to one process, to many, and by groups.
figure_submit()
{
	for n in 1 16 64; do
		fresh q
		note submit "limit-$n" "$(limit submit q "$(jobs $((n == 1 ? 256 : 1024)) 4096)" $n)"
	done
	fresh q
	note submit limit-group "$(limit group q "$(jobs 5000 20000)" 100)"
}

figure_lines()
{
	n=$(jobs 4000 20000)
	fresh q
	note lines limit-1 "$(limit submit q "$(jobs 500 2000)" 1)"
	fresh q
	seq "$n" | awk '{ printf "%0255d\n", $1 }' >"$work/lines"
	from=$(now)
	wqw-submit --lines "$W/q" <"$work/lines" >"$work/out"
	note lines wqw "$(rate "$n" "$from" "$(now)")"
	[ "$(wc -l <"$work/out")" -eq "$n" ] || fatal 'wqw-submit --lines: not all were accepted'
	rm -rf q
}

# http CLIENTS REQUESTS: and the latency of the same.
http()
{
	n=$1
	fresh q
	limit=$(limit submit q "$(jobs $((n == 1 ? 256 : 1024)) 4096)" "$n")
	note "http$n" "limit-$n" "$limit"
	# How long a commit takes one of so many.
	commit=$(echo "$limit $n" | awk '{ printf "%.3f\n", 1000 * $2 / $1 }')
	fresh q
	start_httpd
	out=$(post "$port" /q "$n" "$2") || fatal 'post'
	stop_httpd
	note "http$n" wqw "${out%% *}"
	note "http$n.ms" limit-commit "$commit"
	note "http$n.ms" wqw-p99 "${out##* }"
	rm -rf q
}

figure_http1() { http 1 "$(jobs 400 4000)"; }
figure_http64() { http 64 "$(jobs 6400 32000)"; }

# The CGI, and an empty static one, behind the same server.
figure_cgi()
{
	has lighttpd || return
	fresh q
	cp "$ROOT/obj/bench/empty" "$W/empty.cgi"
	ln -sf "$ROOT/bin/wqw.cgi" "$W/wqw.cgi"
	cat >"$work/lighttpd.conf" <<-EOF
		server.modules = ( "mod_cgi", "mod_setenv", "mod_alias" )
		server.document-root = "$W"
		server.bind = "127.0.0.1"
		server.port = 18099
		setenv.set-environment = ( "WQW_SPOOL" => "$W" )
		cgi.assign = ( ".cgi" => "" )
		server.max-keep-alive-requests = 100000
	EOF
	lighttpd -D -f "$work/lighttpd.conf" 2>"$work/lighttpd.err" &
	pid=$! pids="$pids $pid"
	wait_for curl -s -o /dev/null http://127.0.0.1:18099/
	out=$(post 18099 /empty.cgi 16 "$(jobs 2000 6000)") || fatal 'post to empty.cgi'
	note cgi limit-empty-static "${out%% *}"
	out=$(post 18099 /wqw.cgi/q 16 "$(jobs 2000 6000)") || fatal 'post to wqw.cgi'
	note cgi wqw "${out%% *}"
	kill "$pid"
	wait "$pid"
	rm -rf q
}

# fill QUEUE JOBS: under names as wqw-submit makes them, by the fastest way there is, which need not be durable.
fill()
{
	perl -e 'my ($q, $n) = @ARGV; for (0 .. $n - 1) { open my $f, ">", "$q/tmp/$_" or die; print $f "\n", "x" x 255; close $f;
		rename "$q/tmp/$_", sprintf("%s/new/20260101T0000%02d.%06d-0123456789abcdef", $q, $_ / 1e6, $_ % 1e6) or die }' "$@"
	sync -f "$1"
}

# The n-th job of fill.
filled() { printf '20260101T0000%02d.%06d-0123456789abcdef' $(($1 / 1000000)) $(($1 % 1000000)); }

figure_drain()
{
	n=$(jobs 400 5000)
	for sync in 1 0; do
		fresh q
		fill q "$n"
		note drain "limit-sync$sync" "$(limit drain q 2 $sync stamp no)"
	done
	fresh q
	fill q "$n"
	from=$(now)
	wqw-worker "$W/q" -j 2 --drain -- stamp no
	note drain wqw "$(rate "$n" "$from" "$(now)")"
	rm -rf q
	drain_peers "$n"
}

figure_persistent()
{
	wqw-worker -h 2>&1 | grep -q -- --persistent || return 0
	n=$(jobs 4000 20000)
	fresh q
	fill q "$n"
	note persistent limit-sync1 "$(limit drain q 2 1 stamp no)"
	fresh q
	fill q "$n"
	from=$(now)
	wqw-worker "$W/q" -j 2 --drain --persistent -- nothing
	note persistent wqw "$(rate "$n" "$from" "$(now)")"
	rm -rf q
}

# 64 handlers that sleep a second each: how many run at once, all in all.
figure_sleepers()
{
	n=$(jobs 256 640)
	fresh q
	fill q "$n"
	from=$(now)
	wqw-worker "$W/q" -j 64 --drain -- sleep 1
	note sleepers limit-64 64
	note sleepers wqw "$(rate "$n" "$from" "$(now)")"
	rm -rf q
}

# From the end of submit to the handler's first instruction, and from a posix_spawn of the handler, by turns.
figure_latency()
{
	n=$(jobs 200 500)
	for workers in 1 8; do
		fresh q
		for _ in $(seq $workers); do
			wqw-worker "$W/q" -- stamp &
			pids="$pids $!"
		done
		out=$(waker latency "$W/q" "$n") || fatal waker
		# shellcheck disable=SC2086 # four numbers
		set -- $out
		note latency.us "limit-spawn-p50-$workers" "$3"
		note latency.us "wqw-p50-$workers" "$1"
		note "latency-p99.us" "limit-spawn-p99-$workers" "$4"
		note "latency-p99.us" "wqw-p99-$workers" "$2"
		for pid in $pids; do kill "$pid" 2>/dev/null; done
		wait
		pids=
		rm -rf q
	done
}

# Claims a second, by processes on one queue, which all begin at once: plain renames, which have no job to run and no result;
# workers that run a process a job; and such with handlers that cost next to nothing. Then how many of a hundred claims were in
# vain, since another was first.
figure_claims()
{
	for workers in 1 2 4 8 16; do
		n=$(jobs 4000 20000)
		fresh q
		fill q "$n"
		note claims "renames-$workers" "$(limit claim q "$n" $workers)"
		fresh q
		fill q "$n"
		from=$(now)
		claim_all $workers wqw-worker "$W/q" --drain --persistent -- nothing
		note claims "persistent-$workers" "$(rate "$n" "$from" "$(now)")"
		n=$(jobs 1000 4000)
		fresh q
		fill q "$n"
		from=$(now)
		claim_all $workers wqw-worker "$W/q" --drain -- stamp no
		note claims "wqw-$workers" "$(rate "$n" "$from" "$(now)")"
	done
	has strace || return 0
	n=2000
	for workers in 2 8 16; do
		fresh q
		fill q $n
		claim_all $workers strace -ff --seccomp-bpf -e trace=openat,flock -o "$W/trace" \
			wqw-worker "$W/q" --drain --persistent -- nothing 2>/dev/null
		note claims.lost-% "wqw-$workers" "$(awk -v n=$n '
			/openat/ { new = /"new\// }
			new && /ENOENT|EAGAIN/ { lost++ }
			END { print 100 * lost / (n + lost) }' "$W"/trace.*)"
		rm "$W"/trace.*
	done
	rm -rf q
}

# claim_all WORKERS COMMAND...: that many of it.
claim_all()
{
	for _ in $(seq "$1"); do
		(shift && exec "$@") &
		pids="$pids $!"
	done
	wait
	pids=
}

# Groups, keys and priorities in the queue, limits and rates in another one, but none of them on the jobs.
figure_limits()
{
	n=$(jobs 1000 5000)
	for kind in limit-plain wqw-beside; do
		fresh q
		[ $kind = limit-plain ] || {
			wqw-init "$W/r" 2>/dev/null
			printf '%s\n' 'max-running 10' 'rate 100/1s' >r/queue.conf
			echo 'group-limit 2' >>q/queue.conf
			for i in $(seq 100); do
				wqw-submit --group "g$((i % 7))" --priority $((i % 10)) --key "k$i" --at 2100-01-01T00:00:00Z "$W/q" </dev/null
			done >"$work/out" || fatal wqw-submit
		}
		fill q "$n"
		from=$(now)
		wqw-worker "$W/q" -j 2 --drain -- stamp no
		note limits $kind "$(rate "$n" "$from" "$(now)")"
	done
	rm -rf q r
}

# per_call CALLS COMMAND...: microseconds of CPU and waiting that each of so many calls takes.
per_call()
{
	calls=$1
	shift
	from=$(now)
	for _ in $(seq "$calls"); do "$@" >/dev/null </dev/null || fatal "$*"; done
	echo "$calls $from $(now)" | awk '{ printf "%.0f\n", ($3 - $2) / $1 * 1e6 }'
}

cancel_next() { k=$((k + 1)); wqw-cancel "$W/q/$(filled $k)"; }

# wqw-stat where a worker counts, as soon as that has begun to, but has nothing else to do.
stat_beside_worker()
{
	touch q/pause
	wqw-worker "$W/q" -- stamp no &
	wait_for counted
	per_call 20 wqw-stat "$W/q"
	kill $!
	wait $!
	rm q/pause
}

# Fewer are read.
counted() { [ "$n" -lt 8192 ] || [ -s q/stat/.waiting ]; }

# What a call costs at so many waiting jobs; how soon a worker has its first, and the memory it takes.
figure_flat()
{
	for n in 1000 10000 100000 $([ -n "$quick" ] || echo 1000000); do
		fresh q
		fill q "$n"
		note flat.us "limit-spawn-$n" "$(per_call 50 stamp no)"
		note flat.us "submit-$n" "$(per_call 50 wqw-submit "$W/q")"
		note flat.us "status-$n" "$(per_call 50 wqw-status "$W/q/$(filled 900)")"
		note flat.us "cancel-$n" "$(k=500 && per_call 50 cancel_next)"
		note flat.us "stat-$n" "$(stat_beside_worker)"
		# shellcheck disable=SC2046 # three numbers
		set -- $(waker start "$W/q" 200)
		note flat.ms "first-$n" "$1"
		note flat.us "claim-$n" "$2"
		note flat.KiB "worker-$n" "$3"
	done
	rm -rf q
}
