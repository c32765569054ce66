"""Launches where the browser keeps no cookie in a frame: the LMS's window holds the proof, or a
window of its own is opened. Never more.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from tests.support.launch_log import rows
from tests.support.tool import TOOL, Tool

BASE = "https://127.0.0.1:8080"


def stored(tool: Tool, target: str = "_parent") -> tuple[str, str, str, str]:
    """A login that leaves its proof with the LMS's window: state, nonce, key, proof."""
    page = tool.login(lti_storage_target=target)
    assert page.status_code == 200
    data = {
        name: unescape(value) for name, value in re.findall(r'data-([a-z]+)="([^"]*)"', page.text)
    }
    asked = parse_qs(urlsplit(data["next"]).query)
    assert (data["act"], data["target"], data["origin"]) == ("put", target, tool.moodle.server.url)
    return asked["state"][0], asked["nonce"][0], data["key"], data["proof"]


def bare(tool: Tool, state: str, token: str, **more: str) -> Any:
    """The launch as a browser without cookies sends it."""
    return tool.stranger().post(
        "/lti/launch", data={"state": state, "id_token": token, **more}, base_url=BASE
    )


def confirm(tool: Tool, body: Any, **headers: str) -> Any:
    return tool.stranger().post(
        "/lti/launch/confirm", json=body, headers={"Origin": TOOL, **headers}, base_url=BASE
    )


def test_a_launch_without_any_cookie(tool: Tool) -> None:
    state, nonce, key, proof = stored(tool)
    token = tool.moodle.sign(tool.claims(nonce))
    page = bare(tool, state, token, lti_storage_target="_parent")
    assert page.status_code == 200
    assert f'data-key="{key}"' in page.text
    assert proof not in page.text, "the LMS's window has it, and nobody else"
    assert tool.rows("launch") == 0, "nothing is kept before the proof came"
    framed_by = page.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
    assert set(framed_by) == {"'self'", "http://127.0.0.1:8100", tool.moodle.server.url}
    opened = confirm(tool, {"state": state, "id_token": token, "proof": proof})
    assert opened.status_code == 200
    assert not opened.headers.getlist("Set-Cookie")
    home, secret = opened.json["home"], opened.json["token"]
    assert secret not in home
    browser = tool.stranger()
    assert browser.get(home, base_url=BASE).status_code == 401
    page = browser.get(home, headers={"Authorization": f"Bearer {secret}"}, base_url=BASE)
    assert "Start the check" in page.text
    assert secret not in page.text
    form = page.text.split('name="form_token" value="')[1].split('"')[0]
    begun = browser.post(
        f"{home}checks/1w",
        data={"form_token": form},
        headers={"Authorization": f"Bearer {secret}", "Origin": TOOL},
        base_url=BASE,
    )
    assert begun.status_code == 303
    assert confirm(tool, {"state": state, "id_token": token, "proof": proof}).status_code == 400, (
        "once"
    )
    assert tool.rows("launch") == 1


def test_a_cookie_serves_where_the_browser_keeps_one_although_storage_is_offered(
    tool: Tool,
) -> None:
    state, nonce, _, _ = stored(tool)
    assert (
        tool.enter(
            state, tool.moodle.sign(tool.claims(nonce)), lti_storage_target="_parent"
        ).status_code
        == 303
    )


