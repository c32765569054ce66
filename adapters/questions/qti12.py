"""QTI 1.2, as Canvas Classic Quizzes export it: import only, so that quizzes can be migrated
from there."""

from __future__ import annotations

import html as entities
from decimal import Decimal
from typing import Any

from lxml import etree

from adapters.csv_tables import FileRefused
from adapters.questions import question_html
from adapters.questions.models import (
    AcceptedAnswer,
    Choice,
    ImportNote,
    KeyAllocator,
    Picture,
    QuestionItem,
    Reading,
    UnsupportedQuestion,
    assign_letter_keys,
    normalize_number,
    parse_decimal,
    require_valid_item,
)
from adapters.questions.untrusted_files import local_name, parse_untrusted_xml, resolve_archive_path
from core.messages import gettext_noop, lazy_gettext


def read_qti12(root: etree._Element, manifest: str, files: dict[str, bytes]) -> Reading | None:
    """Read the questions of the package that this manifest describes; None if it lists no QTI
    1.2 resource."""
    places = []
    for resource in (item for item in root.iter() if local_name(item) == "resource"):
        if resource.get("type", "").startswith("imsqti_xmlv1p2"):
            names = [resource.get("href", "")] + [
                item.get("href", "") for item in resource if local_name(item) == "file"
            ]
            places += [
                place
                for place in (resolve_archive_path(manifest, name) for name in names if name)
                if place in files
            ]
    # A Common Cartridge stores the complete question next to the reduced one.
    places += [
        name for name in files if name.startswith("non_cc_assessments/") and name.endswith(".qti")
    ]
    if not places:
        return None
    items: dict[str, QuestionItem] = {}
    notes: list[ImportNote] = []
    keys = KeyAllocator()
    for place in dict.fromkeys(places):
        for element in (
            item for item in parse_untrusted_xml(files[place]).iter() if local_name(item) == "item"
        ):
            identifier = element.get("ident", "")
            if identifier in items:
                continue
            where = f"{place}, {element.get('title', '')[:80] or identifier}"
            try:
                item = require_valid_item(_read_qti12_item(element, keys))
            except (UnsupportedQuestion, FileRefused) as error:
                notes.append(ImportNote(where, error.message, lost=True))
                continue
            keys.reserve_key(item.key)
            items[identifier] = item
            if "<img" in _material_html(element):
                notes.append(
                    ImportNote(
                        where,
                        gettext_noop(
                            "Its pictures are left out: a Classic Quizzes export names them by "
                            "their place in Canvas."
                        ),
                    )
                )
    return Reading(list(items.values()), dict[str, Picture](), notes)


def _descendants_named(element: etree._Element, name: str) -> list[etree._Element]:
    return [item for item in element.iter() if local_name(item) == name]


def _metadata_field(element: etree._Element, name: str) -> str:
    for item in _descendants_named(element, "qtimetadatafield"):
        parts = {local_name(part): (part.text or "").strip() for part in item}
        if parts.get("fieldlabel") == name:
            return parts.get("fieldentry", "")
    return ""


def _material_html(element: etree._Element) -> str:
    """The HTML of the first text in an element."""
    for item in _descendants_named(element, "mattext"):
        text = item.text or ""
        return (
            text
            if item.get("texttype") == "text/html"
            else question_html.text_to_html(entities.unescape(text))
        )
    return ""


def _read_qti12_item(element: etree._Element, keys: KeyAllocator) -> QuestionItem:
    kind = _metadata_field(element, "question_type") or "multiple_choice_question"
    presentation = next(iter(_descendants_named(element, "presentation")), None)
    if presentation is None:
        raise UnsupportedQuestion("It asks nothing.")
    direct = [
        item for item in presentation if local_name(item) == "material"
    ] or _descendants_named(presentation, "material")[:1]
    stem = question_html.clean_imported_html(_material_html(direct[0])) if direct else ""
    feedback = {
        item.get("ident", ""): question_html.clean_imported_html(_material_html(item))
        for item in _descendants_named(element, "itemfeedback")
    }
    title = " ".join(element.get("title", "").split())[:255]
    fields: dict[str, Any] = {
        "key": keys.allocate_key(
            "", title if title and title != "Question" else question_html.html_to_text(stem)[:60]
        ),
        "competency": "",
        "title": title,
        "stem": stem,
        "explanation": feedback.get("general_fb", ""),
        "when_right": feedback.get("correct_fb", ""),
        "when_wrong": feedback.get("general_incorrect_fb", ""),
    }
    if kind in ("multiple_choice_question", "true_false_question", "multiple_answers_question"):
        parts = _read_qti12_choices(element, presentation, kind, feedback)
    elif kind == "short_answer_question":
        parts = {
            "kind": "short",
            "accepted": [AcceptedAnswer(text) for text in dict.fromkeys(_correct_values(element))],
        }
    elif kind == "numerical_question":
        parts = {"kind": "numeric", "accepted": _read_qti12_numbers(element)}
    elif kind == "matching_question":
        parts = _read_qti12_matching(element, presentation)
    else:
        raise UnsupportedQuestion(
            lazy_gettext("Its type %(kind)s is not asked here.", kind=repr(kind[:60]))
        )
    return QuestionItem(**fields | parts)


