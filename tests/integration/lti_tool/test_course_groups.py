"""The groups of a course: read with the roster, and taken over as coaching groups.

What the LMS says has the shapes of sakaiproject/sakai (LTI13Servlet handleGroupService and
handleNamesAndRoles at d9f1d974, in tests/support/dialects/sakai.json) and of Blackboard
(blackboard/anthologydevdocs at 22f778c, names-and-roles.md, in blackboard.json). Of Blackboard's list
of groups no document shows the body: it has the members that dmitry-viskov/pylti1.3 at 5ae299fb
(pylti1p3/course_groups.py) reads.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from adapters.lms import dialect_for
from adapters.lms.claims import GROUPS_CLAIM
from adapters.lms.standard import GROUPS_SCOPE
from lti_tool.people import course_groups, rosters
from lti_tool.programmes import certification
from tests.support.listed_people import grant
from tests.support.tool import Asked, Reply, Tool
from tests.support.visits import said

SHAPES = Path(__file__).parents[2] / "support" / "dialects"
SAKAI = json.loads((SHAPES / "sakai.json").read_text())
BLACKBOARD = json.loads((SHAPES / "blackboard.json").read_text())
NOW = datetime.now(UTC)
A, B = "7f3b2a10-9d4c-4e21-8a77-3c5d1e9f0b42", "0c9d8e7f-1a2b-4c3d-8e4f-5a6b7c8d9e0f"


class Lms:
    """An LMS with people in groups, in the shapes of Sakai or Blackboard; ``size``: groups on a
    page, zero for all."""

    def __init__(self, tool: Tool, family: str = "sakai", size: int = 0) -> None:
        self.tool, self.server, self.family, self.size = tool, tool.moodle.server, family, size
        self.names = {A: "Group A", B: "Group B"}
        self.inside: dict[str, tuple[str, ...]] = {f"u{number}": (A,) for number in range(1, 5)}
        site = SAKAI["groups"]["body"]["id"].rpartition("/")[2]
        self.path = (
            f"/imsblis/lti13/groupservice/{site}"
            if family == "sakai"
            else "/learn/api/v1/lti/courses/_4_1/groups"
        )
        self.named_path = self.path.replace("groupservice", "groupsservice")
        self.scopes: list[str] = []
        self.server.says("/token", self.answer_token)
        self.server.says("/members", self.answer_members)
        self.server.says(self.path, self.answer_groups)
        if family == "sakai":
            self.server.says(self.named_path, (400, "Bad Request", {"error": "Unrecognized GET"}))

    def answer_token(self, asked: Asked) -> Reply:
        scope = parse_qs(asked[3].decode())["scope"][0]
        self.scopes.append(scope)
        return (200, "OK", {"access_token": f"for {scope}", "expires_in": 3600, "scope": scope})

    def answer_members(self, asked: Asked) -> Reply:
        wanted = parse_qs(urlsplit(asked[1]).query).get("groups") == ["true"]
        (shape,) = {"sakai": SAKAI, "blackboard": BLACKBOARD}[self.family]["memberships"]["pages"][
            :1
        ]
        learner = next(one for one in shape["body"]["members"] if "Learner" in str(one["roles"]))
        members = []
        for subject, keys in self.inside.items():
            member = {**learner, "user_id": subject, "name": f"Person {subject}", "email": ""}
            member["lis_person_sourcedid"] = subject
            del member["group_enrollments"]
            told = [{"group_id": key} for key in keys]
            if told if self.family == "sakai" else wanted:
                member["group_enrollments"] = told
            members.append(member)
        return (200, "OK", {**shape["body"], "members": members})

    def answer_groups(self, asked: Asked) -> Reply:
        if asked[2].get("Authorization") != f"Bearer for {GROUPS_SCOPE}":
            return (400, "Bad Request", {"error": "Scope contextgroup.readonly not in token"})
        query = parse_qs(urlsplit(asked[1]).query)
        start, keys, headers = int(query.get("start", ["0"])[0]), list(self.names), {}
        end = start + self.size if self.size else len(keys)
        if end < len(keys):
            link = f"{self.server.url}{self.named_path}?start={end}&limit={self.size}"
            headers["Link"] = f'<{link}>; rel="next"'
        headers["Content-Type"] = SAKAI["groups"]["headers"]["Content-Type"]
        groups = [self.group(key) for key in keys[start:end]]
        return (200, "OK", {"id": f"{self.server.url}{self.named_path}", "groups": groups}, headers)

    def group(self, key: str) -> dict[str, Any]:
        more = {"tag": "whatever"} if self.family == "sakai" else {"set_id": "_1_1"}
        return {"id": key, "name": self.names[key], **more}

    def claim(self) -> dict[str, Any]:
        shape = {"sakai": SAKAI, "blackboard": BLACKBOARD}[self.family]
        read = shape["launches"][0]["claims"][GROUPS_CLAIM]
        return {GROUPS_CLAIM: {**read, "context_groups_url": f"{self.server.url}{self.path}"}}

    def open(self) -> TestResponse:
        """A teacher's launch into the course."""
        launched = self.tool.launch("launch-resource-teacher", **self.claim())
        self.tool.sql(
            "UPDATE lti_tool.course SET memberships_url = :url",
            url=f"{self.server.url}/members",
        )
        self.tool.sql(
            "UPDATE lti_tool.platform_registration SET family = :family", family=self.family
        )
        return launched

    def sync(self) -> int:
        self.tool.sql("UPDATE lti_tool.course SET roster_due_at = now() - interval '1 second'")
        return rosters.sync_due_rosters(self.tool.deps, self.tool.tenant_id)

    def kept(self) -> dict[str, list[str]]:
        """The groups that are listed, by name, with the subjects in them."""
        found = self.tool.sql(
            "SELECT g.name, array_remove(array_agg(i.subject ORDER BY i.subject), NULL) AS people"
            " FROM lti_tool.course_group g LEFT JOIN lti_tool.course_group_member m"
            " USING (tenant_id, course_id, key) LEFT JOIN lti_tool.identity i"
            " ON i.person_id = m.person_id WHERE g.listed GROUP BY g.name"
        )
        return {row.name: row.people for row in found}

    def certify(self, subjects: Sequence[str], at: datetime = NOW - timedelta(days=1)) -> None:
        for subject in subjects:
            (row,) = self.tool.sql(
                "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject
            )
            certification.certify_person(
                self.tool.deps.unit_of_work,
                tenant_id=self.tool.tenant_id,
                person_id=row.person_id,
                programme="phishing-response",
                certified_at=at,
                now=NOW,
            )


