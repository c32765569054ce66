"""From learning to work: the map, the plan with its history, exercise and case study with their
answers, uses that somebody confirms.
"""

from __future__ import annotations

import io
import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from lrs.vocabulary import EXTENSIONS, VERBS
from lti_tool.transfer import transfer_protocol
from tests.support.listed_people import grant, person
from tests.support.quizzes import statements, verbs
from tests.support.tool import Tool
from tests.support.visits import NOW, confirm, hand_in, report, said, send, visit


def test_what_is_due_is_scheduled_with_the_certification(tool: Tool, home: str) -> None:
    learner = str(person(tool, "SIS-L").id)
    mine = [one for one in said(tool, "scheduled") if one["actor"]["account"]["name"] == learner]
    named = {
        one["object"]["definition"]["name"]["en"].split(": ")[1]: one["context"]["extensions"][
            EXTENSIONS["due_date"]
        ]
        for one in mine
    }
    assert {"exercise", "exercise review", "case study", "feedback", "transfer plan"} <= set(named)
    days = {
        name: (datetime.fromisoformat(at) - NOW).total_seconds() / 86_400
        for name, at in named.items()
    }
    for name, due in (
        ("exercise", 4),
        ("transfer plan", 7),
        ("exercise review", 7),
        ("case study", 23),
        ("feedback", 30),
    ):
        assert due - 0.1 <= days[name] <= due + 1.1, name
    page = tool.get(f"{home}work")
    assert page.text.count("due on") == 6, "five of the protocol, and the look at the work"


def test_an_exercise_goes_to_the_mentor_and_its_answer_comes_back(tool: Tool, home: str) -> None:
    done = hand_in(tool, home, file=(io.BytesIO(b"%PDF real data"), "my mail.pdf"))
    assert "It is handed in." in done.text and "my mail.pdf" in done.text
    asked = {
        row[0]
        for row in tool.sql(
            "SELECT p.external_id FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = "
            "m.person_id WHERE m.kind = 'review'"
        )
    }
    assert asked == {"E8", "E9"}
    inbox = visit(tool, "E8")
    page = tool.get(f"{inbox}inbox")
    assert "I looked at the domain first." in page.text and "Learner" in page.text
    address = page.text.split(f'href="{inbox}documents/')[1].split('"')[0]
    file = tool.get(f"{inbox}documents/{address}")
    assert (
        file.data == b"%PDF real data"
        and file.headers["Content-Disposition"].startswith("attachment")
        and "sandbox" in file.headers["Content-Security-Policy"]
    )
    target = page.text.split("/inbox/reviews/")[1].split('"')[0]
    answered = tool.post(
        f"{inbox}inbox/reviews/{target}",
        page,
        good="You slowed down.",
        next_step="Report it, too.",
        weak_content="No example of a voice mail.",
    )
    assert (
        "Your answer is with the learner." in answered.text
        and "Nothing waits for you" in answered.text
    )
    again = send(
        tool, inbox, f"inbox/reviews/{target}", good="Other", next_step="Other", weak_content=""
    )
    assert again.status_code == 200 and tool.rows("review") == 1, "the first answer stands"
    mine = tool.get(f"{visit(tool, 'SIS-L')}work")
    assert "You slowed down." in mine.text and "voice mail" not in mine.text, (
        "what the training left open goes to its owner"
    )
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    office = tool.launch("launch-resource-teacher").location
    owner = tool.get(f"{office}programmes/phishing-response/left-open")
    assert "No example of a voice mail." in owner.text and "Learner" not in owner.text, (
        "it names nobody"
    )
    reviewed = said(tool, "reviewed")[0]
    assert reviewed["context"]["extensions"][EXTENSIONS["relation"]] == "mentor"
    assert reviewed["context"]["instructor"]["account"]["name"] == str(person(tool, "E8").id)
    assert not any(
        word in json.dumps(statements(tool)) for word in ("slowed", "domain first", "my mail")
    ), "no words of people in the record store"
    late = hand_in(tool, visit(tool, "SIS-L"), words="Changed")
    assert late.status_code == 409 and "stays as it is" in late.text


