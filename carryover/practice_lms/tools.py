"""The tools known to this LMS: the demo's own, preinstalled, and those that registered
themselves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import CLIENT_ID, DEPLOYMENT_ID, NAME_CLAIMS
from carryover.practice_lms.vocabulary import SCOPES

ACTIVE, PENDING = "active", "pending"


@dataclass(frozen=True)
class Tool:
    """A tool registration. ``claims`` are the personal claims it may see,
    ``registration_url`` is where it registers and updates itself.
    """

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
        """As in Moodle, the tool's id."""
        return str(self.id)

    @property
    def active(self) -> bool:
        """Whether the tool may be launched from the course."""
        return self.state == ACTIVE


class ToolAlreadyRegistered(Exception):
    """A tool with this client id exists already."""


def preinstalled_tool(tool_url: str) -> Tool:
    """Return the demo's tool, as an administrator would have registered it manually."""
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


def _tool_to_json(tool: Tool) -> str:
    return json.dumps(
        {
            name: value
            for name, value in asdict(tool).items()
            if name not in ("id", "client_id", "state")
        }
    )


def _tool_from_row(row: Iterable[Any]) -> Tool:
    id_, client_id, state, body = row
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(body).items()
    }
    return Tool(id=id_, client_id=client_id, state=state, **values)


def install_tool(ledger: PracticeDatabase, tool: Tool) -> None:
    """Insert a tool under its own id, or update the existing one."""
    with ledger.open() as db:
        db.execute(
            "INSERT OR IGNORE INTO tool VALUES (?, ?, ?, ?)",
            (tool.id, tool.client_id, tool.state, _tool_to_json(tool)),
        )
        db.execute("UPDATE tool SET body = ? WHERE id = ?", (_tool_to_json(tool), tool.id))


def insert_tool(ledger: PracticeDatabase, tool: Tool) -> Tool:
    """Insert a new tool and return it with its id; ToolAlreadyRegistered if its client id is
    taken.
    """
    try:
        with ledger.open() as db:
            row = (tool.client_id, tool.state, _tool_to_json(tool))
            id_ = db.execute(
                "INSERT INTO tool (client_id, state, body) VALUES (?, ?, ?)", row
            ).lastrowid
    except sqlite3.IntegrityError:
        raise ToolAlreadyRegistered from None
    return replace(tool, id=id_ or 0)


def replace_tool(ledger: PracticeDatabase, known: Tool, tool: Tool) -> Tool:
    """Update a tool's registration; its client id, id and state are kept."""
    replaced = replace(
        tool,
        id=known.id,
        client_id=known.client_id,
        state=known.state,
        registration_url=known.registration_url,
    )
    with ledger.open() as db:
        db.execute("UPDATE tool SET body = ? WHERE id = ?", (_tool_to_json(replaced), known.id))
    return replaced


def set_tool_active(ledger: PracticeDatabase, tool: Tool) -> None:
    """Allow the course to launch the tool."""
    with ledger.open() as db:
        db.execute("UPDATE tool SET state = ? WHERE id = ?", (ACTIVE, tool.id))


def remove_tool(ledger: PracticeDatabase, tool: Tool) -> None:
    """Delete a tool with everything that depends on it."""
    with ledger.open() as db:
        db.execute(
            "DELETE FROM score WHERE line_item IN (SELECT id FROM line_item WHERE client_id = ?)",
            (tool.client_id,),
        )
        for table in ("line_item", "activity", "token", "deep_linking", "tool"):
            db.execute(f"DELETE FROM {table} WHERE client_id = ?", (tool.client_id,))  # noqa: S608 - names of this file


def list_all_tools(ledger: PracticeDatabase) -> list[Tool]:
    """Return all tools, oldest first."""
    with ledger.open() as db:
        return [
            _tool_from_row(row)
            for row in db.execute("SELECT id, client_id, state, body FROM tool ORDER BY id")
        ]


def tool_by_client_id(ledger: PracticeDatabase, client_id: str) -> Tool | None:
    """Return the tool with this client id."""
    return next((tool for tool in list_all_tools(ledger) if tool.client_id == client_id), None)


def tool_by_id(ledger: PracticeDatabase, id_: str) -> Tool | None:
    """Return the tool with this id, which is also its deployment id."""
    return next((tool for tool in list_all_tools(ledger) if tool.deployment_id == id_), None)