def last_run(tool: Tool) -> Any:
    return tool.sql("SELECT * FROM lti_tool.roster_run ORDER BY id DESC LIMIT 1")[0]


# Reading


@pytest.mark.parametrize(("family", "size"), [("sakai", 0), ("sakai", 1), ("blackboard", 0)])
def test_groups_are_read_with_the_roster(tool: Tool, family: str, size: int) -> None:
    """Sakai pages where the site says so, and its next link names an address that it does not
    serve; Blackboard tells of groups in the roster only when asked."""
    lms = Lms(tool, family, size)
    lms.inside |= {"u3": (A, B), "u4": ()}
    lms.open()
    assert lms.sync() == 1
    assert lms.kept() == {"Group A": ["u1", "u2", "u3"], "Group B": ["u3"]}
    assert (last_run(tool).groups, last_run(tool).groups_reason) == (2, "")
    assert GROUPS_SCOPE in lms.scopes


def test_a_course_without_groups_is_asked_as_before(tool: Tool) -> None:
    lms = Lms(tool)
    tool.launch("launch-resource-teacher")
    tool.sql("UPDATE lti_tool.course SET memberships_url = :url", url=f"{lms.server.url}/members")
    assert lms.sync() == 1
    assert lms.server.count(lms.path) == 0
    assert not any("groups=" in path for _, path, _, _ in lms.server.requests)
    assert lms.kept() == {} and tool.rows("course_group_member") == 0


def test_who_left_a_group_and_a_group_that_went_are_seen(tool: Tool) -> None:
    lms = Lms(tool)
    lms.open()
    lms.sync()
    lms.inside["u1"] = ()
    del lms.names[B]
    lms.sync()
    assert lms.kept() == {"Group A": ["u2", "u3", "u4"]}


def broken_json(lms: Lms) -> Reply:
    return (200, "OK", "<html>")


def busy(lms: Lms) -> Reply:
    return (429, "Too Many Requests", "", {"Retry-After": "90"})


def elsewhere(lms: Lms) -> Reply:
    body = {"groups": [lms.group(A)]}
    return (200, "OK", body, {"Link": '<https://other.example/groups>; rel="next"'})


def circle(lms: Lms) -> Reply:
    link = {"Link": f'<{lms.server.url}{lms.path}>; rel="next"'}
    return (200, "OK", {"groups": [lms.group(A)]}, link)


def far_too_many(lms: Lms) -> Reply:
    return (200, "OK", {"groups": [{"id": f"{n}", "name": "x"} for n in range(2_001)]})


