"""A channel's daily tip: one question, its answer on the next day, nobody named, and no question of
a check.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from adapters.questions import question_html
from carryover.sample_programme import sample_document
from lti_tool.nudges import daily_tips
from lti_tool.programmes import programmes
from tests.support.digests import MONDAY, add, told
from tests.support.tool import TOOL, Tool


def queue(tool: Tool, days: int, hours: int = 0) -> int:
    return daily_tips.queue_tips(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        base_url=TOOL,
        now=MONDAY + timedelta(days=days, hours=hours),
    )


def switch(tool: Tool, console: str, on: str = "yes") -> str:
    channel_id = tool.sql("SELECT id FROM lti_tool.channel")[0][0]
    return tool.post(f"{console}channels/{channel_id}/tip", tool.get(console), on=on).text


def last(tool: Tool) -> str:
    return html.unescape(told(tool)[-1])


@pytest.fixture
def tips(tool: Tool, console: str) -> Tool:
    add(tool, console)
    assert "Stop the daily tip" in switch(tool, console)
    return tool


def test_a_channel_gets_none_unless_it_is_switched_on(tool: Tool, console: str) -> None:
    assert "Send a daily tip" in add(tool, console)
    assert queue(tool, 0) == 0
    switch(tool, console)
    assert queue(tool, 0) == 1
    assert "Send a daily tip" in switch(tool, console, "no")
    assert queue(tool, 1) == 0
    assert [row[0] for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY at")][-2:] == [
        "began the daily tip",
        "ended the daily tip",
    ]


def test_one_question_a_working_day_and_its_answer_on_the_next(tips: Tool) -> None:
    assert queue(tips, 0, hours=-8) == 0, "before working hours"
    assert queue(tips, 0) == 1 and queue(tips, 0, hours=1) == 0
    question = re.search(r"Today’s question: (.+)", last(tips))
    assert question is not None and "Right was" not in last(tips)
    assert "• A) " in last(tips) and "The answer follows" in last(tips)
    assert queue(tips, 1) == 1
    assert f"Last question: {question[1]}" in last(tips) and "Right was: " in last(tips)
    assert f"Today’s question: {question[1]}" not in last(tips), "another one"
    tips.sql(
        "UPDATE lti_tool.programme_version SET document = jsonb_set(document, "
        "'{calendar,working_days}', '[1, 2, 3, 4, 5]')"
    )
    assert queue(tips, 5) == 0, "a Saturday"
    assert queue(tips, 7) == 1, "Monday tells the answer to Tuesday's"


def test_no_question_of_a_check_is_ever_posted(tips: Tool) -> None:
    programme = programmes.parse_programme(sample_document())
    of_checks = {
        " ".join(question_html.html_to_text(item.stem).split())
        for item in programme.items
        if item.pool != "practice"
    }
    for week in range(6):
        for day in range(5):
            assert queue(tips, 7 * week + day) == 1
    said = "\n".join(html.unescape(post) for post in told(tips))
    assert not [stem for stem in of_checks if stem in said]
    assert len(set(re.findall(r"Today’s question: (.+)", said))) == len(
        daily_tips.tip_items(programme)
    ), "all of them, in turn"


def test_a_practice_question_with_the_text_of_a_check_s_is_left_out() -> None:
    document = sample_document()
    check = next(item for item in document["items"] if item.get("pool", "check") == "check")
    practice = [item for item in document["items"] if item.get("pool") == "practice"]
    practice[0]["stem"] = f"<p>{check['stem']}</p>"
    programme = programmes.parse_programme(document)
    assert practice[0]["key"] not in {item.key for item in daily_tips.tip_items(programme)}


def test_without_questions_for_practice_it_says_what_is_needed(tool: Tool, console: str) -> None:
    tool.sql(
        "UPDATE lti_tool.programme_version SET document = jsonb_set(document, '{items}', "
        "(SELECT jsonb_agg(i) FROM jsonb_array_elements(document->'items') i "
        "WHERE coalesce(i->>'pool', 'check') <> 'practice'))"
    )
    add(tool, console)
    page = switch(tool, console)
    assert 'role="alert"' in page and "A daily tip needs published questions" in page
    assert tool.sql("SELECT daily_tip FROM lti_tool.channel") == [(False,)]
