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

from adapters.questions import html, marks
from adapters.questions.shapes import (
    KINDS,
    Accepted,
    Choice,
    Item,
    Keys,
    Note,
    Reading,
    Unfit,
    by_key,
    decimal,
    lettered,
    require_sound,
    tidy,
)
from adapters.questions.truth import truth_of
from adapters.tables import FileRefused, rows_of, safe, text_of

NAME, ENDING = "CSV", "csv"
COLUMNS = (
    "key", "kind", "competency", "critical", "pool", "title", "question", "answers", "feedback", "other_matches", "case_sensitive",
    "when_right", "when_wrong", "explanation", "source", "review_on", "tags",
)  # fmt: skip
MOST_QUESTIONS = 5_000
_HTML = "[html]"
_YES = ("yes", "true", "1", "x", "ja", "sí", "si", "oui")


def read(content: bytes) -> Reading:
    """Read the questions of a table; whatever is not supported is noted for each row."""
    rows = rows_of(text_of(content), required=("question", "answers"), known=COLUMNS)
    if len(rows) > MOST_QUESTIONS:
        raise FileRefused(f"The file holds {len(rows):,} questions; {MOST_QUESTIONS:,} is the most. Split it.")
    items: list[Item] = []
    notes: list[Note] = []
    keys, unsaid = Keys(), dict[str, frozenset[str]]()
    for line, row in rows:
        try:
            item = require_sound(_item(row, keys))
        except Unfit as error:
            notes.append(Note(f"line {line}", str(error), lost=True))
            continue
        keys.keep(item.key)
        unsaid[item.key] = frozenset(COLUMNS) - row.keys()
        items.append(item)
    return Reading(items, {}, notes, keys.stated, unsaid)


def _item(row: dict[str, str], keys: Keys) -> Item:
    said = row.get
    lines = [line.strip() for line in said("answers", "").split("\n") if line.strip()]
    kind = said("kind", "").lower().replace(" ", "_").replace("/", "_") or _kind_of(lines)
    if kind not in KINDS:
        raise Unfit(f"The kind {kind[:40]!r} is none of {', '.join(KINDS)}.")
    stem = _rich(said("question", "").strip())
    title = said("title", "")[:255]
    tags = [part.strip() for part in said("tags", "").replace(",", ";").split(";") if part.strip()]
    review = said("review_on", "")
    if review:
        tags.append(f"review:{review}")
    fields: dict[str, Any] = {"competency": said("competency", ""), "critical": said("critical", "").lower() in _YES, "source": said("source", "")}
    fields |= marks.read(tags)
    if review and "review_on" not in fields:
        raise Unfit(f"The review date {review[:40]!r} is no day; write it as 2027-03-01.")
    pool = said("pool", "").lower() or "check"
    if pool not in ("check", "practice", "baseline"):
        raise Unfit(f"The pool {pool[:40]!r} is none of check, practice, baseline.")
    fields |= {
        "key": keys.of(said("key", ""), title or html.plain(stem)[:60]),
        "title": title,
        "stem": stem,
        "pool": pool,
        "when_right": _rich(said("when_right", "")),
        "when_wrong": _rich(said("when_wrong", "")),
        "explanation": _rich(said("explanation", "")),
    }
    return Item(**fields | {"kind": kind} | _answers(kind, lines, said("feedback", "").split("\n"), row))


def _kind_of(lines: list[str]) -> str:
    """Infer the kind of question from its answers."""
    if lines and all("->" in line for line in lines):
        return "matching"
    words = {line.lstrip("*- ").lower() for line in lines}
    if words == {"true", "false"}:
        return "true_false"
    right = sum(line.startswith("*") for line in lines)
    return "short" if not right else "single" if right == 1 else "multiple"