@pytest.mark.parametrize(
    ("answer", "hours"),
    [
        (lambda lms: (403, "Forbidden", ""), 24),
        (lambda lms: (200, "OK", {"members": []}), 24),
        (lambda lms: (200, "OK", []), 24),
        (lambda lms: (503, "Service Unavailable", ""), 1),
        (broken_json, 1),
        (busy, 0.025),
        (elsewhere, 1),
        (circle, 1),
        (far_too_many, 1),
        (lambda lms: (200, "OK", " " * 30_000_000), 1),
    ],
)
def test_a_reading_that_fails_changes_nothing(
    tool: Tool, answer: Callable[[Lms], Reply], hours: float
) -> None:
    lms = Lms(tool)
    lms.open()
    lms.sync()
    before = lms.kept()
    lms.names = {A: "Another name"}
    lms.server.says(lms.path, answer(lms))
    assert lms.sync() == 1, "the roster itself was read"
    assert lms.kept() == before
    run = last_run(tool)
    assert run.reason == "" and run.groups_reason, "and why stands beside it"
    (due,) = tool.sql("SELECT roster_due_at - now() AS wait FROM lti_tool.course")
    assert due.wait.total_seconds() == pytest.approx(hours * 3600, abs=60)


def test_a_refused_token_changes_nothing(tool: Tool) -> None:
    """A tool that was registered before it asked for the scope."""
    lms = Lms(tool)

    def answer(asked: Asked) -> Reply:
        if "lti-gs" in asked[3].decode():
            return (400, "Bad Request", {"error": "invalid_scope"})
        return lms.answer_token(asked)

    lms.server.says("/token", answer)
    lms.open()
    assert lms.sync() == 1
    assert lms.kept() == {} and "invalid_scope" in last_run(tool).groups_reason


def test_an_entry_that_is_no_group_is_passed_over_and_counted(tool: Tool) -> None:
    lms = Lms(tool)
    lms.open()
    lms.sync()
    broken = [{"id": A, "name": "Group A"}, {"id": "x"}, {"name": "y"}, "z", {"id": [], "name": 1}]
    lms.server.says(lms.path, (200, "OK", {"groups": broken}))
    lms.sync()
    assert (last_run(tool).groups, last_run(tool).groups_skipped) == (1, 4)
    assert set(lms.kept()) == {"Group A", "Group B"}, "one that may be among them is not gone"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "groups", "group_id", "group_enrollments", "members"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    entries=st.lists(JSON, max_size=5), around=JSON, family=st.sampled_from(["sakai", "blackboard"])
)
def test_whatever_an_lms_says_is_groups_or_counted_or_refused(
    entries: list[Any], around: Any, family: str
) -> None:
    lms = dialect_for(family)
    groups, skipped = lms.read_groups({"groups": entries})
    assert len(groups) + skipped == len(entries)
    for group in groups:
        assert group.id and group.name and "\0" not in group.id + group.name
    with contextlib.suppress(ValueError):
        lms.read_groups(around)
    (member,) = lms.read_members(
        {"members": [{"user_id": "u", "roles": ["Learner"], "group_enrollments": around}]}
    )[0]
    assert all(isinstance(key, str) and key for key in member.group_ids)


def test_groups_take_no_longer_than_they_may(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_groups, "RUN_SECONDS", -1)
    lms = Lms(tool)
    lms.open()
    assert lms.sync() == 1
    assert "too long" in last_run(tool).groups_reason


# Coaching groups


@pytest.fixture
def lms(tool: Tool) -> Lms:
    """Four people in group A, of whom three were certified yesterday, and one in group B."""
    made = Lms(tool)
    made.inside["u5"] = (B,)
    made.open()
    made.sync()
    made.certify(["u1", "u2", "u3", "u5"])
    grant(tool, "training manager")
    return made


def place_of(lms: Lms) -> str:
    return f"{lms.open().location}programmes/phishing-response/groups"


def take(lms: Lms, *keys: str) -> TestResponse:
    place = place_of(lms)
    page = lms.tool.get(place)
    return lms.tool.post(f"{place}/of-course", page, group=list(keys))


def members(lms: Lms) -> list[tuple[str, str]]:
    found = lms.tool.sql(
        "SELECT g.name, i.subject FROM lti_tool.group_member JOIN lti_tool.coaching_group g"
        " ON g.id = group_id JOIN lti_tool.episode e ON e.id = episode_id"
        " JOIN lti_tool.identity i ON i.person_id = e.person_id ORDER BY 1, 2"
    )
    return [(row.name, row.subject) for row in found]


