#!/bin/sh
# make demo: it shows what it says, and leaves nothing behind, whatever ends it.
. "$(dirname "$0")/lib.sh"

need curl perl
mkdir tmp fake
TMPDIR=$T/tmp
export TMPDIR
demo=$ROOT/share/examples/demo.sh

# No process of the demo's is left: all of them worked in its directory.
left()
{
	for cwd in /proc/[0-9]*/cwd; do
		readlink "$cwd" 2>/dev/null
	done | grep -F "$T/tmp/"
}

nothing_left()
{
	is "$(find tmp -mindepth 1)" '' "$1: no file is left"
	is "$(left)" '' "$1: no process is left"
}

# interrupted SIGNAL STATUS: by a signal, while it waits for the jobs. make and the shell may have had SIGINT ignored.
interrupted()
{
	printf '#!/bin/sh\nkill -%s "$PPID"\n' "$1" >fake/wqw-wait
	chmod +x fake/wqw-wait
	exits "$2" "SIG$1" perl -e '$SIG{$_} = "DEFAULT" for qw(INT HUP TERM); exec @ARGV' \
		env PATH="$T/fake:$PATH" sh "$demo"
	unlike "$(said)" 'HTTP/1.1 200|That was all' "SIG$1: ends it at once"
	nothing_left "SIG$1"
	rm fake/wqw-wait
}

magick=$(command -v magick || command -v convert)
"${magick:-false}" -size 1x1 xc:red jpeg:- >/dev/null 2>&1 || magick=''

ok 'the demo' sh "$demo"
said >out
like "$(cat out)" '^HTTP/1.1 202 Accepted' 'shows the 202'
like "$(cat out)" '^Location: /reports/[0-9T.]+-[0-9a-z]{16}' 'the Location'
like "$(cat out)" '^wqw-httpd: listening on http://127\.0\.0\.1:[0-9]+/' 'the port'
like "$(cat out)" '^  "state": "done"' 'the status'
like "$(cat out)" '^Hand mill +598\.00  #+$' 'the report'
like "$(cat out)" ',A=1,X=exit$' 'a dead letter'
like "$(cat out)" '^exit status 69$' 'and how one is told of it'
like "$(cat out)" '^wqw: .* attempt 1 of 5: exit 100; failed for good$' 'and its log'
ok 'each step has a line that explains it' test "$(grep -c '^# ' out)" -ge 10
for command in wqw-init wqw-httpd wqw-worker wqw-wait wqw-stat curl ls; do
	like "$(cat out)" "^\\$ $command( |\$)" "$command is shown"
done
if [ -n "$magick" ]; then
	like "$(cat out)" '^thumbnail.jpg: JPEG, 320 x 213$' 'the thumbnail'
else
	skip 'ImageMagick is missing' 'the thumbnail'
fi
nothing_left 'the demo'

# What ImageMagick's absence, or something else of its name, changes.
for name in magick convert; do
	printf '#!/bin/sh\nexit 1\n' >fake/$name
	chmod +x fake/$name
done
ok 'without ImageMagick' env PATH="$T/fake:$PATH" sh "$demo"
like "$(said)" '^demo: ImageMagick is missing' 'it says so'
like "$(said)" '^Hand mill +598\.00  #+$' 'and shows the report'
like "$(said)" ',A=1,X=exit$' 'and a dead letter'
unlike "$(said)" lake 'and no photo'
nothing_left 'without ImageMagick'
rm fake/magick fake/convert

interrupted INT 130
interrupted TERM 143
interrupted HUP 129

printf '#!/bin/sh\nexit 7\n' >fake/curl
chmod +x fake/curl
exits 1 'a web front that does not answer' env PATH="$T/fake:$PATH" sh "$demo"
like "$(said)" '^demo: no answer$' 'is told of'
nothing_left 'no answer'
done_testing
