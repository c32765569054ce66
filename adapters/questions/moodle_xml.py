"""Moodle XML, as Moodle 4 and 5 read and write it (question/format/xml)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from lxml import etree

from adapters.questions import html, marks
from adapters.questions.files import local, xml_of
from adapters.questions.pictures import PictureRefused, checked, file_name
from adapters.questions.shapes import (
    Accepted,
    Choice,
    Item,
    Keys,
    Note,
    Picture,
    Reading,
    Unfit,
    by_key,
    decimal,
    lettered,
    require_sound,
    tidy,
)
from adapters.questions.truth import truth_of
from adapters.tables import FileRefused

NAME, ENDING = "Moodle XML", "xml"
MOST_QUESTIONS = 5_000
_PLACE = "@@PLUGINFILE@@/"
_ILLEGAL = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHERS = {
    "essay": "an essay, which nobody but a person can judge",
    "description": "a description, which asks nothing",
    "cloze": "an embedded-answers (Cloze) question",
    "multianswer": "an embedded-answers (Cloze) question",
    "calculated": "a calculated question",
    "calculatedsimple": "a calculated question",
    "calculatedmulti": "a calculated question",
    "ddwtos": "a drag-and-drop-into-text question",
    "gapselect": "a select-missing-words question",
    "ddimageortext": "a drag-and-drop-onto-image question",
    "ddmarker": "a drag-and-drop-markers question",
    "randomsamatch": "a random matching question",
    "random": "a random draw",
}


class _Told:
    """Collects the pictures and notes found while one question is read."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}
        self.notes: list[str] = []


def read(content: bytes) -> Reading:
    """Read the questions of a Moodle XML file; whatever is not supported is noted for each."""
    root = xml_of(content)
    if local(root) != "quiz":
        raise FileRefused(f"The file is no Moodle XML: it begins with <{local(root)[:60]}>, not with <quiz>.")
    items: list[Item] = []
    notes: list[Note] = []
    pictures: dict[str, Picture] = {}
    keys = Keys()
    questions = [one for one in root if local(one) == "question" and one.get("type") != "category"]
    if len(questions) > MOST_QUESTIONS:
        raise FileRefused(f"The file holds {len(questions):,} questions; {MOST_QUESTIONS:,} is the most. Split it.")
    for number, element in enumerate(questions, 1):
        told = _Told()
        title = _text(element, "name/text")
        where = f"question {number}, line {element.sourceline}" + (f" ({title[:80]})" if title else "")
        try:
            item = require_sound(_question(element, title, keys, told))
        except Unfit as error:
            notes.append(Note(where, str(error), lost=True))
            continue
        keys.keep(item.key)
        items.append(item)
        shown = {digest for text in item.texts() for digest in html.pictures_in(text)}
        pictures.update({digest: one for digest, one in told.pictures.items() if digest in shown})
        notes += [Note(where, text) for text in dict.fromkeys(told.notes)]
    return Reading(items, pictures, notes, keys.stated)


def _question(element: etree._Element, title: str, keys: Keys, told: _Told) -> Item:
    kind = element.get("type", "")
    if kind in _OTHERS:
        raise Unfit(f"It is {_OTHERS[kind]}; this kind is not asked here.")
    if kind not in _READERS:
        raise Unfit(f"Its type {kind[:60]!r} is not known here.")
    if element.findall("hint"):
        told.notes.append("Its hints are left out: a check has no second try.")
    stem = _rich(element.find("questiontext"), told)
    tags = [_text(tag, "text") for tag in element.findall("tags/tag")]
    name = title or html.plain(stem)[:80]
    fields: dict[str, Any] = {
        "key": keys.of(_text(element, "idnumber"), name),
        "competency": "",
        "stem": stem,
        "title": name[:255],
        "explanation": _rich(element.find("generalfeedback"), told),
        **marks.read(tags),
    }
    if kind in ("multichoice", "matching", "match", "ordering"):
        fields["when_right"] = _rich(element.find("correctfeedback"), told)
        fields["when_wrong"] = _rich(element.find("incorrectfeedback"), told)
        if _rich(element.find("partiallycorrectfeedback"), _Told()):
            told.notes.append("What is said to partly right answers is left out: an answer is right or not.")
    return Item(**fields | _READERS[kind](element, told))


def _fraction(element: etree._Element) -> Decimal:
    return decimal(element.get("fraction", "0").strip()) or Decimal(0)


