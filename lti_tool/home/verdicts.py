"""What the headline figures say, in sentences made from their numbers: as certain as the numbers
are, and no more. The figures are those of the record store (``lrs_client.fetch_figures``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages import Message, lazy_gettext, lazy_ngettext
from lrs.vocabulary import MIN_GROUP_SIZE

# How a verdict ends: at the target, under the minimum, in between or uncertain, of too few people,
# without a value.
REACHED, BELOW, OPEN, EARLY, NOTHING = "reached", "below", "open", "early", "nothing"
# What to act on first: the order in which a next step is looked for.
_URGENCY = (BELOW, OPEN)
_MOST_FIGURES = 2  # figures at the top of the page: more are not read in ten seconds
TRANSFER, _RETENTION = "transfer_rate", "retention_observed"
_MATURED = "matured"  # the part of transfer of those whose time is over

_RETENTION_TEXTS = {
    "1d": lazy_gettext("After a day, %(value)s of the answers are right."),
    "1w": lazy_gettext("After a week, %(value)s of the answers are right."),
    "1m": lazy_gettext("After a month, %(value)s of the answers are right."),
    "3m": lazy_gettext("After 3 months, %(value)s of the answers are right."),
    "6m": lazy_gettext("After 6 months, %(value)s of the answers are right."),
}


@dataclass(frozen=True)
class Verdict:
    """What a figure says. ``sentence``: it with its numbers, empty where there is no value;
    ``judged``: how that stands to the target, empty where there is none; ``pending``: who still has
    time. ``score``: 0 at the minimum, 1 at the target."""

    key: str
    label: str
    status: str
    sentence: Message | None = None
    judged: Message | None = None
    pending: Message | None = None
    score: float = 0.0


def judge_figures(figures: Sequence[Mapping[str, Any]], last_due: str = "") -> list[Verdict]:
    """A verdict of each figure. ``last_due``: the day on which the time of those ends who still
    have some to use it, in words; empty where that may not be said or nobody has."""
    return [_judge(figure, last_due) for figure in figures]


def summarise(verdicts: Sequence[Verdict]) -> list[Message]:
    """The sentences at the top of the page: use at work first, then what is remembered; where
    neither has a value, what has one."""
    sentences = {
        verdict.key: [part for part in (verdict.sentence, verdict.pending) if part]
        for verdict in verdicts
        if verdict.sentence
    }
    first = [key for key in (TRANSFER, _RETENTION) if key in sentences]
    return [part for key in (first or list(sentences))[:_MOST_FIGURES] for part in sentences[key]]


def first_to_act_on(
    figures: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]
) -> Mapping[str, Any] | None:
    """The figure whose next step comes first; None where no figure asks for one."""
    urgent = [
        (_URGENCY.index(verdict.status), verdict.score, number)
        for number, verdict in enumerate(verdicts)
        if verdict.status in _URGENCY and say_step(figures[number])
    ]
    return figures[min(urgent)[-1]] if urgent else None


def _judge(figure: Mapping[str, Any], last_due: str) -> Verdict:
    key, label = str(figure["key"]), str(figure["label"])
    goals: Sequence[Mapping[str, Any]] = figure.get("goals") or ()
    goal = goals[0] if goals else None
    value = _judged_value(figure, goal)
    if value is None:
        return Verdict(key, label, NOTHING)
    waiting = _count_pending(figure["values"]) if key == TRANSFER else 0
    pending = _describe_pending(waiting, last_due)
    early = _too_early(key, value, waiting)
    if early:
        return Verdict(key, label, EARLY, early, pending=pending)
    if goal is None or value["unit"] != "share":
        return Verdict(key, label, OPEN, _sentence(key, value), pending=pending)
    status, judged = _held_against(goal, value)
    floor, target = float(goal["floor"]), float(goal["target"])
    score = (value["value"] - floor) / (target - floor)
    return Verdict(key, label, status, _sentence(key, value), judged, pending, score)


def _judged_value(
    figure: Mapping[str, Any], goal: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The value of the goal's part, or the last part that has one; of transfer that of those whose
    time is over, where they are enough."""
    valued: dict[str, Mapping[str, Any]] = {
        value["part"]: value for value in figure["values"] if value.get("value") is not None
    }
    matured = valued.get(_MATURED)
    if figure["key"] == TRANSFER and matured and matured["learners"] >= MIN_GROUP_SIZE:
        return matured
    if goal is not None and goal["part"] in valued:
        return valued[goal["part"]]
    parts = list(valued.values())
    if not parts:
        return None
    return parts[-1] if figure["key"] == _RETENTION else parts[0]


