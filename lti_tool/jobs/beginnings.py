"""Read the sources of automatic certifications: gradebook columns, and statements in the record
store."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters import lrs_client
from adapters.lms import dialect
from adapters.lms.standard import RESULT_SCOPE
from core import clock
from core.errors import Refused
from core.http import OutsideCallFailed, within
from core.queue import TimeIsUp
from lti_tool.actions import beginning
from lti_tool.actions.record_store import record_store_of
from lti_tool.lti import services
from lti_tool.lti.deps import ToolDeps
from lti_tool.lti.errors import TokenRefused
from lti_tool.store import beginnings, platforms
from lti_tool.store.beginnings import CertifyingColumn, Source
from lti_tool.store.platforms import APPROVED

log = logging.getLogger(__name__)

AGAIN_AFTER, AFTER_TROUBLE = timedelta(minutes=15), timedelta(hours=1)
RUN_SECONDS = 120  # For one tenant in one run.
COLUMN_SECONDS = 60  # For all pages of one column.
MOST_PAGES = 50  # For one source in one reading; the next reading continues from there.
SOURCE_SECONDS = 60  # For all pages of one source.
OVERLAP, MOMENT = timedelta(minutes=5), timedelta(milliseconds=1)
WAITS = timedelta(days=30)  # How long a statement that matched nobody may wait for the list of people to name that person.


def read(deps: ToolDeps, tenant_id: int) -> int:
    """Read what is due for one tenant; returns how many episodes started."""
    begun, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            column = beginnings.lease_column(connection, tenant_id, clock.now())
        if column is None:
            break
        begun += _read_column(deps, tenant_id, column)
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            source = beginnings.lease_source(connection, tenant_id, clock.now())
        if source is None:
            break
        begun += _read_source(deps, tenant_id, source)
    return begun


def _read_column(deps: ToolDeps, tenant_id: int, column: CertifyingColumn) -> int:
    begun, trouble = 0, ""
    with deps.unit_of_work(tenant_id) as connection:
        platform = platforms.by_id(connection, tenant_id, column.registration_id)
    lms = dialect(platform.family)
    try:
        if platform.status != APPROVED:
            raise OutsideCallFailed(f"The platform registration is {platform.status}.")
        with within(COLUMN_SECONDS):
            for page in services.pages(deps, platform, (RESULT_SCOPE,), lms.results_address(column.url), lms.every_result):
                results = lms.read_results(page.json())
                begun += beginning.by_grades(deps.unit_of_work, tenant_id=tenant_id, column=column, results=results, now=clock.now())
    except TimeIsUp:
        raise
    except Exception as error:
        # An error of one column is shown on its page and does not delay the other columns.
        known = isinstance(error, OutsideCallFailed | TokenRefused | Refused)
        trouble = str(error) if known else f"It could not be read: {type(error).__name__}."
        log.warning("tenant %s: a certifying column was not read to its end", tenant_id, exc_info=not known)
    with deps.unit_of_work(tenant_id) as connection:
        beginnings.column_read(connection, tenant_id, column, _again(trouble), begun, trouble[:500])
    return begun


def _read_source(deps: ToolDeps, tenant_id: int, source: Source) -> int:
    store, ours = record_store_of(deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url)
    client = deps.own_client if ours else deps.client
    since, begun, trouble = dict(source.since), 0, ""
    lost: list[Mapping[str, Any]] = []
    try:
        with within(SOURCE_SECONDS):
            for verb in beginning.VERB_IRIS:
                more, missing, last = "", list[Mapping[str, Any]](), None
                for _ in range(MOST_PAGES):
                    page = lrs_client.statements(client, store, verb=verb, activity=source.activity, since=source.since.get(verb, ""), more=more)
                    now = clock.now()
                    new, nobodys = beginning.by_statements(deps.unit_of_work, tenant_id=tenant_id, source=source, statements=page.statements, now=now)
                    begun += new
                    missing += nobodys
                    last, more = _stored(page.statements[-1]) if page.statements else last, page.more
                    since |= {verb: _from(last, missing, now)} if last else {}
                    if not more:
                        break
                lost += missing
    except TimeIsUp:
        raise
    except Exception as error:
        # An error of one source is shown on its page and does not delay the other sources.
        trouble = str(error) if isinstance(error, OutsideCallFailed | Refused) else f"It could not be read: {type(error).__name__}."
        log.warning("tenant %s: statements that begin a programme were not read to their end", tenant_id, exc_info=True)
    with deps.unit_of_work(tenant_id) as connection:
        values = {"since": since, "due_at": _again(trouble), "unmatched": len(lost), "trouble": trouble[:500]}
        beginnings.source_read(connection, tenant_id, source, values, begun)
    return begun


def _stored(statement: Mapping[str, Any]) -> datetime:
    return clock.parse(str(statement.get("stored")).upper())


def _from(last: datetime, missing: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Where the next reading of a source starts: a little before its last statement, since
    other stores may publish one late; and, for a while, before the first statement that matched
    nobody, since the list of people may come to include that person. A statement that was
    processed is not processed twice.
    """
    waiting = [at for at in map(_stored, missing) if now - at < WAITS]
    return clock.text_of(min([last - OVERLAP, *(at - MOMENT for at in waiting)]))


def _again(trouble: str) -> datetime:
    return clock.now() + (AFTER_TROUBLE if trouble else AGAIN_AFTER)
