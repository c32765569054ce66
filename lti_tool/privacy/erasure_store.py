"""Export and erasure of all data of one person. The audit record can be added to and read; who is
erased is taken out of it by ``erase_from_audit`` of the schema, once the erasure was confirmed.

A new table that refers to people belongs in one of the lists below; a test compares them with
the database's foreign keys.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.people.person_reference_columns import ACTOR_COLUMNS, LEADER_COLUMNS
from lti_tool.tables.people import person
from lti_tool.tables.privacy import erasure

_OWN_EPISODES = "SELECT id FROM lti_tool.episode WHERE tenant_id = :tenant AND person_id = :person"
_OWN_PLANS = (
    f"SELECT id FROM lti_tool.plan WHERE tenant_id = :tenant AND episode_id IN ({_OWN_EPISODES})"  # noqa: S608 - constants of this file
)
_OWN_USES = (
    f"SELECT id FROM lti_tool.job_use WHERE tenant_id = :tenant AND plan_id IN ({_OWN_PLANS})"  # noqa: S608
)
_OWN_ATTEMPTS = (
    "SELECT id FROM lti_tool.attempt WHERE tenant_id = :tenant AND episode_id IN "  # noqa: S608
    f"({_OWN_EPISODES})"
)
_OWN_SUBMISSIONS = (
    "SELECT id FROM lti_tool.handed_in WHERE tenant_id = :tenant AND episode_id IN "  # noqa: S608
    f"({_OWN_EPISODES})"
)

_OWN_MAILS = "SELECT id FROM lti_tool.mail WHERE tenant_id = :tenant AND person_id = :person"

# Table → condition for the rows that belong to this person; children before parents.
OWNED_ROWS = {
    "mail_link": f"(mail_id IN ({_OWN_MAILS}) OR use_id IN ({_OWN_USES})"
    f" OR handed_in_id IN ({_OWN_SUBMISSIONS}))",
    "review": f"handed_in_id IN ({_OWN_SUBMISSIONS})",
    "handed_in": f"episode_id IN ({_OWN_EPISODES})",
    "document": "person_id = :person",
    "confirmation": f"use_id IN ({_OWN_USES})",
    "job_use": f"plan_id IN ({_OWN_PLANS})",
    "plan_revision": f"plan_id IN ({_OWN_PLANS})",
    "plan": f"episode_id IN ({_OWN_EPISODES})",
    "no_opportunity": f"episode_id IN ({_OWN_EPISODES})",
    "follow_up": f"episode_id IN ({_OWN_EPISODES})",
    "assessment": f"episode_id IN ({_OWN_EPISODES})",
    "assessment_request": f"(episode_id IN ({_OWN_EPISODES}) OR rater_id = :person)",
    "workshop_member": f"episode_id IN ({_OWN_EPISODES})",
    "remark": f"episode_id IN ({_OWN_EPISODES})",
    "presence": "person_id = :person",
    "calibration": "rater_id = :person",
    "mapped_task": f"episode_id IN ({_OWN_EPISODES})",
    "scheduled_act": f"episode_id IN ({_OWN_EPISODES})",
    "attendance": f"episode_id IN ({_OWN_EPISODES})",
    "agreed_action": f"episode_id IN ({_OWN_EPISODES})",
    "group_member": f"episode_id IN ({_OWN_EPISODES})",
    "memory": f"episode_id IN ({_OWN_EPISODES})",
    "hold": f"episode_id IN ({_OWN_EPISODES})",
    "exam_score": f"episode_id IN ({_OWN_EPISODES})",
    "grade_outbox": f"attempt_id IN ({_OWN_ATTEMPTS})",
    "answer": f"attempt_id IN ({_OWN_ATTEMPTS})",
    "attempt": f"episode_id IN ({_OWN_EPISODES})",
    "scheduled_check": f"episode_id IN ({_OWN_EPISODES})",
    "mail": "person_id = :person",
    "mailed_question": f"episode_id IN ({_OWN_EPISODES})",
    "episode": "person_id = :person",
    "mail_stop": "person_id = :person",
    "form_draft": "person_id = :person",
    "reminder_times": "person_id = :person",
    "grade_place": "person_id = :person",
    "launch": "person_id = :person",
    "membership": "person_id = :person",
    "course_group_member": "person_id = :person",
    "role_grant": "person_id = :person",
    "join_code": "person_id = :person",
    "identity": "person_id = :person",
    "actor_link": "person_id = :person",
}
# Mails to other people about this person's submissions contain the person's name; so may the
# weekly summaries of who leads others.
_MAILS_TO_OTHERS = (
    "EXISTS (SELECT 1 FROM lti_tool.handed_in h WHERE h.tenant_id = :tenant AND h.episode_id IN "  # noqa: S608
    f"({_OWN_EPISODES}) AND m.key LIKE 'review ' || h.id || ' %')"
    " OR EXISTS (SELECT 1 FROM lti_tool.episode e WHERE e.tenant_id = :tenant AND e.person_id = "
    ":person AND m.kind = 'review' AND m.key LIKE '%' || e.id || '%')"
    " OR m.kind = 'week' AND EXISTS (SELECT 1 FROM lti_tool.person p WHERE p.tenant_id = :tenant "
    "AND p.id = :person AND p.name <> '' AND position(p.name IN m.words) > 0)"
)
# (table, column): text columns that record who acted; they contain the person's id.
ACTOR_TEXT_COLUMNS = (
    ("registration_invite", "made_by"),
    ("hold", "set_by"),
    ("programme_draft", "saved_by"),
    ("role_grant", "granted_by"),
    ("identity", "joined_who"),
    ("actor_link", "joined_who"),
    ("erasure", "asked_by"),
    ("erasure", "confirmed_by"),
    ("admin_session", "who"),
)
ERASED_NAME = "somebody who was erased"


@dataclass(frozen=True)
class ErasureRequest:
    """An erasure request: whose data, and how far it has been carried out. ``problem``: why the
    last try ended before its end; empty for none."""

    id: uuid.UUID
    person_id: uuid.UUID | None
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    problem: str
    tool_done_at: datetime | None
    done_at: datetime | None


def ensure_erasure_request(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, who: str, at: datetime
) -> ErasureRequest:
    """Record an erasure request; one that is already open is reused."""
    row = upsert(erasure).values(
        id=uuid.uuid4(), tenant_id=tenant_id, person_id=person_id, asked_by=who, asked_at=at
    )
    connection.execute(row.on_conflict_do_nothing())
    result = find_open_erasure(connection, tenant_id, person_id)
    assert result is not None
    return result


def find_open_erasure(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> ErasureRequest | None:
    """A person's open erasure request, if any."""
    e = erasure.c
    query = select(*(e[name] for name in ErasureRequest.__dataclass_fields__)).where(
        e.tenant_id == tenant_id, e.person_id == person_id
    )
    row = connection.execute(query).first()
    return ErasureRequest(**row._mapping) if row else None


