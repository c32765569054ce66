"""What learners and teachers do: each act and its statements are one transaction; forms sent twice
act once.
"""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text

from carryover.sample_programme import sample_document
from lrs.vocabulary import EXTENSIONS, VERBS
from tests.support.quizzes import choices, open_check, right_choice, statements, verbs, where
from tests.support.tool import Tool


def learnt(tool: Tool) -> list[str]:
    """The verbs of what the learner did: being here, and what followed the certification by itself,
    are left out.
    """
    return [
        verb
        for verb in verbs(tool)
        if verb not in ("registered", "certified", "scheduled", "logged-in")
    ]


def test_certifying_schedules_only_the_checks_that_can_still_be_met(tool: Tool) -> None:
    assert verbs(tool)[:6] == [
        "registered",
        "certified",
        "scheduled",
        "scheduled",
        "scheduled",
        "scheduled",
    ]
    intervals = [
        one["context"]["extensions"][EXTENSIONS["interval"]]
        for one in statements(tool)
        if EXTENSIONS["interval"] in one["context"]["extensions"]
    ]
    assert intervals == ["1w", "1m", "3m", "6m"], (
        "the check after a day closed before the record began"
    )


def test_a_check_from_start_to_score(tool: Tool) -> None:
    home, page = open_check(tool)
    path = where(page)
    for position in range(1, 6):
        assert f"Question {position} of 5" in page.text
        assert len(choices(page)) == 3
        assert "feedback" not in page.text
        chosen = (
            right_choice(tool, page)
            if position <= 4
            else next(key for key in choices(page) if key != right_choice(tool, page))
        )
        feedback = tool.post(path, page, position=position, choice=chosen)
        assert where(feedback) == f"{path}/answers/{position}"
        assert ("✓ Right" if position <= 4 else "✗ Not right") in feedback.text
        page = tool.get(path)
    assert "4 of 5 right" in page.text
    assert "Your result is on its way" in page.text
    assert learnt(tool) == ["attempted", *["answered"] * 5, "passed"]
    kinds = {
        one["context"]["extensions"].get(EXTENSIONS["kind"])
        for one in statements(tool)
        if one["verb"]["id"] != VERBS["scheduled"].id
    }
    assert kinds == {None, "check"}
    assert statements(tool)[-1]["result"]["score"] == {"scaled": 0.8, "raw": 4, "min": 0, "max": 5}
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        grade = connection.execute(
            text("SELECT score, maximum, subject FROM lti_tool.grade_outbox")
        ).one()
    assert tuple(grade) == (4, 5, "5")
    assert "4 of 5 right" in tool.get(home).text


def test_a_check_goes_on_where_it_was_left_also_after_another_launch(tool: Tool) -> None:
    _, page = open_check(tool)
    path = where(page)
    tool.post(path, page, position=1, choice=choices(page)[0])
    home = tool.launch().location
    assert "Go on with the check" in tool.get(home).text
    resumed = tool.post(f"{home}checks/1w", tool.get(home))
    assert "Question 2 of 5" in resumed.text
    assert path.split("/attempts/")[1] == where(resumed).split("/attempts/")[1]


def test_an_answer_sent_twice_keeps_the_first(tool: Tool) -> None:
    _, page = open_check(tool)
    path = where(page)
    first, second = choices(page)[:2]
    tool.post(path, page, position=1, choice=first)
    tool.post(path, page, position=1, choice=second)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert connection.execute(text("SELECT response FROM lti_tool.answer")).scalars().all() == [
            first
        ]
    assert verbs(tool).count("answered") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"position": 1},
        {"position": 1, "choice": "z"},
        {"position": 3, "choice": "a"},
        {"position": "x", "choice": "a"},
        {},
    ],
)
def test_an_answer_that_is_none_is_explained_and_nothing_is_kept(
    tool: Tool, fields: dict[str, Any]
) -> None:
    _, page = open_check(tool)
    answer = tool.post(where(page), page, **fields)
    assert answer.status_code == 400
    assert tool.rows("answer") == 0


def test_answers_are_never_in_the_page_before_they_are_given(tool: Tool) -> None:
    _, page = open_check(tool)
    stem = unescape(page.text.split('<legend dir="auto">')[1].split("</legend>")[0])
    item = next(item for item in sample_document()["items"] if item["stem"] == stem)
    assert not any(choice["feedback"] in unescape(page.text) for choice in item["choices"])


