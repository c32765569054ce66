"""The tool's client of a record store: posts serialized statements to any xAPI store, and
queries our own store for figures and access keys."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urljoin

import msgspec

from core.clock import parse_instant
from core.errors import BadInput
from core.http_client import (
    TOTAL_TIMEOUT_SECONDS,
    GuardedClient,
    OutsideCallFailed,
    OutsideResponse,
    limit_total_time,
    url_origin,
)
from core.messages import lazy_gettext, quote_text

STATEMENT_PAGE_SIZE = 100  # Statements per page.
EVIDENCE_PAGE_SIZE = 25  # Episodes per page of evidence.
COST_PAGE_SIZE = 500  # Ledger lines on a page.
LIST_PAGE_SIZE, MAX_PAGES = (
    500,
    10,
)  # Entries per page and number of pages: nobody reads more than that.
RETRY_PAUSE_SECONDS = 0.5  # before a question is asked again
_BUSY_STATUSES = frozenset((429, 500, 502, 503, 504))
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"  # The signature at the start of every PNG.
XAPI_VERSION = "1.0.3"  # The version that adapters/xapi_statements.py writes.


_Read = TypeVar("_Read")


@dataclass(frozen=True)
class RecordStore:
    """Where a tenant's statements go: URL (our own store's without /xapi, another store's as
    its operator gives it), key, secret."""

    url: str
    key: str
    secret: str

    @property
    def xapi(self) -> str:
        """The URL to which /statements is appended."""
        return self.url if self.url.lower().endswith("xapi") else f"{self.url}/xapi"


@dataclass(frozen=True)
class LrsCredential:
    """A key of our record store; its secret cannot be read again. ``ends_at`` is empty while it
    is active."""

    key: str
    scopes: tuple[str, ...]
    note: str
    ends_at: str


class StatementsRefused(Exception):
    """The store rejected the batch permanently; sending it again unchanged would not help."""


def post_statements(client: GuardedClient, store: RecordStore, payloads: Sequence[bytes]) -> None:
    """Post a batch. StatementsRefused if the store rejects it, OutsideCallFailed if the store
    could not be reached."""
    answer = client.call(
        "POST",
        f"{store.xapi}/statements",
        headers={
            "Content-Type": "application/json",
            "X-Experience-API-Version": XAPI_VERSION,
            "Accept": "application/json",
        },
        body=b"[" + b",".join(payloads) + b"]",
        basic=(store.key, store.secret),
    )
    if answer.status in (200, 204):
        return
    if answer.status in (400, 409, 413):
        raise StatementsRefused(_answer_text(answer))
    raise OutsideCallFailed(
        lazy_gettext(
            "The record store answered %(status)s: %(answer)s",
            status=answer.status,
            answer=_answer_text(answer),
        )
    )


@dataclass(frozen=True)
class VisibilityScope:
    """What somebody may see: live values and individual people, or only what is published of
    groups; for all episodes, or only for these (registrations)."""

    individual: bool
    episodes: tuple[str, ...] | None = None


def fetch_figures(
    client: GuardedClient,
    store: RecordStore,
    programme: str,
    *,
    sight: VisibilityScope,
    keys: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Fetch figures of a programme (all, or those in ``keys``), with values, sentences and
    charts: ``/api/v1/figures``. Those of groups are as they are published; of individual people
    they are live, each with what is ``published`` of the same."""
    wanted = [
        ("programme", programme),
        *_people_param(sight.individual),
        *(("key", key) for key in keys),
    ]
    figures = _query_api(client, store, "figures", wanted, sight.episodes).get("figures")
    if not isinstance(figures, list) or not all(_is_figure(item) for item in figures):
        raise OutsideCallFailed("The record store's answer holds no figures.")
    return figures


@dataclass(frozen=True)
class ReportSet:
    """Reports (key, title, meaning, columns, rows, notes, svg), and the dimensions by which
    they can be filtered: dimension → values."""

    reports: list[dict[str, Any]]
    dimensions: dict[str, list[str]]