def _answers(element: etree._Element, told: _Told) -> Iterator[tuple[str, Decimal, str]]:
    for one in element.findall("answer"):
        yield _rich(one, told), _fraction(one), _rich(one.find("feedback"), told)


def _multichoice(element: etree._Element, told: _Told) -> dict[str, Any]:
    found = list(_answers(element, told))
    single = _text(element, "single").lower() not in ("false", "0")
    shuffled = _text(element, "shuffleanswers").lower() in ("true", "1")
    keys = lettered([text for text, _, _ in found], keep_order=not shuffled)
    full = [keys[text] for text, weight, _ in found if weight == 100]
    positive = [keys[text] for text, weight, _ in found if weight > 0]
    if single and len(positive) > len(full):
        told.notes.append("Partial credit is left out: an answer is right or not.")
    choices = by_key(Choice(keys[text], text, said) for text, _, said in found)
    correct = sorted(full if single else positive, key=lambda key: (len(key), key))
    return {"kind": "single" if single else "multiple", "choices": choices, "correct": correct}


def _true_false(element: etree._Element, told: _Told) -> dict[str, Any]:
    found = [(html.plain(text), weight, said) for text, weight, said in _answers(element, told)]
    by_value = {truth_of(words): (weight, said) for words, weight, said in found}
    if len(found) != 2 or set(by_value) != {True, False}:
        named = " and ".join(repr(words[:40]) for words, _, _ in found)
        raise Unfit(f"It is a true/false question whose answers are {named}: which of them means true is not known. Write true and false.")
    choices = [Choice(word, word.capitalize(), by_value[word == "true"][1]) for word in ("true", "false")]
    correct = [choice.key for choice in choices if by_value[choice.key == "true"][0] == 100]
    return {"kind": "true_false", "choices": choices, "correct": correct}


def _short(element: etree._Element, told: _Told) -> dict[str, Any]:
    accepted: list[Accepted] = []
    fields: dict[str, Any] = {"case_sensitive": _text(element, "usecase") == "1"}
    for one in element.findall("answer"):
        words, said = _text(one, "text"), _rich(one.find("feedback"), told)
        if _fraction(one) == 100:
            accepted.append(Accepted(words, feedback=said))
        elif words == "*":
            fields["when_wrong"] = said
        else:
            told.notes.append(f"The answer {words[:80]!r} with {_fraction(one):f} % is left out: an answer is right or not.")
    return {"kind": "short", "accepted": accepted, **fields}


def _numerical(element: etree._Element, told: _Told) -> dict[str, Any]:
    accepted: list[Accepted] = []
    fields: dict[str, Any] = {}
    if element.findall("units/unit"):
        told.notes.append("Its units are left out: the number alone is judged.")
    for one in element.findall("answer"):
        words, said = _text(one, "text"), _rich(one.find("feedback"), told)
        if words == "*" and _fraction(one) < 100:
            fields["when_wrong"] = said
        elif _fraction(one) == 100:
            accepted.append(Accepted(tidy(words), tidy(_text(one, "tolerance") or "0"), said))
        else:
            told.notes.append(f"The answer {words[:80]!r} with {_fraction(one):f} % is left out: an answer is right or not.")
    return {"kind": "numeric", "accepted": accepted, **fields}


def _matching(element: etree._Element, told: _Told) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    others: list[str] = []
    for one in element.findall("subquestion"):
        left, right = _rich(one, told), html.escape(_text(one, "answer/text"))
        if left:
            pairs.append((left, right))
        elif right:
            others.append(right)
    keys = lettered([left for left, _ in pairs], keep_order=True)
    return {"kind": "matching", "choices": [Choice(keys[left], left, match=right) for left, right in pairs], "other_matches": others}


def _ordering(element: etree._Element, told: _Told) -> dict[str, Any]:
    # The fraction is the position; Moodle itself uses document order, which is the same in its
    # own files.
    texts = [text for text, _, _ in sorted(_answers(element, told), key=lambda one: one[1])]
    keys = lettered(texts)
    if _text(element, "selecttype") not in ("", "ALL", "0"):
        told.notes.append("All its lines are asked, not a selection of them.")
    choices = by_key(Choice(key, text) for text, key in keys.items())
    return {"kind": "ordering", "choices": choices, "correct": [keys[text] for text in texts]}


