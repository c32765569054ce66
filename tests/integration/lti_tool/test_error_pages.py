"""What somebody reads where something did not work: in the own language, wholly, and with the way
on that fits how the person came.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.lms.claims import CLAIM_PREFIX
from core.translations import translate_text
from docs.messages import extract_messages
from lti_tool.launch import rate_limits
from lti_tool.people import people_import
from lti_tool.transfer import plan_page
from tests.support.listed_people import LIST, person
from tests.support.mailbox import NOW, link_of, press, sign_in
from tests.support.tool import TOOL, Tool

COURSE = "http://127.0.0.1:8100/course/view.php?id=2"
HTTPS = TOOL.replace("http://", "https://")
LANGUAGES = ("de", "es", "fr")
NOT_HERE = "00000000-0000-4000-8000-000000000000"
# What the framework says of an error, or would.
FRAMEWORK = (
    "Not Found",
    "requested URL",
    "entered the URL",
    "Bad Request",
    "Too Many",
    "Method Not",
)
TO_COURSE, SIGN_IN = "Back to the course", "/sign-in"


def launched(tool: Tool, locale: str, recorded: str = "launch-resource-student1") -> str:
    presentation = {"locale": locale, "return_url": COURSE}
    home: str = tool.launch(
        recorded, **{f"{CLAIM_PREFIX}launch_presentation": presentation}
    ).location
    return urlsplit(home).path


def ask(
    browser: FlaskClient, path: str, method: str = "GET", *, framed: bool = False, **more: Any
) -> TestResponse:
    headers = {"Sec-Fetch-Dest": "iframe"} if framed else {}
    return browser.open(path, method=method, base_url=HTTPS, headers=headers, **more)


def stranger_of(tool: Tool, language: str) -> FlaskClient:
    """Another browser, in this language."""
    browser = tool.stranger()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    return browser


def texts_of(page: TestResponse) -> list[str]:
    """What stands on a page, piece by piece."""
    body = re.sub(r"<head>.*?</head>", "", page.text, flags=re.DOTALL)
    return [" ".join(unescape(one).split()) for one in re.split(r"<[^>]*>", body) if one.strip()]


def links_of(page: TestResponse) -> list[str]:
    main = page.text.partition("<main")[2]
    return [unescape(address) for address in re.findall(r'href="([^"]*)"', main)]


@cache
def english_texts(tag: str) -> frozenset[str]:
    """The texts that read otherwise in this language."""
    ids = [message.id for message in extract_messages() if isinstance(message.id, str)]
    return frozenset(text for text in ids if text and translate_text(tag, text) != text)


def require_wholly_in(tag: str, page: TestResponse) -> None:
    assert f'<html lang="{tag}">' in page.text
    for text in texts_of(page):
        assert text not in english_texts(tag)
        assert not any(words in text for words in FRAMEWORK), text


@pytest.mark.parametrize("framed", [False, True], ids=["window", "frame"])
@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("who", ["launch-resource-student1", "launch-resource-teacher"])
def test_an_error_in_a_session_is_in_its_language_and_leads_to_the_overview(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, who: str, tag: str, framed: bool
) -> None:
    """The browser is English; the course is not."""
    home = launched(tool, tag, who)
    tool.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"

    def fail(*given: object, **named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plan_page, "load_plan", fail)
    pages = {
        404: ask(tool.browser, f"{home}attempts/{NOT_HERE}", framed=framed),
        403: ask(tool.browser, f"{home}admin/audit", framed=framed),
        500: ask(tool.browser, f"{home}plan", framed=framed),
    }
    for status, page in pages.items():
        assert page.status_code == status
        require_wholly_in(tag, page)
        # what surrounds a frame is the course itself
        assert links_of(page) == ([home] if framed else [home, COURSE])
    out_of_date = ask(tool.browser, f"{home}plan", "POST", framed=framed, data={"what": "x"})
    too_large = ask(tool.browser, f"{home}plan", "POST", data={"what": "x" * 1_100_000})
    for status, page in ((403, out_of_date), (413, too_large)):
        assert page.status_code == status
        require_wholly_in(tag, page)
        assert home in links_of(page)


@pytest.mark.parametrize("framed", [False, True], ids=["window", "frame"])
@pytest.mark.parametrize("tag", LANGUAGES)
def test_where_a_launch_has_ended_its_address_still_knows_the_language_and_the_course(
    tool: Tool, tag: str, framed: bool
) -> None:
    home = launched(tool, tag)
    tool.sql("UPDATE lti_tool.launch SET seen_at = now() - interval '3 hours'")
    tool.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    for status, path in ((401, "today"), (401, "plan"), (404, "nothing/here"), (405, "uses")):
        page = ask(tool.browser, f"{home}{path}", framed=framed)
        assert page.status_code == status
        require_wholly_in(tag, page)
        assert links_of(page) == ([] if framed else [COURSE])
        other = ask(stranger_of(tool, "en"), f"{home}{path}", framed=framed)
        require_wholly_in(tag, other)
        assert links_of(other) == [], "the address of a course is shown to who came from it alone"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_an_unknown_address_says_so_in_the_language_of_the_browser(tool: Tool, tag: str) -> None:
    browser = stranger_of(tool, tag)
    for path in (
        "/nothing",
        "/t/",
        f"/t/{NOT_HERE}/nothing",
        "/t/no-id/today",
        "/sign-in/nothing",
        "/s",
        "/static/nothing.css",
    ):
        page = ask(browser, path)
        assert page.status_code == 404, path
        require_wholly_in(tag, page)
        assert links_of(page) == [SIGN_IN]
    for path in (f"/t/{NOT_HERE}/today", f"/admin/{NOT_HERE}/", "/admin/enter/nothing", "/admin/x"):
        page = ask(browser, path)
        assert page.status_code in (401, 404)
        require_wholly_in(tag, page)
    deleted = ask(browser, "/sign-in", "DELETE")
    assert deleted.status_code == 405 and "GET" in deleted.headers["Allow"]
    require_wholly_in(tag, deleted)
    wrong = ask(browser, "/s/no-link")
    assert wrong.status_code == 400 and links_of(wrong) == [SIGN_IN]
    require_wholly_in(tag, wrong)
    network = f"198.51.100.{LANGUAGES.index(tag) + 1}"
    tool.use_up(rate_limits.REQUESTED_LINKS, network)
    browser.environ_base["REMOTE_ADDR"] = network
    often = browser.post(
        "/sign-in", data={"email": "x@y.example"}, base_url=HTTPS, headers={"Origin": TOOL}
    )
    assert often.status_code == 429
    require_wholly_in(tag, often)


def listed_person(tool: Tool, language: str) -> Any:
    assert people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    ).applied
    one = person(tool, "E1")
    tool.sql(
        "UPDATE lti_tool.person SET language = :language WHERE id = :id",
        language=language,
        id=one.id,
    )
    return one


@pytest.mark.parametrize("tag", LANGUAGES)
def test_whoever_came_by_mail_is_sent_to_the_mail_and_never_to_a_course(
    tool: Tool, tag: str
) -> None:
    one = listed_person(tool, tag)
    tool.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    link = link_of(tool, one.id)
    landing = ask(tool.browser, link)
    require_wholly_in(tag, landing)
    opened = press(tool, link)
    home = f"/t/{opened.request.path.split('/')[2]}/"
    wrong_page = ask(tool.browser, f"{home}people/")
    assert wrong_page.status_code == 403 and links_of(wrong_page) == [home]
    tool.sql("UPDATE lti_tool.launch SET expires_at = now() - interval '1 minute'")
    ended = ask(tool.browser, f"{home}today")
    assert ended.status_code == 401 and links_of(ended) == [SIGN_IN]
    old = link_of(tool, one.id, made_at=NOW - timedelta(days=20))
    pages = [
        wrong_page,
        ended,
        ask(tool.browser, old),
        press(tool, old),
        press(tool, f"{old}/again"),
    ]
    for page in pages:
        require_wholly_in(tag, page)
        assert translate_text(tag, TO_COURSE) not in texts_of(page)
        assert not any(" course" in text or "Kurs" in text for text in texts_of(page))


def test_whoever_signed_in_signs_in_again(tool: Tool) -> None:
    one = listed_person(tool, "de")
    opened = press(tool, sign_in(tool, one.email))
    home = f"/t/{opened.request.path.split('/')[2]}/"
    tool.sql("UPDATE lti_tool.launch SET seen_at = now() - interval '3 hours'")
    ended = ask(tool.browser, f"{home}today")
    assert ended.status_code == 401 and links_of(ended) == [SIGN_IN]
    require_wholly_in("de", ended)


def test_a_session_is_known_for_a_week_after_its_end_and_opens_nothing(tool: Tool) -> None:
    home = launched(tool, "de")
    tool.sql(
        "UPDATE lti_tool.launch SET expires_at = now() - interval '8 days', "
        "created_at = now() - interval '9 days'"
    )
    assert ask(tool.browser, f"{home}today").status_code == 401
    cookie = next(
        one
        for one in tool.launch().headers.getlist("Set-Cookie")
        if one.startswith("__Host-carryover-launch-") and "Max-Age=0" not in one
    )
    eight_hours, week = 8 * 3_600, 7 * 86_400
    assert f"Max-Age={eight_hours + week}" in cookie
