"""Who leads sees people; all others see teams of five or more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.listed_people import grant, person
from tests.support.tool import Tool
from tests.support.visits import confirm, hand_in, home, report, said, visit

__all__ = ["home"]
NOW = datetime.now(UTC)


def test_a_manager_sees_how_far_each_is_and_no_answer_of_a_check(tool: Tool, home: str) -> None:
    use = report(tool, home)
    confirm(tool, "E9", use)
    hand_in(tool, visit(tool, "SIS-L"))
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET due_at = now() - interval '1 hour' WHERE interval "
        "IN ('1d', '1w')"
    )
    page = tool.get(f"{visit(tool, 'E9')}team").text
    assert (
        "Learner seventeen" in page
        and "0 of 2" in page
        and "committed" in page
        and "1, 1 of them confirmed" in page
    )
    assert [one["object"]["id"].rsplit("/", 1)[1] for one in said(tool, "viewed")] == ["team"]
    assert tool.get(f"{visit(tool, 'E7')}team").status_code == 403


def test_a_held_check_is_not_due(tool: Tool, home: str) -> None:
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET due_at = now() - interval '1 hour' WHERE interval "
        "IN ('1d', '1w')"
    )
    tool.sql(
        "INSERT INTO lti_tool.hold (id, tenant_id, episode_id, from_at, set_by)"
        " SELECT gen_random_uuid(), tenant_id, id, now() - interval '2 hours', 'test' FROM "
        "lti_tool.episode"
    )
    page = tool.get(f"{visit(tool, 'E9')}team").text
    assert "0 of 0" in page and "on hold" in page


def test_everybody_else_sees_teams_of_five_or_more(tool: Tool) -> None:
    people = b"id,name,email,team\n" + b"".join(
        f"T{n},Person "
        f"{n},t{n}@example.org,{'North' if n < 6 else 'South' if n < 12 else 'West'}\n".encode()
        for n in range(14)
    )
    tool.sql("UPDATE lti_tool.episode SET left_at = now()")
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=people,
        apply=True,
        who="test",
        now=NOW,
    )
    for number in range(14):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, f"T{number}").id,
            programme="phishing-response",
            certified_at=NOW - timedelta(days=2),
            now=NOW,
        )
    tool.launch("launch-resource-teacher")
    assert tool.get(f"{tool.launch('launch-resource-teacher').location}teams").status_code == 403
    grant(tool, "executive")
    page = tool.get(f"{tool.launch('launch-resource-teacher').location}teams").text
    assert (
        "South" in page
        and "Other teams together" in page
        and "North" not in page
        and "West" not in page
    ), "two of West alone would be found"
    assert "Person" not in page