def fetch_reports(
    client: GuardedClient,
    store: RecordStore,
    programme: str,
    *,
    sight: VisibilityScope,
    keys: Sequence[str],
    by: Mapping[str, str],
) -> ReportSet:
    """Fetch reports of a programme, filtered by ``by`` (wave, team, site, role, experience; of
    groups one of wave, team, site, role, month): ``/api/v1/reports``."""
    wanted = [
        ("programme", programme),
        *by.items(),
        *_people_param(sight.individual),
        *(("key", key) for key in keys),
    ]
    result = _query_api(client, store, "reports", wanted, sight.episodes)
    reports, narrow = result.get("reports"), result.get("dimensions")
    if (
        not isinstance(reports, list)
        or not all(_is_report(item) for item in reports)
        or not isinstance(narrow, dict)
    ):
        raise OutsideCallFailed("The record store's answer holds no reports.")
    return ReportSet(
        reports,
        {
            str(name): [str(value) for value in values]
            for name, values in narrow.items()
            if isinstance(values, list)
        },
    )


def fetch_report_picture(
    client: GuardedClient, store: RecordStore, programme: str, report: str, by: Mapping[str, str]
) -> bytes | None:
    """Fetch the chart of a report as PNG, for groups only:
    ``GET /api/v1/reports/{report}/picture.png``; None if it has none."""
    wanted = [("programme", programme), *by.items(), *_people_param(False)]
    answer = _get_api(client, store, f"reports/{quote(report, safe='')}/picture.png", wanted)
    return answer.body if answer.status == 200 and answer.body.startswith(PNG_SIGNATURE) else None


@dataclass(frozen=True)
class Publication:
    """When values were published last."""

    at: datetime


@dataclass(frozen=True)
class HeldBackGroup:
    """Some people of a wave and a value of the declared dimension, each None where they have none,
    of whom nothing is published yet: they are published once they are ``size``, or after
    ``weeks`` together with others."""

    wave: str | None
    value: str | None
    size: int
    weeks: int


@dataclass(frozen=True)
class PublishingState:
    """``last``: when values were published last, None if never; whom they do not tell of yet."""

    last: Publication | None
    held_back: list[HeldBackGroup]


def fetch_publishing_state(
    client: GuardedClient, store: RecordStore, programme: str
) -> PublishingState:
    """Fetch when values were published and what is held back: ``GET /api/v1/publications`` and
    ``GET /api/v1/held-back``."""
    last = fetch_last_publication(client, store)
    held_back = _query_api(client, store, "held-back", [("programme", programme)])
    return PublishingState(last, _read_published(held_back.get("held_back"), list[HeldBackGroup]))


def fetch_last_publication(client: GuardedClient, store: RecordStore) -> Publication | None:
    """Fetch when values were published last: ``GET /api/v1/publications``; None if never."""
    answer = _query_api(client, store, "publications", [("limit", "1")])
    return next(iter(_read_published(answer.get("publications"), list[Publication])), None)


def _read_published(value: Any, kind: type[_Read]) -> _Read:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise OutsideCallFailed(
            "The record store's answer does not say what is published."
        ) from None


@dataclass(frozen=True)
class PublishingRule:
    """How a programme's values are published: by which dimension (team, site, role), and of how
    many people together at least."""

    dimension: str
    size: int


def fetch_publishing_rule(
    client: GuardedClient, store: RecordStore, programme: str
) -> PublishingRule:
    """Fetch it: ``GET /api/v1/publishing-rule``."""
    answer = _query_api(client, store, "publishing-rule", [("programme", programme)])
    try:
        return msgspec.convert(answer, PublishingRule)
    except msgspec.ValidationError:
        raise OutsideCallFailed(
            "The record store's answer does not say how values are published."
        ) from None


@dataclass(frozen=True)
class Alarm:
    """An alarm that needs attention: its programme (IRI, or empty), its text, and its level
    (owner, sponsor, steering)."""

    alarm_id: int
    programme: str
    series: str
    team: str
    words: str
    level: str


def fetch_open_alarms(
    client: GuardedClient, store: RecordStore, programme: str = "", *, individual: bool = False
) -> list[Alarm]:
    """Fetch open alarms, of one programme or of all: every page of ``GET /api/v1/alarms``, up
    to MAX_PAGES. Those of published figures, or for whoever may see individual people of live
    ones."""
    result: list[Alarm] = []
    after = 0
    for _ in range(MAX_PAGES):
        wanted = [
            ("limit", str(LIST_PAGE_SIZE)),
            ("after", str(after)),
            *_people_param(individual),
            *([("programme", programme)] if programme else []),
        ]
        page = _query_api(client, store, "alarms", wanted)
        listed, after = page.get("alarms"), page.get("next") or 0
        if (
            not isinstance(listed, list)
            or not all(_is_alarm(item) for item in listed)
            or not isinstance(after, int)
        ):
            raise OutsideCallFailed("The record store's answer holds no alarms.")
        result += [
            Alarm(**{name: item[name] for name in Alarm.__dataclass_fields__}) for item in listed
        ]
        if not after:
            break
    return result