def _correct_values(element: etree._Element) -> list[str]:
    """Correct values: those compared for equality and not negated by a ``not``."""
    result = []
    for condition in _descendants_named(element, "respcondition"):
        scores = [
            item
            for item in _descendants_named(condition, "setvar")
            if (parse_decimal((item.text or "0").strip()) or 0) > 0
        ]
        if scores:
            result += [
                (item.text or "").strip()
                for item in _descendants_named(condition, "varequal")
                if not any(local_name(parent) == "not" for parent in item.iterancestors())
            ]
    return result


def _read_qti12_choices(
    element: etree._Element, presentation: etree._Element, kind: str, feedback: dict[str, str]
) -> dict[str, Any]:
    result = [
        (item.get("ident", ""), question_html.clean_imported_html(_material_html(item)))
        for item in _descendants_named(presentation, "response_label")
    ]
    right = set(_correct_values(element))
    by_text = {
        question_html.html_to_text(text).strip().lower(): identifier for identifier, text in result
    }
    if kind == "true_false_question" and set(by_text) == {"true", "false"}:
        choices = [
            Choice(word, word.capitalize(), feedback.get(f"{by_text[word]}_fb", ""))
            for word in ("true", "false")
        ]
        return {
            "kind": "true_false",
            "choices": choices,
            "correct": [word for word in by_text if by_text[word] in right],
        }
    keys = assign_letter_keys([text for _, text in result])
    choices = sorted(
        (
            Choice(keys[text], text, feedback.get(f"{identifier}_fb", ""))
            for identifier, text in result
        ),
        key=lambda item: (len(item.key), item.key),
    )
    correct = sorted(
        (keys[text] for identifier, text in result if identifier in right),
        key=lambda key: (len(key), key),
    )
    return {
        "kind": "multiple" if kind == "multiple_answers_question" else "single",
        "choices": choices,
        "correct": correct,
    }


def _read_qti12_numbers(element: etree._Element) -> list[AcceptedAnswer]:
    result: dict[tuple[str, str], AcceptedAnswer] = {}
    for condition in _descendants_named(element, "respcondition"):
        low, high = (
            next(
                (
                    parse_decimal((item.text or "").strip())
                    for name in names
                    for item in _descendants_named(condition, name)
                ),
                None,
            )
            for names in (("vargte", "vargt"), ("varlte", "varlt"))
        )
        exact = next(
            (
                parse_decimal((item.text or "").strip())
                for item in _descendants_named(condition, "varequal")
            ),
            None,
        )
        if low is not None and high is not None:
            middle = exact if exact is not None else (low + high) / 2
            accepted = AcceptedAnswer(
                normalize_number(f"{middle:f}"), normalize_number(f"{abs(high - low) / 2:f}")
            )
        elif exact is not None:
            accepted = AcceptedAnswer(
                normalize_number(f"{exact:f}"), normalize_number(f"{Decimal(0):f}")
            )
        else:
            continue
        result[accepted.value, accepted.tolerance] = accepted
    return list(result.values())


def _read_qti12_matching(element: etree._Element, presentation: etree._Element) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    labels: dict[str, str] = {}
    chosen = {
        item.get("respident", ""): (item.text or "").strip()
        for item in _descendants_named(element, "varequal")
    }
    for response in _descendants_named(presentation, "response_lid"):
        labels |= {
            item.get("ident", ""): question_html.clean_imported_html(_material_html(item))
            for item in _descendants_named(response, "response_label")
        }
        right = chosen.get(response.get("ident", ""), "")
        if right not in labels:
            raise UnsupportedQuestion("One of its lines has no right partner.")
        line = next((item for item in response if local_name(item) == "material"), None)
        pairs.append(
            (
                question_html.clean_imported_html(_material_html(line)) if line is not None else "",
                labels[right],
            )
        )
    keys = assign_letter_keys([left for left, _ in pairs], keep_order=True)
    used = {right for _, right in pairs}
    others = [text for text in dict.fromkeys(labels.values()) if text not in used]
    return {
        "kind": "matching",
        "choices": [Choice(keys[left], left, match=right) for left, right in pairs],
        "other_matches": others,
    }
