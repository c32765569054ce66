"""A question in our words: what every format is read into and written from. Texts are cleaned HTML, names are plain text."""

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

Kind = Literal["single", "multiple", "true_false", "numeric", "short", "matching", "ordering"]
Pool = Literal["check", "practice", "baseline"]
KINDS: tuple[Kind, ...] = ("single", "multiple", "true_false", "numeric", "short", "matching", "ordering")
WITH_CHOICES: frozenset[Kind] = frozenset(("single", "multiple", "true_false", "matching", "ordering"))
MOST_CHOICES = 20
LONGEST_TEXT = 20_000  # characters of one text with its markup: a page and a half of words
KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?\Z")


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A choice with what is said to whoever takes it; ``match`` is its partner in a matching question."""

    key: str
    text: str
    feedback: str = ""
    match: str = ""


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer that is taken: a decimal number with its tolerance, or words in which ``*`` stands for anything."""

    value: str
    tolerance: str = "0"
    feedback: str = ""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question. ``pool``: checks measure, practice never does, the baseline is asked on the day of the certification.

    ``correct`` holds the keys of the right choices; of an ordering all keys in their right order; of a matching nothing (each choice
    names its partner). ``review_on`` is the day by which an expert looks at it again.
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
    accepted: list[Accepted] = []
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
        """A choice that is known to exist."""
        return next(one for one in self.choices if one.key == key)

    @property
    def matches(self) -> list[str]:
        """All partners of a matching question, by the alphabet, so that their order tells nothing."""
        return sorted({one.match for one in self.choices} | set(self.other_matches))

    def texts(self) -> list[str]:
        """Every text that holds markup."""
        parts = [self.stem, self.when_right, self.when_wrong, self.explanation, *self.other_matches]
        for choice in self.choices:
            parts += [choice.text, choice.feedback, choice.match]
        return parts + [one.feedback for one in self.accepted]


@dataclass(frozen=True)
class Picture:
    """A picture that a question shows: named by the SHA-256 of its bytes."""

    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Note:
    """What a reader of a file has to say about one question: ``where`` names it, ``lost`` says that it was left out."""

    where: str
    text: str
    lost: bool = False


@dataclass(frozen=True)
class Reading:
    """A file as it was understood: questions, their pictures by digest, and notes.

    ``stated``: the keys that the file itself states as the questions' identifiers; the others were made from their names, and say nothing of
    which question in a bank is meant. ``unsaid``: key → fields of the question for which a table has no column; of other formats, which have no
    columns, a field that is empty says nothing.
    """

    items: list[Item]
    pictures: dict[str, Picture]
    notes: list[Note]
    stated: frozenset[str] = frozenset()
    unsaid: dict[str, frozenset[str]] | None = None


