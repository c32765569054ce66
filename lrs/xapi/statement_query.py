"""The parameters of GET /statements, parsed and validated (xAPI-Communication 2.1.3)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock
from core.errors import BadInput
from lrs.xapi import datatypes, index_keys, json_codec, validation
from lrs.xapi.actors import identity_of
from lrs.xapi.errors import StatementInvalid

DEFAULT_PAGE_SIZE = 100
FORMATS = ("exact", "ids", "canonical")
# A time whose offset lost its plus sign on the way.
_LOST_PLUS = re.compile(r"T[\d:.]+ \d\d(?::?\d\d)?\Z")
STATEMENT_PARAMETERS = frozenset(
    [
        "statementId",
        "voidedStatementId",
        "agent",
        "verb",
        "activity",
        "registration",
        "related_activities",
        "related_agents",
        "since",
        "until",
        "limit",
        "format",
        "attachments",
        "ascending",
    ]
)


@dataclass(frozen=True)
class StatementQuery:
    """The query for one page. ``after`` is the ``ord`` of the last statement of the page
    before."""

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: uuid.UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = DEFAULT_PAGE_SIZE  # 0: as many as the server gives
    ascending: bool = False
    after: int | None = None
    format: str = "exact"
    attachments: bool = False
    mine: str | None = None  # the authority of a caller who may read only its own statements

    @property
    def filters_content(self) -> bool:
        """Whether it filters by more than a time span: then a StatementRef also matches by its
        target."""
        return any(
            value is not None for value in (self.agent, self.verb, self.activity, self.registration)
        )

    def matches_statement(self, statement: dict[str, Any]) -> bool:
        """Whether the statement itself matches the query: keys are hashes, so values are
        compared again."""
        if self.verb is not None and statement["verb"]["id"] != self.verb:
            return False
        if self.activity is not None and not self._activity_holds(statement):
            return False
        if self.registration is not None and not self._registration_holds(statement):
            return False
        if self.agent is not None:
            result = (
                index_keys.iter_related_agents(statement, statement.get("authority"))
                if self.related_agents
                else index_keys.iter_agents(statement)
            )
            return any(identity == self.agent for identity in result)
        return True

    def spelled_values(self) -> tuple[bytes, ...]:
        """The values that are filtered by, as statements mostly spell them. One that was found by
        its keys and holds all of them needs no second look: both would have to be wrong.
        """
        values = [value for value in (self.verb, self.activity) if value is not None]
        if self.agent is not None:
            kind, _, value = self.agent.partition(" ")
            values += value.partition(" ")[::2] if kind == "account" else [value]
        return tuple(
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
            for value in values
        )

    def may_read(self, statement: dict[str, Any]) -> bool:
        """Whether the caller may read it: everything, or only what its own credential sent
        (scope statements/read/mine)."""
        return self.mine is None or identity_of(statement.get("authority", {})) == self.mine

    def _registration_holds(self, statement: dict[str, Any]) -> bool:
        result = statement.get("context", {}).get("registration")
        return result is not None and uuid.UUID(result) == self.registration

    def _activity_holds(self, statement: dict[str, Any]) -> bool:
        if self.related_activities:
            return any(
                iri == self.activity for iri in index_keys.iter_related_activity_ids(statement)
            )
        obj = statement["object"]
        return bool(obj.get("objectType", "Activity") == "Activity" and obj["id"] == self.activity)

    def to_json(self) -> dict[str, Any]:
        """Serialize for a signed ``more`` link."""
        return {
            "agent": self.agent,
            "verb": self.verb,
            "activity": self.activity,
            "registration": str(self.registration) if self.registration else None,
            "related_agents": self.related_agents,
            "related_activities": self.related_activities,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "limit": self.limit,
            "ascending": self.ascending,
            "after": self.after,
            "format": self.format,
            "attachments": self.attachments,
            "mine": self.mine,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> StatementQuery:
        """The inverse of :meth:`to_json`."""
        return cls(
            **{
                **value,
                "registration": uuid.UUID(value["registration"]) if value["registration"] else None,
                "since": clock.parse_instant(value["since"]) if value["since"] else None,
                "until": clock.parse_instant(value["until"]) if value["until"] else None,
            }
        )


def parse_statement_id(text: str, name: str) -> uuid.UUID:
    """Parse a statement id from a URL parameter."""
    try:
        return uuid.UUID(datatypes.require_uuid(text, name))
    except StatementInvalid as error:
        raise BadInput(f"The parameter {name} {error.reason}", parameter=name) from None


def parse_statement_query(parameters: Mapping[str, str]) -> StatementQuery:
    """Parse a query from the URL parameters; BadInput names the parameter that is wrong."""
    for name in parameters:
        if name not in STATEMENT_PARAMETERS:
            raise BadInput(
                f"{name} is no parameter of this resource; they are "
                f"{', '.join(sorted(STATEMENT_PARAMETERS))}.",
                parameter=name,
            )
    name = ""
    try:
        values: dict[str, Any] = {}
        for name, text in parameters.items():
            if name == "agent":
                values["agent"] = identity_of(parse_agent(text))
            elif name in ("verb", "activity"):
                values[name] = datatypes.require_iri(text, name)
            elif name == "registration":
                values[name] = uuid.UUID(datatypes.require_uuid(text, name))
            elif name in ("since", "until"):
                if _LOST_PLUS.search(text):
                    raise ValueError(
                        "has a blank where its offset begins: a + in an address means a blank, so "
                        "write it as %2B."
                    )
                values[name] = datatypes.parse_timestamp(datatypes.require_timestamp(text, name))
            elif name == "limit":
                values[name] = _parse_limit(text)
            elif name in ("ascending", "related_agents", "related_activities", "attachments"):
                values[name] = _parse_boolean(text)
            elif name == "format":
                values[name] = _parse_format(text)
        return StatementQuery(**values)
    except StatementInvalid as error:
        raise BadInput(f"The parameter {name} {error.reason}", parameter=name) from None
    except (ValueError, OverflowError) as error:
        raise BadInput(f"The parameter {name}: {error}", parameter=name) from None


def parse_agent(text: str, name: str = "agent") -> dict[str, Any]:
    """Parse and validate the actor of a parameter; BadInput names the parameter. The actor has
    an identity."""
    try:
        with json_codec.translate_decode_errors("the parameter"):
            value = json_codec.decode_strict(text.encode("utf-8", "surrogatepass"))
        validation.validate_actor(value, name)
    except StatementInvalid as error:
        hint = (
            ' Send an actor as JSON, for example {"mbox":"mailto:somebody@example.org"}.'
            if error.path == "$"
            else ""
        )
        raise BadInput(
            f"The parameter {name}, {error.path}: {error.reason}{hint}",
            parameter=name,
            path=error.path,
        ) from None
    if identity_of(value) is None:
        raise BadInput(
            f"The parameter {name}: an anonymous group cannot be asked for.", parameter=name
        )
    result: dict[str, Any] = value
    return result


def _parse_format(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(f"must be one of {', '.join(FORMATS)}.")
    return text


def _parse_limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError("must be a whole number from 0 on; 0 means as many as the server gives.")
    return int(text)


def _parse_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):  # Python clients send True (tincan's RemoteLRS does)
        raise ValueError("must be true or false.")
    return text.lower() == "true"
