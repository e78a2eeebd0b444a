#!/bin/sh
# The pages in a real browser: a form, progress, results, a failure; with and without scripts, on a phone and on a desk, in
# light and in dark. What was seen is kept in obj/screenshots/.
. "$(dirname "$0")/lib.sh"

need node
browser=$(command -v chromium || command -v chromium-browser) || skip_all 'chromium is missing'
modules=$ROOT/tests/node/node_modules
[ -d "$modules/playwright-core" ] && [ -d "$modules/axe-core" ] || skip_all 'tests/node/node_modules is missing: npm ci in tests/node'
[ -z "$WQW_ASAN" ] || skip_all 'the browser tests nothing that a sanitizer sees'
unset http_proxy https_proxy all_proxy LISTEN_FDS LISTEN_PID

wqw-init photos && wqw-init words && wqw-init bad || exit 1
printf 'result-type image/png\naccept-types image/*\nmax-size 20M\n' >spool/photos/queue.conf
echo 'result-type text/plain; charset=utf-8' >spool/words/queue.conf
printf 'show-log yes\nmax-attempts 1\n' >spool/bad/queue.conf
mkdir files && echo '<script>alert(1)</script>' >files/page.txt
base64 -d >files/photo.png <<'B' || exit 1
iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFklEQVR42mNkYPjPgA0wYRUdtBIAOjIBD1HnL0sAAAAASUVORK5CYII=
B
[ ! -f "$ROOT/share/examples/lake.jpg" ] || { cp "$ROOT/share/examples/lake.jpg" files/photo.png && echo 'result-type image/jpeg' >>spool/photos/queue.conf; }
sed -i '/image\/png/{1d;}' spool/photos/queue.conf
# It goes on when the browser has seen enough.
cat >slow <<'S'
#!/bin/sh
echo '40% making it <b>small</b>' >"$WQW_PROGRESS"
until [ -e "$1/go" ]; do timeout 0.05 tail -f /dev/null; done
cat
S
cat >broken <<'S'
#!/bin/sh
echo 'reading the file' >&2
echo 'no <b>idea</b> what this is' >&2
exit 100
S
chmod +x slow broken
bg wqw-worker photos -- "$T/slow" "$T/files"
bg wqw-worker words -- tr a-z A-Z
bg wqw-worker bad -- "$T/broken"
: >err
bg wqw-httpd -l 127.0.0.1:0 2>err
until_true grep -q 'listening on' err
site=$(sed -n 's|.*listening on \(http://127\.0\.0\.1:[0-9]*\)/$|\1|p' err)

shots=$ROOT/obj/screenshots
rm -rf "$shots" && mkdir -p "$shots"
HOME=$T timeout 120 node "$ROOT/tests/browser/pages.mjs" "$modules" "$browser" "$site" "$shots" "$T/files" >said 2>node.err ||
	fail 'the browser came to its end' || diag "$(cat node.err)"
while IFS= read -r line; do
	case $line in
	'ok '*) pass "${line#ok }" ;;
	*)
		name=${line#not ok }
		fail "${name%%: *}" || diag "$name" ;;
	esac
done <said
done_testing
