"""Answers to questions of every kind: parsed from a form, scored, rendered as text. Pure
functions.

A response is one string in xAPI's notation (xAPI-Data 4.1.5.1, Response Patterns):
``a[,]c``, ``a[.]m2[,]b[.]m1``, ``4.5``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters import xapi_statements
from adapters.questions import question_html
from adapters.questions.models import AcceptedAnswer, QuestionItem, parse_decimal
from core.errors import BadInput

RESPONSE_SEPARATOR, PAIR_SEPARATOR = "[,]", "[.]"
MAX_ANSWER_CHARS = 500  # characters of a short answer
# A rapid guess: nobody can read and consider a question in less time (a threshold by reading
# speed: Wise & Kong 2005). 500 words a minute is twice a fast reader's 250.
MIN_READ_SECONDS, SECONDS_PER_WORD = 3.0, 60 / 500


def parse_response(item: QuestionItem, form: Mapping[str, Sequence[str]]) -> str:
    """Parse the response from a form; BadInput says what is missing. Fields: ``choice``
    (multiple), ``text``, ``match-<key>``, ``place-<n>``."""
    if item.kind in ("single", "true_false"):
        choices = form.get("choice", ())
        if len(choices) != 1 or choices[0] not in _choice_keys(item):
            raise BadInput("Choose one of the answers, then send it.", field="choice")
        return choices[0]
    if item.kind == "multiple":
        choices = form.get("choice", ())
        if not choices or not set(choices) <= set(_choice_keys(item)):
            raise BadInput("Choose at least one of the answers, then send it.", field="choice")
        return RESPONSE_SEPARATOR.join(key for key in _choice_keys(item) if key in choices)
    if item.kind == "matching":
        partners = {key: (form.get(f"match-{key}") or [""])[0] for key in _choice_keys(item)}
        if not set(partners.values()) <= {f"m{number}" for number in range(len(item.matches))}:
            raise BadInput("Choose a partner for each line, then send it.", field="choice")
        return RESPONSE_SEPARATOR.join(
            f"{key}{PAIR_SEPARATOR}{partner}" for key, partner in partners.items()
        )
    if item.kind == "ordering":
        places = [
            (form.get(f"place-{number}") or [""])[0] for number in range(1, len(item.choices) + 1)
        ]
        if sorted(places) != sorted(_choice_keys(item)):
            raise BadInput("Put each line in one place, then send it.", field="choice")
        return RESPONSE_SEPARATOR.join(places)
    text = " ".join((form.get("text") or [""])[0].replace("\0", "").split())
    if not text or len(text) > MAX_ANSWER_CHARS:
        raise BadInput("Write your answer, then send it.", field="text")
    if item.kind == "numeric":
        number = parse_typed_number(text)
        if number is None:
            raise BadInput("Write a number, for example 12.5.", field="text")
        return format(number, "f")
    return text


def _choice_keys(item: QuestionItem) -> list[str]:
    return [choice.key for choice in item.choices]


def parse_typed_number(words: str) -> Decimal | None:
    """Parse a number as people type it: with a decimal comma or point, and with spaces or
    apostrophes as thousands separators."""
    bare = re.sub(r"[\s'’\u00a0\u202f]", "", words).replace("−", "-")
    if bare.count(",") == 1 and "." not in bare:
        bare = bare.replace(",", ".")
    elif "," in bare and "." in bare:
        last = max(bare.rfind(","), bare.rfind("."))
        bare = re.sub(r"[,.]", "", bare[:last]) + "." + bare[last + 1 :]
    return parse_decimal(bare) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", bare, re.ASCII) else None


def is_correct(item: QuestionItem, response: str) -> bool:
    """Whether a response is entirely correct."""
    if item.kind in ("single", "true_false", "multiple"):
        return set(response.split(RESPONSE_SEPARATOR)) == set(item.correct)
    if item.kind == "ordering":
        return response.split(RESPONSE_SEPARATOR) == item.correct
    if item.kind == "matching":
        return response == _correct_matching(item)
    return _find_accepted(item, response) is not None


def _correct_matching(item: QuestionItem) -> str:
    matches = item.matches
    return RESPONSE_SEPARATOR.join(
        f"{choice.key}{PAIR_SEPARATOR}m{matches.index(choice.match)}" for choice in item.choices
    )


def _find_accepted(item: QuestionItem, response: str) -> AcceptedAnswer | None:
    for entry in item.accepted:
        if item.kind == "numeric":
            response_value, value, tolerance = (
                parse_decimal(response),
                parse_decimal(entry.value),
                parse_decimal(entry.tolerance),
            )
            if (
                response_value is not None
                and value is not None
                and tolerance is not None
                and abs(response_value - value) <= tolerance
            ):
                return entry
        elif re.fullmatch(
            _wildcard_regex(_fold_text(item, entry.value)), _fold_text(item, response)
        ):
            return entry
    return None


def _wildcard_regex(words: str) -> str:
    return ".*".join(re.escape(part) for part in words.split("*"))


def _fold_text(item: QuestionItem, words: str) -> str:
    bare = " ".join(words.split())
    return bare if item.case_sensitive else bare.casefold()


def render_response(item: QuestionItem, response: str) -> list[str]:
    """Render a response as lines of HTML."""
    if item.kind in ("single", "true_false", "multiple", "ordering"):
        return [item.choice(key).text for key in response.split(RESPONSE_SEPARATOR)]
    if item.kind == "matching":
        matches = item.matches
        pairs = [pair.split(PAIR_SEPARATOR) for pair in response.split(RESPONSE_SEPARATOR)]
        return [f"{item.choice(key).text} → {matches[int(partner[1:])]}" for key, partner in pairs]
    return [question_html.text_to_html(response)]


def render_correct_answer(item: QuestionItem) -> list[str]:
    """Render the correct answer as lines of HTML."""
    if item.kind == "matching":
        return render_response(item, _correct_matching(item))
    if item.kind in ("numeric", "short"):
        first = item.accepted[0]
        around = (
            f" ± {first.tolerance}"
            if item.kind == "numeric" and parse_decimal(first.tolerance)
            else ""
        )
        return [
            question_html.text_to_html(
                first.value.replace("*", "…" if item.kind == "short" else "*") + around
            )
        ]
    return render_response(item, RESPONSE_SEPARATOR.join(item.correct))


@dataclass(frozen=True)
class ResponseFeedback:
    """Feedback on a response, as lines of HTML: on the given answer, on the correct answer,
    and for everybody."""

    to_answer: list[str]
    to_right: list[str]
    to_all: list[str]


def select_feedback(item: QuestionItem, response: str) -> ResponseFeedback:
    """Select the author's feedback for this response. A wrong response also gets the
    explanation of the correct answer."""
    right = is_correct(item, response)
    answered, correct = list[str](), list[str]()
    if item.kind in ("single", "true_false", "multiple"):
        chosen = response.split(RESPONSE_SEPARATOR)
        answered = [item.choice(key).feedback for key in chosen]
        correct = (
            []
            if right
            else [item.choice(key).feedback for key in item.correct if key not in chosen]
        )
    elif item.kind in ("numeric", "short"):
        accepted = _find_accepted(item, response)
        answered = [accepted.feedback] if accepted else []
    answered.append(item.when_right if right else item.when_wrong)
    return ResponseFeedback(
        *(
            [line for line in dict.fromkeys(lines) if line]
            for lines in (answered, correct, [item.explanation])
        )
    )


def is_rapid_guess(item: QuestionItem, seconds: float) -> bool:
    """Whether an answer came faster than the question can be read."""
    shown = [
        item.stem,
        *(choice.text for choice in item.choices),
        *(item.matches if item.kind == "matching" else ()),
    ]
    word_count = len(question_html.html_to_text(" ".join(shown)).split())
    return seconds < max(MIN_READ_SECONDS, word_count * SECONDS_PER_WORD)


def to_xapi_item(item: QuestionItem, competency_title: str) -> xapi_statements.ItemDefinition:
    """Convert the question to its form in statements."""
    interaction = {
        "single": "choice",
        "multiple": "choice",
        "true_false": "choice",
        "numeric": "numeric",
        "short": "fill-in",
        "matching": "matching",
        "ordering": "sequencing",
    }[item.kind]
    parts: dict[str, list[tuple[str, str]]] = {}
    lines = [(choice.key, question_html.html_to_text(choice.text)) for choice in item.choices]
    if interaction in ("choice", "sequencing"):
        parts["choices"] = lines
    elif interaction == "matching":
        parts["source"] = lines
        parts["target"] = [
            (f"m{number}", question_html.html_to_text(text))
            for number, text in enumerate(item.matches)
        ]
    return xapi_statements.ItemDefinition(
        item.key,
        question_html.html_to_text(item.stem),
        interaction,
        _correct_patterns(item),
        parts,
        item.competency,
        competency_title,
    )


def _correct_patterns(item: QuestionItem) -> list[str]:
    if item.kind == "matching":
        return [_correct_matching(item)]
    if item.kind == "numeric":
        bounds = [
            (parse_decimal(item.value) or Decimal(0), parse_decimal(item.tolerance) or Decimal(0))
            for item in item.accepted
        ]
        return [f"{value - around:f}[:]{value + around:f}" for value, around in bounds]
    if item.kind == "short":
        return [
            f"{{case_matters={'true' if item.case_sensitive else 'false'}}}{entry.value}"
            for entry in item.accepted
        ]
    return [RESPONSE_SEPARATOR.join(item.correct)]
