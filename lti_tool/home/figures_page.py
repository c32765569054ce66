"""What a page of figures asks the record store for. Every question goes out outside any
transaction; what cannot be answered now is left out, and the log says why."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from adapters import lrs_client, xapi_statements
from adapters.lrs_client import Alarm, PublishingState, VisibilityScope
from core import clock, page_language
from core.http_client import OutsideCallFailed
from core.messages import Message, gettext_noop
from lti_tool.base.page_context import PageContext
from lti_tool.base.statement_target import open_record_store
from lti_tool.home import verdicts
from lti_tool.home.chosen_programme import ChosenProgramme
from lti_tool.home.verdicts import Verdict
from lti_tool.programmes import episodes_store, product_use
from lti_tool.programmes.drafts_store import ProgrammeSummary

log = logging.getLogger(__name__)

USE_WITHIN = timedelta(days=90)  # of transfer_rate: after so long a use counts no more
# The weekly reports of which the page says what changed, and how it calls them.
_CHANGES = {
    "checks_done": gettext_noop("Checks done on time"),
    "answers_right": gettext_noop("Answers right"),
    "used": gettext_noop("Used at work, confirmed"),
}
_SHORTEST = ("transfer_rate", "retention_observed")  # what one line on a programme is made from


@dataclass(frozen=True)
class Change:
    """A published share in the last month (``share``) and in the one before (``was``; ``since``:
    that month, as 2026-10); ``direction``: better, worse or same."""

    label: str
    since: str
    share: float
    was: float
    direction: str


def record_view(page: PageContext, of: ChosenProgramme) -> None:
    """Record that somebody looked at the figures of this programme."""
    session = replace(page.who, programme=of.key)
    product_use.record_report_view(page.work, session=session, now=clock.now())


def fetch_headlines(
    page: PageContext, of: ChosenProgramme, sight: VisibilityScope, keys: Sequence[str]
) -> tuple[list[dict[str, Any]], list[Alarm]] | None:
    """(figures, open alarms); None if the record store does not answer."""
    client, store, _ = open_record_store(page.deps, page.who.tenant_id)
    iri = _programme_iri(of.key)
    try:
        figures = lrs_client.fetch_figures(client, store, iri, sight=sight, keys=keys)
        whole = sight.episodes is None
        alarms = (
            lrs_client.fetch_open_alarms(client, store, iri, individual=sight.individual)
            if whole
            else []
        )
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no figures: %s", page.who.tenant_id, failed.message)
        return None
    return figures, alarms


def fetch_publishing(page: PageContext, of: ChosenProgramme) -> PublishingState | None:
    """When values were published, and who waits for it; None if the record store does not answer
    that."""
    client, store, _ = open_record_store(page.deps, page.who.tenant_id)
    try:
        return lrs_client.fetch_publishing_state(client, store, _programme_iri(of.key))
    except OutsideCallFailed as failed:
        log.warning("tenant %s: nothing on publishing: %s", page.who.tenant_id, failed.message)
        return None


def fetch_changes(page: PageContext, of: ChosenProgramme) -> list[Change]:
    """What changed since the month before, of published values alone, whoever asks; nothing where
    fewer than two months are published."""
    client, store, _ = open_record_store(page.deps, page.who.tenant_id)
    try:
        found = lrs_client.fetch_reports(
            client,
            store,
            _programme_iri(of.key),
            sight=VisibilityScope(individual=False),
            keys=list(_CHANGES),
            by={},
        )
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no changes: %s", page.who.tenant_id, failed.message)
        return []
    return [
        Change(
            _CHANGES[report["key"]],
            str(change["since"]),
            float(change["share"]),
            float(change["was"]),
            str(change["direction"]),
        )
        for report in found.reports
        if report["key"] in _CHANGES
        for change in ((report.get("extra") or {}).get("change"),)
        if change
    ]


def judge_programme(
    page: PageContext,
    of: ChosenProgramme,
    sight: VisibilityScope,
    figures: Sequence[Mapping[str, Any]],
) -> list[Verdict]:
    """A verdict of each figure. The day on which the last one's time ends is said to whoever sees
    single people of the whole programme: it is a date of one person."""
    last_due = ""
    if sight.individual and sight.episodes is None:
        with page.work(page.who.tenant_id) as connection:
            certified = episodes_store.find_last_certification(
                connection, page.who.tenant_id, of.key
            )
        if certified is not None and certified + USE_WITHIN > clock.now():
            last_due = page_language.format_weekday(certified + USE_WITHIN)
    return verdicts.judge_figures(figures, last_due)


def summarise_programme(
    page: PageContext, programme: ProgrammeSummary, sight: VisibilityScope
) -> list[Message]:
    """One or two sentences on a programme; none where nothing can be said of it."""
    client, store, _ = open_record_store(page.deps, page.who.tenant_id)
    try:
        figures = lrs_client.fetch_figures(
            client, store, _programme_iri(programme.key), sight=sight, keys=_SHORTEST
        )
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no figures: %s", page.who.tenant_id, failed.message)
        return []
    return verdicts.summarise(verdicts.judge_figures(figures))


def _programme_iri(key: str) -> str:
    return xapi_statements.ProgrammeRef(key, "", "").iri
