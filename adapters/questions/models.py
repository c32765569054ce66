"""Our data model of a question, which every format is read into and written from. Texts are
sanitized HTML, names are plain text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Literal

import msgspec

from core.messages import Message, MessageError, Number, join_messages, lazy_gettext

# Another kind of question needs: a line here and its faults below; lti_tool/questions/
# item_responses.py (how it is answered, marked and stated); the form that asks it
# (lti_tool/checks/templates/_question.html) and the one that edits it (question_form.html, listed
# in questions.html, read in question_form.py); and each file format that can express it.
Kind = Literal["single", "multiple", "true_false", "numeric", "short", "matching", "ordering"]
Pool = Literal["check", "practice", "baseline"]
KINDS: tuple[Kind, ...] = (
    "single",
    "multiple",
    "true_false",
    "numeric",
    "short",
    "matching",
    "ordering",
)
CHOICE_KINDS: frozenset[Kind] = frozenset(
    ("single", "multiple", "true_false", "matching", "ordering")
)
MAX_CHOICES = 20
MAX_TEXT_LENGTH = (
    20_000  # Characters of one text including its markup: about a page and a half of prose.
)
KEY_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?\Z")


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A choice with its feedback; ``match`` is its partner in a matching question."""

    key: str
    text: str
    feedback: str = ""
    match: str = ""


class AcceptedAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An accepted answer: a decimal number with its tolerance, or text in which ``*`` is a
    wildcard."""

    value: str
    tolerance: str = "0"
    feedback: str = ""


class QuestionItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question. ``pool``: check questions are measured, practice questions never are,
    baseline questions are asked on the day of the certification.

    ``correct`` holds the keys of the right choices; for an ordering question all keys in their
    right order; for a matching question nothing (each choice has its own partner).
    ``review_on`` is the day by which an expert reviews the question.
    """

    key: str
    competency: str
    stem: str
    kind: Kind = "single"
    pool: Pool = "check"
    critical: bool = False
    title: str = ""
    choices: list[Choice] = []
    correct: list[str] = []
    accepted: list[AcceptedAnswer] = []
    case_sensitive: bool = False
    other_matches: list[str] = []
    when_right: str = ""
    when_wrong: str = ""
    explanation: str = ""
    source: str = ""
    review_on: date | None = None
    tags: list[str] = []
    version: int = 1

    def choice(self, key: str) -> Choice:
        """The choice with this key, which must exist."""
        return next(choice for choice in self.choices if choice.key == key)

    @property
    def matches(self) -> list[str]:
        """All partners of a matching question, sorted alphabetically so that their order
        reveals nothing."""
        return sorted({choice.match for choice in self.choices} | set(self.other_matches))

    def texts(self) -> list[str]:
        """Every text that may contain markup."""
        parts = [self.stem, self.when_right, self.when_wrong, self.explanation, *self.other_matches]
        for choice in self.choices:
            parts += [choice.text, choice.feedback, choice.match]
        return parts + [item.feedback for item in self.accepted]


@dataclass(frozen=True)
class Picture:
    """A picture in a question, identified by the SHA-256 of its bytes."""

    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class ImportNote:
    """A remark on one question of an imported file: ``where`` locates it, ``lost`` says that
    the question was skipped."""

    where: str
    text: str | Message
    lost: bool = False


@dataclass(frozen=True)
class Reading:
    """The parsed content of a file: questions, their pictures by digest, and notes.

    ``stated``: the keys that the file itself gives as the questions' identifiers; the others
    were derived from their names, and do not tell which question of a bank is meant.
    ``missing_columns``: key → fields of the question for which a table has no column. Other formats
    have no columns, so there an empty field says nothing.
    """

    items: list[QuestionItem]
    pictures: dict[str, Picture]
    notes: list[ImportNote]
    stated: frozenset[str] = frozenset()
    missing_columns: dict[str, frozenset[str]] | None = None


