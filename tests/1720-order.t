#!/bin/sh
# The jobs of a group are in the order in which their submissions returned, whatever the clock says: over submitters at
# the same time, a clock that is set back, and workers that are killed.
. "$(dirname "$0")/lib.sh"

wqw-init ./q 2>/dev/null
lists() { (cd q && find "$1" -type f ! -name '.*' -printf '%f\n' | LC_ALL=C sort); }
numbers() { tr '\n' ' ' | sed 's/ $//'; }
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	at() { offset=$1; shift; faketime -f "$offset" "$@"; }
else
	at() { shift; "$@"; }
	skip 'faketime is missing, or does not go with the sanitizers' 'a clock that is set back'
fi
put() { echo "$3" | at "$1" wqw-submit --group "$2" ./q; }

# --- one after the other

: >returned
for offset in +0 +2h +0 -1d +3d +0 -400d +0; do
	put "$offset" a x >>returned || echo "$offset" >>refused
done
ok 'a clock that is set forth and back refuses nothing' test ! -e refused
is "$(sed 's|^./q/||' returned)" "$(lists new)" 'IDs sort as the submissions returned'
is "$(lists new | uniq | wc -l)" 8 'and are all there'
is "$(find q/tmp q/keys -type f ! -name '.order.*')" '' 'with nothing beside'
first=$(head -n 1 returned | sed 's|.*/||')
ok 'another group' eval 'put +0 b x >other'
ok 'has a clock of its own' test "$(sed 's|.*/||; s/T.*//' other)" = "${first%%T*}"
ok 'several files in one round' eval 'echo x >x && wqw-submit --group a ./q x x x >>returned'
is "$(sed 's|^./q/||' returned)" "$(lists new | grep G=a)" 'sort so, too'
ok 'a key beside it' eval 'echo k | wqw-submit --group a --key k ./q >k1 && echo k | wqw-submit --group a --key k ./q >k2'
is "$(cat k1)" "$(cat k2)" 'leads to the same job'
is "$(lists new | grep G=a | tail -n 1)" "$(sed 's|^./q/||' k1)" 'which is the last'
# shellcheck disable=SC2016 # its own
ok 'a clock file that was spoilt' sh -c 'for f in q/keys/.order.*; do echo rubbish >"$f"; done'
exits 65 'refuses' sh -c 'echo x | wqw-submit --group a ./q'
like "$(said)" 'the clock of the group, is broken' 'and says so'
is "$(lists tmp)" '' 'and leaves nothing'
rm -f q/keys/.order.* q/new/* returned

# --- at the same time

# Each notes how many had returned when it began; all of them must be before its own.
submitter()
{
	n=0
	while [ $((n += 1)) -le 12 ]; do
		before=$(wc -l <returned)
		case $(((n + $1) % 3)) in
		0) offset=+1h ;;
		1) offset=-1h ;;
		*) offset=+0 ;;
		esac
		address=$(put $offset c x) || { echo "$offset" >>refused; continue; }
		echo "$address" >>returned
		echo "$before $address" >>noted
	done
}
: >returned
for s in 1 2 3 4; do submitter $s & done
wait
ok 'four submitters at once' test ! -e refused -a "$(wc -l <noted)" -eq 48
while read -r before address; do
	[ "$before" -eq 0 ] || head -n "$before" returned | LC_ALL=C sort | tail -n 1
	[ "$before" -eq 0 ] || echo "$address"
done <noted >pairs
ok 'each is after all that had returned' awk 'NR % 2 { a = $0; next } a >= $0 { bad = 1 } END { exit bad }' pairs
rm -f q/new/*

# --- with workers that are killed

printf '#!/bin/sh\nT=%s\n' "$T" >handler
cat >>handler <<'END'
g=${WQW_ID##*,G=}
exec 9>>"$T/lock.$g"
flock -n 9 || echo "$WQW_ID" >>"$T/together"
read -r n
echo "$n $WQW_ATTEMPT" >>"$T/began.$g"
[ $((n % 4)) -ne 1 ] || [ "$WQW_ATTEMPT" -gt 1 ] || exit 1
[ $((n % 4)) -ne 2 ] || timeout 0.05 tail -f /dev/null
echo "$n" >>"$T/ended.$g"
END
chmod +x handler
printf '%s\n' 'backoff 0' 'max-attempts 32' >q/queue.conf
pids='' n=0
while [ $((n += 1)) -le 8 ]; do
	bg wqw-worker ./q -j 2 -- ./handler 2>>workers
	pids="$pids $BG_PID"
done
groups='g1 g2 g3' each=20 i=0 kills=0 seed=$$
while [ $((i += 1)) -le $each ]; do
	for g in $groups; do
		seed=$(((seed * 1103515245 + 12345) % 2147483648))
		step=$((seed / 65536 % 7200 - 3600))
		[ $step -lt 0 ] || step=+$step
		put "${step}s" "$g" "$i" >/dev/null || echo "$i $g" >>refused
		# shellcheck disable=SC2086 # numbers
		victim=$(echo $pids | cut -d ' ' -f $((seed / 65536 % 8 + 1)))
		kill -KILL "$victim" && kills=$((kills + 1))
		left=
		for pid in $pids; do
			if [ "$pid" != "$victim" ]; then
				left="$left $pid"
			else
				bg wqw-worker ./q -j 2 -- ./handler 2>>workers
				left="$left $BG_PID"
			fi
		done
		pids=$left
	done
done
ok "killed $kills workers" [ $kills -ge 10 ]
ok 'all jobs end' wait_count q/done $((3 * each))
for pid in $pids; do stop "$pid"; done
ok 'none was refused' test ! -e refused
for g in $groups; do
	# An attempt that was killed at its end has run, and runs again: only then comes a number twice in a row.
	is "$(uniq "ended.$g" | numbers)" "$(seq -s ' ' $each)" "the order of $g is intact"
done
ok 'never two of a group at once' test ! -e together
is "$(lists failed)$(lists new)$(lists cur)$(lists later)" '' 'nothing is left over'

done_testing
