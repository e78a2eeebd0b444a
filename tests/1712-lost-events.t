#!/bin/sh
# Where a worker loses events while it reads new/, the first of a group may be among them; the next of that group does not go before it.
. "$(dirname "$0")/lib.sh"

need strace
need perl
wqw-init ./q 2>/dev/null
most=$(cat /proc/sys/fs/inotify/max_queued_events)
# It is kept in the call that tells it that there are no more names.
bg strace -D -qq -o trace -P "$PWD/q/new" -e trace=getdents64 -e inject=getdents64:delay_exit=4000000:when=2 \
	wqw-worker ./q -- sh -c 'cat >>"$1"; echo >>"$1"' sh "$T/order"
until_true eval '[ "$(grep -c getdents trace)" -ge 2 ]'
# Files that are closed by turns; the same event twice is one.
perl -e 'for my $i (0 .. $ARGV[0] + 100) { open my $f, ">>", "q/cur/." . $i % 2 or die; close $f } unlink "q/cur/.0", "q/cur/.1"' "$most"
printf first | wqw-submit --group g ./q >first
# Some are lost, too; what comes when the worker listens again is heard of.
until_true eval 'printf second | wqw-submit --group g ./q >>rest; [ -s order ]'
is "$(head -n 1 order)" first 'the first of the group is the first that is run'
# shellcheck disable=SC2046 # many addresses
exits 0 'and all are run' wqw-wait --timeout 200 $(cat first rest)
stop "$BG_PID"
done_testing
