"""Learners read the pages in the language of their launch."""

from __future__ import annotations

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from tests.support.tool import Tool


def _in(locale: str) -> dict[str, object]:
    return {
        f"{CLAIM_PREFIX}launch_presentation": {
            "locale": locale,
            "return_url": "http://127.0.0.1:8100/course/view.php?id=2",
        }
    }


@pytest.mark.parametrize(
    ("locale", "lang", "words"),
    [
        ("de_AT", "de", "Transferplan"),
        ("fr", "fr", "Commencer"),
        ("es-MX", "es", "Empezar"),
        ("en", "en", "Start the check"),
        ("nl", "en", "Start the check"),
    ],
)
def test_a_learner_reads_the_language_of_the_launch(
    tool: Tool, locale: str, lang: str, words: str
) -> None:
    home = tool.launch(**_in(locale)).location
    page = tool.get(home)
    assert f'<html lang="{lang}">' in page.text
    assert words in page.text
    if lang != "en":
        assert "Start the check" not in page.text
        question = tool.post(f"{home}checks/1w", page)
        assert f'<html lang="{lang}">' in question.text
        assert "Question 1 of" not in question.text
        plan = tool.get(f"{home}plan")
        assert "Save as draft" not in plan.text


def test_a_teacher_reads_english_whatever_the_launch_says(tool: Tool) -> None:
    """Their pages have no translation yet, and a page says truly what it is written in."""
    page = tool.get(tool.launch("launch-resource-teacher", **_in("de")).location)
    assert '<html lang="en">' in page.text


def test_a_refused_launch_is_told_in_the_language_of_the_browser(tool: Tool) -> None:
    refused = tool.browser.post(
        "/lti/launch",
        data={"state": "x", "id_token": "y"},
        headers={"Accept-Language": "de-CH,de;q=0.9"},
        base_url="https://127.0.0.1:8080",
    )
    assert refused.status_code == 400
    assert '<html lang="de">' in refused.text
    assert "This activity could not be opened" not in refused.text