_READERS = {
    "multichoice": _multichoice,
    "truefalse": _true_false,
    "shortanswer": _short,
    "numerical": _numerical,
    "matching": _matching,
    "match": _matching,
    "ordering": _ordering,
}


def _text(element: etree._Element, path: str) -> str:
    found = element.find(path)
    return (found.text or "").strip() if found is not None else ""


def _rich(element: etree._Element | None, told: _Told) -> str:
    """The HTML of a text element, with pictures referenced by their digests."""
    if element is None:
        return ""
    text, form = _text(element, "text"), element.get("format", "moodle_auto_format")
    if form in ("plain_text", "markdown"):
        if form == "markdown" and text:
            told.notes.append("Markdown is shown as it is written.")
        return html.taken(html.escape(text))
    if form == "moodle_auto_format":
        text = text.replace("\n", "<br>")
    text = _with_pictures(text, element, told)
    if html.active_parts(text):
        told.notes.append("Scripts, styles or frames were taken out of its text.")
    return html.taken(text)


def _with_pictures(text: str, element: etree._Element, told: _Told) -> str:
    for file in element.findall("file"):
        name = file.get("name", "")
        place = (file.get("path") or "/").lstrip("/") + name
        try:
            picture = checked(base64.b64decode("".join((file.text or "").split()), validate=True))
        except (PictureRefused, binascii.Error, ValueError) as error:
            why = str(error) if isinstance(error, PictureRefused) else "its content is not base64"
            told.notes.append(f"The file {name[:120]!r} is left out: {why}.")
            continue
        told.pictures[picture.digest] = picture
        for written in {quote(place), place, html.escape(place)}:
            text = text.replace(f"{_PLACE}{written}", f"file:{picture.digest}")
    return embedded(text, told.pictures, told.notes)


_EMBEDDED = re.compile(r"data:image/[a-z+.-]+;base64,([A-Za-z0-9+/=\s]+)", re.IGNORECASE)


def embedded(text: str, pictures: dict[str, Picture], notes: list[str]) -> str:
    """Turn pictures embedded in data: URLs into separate pictures; whatever is not a picture is
    removed."""

    def kept(found: re.Match[str]) -> str:
        try:
            picture = checked(base64.b64decode("".join(found[1].split()), validate=True))
        except (PictureRefused, binascii.Error, ValueError) as error:
            why = str(error) if isinstance(error, PictureRefused) else "its content is not base64"
            notes.append(f"A picture inside the text is left out: {why}.")
            return "about:blank"
        pictures[picture.digest] = picture
        return f"file:{picture.digest}"

    for address in re.findall(r'<img[^>]*?\bsrc\s*=\s*["\']?(https?:[^"\'\s>]+)', text, re.IGNORECASE):
        notes.append(f"The picture {unquote(address)[:120]!r} is left out: it lies on another server, which would see who answers.")
    return _EMBEDDED.sub(kept, text)


def write(items: list[Item], pictures: dict[str, Picture]) -> tuple[bytes, list[Note]]:
    """Write questions with their pictures as a Moodle XML file, with notes on what the format
    cannot represent."""
    root = etree.Element("quiz")
    notes: list[Note] = []
    for item in items:
        kind = {"single": "multichoice", "multiple": "multichoice", "true_false": "truefalse", "numeric": "numerical", "short": "shortanswer"}
        element = etree.SubElement(root, "question", type=kind.get(item.kind, item.kind))
        _put(etree.SubElement(element, "name"), item.title or item.key)
        _put_rich(element, "questiontext", item.stem, pictures)
        _put_rich(element, "generalfeedback", item.explanation, pictures)
        for name, value in (("defaultgrade", "1.0000000"), ("penalty", "0.3333333"), ("hidden", "0"), ("idnumber", item.key)):
            etree.SubElement(element, name).text = value
        _WRITERS[item.kind](element, item, pictures)
        if item.kind in ("numeric", "short", "true_false") and item.when_right:
            notes.append(Note(item.key, "What is said to every right answer has no room in this kind of Moodle question."))
        if item.kind == "true_false" and item.when_wrong:
            notes.append(Note(item.key, "What is said to every wrong answer has no room in this kind of Moodle question."))
        if item.kind == "matching" and any("<" in one for one in item.matches):
            notes.append(Note(item.key, "Partners of a Moodle matching question are plain text; their markup is left out."))
        tags = etree.SubElement(element, "tags")
        for tag in marks.written(item):
            _put(etree.SubElement(tags, "tag"), tag)
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return body, notes


