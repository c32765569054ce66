"""The list of people: a look first, then all or nothing; launches find who is on it; roles open what they open."""

from __future__ import annotations

import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.lms.claims import CLAIM
from lrs.vocabulary import EXTENSIONS, VERBS
from lti_tool.actions import directing, importing
from lti_tool.store import directory
from tests.integration.lti_tool.conftest import Tool

NOW = datetime.now(UTC)
LIST = b"""id,name,email,manager,mentor,team,site,role,time_zone,working_days
E1,Learner one,one@example.org,boss@example.org,E8,North,Berlin,clerk,Europe/Berlin,Mon-Thu
E8,Mentor eight,eight@example.org,,,North,Berlin,senior,,
,The boss,boss@example.org,,,Head,Berlin,lead,,
"""


def take(tool: Tool, content: bytes, apply: bool = True) -> importing.Report:
    return importing.import_people(tool.deps.unit_of_work, tenant_id=tool.tenant_id, content=content, apply=apply, who="test", now=NOW)


def person(tool: Tool, external_id: str) -> directory.Profile:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return directory.find(connection, tool.tenant_id, external_ids=[external_id])[0]


def grant(tool: Tool, role: str, subject: str = "3") -> None:
    """Give a role to whom the LMS calls so."""
    found = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject)
    directing.grant(tool.deps.unit_of_work, tenant_id=tool.tenant_id, person_id=found[0][0], role=role, who="test")


def test_a_look_changes_nothing_and_taking_it_over_does(tool: Tool) -> None:
    before = tool.rows("person")
    report = take(tool, LIST, apply=False)
    assert report.counts == {"new": 3} and not report.applied and tool.rows("person") == before
    assert take(tool, LIST).applied
    one, eight = person(tool, "E1"), person(tool, "E8")
    assert one.mentor_id == eight.id and one.working_days == [1, 2, 3, 4] and one.team == "North"
    assert take(tool, LIST).counts == {"same": 3}, "taken over again, nothing changes"
    moved = take(tool, LIST.replace(b"North,Berlin,clerk", b"South,Berlin,clerk"))
    assert [(line.outcome, line.text) for line in moved.lines if line.who == "Learner one"] == [("changed", "team")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"E2,Two,two@example.org,nobody@example.org,,,,,,\n", "neither in this file nor on the list"),
        (b"E2,Two,two@example.org,E2,,,,,,\n", "own manager"),
        (b"E2,Two,one@example.org,,,,,,,\n", "stands in line 2"),
        (b"E2,Two,two@example.org,,,,,,Mars/Base,\n", "no time zone"),
    ],
)
def test_one_wrong_line_keeps_all_of_the_file_out(tool: Tool, line: bytes, words: str) -> None:
    before = tool.rows("person")
    report = take(tool, LIST + line)
    assert not report.applied and tool.rows("person") == before
    assert words in next(one.text for one in report.lines if one.outcome == "wrong" and one.line == 5)


def test_two_lines_of_one_person_are_told(tool: Tool) -> None:
    take(tool, LIST)
    report = take(tool, b"id,name,email\nE1,Learner one,\n,Learner one,one@example.org\n")
    assert "line 2" in next(one.text for one in report.lines if one.outcome == "wrong") and not report.applied


def test_a_list_of_five_thousand_people_is_taken_over(tool: Tool) -> None:
    content = "id,name,email\n" + "".join(f"N{n},Learner {n},n{n}@example.org\n" for n in range(5000))
    assert take(tool, content.encode()).counts == {"new": 5000}
    assert take(tool, content.encode()).counts == {"same": 5000}


def test_an_address_of_somebody_else_on_the_list_is_not_taken(tool: Tool) -> None:
    take(tool, LIST)
    report = take(tool, b"id,email\nE7,one@example.org\n")
    assert "belongs to somebody else" in report.lines[0].text and not report.applied


def lis(sourced_id: str) -> dict[str, Any]:
    return {f"{CLAIM}lis": {"person_sourcedid": sourced_id}}


def whose(tool: Tool, subject: str) -> uuid.UUID:
    found: uuid.UUID = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject)[0][0]
    return found


