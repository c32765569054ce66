"""Rosters of 10,000 and 50,000 people from a platform that is slow to give them: ``python -m
bench.rosters`` (part of make bench).

The platform gives at most 50 on a page, as Canvas does (docs/lms/canvas.md); it answers some pages
first with 429 and asks to wait, names some people in a way that cannot be read, and gives some
pages twice. The process that reads is killed on its way, twice, and another one goes on. In the
end everybody who can be read is in the course, once, and nobody else.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine, text

from bench.server import heading, keep, served_tool
from carryover.sample_programme import sample_document
from core.database import make_engine
from core.settings import Settings
from lti_tool import bootstrap, operator_api
from lti_tool.people import rosters

SIZES, PAGE = (10_000, 50_000), 50
BUSY_EVERY, TWICE_EVERY, BROKEN_EVERY = 25, 40, 500  # pages, pages, people
KILLED_AFTER = (0.3, 0.6)  # shares of the pages
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


class Platform:
    """A platform with the roster of one course."""

    def __init__(self, count: int) -> None:
        self.count, self.refused, self.repeated, self.served = count, set[int](), set[int](), 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer(200, {"access_token": "t", "expires_in": 3_600})

            def do_GET(self) -> None:
                page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
                status, headers = outer.page_headers(page)
                body = {"members": outer.members(page)} if status == 200 else {}
                self.answer(status, body, headers)

            def answer(
                self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
            ) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *given: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return -(-self.count // PAGE)

    def page_headers(self, page: int) -> tuple[int, dict[str, str]]:
        """The status of a page, and where the list goes on."""
        if page % BUSY_EVERY == 0 and page not in self.refused:
            self.refused.add(page)
            return 429, {"Retry-After": "1"}
        self.served += 1
        again = page % TWICE_EVERY == 0 and page not in self.repeated
        self.repeated.add(page)
        following = page if again else page + 1
        if following > self.pages:
            return 200, {}
        return 200, {"Link": f'<{self.url}/members?page={following}&per_page={PAGE}>; rel="next"'}

    def members(self, page: int) -> list[dict[str, Any]]:
        """The people on a page."""
        numbers = range((page - 1) * PAGE, min(page * PAGE, self.count))
        return [
            {"name": "nobody in particular", "roles": [LEARNER]}
            if number % BROKEN_EVERY == 0
            else {"user_id": f"user-{number}", "name": f"Person {number}", "roles": [LEARNER]}
            for number in numbers
        ]


def read_until_done(settings: Settings) -> None:
    """In the process that is killed: read what is due until the course is read to its end."""
    deps = bootstrap.build(_environ(settings))
    owner = make_engine(settings.migration_url)
    while not _is_read(owner):
        rosters.sync_due_rosters(deps, 1)
        time.sleep(0.2)


def _is_read(owner: Engine) -> bool:
    with owner.connect() as connection:
        query = "SELECT count(*) FROM lti_tool.roster_run WHERE finished_at IS NOT NULL"
        return bool(connection.execute(text(query)).scalar())


def _environ(settings: Settings) -> dict[str, str]:
    return {
        "CARRYOVER_HOME": str(settings.home),
        "CARRYOVER_DATABASE_URL": settings.database_url,
        "CARRYOVER_MIGRATION_URL": settings.migration_url,
        "CARRYOVER_REDIS_URL": settings.redis_url,
        "CARRYOVER_SECRET_KEY": settings.secret_key,
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
        "CARRYOVER_LOG_LEVEL": "ERROR",
    }


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    """The most memory that the process held so far."""
    with open(f"/proc/{process.pid}/status") as status:
        found = re.search(r"VmHWM:\s+(\d+)", status.read())
    return int(found[1]) / 1_000 if found else 0.0


def read_roster(settings: Settings, count: int) -> tuple[float, float, dict[str, int]]:
    """Seconds from the first request to the end, MB of the reading process, and what is in the
    course then."""
    platform, owner = Platform(count), make_engine(settings.migration_url)
    _set_up_course(settings, owner, platform)
    begun, memory = time.monotonic(), 0.0
    kills = [int(platform.pages * share) for share in KILLED_AFTER]
    while True:
        reader = subprocess.Popen(
            [sys.executable, "-m", "bench.rosters", "read"],
            env={**os.environ, **_environ(settings)},
        )
        while reader.poll() is None:
            if kills and platform.served >= kills[0]:
                kills.pop(0)
                reader.send_signal(signal.SIGKILL)
                reader.wait()
                _end_lease(owner)
                break
            memory = max(memory, _peak_mb(reader))
            time.sleep(0.02)
        else:
            break
    seconds = time.monotonic() - begun
    with owner.connect() as connection:
        row = connection.execute(
            text(
                "SELECT count(*) FILTER (WHERE m.active) AS active, count(DISTINCT i.subject) AS "
                "people, (SELECT sum(skipped) FROM lti_tool.roster_run) AS skipped, (SELECT "
                "string_agg(reason, ' ') FROM lti_tool.roster_run) AS reason "
                "FROM lti_tool.membership m JOIN lti_tool.identity i ON i.person_id = m.person_id"
            )
        ).one()
    owner.dispose()
    platform.server.shutdown()
    if row.reason:
        raise SystemExit(f"the roster was not read to its end: {row.reason}")
    found = {"active": row.active, "people": row.people, "skipped": int(row.skipped)}
    return seconds, memory, {**found, "refusals": len(platform.refused), "served": platform.served}


def _set_up_course(settings: Settings, owner: Engine, platform: Platform) -> None:
    tenant = operator_api.create_tenant(
        settings, name="bench", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
    )
    registration = {
        "issuer": platform.url,
        "client_id": "bench",
        "auth_login_url": f"{platform.url}/auth",
        "auth_token_url": f"{platform.url}/token",
        "key_set_url": f"{platform.url}/keys",
    }
    operator_api.seed_tenant(
        settings,
        tenant_id=tenant,
        programme=sample_document(),
        platform=registration,
        deployments=["1"],
        certified={"user-1": ("Person 1", datetime.now(UTC))},
    )
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO lti_tool.course (id, tenant_id, registration_id, key, context_id, "
                "title, memberships_url, line_items_url, roster_due_at) SELECT :id, tenant_id, id, "
                "'1', '1', 'A large course', :url, '', now() FROM lti_tool.platform_registration"
            ),
            {"id": uuid.uuid4(), "url": f"{platform.url}/members"},
        )


def _end_lease(owner: Engine) -> None:
    """A process that was killed holds its course for fifteen minutes; nobody waits for that."""
    with owner.begin() as connection:
        connection.execute(text("UPDATE lti_tool.course SET roster_due_at = now()"))


def main() -> None:
    """Measure, print, keep."""
    how = (
        f"{PAGE} people on a page; every {BUSY_EVERY}th page is first answered with 429 and "
        f"Retry-After: 1, every {TWICE_EVERY}th comes twice, every {BROKEN_EVERY}th person cannot "
        "be read; the reading process is killed twice. `python -m bench.rosters`"
    )
    lines = heading("Rosters of large courses", how)
    lines += [
        "| people | pages | read by | 429s | in the course | passed over | memory |",
        "|---|---|---|---|---|---|---|",
    ]
    figures: dict[str, float] = {}
    for count in SIZES:
        with served_tool(workers=1) as (settings, _):
            seconds, memory, found = read_roster(settings, count)
        expected = count - -(-count // BROKEN_EVERY)
        if found["active"] != expected or found["people"] != expected:
            raise SystemExit(f"{found} where {expected} people were to be found")
        lines.append(
            f"| {count:,} | {found['served']:,} | {seconds:,.0f} s | {found['refusals']} | "
            f"{found['active']:,} | {found['skipped']:,} | {memory:,.0f} MB |"
        )
        figures[f"roster of {count}, s"] = seconds
    keep("rosters", lines, figures)


if __name__ == "__main__":
    if sys.argv[1:] == ["read"]:
        from core.settings import read_settings

        read_until_done(read_settings(os.environ))
    else:
        main()