IN_A = [("Group A", "u1"), ("Group A", "u2"), ("Group A", "u3")]


def test_a_training_manager_makes_coaching_groups_from_those_of_the_course(lms: Lms) -> None:
    page = lms.tool.get(place_of(lms)).text
    assert "Form coaching groups" in page
    row = page.split("Group A")[1].split("</tr>")[0]
    assert 'class="number">4</td>' in row and 'class="number">3</td>' in row
    assert "1 person was not certified lately" in row
    assert f'value="{A}"' in page and f'value="{B}"' not in page, "one person is no group"
    assert "fewer than three" in page.split("Group B")[1]
    made = take(lms, A, B)
    assert "1 new group." in made.text and "3 people were put into one." in made.text
    assert members(lms) == IN_A
    assert lms.tool.rows("meeting") == 6
    meetings = [one for one in said(lms.tool, "scheduled") if "/meetings/" in one["object"]["id"]]
    assert len(meetings) == 18


def test_taking_over_again_adds_who_came_and_takes_out_nobody(lms: Lms) -> None:
    take(lms, A)
    assert "0 people were put into one." in take(lms, A).text, "once more, and nothing happens"
    assert members(lms) == IN_A
    lms.tool.sql("UPDATE lti_tool.meeting SET at = now(), held_at = now() WHERE number = 1")
    lms.inside |= {"u1": (), "u6": (A,)}
    lms.names[A] = "Group A, renamed"
    lms.sync()
    lms.certify(["u4", "u6"])
    page = lms.tool.get(place_of(lms)).text
    assert "Not in the LMS&#39;s group any more: Person u1" in " ".join(page.split())
    added = take(lms, A)
    assert "0 new groups." in added.text and "2 people were put into one." in added.text
    assert members(lms) == [("Group A, renamed", f"u{number}") for number in (1, 2, 3, 4, 6)]
    assert lms.tool.rows("coaching_group") == 1 and lms.tool.rows("meeting") == 6
    scheduled = [one for one in said(lms.tool, "scheduled") if "/meetings/" in one["object"]["id"]]
    assert len(scheduled) == 18 + 2 * 5, "who joins later has the meetings to come"
    del lms.names[A]
    lms.sync()
    assert "does not list this group any more" in lms.tool.get(place_of(lms)).text
    assert len(members(lms)) == 5


def test_whoever_is_in_two_groups_is_put_into_the_first(lms: Lms) -> None:
    lms.inside |= {"u1": (A, B), "u6": (B,), "u7": (B,)}
    lms.sync()
    lms.certify(["u6", "u7"])
    made = take(lms, B, A)
    assert "2 new groups." in made.text and "6 people were put into one." in made.text
    assert members(lms) == [*IN_A, *(("Group B", f"u{number}") for number in (5, 6, 7))]


def test_who_may_be_in_a_coaching_group_is_as_ever(lms: Lms) -> None:
    """Certified lately, taking part, in no other group."""
    lms.tool.sql(
        "UPDATE lti_tool.episode SET left_at = now() WHERE person_id = (SELECT person_id FROM "
        "lti_tool.identity WHERE subject = 'u1')"
    )
    lms.certify(["u4"], NOW - timedelta(days=200))
    assert f'value="{A}"' not in lms.tool.get(place_of(lms)).text
    take(lms, A)
    assert members(lms) == []


def test_what_was_not_offered_is_refused_or_makes_nothing(lms: Lms) -> None:
    nothing = take(lms)
    assert nothing.status_code == 400 and "Tick the groups" in nothing.text
    assert take(lms, "another").status_code == 400
    assert "0 new groups." in take(lms, B).text
    assert members(lms) == []


def test_only_those_who_manage_groups_take_them_over(lms: Lms) -> None:
    place = place_of(lms)
    page = lms.tool.get(place)
    lms.tool.sql("DELETE FROM lti_tool.role_grant")
    refused = lms.tool.post(f"{place}/of-course", page, group=[A])
    assert refused.status_code == 403 and members(lms) == []


def test_the_section_is_there_only_where_the_lms_offers_groups(lms: Lms) -> None:
    lms.tool.sql("UPDATE lti_tool.course SET groups_url = ''")
    place = f"{lms.tool.launch('launch-resource-teacher').location}programmes/phishing-response"
    assert "From the groups of this course" not in lms.tool.get(f"{place}/groups").text


def test_a_member_sees_the_name_of_the_group(lms: Lms) -> None:
    take(lms, A)
    home = lms.tool.launch(sub="u1", **lms.claim()).location
    assert "Coaching group: Group A" in lms.tool.get(f"{home}group").text