def test_a_launch_finds_the_person_by_sourcedid_by_parameter_or_by_address(tool: Tool) -> None:
    take(tool, LIST)
    tool.launch("launch-resource-student1", sub="90", email="x@example.org", **lis("E1"))
    assert whose(tool, "90") == person(tool, "E1").id
    take(tool, b"id,name,email\nE6,Learner six,six@example.org\n")
    tool.launch("launch-resource-student1", sub="91", email="y@example.org", **{f"{CLAIM}custom": {"person_id": "E6"}, f"{CLAIM}lis": ...})
    assert whose(tool, "91") == person(tool, "E6").id
    tool.launch("launch-resource-student1", sub="92", email="BOSS@example.org", **{f"{CLAIM}lis": ...})
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert directory.profile(connection, tool.tenant_id, whose(tool, "92")).name == "The boss", "the list's name stays"


def test_a_parameter_typed_by_hand_does_not_make_a_class_one_person(tool: Tool) -> None:
    """A teacher who writes person_id=E1 into an activity would make everybody in it the same person."""
    take(tool, LIST)
    for subject in ("90", "91"):
        tool.launch(
            "launch-resource-student1", sub=subject, email=f"{subject}@example.org", **{f"{CLAIM}custom": {"person_id": "E1"}, f"{CLAIM}lis": ...}
        )
    assert whose(tool, "90") != whose(tool, "91")


def test_a_parameter_makes_nobody_a_leader(tool: Tool) -> None:
    """E8 is somebody's mentor: whoever writes E8 into an activity does not read what that learner handed in."""
    take(tool, LIST)
    tool.launch("launch-resource-student1", sub="91", email="y@example.org", **{f"{CLAIM}custom": {"person_id": "E8"}, f"{CLAIM}lis": ...})
    assert whose(tool, "91") != person(tool, "E8").id


def test_a_platform_that_may_not_administer_names_no_leader(tool: Tool) -> None:
    take(tool, LIST)
    tool.sql("UPDATE lti_tool.platform_registration SET administers = false")
    tool.launch("launch-resource-student1", sub="92", email="boss@example.org", **{f"{CLAIM}lis": ...})
    tool.launch("launch-resource-student1", sub="90", email="x@example.org", **lis("E1"))
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert directory.profile(connection, tool.tenant_id, whose(tool, "92")).imported_at is None
    assert whose(tool, "90") == person(tool, "E1").id


def test_whom_an_lms_named_before_becomes_the_one_of_the_list(tool: Tool) -> None:
    tool.launch("launch-resource-student1", sub="90", email="one@example.org", **{f"{CLAIM}lis": ...})
    tool.launch("launch-resource-student1", sub="91", email="other@example.org", **lis("E8"))
    before = whose(tool, "90"), whose(tool, "91")
    assert take(tool, LIST).applied
    assert (person(tool, "E1").id, person(tool, "E8").id) == before, "what they did stays theirs"


def test_who_is_not_matched_is_listed_and_joined_by_hand(tool: Tool) -> None:
    take(tool, LIST)
    home = tool.launch("launch-resource-teacher").location
    grant(tool, "training manager")
    tool.launch("launch-resource-student1", sub="90", name="Somebody", email="nobody@example.org", **{f"{CLAIM}lis": ...})
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/?unmatched=1")
    assert "Somebody" in page.text and "Learner one" not in page.text
    met = whose(tool, "90")
    tool.post(f"{home}people/join", page, met=str(met), external_id="E1")
    assert whose(tool, "90") == person(tool, "E1").id
    assert tool.sql("SELECT count(*) FROM lti_tool.person WHERE id = :met", met=met)[0][0] == 0, "and is nobody on its own any more"