def test_feedback_is_not_shown_before_the_answer(tool: Tool) -> None:
    _, page = open_check(tool)
    assert where(tool.get(f"{where(page)}/answers/1")) == where(page)


def test_a_check_outside_its_window_cannot_be_begun(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.get(home)
    assert tool.post(f"{home}checks/1m", page).status_code == 400
    assert tool.post(f"{home}checks/1d", page).status_code == 404
    assert tool.rows("attempt") == 0


def test_another_persons_attempt_is_not_there(tool: Tool) -> None:
    _, page = open_check(tool)
    other = tool.launch("launch-resource-student3-cjk").location
    assert (
        tool.get(other.rstrip("/") + "/attempts/" + where(page).split("/attempts/")[1]).status_code
        == 404
    )


def test_a_form_without_its_token_or_from_another_site_is_refused(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.get(home)
    assert (
        tool.browser.post(f"{home}checks/1w", base_url="https://127.0.0.1:8080").status_code == 403
    )
    token = page.text.split('name="form_token" value="')[1].split('"')[0]
    foreign = tool.browser.post(
        f"{home}checks/1w",
        data={"form_token": token},
        headers={"Origin": "https://evil.example"},
        base_url="https://127.0.0.1:8080",
    )
    assert foreign.status_code == 403
    assert tool.rows("attempt") == 0


PLAN = {
    "task": "approvals",
    "what": "Call back before I approve",
    "by_when": (datetime.now(UTC).date() + timedelta(days=20)).isoformat(),
    "with_whom": "my team",
}


def test_a_plan_is_drafted_changed_and_committed_once(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.get(f"{home}plan")
    assert (
        "Your draft is saved" in tool.post(f"{home}plan", page, act="save", what="first words").text
    )
    page = tool.get(f"{home}plan")
    assert "first words" in page.text
    committed = tool.post(f"{home}plan", page, act="commit", **PLAN)
    assert "You have committed" in committed.text
    assert verbs(tool)[-1] == "committed"
    assert "Call back" not in json.dumps(statements(tool)), "the words of a plan stay in the tool"
    assert tool.post(f"{home}plan", committed, act="save", what="other words").status_code == 400, (
        "a plan stays whole"
    )
    assert "Call back before I approve" in tool.get(f"{home}plan").text
    assert verbs(tool).count("committed") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task": ""}, "Choose the task"),
        ({"task": "cooking"}, "Choose one of the tasks"),
        ({"what": " "}, "Write what you will do"),
        ({"by_when": ""}, "Enter the day"),
        ({"by_when": "soon"}, "year-month-day"),
        ({"by_when": "2001-01-01"}, "before your certification"),
        ({"obstacle": "x" * 2_001}, "2000 characters"),
    ],
)
def test_an_incomplete_plan_says_what_it_lacks_and_keeps_what_was_written(
    tool: Tool, change: dict[str, str], words: str
) -> None:
    home = tool.launch().location
    answer = tool.post(
        f"{home}plan",
        tool.get(f"{home}plan"),
        act="commit",
        draft="plan/phishing-response",
        **{**PLAN, "evidence": "a saved note", **change},
    )
    assert answer.status_code == 400
    assert words in answer.text
    assert "a saved note" in answer.text
    assert "committed" not in verbs(tool)


def test_of_two_commitments_sent_at_once_one_stands(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.get(f"{home}plan")
    cookies = {cookie.key: cookie.value for cookie in tool.browser._cookies.values()}
    token = page.text.split('name="form_token" value="')[1].split('"')[0]

    def commit(_: int) -> int:
        browser = tool.browser.application.test_client()
        for name, value in cookies.items():
            browser.set_cookie(name, value, domain="127.0.0.1", secure=True)
        return browser.post(
            f"{home}plan",
            data={"form_token": token, "act": "commit", **PLAN},
            base_url="https://127.0.0.1:8080",
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        # One that comes a moment later finds the same plan committed: there is nothing to change.
        assert set(pool.map(commit, range(4))) <= {303, 409}
    assert verbs(tool).count("committed") == 1
    assert "updated" not in verbs(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        kept = connection.execute(text("SELECT id FROM lti_tool.plan")).scalar_one()
    assert statements(tool)[-1]["object"]["id"].endswith(str(kept))


def test_a_use_on_the_job_is_reported_once_however_often_the_form_is_sent(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.post(f"{home}plan", tool.get(f"{home}plan"), act="commit", **PLAN)
    use = {
        "form_id": str(uuid.uuid4()),
        "task": "approvals",
        "used_on": datetime.now(UTC).date().isoformat(),
        "words": "Called back.",
    }
    for _ in range(2):
        assert "Your use at work is reported" in tool.post(f"{home}uses", page, **use).text
    assert verbs(tool).count("applied") == 1
    assert statements(tool)[-1]["context"]["extensions"][EXTENSIONS["evidence_grade"]] == 1
    assert "1 use on the job" in tool.get(home).text
    for wrong in (
        {"used_on": "2001-01-01"},
        {"used_on": "2999-01-01"},
        {"used_on": ""},
        {"task": ""},
        {"form_id": "x"},
    ):
        assert (
            tool.post(
                f"{home}uses", page, **{**use, "form_id": str(uuid.uuid4()), **wrong}
            ).status_code
            == 400
        )
    assert verbs(tool).count("applied") == 1


def test_a_use_needs_a_committed_plan(tool: Tool) -> None:
    home = tool.launch().location
    use = {
        "form_id": str(uuid.uuid4()),
        "task": "approvals",
        "used_on": datetime.now(UTC).date().isoformat(),
    }
    assert tool.post(f"{home}uses", tool.get(f"{home}plan"), **use).status_code == 400


def test_a_teacher_records_the_certification_of_a_learner_who_opened_the_activity(
    tool: Tool,
) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    learner = tool.launch("launch-resource-student3-cjk").location
    assert "No certification is on record" in tool.get(learner).text
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(home)
    person = page.text.split('<option value="')[1].split('"')[0]
    assert (
        tool.post(
            f"{home}certifications", page, person=person, certified_on="2999-01-01"
        ).status_code
        == 400
    )
    for wrong in ("0026-11-01", "1026-11-01", "soon", ""):
        assert (
            tool.post(f"{home}certifications", page, person=person, certified_on=wrong).status_code
            == 400
        )
    assert (
        tool.post(
            f"{home}certifications",
            page,
            person=str(uuid.uuid4()),
            certified_on=datetime.now(UTC).date().isoformat(),
        ).status_code
        == 400
    )
    done = tool.post(
        f"{home}certifications",
        page,
        person=person,
        certified_on=datetime.now(UTC).date().isoformat(),
    )
    assert "The certification is recorded" in done.text
    assert '<option value="' not in done.text, "nobody waits any more"
    assert "Nothing is due today" in tool.get(learner).text
    assert verbs(tool).count("certified") == 2


def test_a_teacher_sees_the_learners_of_this_course_alone(tool: Tool) -> None:
    """Context ids are small numbers that other deployments use as well."""
    from adapters.lms.claims import CLAIM_PREFIX

    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.launch(
        "launch-resource-student3-cjk",
        **{f"{CLAIM_PREFIX}context": {"id": "77", "title": "Another course"}},
    )
    tool.launch(
        "launch-resource-student3-cjk",
        **{f"{CLAIM_PREFIX}context": None, f"{CLAIM_PREFIX}resource_link": {"id": "other"}},
    )
    page = tool.get(tool.launch("launch-resource-teacher").location)
    assert '<option value="' not in page.text, "nobody of this course waits"


def test_a_learner_cannot_record_certifications(tool: Tool) -> None:
    home = tool.launch().location
    assert (
        tool.post(
            f"{home}certifications",
            tool.get(home),
            person=str(uuid.uuid4()),
            certified_on="2026-01-01",
        ).status_code
        == 403
    )


def test_an_act_that_fails_leaves_neither_its_rows_nor_its_statements(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page = open_check(tool)
    before = len(statements(tool))

    def broken(*given: Any, **named: Any) -> None:
        raise RuntimeError("the outbox breaks")

    monkeypatch.setattr("lti_tool.base.statement_outbox_store.insert_statements", broken)
    assert tool.post(where(page), page, position=1, choice="a").status_code == 500
    assert tool.rows("answer") == 0
    assert len(statements(tool)) == before


def test_the_teachers_page_says_so_when_the_record_store_is_away(tool: Tool) -> None:
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(home)
    assert page.status_code == 200
    assert "cannot be shown right now" in page.text
