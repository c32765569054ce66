"""Channels hear once a week what is ahead, without names and without small numbers; learners say
what is wrong with a question.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import pytest

from lti_tool.nudges import channel_sender, digests
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.digests import MONDAY, SLACK, add, told
from tests.support.listed_people import person
from tests.support.tool import TOOL, Tool
from tests.support.visits import home, said, visit

__all__ = ["home"]


def queue(tool: Tool, at: datetime) -> int:
    return digests.queue_digests(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, base_url=TOOL, now=at
    )


def test_a_channel_is_added_with_a_sealed_address_and_says_hello(tool: Tool, console: str) -> None:
    page = add(tool, console)
    assert "#service-desk" in page and "very-secret" not in page and "nothing sent yet" in page
    assert "very-secret" not in str(
        tool.sql("SELECT * FROM lti_tool.channel")
    ) and "very-secret" not in str(tool.sql("SELECT * FROM lti_tool.audit"))
    assert told(tool) == [
        "*Phishing response*\n• Once a week this channel hears what is ahead, without names."
    ]


@pytest.mark.parametrize(
    ("url", "name"),
    [("https://evil.example/x", "#c"), (SLACK, ""), ("", "#c"), (SLACK + "x" * 2_000, "#c")],
)
def test_what_is_no_channel_says_why(tool: Tool, console: str, url: str, name: str) -> None:
    assert 'role="alert"' in add(tool, console, url, name) and tool.rows("channel") == 0


def certify(tool: Tool, count: int) -> None:
    people = b"id,name,email\n" + b"".join(
        f"D{n},Person {n},d{n}@example.org\n".encode() for n in range(count)
    )
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=people,
        apply=True,
        who="test",
        now=MONDAY,
    )
    for number in range(count):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, f"D{number}").id,
            programme="phishing-response",
            certified_at=MONDAY - timedelta(hours=3),
            now=MONDAY,
        )


def test_once_a_week_in_working_hours_it_hears_numbers_and_no_names(
    tool: Tool, console: str
) -> None:
    tool.sql("UPDATE lti_tool.episode SET left_at = now()")
    add(tool, console)
    certify(tool, 2)
    assert queue(tool, MONDAY - timedelta(hours=4)) == 0, "before working hours"
    assert queue(tool, MONDAY) == 1 and queue(tool, MONDAY + timedelta(hours=1)) == 0
    assert (
        "Checks that are open or due within a week: a few" in told(tool)[-1]
        and "2" not in told(tool)[-1]
    ), "two people are not counted aloud"
    certify(tool, 6)
    assert (
        queue(tool, MONDAY + timedelta(days=1)) == 0
        and queue(tool, MONDAY + timedelta(days=7)) == 1
    )
    assert re.search(r"within a week: (6|12)\b", told(tool)[-1])
    assert "Person" not in str(told(tool))


def test_a_programme_in_which_nothing_is_ahead_is_silent(tool: Tool, console: str) -> None:
    tool.sql("UPDATE lti_tool.episode SET left_at = now()")
    add(tool, console)
    assert queue(tool, MONDAY) == 0


def test_what_a_channel_refuses_stands_on_its_page_and_a_removed_one_hears_nothing(
    tool: Tool, console: str
) -> None:
    add(tool, console)
    tool.sql(
        "UPDATE lti_tool.channel SET url_sealed = :sealed",
        sealed=tool.deps.secrets.seal(
            digests.CHANNEL_URL_PURPOSE, f"{tool.moodle.server.url}/gone"
        ),
    )
    assert channel_sender.send_due_posts(tool.deps, tool.tenant_id) == 0
    assert "The channel answered 404" in tool.get(console).text
    channel = tool.sql("SELECT id FROM lti_tool.channel")[0][0]
    assert (
        "<strong>#service-desk"
        not in tool.post(f"{console}channels", tool.get(console), remove=str(channel)).text
    )
    assert tool.rows("channel_post") == 0
    assert (
        tool.post(f"{console}channels", tool.get(console), remove=str(channel)).status_code == 404
    )
    assert tool.post(f"{console}channels", tool.get(console), remove="x").status_code == 400


def test_what_a_learner_says_of_a_question_reaches_its_owner_without_a_name(
    tool: Tool, home: str, console: str
) -> None:
    mine = visit(tool, "SIS-L")
    page = tool.post(f"{mine}quizzes/practice", tool.get(f"{mine}today"))
    page = tool.post(page.request.path, page, position="1", choice="a")
    place = page.request.path
    words = {"form_id": str(uuid.uuid4()), "words": "Two of the answers are right."}
    for _ in range(2):
        thanks = tool.post(f"{place}/remarks", page, **words)
    assert "Thank you." in thanks.text and tool.rows("remark") == 1
    assert said(tool, "commented") == [], "practice leaves no statement"
    assert (
        tool.post(f"{place}/remarks", page, form_id=str(uuid.uuid4()), words=" ").status_code == 400
    )
    assert (
        tool.post(
            f"{place.replace('/answers/1', '/answers/3')}/remarks",
            page,
            form_id=str(uuid.uuid4()),
            words="x",
        ).status_code
        == 404
    )
    owner = tool.get(f"{console}left-open").text
    assert (
        "Two of the answers are right." in owner
        and "Learner" not in owner
        and "/questions/edit/" in owner
    )


def test_of_a_check_the_remark_is_a_statement_without_its_words(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.post(f"{home}checks/1w", tool.get(home))
    page = tool.post(page.request.path, page, position="1", choice="a")
    tool.post(
        f"{page.request.path}/remarks",
        page,
        form_id=str(uuid.uuid4()),
        words="Out of date since May.",
    )
    (one,) = said(tool, "commented")
    assert "/items/" in one["object"]["id"] and "Out of date" not in str(one)


def test_a_learner_complains_of_the_question_under_which_the_form_stands(
    tool: Tool, home: str
) -> None:
    """The form stood under the next question's button and was about the one before: now each page
    is of one question."""
    mine = visit(tool, "SIS-L")
    page = tool.post(f"{mine}quizzes/practice", tool.get(f"{mine}today"))
    assert page.text.count("/answers/1/remarks") == 1, "also of a question that is being asked"
    page = tool.post(page.request.path, page, position="1", choice="a")
    following = tool.get(page.request.path.partition("/answers/")[0])
    for position, shown in ((1, page), (2, following)):
        (form,) = re.findall(
            rf'<form id="remark-{position}" method="post"\s+action="([^"]*)"', shown.text
        )
        assert form.endswith(f"/answers/{position}/remarks")
        assert f"Is question {position} wrong" in shown.text
        assert f'form="remark-{3 - position}"' not in shown.text
    asked = page.request.path.replace("/answers/1", "/answers/2")
    thanks = tool.post(
        f"{asked}/remarks", page, form_id=str(uuid.uuid4()), words="I do not understand question 2."
    )
    assert "Thank you." in thanks.text and "Question 2 of" in thanks.text, (
        "back at the question that is being asked"
    )
    (row,) = tool.sql(
        "SELECT a.items, r.item FROM lti_tool.remark r, lti_tool.attempt a WHERE a.kind = "
        "'practice'"
    )
    assert row.items[1] == row.item
