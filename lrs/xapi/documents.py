"""Document resources: state, activity profiles, agent profiles (xAPI-Communication 2.2 to
2.7).

Pure functions: the key of a document, whether a write is allowed, and the merged contents.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.errors import BadInput, Conflict, RequestError
from lrs.xapi import datatypes, json_codec, statement_query
from lrs.xapi.actors import identity_of
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.index_keys import key_of

MAX_DOCUMENT_BYTES = 10 * 1024 * 1024  # bookmarks and learner work of courseware take kilobytes
MAX_ID_LENGTH = 2_000  # characters
_ENTITY_TAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|\Z)|\s*(\*)\s*\Z|\s*([^\s",*]+)\s*(?:,|\Z)')
JSON_TYPE = "application/json"


class PreconditionFailed(RequestError):
    """The document is not in the state that the sender expected (RFC 9110, 13.1)."""

    status, code = 412, "precondition_failed"


@dataclass(frozen=True)
class DocumentKind:
    """One of the three resources: the parameters that identify a document, and the name of its
    id parameter."""

    name: str
    id_parameter: str
    activity: bool
    agent: bool
    registration: bool


STATE = DocumentKind("state", "stateId", activity=True, agent=True, registration=True)
ACTIVITY_PROFILE = DocumentKind(
    "activity profile", "profileId", activity=True, agent=False, registration=False
)
AGENT_PROFILE = DocumentKind(
    "agent profile", "profileId", activity=False, agent=True, registration=False
)


@dataclass(frozen=True)
class DocumentKey:
    """The key of a document; ``document_id`` is None when the parameters name a whole set."""

    kind: DocumentKind
    activity: str | None
    agent: str | None
    registration: uuid.UUID | None
    document_id: str | None

    @property
    def context(self) -> bytes:
        """The hash key of the set: kind, activity, agent."""
        return hashlib.blake2b(
            json_codec.encode([self.kind.name, self.activity, self.agent]), digest_size=16
        ).digest()

    @property
    def place(self) -> bytes:
        """The hash key of the single document."""
        parts = [
            self.kind.name,
            self.activity,
            self.agent,
            str(self.registration or ""),
            self.document_id,
        ]
        return hashlib.blake2b(json_codec.encode(parts), digest_size=16).digest()

    @property
    def agent_key(self) -> int | None:
        """The key by which a person's documents are found."""
        return key_of("agent", self.agent) if self.agent is not None else None


def parse_document_key(
    kind: DocumentKind, parameters: Mapping[str, str], *, item: bool, several: bool
) -> tuple[DocumentKey, datetime | None]:
    """Parse the key that the parameters name, and ``since``. ``item`` and ``several`` say
    whether the method acts on one document or a set."""
    known = {kind.id_parameter}
    known |= {"activityId"} if kind.activity else set()
    known |= {"agent"} if kind.agent else set()
    known |= {"registration"} if kind.registration else set()
    known |= {"since"} if several else set()
    for name in parameters:
        if name not in known:
            raise BadInput(
                f"{name} is no parameter of this request; they are {', '.join(sorted(known))}.",
                parameter=name,
            )
    for name, needed in (("activityId", kind.activity), ("agent", kind.agent)):
        if needed and name not in parameters:
            raise BadInput(f"The parameter {name} is missing.", parameter=name)
    document_id = parameters.get(kind.id_parameter)
    if document_id is None and not several:
        raise BadInput(
            f"The parameter {kind.id_parameter} is missing.", parameter=kind.id_parameter
        )
    if document_id is not None and not item:
        raise BadInput(
            f"The parameter {kind.id_parameter} has no place here.", parameter=kind.id_parameter
        )
    if document_id is not None and not 0 < len(document_id) <= MAX_ID_LENGTH:
        raise BadInput(
            f"The parameter {kind.id_parameter} must have 1 to {MAX_ID_LENGTH} characters.",
            parameter=kind.id_parameter,
        )
    if document_id is not None and "\0" in document_id:
        raise BadInput(
            f"The parameter {kind.id_parameter} holds a NUL, which cannot be stored.",
            parameter=kind.id_parameter,
        )
    name = ""
    try:
        name = "activityId"
        activity = datatypes.require_iri(parameters[name], name) if kind.activity else None
        name = "registration"
        registration = (
            uuid.UUID(datatypes.require_uuid(parameters[name], name))
            if name in parameters
            else None
        )
        name = "since"
        since = (
            datatypes.parse_timestamp(datatypes.require_timestamp(parameters[name], name))
            if name in parameters
            else None
        )
    except StatementInvalid as error:
        raise BadInput(f"The parameter {name} {error.reason}", parameter=name) from None
    agent = identity_of(statement_query.parse_agent(parameters["agent"])) if kind.agent else None
    return DocumentKey(kind, activity, agent, registration, document_id), since


