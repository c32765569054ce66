"""Launches as other products send them. Each case names where it was seen or what writes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.lms.claims import CLAIM_PREFIX
from core.errors import FatalError
from core.settings import read_settings
from tests.support.tool import TOOL, Tool

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def claim(name: str) -> str:
    return f"{CLAIM_PREFIX}{name}"


SHAPES: Mapping[str, dict[str, Any]] = {
    # json_encode of an empty array of PHP, which is how Moodle's and Sakai's kin write {}.
    "an empty list for the presentation": {claim("launch_presentation"): []},
    "an empty list for the context": {claim("context"): []},
    "an empty list for lis": {claim("lis"): []},
    # Numbers as ids, which ltijs and Hypothesis take: field report of 30 November 2026, F10.
    "a number for the user": {"sub": 5},
    "a number for the resource link": {claim("resource_link"): {"id": 7, "title": "x"}},
    "a number for the course": {claim("context"): {"id": 3, "title": "A course"}},
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_launch_of_another_shape_opens(tool: Tool, case: str) -> None:
    answer = tool.launch(**SHAPES[case])
    assert answer.status_code == 303, answer.text


def test_the_same_person_whether_the_id_is_a_number_or_a_text(tool: Tool) -> None:
    assert tool.launch(sub=77).status_code == 303
    assert tool.launch(sub="77").status_code == 303
    found = tool.sql("SELECT count(*) AS n FROM lti_tool.identity WHERE subject = '77'")
    assert found[0].n == 1


@pytest.mark.parametrize("value", [True, 1.5, None, {"id": 1}])
def test_what_is_no_id_stays_refused(tool: Tool, value: Any) -> None:
    assert tool.launch(sub=value).status_code == 400


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("?page=my%20plan", "?page=my+plan"),
        ("?page=Caf%C3%A9", "?page=Caf%c3%a9"),
        ("", "/"),
    ],
)
def test_an_address_that_is_spelled_otherwise_is_the_same(
    tool: Tool, asked: str, sent: str
) -> None:
    """Login and token spell one address in two ways: field report, F10."""
    state, nonce = tool.begun(target_link_uri=f"{TOOL}/lti/launch{asked}")
    claims = tool.claims(nonce, **{claim("target_link_uri"): f"{TOOL}/lti/launch{sent}"})
    assert tool.enter(state, tool.moodle.sign(claims)).status_code == 303


def test_another_page_is_another_address(tool: Tool) -> None:
    state, nonce = tool.begun(target_link_uri=f"{TOOL}/lti/launch?page=one")
    claims = tool.claims(nonce, **{claim("target_link_uri"): f"{TOOL}/lti/launch?page=two"})
    answer = tool.enter(state, tool.moodle.sign(claims))
    assert answer.status_code == 400
    assert "changed its link" in answer.text


def test_a_variable_that_the_platform_left_is_no_id_and_no_name(tool: Tool) -> None:
    """LTI 1.3 core, appendix C: what is not substituted stays as it was written."""
    answer = tool.launch(
        sub="unfilled",
        email="$Person.email.primary",
        **{
            claim("lis"): {"person_sourcedid": "$Person.sourcedId"},
            claim("custom"): {"person_id": "SIS-9"},
        },
    )
    assert answer.status_code == 303
    (row,) = tool.sql(
        "SELECT i.* FROM lti_tool.identity i WHERE subject = 'unfilled'",
    )
    assert "$Person" not in str(dict(row._mapping))


def test_a_designer_chooses_content_and_is_nobody_s_teacher_or_learner(tool: Tool) -> None:
    """Canvas sends ContentDeveloper for its designers (canvas-lms, lib/lti/substitutions_helper.rb,
    LIS_V2_LTI_ADVANTAGE_ROLE_MAP), Blackboard for its course builders; PrairieLearn #10898.
    """
    roles = {claim("roles"): [f"{MEMBERSHIP}ContentDeveloper"]}
    answer = tool.launch("launch-deep-linking-teacher", sub="designer", **roles)
    assert answer.status_code == 303, answer.text
    assert "What shall this course hold?" in tool.get(answer.location).text
    opened = tool.launch(sub="designer", **roles)
    home = tool.get(opened.location)
    assert "You design this course" in home.text
    assert tool.browser.get(
        f"{opened.location}course/", base_url="https://127.0.0.1:8080"
    ).status_code in (403, 404)
    members = tool.sql(
        "SELECT count(*) AS n FROM lti_tool.membership m JOIN lti_tool.identity i"
        " ON i.person_id = m.person_id WHERE i.subject = 'designer'"
    )
    assert members[0].n == 0, "a course's people are its learners and teachers"


def test_who_watches_somebody_in_the_lms_is_no_learner_who_waits(tool: Tool) -> None:
    """Canvas sends Mentor for its observers (canvas-lms, lib/lti/substitutions_helper.rb,
    LIS_V2_LTI_ADVANTAGE_ROLE_MAP); no teacher can record a certification of them.
    """
    opened = tool.launch(sub="observer", **{claim("roles"): [f"{MEMBERSHIP}Mentor"]})
    page = tool.get(opened.location)
    assert "You watch somebody in this course" in page.text
    assert "certification is on record" not in page.text


def test_a_learner_who_also_designs_takes_part(tool: Tool) -> None:
    roles = {claim("roles"): [f"{MEMBERSHIP}ContentDeveloper", f"{MEMBERSHIP}Learner"]}
    assert tool.launch(sub="both", **roles).status_code == 303
    (row,) = tool.sql(
        "SELECT m.role FROM lti_tool.membership m JOIN lti_tool.identity i"
        " ON i.person_id = m.person_id WHERE i.subject = 'both'"
    )
    assert row.role == "learner"


# --- clocks


def launch_of_a_clock(tool: Tool, seconds: int) -> Any:
    """As Moodle sends it, whose token lives for 60 s, from a clock that is so much ahead."""
    now = int(time.time()) + seconds
    return tool.launch(iat=now, exp=now + 60)


@pytest.mark.parametrize("seconds", [180, -185, 3_600])
def test_clocks_that_differ_are_told_by_how_much(tool: Tool, seconds: int) -> None:
    """pylti1.3 #146, ltiauthenticator #197: a whole school cannot launch, and reads nothing of why."""
    answer = launch_of_a_clock(tool, seconds)
    assert answer.status_code == 400
    told = [abs(seconds) + off for off in range(-4, 5)]
    assert any(f"differ by {number:,} seconds" in answer.text for number in told), answer.text
    assert "Ask the administrator" in answer.text
    (entry,) = tool.sql("SELECT detail FROM lti_tool.launch_log ORDER BY at DESC LIMIT 1")
    assert ("ahead" if seconds > 0 else "behind") in entry.detail


