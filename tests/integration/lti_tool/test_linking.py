"""Choosing content for a course (Deep Linking 2.0), each case by its id."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from tests.support.launch_log import refused, rows
from tests.support.recorded_courses import picked
from tests.support.tool import Tool

SETTINGS = f"{DEEP_LINKING_PREFIX}deep_linking_settings"
RETURN = "http://127.0.0.1:8100/mod/lti/contentitem_return.php"


def asking(tool: Tool, /, **settings: Any) -> Any:
    """A teacher's launch that asks for content."""
    targets = ["frame", "iframe", "window"]
    whole = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": targets,
        "accept_multiple": True,
        "deep_link_return_url": RETURN,
        **settings,
    }
    return tool.launch(
        "launch-deep-linking-teacher",
        **{SETTINGS: {name: value for name, value in whole.items() if value is not ...}},
    )


BAD: dict[str, dict[str, Any]] = {
    "D2 return address missing": {"deep_link_return_url": ...},
    "D2 return address a script": {"deep_link_return_url": "javascript:alert(1)"},
    "D2 return address no text": {"deep_link_return_url": 5},
    "D3 no activities taken": {"accept_types": ["link", "file"]},
    "D3 accept_types missing": {"accept_types": ...},
}


@pytest.mark.parametrize("case", BAD)
def test_bad_settings(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    refused(shared_tool, asking(shared_tool, **BAD[case]), before)


@pytest.mark.parametrize("case", ["D1 settings missing", "D1 settings a list"])
def test_no_settings(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    refused(
        shared_tool,
        shared_tool.launch(
            "launch-deep-linking-teacher", **{SETTINGS: ... if "missing" in case else []}
        ),
        before,
    )


@pytest.mark.parametrize("case", ["D2 return address of plain http where that is not allowed"])
def test_plain_http(shared_tool: Tool, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(shared_tool.deps.settings, "allow_private_platforms", False)
    try:
        before = rows(shared_tool)
        refused(shared_tool, asking(shared_tool), before)
    finally:
        object.__setattr__(shared_tool.deps.settings, "allow_private_platforms", True)


@pytest.mark.parametrize("case", ["D2 return address of another host is named"])
def test_where_it_goes_is_shown(tool: Tool, case: str) -> None:
    page = tool.get(asking(tool, deep_link_return_url="https://elsewhere.example/back").location)
    assert "Your choice is sent to https://elsewhere.example" in page.text


@pytest.mark.parametrize(
    "case", ["D4 two things where one is taken", "D4 one thing where one is taken"]
)
def test_one_at_a_time(tool: Tool, case: str) -> None:
    two = case.startswith("D4 two")
    answer, claims = picked(tool, ["today", "plan"] if two else ["plan"], accept_multiple=False)
    assert answer.status_code == (400 if two else 200)
    assert ("one thing at a time" in answer.text) == two
    assert bool(claims) != two


DATA = 'csrf=&amp;<"\'> ü %2B + \t\\u0041 {"a": 1}'


@pytest.mark.parametrize("case", ["D5 data is given back byte for byte", "D5 no data, no member"])
def test_data(tool: Tool, case: str) -> None:
    given: dict[str, Any] = {"data": DATA} if "byte" in case else {}
    _, claims = picked(tool, ["today"], **given)
    assert claims.get(f"{DEEP_LINKING_PREFIX}data", ...) == (DATA if given else ...)


@pytest.mark.parametrize(
    "data", [5, 1.5, True, "", [1, {"b": None, "a": [2]}], {"z": 1, "a": {"csrf": "x\0y"}}]
)
def test_data_is_opaque(tool: Tool, data: Any) -> None:
    """Deep Linking 2.0, 4.4.1: "an opaque value which must be returned by the tool"; its examples
    are texts, it says of no type.
    """
    _, claims = picked(tool, ["today"], data=data)
    assert json.dumps(claims[f"{DEEP_LINKING_PREFIX}data"]) == json.dumps(data)


def test_the_specification_s_own_request_is_taken(tool: Tool) -> None:
    """Deep Linking 2.0, appendix A, "Deep linking request example": members as there, our
    registration and address; it has no target_link_uri, an audience that is a list, an azp, media
    types that are one text, presentations that are three.
    """
    settings = {
        "deep_link_return_url": "https://platform.example/deep_links",
        "accept_types": ["link", "file", "html", "ltiResourceLink", "image"],
        "accept_media_types": "image/*,text/html",
        "accept_presentation_document_targets": ["iframe", "window", "embed"],
        "accept_multiple": True,
        "auto_create": True,
        "title": "A title",
        "text": "A text",
        "data": "csrftoken:1",
    }
    asked = tool.launch(
        "launch-deep-linking-teacher",
        aud=["43Y2YZJCB1NzxN9"],
        azp="43Y2YZJCB1NzxN9",
        **{
            SETTINGS: settings,
            f"{CLAIM_PREFIX}target_link_uri": ...,
            f"{CLAIM_PREFIX}resource_link": ...,
        },
    )
    assert asked.status_code == 303, asked.text
    assert "platform.example" in tool.get(asked.location).text


def test_a_place_that_takes_no_activities_says_so(tool: Tool) -> None:
    answer = asking(tool, accept_types=["link", "file"])
    assert answer.status_code == 400
    assert "takes no activities" in answer.text


@pytest.mark.parametrize("accepted", [True, False])
def test_no_column_is_asked_for_where_the_place_takes_none(tool: Tool, accepted: bool) -> None:
    """docs/lti-certification.md, 6.12 (Deep Linking 2.0, accept_lineitem)."""
    _, claims = picked(tool, ["check-1d", "check-1m"], accept_lineitem=accepted)
    items = claims[f"{DEEP_LINKING_PREFIX}content_items"]
    assert ["lineItem" in item for item in items] == [accepted, accepted]


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [("sub", "did not say who you are"), (f"{CLAIM_PREFIX}roles", "claim roles is missing")],
)
def test_a_choice_by_nobody_in_particular_says_why_it_is_refused(
    shared_tool: Tool, left_out: str, reason: str
) -> None:
    """docs/lti-certification.md, 6.16: the second document version of Deep Linking 2.0 lets a
    platform leave both out; the tool must know that a teacher chooses.
    """
    before = rows(shared_tool)
    answer = shared_tool.launch("launch-deep-linking-teacher", **{left_out: ...})
    refused(shared_tool, answer, before)
    assert reason in answer.text


@pytest.mark.parametrize("case", ["D6 a learner"])
def test_learner(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    role = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    answer = shared_tool.launch("launch-deep-linking-teacher", **{f"{CLAIM_PREFIX}roles": [role]})
    assert "Only a teacher" in answer.text
    assert rows(shared_tool) == before


@pytest.mark.parametrize("case", ["D7 the answer"])
def test_answer(tool: Tool, case: str) -> None:
    answer, claims = picked(tool, ["check-1m"])
    token = re.search(r'name="JWT" value="([^"]*)"', answer.text)
    assert token
    header = jwt.get_unverified_header(token[1])
    assert header["kid"] == tool.get("/lti/jwks.json").json["keys"][0]["kid"]
    assert header["alg"] == "RS256"
    assert claims["iss"] == "43Y2YZJCB1NzxN9"
    assert claims["aud"] == "http://127.0.0.1:8100"
    assert claims[f"{CLAIM_PREFIX}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{CLAIM_PREFIX}version"] == "1.3.0"
    assert len(claims["nonce"]) >= 20

    def nulls(value: Any) -> bool:
        return (
            value is None
            or (isinstance(value, dict) and any(map(nulls, value.values())))
            or (isinstance(value, list) and any(map(nulls, value)))
        )

    assert not nulls(claims)


@pytest.mark.parametrize("case", ["D8 the form is sent by itself under the policy of the page"])
def test_form(tool: Tool, case: str) -> None:
    evil = 'http://127.0.0.1:8100/return?x="><script>alert(1)</script>'
    answer, _ = picked(tool, ["today"], deep_link_return_url=evil)
    assert "<script>alert" not in answer.text
    action = re.search(r'<form method="post" action="([^"]*)" data-send-now>', answer.text)
    assert action and unescape(action[1]) == evil
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:8100;" in policy
    assert "script-src 'self';" in policy, (
        "no script inside the page: the file frame.js sends the form"
    )
    assert '<script type="module" src="/static/frame.js">' in answer.text
    assert ">Go on</button>" in answer.text, "and without scripts a button does"


@pytest.mark.parametrize(
    "case",
    ["D9 without the form's token", "D9 from another site", "D9 by another person's session"],
)
def test_forged_choice(tool: Tool, case: str) -> None:
    home = urlsplit(asking(tool).location).path
    page = tool.get(f"{home}pick")
    token = page.text.split('name="form_token" value="')[1].split('"')[0]
    fields = {
        "form_token": "x" if "without" in case else token,
        "programme": "phishing-response",
        "page": "today",
    }
    headers = {"Origin": "https://evil.example"} if "another site" in case else {}
    browser = tool.stranger() if "another person" in case else tool.browser
    answer = browser.post(
        f"{home}pick", data=fields, headers=headers, base_url="https://127.0.0.1:8080"
    )
    assert answer.status_code in (401, 403)
    assert "JWT" not in answer.text


@pytest.mark.parametrize("case", ["D10 a programme of another tenant", "D10 a page that is none"])
def test_strange_choice(tool: Tool, case: str) -> None:
    home = urlsplit(asking(tool).location).path
    page = tool.get(f"{home}pick")
    chosen = (
        {"programme": "of-another-tenant", "choice": "today"}
        if "programme" in case
        else {"programme": "phishing-response", "choice": "admin"}
    )
    answer = tool.browser.post(
        f"{home}pick",
        data={
            "form_token": page.text.split('name="form_token" value="')[1].split('"')[0],
            "programme": chosen["programme"],
            "page": chosen["choice"],
        },
        base_url="https://127.0.0.1:8080",
    )
    assert answer.status_code in (400, 404)
    assert "JWT" not in answer.text


@pytest.mark.parametrize("family", ["moodle", "canvas"])
def test_dates_and_columns_by_product(tool: Tool, family: str) -> None:
    tool.sql("UPDATE lti_tool.platform_registration SET family = :family", family=family)
    home = urlsplit(asking(tool).location).path
    page = tool.get(f"{home}pick")
    answer = tool.post(
        f"{home}pick",
        page,
        programme="phishing-response",
        page="check-1d",
        opens_on="2026-12-01",
        closes_on="2027-01-31",
    )
    claims = jwt.decode(
        answer.text.split('name="JWT" value="')[1].split('"')[0],
        options={"verify_signature": False},
    )
    (item,) = claims[f"{DEEP_LINKING_PREFIX}content_items"]
    assert item["available"] == {
        "startDateTime": "2026-12-01T00:00:00.000Z",
        "endDateTime": "2027-01-31T23:59:59.000Z",
    }
    assert item["submission"] == {"endDateTime": "2027-01-31T23:59:59.000Z"}
    assert "lineItem" not in item, "a column only where it was asked for"
    assert ("url" in item) == (family != "moodle")
    for wrong in ({"opens_on": "soon"}, {"opens_on": "2027-01-01", "closes_on": "2026-01-01"}):
        refusal = tool.post(
            f"{home}pick", page, programme="phishing-response", page="check-1d", **wrong
        )
        assert refusal.status_code == 400
        assert 'value="check-1d" checked' in refusal.text, "nothing that was chosen is lost"


def test_what_was_chosen_opens(tool: Tool) -> None:
    for page, expected in (
        ("check-1w", "check after 1 week"),
        ("check-1m", "It opens later"),
        ("check-1d", "not on your schedule"),
        ("plan", "Transfer plan"),
    ):
        home = tool.launch(
            **{f"{CLAIM_PREFIX}custom": {"programme": "phishing-response", "page": page}}
        ).location
        assert expected in tool.get(home).text, page
    home = tool.launch(
        **{f"{CLAIM_PREFIX}custom": {"programme": "phishing-response", "page": "admin"}}
    ).location
    assert "Phishing response" in tool.get(home).text, (
        "a custom parameter makes nobody an administrator"
    )
    assert tool.get(f"{home}admin/").status_code == 403


def test_no_programme_is_explained(tool: Tool) -> None:
    tool.sql("DELETE FROM lti_tool.scheduled_check")
    tool.sql("DELETE FROM lti_tool.scheduled_act")
    tool.sql("DELETE FROM lti_tool.episode")
    tool.sql("DELETE FROM lti_tool.programme_version")
    page = tool.get(asking(tool).location)
    assert "No programme is set up" in page.text
    home = urlsplit(asking(tool).location).path
    assert "JWT" in tool.post(f"{home}pick", tool.get(f"{home}pick"), act="cancel").text
    assert tool.launch().status_code == 400
    admin = tool.launch("launch-resource-admin")
    assert admin.status_code == 303
    assert "carryover admin link" in tool.get(admin.location).text, (
        "who runs the LMS reads how to get the administration"
    )
    tool.grant_to("2", "admin")
    assert "Platforms" in tool.get(tool.launch("launch-resource-admin").location).text, (
        "and has it before a programme exists"
    )
