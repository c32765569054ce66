"""The pages of the record store speak the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
WORDS = {
    "de": ("Statements", "Gespeichert seit", "Was nicht zählt", "Eine Person?"),
    "es": ("Declaraciones", "Guardado desde", "Lo que no cuenta", "¿Una persona?"),
    "fr": ("Traces", "Enregistré depuis", "Ce qui n’est pas compté", "Une personne\u202f?"),
}
NOTHING_LEFT = re.compile(
    r"Stored since|What does not count|One person\?|Every statement|No two|Show<|Clear<|Who <"
)


def page(one: Caller, path: str, language: str) -> str:
    answer = one.send("GET", path, headers={"Accept-Language": language})
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("language", WORDS)
def test_pages_of_the_record_store_in_a_language(
    one: Caller, statement: Make, language: str
) -> None:
    one.post([statement(context={"registration": "9f4a8f0e-6d0b-4d0e-8a55-5b2c35e4c0aa"})])
    statements, since, set_aside, person = WORDS[language]
    listed = page(one, "/browse", language)
    assert f'<html lang="{language}">' in listed
    assert f"<h1>{statements}</h1>" in listed and since in listed
    aside, people = page(one, "/browse/set-aside", language), page(one, "/browse/people", language)
    assert f"<h1>{set_aside}</h1>" in aside and f"<h1>{person}</h1>" in people
    for text in (listed, aside, people):
        assert not NOTHING_LEFT.search(text), NOTHING_LEFT.search(text)


def test_a_wrong_filter_is_explained_in_the_reader_s_language(one: Caller) -> None:
    said = page(one, "/browse?verb=answered", "de")
    assert "Das Verb muss eine vollständige IRI sein" in said
    said = page(one, "/browse?since=yesterday", "fr")
    assert "doit être un instant" in said
    assert "absolute IRI" in page(one, "/browse?verb=answered", "en")


def test_whoever_has_no_key_is_told_in_the_reader_s_language(one: Caller) -> None:
    answer = one.client.get("/browse", headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert answer.status_code == 401
    assert "Identifícate" in answer.get_data(as_text=True)


@pytest.mark.parametrize("language", WORDS)
def test_an_unknown_address_below_the_pages_is_a_page_in_the_reader_s_language(
    one: Caller, language: str
) -> None:
    """It was JSON, in the words of the framework, for people."""
    for method, path, status in (
        ("GET", "/browse/nothing", 404),
        ("DELETE", "/browse", 405),
        ("GET", "/browse/static/nothing.css", 404),
    ):
        answer = one.send(method, path, headers={"Accept-Language": language})
        said = answer.get_data(as_text=True)
        assert answer.status_code == status and answer.mimetype == "text/html"
        assert f'<html lang="{language}">' in said
        assert "There is nothing" not in said and "This cannot be done" not in said
        assert "requested URL" not in said and WORDS[language][0] in said
    assert one.send("GET", "/api/v1/nothing").json["error"]["code"] == "not_found"
