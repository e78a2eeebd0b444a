#!/bin/sh
# upper.sh: a handler for wqw-worker --persistent, see wqw-handler(7): each job's payload in capitals.
#
# A line for each job: its file, where in that the payload begins, the file for the result, and variables as NAME=value,
# with a tab between each two. The answer is a line, too: an exit status and, where there is more to say, words.
tab=$(printf '\t')

while IFS=$tab read -r job offset result variables; do
	case "$tab$variables" in
	*"${tab}WQW_ATTEMPT=1$tab"*) ;;
	*) echo 'tried again' >&2 ;;
	esac
	if tail -c +$((offset + 1)) "$job" | tr "[:lower:]" "[:upper:]" >>"$result"; then
		echo 0
	else
		echo "1 tr failed"
	fi
done
