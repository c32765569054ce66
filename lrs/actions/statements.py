"""Taking statements in and giving them out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from lrs.ground.database import UnitOfWork
from lrs.ground.errors import BadInput, Conflict, NotFound
from lrs.store import statements
from lrs.xapi.query import StatementQuery
from lrs.xapi.reading import Incoming
from lrs.xapi.writing import equal, published

# A page whose rows all turn out to be collisions of a 64-bit key would be empty; so many pages are looked at for one.
_PAGES_LOOKED_AT = 4


@dataclass(frozen=True)
class Page:
    """Statements in order, the query for the next page (None after the last), and the horizon."""

    payloads: list[bytes]
    following: StatementQuery | None
    horizon: datetime


@dataclass(frozen=True)
class One:
    """A single statement and the horizon."""

    payload: bytes
    ord: int
    horizon: datetime


def store(unit_of_work: UnitOfWork, *, tenant_id: int, incoming: Sequence[Incoming]) -> bool:
    """Store all or nothing; whether anything was new.

    A statement that is stored already is accepted when it is equal and refused when it is not (Conflict).
    """
    with unit_of_work(tenant_id) as connection:
        _refuse_voiding_of_voiders(connection, tenant_id, incoming)
        new = statements.insert(connection, tenant_id, incoming)
        if len(new) != len(incoming):
            _compare_with_stored(connection, tenant_id, incoming, new)
    return bool(new)


def _refuse_voiding_of_voiders(connection: Connection, tenant_id: int, incoming: Sequence[Incoming]) -> None:
    targets = {one.voids: index for index, one in enumerate(incoming) if one.voids}
    if not targets:
        return
    voiders = {one.id for one in incoming if one.voids} & set(targets)
    voiders |= set(statements.voiders_among(connection, tenant_id, list(targets)))
    for voider in voiders:
        raise BadInput(
            f"Statement {targets[voider]} voids {voider}, which is a voiding statement; those cannot be voided (xAPI-Data 2.3.2)."
            " Nothing of this request was stored.",
            index=targets[voider],
            path="$.object.id",
        )


def _compare_with_stored(connection: Connection, tenant_id: int, incoming: Sequence[Incoming], new: set[uuid.UUID]) -> None:
    known = {one.id: (index, one) for index, one in enumerate(incoming) if one.id not in new}
    for stored in statements.by_ids(connection, tenant_id, list(known)).values():
        index, one = known[stored.id]
        if not equal(stored.payload, one.payload):
            raise Conflict(
                f"Statement {index}: another statement with the id {stored.id} is stored already. Nothing of this request was stored.",
                index=index,
                path="$.id",
            )


def get(unit_of_work: UnitOfWork, *, tenant_id: int, statement_id: uuid.UUID, voided: bool) -> One:
    """One statement by its id; ``voided`` asks for one that was voided, and for no other."""
    with unit_of_work(tenant_id) as connection:
        horizon = statements.horizon(connection)
        found = statements.by_ids(connection, tenant_id, [statement_id]).get(statement_id)
        gone = statements.is_voided(connection, tenant_id, statement_id)
        if found is not None and gone and not voided:
            raise NotFound(f"The statement {statement_id} was voided; voidedStatementId gives it.", statementId=str(statement_id))
        if found is None or gone != voided:
            kind = "voided statement" if voided else "statement"
            raise NotFound(f"No {kind} with the id {statement_id} is stored.", statementId=str(statement_id))
    return One(published(found.payload, found.ord, found.timestamp_given), found.ord, horizon)


def page(unit_of_work: UnitOfWork, *, tenant_id: int, query: StatementQuery) -> Page:
    """A page of statements. Ascending reads stop at the horizon, so that a reader who goes on misses none."""
    with unit_of_work(tenant_id) as connection:
        horizon = statements.horizon(connection)
        up_to = horizon if query.ascending else None
        payloads: list[bytes] = []
        for _ in range(_PAGES_LOOKED_AT):
            found = statements.find(connection, tenant_id, query, up_to, query.limit + 1)
            more = len(found) > query.limit
            found = found[: query.limit]
            payloads = [published(one.payload, one.ord, one.timestamp_given) for one in found if query.holds(msgspec.json.decode(one.payload))]
            if more:
                query = replace(query, after=found[-1].ord)
            if payloads or not more:
                break
    return Page(payloads, query if more else None, horizon)
