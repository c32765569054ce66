"""QTI 1.2, as Canvas Classic Quizzes export it: import only, so that quizzes can be migrated
from there."""

from __future__ import annotations

import html as entities
from decimal import Decimal
from typing import Any

from lxml import etree

from adapters.questions import html
from adapters.questions.files import beside, local, xml_of
from adapters.questions.shapes import (
    Accepted,
    Choice,
    Item,
    Keys,
    Note,
    Picture,
    Reading,
    Unfit,
    decimal,
    lettered,
    require_sound,
    tidy,
)
from adapters.tables import FileRefused


def read(root: etree._Element, manifest: str, files: dict[str, bytes]) -> Reading | None:
    """Read the questions of the package that this manifest describes; None if it lists no QTI
    1.2 resource."""
    places = []
    for resource in (one for one in root.iter() if local(one) == "resource"):
        if resource.get("type", "").startswith("imsqti_xmlv1p2"):
            names = [resource.get("href", "")] + [one.get("href", "") for one in resource if local(one) == "file"]
            places += [place for place in (beside(manifest, name) for name in names if name) if place in files]
    # A Common Cartridge stores the complete question next to the reduced one.
    places += [name for name in files if name.startswith("non_cc_assessments/") and name.endswith(".qti")]
    if not places:
        return None
    items: dict[str, Item] = {}
    notes: list[Note] = []
    keys = Keys()
    for place in dict.fromkeys(places):
        for element in (one for one in xml_of(files[place]).iter() if local(one) == "item"):
            identifier = element.get("ident", "")
            if identifier in items:
                continue
            where = f"{place}, {element.get('title', '')[:80] or identifier}"
            try:
                item = require_sound(_item(element, keys))
            except (Unfit, FileRefused) as error:
                notes.append(Note(where, str(error), lost=True))
                continue
            keys.keep(item.key)
            items[identifier] = item
            if "<img" in _material(element):
                notes.append(Note(where, "Its pictures are left out: a Classic Quizzes export names them by their place in Canvas."))
    return Reading(list(items.values()), dict[str, Picture](), notes)


def _all(element: etree._Element, name: str) -> list[etree._Element]:
    return [one for one in element.iter() if local(one) == name]


def _field(element: etree._Element, name: str) -> str:
    for one in _all(element, "qtimetadatafield"):
        parts = {local(part): (part.text or "").strip() for part in one}
        if parts.get("fieldlabel") == name:
            return parts.get("fieldentry", "")
    return ""


def _material(element: etree._Element) -> str:
    """The HTML of the first text in an element."""
    for one in _all(element, "mattext"):
        text = one.text or ""
        return text if one.get("texttype") == "text/html" else html.escape(entities.unescape(text))
    return ""


def _item(element: etree._Element, keys: Keys) -> Item:
    kind = _field(element, "question_type") or "multiple_choice_question"
    presentation = next(iter(_all(element, "presentation")), None)
    if presentation is None:
        raise Unfit("It asks nothing.")
    direct = [one for one in presentation if local(one) == "material"] or _all(presentation, "material")[:1]
    stem = html.taken(_material(direct[0])) if direct else ""
    said = {one.get("ident", ""): html.taken(_material(one)) for one in _all(element, "itemfeedback")}
    title = " ".join(element.get("title", "").split())[:255]
    fields: dict[str, Any] = {
        "key": keys.of("", title if title and title != "Question" else html.plain(stem)[:60]),
        "competency": "",
        "title": title,
        "stem": stem,
        "explanation": said.get("general_fb", ""),
        "when_right": said.get("correct_fb", ""),
        "when_wrong": said.get("general_incorrect_fb", ""),
    }
    if kind in ("multiple_choice_question", "true_false_question", "multiple_answers_question"):
        parts = _choices(element, presentation, kind, said)
    elif kind == "short_answer_question":
        parts = {"kind": "short", "accepted": [Accepted(text) for text in dict.fromkeys(_right(element))]}
    elif kind == "numerical_question":
        parts = {"kind": "numeric", "accepted": _numbers(element)}
    elif kind == "matching_question":
        parts = _matching(element, presentation)
    else:
        raise Unfit(f"Its type {kind[:60]!r} is not asked here.")
    return Item(**fields | parts)


def _right(element: etree._Element) -> list[str]:
    """Correct values: those compared for equality and not negated by a ``not``."""
    found = []
    for condition in _all(element, "respcondition"):
        scores = [one for one in _all(condition, "setvar") if (decimal((one.text or "0").strip()) or 0) > 0]
        if scores:
            found += [
                (one.text or "").strip() for one in _all(condition, "varequal") if not any(local(parent) == "not" for parent in one.iterancestors())
            ]
    return found


def _choices(element: etree._Element, presentation: etree._Element, kind: str, said: dict[str, str]) -> dict[str, Any]:
    found = [(one.get("ident", ""), html.taken(_material(one))) for one in _all(presentation, "response_label")]
    right = set(_right(element))
    words = {html.plain(text).strip().lower(): identifier for identifier, text in found}
    if kind == "true_false_question" and set(words) == {"true", "false"}:
        choices = [Choice(word, word.capitalize(), said.get(f"{words[word]}_fb", "")) for word in ("true", "false")]
        return {"kind": "true_false", "choices": choices, "correct": [word for word in words if words[word] in right]}
    keys = lettered([text for _, text in found])
    choices = sorted(
        (Choice(keys[text], text, said.get(f"{identifier}_fb", "")) for identifier, text in found), key=lambda one: (len(one.key), one.key)
    )
    correct = sorted((keys[text] for identifier, text in found if identifier in right), key=lambda key: (len(key), key))
    return {"kind": "multiple" if kind == "multiple_answers_question" else "single", "choices": choices, "correct": correct}


def _numbers(element: etree._Element) -> list[Accepted]:
    found: dict[tuple[str, str], Accepted] = {}
    for condition in _all(element, "respcondition"):
        low, high = (
            next((decimal((one.text or "").strip()) for name in names for one in _all(condition, name)), None)
            for names in (("vargte", "vargt"), ("varlte", "varlt"))
        )
        exact = next((decimal((one.text or "").strip()) for one in _all(condition, "varequal")), None)
        if low is not None and high is not None:
            middle = exact if exact is not None else (low + high) / 2
            accepted = Accepted(tidy(f"{middle:f}"), tidy(f"{abs(high - low) / 2:f}"))
        elif exact is not None:
            accepted = Accepted(tidy(f"{exact:f}"), tidy(f"{Decimal(0):f}"))
        else:
            continue
        found[accepted.value, accepted.tolerance] = accepted
    return list(found.values())


def _matching(element: etree._Element, presentation: etree._Element) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    labels: dict[str, str] = {}
    chosen = {one.get("respident", ""): (one.text or "").strip() for one in _all(element, "varequal")}
    for response in _all(presentation, "response_lid"):
        labels |= {one.get("ident", ""): html.taken(_material(one)) for one in _all(response, "response_label")}
        right = chosen.get(response.get("ident", ""), "")
        if right not in labels:
            raise Unfit("One of its lines has no right partner.")
        line = next((one for one in response if local(one) == "material"), None)
        pairs.append((html.taken(_material(line)) if line is not None else "", labels[right]))
    keys = lettered([left for left, _ in pairs], keep_order=True)
    used = {right for _, right in pairs}
    others = [text for text in dict.fromkeys(labels.values()) if text not in used]
    return {"kind": "matching", "choices": [Choice(keys[left], left, match=right) for left, right in pairs], "other_matches": others}