def compute_etag(body: bytes) -> str:
    """SHA-1 of the contents in hexadecimal (xAPI-Communication 3.1), without the quotes of the
    header.
    """
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def _parse_entity_tags(header: str) -> set[str]:
    """The entity tags of If-Match or If-None-Match; ``*`` matches any. Old clients omit the
    quotes."""
    result: set[str] = set()
    position = 0
    while position < len(header):
        match = _ENTITY_TAG.match(header, position)
        if not match:
            raise BadInput(
                "If-Match and If-None-Match take quoted entity tags or *.", header="If-Match"
            )
        result.add(next(group for group in match.groups() if group is not None))
        position = match.end()
    return result


def require_precondition(etag: str | None, if_match: str | None, if_none_match: str | None) -> None:
    """PreconditionFailed when the stored document (its tag, or None) is not what the headers
    expect.
    """
    if if_match is not None:
        tags = _parse_entity_tags(if_match)
        if etag is None or not ("*" in tags or etag in tags):
            raise PreconditionFailed(
                "The document is not the one that If-Match names; read it again, then write."
            )
    if if_none_match is not None:
        tags = _parse_entity_tags(if_none_match)
        if etag is not None and ("*" in tags or etag in tags):
            raise PreconditionFailed(
                "There is such a document already, and If-None-Match forbids to replace it; read "
                "it first."
            )


def require_precondition_header(
    kind: DocumentKind, etag: str | None, if_match: str | None, if_none_match: str | None
) -> None:
    """Reject a PUT without a precondition header (xAPI-Communication 3.1): 409 if a document
    exists, 400 if there is none."""
    if if_match is not None or if_none_match is not None:
        return
    if etag is not None:
        raise Conflict(
            "There is a document here already. Read it, then send its ETag as If-Match to "
            f"replace this {kind.name}, "
            "or If-None-Match: * to write only where there is none."
        )
    raise BadInput(
        'Say what you expect: If-None-Match: * to write a new document, or If-Match: "its ETag" '
        "to replace one.",
        header="If-Match",
    )


def require_document_size(body: bytes) -> None:
    """BadInput when a document, as it would be stored, is too large."""
    if len(body) > MAX_DOCUMENT_BYTES:
        raise BadInput(
            f"A document may have {MAX_DOCUMENT_BYTES} bytes; this one would have {len(body)}."
        )


def merge_json_content(
    kind: DocumentKind, stored: tuple[str, bytes] | None, content_type: str, body: bytes
) -> tuple[str, bytes]:
    """The result of a POST, as (content type, contents): both documents must be JSON objects;
    the sent top-level members replace the stored ones."""
    if stored is None:
        if content_type.partition(";")[0].strip().lower() == JSON_TYPE:
            _decode_object(body, "The document that was sent")
        return content_type, body
    if any(
        kind_of.partition(";")[0].strip().lower() != JSON_TYPE
        for kind_of in (content_type, stored[0])
    ):
        raise BadInput(
            f"POST merges JSON documents; what is stored is {stored[0]}, what was sent is "
            f"{content_type}. Use PUT to replace this {kind.name}."
        )
    old, sent = (
        _decode_object(stored[1], "The stored document"),
        _decode_object(body, "The document that was sent"),
    )
    inner = (
        json_codec.encode(name) + b":" + bytes(value) for name, value in {**old, **sent}.items()
    )
    return stored[0], b"{" + b",".join(inner) + b"}"


def _decode_object(body: bytes, what: str) -> dict[str, msgspec.Raw]:
    try:
        return json_codec.decode_members(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadInput(f"{what} is no JSON object, so it cannot be merged.") from None