def confirm_erasure(
    connection: Connection, tenant_id: int, request_id: uuid.UUID, who: str, at: datetime
) -> bool:
    """Record that it is to be carried out; False if that is on record already, or if it is over."""
    e = erasure.c
    waiting = (e.tenant_id == tenant_id) & (e.id == request_id) & e.confirmed_at.is_(None)
    return (
        connection.execute(
            update(erasure)
            .where(waiting, e.person_id.is_not(None))
            .values(confirmed_by=who, confirmed_at=at)
        ).rowcount
        == 1
    )


def delete_erasure_request(connection: Connection, tenant_id: int, request_id: uuid.UUID) -> bool:
    """Withdraw a request; False if it was confirmed already."""
    e = erasure.c
    waiting = (e.tenant_id == tenant_id) & (e.id == request_id) & e.confirmed_at.is_(None)
    return connection.execute(delete(erasure).where(waiting)).rowcount == 1


def list_confirmed_erasures(connection: Connection, tenant_id: int) -> list[ErasureRequest]:
    """Those that are to be carried out, the oldest first."""
    e = erasure.c
    query = (
        select(*(e[name] for name in ErasureRequest.__dataclass_fields__))
        .where(
            e.tenant_id == tenant_id,
            e.person_id.is_not(None),
            e.confirmed_at.is_not(None),
            e.done_at.is_(None),
        )
        .order_by(e.confirmed_at)
    )
    return [ErasureRequest(**row._mapping) for row in connection.execute(query)]