def _is_alarm(value: Any) -> bool:
    texts = ("programme", "series", "team", "words", "level")
    return (
        isinstance(value, dict)
        and isinstance(value.get("alarm_id"), int)
        and all(isinstance(value.get(name), str) for name in texts)
    )


@dataclass(frozen=True)
class EvidencePage:
    """Episodes behind a figure, each with its statements (id, verb, object, at, success);
    ``after`` is the cursor of the next page, or empty."""

    episodes: list[dict[str, Any]]
    after: str


def fetch_evidence(
    client: GuardedClient,
    store: RecordStore,
    programme: str,
    metric: str,
    *,
    after: str,
    by: Mapping[str, str],
) -> EvidencePage:
    """Fetch the evidence behind a figure: ``GET /api/v1/metrics/{key}/evidence``."""
    wanted = [
        ("programme", programme),
        *by.items(),
        ("limit", str(EVIDENCE_PAGE_SIZE)),
        *([("after", after)] if after else []),
    ]
    result = _query_api(client, store, f"metrics/{quote(metric, safe='')}/evidence", wanted)
    rows = _require_rows(result, "episodes")
    if not all(_is_episode(row) for row in rows):
        raise OutsideCallFailed("The record store's answer holds no episodes.")
    return EvidencePage(rows, str(result.get("next") or ""))


def _is_episode(value: dict[str, Any]) -> bool:
    statements = value.get("statements")
    texts = all(isinstance(value.get(name), str) for name in ("registration", "certified_at"))
    return (
        texts
        and isinstance(statements, list)
        and all(isinstance(item, dict) and isinstance(item.get("at"), str) for item in statements)
    )


def _people_param(individual: bool) -> list[tuple[str, str]]:
    return [] if individual else [("people", "groups")]


