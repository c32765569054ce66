"""The stored data of a person: shown to that person, and erased on request."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import Conflict, NotFound
from core.messages import gettext_noop, lazy_gettext
from lti_tool.base import tenants_store
from lti_tool.people import actor_links_store, directory_store, people_store
from lti_tool.privacy import erasure_store
from lti_tool.privacy.erasure_store import ErasureRequest

_THE_PERSON = gettext_noop("the person")


@dataclass(frozen=True)
class ToolErasure:
    """What the tool removed, and what the record store has to look for: the agent of the
    person's statements."""

    request: ErasureRequest
    agent: dict[str, Any]
    email: str
    name: str
    removed: dict[str, int]
    in_flight: bool


def load_personal_data(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID
) -> dict[str, list[dict[str, Any]]]:
    """Load all rows that the tool stores about a person, by table."""
    with unit_of_work(tenant_id) as connection:
        return erasure_store.export_person_rows(connection, tenant_id, person_id)


def request_erasure(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, now: datetime
) -> None:
    """Record a person's request to be erased; the data protection officer confirms it."""
    with unit_of_work(tenant_id) as connection:
        erasure_store.ensure_erasure_request(connection, tenant_id, person_id, _THE_PERSON, now)


def find_erasure_request(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID
) -> ErasureRequest | None:
    """The person's erasure request, until it is fulfilled."""
    with unit_of_work(tenant_id) as connection:
        return erasure_store.find_open_erasure(connection, tenant_id, person_id)


def preview_erasure(
    owner: Engine, *, tenant_id: int, named: str
) -> tuple[dict[str, int], dict[str, Any]]:
    """Preview an erasure: the rows it would remove (table → count), and the agent of the
    person's statements. Changes nothing."""
    with owner.begin() as connection:
        person_id = _require_person(connection, tenant_id, named)
        rows = erasure_store.export_person_rows(connection, tenant_id, person_id)
        return {
            table: len(result) for table, result in rows.items()
        }, xapi_statements.pseudonymous_agent(
            tenants_store.get_installation_id(connection), person_id
        )


def erase_person(
    owner: Engine, *, tenant_id: int, named: str, who: str, now: datetime
) -> ToolErasure:
    """Remove a person from the tool in one transaction, identified by directory id, e-mail
    address, or our own id. An erasure that was begun before is resumed."""
    with owner.begin() as connection:
        person_id = _require_person(connection, tenant_id, named)
        request = erasure_store.ensure_erasure_request(connection, tenant_id, person_id, who, now)
        erasure_store.confirm_erasure(connection, tenant_id, request.id, who, now)
        return erase_from_tool(connection, tenant_id, request, person_id, now)


def erase_from_tool(
    connection: Connection,
    tenant_id: int,
    request: ErasureRequest,
    person_id: uuid.UUID,
    now: datetime,
) -> ToolErasure:
    """Remove a person whose erasure was confirmed from the tool, unless that is done. Raise
    Conflict while the record store still counts another system's actor as this person."""
    if actor_links_store.has_untold_undoing(connection, tenant_id, person_id):
        raise Conflict(
            "A join of this person to an actor of another system was taken back, and the record "
            "store still counts it: that actor's statements would go, too. Erase again in a minute."
        )
    agent = xapi_statements.pseudonymous_agent(
        tenants_store.get_installation_id(connection), person_id
    )
    email, name, removed, moving = "", "", dict[str, int](), False
    if people_store.person_exists(connection, tenant_id, person_id):
        profile = directory_store.get_profile(connection, tenant_id, person_id)
        email, name = profile.email, profile.name
        moving = erasure_store.has_statement_in_flight(connection, tenant_id, [str(person_id)])
        removed = erasure_store.delete_person_rows(connection, tenant_id, person_id)
        erasure_store.mark_tool_erased(connection, tenant_id, request.id, now)
    return ToolErasure(request, agent, email, name, removed, moving)


def _require_person(connection: Connection, tenant_id: int, named: str) -> uuid.UUID:
    """The person with a directory id, an address, or our own id (also if the person's
    erasure has begun)."""
    result = directory_store.find_profiles(
        connection, tenant_id, external_ids=[named], emails=[named.lower()], claimed=True
    )
    if len(result) == 1:
        return result[0].id
    if result:
        raise NotFound(
            lazy_gettext(
                "Several people have the address %(address)s; name the one by id: %(ids)s.",
                address=named,
                ids=", ".join(str(item.id) for item in result),
            )
        )
    try:
        person_id = uuid.UUID(named)
    except ValueError:
        person_id = None
    if person_id is None or not (
        people_store.person_exists(connection, tenant_id, person_id)
        or erasure_store.find_open_erasure(connection, tenant_id, person_id)
    ):
        raise NotFound("Nobody here has this id or address.")
    return person_id


def finish_erasure(owner: Engine, *, tenant_id: int, request_id: uuid.UUID, now: datetime) -> None:
    """Mark the request as done: both the tool and the record store have removed the person."""
    with owner.begin() as connection:
        erasure_store.mark_erasure_done(connection, tenant_id, request_id, now)


def list_open_requests(
    unit_of_work: UnitOfWork, *, tenant_id: int
) -> list[tuple[ErasureRequest, str]]:
    """List open erasure requests, with the person's name."""
    with unit_of_work(tenant_id) as connection:
        result = [
            request
            for request in erasure_store.list_erasure_requests(connection, tenant_id)
            if request.person_id is not None
        ]
        return [
            (
                item,
                people_store.get_person_name(connection, tenant_id, item.person_id)
                if item.person_id
                and people_store.person_exists(connection, tenant_id, item.person_id)
                else "",
            )
            for item in result
        ]