def save_problem(
    connection: Connection, tenant_id: int, request_id: uuid.UUID, problem: str
) -> None:
    """Keep why an erasure could not be carried out."""
    connection.execute(
        update(erasure)
        .where(erasure.c.tenant_id == tenant_id, erasure.c.id == request_id)
        .values(problem=problem)
    )


def list_erasure_requests(connection: Connection, tenant_id: int) -> list[ErasureRequest]:
    """All erasure requests, newest first."""
    e = erasure.c
    query = (
        select(*(e[name] for name in ErasureRequest.__dataclass_fields__))
        .where(e.tenant_id == tenant_id)
        .order_by(e.asked_at.desc())
    )
    return [ErasureRequest(**row._mapping) for row in connection.execute(query.limit(200))]


def export_person_rows(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> dict[str, list[dict[str, Any]]]:
    """Table → the person's own rows as JSON objects, for the person to inspect."""
    values = {"tenant": tenant_id, "person": person_id}
    result: dict[str, list[dict[str, Any]]] = {}
    for table, own in {"person": "id = :person", **OWNED_ROWS}.items():
        if table in ("launch", "join_code", "mail_link"):
            continue  # sessions, codes and links: they hold secrets and nothing of lasting interest
        # File contents are downloaded one by one; a reviewer's comment on the training is meant
        # for its owner, and the reviewer is another person.
        content = {
            "document": " - 'content'",
            "review": " - 'weak_content' - 'reviewer_id'",
            "assessment": " - 'rater_id'",
            "assessment_request": " - 'done_at'",
            # A code proves access to that mailbox; somebody who only claims to be this person
            # must not read it here.
            "mail": " || CASE WHEN t.kind = 'join' THEN '{\"words\": \"\"}'::jsonb ELSE "
            "'{}'::jsonb END",
        }.get(table, "")
        # A peer's assessment is never shown by itself: neither here nor through the time at
        # which a request was fulfilled.
        own = f"{own} AND relation <> 'peer'" if table == "assessment" else own
        rows = connection.execute(
            text(
                f"SELECT to_jsonb(t) - 'tenant_id'{content} FROM lti_tool.{table} t WHERE "  # noqa: S608 - constants of this file
                f"tenant_id = :tenant AND {own}"
            ),
            values,
        )
        entries = [row[0] for row in rows]
        if entries:
            result[table] = entries
    return result


def has_statement_in_flight(
    connection: Connection, tenant_id: int, accounts: Sequence[str]
) -> bool:
    """Whether a statement about this person is being sent to the record store right now."""
    query = text(
        "SELECT 1 FROM lti_tool.statement_outbox WHERE tenant_id = :tenant AND tries > 0 AND "
        "next_try_at > now()"
        " AND convert_from(payload, 'UTF8') LIKE ANY (:accounts) LIMIT 1"
    )
    return (
        connection.execute(
            query, {"tenant": tenant_id, "accounts": [f"%{account}%" for account in accounts]}
        ).first()
        is not None
    )


def delete_person_rows(owner: Connection, tenant_id: int, person_id: uuid.UUID) -> dict[str, int]:
    """Erase a person from every table; returns per table how many rows were deleted or
    anonymized."""
    rows = _PersonRows(owner, tenant_id, person_id)
    rows.delete_own()
    rows.anonymize_references()
    rows.delete_mentions()
    rows.take_out_of_audit()
    rows.execute("person", "DELETE FROM lti_tool.person WHERE tenant_id = :tenant AND id = :person")
    return {name: count for name, count in rows.removed.items() if count}


class _PersonRows:
    """The rows that hold or name a person; ``removed`` counts per table what was changed."""

    def __init__(self, owner: Connection, tenant_id: int, person_id: uuid.UUID) -> None:
        self._owner, self._tenant_id = owner, tenant_id
        self._values = {
            "tenant": tenant_id,
            "person": person_id,
            "like": f"%{person_id}%",
            "nobody": ERASED_NAME,
        }
        self.removed: dict[str, int] = {}

    def execute(self, table: str, statement: str, **more: Any) -> None:
        """Execute a statement and count its rows for this table."""
        count = self._owner.execute(text(statement), {**self._values, **more}).rowcount
        self.removed[table] = self.removed.get(table, 0) + count

    def delete_own(self) -> None:
        """Delete the person's own rows, and the mails to others about them."""
        self.execute(
            "mail",
            f"DELETE FROM lti_tool.mail m WHERE m.tenant_id = :tenant AND ({_MAILS_TO_OTHERS})",  # noqa: S608 - constants of this file
        )
        for table, own in OWNED_ROWS.items():
            self.execute(table, f"DELETE FROM lti_tool.{table} WHERE tenant_id = :tenant AND {own}")  # noqa: S608 - constants of this file

    def anonymize_references(self) -> None:
        """Put nobody in the place of the person in what others keep."""
        if any(
            _count_references(self._owner, table, column, self._values)
            for table, column in ACTOR_COLUMNS
        ):
            nobody = uuid.uuid4()
            self._owner.execute(
                person.insert().values(id=nobody, tenant_id=self._tenant_id, name="", email="")
            )
            for table, column in ACTOR_COLUMNS:
                self.execute(
                    table,
                    f"UPDATE lti_tool.{table} SET {column} = :other WHERE tenant_id = :tenant AND "  # noqa: S608
                    f"{column} = :person",
                    other=nobody,
                )
        for table, column in LEADER_COLUMNS:
            self.execute(
                table,
                f"UPDATE lti_tool.{table} SET {column} = NULL WHERE tenant_id = :tenant AND "  # noqa: S608
                f"{column} = :person",
            )
        for table, column in ACTOR_TEXT_COLUMNS:
            self.execute(
                table,
                f"UPDATE lti_tool.{table} SET {column} = :nobody WHERE tenant_id = :tenant AND "  # noqa: S608
                f"{column} LIKE :like",
            )

    def take_out_of_audit(self) -> None:
        """Put nobody in the place of the person in the audit record."""
        query = text("SELECT lti_tool.erase_from_audit(:tenant, :person)")
        self.removed["audit"] = int(self._owner.execute(query, self._values).scalar_one())

    def delete_mentions(self) -> None:
        """Delete what may name the person in its text."""
        self.execute(
            "statement_outbox",
            "DELETE FROM lti_tool.statement_outbox WHERE tenant_id = :tenant AND "
            "convert_from(payload, 'UTF8') LIKE :like",
        )
        # Uploads that await confirmation may name anybody; whoever uploaded them can upload them
        # again.
        self.execute("upload", "DELETE FROM lti_tool.upload WHERE tenant_id = :tenant")


def _count_references(owner: Connection, table: str, column: str, values: dict[str, Any]) -> int:
    query = text(
        f"SELECT count(*) FROM lti_tool.{table} WHERE tenant_id = :tenant AND {column} = :person"  # noqa: S608 - constants of this file
    )
    return int(owner.execute(query, values).scalar_one())


def mark_tool_erased(
    owner: Connection, tenant_id: int, request_id: uuid.UUID, at: datetime
) -> None:
    """Record that the tool has erased the person."""
    owner.execute(
        update(erasure)
        .where(erasure.c.tenant_id == tenant_id, erasure.c.id == request_id)
        .values(tool_done_at=at)
    )


def mark_erasure_done(
    owner: Connection, tenant_id: int, request_id: uuid.UUID, at: datetime
) -> None:
    """Record that the tool and the record store have both erased the person; drops the person's
    id."""
    owner.execute(
        update(erasure)
        .where(erasure.c.tenant_id == tenant_id, erasure.c.id == request_id)
        .values(done_at=at, person_id=None, problem="")
    )
