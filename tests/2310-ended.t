#!/bin/sh
# A job that has ended, and that a crash brings back to new/, is not run again: where failed/ has just changed, and where it
# has been empty for so long that a worker remembers it.
. "$(dirname "$0")/lib.sh"

# back STEM RECORD: as a file system does that has kept the end, and has lost the claim.
back()
{
	printf '\npayload\n' >"q/tmp/$1"
	: >"q/$2"
	mv "q/tmp/$1" q/new/
}

# ended HOW COMMAND...: where the worker is run by that command.
ended()
{
	how=$1
	shift
	rm -rf q
	wqw-init ./q 2>/dev/null
	bg "$@" wqw-worker ./q -- cat
	ok "$how: a job" eval 'echo one | wqw-submit ./q >address'
	ok "$how: runs, and failed/ is empty" wqw-wait "$(cat address)"
	ok "$how: another one" eval 'echo two | wqw-submit ./q >address'
	ok "$how: runs, too" wqw-wait "$(cat address)"

	back dead 'failed/dead,A=1,X=exit'
	until_true test ! -e q/new/dead
	like "$(cat q/log/dead)" 'dropped from new/: a job of this ID has ended already' "$how: one that was dead is not run again"
	ok "$how: and stays dead" test -e q/failed/dead,A=1,X=exit -a ! -e q/done/dead -a ! -e q/cur/dead,A=1

	back finished 'done/finished'
	until_true test ! -e q/new/finished
	like "$(cat q/log/finished)" 'ended already' "$how: nor is one that was done"
	is "$(cat q/done/finished)" '' "$how: and its result is as it was"

	back other 'failed/another,A=1,X=exit'
	until_true test -e q/done/other
	ok "$how: a record of another does not matter" grep -q payload q/done/other
	rm q/failed/*
	ok "$how: nor do records that were removed" eval 'echo three | wqw-submit ./q >address && wqw-wait "$(cat address)"'
	stop "$BG_PID"
}

ended new env
# An hour ahead, so that for it all directories have rested.
if command -v faketime >/dev/null && [ -z "$WQW_ASAN" ]; then
	ended rested faketime -f +1h
else
	skip 'faketime is missing, or does not go with the sanitizers' 'where failed/ has rested'
fi
done_testing
