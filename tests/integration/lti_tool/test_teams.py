"""Who leads sees people; all others read a report on teams."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.listed_people import grant
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


def test_everybody_else_reads_the_report_on_teams(tool: Tool) -> None:
    """Which is of published values where single people may not be seen."""
    place = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{place}teams").status_code == 403
    grant(tool, "executive")
    place = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{place}teams").request.path.endswith("/reports/teams")
