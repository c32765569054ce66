"""Erasures on the pages: who asks for one, who confirms it, and the export before it.

Where the tenant wants two people, nobody confirms an own request or the erasure of the own data.
Each step is in the audit record; the erasure takes the person out of it again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import UnitOfWork
from core.errors import Conflict, Forbidden, NotFound
from core.queue import LONG_QUEUE, Job
from lti_tool.base import journal_store, tenants_store
from lti_tool.people import directory_store, people_store
from lti_tool.people.directory_store import Profile
from lti_tool.privacy import erasure_store, person_erasure
from lti_tool.privacy.erasure_store import ErasureRequest

ERASE_PEOPLE = Job("lti_tool.worker.erase_people", interval_seconds=60, queue=LONG_QUEUE)
SHOWN_PEOPLE = 20  # whom a search shows


@dataclass(frozen=True)
class Decider:
    """Who decides: the name for the audit record, which ends with the id."""

    person_id: uuid.UUID
    who: str


@dataclass(frozen=True)
class OpenErasure:
    """An erasure that is not over, and the name of its person. ``confirmable``: whether the reader
    may confirm it."""

    request: ErasureRequest
    name: str
    confirmable: bool


@dataclass(frozen=True)
class ErasureOverview:
    """What the page of erasures shows."""

    takes_two: bool
    erasures: list[OpenErasure]
    found: list[Profile]


def load_erasures(
    unit_of_work: UnitOfWork, *, tenant_id: int, reader: uuid.UUID, search: str
) -> ErasureOverview:
    """Load the open erasures, and the people whom a search finds."""
    open_requests = person_erasure.list_open_requests(unit_of_work, tenant_id=tenant_id)
    with unit_of_work(tenant_id) as connection:
        two = tenants_store.takes_two_to_erase(connection, tenant_id)
        found = (
            directory_store.list_profile_page(
                connection, tenant_id, search=search, after=None, unmatched=False
            )[:SHOWN_PEOPLE]
            if search
            else []
        )
    erasures = [
        OpenErasure(
            request,
            name,
            request.confirmed_at is None and not (two and _is_involved(request, reader)),
        )
        for request, name in open_requests
    ]
    return ErasureOverview(two, erasures, found)


def export_data(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, decider: Decider
) -> dict[str, list[dict[str, Any]]]:
    """All rows that the tool stores about a person, by table; NotFound if there is nobody."""
    with unit_of_work(tenant_id) as connection:
        _require_person(people_store.person_exists(connection, tenant_id, person_id))
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            decider.who,
            "exported the data of a person",
            {"person": str(person_id)},
        )
        return erasure_store.export_person_rows(connection, tenant_id, person_id)


def ask_for_erasure(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    person_id: uuid.UUID,
    decider: Decider,
    now: datetime,
) -> None:
    """Ask for the erasure of somebody; an open request stays as it is."""
    with unit_of_work(tenant_id) as connection:
        _require_person(people_store.person_exists(connection, tenant_id, person_id))
        erasure_store.ensure_erasure_request(connection, tenant_id, person_id, decider.who, now)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            decider.who,
            "asked for the erasure of a person",
            {"person": str(person_id)},
        )


def confirm_erasure(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    request_id: uuid.UUID,
    decider: Decider,
    now: datetime,
) -> None:
    """Let an erasure be carried out. Raise Forbidden for who asked for it, and for whose data it
    is, where it takes two."""
    with unit_of_work(tenant_id) as connection:
        request = _require_open(
            erasure_store.list_erasure_requests(connection, tenant_id), request_id
        )
        if tenants_store.takes_two_to_erase(connection, tenant_id) and _is_involved(
            request, decider.person_id
        ):
            raise Forbidden("It takes two people to erase somebody: another one has to confirm it.")
        if not erasure_store.confirm_erasure(connection, tenant_id, request_id, decider.who, now):
            raise Conflict("Somebody else decided on this request meanwhile.")
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            decider.who,
            "confirmed the erasure of a person",
            {"person": str(request.person_id)},
        )


def withdraw_request(
    unit_of_work: UnitOfWork, *, tenant_id: int, request_id: uuid.UUID, decider: Decider
) -> None:
    """Withdraw a request that nobody confirmed yet."""
    with unit_of_work(tenant_id) as connection:
        request = _require_open(
            erasure_store.list_erasure_requests(connection, tenant_id), request_id
        )
        if not erasure_store.delete_erasure_request(connection, tenant_id, request_id):
            raise Conflict("Somebody else decided on this request meanwhile.")
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            decider.who,
            "withdrew the erasure of a person",
            {"person": str(request.person_id)},
        )


def finish_externally(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    request_id: uuid.UUID,
    decider: Decider,
    now: datetime,
) -> None:
    """Finish an erasure that the tool cannot end: somebody erased the person in the record store.
    Raise Conflict for one that the tool has not carried out itself."""
    with unit_of_work(tenant_id) as connection:
        request = _require_open(
            erasure_store.list_erasure_requests(connection, tenant_id), request_id
        )
        if request.tool_done_at is None or not request.problem:
            raise Conflict("Somebody else decided on this request meanwhile.")
        erasure_store.mark_erasure_done(connection, tenant_id, request_id, now)
        journal_store.insert_audit_entry(
            connection, tenant_id, decider.who, "finished the erasure of a person", {}
        )


def set_two_erase(unit_of_work: UnitOfWork, *, tenant_id: int, two: bool, who: str) -> None:
    """Decide whether it takes two people to erase somebody."""
    with unit_of_work(tenant_id) as connection:
        tenants_store.update_two_erase(connection, tenant_id, two)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "decided how many people an erasure takes", {"two": two}
        )


def _is_involved(request: ErasureRequest, person_id: uuid.UUID) -> bool:
    """Whether somebody asked for an erasure, or is the one who is erased."""
    return request.person_id == person_id or request.asked_by.endswith(f"({person_id})")


def _require_person(exists: bool) -> None:
    if not exists:
        raise NotFound("There is no such person here any more.")


def _require_open(requests: list[ErasureRequest], request_id: uuid.UUID) -> ErasureRequest:
    found = next(
        (one for one in requests if one.id == request_id and one.person_id is not None), None
    )
    if found is None:
        raise NotFound("There is no such request any more.")
    return found
