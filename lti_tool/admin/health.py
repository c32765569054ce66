"""How the tool does, in sentences for its administrators: launches, grades, rosters, imports,
mails, background jobs, the record store, releases of figures; with what to do next.

Read from what is stored, and from the record store's API within a few seconds. The operator's
shape of it is ``/health/ready`` (:mod:`core.health`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import takewhile

from adapters import lrs_client
from adapters.lrs_client import ForwardState, Publication
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time
from core.messages import Message, as_message, lazy_gettext, lazy_ngettext
from lti_tool.admin import health_store
from lti_tool.admin.health_store import (
    GradeCounts,
    MailCounts,
    RosterCounts,
    SourceCounts,
    StatementCounts,
)
from lti_tool.admin.record_store_admin import PAGE_TIMEOUT
from lti_tool.base import journal_store, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.journal_store import LaunchLogEntry
from lti_tool.base.platforms_store import APPROVED, PENDING, Platform
from lti_tool.base.statement_target import open_record_store
from lti_tool.people.people_import import LIST_TAKEN_OVER

LAUNCH_DAYS, GRADE_DAYS, MAIL_DAYS = 7, 30, 7
LAUNCHES_LOOKED_AT = 200  # of each platform
# From this share on, refused launches are more than people who came back to an old page.
NOTABLE_REFUSALS = 0.1
LATE_AFTER = timedelta(hours=1)  # what is due that long was not done: jobs take minutes
MAIL_LATE_AFTER = timedelta(minutes=15)  # mails leave within a minute
NEXT_RELEASE_AFTER = timedelta(days=15)  # figures are released each week: two are missing


class State(IntEnum):
    """The worst first."""

    BROKEN = 0
    LOOK = 1
    FINE = 2


@dataclass(frozen=True)
class Way:
    """Where one does something about it: the link's words, and the path below the administration,
    or below the overview (``outside``)."""

    label: Message
    path: str
    outside: bool = False


@dataclass(frozen=True)
class HealthLine:
    """One subject in sentences; ``since``: when its trouble began; ``last``: when it last went
    well; ``to_do``: what to do where no page does it."""

    key: str
    state: State
    words: tuple[Message, ...]
    since: datetime | None = None
    last: datetime | None = None
    to_do: Message | None = None
    way: Way | None = None


_OPERATOR_STARTS_WORKER = lazy_gettext(
    "Whoever runs the server starts it: carryover worker. carryover doctor says what is missing."
)
_ASK_OPERATOR = lazy_gettext("Whoever runs the server can look: carryover doctor.")


def load_health(deps: ToolDeps, *, tenant_id: int, now: datetime) -> list[HealthLine]:
    """How everything goes, the worst first."""
    with deps.unit_of_work(tenant_id) as connection:
        platforms = platforms_store.list_platforms(connection, tenant_id)
        launches = {
            one.id: [
                entry
                for entry in journal_store.list_logged_launches(
                    connection, tenant_id, one.id, LAUNCHES_LOOKED_AT
                )
                if entry.at >= now - timedelta(days=LAUNCH_DAYS)
            ]
            for one in platforms
        }
        grades = health_store.count_grades(connection, tenant_id, now - timedelta(days=GRADE_DAYS))
        rosters = health_store.count_rosters(connection, tenant_id, now - LATE_AFTER)
        imported = journal_store.list_acts(connection, tenant_id, LIST_TAKEN_OVER, 1)
        sources = health_store.count_sources(connection, tenant_id)
        mails = health_store.count_mails(connection, tenant_id, now - timedelta(days=MAIL_DAYS))
        statements = health_store.count_statements(connection, tenant_id)
    lines = [
        judge_launches(platforms, launches),
        judge_grades(grades),
        judge_rosters(rosters),
        judge_imports(sources, imported[0].at if imported else None),
        judge_mails(mails, bool(deps.settings.mail_url), now),
        judge_jobs(
            deps.job_requests.count_waiting_jobs(), deps.job_requests.queues_without_worker()
        ),
        *_look_at_record_store(deps, tenant_id, statements, now),
    ]
    return sorted(lines, key=lambda line: line.state)


def judge_launches(
    platforms: Sequence[Platform], launches: Mapping[int, Sequence[LaunchLogEntry]]
) -> HealthLine:
    """``launches``: platform → those of the last days, the newest first."""
    if not platforms:
        none = (lazy_gettext("No LMS is connected yet."),)
        way = Way(lazy_gettext("Connect an LMS"), "platforms/")
        return HealthLine("launches", State.LOOK, none, way=way)
    known = [entry for one in platforms for entry in launches[one.id]]
    refused = sum(not entry.taken for entry in known)
    last = max((entry.at for entry in known if entry.taken), default=None)
    words: tuple[Message, ...] = (_count_launches(len(known), refused),)
    for one in platforms:
        own = launches[one.id]
        if one.status == APPROVED and own and not own[0].taken:
            return _refusing_platform(one, own, words, last)
    waiting = sum(one.status == PENDING for one in platforms)
    if waiting:
        words += (
            lazy_ngettext(
                "%(num)s LMS waits for your approval.",
                "%(num)s LMSs wait for your approval.",
                waiting,
            ),
        )
    if waiting or refused > NOTABLE_REFUSALS * len(known):
        way = Way(lazy_gettext("Look at the platforms"), "platforms/")
        return HealthLine("launches", State.LOOK, words, last=last, way=way)
    return HealthLine("launches", State.FINE, words, last=last)


def _refusing_platform(
    platform: Platform,
    launches: Sequence[LaunchLogEntry],
    words: tuple[Message, ...],
    last: datetime | None,
) -> HealthLine:
    """The line where the newest launch of a platform was refused."""
    since_accepted = list(takewhile(lambda entry: not entry.taken, launches))
    reason = lazy_gettext(
        "%(lms)s: the last launch was refused. %(reason)s",
        lms=platform.name,
        reason=as_message(launches[0].reason),
    )
    return HealthLine(
        "launches",
        State.LOOK if len(since_accepted) < len(launches) else State.BROKEN,
        (*words, reason),
        since_accepted[-1].at,
        last,
        way=Way(lazy_gettext("Look at its launches"), f"platforms/{platform.id}#launches"),
    )


def _count_launches(total: int, refused: int) -> Message:
    if not total:
        return lazy_gettext("Nobody opened the tool from an LMS in the last 7 days.")
    if not refused:
        return lazy_ngettext(
            "%(num)s launch in the last 7 days, accepted.",
            "%(num)s launches in the last 7 days, all accepted.",
            total,
        )
    return lazy_ngettext(
        "%(num)s launch in the last 7 days, %(refused)s refused.",
        "%(num)s launches in the last 7 days, %(refused)s refused.",
        total,
        refused=refused,
    )


def judge_grades(counts: GradeCounts) -> HealthLine:
    """Judge the grades of the last 30 days."""
    total = counts.arrived + counts.waiting + counts.refused + counts.missing
    words: tuple[Message, ...] = (
        lazy_ngettext(
            "%(arrived)s of %(num)s grade of the last 30 days arrived.",
            "%(arrived)s of %(num)s grades of the last 30 days arrived.",
            total,
            arrived=counts.arrived,
        )
        if total
        else lazy_gettext("No grades were due in the last 30 days."),
    )
    if counts.missing:
        words += (
            lazy_ngettext(
                "%(num)s is no longer in the gradebook.",
                "%(num)s are no longer in the gradebook.",
                counts.missing,
            ),
        )
    if counts.trouble is None:
        state = State.LOOK if counts.missing else State.FINE
        to_do = lazy_gettext("Teachers send them again on their course page.")
        return HealthLine(
            "grades",
            state,
            words,
            last=counts.last_sent_at,
            to_do=to_do if counts.missing else None,
        )
    trouble = counts.trouble
    words += (
        lazy_ngettext(
            "%(num)s is held up: %(reason)s",
            "%(num)s are held up: %(reason)s",
            trouble.count,
            reason=as_message(trouble.reason),
        ),
    )
    return HealthLine(
        "grades",
        State.LOOK if counts.arrived else State.BROKEN,
        words,
        trouble.since,
        counts.last_sent_at,
        way=Way(lazy_gettext("Send again"), f"platforms/{trouble.registration_id}#outbox"),
    )


def judge_rosters(counts: RosterCounts) -> HealthLine:
    """Judge the last reading of each course."""
    if not counts.courses:
        none = lazy_gettext("No LMS gives a roster yet. People appear when they open it.")
        return HealthLine("rosters", State.FINE, (none,))
    whole = counts.courses - counts.failed
    words: tuple[Message, ...] = (
        lazy_ngettext(
            "%(whole)s of %(num)s course has its people from the LMS.",
            "%(whole)s of %(num)s courses have their people from the LMS.",
            counts.courses,
            whole=whole,
        ),
    )
    if counts.trouble is not None:
        words += (
            lazy_ngettext(
                "%(num)s is not read: %(reason)s",
                "%(num)s are not read: %(reason)s",
                counts.trouble.count,
                reason=as_message(counts.trouble.reason),
            ),
        )
        state = State.LOOK if whole else State.BROKEN
        path = f"platforms/{counts.trouble.registration_id}#rosters"
        way = Way(lazy_gettext("Look at its rosters"), path)
        return HealthLine(
            "rosters", state, words, counts.trouble.since, counts.last_read_at, way=way
        )
    if counts.overdue:
        words += (
            lazy_ngettext(
                "%(num)s should have been read more than an hour ago.",
                "%(num)s should have been read more than an hour ago.",
                counts.overdue,
            ),
        )
        return HealthLine(
            "rosters", State.LOOK, words, last=counts.last_read_at, to_do=_OPERATOR_STARTS_WORKER
        )
    return HealthLine("rosters", State.FINE, words, last=counts.last_read_at)


def judge_imports(counts: SourceCounts, imported_at: datetime | None) -> HealthLine:
    """Judge the list of people, and what certifies by itself."""
    words: tuple[Message, ...] = (
        (lazy_gettext("The list of people was imported."),)
        if imported_at
        else (lazy_gettext("No list of people was imported yet."),)
    )
    if counts.sources:
        words += (
            lazy_ngettext(
                "%(num)s source certifies people by itself.",
                "%(num)s sources certify people by themselves.",
                counts.sources,
            ),
        )
    if counts.failed:
        words += (
            lazy_ngettext(
                "%(num)s cannot be read: %(reason)s",
                "%(num)s cannot be read: %(reason)s",
                counts.failed,
                reason=as_message(counts.reason),
            ),
        )
        state = State.LOOK if counts.failed < counts.sources else State.BROKEN
        way = Way(lazy_gettext("Look at the programmes"), "programmes/", outside=True)
        return HealthLine("imports", state, words, last=imported_at, way=way)
    if counts.unmatched:
        words += (
            lazy_ngettext(
                "%(num)s result is of somebody on no list.",
                "%(num)s results are of people on no list.",
                counts.unmatched,
            ),
        )
        way = Way(lazy_gettext("Look at the people"), "people/", outside=True)
        return HealthLine("imports", State.LOOK, words, last=imported_at, way=way)
    return HealthLine("imports", State.FINE, words, last=imported_at)


def judge_mails(counts: MailCounts, configured: bool, now: datetime) -> HealthLine:
    """Judge the mails of the last days."""
    sign_in = Way(lazy_gettext("Send a test mail"), "sign-in#mail")
    if not configured:
        words: tuple[Message, ...] = (lazy_gettext("No mail server is set, so no mail is sent."),)
        if counts.waiting:
            words += (_waiting_mails(counts.waiting),)
        way = Way(lazy_gettext("See what is missing"), "sign-in#mail")
        return HealthLine("mails", State.BROKEN, words, counts.waiting_since, way=way)
    words = (
        lazy_ngettext(
            "%(num)s mail was sent in the last 7 days.",
            "%(num)s mails were sent in the last 7 days.",
            counts.sent,
        ),
    )
    late = counts.waiting_since is not None and counts.waiting_since < now - MAIL_LATE_AFTER
    if late:
        state = State.LOOK if counts.sent else State.BROKEN
        words += (_waiting_mails(counts.waiting),)
        return HealthLine(
            "mails", state, words, counts.waiting_since, counts.last_sent_at, way=sign_in
        )
    if counts.refused or counts.out_of_date:
        words += (
            lazy_ngettext(
                "%(num)s was not taken by the mail server.",
                "%(num)s were not taken by the mail server.",
                counts.refused + counts.out_of_date,
            ),
        )
        return HealthLine(
            "mails", State.LOOK, words, counts.refused_since, counts.last_sent_at, way=sign_in
        )
    if counts.no_address:
        words += (
            lazy_ngettext(
                "%(num)s person has no e-mail address here.",
                "%(num)s people have no e-mail address here.",
                counts.no_address,
            ),
        )
        way = Way(lazy_gettext("Look at the people"), "people/", outside=True)
        return HealthLine("mails", State.LOOK, words, last=counts.last_sent_at, way=way)
    return HealthLine("mails", State.FINE, words, last=counts.last_sent_at)


def _waiting_mails(count: int) -> Message:
    return lazy_ngettext("%(num)s mail is waiting.", "%(num)s mails are waiting.", count)


def judge_jobs(waiting: int | None, without_worker: Sequence[str]) -> HealthLine:
    """Judge the queues. ``waiting``: jobs in them, None if they do not answer."""
    if waiting is None:
        words = (lazy_gettext("The job queue does not answer. Work in the background waits."),)
        return HealthLine("jobs", State.BROKEN, words, to_do=_ASK_OPERATOR)
    if without_worker:
        words = (
            lazy_gettext(
                "No worker is running, so grades, mails, rosters or reports wait. Nothing is lost."
            ),
        )
        return HealthLine("jobs", State.BROKEN, words, to_do=_OPERATOR_STARTS_WORKER)
    words = (
        lazy_ngettext(
            "The workers are running. %(num)s job waits.",
            "The workers are running. %(num)s jobs wait.",
            waiting,
        ),
    )
    return HealthLine("jobs", State.FINE, words)


def _look_at_record_store(
    deps: ToolDeps, tenant_id: int, counts: StatementCounts, now: datetime
) -> list[HealthLine]:
    """The record store, and where it is our own what it forwards and the figures it releases."""
    client, store, ours = open_record_store(deps, tenant_id)
    store_way = Way(lazy_gettext("Look at the record store"), "store")
    with limit_total_time(PAGE_TIMEOUT):
        try:
            newest = lrs_client.fetch_newest_stored(client, store)
        except (OutsideCallFailed, BadInput) as error:
            return [
                HealthLine("store", State.BROKEN, _outbox(counts, (error.message,)), way=store_way)
            ]
        line = judge_statements(counts, newest)
        if not ours:
            return [line]
        return [
            _or_trouble(
                "store",
                lambda: judge_forwards(line, lrs_client.fetch_forwards(client, store)),
            ),
            _or_trouble(
                "releases",
                lambda: judge_releases(lrs_client.fetch_last_publication(client, store), now),
            ),
        ]


def _or_trouble(key: str, ask: Callable[[], HealthLine]) -> HealthLine:
    """What is said, or that the record store does not say it."""
    try:
        return ask()
    except OutsideCallFailed as error:
        return HealthLine(key, State.LOOK, (as_message(error.message),), to_do=_ASK_OPERATOR)


def _outbox(counts: StatementCounts, words: tuple[Message, ...]) -> tuple[Message, ...]:
    if counts.waiting:
        words += (
            lazy_ngettext(
                "%(num)s statement is on its way.",
                "%(num)s statements are on their way.",
                counts.waiting,
            ),
        )
    return words


def judge_statements(counts: StatementCounts, newest: datetime | None) -> HealthLine:
    """Judge what arrives in a record store that answers; ``newest``: stored there last."""
    words: tuple[Message, ...] = (
        (lazy_gettext("Statements arrive."),)
        if newest
        else (lazy_gettext("The record store answers. It holds no statement yet."),)
    )
    words = _outbox(counts, words)
    if counts.refused:
        words += (
            lazy_ngettext(
                "%(num)s was refused for good: %(reason)s",
                "%(num)s were refused for good: %(reason)s",
                counts.refused,
                reason=as_message(counts.reason),
            ),
        )
    state = State.LOOK if counts.refused or counts.tried else State.FINE
    way = Way(lazy_gettext("Look at the record store"), "store")
    return HealthLine("store", state, words, last=newest, way=way if state is State.LOOK else None)


def judge_forwards(line: HealthLine, forwards: Sequence[ForwardState]) -> HealthLine:
    """The record store's line with what it forwards."""
    running = [one for one in forwards if not one.stopped]
    if not running:
        return line
    for one in running:
        if one.failures:
            words = lazy_gettext(
                "Forwarding to %(to)s does not work: %(reason)s",
                to=one.to,
                reason=as_message(one.last_error or lazy_gettext("no reason given")),
            )
            to_do = lazy_gettext("Whoever runs the server can look: carryover forward list.")
            return replace(
                line,
                state=min(line.state, State.LOOK),
                words=(*line.words, words),
                to_do=to_do,
            )
    refused = sum(one.dead_letters for one in running)
    words = lazy_ngettext(
        "They are forwarded to %(num)s other store.",
        "They are forwarded to %(num)s other stores.",
        len(running),
    )
    if not refused:
        return replace(line, words=(*line.words, words))
    more = lazy_ngettext("%(num)s was not taken there.", "%(num)s were not taken there.", refused)
    to_do = lazy_gettext("Whoever runs the server can send them again: carryover forward retry.")
    return replace(
        line, state=min(line.state, State.LOOK), words=(*line.words, words, more), to_do=to_do
    )


def judge_releases(published: Publication | None, now: datetime) -> HealthLine:
    """Judge when figures were released last."""
    if published is None:
        words = (lazy_gettext("No figures were released yet. The first come with the next week."),)
        return HealthLine("releases", State.FINE, words)
    last = published.at
    if last < now - NEXT_RELEASE_AFTER:
        words = (lazy_gettext("Figures are released each week, but the last ones did not come."),)
        return HealthLine("releases", State.LOOK, words, since=last, to_do=_OPERATOR_STARTS_WORKER)
    return HealthLine(
        "releases", State.FINE, (lazy_gettext("Figures are released each week."),), last=last
    )
