"""Erasing a person leaves no trace in any table of the tool; what others are given by that person
stays theirs, from nobody.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.database import make_engine
from lti_tool.nudges import reminders
from lti_tool.people import people_import, person_reference_columns
from lti_tool.privacy import erasure_store, person_erasure
from lti_tool.tables.metadata import metadata
from tests.support.listed_people import grant, person
from tests.support.mailbox import press, sign_in
from tests.support.tool import Tool
from tests.support.visits import confirm, hand_in, home, report, send, visit

__all__ = ["home"]  # the fixture of a learner with a manager and a mentor
NOW = datetime.now(UTC)


@pytest.fixture
def owner(tool: Tool) -> Any:
    """The database's owner, who alone may change the audit record."""
    engine = make_engine(str(tool.deps.settings.migration_url))
    yield engine
    engine.dispose()


def traces(owner: Engine, marks: list[str]) -> list[str]:
    """Every table that still holds one of these texts."""
    found = []
    with owner.connect() as connection:
        for table in metadata.tables.values():
            rows = (
                connection.execute(text(f"SELECT t::text FROM lti_tool.{table.name} t"))  # noqa: S608 - names of our tables
                .scalars()
                .all()
            )
            found += [
                f"{table.name}: {mark}"
                for mark in marks
                for row in rows
                if mark.lower() in row.lower()
            ]
        payloads = (
            connection.execute(
                text("SELECT convert_from(payload, 'UTF8') FROM lti_tool.statement_outbox")
            )
            .scalars()
            .all()
        )
        found += [
            f"statement_outbox: {mark}"
            for mark in marks
            for row in payloads
            if mark.lower() in row.lower()
        ]
        documents = (
            connection.execute(text("SELECT content FROM lti_tool.document")).scalars().all()
        )
        found += ["document" for one in documents if b"secret words" in bytes(one)]
    return found


def busy(tool: Tool, home: str) -> None:
    """A learner who did everything there is to do."""
    hand_in(tool, home, words="secret words")
    hand_in(tool, home, "case-study", words="secret words", task="calls")
    use = report(tool, home)
    confirm(tool, "E9", use)
    page = tool.get(f"{home}work")
    tool.post(f"{home}tasks", page, competency="verify", task="", title="secret words")
    tool.post(f"{home}no-opportunity", page, form_id=str(uuid.uuid4()), words="secret words")
    reminders.queue_reminders(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=NOW + timedelta(days=1)
    )
    tool.post(f"{home}quizzes/practice", tool.get(f"{home}today"))
    levels = {"level-second-way": "3"}
    send(tool, home, "assessments/form", form_id=str(uuid.uuid4()), words="secret words", **levels)
    send(
        tool,
        home,
        "assessments/wishes",
        form_id=str(uuid.uuid4()),
        rater=str(person(tool, "E9").id),
        words="secret words",
    )
    episode = tool.sql("SELECT episode_id FROM lti_tool.assessment")[0][0]
    send(
        tool,
        visit(tool, "E8"),
        f"assessments/form/{episode}",
        form_id=str(uuid.uuid4()),
        method="watching",
        words="Calm.",
        **levels,
    )
    send(
        tool,
        visit(tool, "E8"),
        "assessments/cases/phishing-response",
        case="second-signature",
        **levels,
    )


def test_nothing_of_a_learner_is_left(tool: Tool, home: str, owner: Engine) -> None:
    busy(tool, home)
    learner = person(tool, "SIS-L")
    marks = [str(learner.id), "learner@example.org", "SIS-L", "secret words", "Learner seventeen"]
    assert len({one.split(":")[0] for one in traces(owner, marks)}) >= 6, (
        "the search finds what is there"
    )
    others = tool.sql("SELECT count(*) FROM lti_tool.person")[0][0]
    ours = person_erasure.erase_person(
        owner, tenant_id=tool.tenant_id, named="learner@example.org", who="test", now=NOW
    )
    assert ours.agent["account"]["name"] == str(learner.id) and ours.removed["episode"] == 1
    left = traces(owner, marks)
    assert left == [f"erasure: {learner.id}"], "the request alone, until the record store is done"
    again = person_erasure.erase_person(
        owner, tenant_id=tool.tenant_id, named=str(learner.id), who="test", now=NOW
    )
    assert again.request.id == ours.request.id and again.removed == {}, "interrupted, it goes on"
    person_erasure.finish_erasure(
        owner, tenant_id=tool.tenant_id, request_id=ours.request.id, now=NOW
    )
    assert traces(owner, marks) == []
    assert tool.sql("SELECT count(*) FROM lti_tool.person")[0][0] == others - 1
    assert tool.get(f"{home}today").status_code == 401, "a running visit ends"


def test_what_a_reviewer_gave_to_others_stays_theirs(tool: Tool, home: str, owner: Engine) -> None:
    busy(tool, home)
    handed = tool.sql("SELECT id FROM lti_tool.handed_in WHERE kind = 'exercise'")[0][0]
    send(
        tool,
        visit(tool, "E8"),
        f"inbox/reviews/{handed}",
        good="Well done.",
        next_step="Go on.",
        weak_content="",
    )
    mentor = person(tool, "E8")
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    ours = person_erasure.erase_person(
        owner, tenant_id=tool.tenant_id, named="E8", who="test", now=NOW
    )
    person_erasure.finish_erasure(
        owner, tenant_id=tool.tenant_id, request_id=ours.request.id, now=NOW
    )
    assert traces(owner, [str(mentor.id), "mentor@example.org"]) == []
    page = tool.get(f"{visit(tool, 'SIS-L')}work")
    assert "Well done." in page.text and "Your reviewer answered" in page.text
    assert "Calm." in tool.get(f"{visit(tool, 'SIS-L')}assessments").text, (
        "the assessment stays, by nobody"
    )
    assert tool.rows("calibration") == 0
    assert person(tool, "SIS-L").mentor_id is None