WRONG: dict[str, Any] = {
    "no proof": lambda state, token, proof: {"state": state, "id_token": token, "proof": ""},
    "the state as proof": lambda state, token, proof: {
        "state": state,
        "id_token": token,
        "proof": state,
    },
    "another token": lambda state, token, proof: {
        "state": state,
        "id_token": token + "x",
        "proof": proof,
    },
    "another state": lambda state, token, proof: {"state": "x", "id_token": token, "proof": proof},
    "a list": lambda state, token, proof: [state, token, proof],
    "numbers": lambda state, token, proof: {"state": 1, "id_token": 2, "proof": 3},
    "nothing": lambda state, token, proof: {},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_confirmation_that_is_none_opens_nothing(tool: Tool, case: str) -> None:
    before = rows(tool)
    state, nonce, _, proof = stored(tool)
    token = tool.moodle.sign(tool.claims(nonce))
    answer = confirm(tool, WRONG[case](state, token, proof))
    assert 400 <= answer.status_code < 500
    assert rows(tool) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_only_our_own_page_confirms(tool: Tool, headers: dict[str, str]) -> None:
    """Whoever begins a launch in their own browser knows its proof: another site must not finish it
    in somebody else's.
    """
    before = rows(tool)
    state, nonce, _, proof = stored(tool)
    answer = confirm(
        tool,
        {"state": state, "id_token": tool.moodle.sign(tool.claims(nonce)), "proof": proof},
        **headers,
    )
    assert answer.status_code == 403
    assert rows(tool) == before


def test_a_form_of_another_site_cannot_confirm(tool: Tool) -> None:
    before = rows(tool)
    state, nonce, _, proof = stored(tool)
    fields = {"state": state, "id_token": tool.moodle.sign(tool.claims(nonce)), "proof": proof}
    answer = tool.stranger().post(
        "/lti/launch/confirm", data=fields, headers={"Origin": TOOL}, base_url=BASE
    )
    assert answer.status_code == 400
    assert rows(tool) == before


def test_a_forged_message_is_refused_before_the_storage_is_asked(tool: Tool) -> None:
    state, nonce, _, _ = stored(tool)
    forged = tool.moodle.sign(tool.claims(nonce, aud="another"))
    answer = bare(tool, state, forged, lti_storage_target="_parent")
    assert answer.status_code == 400
    assert "storage.js" not in answer.text


@pytest.mark.parametrize("target", ['"><script>', "a b", "x" * 200, "../x"])
def test_a_frame_name_that_is_none_is_not_used(tool: Tool, target: str) -> None:
    assert tool.login(lti_storage_target=target).status_code == 302


def test_the_target_may_come_with_the_login_alone(tool: Tool) -> None:
    state, nonce, _, _ = stored(tool, "post_message_forwarding")
    page = bare(tool, state, tool.moodle.sign(tool.claims(nonce)))
    assert 'data-target="post_message_forwarding"' in page.text


def test_without_cookie_and_storage_a_window_of_its_own_asks_whose_launch_it_is(tool: Tool) -> None:
    before = rows(tool)
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce, name="A <b>learner</b>"))
    page = bare(tool, state, token)
    assert page.status_code == 400
    assert 'action="/lti/launch/window" target="_blank"' in page.text
    window = tool.stranger()
    fields = {"state": state, "id_token": token}
    asked = window.post("/lti/launch/window", data=fields, base_url=BASE)
    assert "A &lt;b&gt;learner&lt;/b&gt;" in asked.text
    assert "frame-ancestors 'none'" in asked.headers["Content-Security-Policy"], (
        "nobody can be made to press the button unseen"
    )
    assert rows(tool) == before, "nothing before the person says yes"
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": TOOL, "Sec-Fetch-Site": "cross-site"},
    ):
        forged = window.post(
            "/lti/launch/window", data={**fields, "accept": "1"}, headers=headers, base_url=BASE
        )
        assert forged.status_code == 403, "another site cannot say yes"
    assert rows(tool) == before
    opened = window.post(
        "/lti/launch/window",
        data={**fields, "accept": "1"},
        headers={"Origin": TOOL},
        base_url=BASE,
    )
    assert opened.status_code == 303
    assert "Start the check" in window.get(opened.location, base_url=BASE).text
    again = window.post(
        "/lti/launch/window",
        data={**fields, "accept": "1"},
        headers={"Origin": TOOL},
        base_url=BASE,
    )
    assert again.status_code == 400
    assert tool.rows("launch") == 1


