"""The tools that this LMS knows: the demo's own, installed from the start, and those that registered themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from carryover.practice_lms.ledger import Ledger
from carryover.practice_lms.people import CLIENT_ID, DEPLOYMENT_ID, NAME_CLAIMS
from carryover.practice_lms.vocabulary import SCOPES

ACTIVE, PENDING = "active", "pending"


@dataclass(frozen=True)
class Tool:
    """A registration. ``claims`` are the personal ones it may see, ``registration_url`` where it registers and updates itself."""

    client_id: str
    name: str
    initiate_login_uri: str
    redirect_uris: tuple[str, ...]
    jwks_uri: str
    target_link_uri: str
    domain: str
    scopes: tuple[str, ...] = ()
    custom: dict[str, str] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    deep_linking: bool = False
    deep_linking_uri: str = ""
    description: str = ""
    logo_uri: str = ""
    registration_url: str = ""
    state: str = PENDING
    id: int = 0

    @property
    def deployment_id(self) -> str:
        """As in Moodle, the number of the tool."""
        return str(self.id)

    @property
    def active(self) -> bool:
        """Whether the course may open it."""
        return self.state == ACTIVE


class AlreadyRegistered(Exception):
    """There is a tool with this client id."""


def preinstalled(tool_url: str) -> Tool:
    """The demo's tool, as an administrator would have entered it by hand."""
    launch = f"{tool_url}/lti/launch"
    return Tool(
        client_id=CLIENT_ID,
        name="Carryover",
        initiate_login_uri=f"{tool_url}/lti/login",
        redirect_uris=(launch,),
        jwks_uri=f"{tool_url}/lti/jwks.json",
        target_link_uri=launch,
        domain=tool_url.partition("://")[2],
        scopes=SCOPES,
        claims=(*NAME_CLAIMS, "email"),
        deep_linking=True,
        deep_linking_uri=launch,
        registration_url=f"{tool_url}/lti/register",
        state=ACTIVE,
        id=int(DEPLOYMENT_ID),
    )


def _body(tool: Tool) -> str:
    return json.dumps({name: value for name, value in asdict(tool).items() if name not in ("id", "client_id", "state")})


def _tool(row: Iterable[Any]) -> Tool:
    id_, client_id, state, body = row
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(body).items()}
    return Tool(id=id_, client_id=client_id, state=state, **values)


def install(ledger: Ledger, tool: Tool) -> None:
    """Enter a tool under its own number, or bring the one that has it up to date."""
    with ledger.open() as db:
        db.execute("INSERT OR IGNORE INTO tool VALUES (?, ?, ?, ?)", (tool.id, tool.client_id, tool.state, _body(tool)))
        db.execute("UPDATE tool SET body = ? WHERE id = ?", (_body(tool), tool.id))


def register(ledger: Ledger, tool: Tool) -> Tool:
    """A new tool, with its number; AlreadyRegistered when its client id is taken."""
    try:
        with ledger.open() as db:
            given = (tool.client_id, tool.state, _body(tool))
            id_ = db.execute("INSERT INTO tool (client_id, state, body) VALUES (?, ?, ?)", given).lastrowid
    except sqlite3.IntegrityError:
        raise AlreadyRegistered from None
    return replace(tool, id=id_ or 0)


def update(ledger: Ledger, known: Tool, told: Tool) -> Tool:
    """What a tool says anew; its client id, number and state stay."""
    kept = replace(told, id=known.id, client_id=known.client_id, state=known.state, registration_url=known.registration_url)
    with ledger.open() as db:
        db.execute("UPDATE tool SET body = ? WHERE id = ?", (_body(kept), known.id))
    return kept


def activate(ledger: Ledger, tool: Tool) -> None:
    """From now on the course may open it."""
    with ledger.open() as db:
        db.execute("UPDATE tool SET state = ? WHERE id = ?", (ACTIVE, tool.id))


def delete(ledger: Ledger, tool: Tool) -> None:
    """Remove a tool with all that hangs on it."""
    with ledger.open() as db:
        db.execute("DELETE FROM score WHERE line_item IN (SELECT id FROM line_item WHERE client_id = ?)", (tool.client_id,))
        for table in ("line_item", "activity", "token", "deep_linking", "tool"):
            db.execute(f"DELETE FROM {table} WHERE client_id = ?", (tool.client_id,))  # noqa: S608 - names of this file


def everyone(ledger: Ledger) -> list[Tool]:
    """All tools, the oldest first."""
    with ledger.open() as db:
        return [_tool(row) for row in db.execute("SELECT id, client_id, state, body FROM tool ORDER BY id")]


def by_client_id(ledger: Ledger, client_id: str) -> Tool | None:
    """The tool of a client id."""
    return next((tool for tool in everyone(ledger) if tool.client_id == client_id), None)


def by_id(ledger: Ledger, id_: str) -> Tool | None:
    """The tool of a number, which is its deployment id too."""
    return next((tool for tool in everyone(ledger) if tool.deployment_id == id_), None)
