"""Five thousand learners: taking over their list, creating their schedules, nudging a day's due
list, opening "Today" by 50 people at once.

``python -m bench.learning``
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bench.server import PORT, heading, keep, served_tool
from carryover.sample_programme import sample_document
from core.database import UnitOfWork, make_engine
from core.settings import Settings
from lti_tool import bootstrap, operator_api
from lti_tool.base.deps import ToolDeps
from lti_tool.launch import visits as visiting
from lti_tool.nudges import reminders
from lti_tool.people import directory_store, people_import
from lti_tool.programmes import certification_import, programmes

LEARNERS, USERS, VIEWS = 5_000, 50, 2_000
THINK_SECONDS = 2.0  # between two pages of one person: 50 people ask for about 25 pages a second
AIM_MS = 150.0
WHO = "bench"


def working_morning() -> datetime:
    """Ten o'clock on the latest working day: nudges keep working hours, whenever this runs."""
    day = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
    while day > datetime.now(UTC) or day.isoweekday() > 5:
        day -= timedelta(days=1)
    return day


def environ_of(settings: Settings) -> dict[str, str]:
    """The environment of the served tool, for parts of it in this process."""
    return {
        "CARRYOVER_HOME": str(settings.home),
        "CARRYOVER_DATABASE_URL": settings.database_url,
        "CARRYOVER_MIGRATION_URL": settings.migration_url,
        "CARRYOVER_REDIS_URL": settings.redis_url,
        "CARRYOVER_SECRET_KEY": os.environ.get("CARRYOVER_SECRET_KEY", "bench" * 10),
    }


def take_over(
    unit_of_work: UnitOfWork, tenant: int, programme: str, now: datetime
) -> tuple[float, float]:
    """Seconds for the list of people and for their certifications a week ago, each with its whole
    schedule.
    """
    people = "id,name,email\n" + "".join(
        f"L{n},Learner {n},l{n}@example.org\n" for n in range(LEARNERS)
    )
    day = (now - timedelta(days=7)).date().isoformat()
    certified = "id,certified_on\n" + "".join(f"L{n},{day}\n" for n in range(LEARNERS))
    begun = time.perf_counter()
    listed = people_import.import_people(
        unit_of_work, tenant_id=tenant, content=people.encode(), apply=True, who=WHO, now=now
    )
    between = time.perf_counter()
    scheduled = certification_import.import_certifications(
        unit_of_work,
        tenant_id=tenant,
        programme=programme,
        content=certified.encode(),
        apply=True,
        who=WHO,
        now=now,
    )
    if not (listed.applied and scheduled.applied):
        raise SystemExit("the lists were not taken over")
    return between - begun, time.perf_counter() - between


def visits(deps: ToolDeps, tenant: int, programme: str) -> list[tuple[uuid.UUID, str]]:
    """Sessions of as many learners as there are users."""
    now = datetime.now(UTC)
    with deps.unit_of_work(tenant) as connection:
        found = directory_store.find_profiles(
            connection, tenant, external_ids=[f"L{n}" for n in range(USERS)]
        )
    return [
        visiting.open_visit_by_link(
            deps, link=visiting.VisitLink(tenant, one.id, programme, "", 0, now), now=now
        )
        for one in found
    ]


def look(visit: tuple[uuid.UUID, str], turn: int, times: int = VIEWS // USERS) -> list[float]:
    """Milliseconds of each view of one person, who reads between them."""
    visit_id, secret = visit
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    time.sleep(THINK_SECONDS * turn / USERS)
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request(
            "GET",
            f"/t/{visit_id}/today",
            headers={"Cookie": f"__Host-carryover-launch-{visit_id.hex}={secret}"},
        )
        answer = connection.getresponse()
        body = answer.read()
        found.append((time.perf_counter() - begun) * 1_000)
        if answer.status != 200 or b"Your checks" not in body:
            raise SystemExit(f"Today was answered {answer.status}")
        time.sleep(max(0.0, THINK_SECONDS - (time.perf_counter() - begun)))
    connection.close()
    return found


def main() -> None:
    """Measure, print, keep."""
    with served_tool() as (settings, _):
        tenant = operator_api.create_tenant(
            settings, name="bench", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
        )
        deps = bootstrap.build(environ_of(settings))
        now, made = (
            working_morning(),
            programmes.save_programme(
                deps.unit_of_work, tenant_id=tenant, document=sample_document()
            ),
        )
        listing, scheduling = take_over(deps.unit_of_work, tenant, made.key, now)
        with make_engine(settings.migration_url).begin() as connection:
            connection.execute(text("ANALYZE"))  # as the database's own upkeep does within a minute
        begun = time.perf_counter()
        told = reminders.queue_reminders(deps.unit_of_work, tenant_id=tenant, now=now)
        nudging_took = time.perf_counter() - begun
        again = reminders.queue_reminders(deps.unit_of_work, tenant_id=tenant, now=now)
        who = visits(deps, tenant, made.key)
        look(who[0], 0, times=4)  # warms both web workers
        with ThreadPoolExecutor(USERS) as pool:
            views = sorted(one for found in pool.map(look, who, range(USERS)) for one in found)
    p95 = views[int(len(views) * 0.95)]
    how = (
        f"The sample programme, 2 web workers; {USERS} people open a page every "
        f"{THINK_SECONDS:.0f} s. `python -m bench.learning`"
    )
    lines = [
        *heading(f"{LEARNERS:,} learners", how),
        "| what | measured |",
        "|---|---|",
        f"| taking over the list of people | {listing:.1f} s |",
        "| certifications from a file, each with its checks, acts and statements of six months "
        f"| {scheduling:.1f} s, {scheduling / LEARNERS * 1_000:.1f} ms each |",
        f"| nudges of a day on which {told:,} people have something due | {nudging_took:.1f} s; "
        f"once more: {again} queued |",
        f"| “Today”, {len(views):,} views: p50 | {statistics.median(views):.0f} ms |",
        f"| “Today”, p95 (aim: {AIM_MS:.0f} ms) | {p95:.0f} ms |",
        f"| “Today”, slowest | {views[-1]:.0f} ms |",
    ]
    keep(
        "learning",
        lines,
        {"schedules of 5,000": scheduling, "nudges of 5,000": nudging_took, "today, p95": p95},
    )


if __name__ == "__main__":
    main()
