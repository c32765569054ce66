#!/bin/sh
# A browser for the tests: /usr/bin/chromium where it stands; else Debian's package as root (without an argument), Playwright's own otherwise (with the interpreter that has it).
set -u
[ -x /usr/bin/chromium ] && exit 0
if [ $# = 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1
    fi
    exit 0
fi
"$1" -m playwright install chromium >/dev/null 2>&1 && exit 0
echo "The browser tests need Chromium: install the package chromium so that /usr/bin/chromium exists, then run make test again." >&2
exit 1
