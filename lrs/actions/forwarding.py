"""Forward statements to other record stores: in order, in batches, retried after a failure,
none skipped.

The target recognizes a statement by its id, so one that is sent twice (because the response was
lost) is stored once there.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from core.clock import format_instant
from core.errors import BadInput, NotFound
from core.http_client import OutsideCallFailed, OutsideResponse
from lrs.actions.deps import StoreDeps
from lrs.store import attachments, audit, forwards, statement_refs, statements
from lrs.store.forwards import Forward, Progress
from lrs.store.statements import StoredStatement, ord_at
from lrs.xapi import json_codec, multipart, statement_map, statement_query
from lrs.xapi.statement_equality import is_same_statement
from lrs.xapi.statement_parser import collect_attachments, remove_members
from lrs.xapi.statement_rendering import render_statement

log = logging.getLogger(__name__)

FORWARD_BATCH_ROWS = 100
MAX_BATCHES_PER_TURN = 100  # then it is another tenant's turn
LEASE_SECONDS = 120
INITIAL_WAIT_SECONDS, MAX_WAIT_SECONDS = 10.0, 3_600.0
MAX_ATTACHMENT_BYTES = (
    8 * 1024 * 1024
)  # bytes with one statement: they are held in memory while they are sent
MAX_REASON_LENGTH = 500
MAX_COUNTED = 1_000  # dead letters of a target that are counted
SEAL_PURPOSE = "forward"
TRIAL_VERSION = "1.0.3"  # every store speaks it
# A later attempt or another key may help with these; every other 4xx is about the statement
# itself.
_TARGET_ERROR_STATUSES = frozenset((401, 403, 404, 405, 407, 408, 421, 425, 429))
_FILTER_PARAMETERS = frozenset(
    ("verb", "activity", "agent", "registration", "related_agents", "related_activities")
)


class _TargetUnavailable(Exception):
    """The target accepts nothing at the moment."""


@dataclass(frozen=True)
class _Target:
    """A target that is not stored yet."""

    url: str
    key: str
    sealed_secret: str


@dataclass(frozen=True)
class _PreparedStatement:
    ord: int
    place: int  # of what it is sent for, in the order of the store
    body: bytes
    version: str
    statement_id: str
    sha2s: tuple[str, ...]


def add_forward(
    deps: StoreDeps,
    *,
    tenant_id: int,
    url: str,
    key: str,
    secret: str,
    filter_: Mapping[str, str],
    map_: Mapping[str, Any],
    from_start: bool,
    who: str,
) -> int:
    """Add a target: the base URL before /statements, its own key and secret, a filter with the
    parameters of GET /statements, and what is changed on the way (:mod:`lrs.xapi.statement_map`).
    It is tried once, and BadInput says what is wrong.
    """
    statement_map.require_map(map_)
    for name in filter_:
        if name not in _FILTER_PARAMETERS:
            raise BadInput(
                f"{name} is no filter of a forward; they are "
                f"{', '.join(sorted(_FILTER_PARAMETERS))}.",
                parameter=name,
            )
    statement_query.parse_statement_query(filter_)
    if not url.startswith(("https://", "http://")):
        raise BadInput(
            "The address of a record store begins with https:// (or http:// in an intranet)."
        )
    url, sealed = url.rstrip("/"), deps.secrets.seal(SEAL_PURPOSE, secret)
    _try_target(deps, url, key, sealed)
    with deps.unit_of_work(tenant_id) as connection:
        begin = 0 if from_start else ord_at(statements.high_water_mark(connection))
        forward_id = forwards.insert_forward(
            connection,
            tenant_id,
            url,
            key,
            sealed,
            dict(filter_),
            dict(map_),
            begin,
        )
        audit.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "added a forward",
            {"forward": forward_id, "url": url, "filter": dict(filter_), "map": dict(map_)},
        )
    return forward_id


def list_forwards(deps: StoreDeps, *, tenant_id: int) -> list[tuple[Forward, int]]:
    """All forwarding targets, each with the number of its dead letters (up to MAX_COUNTED)."""
    with deps.unit_of_work(tenant_id) as connection:
        return [
            (
                item,
                len(
                    forwards.list_dead_letters(connection, tenant_id, item.forward_id, MAX_COUNTED)
                ),
            )
            for item in forwards.list_forwards(connection, tenant_id)
        ]


def backfill_forward(
    deps: StoreDeps,
    *,
    tenant_id: int,
    forward_id: int,
    since: datetime,
    until: datetime | None,
    who: str,
) -> None:
    """Send a target what was stored from ``since`` up to ``until`` (None: up to now), too; it knows
    by the ids what it has already. One backfill at a time.
    """
    with deps.unit_of_work(tenant_id) as connection:
        end = until or statements.high_water_mark(connection)
        if since >= end:
            raise BadInput("The period ends before it begins.")
        span = Progress(ord_at(since) - 1, ord_at(end))
        if not forwards.begin_backfill(connection, tenant_id, forward_id, span):
            raise NotFound(
                f"This tenant has no forward {forward_id}, or one that is backfilled already; "
                "carryover forward list shows them."
            )
        audit.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "began a backfill",
            {
                "forward": forward_id,
                "since": format_instant(since),
                "until": format_instant(end),
            },
        )


def _try_target(deps: StoreDeps, url: str, key: str, sealed_secret: str) -> None:
    """Post nothing, which a store takes or refuses as an empty batch, once the address is right
    and the key may write.
    """
    if url.endswith("/statements"):
        raise BadInput(f"Give the address before /statements: {url.removesuffix('/statements')}")
    try:
        _post_statements(
            deps, _Target(url, key, sealed_secret), TRIAL_VERSION, b"[]", "application/json"
        )
    except _TargetUnavailable as error:
        raise BadInput(
            f"{url} was tried and did not take statements ({error}). The address is the one before "
            "/statements, and the key must be allowed to write. Nothing was set."
        ) from None


def send_forwards(deps: StoreDeps, tenant_id: int) -> int:
    """Send what is due to every target of a tenant; return how many statements were
    delivered.
    """
    with deps.unit_of_work(tenant_id) as connection:
        targets = [forward.forward_id for forward in forwards.list_forwards(connection, tenant_id)]
    total = 0
    for forward_id in targets:
        with deps.unit_of_work(tenant_id) as connection:
            target = forwards.lease_forward(connection, tenant_id, forward_id, LEASE_SECONDS)
        if target is None:
            continue
        try:
            total += _send_to_target(deps, tenant_id, target)
        except Exception as error:
            # The failure of one target is shown to the operator and delays no other target.
            log.exception("forward %s of tenant %s", forward_id, tenant_id)
            with deps.unit_of_work(tenant_id) as connection:
                forwards.record_delivery_failure(
                    connection,
                    tenant_id,
                    forward_id,
                    f"{type(error).__name__}; the log has more",
                    MAX_WAIT_SECONDS,
                )
    return total


def _send_to_target(deps: StoreDeps, tenant_id: int, target: Forward) -> int:
    """Send what has come since, then what a backfill asks for; return how many statements were
    delivered.
    """
    sent = 0
    for progress in filter(None, (Progress(target.delivered_ord, None), target.backfill)):
        try:
            for count in _send_span(deps, tenant_id, target, progress):
                sent += count
        except _TargetUnavailable as reason:
            # Jitter: targets that failed together must not be retried together.
            spread = random.uniform(0.8, 1.2)  # noqa: S311 - nothing depends on its secrecy
            wait = (
                min(INITIAL_WAIT_SECONDS * 2.0 ** min(target.failures, 20), MAX_WAIT_SECONDS)
                * spread
            )
            with deps.unit_of_work(tenant_id) as connection:
                forwards.record_delivery_failure(
                    connection, tenant_id, target.forward_id, str(reason)[:MAX_REASON_LENGTH], wait
                )
            return sent
    with deps.unit_of_work(tenant_id) as connection:
        forwards.release_forward(connection, tenant_id, target.forward_id)
    return sent


def _send_span(
    deps: StoreDeps, tenant_id: int, target: Forward, progress: Progress
) -> Iterator[int]:
    """Send batches from where this span stands, up to its end or the high-water mark; yield of each
    how many statements were delivered.
    """
    position = progress.after
    wanted = statement_query.parse_statement_query(target.filter)
    for _ in range(MAX_BATCHES_PER_TURN):
        with deps.unit_of_work(tenant_id) as connection:
            end = ord_at(statements.high_water_mark(connection))
            rows = forwards.list_statements_after(
                connection,
                tenant_id,
                position,
                end if progress.before is None else min(end, progress.before),
                FORWARD_BATCH_ROWS,
            )
            passing = [
                item for item in rows if _matches_filter(connection, tenant_id, wanted, item)
            ]
            ready = _prepare_all(
                connection, tenant_id, target, passing, all_voiding=progress.before is not None
            )
        if not rows:
            if progress.before is not None:
                with deps.unit_of_work(tenant_id) as connection:
                    forwards.end_backfill(connection, tenant_id, target.forward_id)
            break

        def record(up_to: int, dead: Sequence[tuple[int, str]]) -> None:
            with deps.unit_of_work(tenant_id) as connection:
                forwards.record_delivery(
                    connection,
                    tenant_id,
                    target.forward_id,
                    replace(progress, after=up_to),
                    dead,
                    LEASE_SECONDS,
                )

        dead = _deliver_batch(deps, tenant_id, target, ready, record)
        position = rows[-1].ord
        record(position, dead)
        yield len(ready) - len(dead)


def _prepare_all(
    connection: Connection,
    tenant_id: int,
    target: Forward,
    passing: Sequence[StoredStatement],
    *,
    all_voiding: bool,
) -> list[_PreparedStatement]:
    """What is sent, in order. A voiding statement that came before what it voids may not have
    passed, or have come before the forward: it follows what it voids, so that this is not left
    valid there. One that came after it comes by itself, unless the span ends before
    (``all_voiding``).
    """
    voiding = forwards.list_voiding(
        connection, tenant_id, [item.ord for item in passing], only_earlier=not all_voiding
    )
    return [
        _prepare(
            each,
            attachments.list_attachment_hashes(connection, tenant_id, [each.ord]),
            target.map,
            item.ord,
        )
        for item in passing
        for each in (item, *voiding.get(item.ord, ()))
    ]


def _matches_filter(
    connection: Connection,
    tenant_id: int,
    wanted: statement_query.StatementQuery,
    stored_statement: StoredStatement,
) -> bool:
    value = json_codec.decode(stored_statement.payload)
    if wanted.matches_statement(value):
        return True
    target = statement_refs.find_ref_target(value)
    # A voiding statement is forwarded wherever the voided one was.
    return target is not None and any(
        wanted.matches_statement(other)
        for other in statement_refs.follow_refs(connection, tenant_id, target)
    )


def _prepare(
    stored_statement: StoredStatement,
    sha2s: Sequence[str],
    map_: Mapping[str, Any],
    place: int,
) -> _PreparedStatement:
    body = remove_members(
        render_statement(
            stored_statement.payload, stored_statement.ord, stored_statement.timestamp_given
        ),
        ("stored", "authority"),
    )
    if map_:
        body = statement_map.apply_map(body, map_)
    value = json_codec.decode(body)
    version = "2.0.0" if str(value.get("version", "")).startswith("2.") else "1.0.3"
    return _PreparedStatement(
        stored_statement.ord, place, body, version, str(stored_statement.id), tuple(sha2s)
    )


def _deliver_batch(
    deps: StoreDeps,
    tenant_id: int,
    target: Forward,
    ready: Sequence[_PreparedStatement],
    record: Callable[[int, Sequence[tuple[int, str]]], None],
) -> list[tuple[int, str]]:
    """Send the statements in order, as many at once as one request takes; return those that the
    target refused permanently, with the reason. ``record`` saves how far it is: a target that
    accepts only a few at a time still makes progress.
    """
    dead: list[tuple[int, str]] = []
    done = 0
    for (version, attached), run in groupby(
        ready, key=lambda entry: (entry.version, bool(entry.sha2s))
    ):
        entries = list(run)
        if not attached:
            body = b"[" + b",".join(entry.body for entry in entries) + b"]"
            answer = _post_statements(deps, target, version, body, "application/json")
            if answer.status in (200, 204):
                done += len(entries)
                continue
        for entry in entries:
            reason = _deliver_one(deps, tenant_id, target, entry)
            if reason:
                dead.append((entry.ord, reason))
            done += 1
            if done < len(ready):
                record(ready[done].place - 1, dead)
    return dead


def _deliver_one(
    deps: StoreDeps, tenant_id: int, target: Forward, statement: _PreparedStatement
) -> str | None:
    body, content_type = statement.body, "application/json"
    if statement.sha2s:
        named = {
            each["sha2"].lower(): each["contentType"]
            for each in collect_attachments(json_codec.decode(statement.body))
        }
        parts, size = [], 0
        for sha2 in statement.sha2s:
            if not deps.blobs.exists(tenant_id, sha2):
                return f"the bytes of its attachment {sha2} are not here any more"
            data = (
                b"".join(deps.blobs.read(tenant_id, sha2)) if size <= MAX_ATTACHMENT_BYTES else b""
            )
            size += len(data)
            parts.append((sha2, named.get(sha2, "application/octet-stream"), [data]))
        if size > MAX_ATTACHMENT_BYTES:
            return f"its attachments are larger than {MAX_ATTACHMENT_BYTES} bytes"
        content_type, pieces = multipart.build_multipart(statement.body, parts)
        body = b"".join(pieces)
    answer = _post_statements(deps, target, statement.version, body, content_type)
    if answer.status in (200, 204):
        return None
    if answer.status == 409 and _is_already_stored(deps, target, statement):
        return None  # some stores refuse a statement that they already have
    return f"{answer.status}: {answer.body[:MAX_REASON_LENGTH].decode('utf-8', 'replace')}"[
        :MAX_REASON_LENGTH
    ].replace("\0", "")


def _is_already_stored(deps: StoreDeps, target: Forward, statement: _PreparedStatement) -> bool:
    address = f"{target.url}/statements?{urlencode({'statementId': statement.statement_id})}"
    answer = _call_target(deps, target, "GET", address, statement.version, None, None)
    if answer.status != 200:
        return False
    try:
        return is_same_statement(answer.body, statement.body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False  # what it has there is no statement


def _post_statements(
    deps: StoreDeps, target: Forward | _Target, version: str, body: bytes, content_type: str
) -> OutsideResponse:
    answer = _call_target(
        deps, target, "POST", f"{target.url}/statements", version, body, content_type
    )
    if (
        answer.status in _TARGET_ERROR_STATUSES
        or answer.status >= 500
        or 300 <= answer.status < 400
    ):
        words = answer.body[:200].decode("utf-8", "replace").replace("\0", "")
        raise _TargetUnavailable(f"{answer.status} {answer.reason}: {words}")
    return answer


def _call_target(
    deps: StoreDeps,
    target: Forward | _Target,
    method: str,
    url: str,
    version: str,
    body: bytes | None,
    content_type: str | None,
) -> OutsideResponse:
    secret = deps.secrets.unseal(SEAL_PURPOSE, target.sealed_secret)
    headers = {"X-Experience-API-Version": version, "Accept": "application/json"}
    if content_type:
        headers["Content-Type"] = content_type
    try:
        return deps.outbound_client.call(
            method, url, headers=headers, body=body, basic=(target.key, secret)
        )
    except OutsideCallFailed as error:
        raise _TargetUnavailable(error.message) from None


def retry_dead_letters(deps: StoreDeps, *, tenant_id: int, forward_id: int) -> tuple[int, int]:
    """Send dead letters once more: (delivered, still dead)."""
    with deps.unit_of_work(tenant_id) as connection:
        target = next(
            (
                forward
                for forward in forwards.list_forwards(connection, tenant_id)
                if forward.forward_id == forward_id
            ),
            None,
        )
        letters = forwards.list_dead_letters(
            connection, tenant_id, forward_id, FORWARD_BATCH_ROWS * 10
        )
    if target is None:
        raise NotFound(f"There is no forward {forward_id}.")
    delivered = 0
    for item, _ in letters:
        with deps.unit_of_work(tenant_id) as connection:
            ready = _prepare_all(connection, tenant_id, target, [item], all_voiding=True)
        try:
            refused = [_deliver_one(deps, tenant_id, target, each) for each in ready]
        except _TargetUnavailable as reason:
            raise BadInput(f"The target takes nothing now: {reason}") from None
        if not any(refused):
            delivered += 1
            with deps.unit_of_work(tenant_id) as connection:
                forwards.delete_dead_letter(connection, tenant_id, forward_id, item.ord)
    return delivered, len(letters) - delivered
