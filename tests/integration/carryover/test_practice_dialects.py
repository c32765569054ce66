"""The practice LMS plays each product: the real tool gives everybody what they are there, and what
is played agrees with what was read of the products.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.lms import dialect_for
from carryover.practice_lms.dialects import DIALECTS, Dialect
from carryover.practice_lms.languages import LANGUAGES
from carryover.practice_lms.people import (
    ADMINISTRATOR,
    DESIGNER,
    LEARNER,
    MENTOR,
    PEOPLE,
    TEACHER,
)
from carryover.practice_lms.vocabulary import GROUPS_SCOPE
from core import settings
from core.embedded import EmbeddedServers
from lti_tool import operator_api
from lti_tool.checks import grade_sender
from lti_tool.people import rosters
from tests.conftest import Databases, environ_for
from tests.support.practice_course import PracticeCourse, practice_course

SHAPES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "support" / "dialects").glob("*.json"))
}
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
GROUPS_CLAIM = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
PLAYED = pytest.mark.parametrize("key", sorted(SHAPES))


@pytest.fixture(scope="module")
def practice_template(
    servers: EmbeddedServers,
    databases: Databases,
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with the tables of the record store and the tool."""
    name = databases.make(lrs_template)
    operator_api.migrate(
        settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
    )
    return name


@pytest.fixture(params=list(DIALECTS))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return DIALECTS[request.param]


@pytest.fixture
def course(
    servers: EmbeddedServers,
    new_database: Callable[..., str],
    practice_template: str,
    tmp_path: Path,
    dialect: Dialect,
) -> Iterator[PracticeCourse]:
    database = new_database(practice_template)
    family = dialect.key if dialect.key in SHAPES else "standard"
    with practice_course(servers, database, tmp_path, dialect, family) as made:
        yield made


def test_each_product_is_played_to_the_real_tool(course: PracticeCourse, dialect: Dialect) -> None:
    """A learner learns, a teacher teaches, who builds the course chooses content that is opened, a
    score arrives, the roster is read.
    """
    assert "Your check after 1 week is open" in course.open("learner")
    answer_check(course)
    assert grade_sender.send_due_grades(course.deps, course.tenant_id) == 1
    gradebook = course.browser.get(f"{course.lms}/practice/gradebook").text
    assert "/ 5" in gradebook.split('data-person="learner"')[1].split("</td>")[0]
    assert "does the effect last?" in course.open("teacher")
    builder = "designer" if DESIGNER in dialect.launch_roles else "teacher"
    assert "What shall this course hold?" in course.open(f"{builder}/deep-link")
    course.browser.submit("/pick", page="check-1m", columns="1")
    page = course.browser.submit("/deep-link/return").text
    (item,) = re.findall(r'href="/practice/launch/learner\?item=(\d+)"', page)
    assert "check after 1 month" in course.open(f"learner?item={item}")
    assert rosters.sync_due_rosters(course.deps, course.tenant_id) == 1
    subjects = {
        dialect.subject(person.subject, course.lms)
        for person in dialect.members
        if person.learns or person.part == TEACHER
    }
    listed = course.sql(
        "SELECT i.subject FROM lti_tool.membership m JOIN lti_tool.identity i"
        " ON i.person_id = m.person_id WHERE m.active"
    )
    assert subjects <= {row.subject for row in listed}
    assert groups_kept(course) == (
        {"Group A": 2 + (MENTOR in dialect.launch_roles), "Group B": 2}
        if dialect.groups is not None
        else {}
    )


def groups_kept(course: PracticeCourse) -> dict[str, int]:
    """The groups of the course with how many people are in them."""
    found = course.sql(
        "SELECT g.name, count(*) AS n FROM lti_tool.course_group g"
        " JOIN lti_tool.course_group_member USING (tenant_id, course_id, key) GROUP BY g.name"
    )
    return {row.name: row.n for row in found}


def answer_check(course: PracticeCourse) -> None:
    course.browser.submit("/checks/1w")
    attempt = str(course.browser.page.url)
    for position in range(1, 6):
        course.browser.submit(choice="a", position=str(position))
        course.browser.get(attempt)
    assert "of 5 right" in course.browser.page.text


def test_a_score_that_is_not_newer_is_answered_as_the_tool_expects_it_of_the_product(
    dialect: Dialect,
) -> None:
    refused = dialect.scores.not_newer
    if refused:
        family = dialect_for(dialect.key if dialect.key in SHAPES else "standard")
        outcome = family.outcome(refused.status, refused.reason, {}, refused.text.encode())
        assert outcome.verdict.name == "NOT_NEWER"


def test_a_choice_is_one_of_the_list_and_made_on_the_page(course: PracticeCourse) -> None:
    browser, address = course.browser, f"{course.lms}/practice/"
    before = browser.get(address).text
    assert before.count(" selected") == 1
    answer = browser._request("POST", f"{address}dialect", data={"dialect": "another"})
    assert answer.status_code == 400
    assert browser.get(address).text == before


# What is played agrees with what was read


def roles_read(shape: dict[str, Any], right: str) -> list[list[str]]:
    return [
        sorted(one["claims"][f"{CLAIM}roles"]) for one in shape["launches"] if one["right"] == right
    ]


@PLAYED
def test_roles_are_those_of_the_product(key: str) -> None:
    shape, played = SHAPES[key], DIALECTS[key]
    # Open edX and Schoology send an administrator of theirs as one who teaches, Blackboard a
    # designer.
    rights = {
        LEARNER: ("learner",),
        TEACHER: ("teacher",),
        DESIGNER: ("designer", "teacher"),
        ADMINISTRATOR: ("lms_administrator", "teacher"),
    }
    for part, names in rights.items():
        if part in played.launch_roles:
            found = [roles for name in names for roles in roles_read(shape, name)]
            assert sorted(played.launch_roles[part]) in found, part
    assert (DESIGNER in played.launch_roles) >= bool(roles_read(shape, "designer"))


