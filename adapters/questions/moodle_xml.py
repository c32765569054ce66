"""Moodle XML, as Moodle 4 and 5 read and write it (question/format/xml)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from lxml import etree

from adapters.csv_tables import FileRefused
from adapters.questions import metadata_tags, question_html
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
    sort_by_key,
)
from adapters.questions.pictures import PictureRefused, load_picture, picture_file_name
from adapters.questions.true_false_words import parse_truth_word
from adapters.questions.untrusted_files import local_name, parse_untrusted_xml
from core.messages import Message, Number, gettext_noop, lazy_gettext

FORMAT_NAME, FILE_EXTENSION = "Moodle XML", "xml"
MAX_QUESTIONS = 5_000
_PLUGINFILE_PREFIX = "@@PLUGINFILE@@/"
_ILLEGAL_XML_CHARS = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSUPPORTED_TYPES = {
    "essay": lazy_gettext("an essay, which nobody but a person can judge"),
    "description": lazy_gettext("a description, which asks nothing"),
    "cloze": lazy_gettext("an embedded-answers (Cloze) question"),
    "multianswer": lazy_gettext("an embedded-answers (Cloze) question"),
    "calculated": lazy_gettext("a calculated question"),
    "calculatedsimple": lazy_gettext("a calculated question"),
    "calculatedmulti": lazy_gettext("a calculated question"),
    "ddwtos": lazy_gettext("a drag-and-drop-into-text question"),
    "gapselect": lazy_gettext("a select-missing-words question"),
    "ddimageortext": lazy_gettext("a drag-and-drop-onto-image question"),
    "ddmarker": lazy_gettext("a drag-and-drop-markers question"),
    "randomsamatch": lazy_gettext("a random matching question"),
    "random": lazy_gettext("a random draw"),
}


class _ReadContext:
    """Collects the pictures and notes found while one question is read."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}
        self.notes: list[str | Message] = []


def read_moodle_xml(content: bytes) -> Reading:
    """Read the questions of a Moodle XML file; whatever is not supported is noted for each."""
    root = parse_untrusted_xml(content)
    if local_name(root) != "quiz":
        raise FileRefused(
            lazy_gettext(
                "The file is no Moodle XML: it begins with <%(element)s>, not with <quiz>.",
                element=local_name(root)[:60],
            )
        )
    items: list[QuestionItem] = []
    notes: list[ImportNote] = []
    pictures: dict[str, Picture] = {}
    keys = KeyAllocator()
    questions = [
        item for item in root if local_name(item) == "question" and item.get("type") != "category"
    ]
    if len(questions) > MAX_QUESTIONS:
        raise FileRefused(
            lazy_gettext(
                "The file holds %(count)s questions; %(most)s is the most. Split it.",
                count=Number(len(questions)),
                most=Number(MAX_QUESTIONS),
            )
        )
    for number, element in enumerate(questions, 1):
        context = _ReadContext()
        title = _child_text(element, "name/text")
        where = f"question {number}, line {element.sourceline}" + (
            f" ({title[:80]})" if title else ""
        )
        try:
            item = require_valid_item(_read_question(element, title, keys, context))
        except UnsupportedQuestion as error:
            notes.append(ImportNote(where, error.message, lost=True))
            continue
        keys.reserve_key(item.key)
        items.append(item)
        shown = {digest for text in item.texts() for digest in question_html.picture_digests(text)}
        pictures.update(
            {digest: item for digest, item in context.pictures.items() if digest in shown}
        )
        notes += [ImportNote(where, text) for text in distinct_notes(context.notes)]
    return Reading(items, pictures, notes, keys.stated)


