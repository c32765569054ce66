"""Between the checks: the baseline, a weekly rhythm, remediation after a lapse, practice that
nobody sees; and holds.
"""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from carryover.sample_programme import sample_document
from lrs.vocabulary import EXTENSIONS, VERBS
from lti_tool.programmes import programmes
from tests.support.quizzes import choices, right_choice, statements, where
from tests.support.tool import Tool

NOW = datetime.now(UTC)
POOL = {item["key"]: item["pool"] for item in sample_document()["items"]}


def age(tool: Tool, by: timedelta) -> None:
    """All that happened so far happened that much earlier."""
    for table, columns in (
        ("episode", ("certified_at",)),
        ("scheduled_check", ("due_at", "opens_at", "closes_at")),
        ("attempt", ("started_at", "finished_at")),
        ("answer", ("answered_at",)),
        ("memory", ("due_at",)),
    ):
        tool.sql(
            f"UPDATE lti_tool.{table} SET " + ", ".join(f"{one} = {one} - :by" for one in columns),  # noqa: S608 - names of this file
            by=by,
        )


def take(tool: Tool, home: str, address: str, right: bool) -> TestResponse:
    """Take a quiz from its first question to its result, all right or all wrong."""
    page = tool.post(f"{home}{address}", tool.get(f"{home}today"))
    path = where(page)
    count = int(page.text.split("Question 1 of ")[1].split()[0])
    for position in range(1, count + 1):
        fits = right_choice(tool, page)
        chosen = fits if right else next(key for key in choices(page) if key != fits)
        tool.post(path, page, position=position, choice=chosen)
        page = tool.get(path)
    return page


def kinds(tool: Tool) -> list[str]:
    found = [
        one["context"]["extensions"].get(EXTENSIONS["kind"])
        for one in statements(tool)
        if one["verb"]["id"] == VERBS["answered"].id
    ]
    return [kind for kind in found if kind]


def test_practice_counts_for_nothing_and_leaves_no_trace_outside(tool: Tool) -> None:
    home = tool.launch().location
    before = len(statements(tool))
    result = take(tool, home, "quizzes/practice", right=True)
    assert "counts for nothing" in result.text
    assert (
        len(statements(tool)) == before
        and tool.rows("grade_outbox") == 0
        and tool.rows("memory") == 0
    )
    items = tool.sql("SELECT items FROM lti_tool.attempt WHERE kind = 'practice'")[0][0]
    assert {POOL[item] for item in items} == {"practice"}
    take(tool, home, "quizzes/practice", right=False)
    assert tool.sql("SELECT count(*) FROM lti_tool.attempt WHERE kind = 'practice'")[0][0] == 2, (
        "as often as one likes"
    )


def test_a_lapse_in_a_check_is_met_again_and_does_not_measure(tool: Tool) -> None:
    home = tool.launch().location
    take(tool, home, "checks/1w", right=False)
    assert tool.rows("memory") == 4, "each competency that lapsed"
    assert "Worth refreshing" not in tool.get(f"{home}today").text, "not at once"
    age(tool, timedelta(days=3))
    page = tool.get(f"{home}today")
    assert "Worth refreshing" in page.text
    due = tool.sql("SELECT min(due_at) FROM lti_tool.memory")[0][0]
    take(tool, home, "quizzes/remediation", right=True)
    assert kinds(tool)[5:] == ["remediation"] * 3
    items = tool.sql("SELECT items FROM lti_tool.attempt WHERE kind = 'remediation'")[0][0]
    assert {POOL[item] for item in items} == {"practice"}, "the pool of the checks is never touched"
    assert tool.sql("SELECT max(due_at) FROM lti_tool.memory")[0][0] > due + timedelta(days=2), (
        "what came to mind is met later"
    )
    assert tool.sql("SELECT count(*) FROM lti_tool.grade_outbox")[0][0] == 1, (
        "only the check has a grade"
    )


