# shellcheck shell=sh
# lib.sh: what the tests share. A test is a POSIX shell script that starts with
#
#	. "$(dirname "$0")/lib.sh"
#
# and then runs in an empty directory of its own, $T, with $WQW_SPOOL in it and the programs under test first in PATH.
# It prints TAP: `plan N` first or `done_testing` last. Whatever it started with `bg` ends with it.
#
# WQW_BIN      the programs (default: bin/ of the source)
# WQW_TESTBIN  helper programs and preload_*.so built from tests/*.c (default: obj/tests/)
# WQW_ASAN     not empty: built with sanitizers, so address-space limits and static linking are off the table
# ROOT         the top of the source

# Where a test reaches a file of the source, the path must survive the cd below.
ROOT=$(cd "$(dirname "$0")/.." && pwd) || exit 1
WQW_BIN=${WQW_BIN:-$ROOT/bin}
WQW_TESTBIN=${WQW_TESTBIN:-$ROOT/obj/tests}
WQW_ASAN=${WQW_ASAN:-}
PATH=$WQW_BIN:$ROOT/bin:$WQW_TESTBIN:$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C TZ=UTC
export ROOT WQW_BIN WQW_TESTBIN WQW_ASAN PATH LC_ALL TZ
unset CDPATH WQW_SPOOL WQW_ID WQW_QUEUE WQW_OUTBOX TRACEPARENT TRACESTATE
umask 022

wqw_dir=$(mktemp -d "${TMPDIR:-/tmp}/wqw-test.XXXXXX") || exit 1
# Readable to other users, for tests that change to one.
chmod 755 "$wqw_dir"
T=$wqw_dir/t
mkdir "$T" && cd "$T" || exit 1
WQW_SPOOL=$T/spool
export T WQW_SPOOL

wqw_count=0 wqw_failed=0 wqw_planned='' wqw_pids='' wqw_exits='' BG_PID=''

wqw_cleanup()
{
	wqw_status=$?
	trap - EXIT
	set +e
	eval "$wqw_exits"
	for wqw_pid in $wqw_pids; do
		stop "$wqw_pid" 2>/dev/null
	done
	cd / && chmod -R u+rwx "$wqw_dir" 2>/dev/null
	rm -rf "$wqw_dir"
	[ "$wqw_status" -ne 0 ] || [ "$wqw_failed" -eq 0 ] || wqw_status=1
	exit "$wqw_status"
}
trap wqw_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- TAP

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

plan()
{
	wqw_planned=$1
	echo "1..$1"
}

done_testing() { [ -n "$wqw_planned" ] || plan "$wqw_count"; }

# skip_all REASON: ends the test before its first check.
skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

# skip REASON NAME: stands for one check.
skip() { pass "${2:-} # SKIP $1"; }

# need PROGRAM...: skips the whole test where one is missing.
need()
{
	for wqw_need; do
		(unset -f strace; command -v "$wqw_need") >/dev/null || skip_all "$wqw_need is missing"
	done
}

need_root() { [ "$(id -u)" -eq 0 ] || skip_all 'not root'; }

pass()
{
	wqw_count=$((wqw_count + 1))
	echo "ok $wqw_count - $1"
}

fail()
{
	wqw_count=$((wqw_count + 1))
	wqw_failed=$((wqw_failed + 1))
	echo "not ok $wqw_count - $1"
	diag "failed: $1"
	return 1
}

wqw_show()
{
	diag "$1"
	sed 's/^/#   /' "$wqw_dir/out" >&2
}

# ok NAME COMMAND...: it exits 0. What it printed is shown if not.
ok()
{
	wqw_name=$1
	shift
	wqw_got=0
	"$@" >"$wqw_dir/out" 2>&1 || wqw_got=$?
	if [ "$wqw_got" -eq 0 ]; then
		pass "$wqw_name"
	else
		fail "$wqw_name" || wqw_show "exit $wqw_got from: $*"
	fi
}

# exits STATUS NAME COMMAND...: it exits with just this status. $wqw_dir/out, seen by `said`, keeps what it printed.
exits()
{
	wqw_want=$1 wqw_name=$2
	shift 2
	wqw_got=0
	"$@" >"$wqw_dir/out" 2>&1 || wqw_got=$?
	if [ "$wqw_got" -eq "$wqw_want" ]; then
		pass "$wqw_name"
	else
		fail "$wqw_name" || wqw_show "exit $wqw_got, wanted $wqw_want, from: $*"
	fi
}

# said: stdout and stderr of the last command under `ok` or `exits`.
said() { cat "$wqw_dir/out"; }

# is GOT WANTED NAME
is()
{
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3" || { diag "   got: $1"; diag "wanted: $2"; }
	fi
}

isnt()
{
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3" || diag "   got: $1"
	fi
}

# like TEXT ERE NAME: a line of it matches.
like()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
	else
		fail "$3" || { diag "   got: $1"; diag "wanted: /$2/"; }
	fi
}

unlike()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "$3" || { diag "     got: $1"; diag "unwanted: /$2/"; }
	else
		pass "$3"
	fi
}

# --- processes

# bg COMMAND...: starts it with nothing on stdin; its pid is $BG_PID. It is stopped when the test ends.
bg()
{
	"$@" </dev/null &
	BG_PID=$!
	wqw_pids="$BG_PID $wqw_pids"
}

alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# stop PID: asks one of `bg`, insists if it must, and waits for its end.
stop()
{
	kill "$1" 2>/dev/null || { wait "$1" 2>/dev/null; return 0; }
	kill -CONT "$1" 2>/dev/null
	# A child that has ended is a zombie until the wait, and to kill -0 alive.
	wqw_tries=100
	while [ $wqw_tries -gt 0 ] && wqw_runs "$1"; do
		tick
		wqw_tries=$((wqw_tries - 1))
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

wqw_runs()
{
	wqw_state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) || return 1
	[ -n "$wqw_state" ] && [ "$wqw_state" != Z ]
}

# at_exit COMMAND: run, newest first, before the directory goes; unmounts belong here.
at_exit() { wqw_exits="$1
$wqw_exits"; }

# --- waiting: always for something, never for a time

# One beat of a loop that looks.
tick() { timeout 0.03 tail -f /dev/null; return 0; }

# until_true COMMAND...: looks until it succeeds, for half a minute and more; fails loudly if it never does.
until_true()
{
	wqw_left=800
	until "$@" >/dev/null 2>&1; do
		wqw_left=$((wqw_left - 1))
		if [ $wqw_left -le 0 ]; then
			diag "waited in vain for: $*"
			return 1
		fi
		tick
	done
}

wait_for_file() { until_true test -e "$1"; }
wait_gone() { until_true gone "$1"; }

# count DIRECTORY: the entries in it.
count() { find "$1" -mindepth 1 -maxdepth 1 | wc -l | tr -d ' '; }
counts() { [ "$(count "$1")" -eq "$2" ]; }

# wait_count DIRECTORY N: until it has exactly N entries.
wait_count() { until_true counts "$1" "$2"; }

# --- network

# A TCP port of 127.0.0.1 that nothing listens on.
free_port()
{
	perl -MIO::Socket::INET -e \
		'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", Proto => "tcp")->sockport, "\n"'
}

listens()
{
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift, Timeout => 1)' "$1"
}

wait_port() { until_true listens "$1"; }

# --- sanitizers: the leak checker cannot work where another tracer sits
strace() { ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 command strace "$@"; }
