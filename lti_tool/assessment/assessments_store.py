"""Behaviour assessments, requests for an assessment, and raters' calibrations on the cases of a
rubric."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.assessment import assessment, assessment_request, calibration
from lti_tool.tables.people import person

MAX_ROWS = 200


@dataclass(frozen=True)
class Assessment:
    """An assessment. ``levels``: criterion → level, counted from 1, of what was observed."""

    id: uuid.UUID
    rater_id: uuid.UUID
    rater_name: str
    relation: str
    method: str
    levels: dict[str, int]
    words: str
    at: datetime


@dataclass(frozen=True)
class Wish:
    """A learner's request to be assessed by somebody."""

    id: uuid.UUID
    episode_id: uuid.UUID
    rater_id: uuid.UUID
    rater_name: str
    relation: str
    words: str
    asked_at: datetime


@dataclass(frozen=True)
class Calibration:
    """The levels that a rater gave a case."""

    case_key: str
    programme_version: int
    levels: dict[str, int]
    at: datetime


def insert_assessment(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> bool:
    """Insert an assessment; False if the form was already submitted."""
    row = (
        upsert(assessment)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(assessment.c.id)
    )
    return connection.execute(row).first() is not None


def list_episode_assessments(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[Assessment]:
    """All assessments of an episode, newest first."""
    a = assessment.c
    query = (
        select(
            a.id,
            a.rater_id,
            person.c.name.label("rater_name"),
            a.relation,
            a.method,
            a.levels,
            a.words,
            a.at,
        )
        .join(person, person.c.id == a.rater_id)
        .where(a.tenant_id == tenant_id, a.episode_id == episode_id)
        .order_by(a.at.desc(), a.id)
        .limit(MAX_ROWS)
    )
    return [Assessment(**row._mapping) for row in connection.execute(query)]


def find_assessment_by_form(
    connection: Connection, tenant_id: int, rater_id: uuid.UUID, form_id: uuid.UUID
) -> Assessment | None:
    """The assessment that a rater submitted with this form."""
    a = assessment.c
    query = select(
        a.id,
        a.rater_id,
        person.c.name.label("rater_name"),
        a.relation,
        a.method,
        a.levels,
        a.words,
        a.at,
    )
    row = connection.execute(
        query.join(person, person.c.id == a.rater_id).where(
            a.tenant_id == tenant_id, a.id == form_id, a.rater_id == rater_id
        )
    ).first()
    return Assessment(**row._mapping) if row else None


def insert_assessment_request(
    connection: Connection, tenant_id: int, values: Mapping[str, Any]
) -> bool:
    """Insert a request; False if the form was already submitted or the same person already has
    an open request."""
    row = (
        upsert(assessment_request)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(assessment_request.c.id)
    )
    return connection.execute(row).first() is not None


def _select_open_requests() -> Any:
    r = assessment_request.c
    names = (
        r.id,
        r.episode_id,
        r.rater_id,
        person.c.name.label("rater_name"),
        r.relation,
        r.words,
        r.asked_at,
    )
    return (
        select(*names)
        .join(person, person.c.id == r.rater_id)
        .where(r.done_at.is_(None))
        .order_by(r.asked_at)
        .limit(MAX_ROWS)
    )


def list_requests_to_rater(
    connection: Connection, tenant_id: int, rater_id: uuid.UUID
) -> list[Wish]:
    """Open requests to this rater, oldest first."""
    r = assessment_request.c
    return [
        Wish(**row._mapping)
        for row in connection.execute(
            _select_open_requests().where(r.tenant_id == tenant_id, r.rater_id == rater_id)
        )
    ]


def list_requests_of_episode(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[Wish]:
    """Open requests of this episode, which the raters have not answered yet."""
    r = assessment_request.c
    return [
        Wish(**row._mapping)
        for row in connection.execute(
            _select_open_requests().where(r.tenant_id == tenant_id, r.episode_id == episode_id)
        )
    ]


def mark_request_done(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, rater_id: uuid.UUID, at: datetime
) -> None:
    """Mark the open request to this rater as done."""
    r = assessment_request.c
    own = (
        (r.tenant_id == tenant_id)
        & (r.episode_id == episode_id)
        & (r.rater_id == rater_id)
        & r.done_at.is_(None)
    )
    connection.execute(update(assessment_request).where(own).values(done_at=at))


def upsert_calibration(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> bool:
    """Store a rater's levels for a case, replacing those for an older version of it; False if
    this version is already recorded."""
    row = upsert(calibration).values(tenant_id=tenant_id, **values)
    changed = {name: row.excluded[name] for name in ("programme_version", "levels", "at")}
    newer = calibration.c.programme_version < row.excluded.programme_version
    keys = ["tenant_id", "rater_id", "programme", "case_key"]
    statement = row.on_conflict_do_update(index_elements=keys, set_=changed, where=newer).returning(
        calibration.c.case_key
    )
    return connection.execute(statement).first() is not None


def calibrations_by_case(
    connection: Connection, tenant_id: int, rater_id: uuid.UUID, programme: str
) -> dict[str, Calibration]:
    """Case key → this rater's calibration."""
    c = calibration.c
    query = select(c.case_key, c.programme_version, c.levels, c.at).where(
        c.tenant_id == tenant_id, c.rater_id == rater_id, c.programme == programme
    )
    return {row.case_key: Calibration(**row._mapping) for row in connection.execute(query)}