@PLAYED
def test_a_launch_has_the_form_of_the_products(key: str) -> None:
    played, claims = DIALECTS[key], SHAPES[key]["launches"][0]["claims"]
    assert played.id_token_seconds == claims["exp"] - claims["iat"]
    read = claims.get(f"{CLAIM}tool_platform", {})
    assert played.product_family_code == read.get("product_family_code", "")
    assert set(played.tool_platform()) <= set(read)
    context = claims[f"{CLAIM}context"]
    assert played.context.get("type") == context.get("type")
    assert set(played.context) == set(context)
    assert form_of(str(played.context["id"])) == form_of(context["id"])
    learner = PEOPLE["learner"]
    subject = played.subject(learner.subject, "https://lms.example")
    assert form_of(subject) == form_of(claims["sub"])
    lis = claims.get(f"{CLAIM}lis", {})
    assert set(played.lis(learner)) <= set(lis)
    assert ("person_sourcedid" in played.lis(learner)) == ("person_sourcedid" in lis)


def form_of(identifier: str) -> str:
    """An id with its signs replaced by their kinds; the length of a number says nothing."""
    if identifier.isdigit():
        return "number"
    if identifier.startswith("course-v1:"):
        return "course key"
    return re.sub(r"[0-9a-f]", "x", identifier)


@PLAYED
def test_services_answer_like_the_products(key: str) -> None:
    shape, played = SHAPES[key], DIALECTS[key]
    accepted, created = shape["scores"].get("accepted"), shape["line_items"].get("created")
    if accepted:
        assert played.scores.accepted.status == accepted["status"]
        text = played.scores.accepted.text
        if isinstance(accepted.get("body"), dict) and text.startswith("{"):
            assert set(json.loads(text)) == set(accepted["body"])
    if created:
        assert played.line_item_created == created["status"]
    late = [one for one in shape["scores"]["refusals"] if "timestamp" in one["when"]]
    assert not late or played.scores.not_newer
    if late and played.scores.not_newer:
        assert played.scores.not_newer.status == late[0]["status"]
    ended = [
        one
        for one in shape["line_items"].get("refusals", [])
        if "expired" in one["when"] or "older than an hour" in one["when"]
    ]
    for one in ended[:1]:
        assert played.token_refusal.status == one["status"]
        if played.token_refusal.text:
            assert json.loads(played.token_refusal.text) == one["body"]
    pages = shape["memberships"].get("pages")
    if pages:
        read = [set(member["roles"]) for page in pages for member in page["body"]["members"]]
        assert set(played.member_roles[LEARNER]) in read
        assert set(played.member_roles[TEACHER]) in read


@PLAYED
def test_groups_are_offered_as_by_the_products(key: str) -> None:
    """Only Sakai and Blackboard send the claim; a roster tells of groups in their forms."""
    shape, groups = SHAPES[key], DIALECTS[key].groups
    claims = [one["claims"].get(GROUPS_CLAIM) for one in shape["launches"]]
    assert any(claims) == (groups is not None)
    if groups is None:
        return
    (read,) = {json.dumps(claim, sort_keys=True): claim for claim in claims if claim}.values()
    assert read["context_groups_url"].endswith("/" + groups.path)
    assert read.get("context_group_sets_url", "").endswith(groups.sets_path)
    named = shape["openid_configuration"]["body"]["scopes_supported"]
    assert (GROUPS_SCOPE in named) == groups.scope_is_named
    entries = [
        member for page in shape["memberships"]["pages"] for member in page["body"]["members"]
    ]
    told = [member["group_enrollments"] for member in entries if "group_enrollments" in member]
    assert groups.tells_none == (len(told) == len(entries))
    played = DIALECTS[key].group_enrollments(PEOPLE["learner"], True)["group_enrollments"]
    assert {tuple(entry) for entry in played} == {("group_id",)}
    if "groups" in shape:
        assert shape["groups"]["body"]["id"].endswith("/" + groups.named_path)
        assert {tuple(entry) for entry in shape["groups"]["body"]["groups"]} == {
            ("id", "name", "tag")
        }


@PLAYED
def test_requests_for_content_are_like_the_products(key: str) -> None:
    read = SHAPES[key]["deep_linking"]["claims"].get(SETTINGS)
    if read:
        played = DIALECTS[key]
        assert played.sends_data == ("data" in read)
        assert played.return_has_query == ("?" in read["deep_link_return_url"])
        assert played.accepts_multiple == read["accept_multiple"]


@pytest.mark.parametrize("dialect", [next(iter(DIALECTS.values()))], ids=["first"])
def test_the_tool_answers_in_the_language_that_was_chosen_in_the_practice_lms(
    course: PracticeCourse,
) -> None:
    browser, titles = course.browser, set[str]()
    for tag in LANGUAGES:
        before = str(browser.get(f"{course.lms}/practice/launch/learner?storage=0").url)
        browser.submit("/practice/language", language=tag)
        assert str(browser.page.url) == before, "the page on which it was chosen"
        assert f'lang="{tag}" aria-pressed="true"' in browser.page.text
        answer = course.open("learner")
        assert f'<html lang="{tag}">' in answer
        titles.add(answer.partition("<h1")[2].partition("</h1>")[0])
    assert len(titles) == len(LANGUAGES)
    browser.get(f"{course.lms}/practice/")
    assert browser.submit("/practice/language", language="xx").status_code == 400
    browser.get(f"{course.lms}/practice/")
    browser.submit("/practice/language", language="de", back="//elsewhere.example/")
    assert str(browser.page.url) == f"{course.lms}/practice/"