def test_the_weekly_rhythm_gives_way_to_checks(tool: Tool) -> None:
    home = tool.launch().location
    take(tool, home, "checks/1w", right=True)
    assert "Nothing is due today" in tool.get(f"{home}today").text
    age(tool, timedelta(days=8))
    assert "Your refresher of the week" in tool.get(f"{home}today").text
    take(tool, home, "quizzes/reinforcement", right=True)
    assert "Nothing is due today" in tool.get(f"{home}today").text
    age(tool, timedelta(days=14))  # the check after a month is due in a day
    assert "Nothing is due today" in tool.get(f"{home}today").text, (
        "nothing is trained just before it is measured"
    )
    age(tool, timedelta(days=1))
    page = tool.get(f"{home}today")
    assert "Your refresher" not in page.text and "1 month is open" in page.text


def with_baseline(tool: Tool) -> None:
    """The programme in a version that asks three questions on day 0."""
    made = copy.deepcopy(sample_document()) | {"version": 2}
    for item in [one for one in made["items"] if one["pool"] == "practice"][:3]:
        item["pool"] = "baseline"
    programmes.save_programme(tool.deps.unit_of_work, tenant_id=tool.tenant_id, document=made)


def test_the_baseline_is_asked_once_before_the_first_check(tool: Tool) -> None:
    with_baseline(tool)
    tool.sql("UPDATE lti_tool.episode SET programme_version = 2")
    age(tool, timedelta(days=-7))  # certified just now
    home = tool.launch().location
    assert "day 0" in tool.get(f"{home}today").text
    take(tool, home, "quizzes/baseline", right=True)
    assert kinds(tool) == ["baseline"] * 3
    assert "What do you know on day 0" not in tool.get(f"{home}today").text
    again = tool.post(f"{home}quizzes/baseline", tool.get(f"{home}today"))
    assert "3 of 3 right" in again.text, "asked again, it shows what was answered"


def test_nothing_is_open_out_of_its_turn(tool: Tool) -> None:
    home = tool.launch().location
    for kind in ("remediation", "reinforcement", "baseline"):
        assert tool.post(f"{home}quizzes/{kind}", tool.get(f"{home}today")).status_code == 400
    assert tool.post(f"{home}quizzes/check", tool.get(f"{home}today")).status_code == 404
    assert tool.rows("attempt") == 0


def test_on_hold_nothing_is_due_and_nothing_is_late(tool: Tool) -> None:
    home = tool.launch().location
    episode = tool.sql("SELECT id FROM lti_tool.episode")[0][0]
    tool.sql(
        "INSERT INTO lti_tool.hold (id, tenant_id, episode_id, from_at, set_by) VALUES "
        "(gen_random_uuid(), :tenant, :episode, now() - interval '1 day', 'x')",
        tenant=tool.tenant_id,
        episode=episode,
    )
    page = tool.get(f"{home}today")
    assert "You are paused" in page.text and "Start the check" not in page.text
    assert tool.post(f"{home}checks/1w", page).status_code == 400
    age(tool, timedelta(days=10))
    tool.sql(
        "UPDATE lti_tool.hold SET from_at = from_at - interval '10 days', until_at = now() - "
        "interval '1 day'"
    )
    assert "left out: you were on hold" in tool.get(f"{home}today").text
    assert "missed" not in re.sub(r"<style.*?</style>", "", tool.get(f"{home}today").text)


def test_an_answer_faster_than_reading_is_marked_on_its_statement(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.post(f"{home}checks/1w", tool.get(home))
    tool.post(where(page), page, position=1, choice="a")
    extensions: dict[str, Any] = json.loads(
        bytes(
            tool.sql("SELECT payload FROM lti_tool.statement_outbox ORDER BY id DESC LIMIT 1")[0][0]
        )
    )["context"]["extensions"]
    assert extensions[EXTENSIONS["rapid_guess"]] is True
