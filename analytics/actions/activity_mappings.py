"""Map an activity of another system to what it counts as in a programme, and undo it.
Statements are left as received; figures are recomputed.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from analytics.deps import AnalyticsDeps
from analytics.store import activity_mappings, mapped_actors
from analytics.store.activity_mappings import ActivityMapping
from core.errors import BadInput, Conflict, NotFound
from lrs import feed
from lrs.vocabulary import MAPPABLE_KINDS, MAX_EVIDENCE_GRADE, MAX_IRI_BYTES, ActivityKind

MAX_NAMED_COMPETENCIES = 20  # in one message


class Mapped(msgspec.Struct, forbid_unknown_fields=True):
    """What an activity counts as, as it is sent: check, exercise, case study, meeting or task.
    ``competencies``: those of the programme, by whoever knows them; it is not kept."""

    activity: str
    programme: str
    counts_as: str
    competency: str | None = None
    evidence_grade: int | None = None
    competencies: list[str] | None = None


def add_mapping(deps: AnalyticsDeps, *, tenant_id: int, mapped: Mapped, who: str) -> int:
    """Add a mapping: statements about the activity count from now on, including stored ones;
    return the id by which it can be undone.
    """
    for name in ("activity", "programme", "competency"):
        value = getattr(mapped, name)
        if value is not None and (
            not value.strip()
            or "\0" in value
            or len(value.encode()) > MAX_IRI_BYTES
            or ":" not in value
        ):
            raise BadInput(f"{name} is an IRI of up to {MAX_IRI_BYTES} bytes.", path=f"$.{name}")
    if mapped.counts_as not in MAPPABLE_KINDS:
        raise BadInput(f"counts_as is one of {', '.join(MAPPABLE_KINDS)}.", path="$.counts_as")
    if mapped.competency is not None and mapped.counts_as != ActivityKind.CHECK:
        raise BadInput(
            "A competency belongs to the answers of a check; leave it away here.",
            path="$.competency",
        )
    if mapped.evidence_grade is not None and (
        mapped.counts_as != ActivityKind.TASK
        or not 1 <= mapped.evidence_grade <= MAX_EVIDENCE_GRADE
    ):
        raise BadInput(
            "An evidence grade belongs to the uses of a task, and is a whole number from 1 to "
            f"{MAX_EVIDENCE_GRADE}.",
            path="$.evidence_grade",
        )
    values = msgspec.structs.asdict(mapped)
    del values["competencies"]
    with deps.unit_of_work(tenant_id) as connection:
        if mapped.competency is not None:
            _require_competency(connection, tenant_id, mapped, mapped.competency)
        created = activity_mappings.insert_mapping(connection, tenant_id, {**values, "who": who})
        if created is None:
            raise Conflict(
                "The activity counts in this programme already; undo that first.", path="$.activity"
            )
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "mapped an activity",
            {"mapping": created, "activity": mapped.activity, "programme": mapped.programme},
        )
    return created


def _require_competency(
    connection: Connection, tenant_id: int, mapped: Mapped, competency: str
) -> None:
    """BadInput for a competency that is not among those of the programme: the ones that were sent
    with the mapping, else the ones that counted answers name. Where neither is known, any is
    taken."""
    known = mapped.competencies
    if known is None:
        known = activity_mappings.list_competencies(connection, tenant_id, mapped.programme)
    if known and competency not in known:
        raise BadInput(
            f"The programme has no competency {competency}; it has "
            f"{', '.join(known[:MAX_NAMED_COMPETENCIES])}.",
            path="$.competency",
        )


def undo_mapping(deps: AnalyticsDeps, *, tenant_id: int, mapping_id: int, who: str) -> None:
    """Undo a mapping: the activity no longer counts."""
    with deps.unit_of_work(tenant_id) as connection:
        if not activity_mappings.undo_mapping(connection, tenant_id, mapping_id):
            raise NotFound(f"There is no mapping {mapping_id} that holds.")
        mapped_actors.delete_actors_of_mapping(connection, tenant_id, mapping_id)
        feed.insert_audit_entry(
            connection, tenant_id, who, "undid the mapping of an activity", {"mapping": mapping_id}
        )


def list_mappings(
    deps: AnalyticsDeps, *, tenant_id: int, after: int, rows: int
) -> list[ActivityMapping]:
    """Return mappings in order, after the id ``after``, including those that were undone."""
    with deps.unit_of_work(tenant_id) as connection:
        return activity_mappings.list_mappings(connection, tenant_id, after, rows)
