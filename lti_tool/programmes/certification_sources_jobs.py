"""Read the sources of automatic certifications: gradebook columns, and statements in the record
store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from adapters import lrs_client
from adapters.lms import dialect_for
from adapters.lms.standard import RESULT_SCOPE
from adapters.lrs_client import StatementPage
from core import clock
from core.errors import RequestError
from core.http_client import OutsideCallFailed, limit_total_time
from core.messages import as_message, lazy_gettext
from lti_tool.base import platform_services, platforms_store, tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import APPROVED
from lti_tool.base.statement_target import open_record_store
from lti_tool.programmes import certification_sources, certification_sources_store
from lti_tool.programmes.certification_sources_store import CertifyingColumn, StatementSource

log = logging.getLogger(__name__)

READ_INTERVAL, RETRY_INTERVAL = timedelta(minutes=15), timedelta(hours=1)
RUN_SECONDS = 120  # For one tenant in one run.
COLUMN_SECONDS = 60  # For all pages of one column.
MAX_PAGES = 50  # For one source in one reading; the next reading continues from there.
SOURCE_SECONDS = 60  # For all pages of one source.
OVERLAP, TIMESTAMP_STEP = timedelta(minutes=5), timedelta(milliseconds=1)
UNMATCHED_WINDOW = timedelta(
    days=30
)  # How long a statement that matched nobody may wait for the list of people to name that person.


def has_due_sources(deps: ToolDeps) -> bool:
    """Whether some tenant has something to read."""
    for tenant_id in tenants_store.list_tenant_ids(deps.engine):
        with deps.unit_of_work(tenant_id) as connection:
            if certification_sources_store.has_due_sources(connection, tenant_id, clock.now()):
                return True
    return False


def read_certification_sources(deps: ToolDeps, tenant_id: int) -> int:
    """Read what is due for one tenant; returns how many episodes started."""
    begun, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            column = certification_sources_store.lease_certifying_column(
                connection, tenant_id, clock.now()
            )
        if column is None:
            break
        begun += _read_certifying_column(deps, tenant_id, column)
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            source = certification_sources_store.lease_statement_source(
                connection, tenant_id, clock.now()
            )
        if source is None:
            break
        begun += _read_statement_source(deps, tenant_id, source)
    return begun


def _read_certifying_column(deps: ToolDeps, tenant_id: int, column: CertifyingColumn) -> int:
    begun, trouble = 0, ""
    with deps.unit_of_work(tenant_id) as connection:
        platform = platforms_store.get_platform(connection, tenant_id, column.registration_id)
    lms = dialect_for(platform.family)
    try:
        if platform.status != APPROVED:
            raise OutsideCallFailed(
                lazy_gettext(
                    "The platform registration is %(status)s.", status=as_message(platform.status)
                )
            )
        with limit_total_time(COLUMN_SECONDS):
            for page in platform_services.iter_pages(
                deps,
                platform,
                (RESULT_SCOPE,),
                lms.results_url(column.url),
                lms.results_page_request,
            ):
                results = lms.read_results(page.json())
                begun += certification_sources.certify_by_grades(
                    deps.unit_of_work,
                    tenant_id=tenant_id,
                    column=column,
                    results=results,
                    now=clock.now(),
                )
    except Exception as error:
        # An error of one column is shown on its page and does not delay the other columns.
        known = isinstance(error, OutsideCallFailed | TokenRefused | RequestError)
        trouble = str(error) if known else f"It could not be read: {type(error).__name__}."
        log.warning(
            "tenant %s: a certifying column was not read to its end", tenant_id, exc_info=not known
        )
    with deps.unit_of_work(tenant_id) as connection:
        certification_sources_store.record_column_read(
            connection, tenant_id, column, _next_read_at(trouble), begun, trouble[:500]
        )
    return begun


@dataclass
class _SourceReading:
    """What a reading of a source has come to; what a page brought stays if a later one fails."""

    since: dict[str, str]
    begun: int = 0
    unmatched: int = 0


def _read_statement_source(deps: ToolDeps, tenant_id: int, source: StatementSource) -> int:
    client, store, _ = open_record_store(deps, tenant_id)
    fetch_page = partial(
        lrs_client.fetch_statements,
        client,
        store,
        activity=source.activity,
    )
    reading, trouble = _SourceReading(dict(source.since)), ""
    try:
        with limit_total_time(SOURCE_SECONDS):
            for verb in certification_sources.CERTIFYING_VERB_IRIS:
                _read_verb(deps, tenant_id, source, verb, fetch_page, reading)
    except Exception as error:
        # An error of one source is shown on its page and does not delay the other sources.
        trouble = (
            str(error)
            if isinstance(error, OutsideCallFailed | RequestError)
            else f"It could not be read: {type(error).__name__}."
        )
        log.warning(
            "tenant %s: statements that begin a programme were not read to their end",
            tenant_id,
            exc_info=True,
        )
    with deps.unit_of_work(tenant_id) as connection:
        values = {
            "since": reading.since,
            "due_at": _next_read_at(trouble),
            "unmatched": reading.unmatched,
            "trouble": trouble[:500],
        }
        certification_sources_store.record_source_read(
            connection, tenant_id, source, values, reading.begun
        )
    return reading.begun


def _read_verb(
    deps: ToolDeps,
    tenant_id: int,
    source: StatementSource,
    verb: str,
    fetch_page: Callable[..., StatementPage],
    reading: _SourceReading,
) -> None:
    more, missing, last = "", list[Mapping[str, Any]](), None
    for _ in range(MAX_PAGES):
        page = fetch_page(verb=verb, since=source.since.get(verb, ""), more=more)
        now = clock.now()
        begun, nobodys = certification_sources.certify_by_statements(
            deps.unit_of_work,
            tenant_id=tenant_id,
            source=source,
            statements=page.statements,
            now=now,
        )
        reading.begun += begun
        missing += nobodys
        if page.statements:
            last = _stored_at(page.statements[-1])
        if last:
            reading.since[verb] = _resume_point(last, missing, now)
        more = page.more
        if not more:
            break
    reading.unmatched += len(missing)


def _stored_at(statement: Mapping[str, Any]) -> datetime:
    return clock.parse_instant(str(statement.get("stored")).upper())


def _resume_point(last: datetime, missing: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Where the next reading of a source starts: a little before its last statement, since
    other stores may publish one late; and, for a while, before the first statement that matched
    nobody, since the list of people may come to include that person. A statement that was
    processed is not processed twice.
    """
    waiting = [at for at in map(_stored_at, missing) if now - at < UNMATCHED_WINDOW]
    return clock.format_instant(min([last - OVERLAP, *(at - TIMESTAMP_STEP for at in waiting)]))


def _next_read_at(trouble: str) -> datetime:
    return clock.now() + (RETRY_INTERVAL if trouble else READ_INTERVAL)