def _read_question(
    element: etree._Element, title: str, keys: KeyAllocator, context: _ReadContext
) -> QuestionItem:
    kind = element.get("type", "")
    if kind in _UNSUPPORTED_TYPES:
        raise UnsupportedQuestion(
            lazy_gettext(
                "It is %(kind)s; this kind is not asked here.", kind=_UNSUPPORTED_TYPES[kind]
            )
        )
    if kind not in _READERS:
        raise UnsupportedQuestion(
            lazy_gettext("Its type %(kind)s is not known here.", kind=repr(kind[:60]))
        )
    if element.findall("hint"):
        context.notes.append(gettext_noop("Its hints are left out: a check has no second try."))
    stem = _read_rich_text(element.find("questiontext"), context)
    tags = [_child_text(tag, "text") for tag in element.findall("tags/tag")]
    name = title or question_html.html_to_text(stem)[:80]
    fields: dict[str, Any] = {
        "key": keys.allocate_key(_child_text(element, "idnumber"), name),
        "competency": "",
        "stem": stem,
        "title": name[:255],
        "explanation": _read_rich_text(element.find("generalfeedback"), context),
        **metadata_tags.parse_tags(tags),
    }
    if kind in ("multichoice", "matching", "match", "ordering"):
        fields["when_right"] = _read_rich_text(element.find("correctfeedback"), context)
        fields["when_wrong"] = _read_rich_text(element.find("incorrectfeedback"), context)
        if _read_rich_text(element.find("partiallycorrectfeedback"), _ReadContext()):
            context.notes.append(
                gettext_noop(
                    "What is said to partly right answers is left out: an answer is right or not."
                )
            )
    return QuestionItem(**fields | _READERS[kind](element, context))


def _answer_fraction(element: etree._Element) -> Decimal:
    return parse_decimal(element.get("fraction", "0").strip()) or Decimal(0)


def _iter_answers(
    element: etree._Element, context: _ReadContext
) -> Iterator[tuple[str, Decimal, str]]:
    for item in element.findall("answer"):
        yield (
            _read_rich_text(item, context),
            _answer_fraction(item),
            _read_rich_text(item.find("feedback"), context),
        )


