"""GIFT, as Moodle reads and writes it (question/format/gift)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.csv_tables import FileRefused, decode_text
from adapters.questions import metadata_tags, question_html
from adapters.questions.models import (
    AcceptedAnswer,
    Choice,
    ImportNote,
    KeyAllocator,
    QuestionItem,
    Reading,
    UnsupportedQuestion,
    assign_letter_keys,
    normalize_number,
    parse_decimal,
    require_valid_item,
    sort_by_key,
)
from core.messages import Number, gettext_noop, lazy_gettext

FORMAT_NAME, FILE_EXTENSION = "GIFT", "gift"
MAX_QUESTIONS = 5_000
# Escaped characters are mapped to the private use area while the markup around them is parsed.
_ESCAPE_TO_PRIVATE = {char: chr(0xE000 + number) for number, char in enumerate("~=#{}:\\")} | {
    "n": chr(0xE000 + 7)
}
_PRIVATE_TO_CHAR = {
    rest: ("\n" if char == "n" else char) for char, rest in _ESCAPE_TO_PRIVATE.items()
}
_FORMAT_MARKER = re.compile(r"\s*\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"\s*%(-?\d{1,3}(?:\.\d*)?)%")
_ID_COMMENT, _TAG_COMMENT = (
    re.compile(r"\[id:((?:\\\]|[^\]])+)\]"),
    re.compile(r"\[tag:((?:\\\]|[^\]])+)\]"),
)
_FULL_WEIGHT = Decimal(100)


@dataclass
class _QuestionSource:
    """The paragraph of a question: its first line number, its text, and the comments above
    it."""

    line: int
    lines: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _ParsedAnswer:
    """One answer in a block: its text, its weight in percent, its feedback."""

    text: str
    weight: Decimal
    feedback: str


def read_gift(content: bytes) -> Reading:
    """Read the questions of a GIFT file; whatever is not supported is noted for each."""
    items: list[QuestionItem] = []
    notes: list[ImportNote] = []
    keys = KeyAllocator()
    sources = _split_paragraphs(decode_text(content))
    if len(sources) > MAX_QUESTIONS:
        raise FileRefused(
            lazy_gettext(
                "The file holds %(count)s questions; %(most)s is the most. Split it.",
                count=Number(len(sources)),
                most=Number(MAX_QUESTIONS),
            )
        )
    for source in sources:
        where = f"line {source.line}"
        try:
            item, faults = _parse_question(source, keys)
            require_valid_item(item)
        except UnsupportedQuestion as error:
            notes.append(ImportNote(where, error.message, lost=True))
            continue
        keys.reserve_key(item.key)
        items.append(item)
        notes += [ImportNote(where, text) for text in faults]
    return Reading(items, {}, notes, keys.stated)


def _split_paragraphs(text: str) -> list[_QuestionSource]:
    result: list[_QuestionSource] = []
    now: _QuestionSource | None = None
    comments: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith("//"):
            (now.comments if now else comments).append(bare)
        elif bare.startswith("$CATEGORY:"):
            continue
        elif not bare:
            now, comments = None, []
        else:
            if now is None:
                now = _QuestionSource(number, [], comments)
                result.append(now)
            now.lines.append(bare)
    return result


def _parse_question(source: _QuestionSource, keys: KeyAllocator) -> tuple[QuestionItem, list[str]]:
    text = re.sub(
        r"\\([~=#{}:\\n])", lambda result: _ESCAPE_TO_PRIVATE[result[1]], "\n".join(source.lines)
    )
    notes: list[str] = []
    title = ""
    named = re.match(r"::(.*?)::", text, re.DOTALL)
    if named:
        title, text = _unescape_gift(named[1]).strip(), text[named.end() :]
    opens, closes = text.find("{"), text.rfind("}")
    if opens < 0 and closes < 0:
        raise UnsupportedQuestion("It has no answers (a description); there is nothing to ask.")
    if opens < 0 or closes < opens:
        raise UnsupportedQuestion(
            "One of its braces is missing: the answers stand between { and }, without an empty "
            "line inside."
        )
    before, block, after = text[:opens], text[opens + 1 : closes], text[closes + 1 :]
    marker = _FORMAT_MARKER.match(before)
    form = marker[1] if marker else "moodle"
    stem = f"{before.rstrip()} _____ {after.lstrip()}" if after.strip() else before
    block, _, general = block.rpartition("####") if "####" in block else (block, "", "")
    if form == "markdown":
        notes.append(gettext_noop("Markdown is shown as it is written."))
    comments = " ".join(source.comments)
    ids, tags = (
        _ID_COMMENT.search(comments),
        [tag.replace("\\]", "]") for tag in _TAG_COMMENT.findall(comments)],
    )
    title = title or question_html.html_to_text(_clean_html_of(stem, form))[:80]
    fields: dict[str, Any] = {
        "key": keys.allocate_key(ids[1].replace("\\]", "]") if ids else "", title),
        "competency": "",
        "stem": _clean_html_of(stem, form),
        "title": title[:255],
        "explanation": _clean_html_of(general, form),
        **metadata_tags.parse_tags(tags),
    }
    return QuestionItem(**fields, **_parse_answers(block, form, notes)), notes


def _parse_answers(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    bare = block.strip()
    if not bare:
        raise UnsupportedQuestion(
            "It is an essay, which nobody but a person can judge; ask it in a rubric assessment "
            "instead."
        )
    if bare.startswith(">"):
        return _parse_ordering(bare, form, notes)
    if bare.startswith("#"):
        return _parse_numeric(bare[1:], form, notes)
    if re.match(r"(T|TRUE|F|FALSE)\s*(#|\Z)", bare):
        return _parse_true_false(bare, form)
    if "~" in bare:
        return _parse_choices(bare, form, notes)
    if "->" in bare and bare.startswith("="):
        return _parse_matching(bare, form, notes)
    if bare.startswith("="):
        return _parse_short_answer(bare, form, notes)
    raise UnsupportedQuestion("Its answers begin with none of = ~ # > T F.")


def _split_answers(block: str) -> list[tuple[str, _ParsedAnswer]]:
    """Split a block into (sign, answer); an answer starts at an unescaped = or ~."""
    result: list[tuple[str, _ParsedAnswer]] = []
    for sign, text in re.findall(r"([=~])([^=~]*)", block):
        weight = _FULL_WEIGHT if sign == "=" else Decimal(0)
        weight_match = _WEIGHT.match(text)
        if weight_match:
            weight, text = Decimal(weight_match[1]), text[weight_match.end() :]
        answer, _, feedback = text.partition("#")
        result.append((sign, _ParsedAnswer(answer.strip(), weight, feedback.strip())))
    return result


def _parse_choices(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    result = _split_answers(block)
    single = any(sign == "=" for sign, _ in result)
    answers = [
        (item, _clean_html_of(item.text, form), _clean_html_of(item.feedback, form))
        for _, item in result
    ]
    keys = assign_letter_keys([text for _, text, _ in answers])
    full = [keys[text] for item, text, _ in answers if item.weight == _FULL_WEIGHT]
    positive = [keys[text] for item, text, _ in answers if item.weight > 0]
    if (
        not single
        and len(positive) == 1 == len(full)
        and all(item.weight >= 0 for item, _, _ in answers)
    ):
        single = True  # ~%100%: an alternative notation for a single right answer.
    if single and any(0 < item.weight < _FULL_WEIGHT for item, _, _ in answers):
        notes.append(gettext_noop("Partial credit is left out: an answer is right or not."))
    choices = sort_by_key(Choice(keys[text], text, feedback) for _, text, feedback in answers)
    return {
        "kind": "single" if single else "multiple",
        "choices": choices,
        "correct": sorted(full if single else positive, key=lambda key: (len(key), key)),
    }


def _parse_true_false(block: str, form: str) -> dict[str, Any]:
    word, _, feedback = block.partition("#")
    wrong, _, right = feedback.partition("#")
    correct = "true" if word.strip() in ("T", "TRUE") else "false"
    feedback_by_key = {
        correct: _clean_html_of(right, form),
        "false" if correct == "true" else "true": _clean_html_of(wrong, form),
    }
    return {
        "kind": "true_false",
        "choices": [
            Choice("true", "True", feedback_by_key["true"]),
            Choice("false", "False", feedback_by_key["false"]),
        ],
        "correct": [correct],
    }


def _parse_short_answer(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    accepted: list[AcceptedAnswer] = []
    fields: dict[str, Any] = {}
    for _, item in _split_answers(block):
        if item.weight == _FULL_WEIGHT:
            accepted.append(
                AcceptedAnswer(
                    _unescape_gift(item.text), feedback=_clean_html_of(item.feedback, form)
                )
            )
        elif item.text == "*":
            fields["when_wrong"] = _clean_html_of(item.feedback, form)
        else:
            notes.append(
                f"The answer {_unescape_gift(item.text)[:80]!r} with {item.weight:f} % is left "
                "out: an answer is right or not."
            )
    return {"kind": "short", "accepted": accepted, **fields}


def _parse_numeric(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    accepted: list[AcceptedAnswer] = []
    fields: dict[str, Any] = {}
    result = (
        _split_answers(block)
        if re.search(r"[=~]", block)
        else [("=", _ParsedAnswer(*_split_feedback(block)))]
    )
    for sign, item in result:
        if sign == "~" or item.text == "*":
            fields["when_wrong"] = _clean_html_of(item.feedback, form)
        elif item.weight == _FULL_WEIGHT:
            value, tolerance = _parse_number(_unescape_gift(item.text))
            accepted.append(AcceptedAnswer(value, tolerance, _clean_html_of(item.feedback, form)))
        else:
            notes.append(
                f"The answer {_unescape_gift(item.text)[:80]!r} with {item.weight:f} % is left "
                "out: an answer is right or not."
            )
    return {"kind": "numeric", "accepted": accepted, **fields}


def _split_feedback(block: str) -> tuple[str, Decimal, str]:
    words, _, feedback = block.partition("#")
    return words.strip(), _FULL_WEIGHT, feedback.strip()


def _parse_number(text: str) -> tuple[str, str]:
    """Parse value and tolerance from ``1.5``, ``1.5:0.1`` or ``1..5``."""
    if ".." in text:
        low, high = (parse_decimal(part.strip()) for part in text.split("..", 1))
        if low is None or high is None or high < low:
            raise UnsupportedQuestion(
                lazy_gettext("%(text)s is no range of numbers.", text=repr(text[:80]))
            )
        return normalize_number(f"{(low + high) / 2:f}"), normalize_number(f"{(high - low) / 2:f}")
    value, _, tolerance = text.partition(":")
    if parse_decimal(value.strip()) is None or parse_decimal(tolerance.strip() or "0") is None:
        raise UnsupportedQuestion(
            lazy_gettext("%(text)s is no number with a tolerance.", text=repr(text[:80]))
        )
    return normalize_number(value), normalize_number(tolerance or "0")


def _parse_matching(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    others: list[str] = []
    for _, item in _split_answers(block):
        left, arrow, right = item.text.partition("->")
        if not arrow:
            raise UnsupportedQuestion("One of its pairs has no arrow (->).")
        if left.strip():
            pairs.append((_clean_html_of(left, form), _clean_html_of(right, form)))
        else:
            others.append(_clean_html_of(right, form))
    return matching_fields(pairs, others)


def matching_fields(pairs: list[tuple[str, str]], others: list[str]) -> dict[str, Any]:
    """The fields of a matching question, its lines in the order in which they were written."""
    lines = [left for left, _ in pairs]
    keys = assign_letter_keys(lines, keep_order=True)
    result: dict[str, Any] = {
        "kind": "matching",
        "choices": [Choice(keys[left], left, match=right) for left, right in pairs],
    }
    return result | ({"other_matches": others} if others else {})


def _parse_ordering(block: str, form: str, notes: list[str]) -> dict[str, Any]:
    head, *lines = block.split("\n")
    texts = [_clean_html_of(line, form) for line in lines if line.strip()]
    count = re.match(r">\s*(\d+)", head)
    if count and int(count[1]) < len(texts):
        notes.append(f"All {len(texts)} lines are asked, not {count[1]} of them.")
    keys = assign_letter_keys(texts)
    choices = sort_by_key(Choice(key, text) for text, key in keys.items())
    return {"kind": "ordering", "choices": choices, "correct": [keys[text] for text in texts]}


def _unescape_gift(text: str) -> str:
    return "".join(_PRIVATE_TO_CHAR.get(char, char) for char in text)


def _clean_html_of(text: str, form: str) -> str:
    marker = _FORMAT_MARKER.match(text)
    if marker:
        form, text = marker[1], text[marker.end() :]
    whole = _unescape_gift(text).strip()
    if form in ("plain", "markdown"):
        return question_html.clean_imported_html(question_html.text_to_html(whole))
    return question_html.clean_imported_html(
        whole if form == "html" else whole.replace("\n", "<br>")
    )


def write_gift(items: list[QuestionItem]) -> tuple[bytes, list[ImportNote]]:
    """Write questions as a GIFT file, with notes on what the format cannot represent."""
    parts: list[str] = []
    notes: list[ImportNote] = []
    for item in items:
        if any(question_html.picture_digests(text) for text in item.texts()):
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop("Its pictures are not in the file: GIFT has no room for them."),
                )
            )
        if item.kind == "short" and item.case_sensitive:
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop(
                        "GIFT does not tell small letters from large ones; this question does."
                    ),
                )
            )
        if item.kind not in ("numeric", "short") and (item.when_right or item.when_wrong):
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop(
                        "What is said to every right or wrong answer has no room in GIFT."
                    ),
                )
            )
        if item.kind == "numeric" and item.when_right:
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop("What is said to every right answer has no room in GIFT."),
                )
            )
        tags = "".join(
            " [tag:" + tag.replace("]", "\\]") + "]" for tag in metadata_tags.item_tags(item)
        )
        general = f"\t####{_escape_with_marker(item.explanation)}\n" if item.explanation else ""
        name = _escape_gift(item.title or item.key)
        parts.append(
            "// "
            f"[id:{item.key}]{tags}\n::{name}::[html]{_escape_gift(item.stem)}{{{_format_answer_block(item)}{general}}}\n"
        )
    return "\n".join(parts).encode(), notes


def _format_answer_block(item: QuestionItem) -> str:
    lines: list[str]
    if item.kind in ("single", "multiple"):
        share = f"{Decimal(100) / len(item.correct):.5f}".rstrip("0").rstrip(".")
        signs = {True: "=" if item.kind == "single" else f"~%{share}%", False: "~"}
        lines = [
            signs[choice.key in item.correct]
            + _escape_with_marker(choice.text)
            + _format_feedback(choice.feedback)
            for choice in item.choices
        ]
        if item.kind == "multiple" and len(item.correct) == 1:
            # Without a negative weight on the others, a single right answer of a multiple
            # question would be read as single choice.
            lines = [line if line.startswith("~%") else f"~%-100%{line[1:]}" for line in lines]
    elif item.kind == "true_false":
        right, wrong = (
            next(
                choice.feedback
                for choice in item.choices
                if (choice.key in item.correct) is matching
            )
            for matching in (True, False)
        )
        feedback = (
            f"#{_escape_with_marker(wrong)}#{_escape_with_marker(right)}" if right or wrong else ""
        )
        return (
            f"{item.correct[0].upper()}{feedback}\n"
            if item.explanation
            else f"{item.correct[0].upper()}{feedback}"
        )
    elif item.kind == "matching":
        lines = [
            f"={_escape_with_marker(choice.text)} -> {_escape_with_marker(choice.match)}"
            for choice in item.choices
        ] + [f"= -> {_escape_with_marker(match)}" for match in item.other_matches]
    elif item.kind == "ordering":
        texts = [_escape_with_marker(item.choice(key).text) for key in item.correct]
        return f">{len(texts)} ALL VERTICAL ALL_OR_NOTHING HIDE none\n" + "".join(
            f"{text}\n" for text in texts
        )
    elif item.kind == "numeric":
        lines = [
            f"=%100%{item.value}:{item.tolerance}{_format_feedback(item.feedback)}"
            for item in item.accepted
        ]
        lines += [f"~{_format_feedback(item.when_wrong)}"] if item.when_wrong else []
        return "#\n" + "".join(f"\t{line}\n" for line in lines)
    else:
        lines = [
            f"=%100%{_escape_with_marker(item.value)}{_format_feedback(item.feedback)}"
            for item in item.accepted
        ]
        lines += [f"=%0%*{_format_feedback(item.when_wrong)}"] if item.when_wrong else []
    return "\n" + "".join(f"\t{line}\n" for line in lines)


def _format_feedback(feedback: str) -> str:
    return f"#{_escape_with_marker(feedback)}" if feedback else ""


def _escape_with_marker(text: str) -> str:
    """Escape a text for use in an answer; one that starts like a format marker is prefixed with
    a marker."""
    return f"[html]{_escape_gift(text)}" if _FORMAT_MARKER.match(text) else _escape_gift(text)


def _escape_gift(text: str) -> str:
    for char in "\\#=~{}:":
        text = text.replace(char, f"\\{char}")
    return text.replace("->", "-&gt;").replace("\r", "").replace("\n", "\\n")
