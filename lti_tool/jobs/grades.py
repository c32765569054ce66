"""Sending grades to the gradebook (AGS 2.0)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from adapters.lms import Grade, standard
from lrs.ground import clock
from lrs.ground.database import UnitOfWork
from lrs.ground.http import Answer, GuardedClient, OutsideCallFailed
from lti_tool.jobs.waiting import GIVE_UP_AFTER_TRIES, wait_after
from lti_tool.lti.errors import TokenRefused
from lti_tool.store import outbox, platforms
from lti_tool.store.outbox import GradeRow
from lti_tool.store.platforms import Platform
from lti_tool.store.tables import grade_outbox

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 20
RUN_SECONDS = 20  # of one tenant in one run: shorter than a lease, so that no row is sent twice at a time
# Worth another try although they are 4xx: signed out, too slow, same second, too early, too many.
PASSING = frozenset((401, 408, 409, 425, 429))

TokenFor = Callable[[Platform], str]


def send(unit_of_work: UnitOfWork, tenant_id: int, client: GuardedClient, token_for: TokenFor) -> int:
    """Send what is due of one tenant; gives how many arrived. Transactions are closed while HTTP runs.

    A platform that does not answer is left alone for the rest of the run, and a run ends after a while: the worker has other
    work, and what is left comes with the next nudge.
    """
    arrived, silent, end = 0, set[int](), time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with unit_of_work(tenant_id) as connection:
            rows = outbox.lease_grades(connection, tenant_id, ROWS_AT_ONCE)
            known = {row.registration_id: platforms.by_id(connection, tenant_id, row.registration_id) for row in rows}
        if not rows:
            break
        for row in rows:
            if row.registration_id in silent or time.monotonic() > end:
                wait = wait_after(row.tries) if row.registration_id in silent else timedelta(0)
                with unit_of_work(tenant_id) as connection:
                    outbox.later(connection, grade_outbox, tenant_id, [row.id], wait)
                continue
            try:
                arrived += _send_one(unit_of_work, tenant_id, client, token_for, known[row.registration_id], row)
            except OutsideCallFailed as error:
                silent.add(row.registration_id)
                log.warning("tenant %s: a grade waits: %s", tenant_id, error.message)
                _settle(unit_of_work, tenant_id, row, refused=error.message if row.tries >= GIVE_UP_AFTER_TRIES else None)
    return arrived


def _send_one(unit_of_work: UnitOfWork, tenant_id: int, client: GuardedClient, token_for: TokenFor, platform: Platform, row: GradeRow) -> int:
    try:
        grade = Grade(row.subject, row.score, row.maximum, row.at, row.comment)
        request = standard.grade_request(row.line_item_url, grade, token_for(platform))
    except (TokenRefused, ValueError) as error:
        return _settle(unit_of_work, tenant_id, row, refused=str(error))
    answer = client.call("POST", request.url, headers=request.headers, body=request.body)
    if 200 <= answer.status < 300:
        with unit_of_work(tenant_id) as connection:
            outbox.grade_arrived(connection, tenant_id, row.id, clock.now())
        return 1
    reason = f"The LMS answered {answer.status}: {_words(answer)}"
    log.warning("tenant %s: a grade was not taken: %s", tenant_id, reason)
    final = (400 <= answer.status < 500 and answer.status not in PASSING) or row.tries >= GIVE_UP_AFTER_TRIES
    return _settle(unit_of_work, tenant_id, row, refused=reason if final else None, same_second=answer.status == 409)


def _settle(unit_of_work: UnitOfWork, tenant_id: int, row: GradeRow, refused: str | None, same_second: bool = False) -> int:
    with unit_of_work(tenant_id) as connection:
        if refused is not None:
            outbox.refuse(connection, grade_outbox, tenant_id, row.id, refused)
        else:
            if same_second:
                # The gradebook holds a grade as new as this one: say it again with a later time.
                outbox.move_grade(connection, tenant_id, row.id, max(clock.now(), row.at + timedelta(seconds=1)))
            outbox.later(connection, grade_outbox, tenant_id, [row.id], wait_after(row.tries))
    return 0


def _words(answer: Answer) -> str:
    """Moodle puts its reason into the reason phrase and sends [] as the body."""
    body = answer.body[:300].decode("utf-8", "replace").strip()
    return body if body not in ("", "[]", "{}") else answer.reason or "no reason given"