@pytest.mark.parametrize(
    "case",
    [
        "another kind of browser",
        "another network",
        "an administrator",
        "a choice of content",
        "storage was offered",
        "Moodle has a page of its own",
    ],
)
def test_a_window_opens_no_more_than_it_must(tool: Tool, case: str) -> None:
    """Whoever holds somebody's message, or shows their own to somebody else, is not where the login
    began.
    """
    recorded = {
        "an administrator": "launch-resource-admin",
        "a choice of content": "launch-deep-linking-teacher",
    }.get(case, "launch-resource-student1")
    if case == "storage was offered":
        state, nonce, _, _ = stored(tool)
    else:
        state, nonce = tool.begun()
    if case.startswith("Moodle"):
        tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    fields = {
        "state": state,
        "id_token": tool.moodle.sign(tool.claims(nonce, recorded)),
        "accept": "1",
    }
    headers = {
        "Origin": TOOL,
        **({"User-Agent": "another"} if case == "another kind of browser" else {}),
    }
    where: Any = {"REMOTE_ADDR": "192.0.2.9"} if case == "another network" else {}
    before = rows(tool)
    answer = tool.stranger().post(
        "/lti/launch/window", data=fields, headers=headers, base_url=BASE, environ_overrides=where
    )
    assert answer.status_code == 400
    assert rows(tool) == before


@pytest.mark.parametrize(
    "wrong", [{"state": "x"}, {"id_token": "x"}, {"state": ""}, {"id_token": ""}]
)
def test_a_window_asks_about_genuine_launches_alone(tool: Tool, wrong: dict[str, str]) -> None:
    state, nonce = tool.begun()
    fields = {"state": state, "id_token": tool.moodle.sign(tool.claims(nonce)), **wrong}
    for more in ({}, {"accept": "1"}):
        answer = tool.stranger().post(
            "/lti/launch/window", data={**fields, **more}, headers={"Origin": TOOL}, base_url=BASE
        )
        assert 400 <= answer.status_code < 500
    assert tool.rows("launch") == 0


def test_moodles_own_page_begins_anew_in_a_window_of_its_own(tool: Tool) -> None:
    """Its message hint works once, so our own login could not be begun again with it (recorded:
    404).
    """
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    state, nonce = tool.begun()
    page = bare(tool, state, tool.moodle.sign(tool.claims(nonce)))
    assert 'href="http://127.0.0.1:8100/mod/lti/launch.php?id=2" target="_blank"' in page.text


def test_content_can_be_chosen_without_any_cookie(tool: Tool) -> None:
    """The page that goes on from the confirmation may send its answer to the LMS: its policy says
    so from the beginning.
    """
    name = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
    settings = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
        "deep_link_return_url": "https://lms.example/back",
    }
    state, nonce, _, _ = stored(tool)
    claims = tool.claims(nonce, "launch-deep-linking-teacher", **{name: settings})
    page = bare(tool, state, tool.moodle.sign(claims), lti_storage_target="_parent")
    assert "form-action 'self' https://lms.example;" in page.headers["Content-Security-Policy"]


def test_a_session_of_one_launch_opens_no_other(tool: Tool) -> None:
    first, second = tool.launch().location, tool.launch("launch-resource-student3-cjk").location
    secret = next(
        cookie.value
        for cookie in tool.browser._cookies.values()
        if cookie.key.endswith(first.split("/")[-2].replace("-", ""))
    )
    answer = tool.stranger().get(
        urlsplit(second).path, headers={"Authorization": f"Bearer {secret}"}, base_url=BASE
    )
    assert answer.status_code == 401


def test_the_tool_knows_a_way_back_in_a_window_of_its_own(tool: Tool) -> None:
    back = {
        f"{CLAIM_PREFIX}launch_presentation": {
            "return_url": "http://127.0.0.1:8100/course/view.php?id=2",
            "locale": "en",
        }
    }
    home = tool.launch(**back).location
    alone = tool.browser.get(
        urlsplit(home).path, headers={"Sec-Fetch-Dest": "document"}, base_url=BASE
    )
    framed = tool.browser.get(
        urlsplit(home).path, headers={"Sec-Fetch-Dest": "iframe"}, base_url=BASE
    )
    assert "Back to the course" in alone.text
    assert "Back to the course" not in framed.text