def _read_multichoice(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    result = list(_iter_answers(element, context))
    single = _child_text(element, "single").lower() not in ("false", "0")
    shuffled = _child_text(element, "shuffleanswers").lower() in ("true", "1")
    keys = assign_letter_keys([text for text, _, _ in result], keep_order=not shuffled)
    full = [keys[text] for text, weight, _ in result if weight == 100]
    positive = [keys[text] for text, weight, _ in result if weight > 0]
    if single and len(positive) > len(full):
        context.notes.append(gettext_noop("Partial credit is left out: an answer is right or not."))
    choices = sort_by_key(Choice(keys[text], text, feedback) for text, _, feedback in result)
    correct = sorted(full if single else positive, key=lambda key: (len(key), key))
    return {"kind": "single" if single else "multiple", "choices": choices, "correct": correct}


def _read_true_false(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    result = [
        (question_html.html_to_text(text), weight, feedback)
        for text, weight, feedback in _iter_answers(element, context)
    ]
    by_value = {parse_truth_word(answer): (weight, feedback) for answer, weight, feedback in result}
    if len(result) != 2 or set(by_value) != {True, False}:
        named = " and ".join(repr(answer[:40]) for answer, _, _ in result)
        raise UnsupportedQuestion(
            lazy_gettext(
                "It is a true/false question whose answers are %(names)s: which of "
                "them means true is not known. Write true and false.",
                names=named,
            )
        )
    choices = [
        Choice(word, word.capitalize(), by_value[word == "true"][1]) for word in ("true", "false")
    ]
    correct = [choice.key for choice in choices if by_value[choice.key == "true"][0] == 100]
    return {"kind": "true_false", "choices": choices, "correct": correct}


def _read_short_answer(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    accepted: list[AcceptedAnswer] = []
    fields: dict[str, Any] = {"case_sensitive": _child_text(element, "usecase") == "1"}
    for item in element.findall("answer"):
        text, feedback = _child_text(item, "text"), _read_rich_text(item.find("feedback"), context)
        if _answer_fraction(item) == 100:
            accepted.append(AcceptedAnswer(text, feedback=feedback))
        elif text == "*":
            fields["when_wrong"] = feedback
        else:
            context.notes.append(
                f"The answer {text[:80]!r} with {_answer_fraction(item):f} % is left out: an "
                "answer is right or not."
            )
    return {"kind": "short", "accepted": accepted, **fields}


def _read_numerical(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    accepted: list[AcceptedAnswer] = []
    fields: dict[str, Any] = {}
    if element.findall("units/unit"):
        context.notes.append(gettext_noop("Its units are left out: the number alone is judged."))
    for item in element.findall("answer"):
        text, feedback = _child_text(item, "text"), _read_rich_text(item.find("feedback"), context)
        if text == "*" and _answer_fraction(item) < 100:
            fields["when_wrong"] = feedback
        elif _answer_fraction(item) == 100:
            accepted.append(
                AcceptedAnswer(
                    normalize_number(text),
                    normalize_number(_child_text(item, "tolerance") or "0"),
                    feedback,
                )
            )
        else:
            context.notes.append(
                f"The answer {text[:80]!r} with {_answer_fraction(item):f} % is left out: an "
                "answer is right or not."
            )
    return {"kind": "numeric", "accepted": accepted, **fields}


def _read_matching(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    others: list[str] = []
    for item in element.findall("subquestion"):
        left, right = (
            _read_rich_text(item, context),
            question_html.text_to_html(_child_text(item, "answer/text")),
        )
        if left:
            pairs.append((left, right))
        elif right:
            others.append(right)
    keys = assign_letter_keys([left for left, _ in pairs], keep_order=True)
    return {
        "kind": "matching",
        "choices": [Choice(keys[left], left, match=right) for left, right in pairs],
        "other_matches": others,
    }


def _read_ordering(element: etree._Element, context: _ReadContext) -> dict[str, Any]:
    # The fraction is the position; Moodle itself uses document order, which is the same in its
    # own files.
    texts = [
        text for text, _, _ in sorted(_iter_answers(element, context), key=lambda item: item[1])
    ]
    keys = assign_letter_keys(texts)
    if _child_text(element, "selecttype") not in ("", "ALL", "0"):
        context.notes.append(gettext_noop("All its lines are asked, not a selection of them."))
    choices = sort_by_key(Choice(key, text) for text, key in keys.items())
    return {"kind": "ordering", "choices": choices, "correct": [keys[text] for text in texts]}


_READERS = {
    "multichoice": _read_multichoice,
    "truefalse": _read_true_false,
    "shortanswer": _read_short_answer,
    "numerical": _read_numerical,
    "matching": _read_matching,
    "match": _read_matching,
    "ordering": _read_ordering,
}


def _child_text(element: etree._Element, path: str) -> str:
    result = element.find(path)
    return (result.text or "").strip() if result is not None else ""


def _read_rich_text(element: etree._Element | None, context: _ReadContext) -> str:
    """The HTML of a text element, with pictures referenced by their digests."""
    if element is None:
        return ""
    text, form = _child_text(element, "text"), element.get("format", "moodle_auto_format")
    if form in ("plain_text", "markdown"):
        if form == "markdown" and text:
            context.notes.append(gettext_noop("Markdown is shown as it is written."))
        return question_html.clean_imported_html(question_html.text_to_html(text))
    if form == "moodle_auto_format":
        text = text.replace("\n", "<br>")
    text = _link_attached_pictures(text, element, context)
    if question_html.has_active_content(text):
        context.notes.append("Scripts, styles or frames were taken out of its text.")
    return question_html.clean_imported_html(text)


def _link_attached_pictures(text: str, element: etree._Element, context: _ReadContext) -> str:
    for file in element.findall("file"):
        name = file.get("name", "")
        place = (file.get("path") or "/").lstrip("/") + name
        try:
            picture = load_picture(
                base64.b64decode("".join((file.text or "").split()), validate=True)
            )
        except (PictureRefused, binascii.Error, ValueError) as error:
            why = str(error) if isinstance(error, PictureRefused) else "its content is not base64"
            context.notes.append(f"The file {name[:120]!r} is left out: {why}.")
            continue
        context.pictures[picture.digest] = picture
        for written in {quote(place), place, question_html.text_to_html(place)}:
            text = text.replace(f"{_PLUGINFILE_PREFIX}{written}", f"file:{picture.digest}")
    return extract_data_pictures(text, context.pictures, context.notes)


_DATA_IMAGE = re.compile(r"data:image/[a-z+.-]+;base64,([A-Za-z0-9+/=\s]+)", re.IGNORECASE)


def _describe_lost_picture(error: Exception) -> Message:
    if isinstance(error, PictureRefused):
        return lazy_gettext("A picture inside the text is left out: %(why)s.", why=error.message)
    return lazy_gettext("A picture inside the text is left out: its content is not base64.")


def distinct_notes(notes: Iterable[str | Message]) -> Iterable[str | Message]:
    """The notes in their order, each once."""
    return {str(note): note for note in notes}.values()


def extract_data_pictures(
    text: str, pictures: dict[str, Picture], notes: list[str | Message]
) -> str:
    """Turn pictures embedded in data: URLs into separate pictures; whatever is not a picture is
    removed."""

    def replace_data_url(result: re.Match[str]) -> str:
        try:
            picture = load_picture(base64.b64decode("".join(result[1].split()), validate=True))
        except (PictureRefused, binascii.Error, ValueError) as error:
            notes.append(_describe_lost_picture(error))
            return "about:blank"
        pictures[picture.digest] = picture
        return f"file:{picture.digest}"

    for address in re.findall(
        r'<img[^>]*?\bsrc\s*=\s*["\']?(https?:[^"\'\s>]+)', text, re.IGNORECASE
    ):
        notes.append(
            f"The picture {unquote(address)[:120]!r} is left out: it lies on another server, "
            "which would see who answers."
        )
    return _DATA_IMAGE.sub(replace_data_url, text)


def write_moodle_xml(
    items: list[QuestionItem], pictures: dict[str, Picture]
) -> tuple[bytes, list[ImportNote]]:
    """Write questions with their pictures as a Moodle XML file, with notes on what the format
    cannot represent."""
    root = etree.Element("quiz")
    notes: list[ImportNote] = []
    for item in items:
        kind = {
            "single": "multichoice",
            "multiple": "multichoice",
            "true_false": "truefalse",
            "numeric": "numerical",
            "short": "shortanswer",
        }
        element = etree.SubElement(root, "question", type=kind.get(item.kind, item.kind))
        _write_text(etree.SubElement(element, "name"), item.title or item.key)
        _write_rich_text(element, "questiontext", item.stem, pictures)
        _write_rich_text(element, "generalfeedback", item.explanation, pictures)
        for name, value in (
            ("defaultgrade", "1.0000000"),
            ("penalty", "0.3333333"),
            ("hidden", "0"),
            ("idnumber", item.key),
        ):
            etree.SubElement(element, name).text = value
        _WRITERS[item.kind](element, item, pictures)
        if item.kind in ("numeric", "short", "true_false") and item.when_right:
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop(
                        "What is said to every right answer has no room in this kind of Moodle "
                        "question."
                    ),
                )
            )
        if item.kind == "true_false" and item.when_wrong:
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop(
                        "What is said to every wrong answer has no room in this kind of Moodle "
                        "question."
                    ),
                )
            )
        if item.kind == "matching" and any("<" in match for match in item.matches):
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop(
                        "Partners of a Moodle matching question are plain text; their markup is "
                        "left out."
                    ),
                )
            )
        tags = etree.SubElement(element, "tags")
        for tag in metadata_tags.item_tags(item):
            _write_text(etree.SubElement(tags, "tag"), tag)
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return body, notes