def _too_early(key: str, value: Mapping[str, Any], waiting: int) -> Message | None:
    """Why nothing can be said yet: too few people, or most of them still have time."""
    if key == TRANSFER and waiting and value["part"] != _MATURED:
        return lazy_gettext(
            "Too early to say: %(k)s of %(n)s confirmed.",
            k=value["numerator"],
            n=value["denominator"],
        )
    if value["learners"] < MIN_GROUP_SIZE:
        return lazy_ngettext(
            "Too early to say: %(num)s person so far.",
            "Too early to say: %(num)s people so far.",
            value["learners"],
        )
    return None


def _count_pending(values: Sequence[Mapping[str, Any]]) -> int:
    """How many people still have time to use it: of live values alone, published ones are of people
    whose time is over."""
    people = {
        item["part"]: int(item.get("denominator") or 0)
        for item in values
        if item.get("status") == "live"
    }
    return people.get("", 0) - people.get(_MATURED, 0)


def _describe_pending(waiting: int, last_due: str) -> Message | None:
    """Who still has time, and until when."""
    if waiting <= 0:
        return None
    if last_due:
        return lazy_ngettext(
            "%(num)s more is due by %(day)s.",
            "%(num)s more are due by %(day)s.",
            waiting,
            day=last_due,
        )
    return lazy_ngettext("%(num)s more still has time.", "%(num)s more still have time.", waiting)


def _sentence(key: str, value: Mapping[str, Any]) -> Message:
    """The value in words."""
    counts = {"n": value["denominator"]}
    if key == TRANSFER:
        return lazy_ngettext(
            "%(num)s of %(n)s people has used it at work, confirmed.",
            "%(num)s of %(n)s people have used it at work, confirmed.",
            value["numerator"],
            **counts,
        )
    if key == _RETENTION and value["part"] in _RETENTION_TEXTS:
        text = _RETENTION_TEXTS[value["part"]]
        return Message(text.text, {"value": say_share(value["value"])})
    if key == "adoption_due":
        return lazy_ngettext(
            "%(num)s of %(n)s steps that came due is done.",
            "%(num)s of %(n)s steps that came due are done.",
            value["numerator"],
            **counts,
        )
    return lazy_ngettext(
        "%(num)s of %(n)s people still does it after 90 days.",
        "%(num)s of %(n)s people still do it after 90 days.",
        value["numerator"],
        **counts,
    )


def _held_against(goal: Mapping[str, Any], value: Mapping[str, Any]) -> tuple[str, Message]:
    """(status, sentence): the whole likely range at the target, short of the minimum, or
    neither."""
    low, high = value["ci_low"], value["ci_high"]
    low = value["value"] if low is None else low
    high = value["value"] if high is None else high
    target, floor = float(goal["target"]), float(goal["floor"])
    if low >= target:
        return REACHED, lazy_gettext(
            "The target of %(target)s is reached.", target=say_share(target)
        )
    if high < floor:
        return BELOW, lazy_gettext(
            "That is below the minimum of %(floor)s.", floor=say_share(floor)
        )
    return OPEN, lazy_gettext(
        "Too close to call: likely %(low)s to %(high)s, target %(target)s.",
        low=say_share(low),
        high=say_share(high),
        target=say_share(target),
    )


def say_share(value: float) -> str:
    """A share as it stands on the page."""
    return f"{value * 100:.0f}\u00a0%"  # a no-break space: a line never begins with the sign


# Kind of a next step (analytics.reports.next_steps) -> its sentence.
_STEP_TEXTS: Mapping[str, Message] = {
    "confirm": lazy_gettext(
        "Ask reviewers to confirm: of %(n)s people who reported a use, %(k)s have it confirmed."
    ),
    "plans": lazy_gettext(
        "Ask about their plans: %(k)s of %(n)s people reported no use, and did not say that they "
        "had no opportunity."
    ),
    "managers": lazy_gettext(
        "Talk to their managers: %(k)s of %(n)s people had nothing to use it on."
    ),
    "fall": lazy_gettext(
        "Repeat it in between: right answers fall from %(was)s (%(before)s) to %(now)s (%(after)s)."
    ),
    "open": lazy_gettext("Ask what keeps people from it: %(part)s, %(k)s of %(n)s done."),
    "look": lazy_gettext(
        "Look at the work again: %(k)s of %(n)s people were not looked at after 90 days."
    ),
    "reinforce": lazy_gettext(
        "Plan reinforcement: %(k)s of %(n)s people looked at did not do it any more."
    ),
}


def say_step(figure: Mapping[str, Any]) -> Message | None:
    """The next step of a figure as a sentence; None if it has none."""
    step = figure.get("next_step") or {}
    kind, numbers = str(step.get("kind", "")), step.get("numbers") or {}
    if kind in _STEP_TEXTS:
        # The name of an activity is a text of the catalogue, too.
        values = {
            name: Message(value) if isinstance(value, str) else value
            for name, value in numbers.items()
        }
        return Message(_STEP_TEXTS[kind].text, values)
    return Message(str(step["text"])) if step.get("text") else None
