#!/usr/bin/env python3
"""upper.py: a handler for wqw-worker --persistent, see wqw-handler(7): each job's payload in capitals.

A line for each job: its file, where in that the payload begins, the file for the result, and variables as NAME=value,
with a tab between each two. The answer is a line, too: an exit status and, where there is more to say, words.
"""
import sys

for line in sys.stdin:
    path, offset, result, *variables = line.rstrip("\n").split("\t")
    variables = dict(v.split("=", 1) for v in variables)
    if variables["WQW_ATTEMPT"] != "1":
        print("tried again", file=sys.stderr, flush=True)
    try:
        with open(path, "rb") as job, open(result, "ab") as out:
            job.seek(int(offset))
            out.write(job.read().upper())
        print("0", flush=True)
    except OSError as e:
        print("1", e, flush=True)