def test_it_can_change_until_somebody_answers(tool: Tool, home: str) -> None:
    hand_in(tool, home, "case-study", file=(io.BytesIO(b"one"), "one.txt"))
    changed = hand_in(tool, home, "case-study", words="Better words.")
    assert "Better words." in changed.text and "one.txt" in changed.text, (
        "a file that was not chosen again stays"
    )
    assert [len(said(tool, "submitted")), tool.rows("handed_in"), tool.rows("document")] == [
        2,
        1,
        1,
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"words": ""},
        {"task": "none"},
        {"words": "x" * 5_001},
        {"file": (io.BytesIO(b"x" * 1_001), "big.bin")},
    ],
)
def test_what_cannot_be_taken_says_why_and_keeps_nothing(
    tool: Tool, home: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_protocol, "MAX_FILE_BYTES", 1_000)
    before = verbs(tool)
    answer = hand_in(tool, home, **fields)
    assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert tool.rows("handed_in") == 0 and verbs(tool) == before


def test_nobody_else_sees_or_answers_it(tool: Tool, home: str) -> None:
    hand_in(tool, home, file=(io.BytesIO(b"secret"), "f.txt"))
    document = tool.sql("SELECT document_id FROM lti_tool.handed_in")[0][0]
    other = visit(tool, "E7")
    assert tool.get(f"{other}documents/{document}").status_code == 404
    inbox = tool.get(f"{other}inbox")
    assert (
        "I looked at the domain first." not in inbox.text
        and "Nobody is named here whom you lead or accompany" in inbox.text
    )
    handed = tool.sql("SELECT id FROM lti_tool.handed_in")[0][0]
    assert (
        send(
            tool, other, f"inbox/reviews/{handed}", good="Good", next_step="Next", weak_content=""
        ).status_code
        == 403
    )
    assert tool.rows("review") == 0
    page = tool.get(f"{other}work")
    assert page.status_code == 404, "no certification, no protocol"


def test_the_one_who_confirms_decides_the_evidence_grade(tool: Tool, home: str) -> None:
    use = report(tool, home)
    first = said(tool, "applied")[0]
    assert first["context"]["extensions"][EXTENSIONS["evidence_grade"]] == 1
    assert "Your answer is saved." in confirm(tool, "E8", use).text
    assert tool.sql("SELECT grade, revision FROM lti_tool.job_use") == [(2, 2)]
    confirm(tool, "E9", use)
    assert tool.sql("SELECT grade, revision FROM lti_tool.job_use") == [(3, 3)]
    applied, voided = said(tool, "applied"), said(tool, "voided")
    grades = {
        one["id"]: one["context"]["extensions"][EXTENSIONS["evidence_grade"]] for one in applied
    }
    assert list(grades.values()) == [1, 2, 3]
    assert [one["object"]["id"] for one in voided] == list(grades)[:2], (
        "each takes the place of the one before"
    )
    assert {one["timestamp"] for one in applied} == {first["timestamp"]}, (
        "it happened when it happened"
    )
    assert "(confirmed by your manager)" in tool.get(f"{visit(tool, 'SIS-L')}plan").text


def test_who_could_not_see_it_leaves_the_grade_as_it_is(tool: Tool, home: str) -> None:
    use = report(tool, home)
    confirm(tool, "E9", use, seen="no")
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(1,)] and not said(tool, "confirmed")
    confirm(tool, "E9", use)
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(1,)], "what was said stands"


def test_nobody_confirms_their_own_use(tool: Tool, home: str) -> None:
    use = report(tool, home)
    assert send(tool, home, f"inbox/uses/{use}", seen="yes", words="").status_code == 403
    assert confirm(tool, "E7", use).status_code == 403
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(1,)]


