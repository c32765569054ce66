"""From received bytes to statements ready to store; the bytes themselves are kept (architecture, decision 2).

A statement's payload is what was sent, with what the server adds spliced on before the last brace. Numbers, key order,
escapes and spaces survive; no float is ever written back.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from lrs.vocabulary import VERBS
from lrs.xapi import validate
from lrs.xapi.actors import identity_of
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.keys import key_of, related_keys

LARGEST_BATCH = 1_000  # statements in one request: 1 MB of common statements, one transaction of well under a second.
DEEPEST = 100  # levels of objects and lists; real statements have about ten
_SET_BY_SERVER = ("stored", "authority")


@dataclass(frozen=True)
class Incoming:
    """A judged statement, ready to store. ``payload`` lacks only what depends on the moment of storing."""

    id: uuid.UUID
    payload: bytes
    verb: int
    actor: int
    activity: int | None
    registration: uuid.UUID | None
    related: tuple[int, ...]
    voids: uuid.UUID | None
    timestamp_given: bool


def statements(body: bytes, *, family_2_0: bool, authority: bytes) -> list[Incoming]:
    """All statements of a POST body (one object or a list); StatementInvalid names the first that breaks a rule."""
    raws = _split(body)
    if len(raws) > LARGEST_BATCH:
        raise StatementInvalid("$", f"holds {len(raws)} statements; send at most {LARGEST_BATCH} in one request.")
    found: list[Incoming] = []
    seen: set[uuid.UUID] = set()
    for index, raw in enumerate(raws):
        try:
            one = _incoming(raw, family_2_0, authority, None)
            if one.id in seen:
                raise StatementInvalid("$.id", f"{one.id} is used twice in this request.")
        except StatementInvalid as error:
            raise error.at(index) from None
        seen.add(one.id)
        found.append(one)
    return found


def single(body: bytes, statement_id: str, *, family_2_0: bool, authority: bytes) -> Incoming:
    """The statement of a PUT; its id, where present, must be ``statement_id``."""
    raws = _split(body)
    try:
        if len(raws) != 1 or body.lstrip()[:1] != b"{":
            raise StatementInvalid("$", "PUT takes exactly one statement object.")
        return _incoming(raws[0], family_2_0, authority, uuid.UUID(statement_id))
    except StatementInvalid as error:
        raise error.at(0) from None


def _split(body: bytes) -> list[bytes]:
    if not body.strip():
        raise StatementInvalid("$", "the body is empty; send a statement or a list of statements.")
    with _decoding("the body"):
        if body.lstrip()[:1] == b"[":
            return [bytes(raw).strip() for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
        return [bytes(msgspec.json.decode(body, type=msgspec.Raw)).strip()]


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    """Whatever decoding raises, as a refusal in words of ours."""
    try:
        yield
    except RecursionError:
        raise StatementInvalid("$", f"is nested deeper than {DEEPEST} levels.") from None
    except UnicodeDecodeError:
        raise StatementInvalid("$", f"{what} is not UTF-8 text.") from None
    except msgspec.DecodeError as error:
        raise StatementInvalid("$", f"{what} is not JSON in UTF-8: {error}.") from None


def _incoming(raw: bytes, family_2_0: bool, authority: bytes, required_id: uuid.UUID | None) -> Incoming:
    with _decoding("the statement"):
        decoded = msgspec.json.decode(raw)
        _refuse_depth(raw, decoded)
        _refuse_duplicate_names(raw, decoded)
        statement = validate.statement(decoded, family_2_0)
    if required_id and "id" in statement and uuid.UUID(statement["id"]) != required_id:
        raise StatementInvalid("$.id", f"is not the statementId of the address, {required_id}.")
    if any(name in statement for name in _SET_BY_SERVER):
        raw = _without(raw, _SET_BY_SERVER)
    statement_id = uuid.UUID(statement["id"]) if "id" in statement else required_id or uuid.uuid4()
    added = [b'"authority":' + authority]
    if "id" not in statement:
        added.append(b'"id":"%s"' % str(statement_id).encode())
    if "version" not in statement:
        # xAPI-Data 2.4.10: a statement without a version is one of 1.0.0; in 2.0 it is 2.0.0.
        added.append(b'"version":"2.0.0"' if family_2_0 else b'"version":"1.0.0"')
    obj = statement["object"]
    is_activity = obj.get("objectType", "Activity") == "Activity"
    registration = statement.get("context", {}).get("registration")
    return Incoming(
        id=statement_id,
        payload=spliced(raw, added),
        verb=key_of("verb", statement["verb"]["id"]),
        actor=_actor_key(statement["actor"]),
        activity=key_of("activity", obj["id"]) if is_activity else None,
        registration=uuid.UUID(registration) if registration else None,
        related=related_keys(statement, msgspec.json.decode(authority)),
        voids=uuid.UUID(obj["id"]) if statement["verb"]["id"] == VERBS["voided"].id else None,
        timestamp_given="timestamp" in statement,
    )


def _actor_key(actor: dict[str, Any]) -> int:
    return key_of("agent", identity_of(actor) or f"anonymous group {json.dumps(actor, sort_keys=True)}")


def spliced(raw: bytes, members: list[bytes]) -> bytes:
    """``raw`` (a JSON object that is not empty) with ``members`` added before its last brace."""
    return raw[: raw.rindex(b"}")] + b"," + b",".join(members) + b"}"


def _without(raw: bytes, names: tuple[str, ...]) -> bytes:
    members: dict[str, msgspec.Raw] = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    kept = (msgspec.json.encode(name) + b":" + bytes(value) for name, value in members.items() if name not in names)
    return b"{" + b",".join(kept) + b"}"


def _refuse_depth(raw: bytes, decoded: Any) -> None:
    """Every later reader walks a statement, some of them by recursion; few brackets prove that it is shallow."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    level = [decoded]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())]
    if level:
        raise StatementInvalid("$", f"is nested deeper than {DEEPEST} levels.")


def _refuse_duplicate_names(raw: bytes, decoded: Any) -> None:
    """Equal counts of colons before and after decoding prove that no name was dropped, unless a colon is escaped."""
    if b"\\u003" not in raw and raw.count(b":") == msgspec.json.encode(decoded).count(b":"):
        return

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for name, _ in found:
            if name in seen:
                raise StatementInvalid(f"$..{name}", "this name stands twice in one object.")
            seen.add(name)
        return dict(found)

    json.loads(raw, object_pairs_hook=pairs)
