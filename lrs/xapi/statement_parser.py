"""Parses received bytes into statements ready to store; the bytes themselves are kept.

A statement's payload is what was sent, with what the server adds spliced in before the last
brace. Numbers, key order, escapes and spaces survive; no float is ever written back.

There are two paths to the same result. The fast path recognises parts by their bytes
(:mod:`lrs.xapi.fast_path`); whatever it does not accept takes the slow path, which decodes
everything, validates everything, and names the location of an error.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from lrs.vocabulary import VERBS, VerbName
from lrs.xapi import datatypes, fast_path, index_keys, json_codec, tolerance, validation
from lrs.xapi.actors import iter_identities
from lrs.xapi.errors import BatchTooLarge, StatementInvalid
from lrs.xapi.fast_path import Definition, Part, PartCache, build_context_part, build_object_part

# statements in one request: 1 MB of common statements, one transaction of well under a second.
MAX_BATCH_SIZE = 1_000
SIGNATURE_USAGE_TYPE = "http://adlnet.gov/expapi/attachments/signature"
_SET_BY_SERVER = ("stored", "authority")
_FAST_PATH_MEMBERS = frozenset(
    ["id", "actor", "verb", "object", "result", "context", "timestamp", "version"]
)
_VERSION_MEMBERS = {False: b'"version":"1.0.0"', True: b'"version":"2.0.0"'}


class DeclaredAttachment(msgspec.Struct, frozen=True):
    """The metadata of an attachment in a statement; ``sent_along`` if it has no fileUrl, so
    that its bytes must be sent with it."""

    sha2: str
    length: int
    content_type: str
    sent_along: bool
    signs: bool


class Incoming(msgspec.Struct, frozen=True):
    """A validated statement, ready to store. ``payload`` lacks only what depends on the time of
    storing."""

    id: uuid.UUID
    payload: bytes
    verb: int
    registration: uuid.UUID | None
    related: tuple[int, ...]
    voids: uuid.UUID | None
    refers: uuid.UUID | None
    timestamp: str | None
    definitions: tuple[Definition, ...]
    attachments: tuple[DeclaredAttachment, ...] = ()
    authority_id: int | None = None  # where the payload has no authority

    @property
    def timestamp_given(self) -> bool:
        """Whether the sender gave a timestamp."""
        return self.timestamp is not None


@dataclass(frozen=True)
class Authority:
    """The authority of a request's statements: members ready to splice, and its keys; or the number
    that stands for it, and nothing else. None keeps the authority in the statement (an import)."""

    members: tuple[bytes, ...]
    pairs: fast_path.KeyPairs
    authority_id: int | None = None

    @staticmethod
    @lru_cache(maxsize=1_000)
    def from_json(body: bytes, authority_id: int | None = None) -> Authority:
        """Parse the JSON of an agent or group."""
        if authority_id is not None:
            return Authority((), (), authority_id)
        return Authority(
            (b'"authority":' + body,),
            tuple(
                index_keys.key_pair("agent", value)
                for value in iter_identities(json_codec.decode(body))
            ),
        )


class StatementParser:
    """Parses the statements of one family (1.0.x or 2.0.x); caches parts between requests."""

    def __init__(self, family_2_0: bool) -> None:
        self._family_2_0 = family_2_0
        self._parts = PartCache(family_2_0)

    def statements(self, body: bytes, authority: Authority | None) -> list[Incoming]:
        """All statements of a POST body (one object or a list); StatementInvalid names the first
        that breaks a rule.
        """
        raws = split_statements(body)
        if len(raws) > MAX_BATCH_SIZE:
            raise BatchTooLarge(
                "$",
                f"The request holds {len(raws)} statements; send at most {MAX_BATCH_SIZE} in one. "
                "Nothing of it was stored.",
            )
        result: list[Incoming] = []
        seen: set[uuid.UUID] = set()
        for index, raw in enumerate(raws):
            try:
                item = self._parse_one(raw, authority, None)
                if item.id in seen:
                    raise StatementInvalid("$.id", f"{item.id} is used twice in this request.")
            except StatementInvalid as error:
                raise error.at(index) from None
            seen.add(item.id)
            result.append(item)
        return result

    def single(self, body: bytes, statement_id: str, authority: Authority | None) -> Incoming:
        """The statement of a PUT; its id, where present, must be ``statement_id``."""
        raws = split_statements(body)
        try:
            if len(raws) != 1 or body.lstrip()[:1] != b"{":
                raise StatementInvalid("$", "PUT takes exactly one statement object.")
            return self._parse_one(raws[0], authority, uuid.UUID(statement_id))
        except StatementInvalid as error:
            raise error.at(0) from None

    def _parse_one(
        self, raw: bytes, authority: Authority | None, required_id: uuid.UUID | None
    ) -> Incoming:
        quick = self._parse_fast_path(raw, authority, required_id)
        return quick if quick is not None else self._parse_slow_path(raw, authority, required_id)

    def _parse_fast_path(
        self, raw: bytes, authority: Authority | None, required_id: uuid.UUID | None
    ) -> Incoming | None:
        """Fast path: the same result as :meth:`_parse_slow_path` for a statement of common shape
        that breaks no rule; None for every other."""
        if authority is None:
            return None
        try:
            members = json_codec.decode_raw_members(raw)
            if not _FAST_PATH_MEMBERS.issuperset(members):
                return None
            actor = self._parts.part("actor", members["actor"])
            verb = self._parts.part("verb", members["verb"])
            obj = self._parts.part("object", members["object"])
            if verb.voids and obj.kind != "StatementRef":
                return None
            colons = len(members) + actor.colons + verb.colons + obj.colons
            added_members = list(authority.members)
            statement_id = _given_id(members, required_id) or uuid.uuid4()
            if "id" not in members:
                added_members.append(b'"id":"%s"' % str(statement_id).encode())
            context: list[Part] = []
            registration = None
            if "context" in members:
                context, registration = self._parts.context(members["context"])
                colons += members["context"].count(b":")
                if obj.kind != "Activity" and any(part.only_activity for part in context):
                    return None
            if "result" in members:
                validation.validate_result(_decode_result(members["result"]), "$.result")
                colons += members["result"].count(b":")
            timestamp = None
            if "timestamp" in members:
                timestamp = datatypes.require_timestamp(
                    json_codec.decode(members["timestamp"]), "$.timestamp"
                )
                colons += members["timestamp"].count(b":")
            if "version" not in members:
                added_members.append(_VERSION_MEMBERS[self._family_2_0])
            elif not validation.is_known_version(
                json_codec.decode(members["version"]), self._family_2_0
            ):
                return None
            fast_path.require_all_colons(raw, colons)
        except (StatementInvalid, KeyError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        return _build_incoming(
            statement_id,
            splice_members(raw, added_members) if added_members else raw,
            verb,
            obj,
            actor,
            context,
            registration,
            authority.pairs,
            timestamp,
            (),
            authority.authority_id,
        )

    def _parse_slow_path(
        self, raw: bytes, authority: Authority | None, required_id: uuid.UUID | None
    ) -> Incoming:
        with json_codec.translate_decode_errors("the statement"):
            statement = validation.validate_statement(
                json_codec.decode_strict(raw), self._family_2_0
            )
        if required_id and "id" in statement and uuid.UUID(statement["id"]) != required_id:
            raise StatementInvalid("$.id", f"is not the statementId of the address, {required_id}.")
        raw = _normalize_to_lists(raw, statement)
        removed = _SET_BY_SERVER if authority is not None else ("stored",)
        if any(name in statement for name in removed):
            raw = remove_members(raw, removed)
        added_members = list(authority.members) if authority is not None else []
        statement_id = (
            uuid.UUID(statement["id"]) if "id" in statement else required_id or uuid.uuid4()
        )
        if "id" not in statement:
            added_members.append(b'"id":"%s"' % str(statement_id).encode())
        if "version" not in statement:
            # xAPI-Data 2.4.10: a statement without a version is one of 1.0.0; in 2.0 it is 2.0.0.
            added_members.append(_VERSION_MEMBERS[self._family_2_0])
        context = statement.get("context", {})
        authority_pairs = (
            authority.pairs
            if authority
            else tuple(
                index_keys.key_pair("agent", value)
                for value in iter_identities(statement.get("authority"))
            )
        )
        registration = context.get("registration")
        return _build_incoming(
            statement_id,
            splice_members(raw, added_members) if added_members else raw,
            Part(
                verb=index_keys.key_of("verb", statement["verb"]["id"]),
                voids=statement["verb"]["id"] == VERBS[VerbName.VOIDED].id,
            ),
            build_object_part(statement["object"]),
            Part(
                agents=tuple(
                    index_keys.key_pair("agent", value)
                    for value in iter_identities(statement["actor"])
                )
            ),
            [build_context_part(context)],
            b'"%s"' % registration.encode() if registration else None,
            authority_pairs,
            statement.get("timestamp"),
            attachments=tuple(_parse_attachment(value) for value in collect_attachments(statement)),
            authority_id=authority.authority_id if authority is not None else None,
        )


class TolerantParser(StatementParser):
    """Takes what the rules of :mod:`lrs.xapi.tolerance` allow for, too; what the standard takes
    stays as it is.
    """

    def _parse_one(
        self, raw: bytes, authority: Authority | None, required_id: uuid.UUID | None
    ) -> Incoming:
        try:
            return super()._parse_one(raw, authority, required_id)
        except StatementInvalid:
            mended = tolerance.mend_statement(raw, self._family_2_0)
            if mended is raw:
                raise
        return super()._parse_one(mended, authority, required_id)


def collect_attachments(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """The attachments of the statement and of its sub-statement."""
    result = list(statement.get("attachments", ()))
    if statement["object"].get("objectType") == "SubStatement":
        result += statement["object"].get("attachments", ())
    return result


def _parse_attachment(value: dict[str, Any]) -> DeclaredAttachment:
    signs = value["usageType"] == SIGNATURE_USAGE_TYPE
    return DeclaredAttachment(
        value["sha2"].lower(), value["length"], value["contentType"], "fileUrl" not in value, signs
    )


def _decode_result(raw: bytes) -> Any:
    """Decode, rejecting duplicate names. A result is small and new in every statement, and
    counting is faster than encoding it again."""
    value = json_codec.decode(raw)
    if b"\\" in raw or type(value) is not dict or "extensions" in value:
        if raw.count(b"[") + raw.count(b"{") > fast_path.MAX_BRACKETS:
            raise StatementInvalid(
                "$.result", "is counted level by level with the whole statement."
            )
        return json_codec.decode_strict(raw)
    colons = len(value)
    for inner in value.values():
        if type(inner) is str:
            colons += inner.count(":")
        elif type(inner) is dict:
            colons += len(inner)
    fast_path.require_all_colons(raw, colons)
    return value


def _build_incoming(
    statement_id: uuid.UUID,
    payload: bytes,
    verb: Part,
    obj: Part,
    actor: Part,
    context: list[Part],
    registration: bytes | None,
    authority: fast_path.KeyPairs,
    timestamp: str | None,
    attachments: tuple[DeclaredAttachment, ...],
    authority_id: int | None,
) -> Incoming:
    result = {own for own, _ in actor.agents}
    if obj.agents:
        result.update(own for own, _ in obj.agents)
    others = list(authority)
    related = [obj, *context] if obj.kind == "SubStatement" else context
    for part in related:
        others += part.related_agents
    result.update([other for own, other in others if own not in result])
    result.update([own for own, _ in obj.activities])
    definitions = obj.definitions
    for part in related:
        if part.related_activities:
            result.update([other for own, other in part.related_activities if own not in result])
        if part is not obj and part.definitions:
            definitions += part.definitions
    refers = uuid.UUID(obj.refers) if obj.refers else None
    return Incoming(
        statement_id,
        payload,
        verb.verb,
        uuid.UUID(registration[1:-1].decode()) if registration else None,
        tuple(result),
        refers if verb.voids else None,
        refers,
        timestamp,
        definitions,
        attachments,
        authority_id,
    )


def split_statements(body: bytes) -> list[bytes]:
    """The raw slices of a body: one for an object, one for each item of a list."""
    if not body.strip():
        raise StatementInvalid("$", "the body is empty; send a statement or a list of statements.")
    with json_codec.translate_decode_errors("the body"):
        if body.lstrip()[:1] == b"[":
            return [bytes(raw).strip() for raw in json_codec.decode_list_items(body)]
        return [bytes(json_codec.decode_raw(body)).strip()]


def splice_members(raw: bytes, members: list[bytes]) -> bytes:
    """``raw`` (a JSON object that is not empty) with ``members`` added before its last brace."""
    return raw[: raw.rindex(b"}")] + b"," + b",".join(members) + b"}"


def _normalize_to_lists(raw: bytes, statement: dict[str, Any]) -> bytes:
    """Wrap single context activities in lists, as readers must get them (xAPI-Data 2.4.6.2);
    everything else stays byte for byte."""
    members: dict[str, bytes] = {}
    context_activities = statement.get("context", {}).get("contextActivities", {})
    if not fast_path.are_all_lists(context_activities):
        inner = json_codec.decode_raw_members(raw)
        context = json_codec.decode_raw_members(inner["context"])
        lists = json_codec.decode_raw_members(context["contextActivities"])
        context["contextActivities"] = json_codec.encode_raw_members(
            {
                name: value if value.lstrip()[:1] == b"[" else b"[" + value + b"]"
                for name, value in lists.items()
            }
        )
        members["context"] = json_codec.encode_raw_members(context)
    if statement["object"].get("objectType") == "SubStatement":
        inner = json_codec.decode_raw_members(raw)
        sub_statement = _normalize_to_lists(inner["object"], statement["object"])
        if sub_statement != inner["object"]:
            members["object"] = sub_statement
    if not members:
        return raw
    return json_codec.encode_raw_members(json_codec.decode_raw_members(raw) | members)


def _given_id(members: dict[str, bytes], required: uuid.UUID | None) -> uuid.UUID | None:
    """Return the id in a statement, or the ``required`` one that its address names; ValueError if
    they differ.
    """
    if "id" not in members:
        return required
    given = uuid.UUID(datatypes.require_uuid(json_codec.decode(members["id"]), "$.id"))
    if required is not None and given != required:
        raise ValueError("the statement has another id than the address names")
    return given


def remove_members(raw: bytes, names: tuple[str, ...]) -> bytes:
    """``raw`` (a JSON object) without some of its members; the others stay byte for byte."""
    return json_codec.encode_raw_members(
        {
            name: value
            for name, value in json_codec.decode_raw_members(raw).items()
            if name not in names
        }
    )