def test_an_operator_may_allow_five_minutes(tool: Tool) -> None:
    tool.deps.settings.__dict__["clock_leeway_seconds"] = 300
    for seconds in (180, -185, 290):
        assert launch_of_a_clock(tool, seconds).status_code == 303
    assert launch_of_a_clock(tool, 400).status_code == 400
    with pytest.raises(FatalError, match="CARRYOVER_CLOCK_LEEWAY"):
        read_settings({"CARRYOVER_CLOCK_LEEWAY": "301"})


# --- keys


def test_a_key_that_changed_under_its_name_is_looked_up_once(tool: Tool) -> None:
    assert tool.launch().status_code == 303
    tool.moodle.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    tool.moodle.publish()
    fetched = tool.moodle.server.count("/certs")
    assert tool.launch().status_code == 303
    tool.moodle.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    assert tool.launch().status_code == 400, "a stranger's key"
    assert tool.moodle.server.count("/certs") == fetched + 1, "then it cools down"


def test_a_key_server_that_does_not_answer_is_no_forgery(tool: Tool) -> None:
    """The platform has a new key, and its key server is slow: the launch may be genuine."""
    assert tool.launch().status_code == 303
    url = f"{tool.moodle.server.url}/certs"
    tool.moodle.server.says("/certs", (500, "Error", ""))
    tool.deps.platform_keys._cache[url].fresh_until = 0
    state, nonce = tool.begun()
    answer = tool.enter(state, tool.moodle.sign(tool.claims(nonce), kid="new"))
    assert answer.status_code == 503
    assert "Try again in a minute" in answer.text