def test_what_somebody_did_as_training_manager_becomes_nobody_s(
    tool: Tool, home: str, owner: Engine
) -> None:
    directory = b"id,name,email\nT1,Teacher one,t1@example.org\n"
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=directory,
        apply=True,
        who="test",
        now=NOW,
    )
    teacher = person(tool, "T1")
    tool.sql(
        "INSERT INTO lti_tool.role_grant (tenant_id, person_id, role, granted_by) VALUES "
        "(:tenant, :person, 'training manager', 'test')",
        tenant=tool.tenant_id,
        person=teacher.id,
    )
    office = f"/t/{press(tool, sign_in(tool, 't1@example.org')).request.path.split('/')[2]}/"
    send(tool, office, "programmes/", title="Begun by somebody", copy_of="")
    assert traces(owner, ["Teacher one"])
    ours = person_erasure.erase_person(
        owner, tenant_id=tool.tenant_id, named="T1", who="test", now=NOW
    )
    person_erasure.finish_erasure(
        owner, tenant_id=tool.tenant_id, request_id=ours.request.id, now=NOW
    )
    assert traces(owner, ["Teacher one", str(teacher.id), "t1@example.org"]) == []
    assert (
        tool.sql(
            "SELECT count(*) FROM lti_tool.programme_draft WHERE saved_by = :who",
            who=erasure_store.ERASED_NAME,
        )[0][0]
        == 1
    )


def test_no_summary_of_the_week_names_who_was_erased(tool: Tool, home: str, owner: Engine) -> None:
    hand_in(tool, home)
    tool.sql("DELETE FROM lti_tool.mail")
    tool.sql("UPDATE lti_tool.person SET time_zone = 'UTC', working_days = '{1,2,3,4,5,6,7}'")
    tool.sql(
        "INSERT INTO lti_tool.mail_stop (tenant_id, person_id, kind) SELECT tenant_id, id, "
        "'prompt' FROM lti_tool.person"
    )
    morning = (NOW + timedelta(days=1)).replace(hour=9)
    reminders.queue_reminders(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=morning)
    assert tool.sql("SELECT count(*) FROM lti_tool.mail WHERE words LIKE '%seventeen%'") == [(2,)]
    person_erasure.erase_person(
        owner, tenant_id=tool.tenant_id, named="learner@example.org", who="test", now=NOW
    )
    assert traces(owner, ["Learner seventeen"]) == []


def test_every_table_that_points_at_people_is_known(owner: Engine) -> None:
    """A new table that names people or their episodes must say what an erasure does with it."""
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.conrelid::regclass::text AS child, a.attname AS name FROM pg_constraint c"
                " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
                " WHERE c.contype = 'f' AND c.confrelid IN ('lti_tool.person'::regclass, "
                "'lti_tool.episode'::regclass, 'lti_tool.attempt'::regclass,"
                " 'lti_tool.plan'::regclass, 'lti_tool.job_use'::regclass, "
                "'lti_tool.handed_in'::regclass)"
            )
        ).all()
    known = {
        *erasure_store.OWNED_ROWS,
        *(table for table, _ in person_reference_columns.ACTOR_COLUMNS),
        *(table for table, _ in person_reference_columns.LEADER_COLUMNS),
    }
    assert {row.child.removeprefix("lti_tool.") for row in rows} <= known
    mentioned = {
        f"{table}.{column}"
        for table, column in (
            *person_reference_columns.ACTOR_COLUMNS,
            *person_reference_columns.LEADER_COLUMNS,
        )
    }
    for row in rows:
        table = row.child.removeprefix("lti_tool.")
        assert (
            row.name in erasure_store.OWNED_ROWS.get(table, "")
            or f"{table}.{row.name}" in mentioned
        ), row


def test_a_person_looks_at_it_takes_it_along_and_asks_for_its_end(tool: Tool, home: str) -> None:
    busy(tool, home)
    page = tool.get(f"{home}me")
    assert "What you submitted: 2" in page.text and "Your transfer plan: 1" in page.text
    handed = tool.sql("SELECT id FROM lti_tool.handed_in WHERE kind = 'exercise'")[0][0]
    send(
        tool,
        visit(tool, "E8"),
        f"inbox/reviews/{handed}",
        good="Well done.",
        next_step="Go on.",
        weak_content="of no use",
    )
    home = visit(tool, "SIS-L")
    data = tool.get(f"{home}me/data.json").json
    assert "Well done." in str(data) and "of no use" not in str(data), (
        "what a reviewer told the training's owner is not about the learner"
    )
    assert (
        data["tables"]["handed_in"][0]["words"] == "secret words" and "launch" not in data["tables"]
    )
    assert not any("secret_hash" in str(rows) for rows in data["tables"].values())
    page = tool.get(f"{home}me")
    for _ in range(2):
        asked = tool.post(f"{home}me/erase", page, sure="1")
    assert "You asked for it on" in asked.text and tool.rows("erasure") == 1
    assert [
        name
        for _, name in person_erasure.list_open_requests(
            tool.deps.unit_of_work, tenant_id=tool.tenant_id
        )
    ] == ["Learner seventeen"]