def storable(text: str) -> str:
    """Strip the characters that are illegal in XML."""
    return _ILLEGAL.sub("", text)


def _put(element: etree._Element, text: str) -> None:
    etree.SubElement(element, "text").text = _ILLEGAL.sub("", text)


def _put_rich(parent: etree._Element, name: str, text: str, pictures: dict[str, Picture], **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, name, {"format": "html", **attributes})
    files = []
    for digest in dict.fromkeys(html.pictures_in(text)):
        if digest in pictures:
            file = file_name(pictures[digest])
            text = text.replace(f"file:{digest}", f"{_PLACE}{file}")
            files.append((file, pictures[digest].content))
    etree.SubElement(element, "text").text = etree.CDATA(_ILLEGAL.sub("", text)) if "]]>" not in text else _ILLEGAL.sub("", text)
    for file, content in files:
        etree.SubElement(element, "file", name=file, path="/", encoding="base64").text = base64.b64encode(content).decode()
    return element


def _put_combined(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    _put_rich(element, "correctfeedback", item.when_right, pictures)
    _put_rich(element, "partiallycorrectfeedback", "", pictures)
    _put_rich(element, "incorrectfeedback", item.when_wrong, pictures)


def _put_answer(element: etree._Element, text: str, fraction: str, said: str, pictures: dict[str, Picture], rich: bool = True) -> etree._Element:
    if rich:
        answer = _put_rich(element, "answer", text, pictures, fraction=fraction)
    else:
        answer = etree.SubElement(element, "answer", fraction=fraction, format="moodle_auto_format")
        _put(answer, text)
    _put_rich(answer, "feedback", said, pictures)
    return answer


def _put_choices(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    # Choices are written in the order in which we show them: it does not reveal the answer, so
    # Moodle need not shuffle, and an import restores the same order.
    for name, value in (("single", str(item.kind == "single").lower()), ("shuffleanswers", "false"), ("answernumbering", "abc")):
        etree.SubElement(element, name).text = value
    _put_combined(element, item, pictures)
    share = f"{Decimal(100) / len(item.correct):.5f}".rstrip("0").rstrip(".")
    wrong = "0" if item.kind == "single" else "-100"
    for one in item.choices:
        _put_answer(element, one.text, share if one.key in item.correct else wrong, one.feedback, pictures)


def _put_true_false(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    for word in ("true", "false"):
        answer = etree.SubElement(element, "answer", fraction="100" if word in item.correct else "0", format="moodle_auto_format")
        _put(answer, word)
        _put_rich(answer, "feedback", item.choice(word).feedback, pictures)


def _put_accepted(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    if item.kind == "short":
        etree.SubElement(element, "usecase").text = "1" if item.case_sensitive else "0"
    for one in item.accepted:
        answer = _put_answer(element, one.value, "100", one.feedback, pictures, rich=False)
        if item.kind == "numeric":
            etree.SubElement(answer, "tolerance").text = one.tolerance
    if item.when_wrong:
        _put_answer(element, "*", "0", item.when_wrong, pictures, rich=False)


def _put_matching(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    etree.SubElement(element, "shuffleanswers").text = "true"
    _put_combined(element, item, pictures)
    for text, match in [*((one.text, one.match) for one in item.choices), *(("", one) for one in item.other_matches)]:
        line = _put_rich(element, "subquestion", text, pictures)
        _put(etree.SubElement(line, "answer"), html.plain(match))


def _put_ordering(element: etree._Element, item: Item, pictures: dict[str, Picture]) -> None:
    settings = (
        ("layouttype", "VERTICAL"),
        ("selecttype", "ALL"),
        ("selectcount", "0"),
        ("gradingtype", "ALL_OR_NOTHING"),
        ("showgrading", "HIDE"),
        ("numberingstyle", "none"),
    )
    for name, value in settings:
        etree.SubElement(element, name).text = value
    _put_combined(element, item, pictures)
    for place, key in enumerate(item.correct, 1):
        _put_answer(element, item.choice(key).text, f"{place}.0000000", "", pictures)


_WRITERS = {
    "single": _put_choices,
    "multiple": _put_choices,
    "true_false": _put_true_false,
    "numeric": _put_accepted,
    "short": _put_accepted,
    "matching": _put_matching,
    "ordering": _put_ordering,
}
