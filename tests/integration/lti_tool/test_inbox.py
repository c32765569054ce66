"""The inbox in its users' words: who leads lands on what waits, one item after the other opens, and
several uses at work are confirmed at once.
"""

from __future__ import annotations

import re
from datetime import timedelta

from werkzeug.test import TestResponse

from lti_tool.base.form_drafts import FORM_FIELD
from lti_tool.programmes import certification
from tests.support.listed_people import person
from tests.support.tool import Tool
from tests.support.visits import NOW, confirm, hand_in, report, said, send, visit


def landing(tool: Tool, external_id: str) -> TestResponse:
    """Where somebody lands who opens the own page."""
    return tool.get(visit(tool, external_id))


def heading(page: TestResponse) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert found is not None
    return found[1].strip()


def report_more(tool: Tool, home: str, count: int) -> None:
    """More uses of the same plan."""
    for number in range(count):
        tool.sql(
            "INSERT INTO lti_tool.job_use (id, tenant_id, plan_id, task, used_on, words, "
            "reported_at) SELECT gen_random_uuid(), tenant_id, plan_id, task, used_on, :words, "
            "now() FROM lti_tool.job_use LIMIT 1",
            words=f"Once more, {number}.",
        )


def test_who_leads_lands_on_what_waits_and_otherwise_on_the_team(tool: Tool, home: str) -> None:
    assert heading(landing(tool, "E8")) == "Your team", "nothing waits for the mentor"
    assert heading(landing(tool, "E9")) == "Your team", "nothing waits for the manager"
    hand_in(tool, visit(tool, "SIS-L"))
    for leader in ("E8", "E9"):
        page = landing(tool, leader)
        assert heading(page) == "Waiting for you", leader
        assert "I looked at the domain first." in page.text
    assert "Your checks" in landing(tool, "SIS-L").text, "a learner lands on what is due"


def test_a_mentor_who_takes_part_lands_on_what_waits_then_on_today(tool: Tool, home: str) -> None:
    certification.certify_person(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=person(tool, "E8").id,
        programme="phishing-response",
        certified_at=NOW - timedelta(hours=1),
        now=NOW,
    )
    assert "Your checks" in landing(tool, "E8").text
    confirmed = report(tool, home)
    assert heading(landing(tool, "E8")) == "Waiting for you"
    confirm(tool, "E8", confirmed)
    assert "Your checks" in landing(tool, "E8").text


def test_the_next_item_opens_by_itself_after_an_answer(tool: Tool, home: str) -> None:
    hand_in(tool, home)
    hand_in(tool, visit(tool, "SIS-L"), "case-study", words="A real one.")
    report(tool, visit(tool, "SIS-L"))
    inbox = visit(tool, "E8")
    page = tool.get(f"{inbox}inbox")
    assert "3 waiting, about 11 minutes." in page.text and "1 of 3" in page.text
    assert "I looked at the domain first." in page.text and "A real one." not in page.text
    target = page.text.split("/inbox/reviews/")[1].split('"')[0]
    following = page.text.split('name="following" value="')[1].split('"')[0]
    answered = tool.post(
        f"{inbox}inbox/reviews/{target}",
        page,
        following=following,
        good="Calm.",
        next_step="Report it.",
    )
    assert "<title>Your answer is with the learner. · Waiting for you" in answered.text
    assert 'role="status"' in answered.text and "A real one." in answered.text
    assert "2 waiting, about 6 minutes." in answered.text and "1 of 2" in answered.text


def test_later_keeps_what_was_typed_and_shows_the_next_without_scripts(
    tool: Tool, home: str
) -> None:
    hand_in(tool, home)
    report(tool, visit(tool, "SIS-L"))
    inbox = visit(tool, "E8")
    page = tool.get(f"{inbox}inbox")
    form = page.text.split(f'name="{FORM_FIELD}" value="')[1].split('"')[0]
    following = page.text.split('name="following" value="')[1].split('"')[0]
    later = tool.post(
        f"{inbox}inbox/later",
        page,
        **{FORM_FIELD: form, "following": following, "good": "Half a thought"},
    )
    assert "It was false." in later.text and "Half a thought" not in later.text
    use = following.removeprefix("use-")
    sent = tool.post(f"{inbox}inbox/uses/{use}", later, draft=f"confirmation/{use}", seen="yes")
    assert "Your answer is saved." in sent.text
    assert "Half a thought</textarea>" in sent.text, "one answer loses nothing of another"


def test_who_could_not_see_it_takes_that_back(tool: Tool, home: str) -> None:
    use = report(tool, home)
    page = confirm(tool, "E8", use, seen="no")
    assert "Noted: you could not see it." in page.text
    undo = re.search(r'action="(\S+/undo)"', page.text)
    assert undo is not None
    undone = tool.post(undo[1], page)
    assert "it waits for you again" in undone.text and "It was false." in undone.text
    assert tool.rows("confirmation") == 0
    confirm(tool, "E8", use)
    assert tool.post(undo[1], page).status_code == 404, "what was confirmed stays on record"
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(2,)]


def test_several_uses_are_ticked_and_confirmed_at_once(tool: Tool, home: str) -> None:
    report(tool, home)
    report_more(tool, home, 2)
    manager = visit(tool, "E9")
    page = tool.get(f"{manager}inbox")
    assert "Confirm 3 uses at work" in page.text and "about 3 minutes" in page.text
    ticks = re.findall(r'name="use" value="([^"]+)">', page.text)
    assert len(ticks) == 3 and "checked" not in page.text, "nobody is confirmed by default"
    none = tool.post(f"{manager}inbox/uses", page)
    assert none.status_code == 400 and "Tick the uses" in none.text
    for _ in range(2):
        done = tool.post(f"{manager}inbox/uses", page, use=ticks[:2])
    assert "Your answer is saved." in done.text and f"inbox/uses/{ticks[2]}" in done.text
    assert tool.rows("confirmation") == 2 and len(said(tool, "confirmed")) == 2
    assert tool.sql("SELECT grade, count(*) FROM lti_tool.job_use GROUP BY grade ORDER BY 1") == [
        (1, 1),
        (3, 2),
    ]


def test_one_use_of_several_can_be_said_more_of(tool: Tool, home: str) -> None:
    report(tool, home)
    report_more(tool, home, 1)
    manager = visit(tool, "E9")
    page = tool.get(f"{manager}inbox")
    one = re.findall(r"inbox\?item=(use-[0-9a-f-]+)", page.text)[0]
    shown = tool.get(f"{manager}inbox?item={one}")
    assert "Where a record of the work shows it" in shown.text and "1 waiting" in shown.text


def test_nobody_confirms_several_uses_of_people_of_others(tool: Tool, home: str) -> None:
    use = report(tool, home)
    assert send(tool, visit(tool, "E7"), "inbox/uses", use=str(use)).status_code == 403
    assert tool.rows("confirmation") == 0


def test_an_empty_inbox_says_what_will_come(tool: Tool, home: str) -> None:
    page = tool.get(f"{visit(tool, 'E8')}inbox")
    assert "Nothing waits for you." in page.text and "work samples, uses at work" in page.text
