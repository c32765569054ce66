"""GIFT, as Moodle reads and writes it (question/format/gift)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.questions import html, marks
from adapters.questions.shapes import (
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
from adapters.tables import FileRefused, text_of

NAME, ENDING = "GIFT", "gift"
MOST_QUESTIONS = 5_000
# Escaped characters are mapped to the private use area while the markup around them is parsed.
_ESCAPED = {char: chr(0xE000 + number) for number, char in enumerate("~=#{}:\\")} | {"n": chr(0xE000 + 7)}
_BACK = {rest: ("\n" if char == "n" else char) for char, rest in _ESCAPED.items()}
_MARKER = re.compile(r"\s*\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"\s*%(-?\d{1,3}(?:\.\d*)?)%")
_ID, _TAG = re.compile(r"\[id:((?:\\\]|[^\]])+)\]"), re.compile(r"\[tag:((?:\\\]|[^\]])+)\]")
_RIGHT = Decimal(100)


@dataclass
class _Source:
    """The paragraph of a question: its first line number, its text, and the comments above
    it."""

    line: int
    lines: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Answer:
    """One answer in a block: its text, its weight in percent, its feedback."""

    text: str
    weight: Decimal
    feedback: str


def read(content: bytes) -> Reading:
    """Read the questions of a GIFT file; whatever is not supported is noted for each."""
    items: list[Item] = []
    notes: list[Note] = []
    keys = Keys()
    sources = _paragraphs(text_of(content))
    if len(sources) > MOST_QUESTIONS:
        raise FileRefused(f"The file holds {len(sources):,} questions; {MOST_QUESTIONS:,} is the most. Split it.")
    for source in sources:
        where = f"line {source.line}"
        try:
            item, told = _question(source, keys)
            require_sound(item)
        except Unfit as error:
            notes.append(Note(where, str(error), lost=True))
            continue
        keys.keep(item.key)
        items.append(item)
        notes += [Note(where, text) for text in told]
    return Reading(items, {}, notes, keys.stated)


def _paragraphs(text: str) -> list[_Source]:
    found: list[_Source] = []
    now: _Source | None = None
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
                now = _Source(number, [], comments)
                found.append(now)
            now.lines.append(bare)
    return found


def _question(source: _Source, keys: Keys) -> tuple[Item, list[str]]:
    text = re.sub(r"\\([~=#{}:\\n])", lambda found: _ESCAPED[found[1]], "\n".join(source.lines))
    told: list[str] = []
    title = ""
    named = re.match(r"::(.*?)::", text, re.DOTALL)
    if named:
        title, text = _restored(named[1]).strip(), text[named.end() :]
    opens, closes = text.find("{"), text.rfind("}")
    if opens < 0 and closes < 0:
        raise Unfit("It has no answers (a description); there is nothing to ask.")
    if opens < 0 or closes < opens:
        raise Unfit("One of its braces is missing: the answers stand between { and }, without an empty line inside.")
    before, block, after = text[:opens], text[opens + 1 : closes], text[closes + 1 :]
    marker = _MARKER.match(before)
    form = marker[1] if marker else "moodle"
    stem = f"{before.rstrip()} _____ {after.lstrip()}" if after.strip() else before
    block, _, general = block.rpartition("####") if "####" in block else (block, "", "")
    if form == "markdown":
        told.append("Markdown is shown as it is written.")
    comments = " ".join(source.comments)
    ids, tags = _ID.search(comments), [tag.replace("\\]", "]") for tag in _TAG.findall(comments)]
    title = title or html.plain(_html(stem, form))[:80]
    fields: dict[str, Any] = {
        "key": keys.of(ids[1].replace("\\]", "]") if ids else "", title),
        "competency": "",
        "stem": _html(stem, form),
        "title": title[:255],
        "explanation": _html(general, form),
        **marks.read(tags),
    }
    return Item(**fields, **_answers(block, form, told)), told


def _answers(block: str, form: str, told: list[str]) -> dict[str, Any]:
    bare = block.strip()
    if not bare:
        raise Unfit("It is an essay, which nobody but a person can judge; ask it in a rubric assessment instead.")
    if bare.startswith(">"):
        return _ordering(bare, form, told)
    if bare.startswith("#"):
        return _numeric(bare[1:], form, told)
    if re.match(r"(T|TRUE|F|FALSE)\s*(#|\Z)", bare):
        return _true_false(bare, form)
    if "~" in bare:
        return _choices(bare, form, told)
    if "->" in bare and bare.startswith("="):
        return _matching(bare, form, told)
    if bare.startswith("="):
        return _short(bare, form, told)
    raise Unfit("Its answers begin with none of = ~ # > T F.")


def _parts(block: str) -> list[tuple[str, _Answer]]:
    """Split a block into (sign, answer); an answer starts at an unescaped = or ~."""
    found: list[tuple[str, _Answer]] = []
    for sign, text in re.findall(r"([=~])([^=~]*)", block):
        weight = _RIGHT if sign == "=" else Decimal(0)
        given = _WEIGHT.match(text)
        if given:
            weight, text = Decimal(given[1]), text[given.end() :]
        words, _, feedback = text.partition("#")
        found.append((sign, _Answer(words.strip(), weight, feedback.strip())))
    return found


def _choices(block: str, form: str, told: list[str]) -> dict[str, Any]:
    found = _parts(block)
    single = any(sign == "=" for sign, _ in found)
    answers = [(one, _html(one.text, form), _html(one.feedback, form)) for _, one in found]
    keys = lettered([text for _, text, _ in answers])
    full = [keys[text] for one, text, _ in answers if one.weight == _RIGHT]
    positive = [keys[text] for one, text, _ in answers if one.weight > 0]
    if not single and len(positive) == 1 == len(full) and all(one.weight >= 0 for one, _, _ in answers):
        single = True  # ~%100%: an alternative notation for a single right answer.
    if single and any(0 < one.weight < _RIGHT for one, _, _ in answers):
        told.append("Partial credit is left out: an answer is right or not.")
    choices = by_key(Choice(keys[text], text, feedback) for _, text, feedback in answers)
    return {
        "kind": "single" if single else "multiple",
        "choices": choices,
        "correct": sorted(full if single else positive, key=lambda key: (len(key), key)),
    }


def _true_false(block: str, form: str) -> dict[str, Any]:
    word, _, said = block.partition("#")
    wrong, _, right = said.partition("#")
    correct = "true" if word.strip() in ("T", "TRUE") else "false"
    said_to = {correct: _html(right, form), "false" if correct == "true" else "true": _html(wrong, form)}
    return {
        "kind": "true_false",
        "choices": [Choice("true", "True", said_to["true"]), Choice("false", "False", said_to["false"])],
        "correct": [correct],
    }


def _short(block: str, form: str, told: list[str]) -> dict[str, Any]:
    accepted: list[Accepted] = []
    fields: dict[str, Any] = {}
    for _, one in _parts(block):
        if one.weight == _RIGHT:
            accepted.append(Accepted(_restored(one.text), feedback=_html(one.feedback, form)))
        elif one.text == "*":
            fields["when_wrong"] = _html(one.feedback, form)
        else:
            told.append(f"The answer {_restored(one.text)[:80]!r} with {one.weight:f} % is left out: an answer is right or not.")
    return {"kind": "short", "accepted": accepted, **fields}


def _numeric(block: str, form: str, told: list[str]) -> dict[str, Any]:
    accepted: list[Accepted] = []
    fields: dict[str, Any] = {}
    found = _parts(block) if re.search(r"[=~]", block) else [("=", _Answer(*_split(block)))]
    for sign, one in found:
        if sign == "~" or one.text == "*":
            fields["when_wrong"] = _html(one.feedback, form)
        elif one.weight == _RIGHT:
            value, tolerance = _number(_restored(one.text))
            accepted.append(Accepted(value, tolerance, _html(one.feedback, form)))
        else:
            told.append(f"The answer {_restored(one.text)[:80]!r} with {one.weight:f} % is left out: an answer is right or not.")
    return {"kind": "numeric", "accepted": accepted, **fields}


def _split(block: str) -> tuple[str, Decimal, str]:
    words, _, feedback = block.partition("#")
    return words.strip(), _RIGHT, feedback.strip()


def _number(text: str) -> tuple[str, str]:
    """Parse value and tolerance from ``1.5``, ``1.5:0.1`` or ``1..5``."""
    if ".." in text:
        low, high = (decimal(part.strip()) for part in text.split("..", 1))
        if low is None or high is None or high < low:
            raise Unfit(f"{text[:80]!r} is no range of numbers.")
        return tidy(f"{(low + high) / 2:f}"), tidy(f"{(high - low) / 2:f}")
    value, _, tolerance = text.partition(":")
    if decimal(value.strip()) is None or decimal(tolerance.strip() or "0") is None:
        raise Unfit(f"{text[:80]!r} is no number with a tolerance.")
    return tidy(value), tidy(tolerance or "0")


def _matching(block: str, form: str, told: list[str]) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    others: list[str] = []
    for _, one in _parts(block):
        left, arrow, right = one.text.partition("->")
        if not arrow:
            raise Unfit("One of its pairs has no arrow (->).")
        if left.strip():
            pairs.append((_html(left, form), _html(right, form)))
        else:
            others.append(_html(right, form))
    return matching(pairs, others)


def matching(pairs: list[tuple[str, str]], others: list[str]) -> dict[str, Any]:
    """The fields of a matching question, its lines in the order in which they were written."""
    lines = [left for left, _ in pairs]
    keys = lettered(lines, keep_order=True)
    found: dict[str, Any] = {"kind": "matching", "choices": [Choice(keys[left], left, match=right) for left, right in pairs]}
    return found | ({"other_matches": others} if others else {})


def _ordering(block: str, form: str, told: list[str]) -> dict[str, Any]:
    head, *lines = block.split("\n")
    texts = [_html(line, form) for line in lines if line.strip()]
    count = re.match(r">\s*(\d+)", head)
    if count and int(count[1]) < len(texts):
        told.append(f"All {len(texts)} lines are asked, not {count[1]} of them.")
    keys = lettered(texts)
    choices = by_key(Choice(key, text) for text, key in keys.items())
    return {"kind": "ordering", "choices": choices, "correct": [keys[text] for text in texts]}


def _restored(text: str) -> str:
    return "".join(_BACK.get(char, char) for char in text)


def _html(text: str, form: str) -> str:
    marker = _MARKER.match(text)
    if marker:
        form, text = marker[1], text[marker.end() :]
    whole = _restored(text).strip()
    if form in ("plain", "markdown"):
        return html.taken(html.escape(whole))
    return html.taken(whole if form == "html" else whole.replace("\n", "<br>"))


def write(items: list[Item]) -> tuple[bytes, list[Note]]:
    """Write questions as a GIFT file, with notes on what the format cannot represent."""
    parts: list[str] = []
    notes: list[Note] = []
    for item in items:
        if any(html.pictures_in(text) for text in item.texts()):
            notes.append(Note(item.key, "Its pictures are not in the file: GIFT has no room for them."))
        if item.kind == "short" and item.case_sensitive:
            notes.append(Note(item.key, "GIFT does not tell small letters from large ones; this question does."))
        if item.kind not in ("numeric", "short") and (item.when_right or item.when_wrong):
            notes.append(Note(item.key, "What is said to every right or wrong answer has no room in GIFT."))
        if item.kind == "numeric" and item.when_right:
            notes.append(Note(item.key, "What is said to every right answer has no room in GIFT."))
        tags = "".join(" [tag:" + tag.replace("]", "\\]") + "]" for tag in marks.written(item))
        general = f"\t####{_marked(item.explanation)}\n" if item.explanation else ""
        name = _escaped(item.title or item.key)
        parts.append(f"// [id:{item.key}]{tags}\n::{name}::[html]{_escaped(item.stem)}{{{_block(item)}{general}}}\n")
    return "\n".join(parts).encode(), notes


def _block(item: Item) -> str:
    lines: list[str]
    if item.kind in ("single", "multiple"):
        share = f"{Decimal(100) / len(item.correct):.5f}".rstrip("0").rstrip(".")
        signs = {True: "=" if item.kind == "single" else f"~%{share}%", False: "~"}
        lines = [f"{signs[one.key in item.correct]}{_marked(one.text)}{_said(one.feedback)}" for one in item.choices]
        if item.kind == "multiple" and len(item.correct) == 1:
            # Without a negative weight on the others, a single right answer of a multiple
            # question would be read as single choice.
            lines = [line if line.startswith("~%") else f"~%-100%{line[1:]}" for line in lines]
    elif item.kind == "true_false":
        right, wrong = (next(one.feedback for one in item.choices if (one.key in item.correct) is fits) for fits in (True, False))
        said = f"#{_marked(wrong)}#{_marked(right)}" if right or wrong else ""
        return f"{item.correct[0].upper()}{said}\n" if item.explanation else f"{item.correct[0].upper()}{said}"
    elif item.kind == "matching":
        lines = [f"={_marked(one.text)} -> {_marked(one.match)}" for one in item.choices] + [f"= -> {_marked(one)}" for one in item.other_matches]
    elif item.kind == "ordering":
        texts = [_marked(item.choice(key).text) for key in item.correct]
        return f">{len(texts)} ALL VERTICAL ALL_OR_NOTHING HIDE none\n" + "".join(f"{text}\n" for text in texts)
    elif item.kind == "numeric":
        lines = [f"=%100%{one.value}:{one.tolerance}{_said(one.feedback)}" for one in item.accepted]
        lines += [f"~{_said(item.when_wrong)}"] if item.when_wrong else []
        return "#\n" + "".join(f"\t{line}\n" for line in lines)
    else:
        lines = [f"=%100%{_marked(one.value)}{_said(one.feedback)}" for one in item.accepted]
        lines += [f"=%0%*{_said(item.when_wrong)}"] if item.when_wrong else []
    return "\n" + "".join(f"\t{line}\n" for line in lines)


def _said(feedback: str) -> str:
    return f"#{_marked(feedback)}" if feedback else ""


def _marked(text: str) -> str:
    """Escape a text for use in an answer; one that starts like a format marker is prefixed with
    a marker."""
    return f"[html]{_escaped(text)}" if _MARKER.match(text) else _escaped(text)


def _escaped(text: str) -> str:
    for char in "\\#=~{}:":
        text = text.replace(char, f"\\{char}")
    return text.replace("->", "-&gt;").replace("\r", "").replace("\n", "\\n")