def test_a_plan_is_revised_with_its_history(tool: Tool, home: str) -> None:
    report(tool, home)
    page = tool.get(f"{home}plan")
    fields = {
        "task": "calls",
        "what": "Ask who is calling",
        "by_when": NOW.date().isoformat(),
        "with_whom": "",
        "evidence": "",
        "obstacle": "",
    }
    revised = tool.post(f"{home}plan", page, act="commit", **fields)
    assert (
        "Ask who is calling" in revised.text
        and "What it was before" in revised.text
        and "Look at the domain first" in revised.text
    )
    tool.post(f"{home}plan", revised, act="commit", **fields)
    assert tool.rows("plan_revision") == 2, "sent twice, it is revised once"
    assert [len(said(tool, "committed")), len(said(tool, "updated"))] == [1, 1]
    bad = tool.post(f"{home}plan", revised, act="commit", **{**fields, "what": ""})
    assert bad.status_code == 400 and tool.rows("plan_revision") == 2


def test_the_map_starts_from_the_list_and_takes_the_learner_s_own(tool: Tool, home: str) -> None:
    page = tool.get(f"{home}work")
    assert "Still without a task: Recognise a false message" in page.text
    page = tool.post(f"{home}tasks", page, competency="recognise", task="inbox", title="")
    page = tool.post(
        f"{home}tasks",
        page,
        competency="verify",
        task="",
        title="Orders by phone from the warehouse",
    )
    page = tool.post(
        f"{home}tasks",
        page,
        competency="verify",
        task="",
        title="Orders  by phone from the warehouse",
    )
    assert "The task is on your map." in page.text and tool.rows("mapped_task") == 2
    assert "Orders by phone from the warehouse" in tool.get(f"{home}plan").text, (
        "it can be chosen for the plan"
    )
    assert len(said(tool, "mapped")) == 2 and "warehouse" not in json.dumps(statements(tool))
    key = tool.sql("SELECT key FROM lti_tool.mapped_task WHERE own")[0][0]
    tool.post(f"{home}tasks/drop", page, key=key)
    assert tool.rows("mapped_task") == 1


def test_a_manager_adds_a_task_for_somebody(tool: Tool, home: str) -> None:
    episode = tool.sql(
        "SELECT id FROM lti_tool.episode WHERE person_id = :id", id=person(tool, "SIS-L").id
    )[0][0]
    boss = visit(tool, "E9")
    hand_in(tool, home)
    page = tool.get(f"{boss}inbox")
    tool.post(
        f"{boss}inbox/tasks/{episode}", page, competency="report", task="", title="Morning round"
    )
    assert "Morning round" in tool.get(f"{visit(tool, 'SIS-L')}work").text


def test_no_opportunity_is_an_honest_answer(tool: Tool, home: str) -> None:
    page = tool.get(f"{home}work")
    form_id = str(uuid.uuid4())
    for _ in range(2):
        told = tool.post(f"{home}no-opportunity", page, form_id=form_id, words="I was away.")
    assert "Thank you for the honest answer." in told.text
    assert tool.rows("no_opportunity") == 1 and len(said(tool, "had-no-opportunity")) == 1
    assert "away" not in json.dumps(statements(tool))


