# shellcheck shell=sh
# books.sh: strikes at a program at each of its system calls, lets a worker mend what that left, and adds up.
#
# Runs go side by side in lanes, each with a queue $Q of its own and its books $B; see inject.c and books.c.

MAX=9
# What touches nothing but the process's own memory and signals: a kill before it is a kill before what follows.
# shellcheck disable=SC2034 # for the tests
PRIVATE=brk,mmap,munmap,mprotect,rt_sigaction,rt_sigprocmask,getpid,getppid,gettid,prlimit64

need_inject()
{
	need inject books ledger
	W=$T
	inject -o "$T/report" true || skip_all 'processes cannot be traced here'
}

# $W: a directory where fsync costs nothing, as long as nobody cuts the power.
work_in_memory()
{
	W=$T
	[ -d /dev/shm ] && [ -w /dev/shm ] || return 0
	W=$(mktemp -d /dev/shm/wqw-test.XXXXXX) || return
	chmod 755 "$W"
	at_exit 'rm -rf "$W"'
}

# as_nobody COMMAND...: as an ordinary user; fails where that cannot be.
NOBODY='setpriv --reuid=65534 --regid=65534 --clear-groups'
as_nobody()
{
	[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || return
	$NOBODY sh -c 'command -v wqw-worker ledger' >/dev/null || return
	$NOBODY "$@"
}

# new_queue PATH [LINE...]: nothing is held back; lines of queue.conf.
new_queue()
{
	wqw_queue=$1
	shift
	wqw-init "$wqw_queue" 2>/dev/null || return
	printf '%s\n' 'reserve-bytes 0' 'reserve-inodes 0' 'backoff 0s' "max-attempts $MAX" "$@" >"$wqw_queue/queue.conf"
}

# balance [OPTION...]: $Q is drained, and its books are right; prints what is not.
balance()
{
	timeout 30 wqw-worker "$Q" -j 2 --drain -- ledger "$B" >"$B/drain" 2>&1 || echo "the drain: exit $?" >>"$B/drain"
	[ ! -s "$B/drain" ] || cat "$B/drain"
	books check -a $MAX "$@" "$Q" "$B"
	[ $? -eq 3 ] || return 0
	# A draft stays for 36 hours, and then goes.
	books age "$Q"
	timeout 30 wqw-worker "$Q" --drain -- ledger "$B" 2>&1
	[ -z "$(ls "$Q/tmp")" ] || { echo 'not swept from tmp/:'; ls "$Q/tmp"; }
}

# blow SETUP JUDGE OPTION... COMMAND...: one run in the lane that $L, $Q and $B are of, struck as the options say. What
# JUDGE prints is wrong, and goes to $T/wrong. $blow_what is hit or missed.
blow()
{
	blow_setup=$1 blow_judge=$2 status=0
	shift 2
	rm -rf "$Q" "$B"
	eval "$blow_setup"
	inject -T 40 -o "$L/report" -t "$L/" "$@" >"$L/out" 2>"$L/err" </dev/null || status=$?
	read -r blow_what blow_where <"$L/report"
	{
		[ "$status" -ne 124 ] || echo hung
		case $blow_where in *again) echo 'an fsync that had failed is called again' ;; esac
		eval "$blow_judge"
	} >"$L/wrong" 2>&1
	[ ! -s "$L/wrong" ] ||
		{ echo "$blow_what $blow_where ($1 $2), exit $status"; sed 's/^/    /' "$L/err" "$L/wrong"; } >>"$T/wrong"
}

# Words of a command: QUEUE and BOOK stand for the lane's.
enter_lane()
{
	L=$W/lane.$1
	mkdir -p "$L"
	Q=$L/q B=$L/book
}

# sparse N K: from now on only each Nth call is struck at, from the Kth on, and each Nth fault made; all are with
# WQW_SWEEP=all. Sweeps over the same steps, each from another K on, come by all of them together.
sparse()
{
	[ "${WQW_SWEEP:-}" = all ] && set -- 1 1
	sparse_step=$1 sparse_first=$2
}
sparse 1 1

