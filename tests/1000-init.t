#!/bin/sh
# wqw-init: what it makes, what it mends, what it refuses.
. "$(dirname "$0")/lib.sh"

mode() { stat -c %a "$1"; }

modes() { (cd "$1" && stat -c '%a %n' . tmp new later cur 'done' failed log keys stat | tr '\n' ' '); }

ok 'a queue of a spool that is not there yet' wqw-init q
is "$(cd spool/q && echo *)" 'cur done failed keys later log new stat tmp' 'has all its directories'
is "$(modes spool/q)" \
	'700 . 700 tmp 700 new 700 later 700 cur 700 done 700 failed 700 log 700 keys 700 stat ' 'for the owner alone'
ok 'said nothing' test -z "$(said)"

echo >spool/q/new/kept
chmod 750 spool/q/new
rmdir spool/q/stat
ok 'twice' wqw-init q
is "$(mode spool/q/new) $(mode spool/q/stat)" '700 700' 'what was changed or missing is in order again'
ok 'jobs are left alone' test -f spool/q/new/kept

ok 'several, one of them by its path' wqw-init a b ./c ./d/
ok 'are all there' test -d spool/a/new -a -d spool/b/new -a -d c/new -a -d d/new
(umask 077 && wqw-init --group "$(id -g)" masked)
is "$(modes spool/masked)" \
	'2710 . 3730 tmp 3730 new 2710 later 2710 cur 2710 done 2710 failed 2710 log 3730 keys 2750 stat ' \
	'--group: may submit and may not list, whatever the umask'
ok '--shared' wqw-init --shared "$(id -gn)" shared
is "$(mode spool/shared) $(mode spool/shared/cur)" '2770 2770' 'may do all'

# Side by side: the last one to come finds everything made, or makes it.
for err in 1 2 3 4 5 6 7 8; do
	wqw-init side 2>"side.$err" &
done
wait
ok 'eight side by side' test -z "$(cat side.?)" -a "$(count spool/side)" -eq 9

exits 64 'no queue' wqw-init
exits 64 'an option that is none' wqw-init --grop x q2
like "$(said)" "'--grop' \(allowed: --group --shared --owner --help\)" 'says which, and what is allowed'
exits 64 'an option without its value' wqw-init q2 --group
like "$(said)" 'option --group needs a value' 'says so'
exits 64 'a value for an option without' wqw-init --help=x q2
like "$(said)" 'option --help takes no value' 'says so'
exits 64 'a short option that is none' wqw-init -x q2
like "$(said)" "'-x'" 'says which'
exits 64 'a group that is not there' wqw-init --group no-such-group q2
like "$(said)" "no group 'no-such-group'" 'says which'
exits 64 'a user that is not there' wqw-init --owner no-such-user q2
exits 64 '--group and --shared' wqw-init --group root --shared root q2
ok 'nothing was made' test ! -e spool/q2
for name in 'a b' ./.x .hidden '' "$(printf 'x\033[31m')" "$(printf '%065d' 0)"; do
	wqw-init "$name" 2>err && fail "took the name $name"
	unlike "$(cat err)" "$(printf '\033')" "refuses the name '$(printf %s "$name" | tr -d '\033')'"
done
for name in metrics healthz openapi.json wqw.css wqw.js wqw.svg ./metrics; do
	exits 64 "$name is no queue" wqw-init "$name"
	is "$(said)" "wqw-init: ${name#./}: not a queue's name: the web front has something else at /${name#./}" "and says why"
done
is "$(echo [!s]* s*l)" 'c d err spool' 'nothing came of them'
exits 73 'a path to nowhere' wqw-init nowhere/at/all
like "$(said)" '^wqw-init: nowhere/at: not there; make the directory first that the queue is to be in$' 'says so in a line'

mkdir -m 777 spool/open open
exits 77 'a queue that everybody can write to' wqw-init open
like "$(said)" 'chmod o-w' 'says how to mend it'
ok 'nothing was made in it' test -z "$(ls -A spool/open)"
exits 77 'a directory that everybody can write to' wqw-init open/q
ln -s "$T/c" spool/link
wqw-init link 2>err && fail 'took a link for a queue'
ok 'a symbolic link is no queue' test -s err
exits 77 'the first fault counts, and all are tried' wqw-init open 'a b' tried
ok 'tried' test -d spool/tried/new

ok '--help' wqw-init --help
like "$(said)" '^usage: wqw-init ' 'tells the usage'
exits 74 'which must be written' sh -c 'wqw-init -h >/dev/full'

if [ "$(id -u)" -eq 0 ]; then
	ok '--owner' wqw-init --owner nobody --group "$(id -g nobody)" theirs
	is "$(stat -c %U spool/theirs/new)" nobody 'gives it away'
	as_nobody() { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env "$@"; }
	exits 77 "somebody else's" as_nobody wqw-init q
	like "$(said)" '^wqw-init: .*(belongs to another user|ermission denied)' 'says so'
	chmod 711 "$T"
	exits 77 'a spool that may not be made' as_nobody WQW_SPOOL="$T/none" wqw-init q
	is "$(said)" "wqw-init: $T/none: Permission denied" 'says so'
	chmod 700 "$T"
	# shellcheck disable=SC2034
	mkdir -p ram && mount -t tmpfs none ram 2>/dev/null && {
		at_exit 'umount "$T/ram"'
		chmod 755 ram
		ok 'on tmpfs' wqw-init ram/q
		like "$(said)" 'warning: .* no journal' 'with a warning'
	}
fi
done_testing
