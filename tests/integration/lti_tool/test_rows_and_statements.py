"""Every statement equals the row that caused it; the same form sent by several at once is taken
once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.clock import parse_instant
from lrs.vocabulary import EXTENSIONS, VERBS
from lti_tool.assessment import behaviour_assessment
from lti_tool.base import sessions_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import item_remarks
from lti_tool.coaching import coaching_groups
from lti_tool.transfer import transfer_plan, transfer_protocol
from tests.support.assessments import LEVELS, assess, episode, group
from tests.support.listed_people import person
from tests.support.quizzes import statements
from tests.support.tool import Tool
from tests.support.visits import confirm, hand_in, home, report, send, visit

__all__ = ["group", "home"]
NOW = datetime.now(UTC)
AT_ONCE = 4


def said(tool: Tool, verb: str, learner: uuid.UUID) -> list[dict[str, Any]]:
    """Statements of a learner that hold: what was made void is left out."""
    every = statements(tool)
    void = {one["object"]["id"] for one in every if one["verb"]["id"] == VERBS["voided"].id}
    return [
        one
        for one in every
        if one["verb"]["id"] == VERBS[verb].id
        and one["id"] not in void
        and one["actor"]["account"]["name"] == str(learner)
    ]


def everything(tool: Tool) -> uuid.UUID:
    """A learner does, and is given, all that there is; gives the learner."""
    mine = visit(tool, "SIS-L")
    page = tool.get(f"{mine}work")
    tool.post(f"{mine}tasks", page, competency="verify", task="", title="Invoices")
    for kind in ("exercise", "case-study"):
        hand_in(tool, mine, kind)
        hand_in(tool, mine, kind, words="Better words.")
    handed = tool.sql("SELECT id FROM lti_tool.handed_in WHERE kind = 'exercise'")[0][0]
    send(
        tool,
        visit(tool, "E8"),
        f"inbox/reviews/{handed}",
        good="Good",
        next_step="Next",
        weak_content="",
    )
    mine = visit(tool, "SIS-L")
    use = report(tool, mine)
    confirm(tool, "E8", use)
    confirm(tool, "E9", use)
    mine = visit(tool, "SIS-L")
    tool.post(f"{mine}no-opportunity", tool.get(f"{mine}work"), form_id=str(uuid.uuid4()), words="")
    assess(tool, "E8")
    mine = visit(tool, "SIS-L")
    send(tool, mine, "assessments/form", form_id=str(uuid.uuid4()), **LEVELS)
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET opens_at = now() - interval '1 hour', due_at = "
        "due_at WHERE interval = '1d'"
    )
    page = tool.post(f"{mine}checks/1d", tool.get(f"{mine}today"))
    path = page.request.path
    for position in range(1, 6):
        page = tool.post(path, page, position=position, choice="ab"[position % 2])
    return person(tool, "SIS-L").id


def test_every_statement_equals_the_row_that_caused_it(tool: Tool, home: str) -> None:
    learner = everything(tool)
    mine = episode(tool, "SIS-L")

    def extension(one: dict[str, Any], name: str) -> Any:
        return one["context"]["extensions"].get(EXTENSIONS[name])

    def rows(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tool.sql(query, mine=mine)]

    answers = rows(
        "SELECT a.item, a.response, a.correct FROM lti_tool.answer a JOIN lti_tool.attempt t ON "
        "t.id = a.attempt_id WHERE t.episode_id = :mine"
    )
    told = [
        (one["object"]["id"].rsplit("/", 1)[1], one["result"]["response"], one["result"]["success"])
        for one in said(tool, "answered", learner)
    ]
    assert Counter(told) == Counter(answers) and len(answers) == 5
    dues = {
        (row[0], row[1])
        for row in rows(
            "SELECT 'checks/' || interval, due_at FROM lti_tool.scheduled_check WHERE episode_id "
            "= :mine"
        )
    }
    acts = {
        (row[0], row[1])
        for row in rows(
            "SELECT act, due_at FROM lti_tool.scheduled_act WHERE episode_id = :mine AND act <> "
            "'plan'"
        )
    }
    scheduled = {
        (one["object"]["id"], parse_instant(extension(one, "due_date")))
        for one in said(tool, "scheduled", learner)
    }
    millisecond = timedelta(milliseconds=1)
    for name, at in dues | acts:
        assert any(
            iri.endswith(f"/{name.replace(' ', '-')}") and abs(due - at) <= millisecond
            for iri, due in scheduled
        ), name
    (plan,) = rows("SELECT p.id, p.task, p.by_when FROM lti_tool.plan p WHERE p.episode_id = :mine")
    (committed,) = said(tool, "committed", learner)
    assert (
        committed["object"]["id"].endswith(str(plan[0]))
        and parse_instant(extension(committed, "due_date")).date() == plan[2]
    )
    (use,) = rows(
        "SELECT u.task, u.grade, u.used_on FROM lti_tool.job_use u JOIN lti_tool.plan p ON p.id "
        "= u.plan_id WHERE p.episode_id = :mine"
    )
    (applied,) = said(tool, "applied", learner)
    assert (
        (applied["object"]["id"].rsplit("/", 1)[1], extension(applied, "evidence_grade"))
        == use[:2]
        == ("inbox", 3)
    )
    confirmations = rows("SELECT c.person_id, c.grade FROM lti_tool.confirmation c WHERE seen")
    assert {
        (one["context"]["instructor"]["account"]["name"], extension(one, "evidence_grade"))
        for one in said(tool, "confirmed", learner)
    } == {(str(who), grade) for who, grade in confirmations}
    handed = rows("SELECT kind, revision FROM lti_tool.handed_in WHERE episode_id = :mine")
    kinds = Counter(
        one["object"]["id"].rsplit("/", 1)[1].replace("-", " ")
        for one in said(tool, "submitted", learner)
    )
    assert kinds == Counter(dict(handed)), "one statement a state"
    reviews = rows(
        "SELECT r.reviewer_id, r.relation FROM lti_tool.review r JOIN lti_tool.handed_in h ON "
        "h.id = r.handed_in_id WHERE h.episode_id = :mine"
    )
    assert [
        (one["context"]["instructor"]["account"]["name"], extension(one, "relation"))
        for one in said(tool, "reviewed", learner)
    ] == [(str(who), relation) for who, relation in reviews]
    assessments = [
        (*row[:3], sorted(row[3].items()))
        for row in rows(
            "SELECT rater_id, relation, method, levels FROM lti_tool.assessment WHERE episode_id "
            "= :mine"
        )
    ]
    given = [
        (
            uuid.UUID(one["context"]["instructor"]["account"]["name"]),
            extension(one, "relation"),
            extension(one, "method") or "",
            sorted(
                (line["criterion"], line["level"])
                for line in one["result"]["extensions"][EXTENSIONS["rubric_scores"]]
            ),
        )
        for one in said(tool, "assessed", learner)
    ]
    assert sorted(map(str, given)) == sorted(map(str, assessments)) and len(given) == 2
    assert (
        len(said(tool, "mapped", learner))
        == rows("SELECT count(*) FROM lti_tool.mapped_task WHERE episode_id = :mine")[0][0]
    )
    assert (
        len(said(tool, "had-no-opportunity", learner))
        == rows("SELECT count(*) FROM lti_tool.no_opportunity WHERE episode_id = :mine")[0][0]
        == 1
    )
    everybody = statements(tool)
    assert len({one["id"] for one in everybody}) == len(everybody), "no id twice"
    of_mine = [one for one in everybody if one["context"].get("registration") == str(mine)]
    assert {one["context"]["extensions"][EXTENSIONS["programme_version"]] for one in of_mine} == {
        "1"
    }


def session_of(tool: Tool, external_id: str) -> LaunchSession:
    visit_id = uuid.UUID(visit(tool, external_id).split("/")[2])
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        found = sessions_store.load_session(connection, tool.tenant_id, visit_id)
    assert found is not None
    return replace(found, roles=frozenset(("learner", "mentor", "manager")))


def _use(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    mine = visit(tool, "SIS-L")
    report(tool, mine)
    who = session_of(tool, "SIS-L")
    return lambda: transfer_plan.report_job_use(
        tool.deps.unit_of_work,
        session=who,
        form_id=form,
        task="inbox",
        used_on=NOW.date(),
        words="",
        now=NOW,
    )


def _confirmation(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    use = report(tool, visit(tool, "SIS-L"))
    who = session_of(tool, "E9")
    return lambda: transfer_protocol.confirm_use(
        tool.deps.unit_of_work, session=who, use_id=use, seen=True, words="", now=NOW
    )


def _review(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    hand_in(tool, visit(tool, "SIS-L"))
    handed = tool.sql("SELECT id FROM lti_tool.handed_in")[0][0]
    who = session_of(tool, "E8")
    return lambda: transfer_protocol.review_work(
        tool.deps.unit_of_work,
        session=who,
        handed_id=handed,
        good="Good",
        next_step="Next",
        weak_content="",
        now=NOW,
    )


def _assessment(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    who, whose = session_of(tool, "E8"), episode(tool, "SIS-L")
    levels = {name.removeprefix("level-"): value for name, value in LEVELS.items()}
    return lambda: behaviour_assessment.submit_assessment(
        tool.deps.unit_of_work,
        session=who,
        form_id=form,
        episode_id=whose,
        method="watching",
        levels=levels,
        words="",
        now=NOW,
    )


def _case(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    who = session_of(tool, "E8")
    return lambda: behaviour_assessment.submit_calibration(
        tool.deps.unit_of_work,
        session=who,
        programme="phishing-response",
        case_key="second-signature",
        levels={"second-way": "3"},
        now=NOW,
    )


def _no_opportunity(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    who = session_of(tool, "SIS-L")
    return lambda: transfer_protocol.report_no_opportunity(
        tool.deps.unit_of_work, session=who, form_id=form, words="", now=NOW
    )


def _meeting(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    tool.sql("UPDATE lti_tool.meeting SET at = now() WHERE number = 1")
    meeting = tool.sql("SELECT id FROM lti_tool.meeting WHERE number = 1")[0][0]
    who, there = session_of(tool, "SIS-L"), [str(episode(tool, "SIS-L"))]
    return lambda: coaching_groups.record_meeting(
        tool.deps.unit_of_work,
        session=who,
        meeting_id=meeting,
        present_keys=there,
        now=datetime.now(UTC),
    )


def _remark(tool: Tool, form: uuid.UUID) -> Callable[[], object]:
    mine = visit(tool, "SIS-L")
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET opens_at = now() - interval '1 hour' WHERE interval "
        "= '1d'"
    )
    page = tool.post(f"{mine}checks/1d", tool.get(f"{mine}today"))
    attempt = uuid.UUID(page.request.path.rsplit("/", 1)[1])
    tool.post(page.request.path, page, position=1, choice="a")
    who = session_of(tool, "SIS-L")
    return lambda: item_remarks.save_remark(
        tool.deps.unit_of_work,
        session=who,
        form_id=form,
        attempt_id=attempt,
        position=1,
        words="Unclear.",
        now=NOW,
    )


@pytest.mark.parametrize(
    ("prepare", "verb", "count"),
    [
        (_use, "applied", 2),  # the one of the preparation, and this one
        (_confirmation, "confirmed", 1),
        (_review, "reviewed", 1),
        (_assessment, "assessed", 1),
        (_case, "assessed", 1),
        (_no_opportunity, "had-no-opportunity", 1),
        (_meeting, "attended", 1),
        (_remark, "commented", 1),
    ],
)
def test_sent_by_several_at_once_it_is_taken_once(
    tool: Tool,
    group: str,
    prepare: Callable[[Tool, uuid.UUID], Callable[[], object]],
    verb: str,
    count: int,
) -> None:
    act = prepare(tool, uuid.uuid4())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(act) for _ in range(AT_ONCE)]:
            done.result()
    every = statements(tool)
    void = {one["object"]["id"] for one in every if one["verb"]["id"] == VERBS["voided"].id}
    assert (
        sum(one["verb"]["id"] == VERBS[verb].id and one["id"] not in void for one in every) == count
    )
