"""Forward statements to other record stores: in order, in batches, retried after a failure,
none skipped.

The target recognizes a statement by its id, so one that is sent twice (because the response was
lost) is stored once there.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection

from core.errors import BadInput, NotFound
from core.http_client import OutsideCallFailed, OutsideResponse
from lrs.actions.deps import StoreDeps
from lrs.store import attachments, audit, forwards, statement_refs, statements
from lrs.store.forwards import Forward
from lrs.store.statements import StoredStatement, ord_at
from lrs.xapi import json_codec, multipart, statement_query
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
    from_start: bool,
    who: str,
) -> int:
    """Add a target: the base URL before /statements, its own key and secret, and a filter
    with the parameters of GET /statements. It is tried once, and BadInput says what is wrong.
    """
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
            begin,
        )
        audit.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "added a forward",
            {"forward": forward_id, "url": url, "filter": dict(filter_)},
        )
    return forward_id


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
    position, sent = target.delivered_ord, 0
    wanted = statement_query.parse_statement_query(target.filter)
    for _ in range(MAX_BATCHES_PER_TURN):
        with deps.unit_of_work(tenant_id) as connection:
            result = forwards.list_statements_after(
                connection,
                tenant_id,
                position,
                ord_at(statements.high_water_mark(connection)),
                FORWARD_BATCH_ROWS,
            )
            passing = [
                item for item in result if _matches_filter(connection, tenant_id, wanted, item)
            ]
            ready = [
                _prepare(
                    item, attachments.list_attachment_hashes(connection, tenant_id, [item.ord])
                )
                for item in passing
            ]
        if not result:
            break
        try:
            dead = _deliver_batch(deps, tenant_id, target, ready)
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
        position = result[-1].ord
        sent += len(ready) - len(dead)
        with deps.unit_of_work(tenant_id) as connection:
            forwards.record_delivery(
                connection, tenant_id, target.forward_id, position, dead, LEASE_SECONDS
            )
    with deps.unit_of_work(tenant_id) as connection:
        forwards.release_forward(connection, tenant_id, target.forward_id)
    return sent


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


def _prepare(stored_statement: StoredStatement, sha2s: Sequence[str]) -> _PreparedStatement:
    body = remove_members(
        render_statement(
            stored_statement.payload, stored_statement.ord, stored_statement.timestamp_given
        ),
        ("stored", "authority"),
    )
    value = json_codec.decode(body)
    version = "2.0.0" if str(value.get("version", "")).startswith("2.") else "1.0.3"
    return _PreparedStatement(
        stored_statement.ord, body, version, str(stored_statement.id), tuple(sha2s)
    )


def _deliver_batch(
    deps: StoreDeps, tenant_id: int, target: Forward, ready: Sequence[_PreparedStatement]
) -> list[tuple[int, str]]:
    """Send the statements; return those that the target refused permanently, with the
    reason.
    """
    dead: list[tuple[int, str]] = []
    separate = [entry for entry in ready if entry.sha2s]
    for version in ("1.0.3", "2.0.0"):
        batch = [entry for entry in ready if entry.version == version and not entry.sha2s]
        if batch:
            answer = _post_statements(
                deps,
                target,
                version,
                b"[" + b",".join(entry.body for entry in batch) + b"]",
                "application/json",
            )
            if answer.status not in (200, 204):
                separate += batch
    for item in sorted(separate, key=lambda entry: entry.ord):
        reason = _deliver_one(deps, tenant_id, target, item)
        if reason:
            dead.append((item.ord, reason))
        if len(separate) == len(ready):
            # Sent one by one, each is recorded on its own, so that a target that accepts only a
            # few at a time still makes progress.
            with deps.unit_of_work(tenant_id) as connection:
                forwards.record_delivery(
                    connection, tenant_id, target.forward_id, item.ord, dead, LEASE_SECONDS
                )
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
        related, ours = json.loads(answer.body), json.loads(statement.body)
        return bool(
            related["actor"] == ours["actor"] and related["verb"]["id"] == ours["verb"]["id"]
        )
    except (ValueError, KeyError, TypeError):
        return False


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
            sha2s = attachments.list_attachment_hashes(connection, tenant_id, [item.ord])
        try:
            refused = _deliver_one(deps, tenant_id, target, _prepare(item, sha2s))
        except _TargetUnavailable as reason:
            raise BadInput(f"The target takes nothing now: {reason}") from None
        if refused is None:
            delivered += 1
            with deps.unit_of_work(tenant_id) as connection:
                forwards.delete_dead_letter(connection, tenant_id, forward_id, item.ord)
    return delivered, len(letters) - delivered
