"""Questions as a table (CSV), one row per question, for people who write in a spreadsheet.

Answers are listed in their cell one per line: ``* `` before a right choice, ``- `` before a
wrong one; ``left -> right`` for a pair; the lines of an ordering in their right order; a number
as ``12.5``, ``12.5 ± 0.5`` or ``1..5``. Plain text, or HTML after the marker ``[html]``.
"""

from __future__ import annotations

import csv
import io
from html import escape, unescape
from typing import Any

from adapters.csv_tables import FileRefused, decode_text, parse_table
from adapters.questions import metadata_tags, question_html
from adapters.questions.models import (
    KINDS,
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
from adapters.questions.true_false_words import parse_truth_word
from core.csv_cells import escape_formula
from core.messages import Number, gettext_noop, lazy_gettext

FORMAT_NAME, FILE_EXTENSION = "CSV", "csv"
COLUMNS = (
    "key",
    "kind",
    "competency",
    "critical",
    "pool",
    "title",
    "question",
    "answers",
    "feedback",
    "other_matches",
    "case_sensitive",
    "when_right",
    "when_wrong",
    "explanation",
    "source",
    "review_on",
    "tags",
)
MAX_QUESTIONS = 5_000
_HTML_MARKER = "[html]"
_TRUE_WORDS = ("yes", "true", "1", "x", "ja", "sí", "si", "oui")


def read_question_csv(content: bytes) -> Reading:
    """Read the questions of a table; whatever is not supported is noted for each row."""
    rows = parse_table(decode_text(content), required=("question", "answers"), known=COLUMNS)
    if len(rows) > MAX_QUESTIONS:
        raise FileRefused(
            lazy_gettext(
                "The file holds %(count)s questions; %(most)s is the most. Split it.",
                count=Number(len(rows)),
                most=Number(MAX_QUESTIONS),
            )
        )
    items: list[QuestionItem] = []
    notes: list[ImportNote] = []
    keys, unsaid = KeyAllocator(), dict[str, frozenset[str]]()
    for line, row in rows:
        try:
            item = require_valid_item(_parse_item_row(row, keys))
        except UnsupportedQuestion as error:
            notes.append(ImportNote(f"line {line}", error.message, lost=True))
            continue
        keys.reserve_key(item.key)
        unsaid[item.key] = frozenset(COLUMNS) - row.keys()
        items.append(item)
    return Reading(items, {}, notes, keys.stated, unsaid)


def _parse_item_row(row: dict[str, str], keys: KeyAllocator) -> QuestionItem:
    cell = row.get
    lines = [line.strip() for line in cell("answers", "").split("\n") if line.strip()]
    kind = cell("kind", "").lower().replace(" ", "_").replace("/", "_") or _infer_kind(lines)
    if kind not in KINDS:
        raise UnsupportedQuestion(
            lazy_gettext(
                "The kind %(kind)s is none of %(kinds)s.",
                kind=repr(kind[:40]),
                kinds=", ".join(KINDS),
            )
        )
    stem = _cell_to_html(cell("question", "").strip())
    title = cell("title", "")[:255]
    tags = [part.strip() for part in cell("tags", "").replace(",", ";").split(";") if part.strip()]
    review = cell("review_on", "")
    if review:
        tags.append(f"review:{review}")
    fields: dict[str, Any] = {
        "competency": cell("competency", ""),
        "critical": cell("critical", "").lower() in _TRUE_WORDS,
        "source": cell("source", ""),
    }
    fields |= metadata_tags.parse_tags(tags)
    if review and "review_on" not in fields:
        raise UnsupportedQuestion(
            lazy_gettext(
                "The review date %(day)s is no day; write it as 2027-03-01.", day=repr(review[:40])
            )
        )
    pool = cell("pool", "").lower() or "check"
    if pool not in ("check", "practice", "baseline"):
        raise UnsupportedQuestion(
            lazy_gettext(
                "The pool %(pool)s is none of check, practice, baseline.", pool=repr(pool[:40])
            )
        )
    fields |= {
        "key": keys.allocate_key(cell("key", ""), title or question_html.html_to_text(stem)[:60]),
        "title": title,
        "stem": stem,
        "pool": pool,
        "when_right": _cell_to_html(cell("when_right", "")),
        "when_wrong": _cell_to_html(cell("when_wrong", "")),
        "explanation": _cell_to_html(cell("explanation", "")),
    }
    return QuestionItem(
        **fields
        | {"kind": kind}
        | _parse_answer_lines(kind, lines, cell("feedback", "").split("\n"), row)
    )


def _infer_kind(lines: list[str]) -> str:
    """Infer the kind of question from its answers."""
    if lines and all("->" in line for line in lines):
        return "matching"
    texts = {line.lstrip("*- ").lower() for line in lines}
    if texts == {"true", "false"}:
        return "true_false"
    right = sum(line.startswith("*") for line in lines)
    return "short" if not right else "single" if right == 1 else "multiple"


def _parse_answer_lines(
    kind: str, lines: list[str], feedback: list[str], row: dict[str, str]
) -> dict[str, Any]:
    feedbacks = [_cell_to_html(item.strip()) for item in feedback] + [""] * len(lines)
    if kind in ("single", "multiple", "true_false"):
        return _parse_choice_lines(kind, lines, feedbacks)
    if kind == "matching":
        return _parse_matching_lines(lines, row)
    if kind == "ordering":
        texts = [_cell_to_html(line) for line in lines]
        keys = assign_letter_keys(texts)
        return {
            "choices": sort_by_key(Choice(key, text) for text, key in keys.items()),
            "correct": [keys[text] for text in texts],
        }
    if kind == "numeric":
        return {
            "accepted": [
                _parse_accepted_number(line, comment)
                for line, comment in zip(lines, feedbacks, strict=False)
            ]
        }
    accepted = [
        AcceptedAnswer(line, feedback=comment)
        for line, comment in zip(lines, feedbacks, strict=False)
    ]
    return {
        "accepted": accepted,
        "case_sensitive": row.get("case_sensitive", "").lower() in _TRUE_WORDS,
    }


def _parse_choice_lines(kind: str, lines: list[str], feedbacks: list[str]) -> dict[str, Any]:
    """Lines of answers to choose from, a star before each right one."""
    texts = [_cell_to_html(line[1:].strip() if line[:1] in "*-" else line) for line in lines]
    right = [text for text, line in zip(texts, lines, strict=True) if line.startswith("*")]
    if kind == "true_false":
        by_value = {
            parse_truth_word(question_html.html_to_text(text)): comment
            for text, comment in zip(texts, feedbacks, strict=False)
        }
        if set(by_value) != {True, False}:
            raise UnsupportedQuestion("A true/false question has two answers: true and false.")
        choices = [
            Choice(word, word.capitalize(), by_value[word == "true"]) for word in ("true", "false")
        ]
        return {
            "choices": choices,
            "correct": [
                "true" if parse_truth_word(question_html.html_to_text(text)) else "false"
                for text in right
            ],
        }
    keys = assign_letter_keys(texts, keep_order=True)
    choices = [
        Choice(keys[text], text, comment) for text, comment in zip(texts, feedbacks, strict=False)
    ]
    return {"choices": choices, "correct": [keys[text] for text in right]}


def _parse_matching_lines(lines: list[str], row: dict[str, str]) -> dict[str, Any]:
    pairs = [[_cell_to_html(part.strip()) for part in line.split("->", 1)] for line in lines]
    if any(len(pair) != 2 for pair in pairs):
        raise UnsupportedQuestion("Each line of a matching question reads: left -> right.")
    keys = assign_letter_keys([pair[0] for pair in pairs], keep_order=True)
    others = [
        _cell_to_html(line.strip())
        for line in row.get("other_matches", "").split("\n")
        if line.strip()
    ]
    return {
        "choices": [Choice(keys[left], left, match=right) for left, right in pairs],
        "other_matches": others,
    }


def _parse_accepted_number(line: str, feedback: str) -> AcceptedAnswer:
    if ".." in line:
        low, high = (parse_decimal(part.strip()) for part in line.split("..", 1))
        if low is None or high is None or high < low:
            raise UnsupportedQuestion(
                lazy_gettext("%(text)s is no range of numbers.", text=repr(line[:60]))
            )
        return AcceptedAnswer(
            normalize_number(f"{(low + high) / 2:f}"),
            normalize_number(f"{(high - low) / 2:f}"),
            feedback,
        )
    # Spreadsheets in most of Europe write 12,5.
    value, _, around = line.replace("+/-", "±").replace(",", ".").partition("±")
    return AcceptedAnswer(normalize_number(value), normalize_number(around or "0"), feedback)


def _cell_to_html(cell: str) -> str:
    if cell.startswith(_HTML_MARKER):
        return question_html.clean_imported_html(cell.removeprefix(_HTML_MARKER).strip())
    return question_html.clean_imported_html(question_html.text_to_html(cell.strip()))


def write_question_csv(items: list[QuestionItem]) -> tuple[bytes, list[ImportNote]]:
    """Write questions as a table, with notes on what it cannot represent."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    notes: list[ImportNote] = []
    for item in items:
        if any(question_html.picture_digests(text) for text in item.texts()):
            notes.append(
                ImportNote(
                    item.key,
                    gettext_noop("Its pictures are not in the file: a table has no room for them."),
                )
            )
        answers, feedback = _format_answer_cells(item)
        row = {
            "key": item.key,
            "kind": item.kind,
            "competency": item.competency,
            "critical": "yes" if item.critical else "",
            "pool": item.pool,
            "title": item.title,
            "question": _html_to_cell(item.stem, lines=True),
            "answers": "\n".join(answers),
            "feedback": "\n".join(feedback).rstrip("\n"),
            "other_matches": "\n".join(_html_to_cell(match) for match in item.other_matches),
            "case_sensitive": "yes" if item.case_sensitive else "",
            "when_right": _html_to_cell(item.when_right, lines=True),
            "when_wrong": _html_to_cell(item.when_wrong, lines=True),
            "explanation": _html_to_cell(item.explanation, lines=True),
            "source": item.source,
            "review_on": item.review_on.isoformat() if item.review_on else "",
            "tags": "; ".join(item.tags),
        }
        writer.writerow([escape_formula(row[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode(), notes


def _format_answer_cells(item: QuestionItem) -> tuple[list[str], list[str]]:
    if item.kind in ("single", "multiple", "true_false"):
        signs = {True: "*", False: "-"}
        return [
            f"{signs[choice.key in item.correct]} {_html_to_cell(choice.text)}"
            for choice in item.choices
        ], [_html_to_cell(choice.feedback) for choice in item.choices]
    if item.kind == "matching":
        return [
            f"{_html_to_cell(choice.text)} -> {_html_to_cell(choice.match)}"
            for choice in item.choices
        ], []
    if item.kind == "ordering":
        return [_html_to_cell(item.choice(key).text) for key in item.correct], []
    values = [
        f"{entry.value} ± {entry.tolerance}"
        if item.kind == "numeric" and parse_decimal(entry.tolerance)
        else entry.value
        for entry in item.accepted
    ]
    return values, [_html_to_cell(item.feedback) for item in item.accepted]


def _html_to_cell(text: str, lines: bool = False) -> str:
    """Format a text for a cell: plain if it has no markup (other than line breaks, where the
    cell allows them), else as HTML after the marker."""
    bare = unescape(text.replace("<br>", "\n") if lines else text)
    same = question_html.clean_html(escape(bare, quote=False).replace("\n", "<br>")) == text
    plain = (
        same
        and "->" not in bare
        and not bare.startswith((_HTML_MARKER, "*", "-"))
        and (lines or "\n" not in bare)
    )
    return bare if plain else _HTML_MARKER + " ".join(text.split("\n"))