def test_two_questions_three_months_after_the_first_verified_use(tool: Tool, home: str) -> None:
    use = report(tool, home)
    assert "two questions" not in tool.get(f"{home}work").text
    confirm(tool, "E9", use)
    assert (
        tool.sql("SELECT count(*) FROM lti_tool.scheduled_act WHERE act = 'follow-up'")[0][0] == 1
    )
    assert (
        tool.post(
            f"{home}follow-up", tool.get(f"{home}work"), still="yes", how_often="weekly"
        ).status_code
        == 400
    ), "not yet"
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = now() - interval '1 hour' WHERE act = "
        "'follow-up'"
    )
    home = visit(tool, "SIS-L")
    page = tool.get(f"{home}work")
    assert "Three months later: two questions" in page.text
    tool.post(f"{home}follow-up", page, still="yes", how_often="weekly")
    assert "Three months later" not in tool.get(f"{home}work").text
    mentor, episode = (
        visit(tool, "E8"),
        tool.sql(
            "SELECT id FROM lti_tool.episode WHERE person_id = :id", id=person(tool, "SIS-L").id
        )[0][0],
    )
    assert (
        send(
            tool, mentor, f"inbox/follow-ups/{episode}", still="no", how_often="rarely"
        ).status_code
        == 403
    ), "the supervisor is asked"
    boss = visit(tool, "E9")
    page = tool.get(f"{boss}inbox")
    episode = page.text.split("/inbox/follow-ups/")[1].split('"')[0]
    tool.post(f"{boss}inbox/follow-ups/{episode}", page, still="no", how_often="rarely")
    assert [
        (one["result"]["success"], one["context"]["extensions"][EXTENSIONS["relation"]])
        for one in said(tool, "responded")
    ] == [
        (True, "learner"),
        (False, "manager"),
    ]


def test_a_mentor_of_a_course_reads_nobody_s_work(tool: Tool) -> None:
    """Whom somebody accompanies, the list of people says: a role in a course opens no inbox of its
    learners.
    """
    learner = tool.launch().location
    hand_in(tool, learner)
    mentor = tool.launch(
        "launch-resource-teacher",
        sub="77",
        **{
            "https://purl.imsglobal.org/spec/lti/claim/roles": [
                "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"
            ]
        },
    ).location
    page = tool.get(f"{mentor}inbox")
    assert "I looked at the domain first." not in page.text


def test_every_statement_equals_the_row_that_caused_it(tool: Tool, home: str) -> None:
    hand_in(tool, home)
    use = report(tool, home)
    confirm(tool, "E8", use)
    learner = str(person(tool, "SIS-L").id)
    mine = [one for one in statements(tool) if one["actor"]["account"]["name"] == learner]
    names = {verb.id: name for name, verb in VERBS.items()}
    counted = {
        name: sum(names[one["verb"]["id"]] == name for one in mine) for name in names.values()
    }
    rows = {"submitted": "handed_in", "committed": "plan", "confirmed": "confirmation"}
    assert {verb: counted[verb] for verb in rows} == {
        verb: tool.rows(table) for verb, table in rows.items()
    }
    assert (
        counted["scheduled"]
        == tool.sql(
            "SELECT (SELECT count(*) FROM lti_tool.scheduled_check c JOIN lti_tool.episode e ON "
            "e.id = c.episode_id WHERE e.person_id = :id) + (SELECT count(*) FROM "
            "lti_tool.scheduled_act a JOIN lti_tool.episode e ON e.id = a.episode_id WHERE "
            "e.person_id = :id)",
            id=uuid.UUID(learner),
        )[0][0]
    )
    handed = next(one for one in mine if names[one["verb"]["id"]] == "submitted")
    assert (
        handed["timestamp"][:19]
        == tool.sql(
            "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM "
            "lti_tool.handed_in"
        )[0][0]
    )


def test_no_learner_reads_that_an_answer_to_nothing_is_late(tool: Tool, home: str) -> None:
    """Somebody who hands nothing in read "! Answer to your exercise · was due"; who hands in late
    was answered late the moment it arrived.
    """
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = now() - interval '2 days' WHERE act IN "
        "('exercise', 'exercise review')"
    )
    page = tool.get(f"{home}work").text
    steps = page.split('class="schedule"')[1].split("</ul>")[0].split("<li>")
    answer = next(step for step in steps if "Answer to your exercise" in step)
    assert "comes once you have submitted" in answer
    assert "bad" not in answer and "was due" not in answer
    hand_in(tool, home)
    page = tool.get(f"{home}work").text
    steps = page.split('class="schedule"')[1].split("</ul>")[0].split("<li>")
    answer = next(step for step in steps if "Answer to your exercise" in step)
    assert "due on" in answer and "bad" not in answer
