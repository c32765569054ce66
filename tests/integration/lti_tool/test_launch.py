"""The launch: recorded Moodle launches pass, and what follows belongs to who launched. What is
refused: test_launch_cases.py.
"""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.tool import CLIENT_ID, ISSUER, TOOL, Tool


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        ("launch-resource-student1", "Start the check"),
        ("launch-resource-student3-cjk", "No certification is on record for you"),
        (
            "launch-resource-manualtool-window-student2-no-pii-no-sourcedid",
            "No certification is on record for you",
        ),
        ("launch-resource-teacher", "does the effect last?"),
        ("launch-resource-manualtool-window-noneditingteacher-no-pii", "does the effect last?"),
        ("launch-resource-admin", "does the effect last?"),
    ],
)
def test_recorded_launches_of_a_real_moodle_open_the_right_page(
    tool: Tool, capture: str, expected: str
) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    answer = tool.launch(capture)
    assert answer.status_code == 303
    page = tool.get(answer.location)
    assert page.status_code == 200
    assert expected in page.text


def test_names_in_any_script_arrive_whole_and_escaped(tool: Tool) -> None:
    page = tool.get(
        tool.launch("launch-resource-student3-cjk", name="王<b>小明</b> & Ölsen").location
    )
    assert "王<b>" not in page.text
    assert "王<b>小明</b> & Ölsen" in unescape(page.text)


def test_the_login_goes_on_to_the_registered_platform_with_all_it_needs(tool: Tool) -> None:
    answer = tool.login()
    parts = urlsplit(answer.location)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{tool.moodle.server.url}/auth"
    assert asked["redirect_uri"] == f"{TOOL}/lti/launch"
    assert (asked["scope"], asked["response_type"], asked["response_mode"], asked["prompt"]) == (
        "openid",
        "id_token",
        "form_post",
        "none",
    )
    assert (asked["client_id"], asked["login_hint"], asked["lti_message_hint"]) == (
        CLIENT_ID,
        "5",
        '{"cmid":2}',
    )
    assert len(asked["nonce"]) > 20
    (cookie,) = answer.headers.getlist("Set-Cookie")
    for attribute in ("__Host-", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert attribute in cookie


def test_a_session_belongs_to_its_launch_and_to_nobody_else(tool: Tool) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    learner, teacher = tool.launch().location, tool.launch("launch-resource-teacher").location
    assert "Start the check" in tool.get(learner).text
    assert "does the effect last?" in tool.get(teacher).text
    assert "Start the check" in tool.get(learner).text, (
        "the second person in the browser does not take over the first one's page"
    )
    stranger = tool.browser.application.test_client()
    answer = stranger.get(urlsplit(learner).path, base_url="https://127.0.0.1:8080")
    assert answer.status_code == 401
    assert "open the activity again" in answer.text


def test_pages_may_be_framed_by_their_platform_alone_and_run_our_scripts_alone(tool: Tool) -> None:
    page = tool.get(tool.launch().location)
    policy = page.headers["Content-Security-Policy"]
    ancestors = policy.split("frame-ancestors ")[1].split()
    assert set(ancestors) == {"'self'", ISSUER, tool.moodle.server.url}
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script>" not in page.text
    assert "onclick" not in page.text


def test_the_tools_keys_show_public_members_only(tool: Tool) -> None:
    (key,) = tool.get("/lti/jwks.json").json["keys"]
    assert {"kty", "n", "e", "kid", "alg", "use"} == set(key)
