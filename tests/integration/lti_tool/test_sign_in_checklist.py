"""Sign-in as a checklist: a test mail and its answer, the tool's own address, the time zone."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from lti_tool import operator_api
from lti_tool.app import create_app
from lti_tool.base import signing_keys
from tests.support.administration import Admin, by_link
from tests.support.mailbox import Postbox
from tests.support.tool import Tool


def opened(tool: Tool, **settings: Any) -> Admin:
    """The administration of a tool with other settings."""
    deps = replace(tool.deps, settings=replace(tool.deps.settings, **settings))
    desk = operator_api.TenantOperator(
        deps.unit_of_work, tool.deps.settings, tool.tenant_id, "operator at a test"
    )
    changed = replace(tool, deps=deps, browser=create_app(deps).test_client())
    return by_link(changed, desk)


@pytest.fixture
def with_mail(tool: Tool, postbox: tuple[Postbox, str]) -> Admin:
    return opened(tool, mail_url=postbox[1], mail_from="Learning <learning@example.org>")


def words(page: Any) -> str:
    return unescape(page.text)


def test_without_a_mail_server_it_says_what_to_set(tool: Tool) -> None:
    admin = opened(tool)
    page = words(admin.get("sign-in"))
    assert "No mail server is set, so no mail is sent." in page
    assert "CARRYOVER_MAIL_URL and CARRYOVER_MAIL_FROM" in page
    assert admin.post("sign-in/mail", address="me@example.org").status_code == 400


def test_a_test_mail_to_oneself_says_that_the_mail_server_took_it(
    tool: Tool, with_mail: Admin, postbox: tuple[Postbox, str]
) -> None:
    page = words(with_mail.get("sign-in"))
    assert "No test mail was sent yet." in page
    assert "Mails leave by 127.0.0.1, from Learning <learning@example.org>." in page
    page = words(with_mail.post("sign-in/mail", address="me@example.org"))
    assert "The mail server took the mail." in page
    (letter,) = postbox[0].letters
    assert letter["To"] == "me@example.org"
    assert letter["Subject"] == "Test mail of Carryover"
    assert "The mail server took the last test mail." in words(with_mail.get("sign-in"))


def test_what_the_mail_server_answers_is_shown_and_not_kept(tool: Tool, with_mail: Admin) -> None:
    page = words(with_mail.post("sign-in/mail", address="gone@example.org"))
    assert "The mail server answered 550: no such person" in page
    assert "did not take the last test mail" in words(with_mail.get("sign-in"))
    assert "gone@example.org" not in words(with_mail.get("audit"))
    assert with_mail.post("sign-in/mail", address="nobody").status_code == 400


def test_no_more_than_ten_test_mails_an_hour(tool: Tool, with_mail: Admin) -> None:
    codes = [
        with_mail.post("sign-in/mail", address="me@example.org").status_code for _ in range(11)
    ]
    assert codes == [200] * 10 + [400]


def test_the_tools_own_address_is_tried(tool: Tool) -> None:
    server = tool.moodle.server
    admin = opened(tool, base_url=server.url)
    page = words(admin.get("sign-in"))
    assert f"Links in mails lead to {server.url}, but you opened this page at" in page
    assert "answered 404" in words(admin.post("sign-in/address"))
    server.says("/lti/jwks.json", (200, "OK", {"keys": []}))
    assert "is not this tool" in words(admin.post("sign-in/address"))
    keys = signing_keys.list_public_jwks(tool.deps.engine, tool.deps.secrets)
    server.says("/lti/jwks.json", (200, "OK", {"keys": keys}))
    assert "The address leads to this tool." in words(admin.post("sign-in/address"))


def test_the_time_zone_of_the_programme_is_named(tool: Tool) -> None:
    assert "time zone" in words(opened(tool).get("sign-in"))
