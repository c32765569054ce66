"""Reading where certifications come from by themselves: columns of gradebooks, statements of the record store."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from adapters import lrs_client
from adapters.lms import dialect
from adapters.lms.standard import RESULT_SCOPE
from lrs.ground import clock
from lrs.ground.errors import Refused
from lrs.ground.http import OutsideCallFailed, within
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
RUN_SECONDS = 120  # of one tenant in one run
COLUMN_SECONDS = 60  # for all pages of one column
MOST_PAGES = 50  # of one source in one reading; the next goes on from there
OVERLAP = timedelta(seconds=1)  # where a reading stops early, what was stored in the moment of its last one is read again: that is harmless


def read(deps: ToolDeps, tenant_id: int) -> int:
    """Read what is due of one tenant; gives how many episodes begin."""
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
    except (OutsideCallFailed, TokenRefused, Refused) as error:
        trouble = str(error)
        log.warning("tenant %s: a certifying column was not read to its end: %s", tenant_id, trouble)
    with deps.unit_of_work(tenant_id) as connection:
        beginnings.column_read(connection, tenant_id, column, _again(trouble), begun, trouble[:500])
    return begun


def _read_source(deps: ToolDeps, tenant_id: int, source: Source) -> int:
    store, ours = record_store_of(deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url)
    client = deps.own_client if ours else deps.client
    since, begun, unmatched, trouble = dict(source.since), 0, 0, ""
    try:
        for verb in beginning.VERB_IRIS:
            more = ""
            for _ in range(MOST_PAGES):
                page = lrs_client.statements(client, store, verb=verb, activity=source.activity, since=since.get(verb, ""), more=more)
                new = beginning.by_statements(deps.unit_of_work, tenant_id=tenant_id, source=source, statements=page.statements, now=clock.now())
                begun, unmatched = begun + new[0], unmatched + new[1]
                more = page.more
                if page.statements:
                    last = clock.parse(str(page.statements[-1].get("stored")))
                    since[verb] = clock.text_of(last - OVERLAP if more else last)
                if not more:
                    break
    except (OutsideCallFailed, Refused, ValueError) as error:
        trouble = str(error)
        log.warning("tenant %s: statements that begin a programme were not read to their end: %s", tenant_id, trouble)
    with deps.unit_of_work(tenant_id) as connection:
        values = {"since": since, "due_at": _again(trouble), "trouble": trouble[:500]}
        beginnings.source_read(connection, tenant_id, source, values, begun, unmatched)
    return begun


def _again(trouble: str) -> datetime:
    return clock.now() + (AFTER_TROUBLE if trouble else AGAIN_AFTER)