class KeyAllocator:
    """Allocates unique keys to the questions of one file: from the identifier in the file, else
    from a name, in any alphabet."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._stated: set[str] = set()

    def allocate_key(self, identifier: str, name: str) -> str:
        """Return a free key; the identifier's own if the file gives one that no earlier
        question has used."""
        key = key_from_identifier(identifier)
        if key and key not in self._taken:
            self._stated.add(key)
            return key
        key = key_from_name(name, self._taken, "question")
        self._stated.discard(key)
        return key

    def reserve_key(self, key: str) -> None:
        """Record that a question with this key was accepted."""
        self._taken.add(key)

    @property
    def stated(self) -> frozenset[str]:
        """The keys that were both given by the file and accepted."""
        return frozenset(self._stated & self._taken)


def key_from_identifier(identifier: str) -> str:
    """Derive a key from an identifier in a file: the identifier itself if it is a valid key;
    else its letters and a digest of the whole, so that two identifiers never share a key, nor
    does one collide with a key derived from a name. Empty if there is none."""
    plain = " ".join(identifier.split())
    if not plain or KEY_PATTERN.match(plain):
        return plain
    digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    return f"{key_from_name(plain, set(), 'question')}-{digest}"


# MathML, formulas of Word and of editors, pictures that stand for a formula, and TeX between
# the delimiters that Moodle and Canvas use.
_FORMULA_MARKUP = re.compile(
    r"<\s*(?:\w+:)?(?:math|omath|omathpara)\b|<\s*script[^>]*math/|<\s*(?:img|span)[^>]*(?:equation_image|data-equation-content|data-mathml"
    r"|wirisformula|mathjax|math-tex|filter/tex/|/equation_images/|latex\.codecogs)|\$\$.+?\$\$|\\\(.+?\\\)|\\\[.+?\\\]|\[tex\].+?\[/tex\]",
    re.IGNORECASE | re.DOTALL,
)
_CODE_ELEMENT = re.compile(r"<(code|pre)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


def require_no_formula(text: str) -> None:
    """Raise UnsupportedQuestion if a text contains a formula: without it, the
    question would ask something else."""
    result = _FORMULA_MARKUP.search(_CODE_ELEMENT.sub(" ", text))
    if result:
        raise UnsupportedQuestion(
            lazy_gettext(
                "It holds a formula (%(formula)s…), which cannot be shown here. "
                "Write it in words or with <sup> and <sub>, or put a picture of it "
                "there.",
                formula=" ".join(result[0].split())[:60],
            )
        )


class UnsupportedQuestion(MessageError):
    """A question that cannot be imported; the message gives the reason."""


def require_valid_item(item: QuestionItem) -> QuestionItem:
    """Return the item; UnsupportedQuestion lists the reasons why it cannot be asked."""
    for accepted in item.accepted:
        require_no_formula(accepted.value)
    faults = find_item_faults(item)
    if faults:
        raise UnsupportedQuestion(join_messages(faults))
    return item


def find_item_faults(item: QuestionItem) -> list[Message]:
    """Reasons why a question cannot be asked, worded for its author; empty if it is valid."""
    result: list[Message] = []
    if not KEY_PATTERN.match(item.key):
        result.append(
            lazy_gettext(
                "The key %(key)s may hold small letters, digits and hyphens alone, up to 80.",
                key=repr(item.key[:80]),
            )
        )
    if not item.stem.strip():
        result.append(lazy_gettext("It asks nothing: its text is empty."))
    if any(len(text) > MAX_TEXT_LENGTH for text in item.texts()):
        result.append(
            lazy_gettext(
                "One of its texts is longer than %(most)s characters.", most=Number(MAX_TEXT_LENGTH)
            )
        )
    return result + (
        _find_choice_faults(item) if item.kind in CHOICE_KINDS else _find_accepted_faults(item)
    )


def _find_choice_faults(item: QuestionItem) -> list[Message]:
    result: list[Message] = []
    keys = [choice.key for choice in item.choices]
    if not 2 <= len(keys) <= MAX_CHOICES:
        result.append(
            lazy_gettext(
                "It needs from 2 to %(most)s choices, and has %(count)s.",
                most=MAX_CHOICES,
                count=len(keys),
            )
        )
    if len(set(keys)) != len(keys) or not all(KEY_PATTERN.match(key) for key in keys):
        result.append(lazy_gettext("Each of its choices needs a key of its own."))
    texts = Counter(choice.text.strip() for choice in item.choices)
    if "" in texts:
        result.append(lazy_gettext("One of its choices is empty."))
    elif texts and max(texts.values()) > 1:
        result.append(lazy_gettext("Two of its choices read the same."))
    if item.kind == "matching":
        if any(not choice.match.strip() for choice in item.choices):
            result.append(lazy_gettext("Each line of a matching question needs its partner."))
        return result
    if not set(item.correct) <= set(keys) or len(set(item.correct)) != len(item.correct):
        return [*result, lazy_gettext("The right answer is none of its choices.")]
    if item.kind == "ordering":
        return (
            result
            if len(item.correct) == len(keys)
            else [*result, lazy_gettext("An ordering names all its lines in their right order.")]
        )
    if item.kind == "multiple":
        return result if item.correct else [*result, lazy_gettext("None of its choices is right.")]
    return (
        result
        if len(item.correct) == 1
        else [
            *result,
            lazy_gettext("It needs one right choice, and has %(count)s.", count=len(item.correct)),
        ]
    )


def _find_accepted_faults(item: QuestionItem) -> list[Message]:
    if not item.accepted:
        return [lazy_gettext("No answer is taken as right.")]
    if item.kind == "short":
        return (
            []
            if all(item.value.strip(" *") for item in item.accepted)
            else [lazy_gettext("One of the answers that it takes is empty, or takes everything.")]
        )
    result: list[Message] = []
    for entry in item.accepted:
        value, tolerance = parse_decimal(entry.value), parse_decimal(entry.tolerance)
        if value is None or tolerance is None or tolerance < 0:
            result.append(
                lazy_gettext(
                    "%(value)s with tolerance %(tolerance)s is no number with a tolerance.",
                    value=repr(entry.value[:40]),
                    tolerance=repr(entry.tolerance[:40]),
                )
            )
    return result


def parse_decimal(text: str) -> Decimal | None:
    """Parse a plain decimal number; None if it is not one (this includes infinities and more
    than 30 digits)."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return (
        number if number.is_finite() and len(text) <= 30 and abs(number.adjusted()) <= 30 else None
    )


