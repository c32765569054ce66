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
        ("de_AT", "de", "Umsetzungsplan"),
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


@pytest.mark.parametrize("lang", ["de", "es", "fr"])
def test_a_teacher_reads_the_language_of_the_launch(tool: Tool, lang: str) -> None:
    page = tool.get(tool.launch("launch-resource-teacher", **_in(lang)).location)
    assert f'<html lang="{lang}">' in page.text


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


LONG_PLAN = {"act": "save", "obstacle": "x" * 2_001}


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de_DE", "Höchstens 2000 Zeichen; das hier hat 2001."),
        ("fr", "2000 caractères au plus\u202f; ce texte en a 2001."),
        ("es", "Como máximo 2000 caracteres; este texto tiene 2001."),
        ("en", "Keep it to 2000 characters; this has 2001."),
    ],
)
def test_a_refusal_with_values_is_told_in_the_language_of_the_launch(
    tool: Tool, locale: str, words: str
) -> None:
    home = tool.launch(**_in(locale)).location
    plan = tool.get(f"{home}plan")
    refused = tool.post(f"{home}plan", plan, **LONG_PLAN)
    assert refused.status_code == 400
    assert words in refused.text
    assert locale == "en" or "Keep it to" not in refused.text


def test_an_error_page_is_in_the_language_of_the_launch(tool: Tool) -> None:
    """It is shown instead of the page, so it knows the person and not the page's template."""
    home = tool.launch(**_in("de")).location
    gone = tool.get(f"{home}attempts/00000000-0000-4000-8000-000000000000")
    assert gone.status_code == 404
    assert '<html lang="de">' in gone.text
    assert "Das hat nicht geklappt" in gone.text
    assert "Sie haben keinen solchen Check." in gone.text


def test_an_error_page_for_nobody_is_in_the_language_of_the_browser(tool: Tool) -> None:
    tool.launch()
    for path, status, words in (
        (
            "/t/00000000-0000-4000-8000-000000000000/today",
            401,
            "Diese Seite öffnet sich nur während einer Sitzung",
        ),
        ("/nothing/here", 404, "Unter dieser Adresse gibt es nichts."),
    ):
        page = tool.browser.get(
            path,
            headers={"Accept-Language": "de-CH,de;q=0.9"},
            base_url="https://127.0.0.1:8080",
        )
        assert page.status_code == status
        assert '<html lang="de">' in page.text
        assert words in page.text


def test_a_refused_launch_with_values_is_told_in_the_language_of_the_browser(tool: Tool) -> None:
    tool.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "es"
    refused = tool.launch(**{f"{CLAIM_PREFIX}resource_link": {"id": "x" * 256}})
    assert refused.status_code == 400
    assert "no es un texto de 1 a 255 caracteres" in refused.text
    assert "Vuelve al curso" not in refused.text and "Le toca" in refused.text