def _answers(kind: str, lines: list[str], feedback: list[str], row: dict[str, str]) -> dict[str, Any]:
    said = [_rich(one.strip()) for one in feedback] + [""] * len(lines)
    if kind in ("single", "multiple", "true_false"):
        texts = [_rich(line[1:].strip() if line[:1] in "*-" else line) for line in lines]
        right = [text for text, line in zip(texts, lines, strict=True) if line.startswith("*")]
        if kind == "true_false":
            by_value = {truth_of(html.plain(text)): words for text, words in zip(texts, said, strict=False)}
            if set(by_value) != {True, False}:
                raise Unfit("A true/false question has two answers: true and false.")
            choices = [Choice(word, word.capitalize(), by_value[word == "true"]) for word in ("true", "false")]
            return {"choices": choices, "correct": ["true" if truth_of(html.plain(text)) else "false" for text in right]}
        keys = lettered(texts, keep_order=True)
        choices = [Choice(keys[text], text, words) for text, words in zip(texts, said, strict=False)]
        return {"choices": choices, "correct": [keys[text] for text in right]}
    if kind == "matching":
        pairs = [[_rich(part.strip()) for part in line.split("->", 1)] for line in lines]
        if any(len(pair) != 2 for pair in pairs):
            raise Unfit("Each line of a matching question reads: left -> right.")
        keys = lettered([pair[0] for pair in pairs], keep_order=True)
        others = [_rich(line.strip()) for line in row.get("other_matches", "").split("\n") if line.strip()]
        return {"choices": [Choice(keys[left], left, match=right) for left, right in pairs], "other_matches": others}
    if kind == "ordering":
        texts = [_rich(line) for line in lines]
        keys = lettered(texts)
        return {"choices": by_key(Choice(key, text) for text, key in keys.items()), "correct": [keys[text] for text in texts]}
    if kind == "numeric":
        return {"accepted": [_number(line, words) for line, words in zip(lines, said, strict=False)]}
    accepted = [Accepted(line, feedback=words) for line, words in zip(lines, said, strict=False)]
    return {"accepted": accepted, "case_sensitive": row.get("case_sensitive", "").lower() in _YES}


def _number(line: str, feedback: str) -> Accepted:
    if ".." in line:
        low, high = (decimal(part.strip()) for part in line.split("..", 1))
        if low is None or high is None or high < low:
            raise Unfit(f"{line[:60]!r} is no range of numbers.")
        return Accepted(tidy(f"{(low + high) / 2:f}"), tidy(f"{(high - low) / 2:f}"), feedback)
    # Spreadsheets in most of Europe write 12,5.
    value, _, around = line.replace("+/-", "±").replace(",", ".").partition("±")
    return Accepted(tidy(value), tidy(around or "0"), feedback)


def _rich(cell: str) -> str:
    if cell.startswith(_HTML):
        return html.taken(cell.removeprefix(_HTML).strip())
    return html.taken(html.escape(cell.strip()))


def write(items: list[Item]) -> tuple[bytes, list[Note]]:
    """Write questions as a table, with notes on what it cannot represent."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    notes: list[Note] = []
    for item in items:
        if any(html.pictures_in(text) for text in item.texts()):
            notes.append(Note(item.key, "Its pictures are not in the file: a table has no room for them."))
        answers, feedback = _cells(item)
        row = {
            "key": item.key,
            "kind": item.kind,
            "competency": item.competency,
            "critical": "yes" if item.critical else "",
            "pool": item.pool,
            "title": item.title,
            "question": _cell(item.stem, lines=True),
            "answers": "\n".join(answers),
            "feedback": "\n".join(feedback).rstrip("\n"),
            "other_matches": "\n".join(_cell(one) for one in item.other_matches),
            "case_sensitive": "yes" if item.case_sensitive else "",
            "when_right": _cell(item.when_right, lines=True),
            "when_wrong": _cell(item.when_wrong, lines=True),
            "explanation": _cell(item.explanation, lines=True),
            "source": item.source,
            "review_on": item.review_on.isoformat() if item.review_on else "",
            "tags": "; ".join(item.tags),
        }
        writer.writerow([safe(row[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode(), notes


def _cells(item: Item) -> tuple[list[str], list[str]]:
    if item.kind in ("single", "multiple", "true_false"):
        signs = {True: "*", False: "-"}
        return [f"{signs[one.key in item.correct]} {_cell(one.text)}" for one in item.choices], [_cell(one.feedback) for one in item.choices]
    if item.kind == "matching":
        return [f"{_cell(one.text)} -> {_cell(one.match)}" for one in item.choices], []
    if item.kind == "ordering":
        return [_cell(item.choice(key).text) for key in item.correct], []
    values = [f"{one.value} ± {one.tolerance}" if item.kind == "numeric" and decimal(one.tolerance) else one.value for one in item.accepted]
    return values, [_cell(one.feedback) for one in item.accepted]


def _cell(text: str, lines: bool = False) -> str:
    """Format a text for a cell: plain if it has no markup (other than line breaks, where the
    cell allows them), else as HTML after the marker."""
    bare = unescape(text.replace("<br>", "\n") if lines else text)
    same = html.clean(escape(bare, quote=False).replace("\n", "<br>")) == text
    plain = same and "->" not in bare and not bare.startswith((_HTML, "*", "-")) and (lines or "\n" not in bare)
    return bare if plain else _HTML + " ".join(text.split("\n"))