class Keys:
    """Keys of the questions of one file, each once: by the identifier that the file states, else from a name, in any alphabet."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._stated: set[str] = set()

    def of(self, identifier: str, name: str) -> str:
        """A free key; that of the identifier where it states one that no question of the file had before."""
        key = stated_key(identifier)
        if key and key not in self._taken:
            self._stated.add(key)
            return key
        key = key_from(name, self._taken, "question")
        self._stated.discard(key)
        return key

    def keep(self, key: str) -> None:
        """A question with this key was taken."""
        self._taken.add(key)

    @property
    def stated(self) -> frozenset[str]:
        """The keys that were stated, of those that were taken."""
        return frozenset(self._stated & self._taken)


def stated_key(identifier: str) -> str:
    """The key of an identifier that a file states: itself where it is a key; else its letters and a digest of all of it, so that two identifiers
    never are one key, and none is the key that was made of a name. Empty for none."""
    plain = " ".join(identifier.split())
    if not plain or KEY.match(plain):
        return plain
    digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    return f"{key_from(plain, set(), 'question')}-{digest}"


# MathML, Word's and the editors' own formulas, pictures that stand for one, TeX between the marks that Moodle and Canvas know.
_FORMULA = re.compile(
    r"<\s*(?:\w+:)?(?:math|omath|omathpara)\b|<\s*script[^>]*math/|<\s*(?:img|span)[^>]*(?:equation_image|data-equation-content|data-mathml"
    r"|wirisformula|mathjax|math-tex|filter/tex/|/equation_images/|latex\.codecogs)|\$\$.+?\$\$|\\\(.+?\\\)|\\\[.+?\\\]|\[tex\].+?\[/tex\]",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(r"<(code|pre)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


def require_no_formula(text: str) -> None:
    """Unfit where a text holds a formula: taken without it, the question would ask something else."""
    found = _FORMULA.search(_CODE.sub(" ", text))
    if found:
        raise Unfit(
            f"It holds a formula ({' '.join(found[0].split())[:60]}…), which cannot be shown here. Write it in words or with <sup> and <sub>, or put a"
            " picture of it there."
        )


class Unfit(Exception):
    """One question cannot be taken; the text says why."""


def require_sound(item: Item) -> Item:
    """The item; Unfit names what keeps it from being asked."""
    for accepted in item.accepted:
        require_no_formula(accepted.value)
    wrong = faults(item)
    if wrong:
        raise Unfit(" ".join(wrong))
    return item


def faults(item: Item) -> list[str]:
    """What keeps a question from being asked, in words for its author; empty where it is sound."""
    found: list[str] = []
    if not KEY.match(item.key):
        found.append(f"The key {item.key[:80]!r} may hold small letters, digits and hyphens alone, up to 80.")
    if not item.stem.strip():
        found.append("It asks nothing: its text is empty.")
    if any(len(text) > LONGEST_TEXT for text in item.texts()):
        found.append(f"One of its texts is longer than {LONGEST_TEXT:,} characters.")
    return found + (_faults_of_choices(item) if item.kind in WITH_CHOICES else _faults_of_accepted(item))


def _faults_of_choices(item: Item) -> list[str]:
    found: list[str] = []
    keys = [one.key for one in item.choices]
    if not 2 <= len(keys) <= MOST_CHOICES:
        found.append(f"It needs from 2 to {MOST_CHOICES} choices, and has {len(keys)}.")
    if len(set(keys)) != len(keys) or not all(KEY.match(key) for key in keys):
        found.append("Each of its choices needs a key of its own.")
    texts = Counter(one.text.strip() for one in item.choices)
    if "" in texts:
        found.append("One of its choices is empty.")
    elif texts and max(texts.values()) > 1:
        found.append("Two of its choices read the same.")
    if item.kind == "matching":
        if any(not one.match.strip() for one in item.choices):
            found.append("Each line of a matching question needs its partner.")
        return found
    if not set(item.correct) <= set(keys) or len(set(item.correct)) != len(item.correct):
        return [*found, "The right answer is none of its choices."]
    if item.kind == "ordering":
        return found if len(item.correct) == len(keys) else [*found, "An ordering names all its lines in their right order."]
    if item.kind == "multiple":
        return found if item.correct else [*found, "None of its choices is right."]
    return found if len(item.correct) == 1 else [*found, f"It needs one right choice, and has {len(item.correct)}."]


def _faults_of_accepted(item: Item) -> list[str]:
    if not item.accepted:
        return ["No answer is taken as right."]
    if item.kind == "short":
        return [] if all(one.value.strip(" *") for one in item.accepted) else ["One of the answers that it takes is empty, or takes everything."]
    found: list[str] = []
    for one in item.accepted:
        value, tolerance = decimal(one.value), decimal(one.tolerance)
        if value is None or tolerance is None or tolerance < 0:
            found.append(f"{one.value[:40]!r} with tolerance {one.tolerance[:40]!r} is no number with a tolerance.")
    return found


def decimal(text: str) -> Decimal | None:
    """A plain decimal number; None for what is none (also for infinities and for more than 30 digits)."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and len(text) <= 30 and abs(number.adjusted()) <= 30 else None


def tidy(text: str) -> str:
    """A number in one way of writing (12.50 → 12.5, 1e2 → 100); what is no number stays, for :func:`faults` to name."""
    number = decimal(text.strip())
    return text.strip() if number is None else f"{number.normalize():f}"


def lettered(texts: list[str], keep_order: bool = False) -> dict[str, str]:
    """Keys for texts: a, b, c … by the alphabet of the texts, so that a key never tells which one is right. Gives text → key.

    Unfit where two texts read the same.
    """
    if len(set(texts)) != len(texts):
        raise Unfit("Two of its choices or lines read the same.")
    ordered = list(texts) if keep_order else sorted(texts, key=_natural)
    return {text: _letters(number) for number, text in enumerate(ordered)}


def _natural(text: str) -> tuple[tuple[int, Decimal, str], ...]:
    """2 before 10, and small before large letters' difference."""
    parts = re.findall(r"\d+|\D+", text.casefold())
    return tuple((0, Decimal(part), "") if part.isdecimal() else (1, Decimal(0), part) for part in parts)


def _letters(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"{_letters(number // 26 - 1)}{_letters(number % 26)}"


def by_key(choices: Iterable[Choice]) -> list[Choice]:
    """Choices in the order of their letters: a … z, aa …"""
    return sorted(choices, key=lambda one: (len(one.key), one.key))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"})


def key_from(words: str, taken: set[str], fallback: str) -> str:
    """A key made from a name: small letters, digits, hyphens; with a number where it is taken."""
    letters = unicodedata.normalize("NFKD", words.casefold().translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].strip("-") or fallback
    key, number = plain, 2
    while key in taken:
        key, number = f"{plain}-{number}", number + 1
    return key
