#!/bin/sh
# A server of Debian's own beside the embedded ones, for the tests of backups: its package where we are root; else the test says that it is untried.
set -u
[ -x /usr/lib/postgresql/15/bin/postgres ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15; } >/dev/null 2>&1
fi
[ -x /usr/lib/postgresql/15/bin/postgres ] || echo "PostgreSQL 15 is not on this machine and could not be installed: backups of it are untried." >&2
exit 0
