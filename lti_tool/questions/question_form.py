"""The form in which an author writes a question: how it is read, kind by kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from adapters.questions import AcceptedAnswer, Choice, Picture, QuestionItem, question_html
from adapters.questions.models import (
    KINDS,
    UnsupportedQuestion,
    assign_letter_keys,
    key_from_name,
    normalize_number,
    sort_by_key,
)
from adapters.questions.pictures import PictureRefused, load_picture
from core.errors import BadInput
from core.messages import lazy_gettext
from lti_tool.base.forms import form_day, form_text, form_texts, optional_file
from lti_tool.programmes.programmes import Programme

_ALLOWED_TAG = re.compile(
    rf"</?(?:{'|'.join(sorted(question_html.ALLOWED_TAGS))})(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_REVIEW_DAY = lazy_gettext("Enter the day of the next review as year-month-day.")
# Characters of what a question is found by, and the number of its tags.
_MAX_TITLE_LENGTH, _MAX_SOURCE_LENGTH, _MAX_TAG_LENGTH, _MAX_TAGS = 255, 300, 100, 30
_MAX_NAME_LENGTH = 60  # of a text that stands for a missing title
_MAX_LINE_DIGITS = 3


def read_question(programme: Programme) -> tuple[QuestionItem, list[Picture]]:
    """The question in the submitted form, with the picture uploaded with it; BadInput if it cannot
    be read.
    """
    kind = form_text("kind")
    if kind not in KINDS:
        raise BadInput("There is no such kind of question.")
    before = next((item for item in programme.items if item.key == form_text("key")), None)
    stem = _form_markup("stem")
    name = form_text("title") or question_html.html_to_text(stem)[:_MAX_NAME_LENGTH]
    stem, uploaded = _add_picture(stem)
    pool = form_text("pool")
    if pool not in ("check", "practice", "baseline"):
        raise BadInput("Choose what the question is for.", field="pool")
    tags = [part.strip()[:_MAX_TAG_LENGTH] for part in form_text("tags").split(",")]
    fields: dict[str, Any] = {
        "key": before.key
        if before
        else key_from_name(name, {item.key for item in programme.items}, "question"),
        "version": before.version if before else 1,
        "kind": kind,
        "competency": form_text("competency"),
        "pool": pool,
        "critical": form_text("critical") == "1",
        "title": form_text("title", _MAX_TITLE_LENGTH),
        "stem": stem,
        "when_right": _form_markup("when_right"),
        "when_wrong": _form_markup("when_wrong"),
        "explanation": _form_markup("explanation"),
        "source": form_text("source", _MAX_SOURCE_LENGTH),
        "review_on": form_day("review_on", _REVIEW_DAY),
        "tags": [tag for tag in tags if tag][:_MAX_TAGS],
    }
    return QuestionItem(**fields | _KIND_READERS[kind]()), uploaded


def _add_picture(stem: str) -> tuple[str, list[Picture]]:
    """The text with the uploaded picture below it, if there is one."""
    file = optional_file("picture")
    if file is None:
        return stem, []
    try:
        picture = load_picture(file[1])
    except PictureRefused as error:
        raise BadInput(
            lazy_gettext("The picture was not taken: %(reason)s.", reason=error.message),
            field="picture",
        ) from None
    alt = question_html.text_to_html(form_text("alt")).replace('"', "&quot;")
    image = f'<p><img src="file:{picture.digest}" alt="{alt}"></p>'
    return question_html.clean_html(stem + image), [picture]


def _form_markup(name: str) -> str:
    """A rich text field of the form: HTML if it was written as such, else plain text with its
    line breaks."""
    return _to_markup(form_text(name))


def _to_markup(text: str) -> str:
    """An author's input as markup: HTML if it contains a complete tag that is allowed in
    questions, else escaped plain text."""
    try:
        return question_html.clean_imported_html(
            text if _ALLOWED_TAG.search(text) else question_html.text_to_html(text)
        )
    except UnsupportedQuestion as wrong:
        raise BadInput(wrong.message) from None


def _form_markups(name: str) -> list[str]:
    return [_to_markup(text) for text in form_texts(name)]


def _read_true_false() -> dict[str, Any]:
    feedback = [*_form_markups("feedback"), "", ""]
    return {
        "choices": [Choice("true", "True", feedback[0]), Choice("false", "False", feedback[1])],
        "correct": form_texts("right")[:1],
    }


def _read_choices() -> dict[str, Any]:
    right = {
        int(number)
        for number in form_texts("right")
        if number.isdecimal() and len(number) <= _MAX_LINE_DIGITS
    }
    lines = zip_longest(_form_markups("text"), _form_markups("feedback"), fillvalue="")
    rows = [
        (text, feedback, number in right) for number, (text, feedback) in enumerate(lines) if text
    ]
    keys = _choice_keys([text for text, _, _ in rows], keep_order=True)
    return {
        "choices": [Choice(keys[text], text, feedback) for text, feedback, _ in rows],
        "correct": [keys[text] for text, _, is_right in rows if is_right],
    }


def _read_matching() -> dict[str, Any]:
    pairs = [
        (text, match)
        for text, match in zip(_form_markups("text"), _form_markups("match"), strict=False)
        if text or match
    ]
    keys = _choice_keys([text for text, _ in pairs if text], keep_order=True)
    return {
        "choices": [Choice(keys[text], text, match=match) for text, match in pairs if text],
        "other_matches": [match for text, match in pairs if not text],
    }


def _read_ordering() -> dict[str, Any]:
    lines = [text for text in _form_markups("text") if text]
    keys = _choice_keys(lines, keep_order=False)
    return {
        "choices": sort_by_key(Choice(key, text) for text, key in keys.items()),
        "correct": [keys[text] for text in lines],
    }


def _read_numeric() -> dict[str, Any]:
    lines = zip_longest(form_texts("value"), form_texts("tolerance"), fillvalue="")
    return {
        "accepted": [
            AcceptedAnswer(_form_number(value), _form_number(tolerance or "0"))
            for value, tolerance in lines
            if value
        ]
    }


def _form_number(text: str) -> str:
    return normalize_number(text.replace(",", "."))


def _read_short() -> dict[str, Any]:
    return {
        "accepted": [AcceptedAnswer(value) for value in form_texts("value") if value],
        "case_sensitive": form_text("case_sensitive") == "1",
    }


def _choice_keys(texts: list[str], keep_order: bool) -> dict[str, str]:
    if len(set(texts)) != len(texts):
        raise BadInput("Two of its choices or lines read the same.", field="text")
    return assign_letter_keys(texts, keep_order=keep_order)


_KIND_READERS: dict[str, Callable[[], dict[str, Any]]] = {
    "single": _read_choices,
    "multiple": _read_choices,
    "true_false": _read_true_false,
    "numeric": _read_numeric,
    "short": _read_short,
    "matching": _read_matching,
    "ordering": _read_ordering,
}