def _query_api(
    client: GuardedClient,
    store: RecordStore,
    name: str,
    wanted: Sequence[tuple[str, str]],
    episodes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Ask for something that nothing changes; once more, within the time of one call, if the store
    gives no answer or is busy."""

    def ask() -> OutsideResponse:
        if episodes is None:
            return _get_api(client, store, name, wanted)
        return client.call(
            "POST",
            f"{store.url}/api/v1/{name}?{urlencode(wanted)}",
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            body=msgspec.json.encode({"episodes": list(episodes)}),
            basic=(store.key, store.secret),
        )

    with limit_total_time(TOTAL_TIMEOUT_SECONDS):
        try:
            answer = ask()
            again = answer.status in _BUSY_STATUSES
        except OutsideCallFailed:
            again = True
        if again:
            time.sleep(RETRY_PAUSE_SECONDS)
            answer = ask()
    if answer.status != 200:
        raise OutsideCallFailed(
            lazy_gettext(
                "The record store answered %(status)s when asked for %(name)s: %(answer)s",
                status=answer.status,
                name=name,
                answer=_answer_text(answer),
            )
        )
    result = answer.json()
    return result if isinstance(result, dict) else {}


def _get_api(
    client: GuardedClient, store: RecordStore, path: str, wanted: Sequence[tuple[str, str]]
) -> OutsideResponse:
    address = f"{store.url}/api/v1/{path}?{urlencode(wanted)}"
    return client.call(
        "GET", address, headers={"Accept": "application/json"}, basic=(store.key, store.secret)
    )


def _is_report(value: Any) -> bool:
    texts = ("key", "title", "meaning", "svg", "what_to_do")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in texts):
        return False
    columns, rows = value.get("columns"), value.get("rows")
    whole = isinstance(columns, list) and all(
        isinstance(column, dict) and isinstance(column.get("label"), str) for column in columns
    )
    return (
        whole
        and isinstance(rows, list)
        and all(isinstance(row, dict) for row in rows)
        and isinstance(value.get("notes"), list)
    )


def _is_figure(value: Any) -> bool:
    """Whether it has all the fields that a page shows."""
    texts = ("key", "label", "meaning", "not_meaning", "formula", "svg")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in texts):
        return False
    # Without rows: a figure that is not published, or beside which nothing is.
    return all(_are_values(rows) for rows in (value.get("values"), value.get("published", [])))


def _are_values(rows: Any) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, dict) and isinstance(row.get("part_label"), str) for row in rows
    )


@dataclass(frozen=True)
class StatementPage:
    """Statements in the order in which they were stored; ``more`` leads to the next page, empty
    on the last one."""

    statements: list[dict[str, Any]]
    more: str


def fetch_statements(
    client: GuardedClient,
    store: RecordStore,
    *,
    verb: str,
    activity: str,
    since: str,
    more: str = "",
) -> StatementPage:
    """Fetch a page of statements with this verb about this activity, stored after ``since`` (a
    timestamp, or empty), the earliest first."""
    wanted = {
        "verb": verb,
        "activity": activity,
        "ascending": "true",
        "limit": str(STATEMENT_PAGE_SIZE),
        **({"since": since} if since else {}),
    }
    # "more" is relative to the store's host (xAPI-Communication 2.1.3); a link to another host
    # is not followed.
    address = urljoin(store.xapi, more) if more else f"{store.xapi}/statements?{urlencode(wanted)}"
    if url_origin(address) != url_origin(store.xapi):
        raise OutsideCallFailed(
            "The record store's list goes on at another address; it was not followed."
        )
    headers = {"X-Experience-API-Version": XAPI_VERSION, "Accept": "application/json"}
    answer = client.call("GET", address, headers=headers, basic=(store.key, store.secret))
    result = answer.json() if answer.status == 200 else None
    if (
        not isinstance(result, dict)
        or not isinstance(result.get("statements"), list)
        or not all(isinstance(item, dict) for item in result["statements"])
    ):
        raise OutsideCallFailed(
            lazy_gettext(
                "The record store answered %(status)s when asked for statements.",
                status=answer.status,
            )
        )
    return StatementPage(result["statements"], str(result.get("more") or ""))


def require_read_access(client: GuardedClient, store: RecordStore) -> OutsideResponse:
    """The answer with the newest statement. BadInput if the store denies this key read access;
    OutsideCallFailed if the store does not answer."""
    headers = {"X-Experience-API-Version": XAPI_VERSION, "Accept": "application/json"}
    answer = client.call(
        "GET", f"{store.xapi}/statements?limit=1", headers=headers, basic=(store.key, store.secret)
    )
    if answer.status != 200:
        raise BadInput(
            lazy_gettext(
                "The record store answered %(status)s to this key: %(answer)s",
                status=answer.status,
                answer=_answer_text(answer)[:200],
            )
        )
    return answer


@dataclass(frozen=True)
class ForwardState:
    """Another record store that ours forwards to (its origin), and how that goes: ``failures`` in
    a row with the last error, ``dead_letters`` that it refused for good."""

    to: str
    stopped: bool
    failures: int
    last_error: str | None
    dead_letters: int


def fetch_forwards(client: GuardedClient, store: RecordStore) -> list[ForwardState]:
    """Fetch how our record store forwards: ``GET /api/v1/forwards``."""
    try:
        found = _query_api(client, store, "forwards", []).get("forwards")
        return msgspec.convert(found, list[ForwardState])
    except msgspec.ValidationError:
        raise OutsideCallFailed("The record store's answer does not say how it forwards.") from None


def fetch_newest_stored(client: GuardedClient, store: RecordStore) -> datetime | None:
    """When the newest statement was stored, None if there is none; errors as in
    :func:`require_read_access`."""
    answer = require_read_access(client, store).json()
    found = answer.get("statements") if isinstance(answer, dict) else None
    newest = found[0].get("stored") if isinstance(found, list) and found else None
    try:
        return parse_instant(newest) if isinstance(newest, str) else None
    except ValueError:
        return None


def list_credentials(client: GuardedClient, store: RecordStore) -> list[LrsCredential]:
    """List the keys of our record store: ``GET /api/v1/credentials``."""
    result = _call_credentials(client, store, "GET", "").get("credentials")
    return [
        LrsCredential(
            str(item["key"]), tuple(item["scopes"]), str(item["note"]), str(item["ends_at"] or "")
        )
        for item in result or []
    ]


def create_credential(
    client: GuardedClient, store: RecordStore, scopes: Sequence[str], note: str
) -> tuple[str, str]:
    """Create a (key, secret): ``POST /api/v1/credentials``."""
    created = _call_credentials(
        client, store, "POST", "", msgspec.json.encode({"scopes": list(scopes), "note": note})
    )
    return str(created["key"]), str(created["secret"])


def revoke_credential(client: GuardedClient, store: RecordStore, key: str) -> None:
    """Revoke a key: ``DELETE /api/v1/credentials/{key}``."""
    _call_credentials(client, store, "DELETE", f"/{quote(key, safe='')}")


def _call_credentials(
    client: GuardedClient, store: RecordStore, method: str, path: str, body: bytes | None = None
) -> dict[str, Any]:
    return _call_api(client, store, method, f"credentials{path}", body)


def _call_api(
    client: GuardedClient, store: RecordStore, method: str, path: str, body: bytes | None = None
) -> dict[str, Any]:
    """Call an endpoint below ``/api/v1``; BadInput with the record store's own message if it
    refuses, OutsideCallFailed if it cannot answer now."""
    headers = {
        "Accept": "application/json",
        **({"Content-Type": "application/json"} if body else {}),
    }
    answer = client.call(
        method,
        f"{store.url}/api/v1/{path}",
        headers=headers,
        body=body,
        basic=(store.key, store.secret),
    )
    if answer.status == 204:
        return {}
    result = answer.json()
    if answer.status not in (200, 201, 202) or not isinstance(result, dict):
        error = result.get("error") if isinstance(result, dict) else None
        message = (
            quote_text(str(error["message"]))
            if isinstance(error, dict) and "message" in error
            else lazy_gettext("The record store answered %(status)s.", status=answer.status)
        )
        later = answer.status >= 500 or answer.status in (408, 429)
        raise (OutsideCallFailed if later else BadInput)(message)
    return result


@dataclass(frozen=True)
class BusinessFigures:
    """The record store's data on a programme's business figures: each figure with its valuation
    (None if not set), the cost ledger (its first page), and the scorecard's weights."""

    kpis: list[dict[str, Any]]
    worth: dict[str, dict[str, Any] | None]
    costs: list[dict[str, Any]]
    scorecard: dict[str, Any]


def fetch_business_figures(
    client: GuardedClient, store: RecordStore, programme: str
) -> BusinessFigures:
    """Fetch all of it: ``GET /api/v1/kpis``, their valuations, ``/costs`` and
    ``/scorecard``."""
    of = [("programme", programme)]
    kpis = _require_rows(_query_api(client, store, "kpis", of), "kpis")
    if not all(
        isinstance(entry.get(name), str)
        for entry in kpis
        for name in ("kpi", "label", "unit", "frequency")
    ):
        raise OutsideCallFailed("The record store's answer holds no business figures.")
    worth: dict[str, dict[str, Any] | None] = {}
    for item in kpis:
        answer = _get_api(client, store, f"kpis/{quote(str(item['kpi']), safe='')}/valuation", of)
        result = answer.json() if answer.status == 200 else None
        worth[str(item["kpi"])] = (
            result["valuation"]
            if isinstance(result, dict) and isinstance(result.get("valuation"), dict)
            else None
        )
    costs = _require_rows(
        _query_api(client, store, "costs", [*of, ("limit", str(COST_PAGE_SIZE))]), "costs"
    )
    scorecard = _query_api(client, store, "scorecard", of)
    if not isinstance(scorecard.get("lines"), list):
        raise OutsideCallFailed("The record store's answer holds no scorecard.")
    return BusinessFigures(kpis, worth, costs, scorecard)


def _require_rows(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = result.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OutsideCallFailed(
            lazy_gettext("The record store's answer holds no %(name)s.", name=name)
        )
    return rows


def define_kpi(
    client: GuardedClient,
    store: RecordStore,
    programme: str,
    key: str,
    definition: Mapping[str, Any],
) -> None:
    """Define a business figure: ``PUT /api/v1/kpis/{key}``. BadInput if the record store
    refuses, as in all functions below."""
    _call_api(
        client,
        store,
        "PUT",
        f"kpis/{quote(key, safe='')}?{urlencode({'programme': programme})}",
        msgspec.json.encode(definition),
    )


def set_kpi_valuation(
    client: GuardedClient,
    store: RecordStore,
    programme: str,
    key: str,
    valuation: Mapping[str, Any],
) -> None:
    """Set what one unit of it is worth: ``PUT /api/v1/kpis/{key}/valuation``."""
    _call_api(
        client,
        store,
        "PUT",
        f"kpis/{quote(key, safe='')}/valuation?{urlencode({'programme': programme})}",
        msgspec.json.encode(valuation),
    )


def post_kpi_readings(
    client: GuardedClient, store: RecordStore, readings: Mapping[str, Any]
) -> dict[str, Any]:
    """Import readings, or preview the import: ``POST /api/v1/kpi-readings``."""
    return _call_api(client, store, "POST", "kpi-readings", msgspec.json.encode(readings))


def post_cost(client: GuardedClient, store: RecordStore, cost: Mapping[str, Any]) -> None:
    """Add a line to the cost ledger: ``POST /api/v1/costs``."""
    _call_api(client, store, "POST", "costs", msgspec.json.encode(cost))


def delete_cost(client: GuardedClient, store: RecordStore, cost: int, why: str) -> None:
    """Withdraw a line of the cost ledger: ``DELETE /api/v1/costs/{cost}``."""
    _call_api(client, store, "DELETE", f"costs/{cost}", msgspec.json.encode({"why": why}))


def put_scorecard(
    client: GuardedClient, store: RecordStore, programme: str, lines: Sequence[Mapping[str, Any]]
) -> None:
    """Set the weights of the scorecard: ``PUT /api/v1/scorecard``."""
    _call_api(
        client,
        store,
        "PUT",
        "scorecard",
        msgspec.json.encode({"programme": programme, "lines": list(lines)}),
    )


def post_baseline(client: GuardedClient, store: RecordStore, decision: Mapping[str, Any]) -> None:
    """Set a new baseline for a weekly figure: ``POST /api/v1/baselines``."""
    _call_api(client, store, "POST", "baselines", msgspec.json.encode(decision))


def put_publishing_rule(
    client: GuardedClient, store: RecordStore, programme: str, rule: PublishingRule
) -> None:
    """Decide how a programme's values are published: ``PUT /api/v1/publishing-rule``."""
    body = {"programme": programme, "dimension": rule.dimension, "size": rule.size}
    _call_api(client, store, "PUT", "publishing-rule", msgspec.json.encode(body))


def post_publication(client: GuardedClient, store: RecordStore) -> None:
    """Ask for values to be published soon: ``POST /api/v1/publications``."""
    _call_api(client, store, "POST", "publications")


def fetch_activity_mappings(
    client: GuardedClient, store: RecordStore, programme: str
) -> list[dict[str, Any]]:
    """Fetch how activities of other systems count in a programme: every page of
    ``GET /api/v1/activity-mappings``, up to MAX_PAGES."""
    result: list[dict[str, Any]] = []
    after = 0
    for _ in range(MAX_PAGES):
        page = _query_api(
            client,
            store,
            "activity-mappings",
            [("limit", str(LIST_PAGE_SIZE)), ("after", str(after))],
        )
        rows, after = _require_rows(page, "mappings"), page.get("next") or 0
        if not all(
            isinstance(row.get("mapping_id"), int) and isinstance(row.get("activity"), str)
            for row in rows
        ) or not isinstance(after, int):
            raise OutsideCallFailed("The record store's answer holds no mappings.")
        result += [
            row
            for row in rows
            if row.get("programme") == programme and row.get("undone_at") is None
        ]
        if not after:
            break
    return result


def post_activity_mapping(
    client: GuardedClient, store: RecordStore, mapping: Mapping[str, Any]
) -> None:
    """Make an activity of another system count: ``POST /api/v1/activity-mappings``."""
    _call_api(client, store, "POST", "activity-mappings", msgspec.json.encode(mapping))


def delete_activity_mapping(client: GuardedClient, store: RecordStore, mapping: int) -> None:
    """Stop it from counting: ``DELETE /api/v1/activity-mappings/{mapping}``."""
    _call_api(client, store, "DELETE", f"activity-mappings/{mapping}")


REACH_CAP = 10_000  # the record store counts statements about an activity so far


@dataclass(frozen=True)
class MappingReach:
    """What reached an activity of another system that counts: statements (REACH_CAP: so many, or
    more); people for whom it counts, certified people for whom nothing of it does, people who are
    known and not certified there, and unknown ones. ``complete``: all that is stored was looked
    through."""

    mapping_id: int
    statements: int
    counting: int
    idle: int
    uncertified: int
    unknown: int
    complete: bool


def fetch_mapping_reach(
    client: GuardedClient, store: RecordStore, programme: str
) -> dict[int, MappingReach]:
    """Fetch what reached each activity that counts in a programme:
    ``GET /api/v1/activity-mappings/reach``."""
    page = _query_api(client, store, "activity-mappings/reach", [("programme", programme)])
    try:
        found = msgspec.convert(page.get("mappings"), list[MappingReach])
    except msgspec.ValidationError:
        raise OutsideCallFailed("The record store's answer holds no mappings.") from None
    return {item.mapping_id: item for item in found}


@dataclass(frozen=True)
class UnknownActor:
    """An actor whom nobody knows: a number to go on after, and the identity (lrs.xapi.actors)."""

    key: int
    identity: str


def fetch_unknown_actors(
    client: GuardedClient, store: RecordStore, after: int | None, rows: int
) -> list[UnknownActor]:
    """Fetch a page of the actors whom nobody knows: ``GET /api/v1/unknown-actors``."""
    wanted = [("limit", str(rows)), *([("after", str(after))] if after is not None else [])]
    page = _query_api(client, store, "unknown-actors", wanted)
    found = _require_rows(page, "actors")
    if not all(
        isinstance(row.get("agent"), int) and isinstance(row.get("identity"), str) for row in found
    ):
        raise OutsideCallFailed("The record store's answer holds no actors.")
    return [UnknownActor(row["agent"], row["identity"]) for row in found]


def actor_identity(actor: Mapping[str, Any]) -> str | None:
    """The identity (lrs.xapi.actors) of an actor that is known by an address or an account."""
    account, mbox = actor.get("account"), actor.get("mbox")
    if isinstance(mbox, str):
        local, at, domain = mbox.rpartition("@")
        return f"mbox {local}{at}{domain.lower()}"
    if isinstance(account, dict):
        return f"account {account.get('homePage')} {account.get('name')}"
    return None


def as_agent(identity: str) -> dict[str, Any]:
    """The agent with an identity (lrs.xapi.actors)."""
    kind, _, value = identity.partition(" ")
    if kind != "account":
        return {kind: value}
    page, _, name = value.partition(" ")
    return {"account": {"homePage": page, "name": name}}


def post_person_merge(
    client: GuardedClient,
    store: RecordStore,
    alias: Mapping[str, Any],
    agent: Mapping[str, Any],
    reason: str,
) -> int:
    """Let an agent count as another one: ``POST /api/v1/person-merges``; returns the merge's id."""
    body = msgspec.json.encode({"alias": alias, "agent": agent, "reason": reason})
    merge = _call_api(client, store, "POST", "person-merges", body).get("merge")
    if not isinstance(merge, int):
        raise OutsideCallFailed("The record store's answer names no merge.")
    return merge


def delete_person_merge(client: GuardedClient, store: RecordStore, merge: int) -> None:
    """Let them be two again: ``DELETE /api/v1/person-merges/{merge}``. One that is over is no
    error."""
    answer = client.call(
        "DELETE", f"{store.url}/api/v1/person-merges/{merge}", basic=(store.key, store.secret)
    )
    if answer.status not in (204, 404):
        raise OutsideCallFailed(
            lazy_gettext("The record store answered %(status)s.", status=answer.status)
        )


def fetch_aliases(
    client: GuardedClient, store: RecordStore, agent: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The agents that count as this one: ``GET /api/v1/person-merges``."""
    wanted, active = {actor_identity(agent)}, list[tuple[str, str]]()
    after: int | None = None
    while True:
        paging = [("limit", "1000"), *([("after", str(after))] if after is not None else [])]
        page = _query_api(client, store, "person-merges", paging)
        rows = _require_rows(page, "merges")
        active += [(row["alias"], row["agent"]) for row in rows if row["undone_at"] is None]
        after = page.get("next")
        if after is None:
            break
    found: list[str] = []
    while more := [alias for alias, of in active if of in wanted and alias not in wanted]:
        found += more
        wanted |= set(more)
    return [as_agent(identity) for identity in dict.fromkeys(found)]


def erase_agent(client: GuardedClient, store: RecordStore, agent: Mapping[str, Any]) -> None:
    """Erase a person by one identifier: ``POST /api/v1/erasures``. Doing it again is no error."""
    body = msgspec.json.encode({"agent": agent, "dry_run": False})
    _call_api(client, store, "POST", "erasures", body)


def _answer_text(answer: OutsideResponse) -> str:
    return answer.body[:500].decode("utf-8", "replace") or answer.reason