def test_a_training_manager_gives_no_roles(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/")
    assert "Give the role" not in page.text
    assert tool.post(f"{home}people/roles", page, person=str(whose(tool, "3")), role="analyst", act="grant").status_code == 403


def test_a_list_is_taken_over_on_its_page(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/")
    look = tool.post(f"{home}people/import", page, file=(io.BytesIO(LIST), "people.csv"))
    assert "3 new, 0 changed" in look.text and tool.sql("SELECT count(*) FROM lti_tool.person WHERE imported_at IS NOT NULL")[0][0] == 0
    kept = look.text.split('name="kept" value="')[1].split('"')[0]
    done = tool.post(f"{home}people/take", look, kept=kept)
    assert "The list is taken over." in done.text and "Learner one" in done.text
    assert tool.rows("upload") == 0
    wrong = tool.post(f"{home}people/import", done, file=(io.BytesIO(b"colour\nred\n"), "people.csv"))
    assert wrong.status_code == 400 and "colour is not known" in wrong.text


@pytest.mark.parametrize("path", ["people/", "people/template.csv"])
def test_a_learner_and_a_teacher_do_not_see_the_list(tool: Tool, path: str) -> None:
    for recorded in ("launch-resource-student1", "launch-resource-teacher"):
        home = tool.launch(recorded).location
        assert tool.get(f"{home}{path}").status_code == 403


def test_roles_are_granted_and_taken_away_with_a_line_in_the_audit_record(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{home}people/").status_code == 200
    directing.withdraw(tool.deps.unit_of_work, tenant_id=tool.tenant_id, person_id=whose(tool, "3"), role="training manager", who="test")
    assert tool.get(f"{home}people/").status_code == 403, "at once, in the running visit"
    acts = [row[0] for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts[-2:] == ["gave a role", "took a role away"]


def test_certifications_of_a_file_begin_episodes_once(tool: Tool) -> None:
    take(tool, LIST)
    day = (NOW - timedelta(days=2)).date().isoformat()
    content = f"id,certified_on,score,score:verify,score_before,hours\nE1,{day},0.9,0.5,0.3,7.5\nE8,{day},,,,\n".encode()

    def go(apply: bool) -> importing.Report:
        return importing.import_certifications(
            tool.deps.unit_of_work, tenant_id=tool.tenant_id, programme="phishing-response", content=content, apply=apply, who="test", now=NOW
        )

    before = tool.rows("episode")
    assert go(False).counts == {"new": 2} and tool.rows("episode") == before
    assert go(True).applied and tool.rows("episode") == before + 2
    assert go(True).counts == {"same": 2} and tool.rows("episode") == before + 2
    assert tool.sql("SELECT competency, share FROM lti_tool.exam_score ORDER BY competency") == [("", 0.9), ("verify", 0.5)]
    said = [json.loads(bytes(row.payload)) for row in tool.sql("SELECT payload FROM lti_tool.statement_outbox ORDER BY id")]
    (trained,) = [one for one in said if one["verb"]["id"] == VERBS["certified"].id and one.get("result")]
    assert trained["result"] == {"score": {"scaled": 0.9}, "duration": "PT07H30M00S"}
    assert trained["context"]["extensions"][EXTENSIONS["pre_test"]] == 0.3
    due = tool.sql(
        "SELECT due_at FROM lti_tool.scheduled_check c JOIN lti_tool.episode e ON e.id = c.episode_id WHERE e.person_id = :id AND interval = '1w'",
        id=person(tool, "E1").id,
    )[0][0]
    assert due.isoweekday() in (1, 2, 3, 4), "on the person's own working days"
    bad = importing.import_certifications(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        programme="phishing-response",
        content=b"id,certified_on\nE1,2099-01-01\nE99,2026-01-01\n",
        apply=True,
        who="test",
        now=NOW,
    )
    assert [one.outcome for one in bad.lines] == ["same", "wrong"] and not bad.applied


def test_a_list_with_fewer_columns_empties_nobody(tool: Tool) -> None:
    """``id,email`` emptied team, site, role, manager and start of everybody on it."""
    full = b"id,name,email,manager,mentor,team,site,role,experience,start_date,time_zone,language,working_days,comparison\nE1,One,one@example.org,E8,E8,North,Berlin,clerk,new,2026-01-02,Europe/Berlin,de,Mon-Thu,yes\nE8,Eight,eight@example.org,,,,,,,,,,,\n"
    take(tool, full)
    before = person(tool, "E1")
    report = take(tool, b"id,email\nE1,one@example.org\nE8,eight@example.org\n")
    assert report.counts == {"same": 2}
    assert take(tool, b"id,email,team\nE1,one.new@example.org,South\n").counts == {"changed": 1}
    after = person(tool, "E1")
    assert (after.team, after.email) == ("South", "one.new@example.org")
    for name in (
        "site",
        "job_role",
        "manager_id",
        "mentor_id",
        "experience",
        "started_on",
        "time_zone",
        "language",
        "working_days",
        "comparison",
        "name",
    ):
        assert getattr(after, name) == getattr(before, name), name
    emptied = take(tool, b"id,site,manager\nE1,,\n")
    assert [line.text for line in emptied.lines] == ["manager (emptied), site (emptied)"], (
        "a column that is there and empty says so, in the words of the file"
    )
    assert (person(tool, "E1").site, person(tool, "E1").manager_id) == ("", None)
