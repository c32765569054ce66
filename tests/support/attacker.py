"""Somebody with a key that may read figures of groups, who keeps every answer and subtracts them from
each other. Knows nothing but what the product answers."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.catalogue import CATALOGUE
from analytics.reports.registry import REPORT_BUILDERS
from analytics.store.published import PublishedValue
from analytics.weekly_series import WEEKLY_SERIES
from tests.support.attacked_world import Access, World
from tests.support.store import body

FEWEST = 5  # people
_MOST_GROUPS = 4  # that are subtracted from a whole at once
_SAME = 1e-9  # relative error of sums of fractions
_OF_MORE = ("retention_worst", "retention_best")  # their people are those who answered
_KINDS = ("wave", "team", "site", "role", "month")
_FORBIDDEN = (
    {"since": "2024-03-01T00:00:00Z"},
    {"until": "2024-03-01T00:00:00Z"},
    {"programme_version": "1"},
    {"experience": "none"},
    {"wave": "W0", "team": "team 0"},
    {"team": "team 0", "month": "2024-03"},
)
Place = tuple[str, str, str, str, str, int]  # programme, scope, its value, metric, part, day
_Numbers = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Answer:
    """What was answered of one place. ``people`` None: nothing was shown."""

    people: int | None
    numbers: _Numbers


@dataclass
class Attacker:
    """``answers``: of each publication; ``corrected``: whether it was the first of a month, in
    which figures may be corrected."""

    access: Access
    chance: random.Random
    questions: int  # over HTTP, after each publication
    answers: list[dict[Place, Answer]] = field(default_factory=list)
    corrected: list[bool] = field(default_factory=list)
    months: set[tuple[int, int]] = field(default_factory=set)

    def ask(self, world: World, now: datetime, released: Sequence[PublishedValue]) -> None:
        """Ask after a publication: all values, as they were released, and some of the surfaces
        that show them, each of which must show the same."""
        answers = {_place(item): _answer(item) for item in released}
        self.corrected.append((now.year, now.month) not in self.months)
        self.months.add((now.year, now.month))
        self.answers.append(answers)
        with world.at(now):
            for path, asked in self._draw_questions(world.programmes, answers):
                self._ask_one(path, asked, answers)

    def _draw_questions(
        self, programmes: Sequence[str], answers: Iterable[Place]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        scopes = [*sorted({place[:3] for place in answers}), (programmes[0], "programme", "")]
        surfaces = [
            *(f"metrics/{metric.key}/values" for metric in CATALOGUE),
            "figures",
            *(f"reports/{key}" for key in REPORT_BUILDERS),
            *(f"weeks/{key}" for key in WEEKLY_SERIES),
            *("alarms", "held-back", "publications", "exports"),
        ]
        for _ in range(self.questions):
            programme, scope, value = self.chance.choice(scopes)
            asked = {"programme": programme} if programme else {}
            if scope != "programme":
                asked[scope] = value
            yield self.chance.choice(surfaces), asked

    def _ask_one(self, path: str, asked: dict[str, str], answers: dict[Place, Answer]) -> None:
        ask = self.access.attacker.get
        kind = path.partition("/")[0]
        if kind in ("held-back", "weeks"):  # of a programme
            if "programme" not in asked:
                return
            asked = {"programme": asked["programme"]}
        if kind in ("alarms", "publications", "exports"):
            asked = {}
        found = body(ask(f"/api/v1/{path}", **asked))
        if kind == "metrics":
            self._compare(path.split("/")[1], found["values"], asked, answers)
            refused = {**asked, **self.chance.choice(_FORBIDDEN)}
            assert ask(f"/api/v1/{path}", **refused).status_code == 403, refused
        if kind == "figures":
            for figure in found["figures"]:
                self._compare(figure["key"], figure["values"], asked, answers)
        if kind == "held-back":
            told = {key for item in found["held_back"] for key in item}
            assert told <= {"wave", "value", "size", "weeks"}, "how many wait is not told"

    def _compare(
        self, metric: str, values: Any, asked: dict[str, str], answers: dict[Place, Answer]
    ) -> None:
        """The same numbers everywhere."""
        programme = asked.get("programme", "")
        ((scope, value),) = [item for item in asked.items() if item[0] in _KINDS] or [
            ("programme", "")
        ]
        for item in values:
            place = (programme, scope, value, metric, item["part"], item["day"])
            known = answers.get(place, Answer(None, (None, None, None)))
            told = (item["numerator"], item["denominator"], item["value"])
            assert (item["learners"], told) == (known.people, known.numbers), f"{place}: {item}"

    def subtract(self) -> None:
        """Subtract each two answers of which one contains the other: at one time, and over
        time."""
        last = self.answers[-1]
        for narrow, wide in _nested(last):
            self._look(f"{wide} − {narrow}", wide, last[wide], last[narrow], False)
        for what, rest in _rests(last):
            assert rest == 0 or rest >= FEWEST, f"{what} leaves {rest} people"
        for number, before in enumerate(self.answers[:-1]):
            may = any(self.corrected[number + 1 :])
            for place, answer in last.items():
                old = before.get(place)
                if old is not None:
                    text = f"{place} after publication {len(self.answers)} − {number + 1}"
                    self._look(text, place, answer, old, may)

    def _look(
        self, text: str, place: Place, wide: Answer, narrow: Answer, may_be_corrected: bool
    ) -> None:
        if wide.people is None or narrow.people is None:
            assert narrow.people is None, f"{text}: {narrow} is shown, {wide} is not"
            return
        rest = wide.people - narrow.people
        assert rest == 0 or rest >= FEWEST, f"{text} = {rest} people: {wide} − {narrow}"
        pairs = list(zip(wide.numbers, narrow.numbers, strict=True))
        more = (wide.numbers[1] or 0) - (narrow.numbers[1] or 0)
        if place[3] in _OF_MORE and more >= FEWEST:  # the checks of people who did not answer
            return
        if rest == 0 and not may_be_corrected:
            assert all(_are_same(*pair) for pair in pairs), f"{text}: {wide} − {narrow}"


def _place(item: PublishedValue) -> Place:
    return (item.programme, item.scope, item.scope_value, item.metric, item.part, item.day)


def _answer(item: PublishedValue) -> Answer:
    numbers = tuple(
        int(one) if one is not None and one == int(one) else one
        for one in (item.numerator, item.denominator)
    )
    return Answer(item.people, (numbers[0], numbers[1], item.value))


def _are_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME * max(1.0, abs(one))


def _whole(place: Place) -> Place | None:
    """The place that contains it: its programme, or all programmes."""
    programme, scope, _, metric, part, day = place
    if scope != "programme":
        return (programme, "programme", "", metric, part, day)
    return ("", "programme", "", metric, part, day) if programme else None


def _nested(answers: Collection[Place]) -> Iterator[tuple[Place, Place]]:
    """Each place with one that contains it, where that is published, too: competencies and
    questions are of no more than a programme."""
    for place in answers:
        whole = _whole(place)
        if whole is not None and whole in answers:
            yield place, whole


def _rests(answers: dict[Place, Answer]) -> Iterator[tuple[str, int]]:
    """How many people are left of a whole without several of its groups of one kind; of all
    programmes, without several of them."""
    groups: dict[tuple[Place, str], list[Place]] = defaultdict(list)
    for place, whole in _nested(answers):
        if answers[place].people is not None:
            groups[whole, place[1]].append(place)
    for (whole, _), places in groups.items():
        for size in range(2, min(len(places), _MOST_GROUPS) + 1):
            for chosen in itertools.combinations(places, size):
                taken = sum(answers[place].people or 0 for place in chosen)
                yield f"{whole} − {chosen}", (answers[whole].people or 0) - taken