def strip_illegal_chars(text: str) -> str:
    """Strip the characters that are illegal in XML."""
    return _ILLEGAL_XML_CHARS.sub("", text)


def _write_text(element: etree._Element, text: str) -> None:
    etree.SubElement(element, "text").text = _ILLEGAL_XML_CHARS.sub("", text)


def _write_rich_text(
    parent: etree._Element, name: str, text: str, pictures: dict[str, Picture], **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, name, {"format": "html", **attributes})
    files = []
    for digest in dict.fromkeys(question_html.picture_digests(text)):
        if digest in pictures:
            file = picture_file_name(pictures[digest])
            text = text.replace(f"file:{digest}", f"{_PLUGINFILE_PREFIX}{file}")
            files.append((file, pictures[digest].content))
    etree.SubElement(element, "text").text = (
        etree.CDATA(_ILLEGAL_XML_CHARS.sub("", text))
        if "]]>" not in text
        else _ILLEGAL_XML_CHARS.sub("", text)
    )
    for file, content in files:
        etree.SubElement(
            element, "file", name=file, path="/", encoding="base64"
        ).text = base64.b64encode(content).decode()
    return element


def _write_combined_feedback(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    _write_rich_text(element, "correctfeedback", item.when_right, pictures)
    _write_rich_text(element, "partiallycorrectfeedback", "", pictures)
    _write_rich_text(element, "incorrectfeedback", item.when_wrong, pictures)


def _write_answer(
    element: etree._Element,
    text: str,
    fraction: str,
    feedback: str,
    pictures: dict[str, Picture],
    rich: bool = True,
) -> etree._Element:
    if rich:
        answer = _write_rich_text(element, "answer", text, pictures, fraction=fraction)
    else:
        answer = etree.SubElement(element, "answer", fraction=fraction, format="moodle_auto_format")
        _write_text(answer, text)
    _write_rich_text(answer, "feedback", feedback, pictures)
    return answer


def _write_choices(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    # Choices are written in the order in which we show them: it does not reveal the answer, so
    # Moodle need not shuffle, and an import restores the same order.
    for name, value in (
        ("single", str(item.kind == "single").lower()),
        ("shuffleanswers", "false"),
        ("answernumbering", "abc"),
    ):
        etree.SubElement(element, name).text = value
    _write_combined_feedback(element, item, pictures)
    share = f"{Decimal(100) / len(item.correct):.5f}".rstrip("0").rstrip(".")
    wrong_share = "0" if item.kind == "single" else "-100"
    for choice in item.choices:
        _write_answer(
            element,
            choice.text,
            share if choice.key in item.correct else wrong_share,
            choice.feedback,
            pictures,
        )


def _write_true_false(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    for word in ("true", "false"):
        answer = etree.SubElement(
            element,
            "answer",
            fraction="100" if word in item.correct else "0",
            format="moodle_auto_format",
        )
        _write_text(answer, word)
        _write_rich_text(answer, "feedback", item.choice(word).feedback, pictures)


def _write_accepted_answers(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    if item.kind == "short":
        etree.SubElement(element, "usecase").text = "1" if item.case_sensitive else "0"
    for entry in item.accepted:
        answer = _write_answer(element, entry.value, "100", entry.feedback, pictures, rich=False)
        if item.kind == "numeric":
            etree.SubElement(answer, "tolerance").text = entry.tolerance
    if item.when_wrong:
        _write_answer(element, "*", "0", item.when_wrong, pictures, rich=False)


def _write_matching(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    etree.SubElement(element, "shuffleanswers").text = "true"
    _write_combined_feedback(element, item, pictures)
    for text, match in [
        *((choice.text, choice.match) for choice in item.choices),
        *(("", match) for match in item.other_matches),
    ]:
        line = _write_rich_text(element, "subquestion", text, pictures)
        _write_text(etree.SubElement(line, "answer"), question_html.html_to_text(match))


def _write_ordering(
    element: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
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
    _write_combined_feedback(element, item, pictures)
    for place, key in enumerate(item.correct, 1):
        _write_answer(element, item.choice(key).text, f"{place}.0000000", "", pictures)


_WRITERS = {
    "single": _write_choices,
    "multiple": _write_choices,
    "true_false": _write_true_false,
    "numeric": _write_accepted_answers,
    "short": _write_accepted_answers,
    "matching": _write_matching,
    "ordering": _write_ordering,
}