# lane FIRST STEP SETUP JUDGE OPTION... COMMAND...: strikes at call FIRST, FIRST + STEP, ... until there is none.
lane()
{
	lane_n=$1 lane_step=$2 lane_setup=$3 lane_judge=$4 lane_runs=0
	enter_lane "$1"
	shift 4
	blow_what=hit
	while [ "$blow_what" = hit ] && ! enough; do
		blow "$lane_setup" "$lane_judge" -n $(((lane_n - 1) * sparse_step + sparse_first)) "$@"
		lane_runs=$((lane_runs + 1)) lane_n=$((lane_n + lane_step))
	done
	echo $lane_runs >>"$T/runs"
	rm -rf "$L"
}

enough() { [ -s "$T/wrong" ] && [ "$(grep -c '^[hm]i' "$T/wrong")" -ge 5 ]; }

# fault_lane FIRST STEP SETUP JUDGE OPTION... COMMAND...: makes the faults of every STEPth line of $T/plan.
fault_lane()
{
	lane_n=$1 lane_step=$2 lane_setup=$3 lane_judge=$4 lane_runs=0
	enter_lane "$1"
	shift 4
	awk -v first="$((lane_n * sparse_step))" -v step="$((lane_step * sparse_step))" \
		'NR % step == first % step' "$T/plan" >"$T/plan.$lane_n"
	while read -r lane_how lane_error lane_call lane_n; do
		! enough || break
		blow "$lane_setup" "$lane_judge" "-$lane_how" "$lane_error" -c "$lane_call" -n "$lane_n" "$@"
		lane_runs=$((lane_runs + 1))
	done <"$T/plan.$lane_n"
	echo $lane_runs >>"$T/runs"
	rm -rf "$L"
}

# lanes HOW N SETUP JUDGE OPTION... COMMAND...: N lanes side by side. In COMMAND, QUEUE and BOOK stand for the lane's.
lanes()
{
	lanes_how=$1 lanes_n=$2 lanes_i=1 lanes_pids=''
	shift 2
	rm -f "$T/wrong" "$T/runs"
	while [ $lanes_i -le "$lanes_n" ]; do
		(
			trap - EXIT
			words=$#
			while [ $words -gt 0 ]; do
				case $1 in
				QUEUE) set -- "$@" "$W/lane.$lanes_i/q" ;;
				BOOK) set -- "$@" "$W/lane.$lanes_i/book" ;;
				*) set -- "$@" "$1" ;;
				esac
				shift
				words=$((words - 1))
			done
			$lanes_how $lanes_i "$lanes_n" "$@"
		) &
		lanes_pids="$lanes_pids $!"
		lanes_i=$((lanes_i + 1))
	done
	# shellcheck disable=SC2086 # numbers
	wait $lanes_pids
}

# each_call NAME SETUP JUDGE OPTION... COMMAND...: a check: strikes as the options say at each call there is.
each_call()
{
	each_name=$1
	shift
	lanes lane 2 "$@"
	is "$(cat "$T/wrong" 2>/dev/null)" '' "$each_name ($(awk '{ n += $1 } END { print n + 0 }' "$T/runs") runs)"
}

# each_fault NAME SETUP JUDGE DEPTH COMMAND...: a check: each call of that depth fails with each error of its kind. The
# kinds are lines `HOW CALL ERROR...` of $FAULTS, where HOW is e or x as in inject.c.
each_fault()
{
	each_name=$1 each_setup=$2 each_judge=$3 each_depth=$4
	shift 4
	lanes fault_count 1 "$each_setup" "$each_judge" -d "$each_depth" "$@"
	printf '%s\n' "$FAULTS" | awk '
		NR == FNR { n[$1] = $2; next }
		{ for (e = 3; e <= NF; e++) for (i = 1; i <= n[$2]; i++) print $1, $e, $2, i }' "$T/counts" - >"$T/plan"
	lanes fault_lane "$FAULT_LANES" "$each_setup" "$each_judge" -d "$each_depth" "$@"
	is "$(cat "$T/wrong" 2>/dev/null)" '' "$each_name ($(awk '{ n += $1 } END { print n + 0 }' "$T/runs") runs)"
}

# Without a fault all must be well, and how many calls there are is known.
fault_count()
{
	enter_lane 1
	shift 2
	blow "$@"
	mv "$L/report" "$T/counts"
	rm -rf "$L"
}