def normalize_number(text: str) -> str:
    """Normalize a number (12.50 → 12.5, 1e2 → 100); other text is returned unchanged, for
    :func:`find_item_faults` to report."""
    number = parse_decimal(text.strip())
    return text.strip() if number is None else f"{number.normalize():f}"


def assign_letter_keys(texts: list[str], keep_order: bool = False) -> dict[str, str]:
    """Assign keys a, b, c … to texts in alphabetical order, so that a key never reveals which
    one is right. Returns text → key.

    Raises UnsupportedQuestion if two texts are identical.
    """
    if len(set(texts)) != len(texts):
        raise UnsupportedQuestion("Two of its choices or lines read the same.")
    ordered = list(texts) if keep_order else sorted(texts, key=_natural_sort_key)
    return {text: _letter_key(number) for number, text in enumerate(ordered)}


def _natural_sort_key(text: str) -> tuple[tuple[int, Decimal, str], ...]:
    """Natural sort key: 2 before 10, ignoring case."""
    parts = re.findall(r"\d+|\D+", text.casefold())
    return tuple(
        (0, Decimal(part), "") if part.isdecimal() else (1, Decimal(0), part) for part in parts
    )


def _letter_key(number: int) -> str:
    return (
        chr(ord("a") + number)
        if number < 26
        else f"{_letter_key(number // 26 - 1)}{_letter_key(number % 26)}"
    )


def sort_by_key(choices: Iterable[Choice]) -> list[Choice]:
    """Sort choices by their letters: a … z, aa …"""
    return sorted(choices, key=lambda item: (len(item.key), item.key))


_TRANSLITERATIONS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"}
)


def key_from_name(words: str, used: set[str], fallback: str) -> str:
    """Derive a key from a name: lower-case letters, digits, hyphens; with a number appended if
    it is taken."""
    letters = (
        unicodedata.normalize("NFKD", words.casefold().translate(_TRANSLITERATIONS))
        .encode("ascii", "ignore")
        .decode()
    )
    plain = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].strip("-") or fallback
    key, number = plain, 2
    while key in used:
        key, number = f"{plain}-{number}", number + 1
    return key
