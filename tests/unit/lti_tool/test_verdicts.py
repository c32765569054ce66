"""What the headline figures say: as certain as their numbers, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from lti_tool.home import verdicts


def value(part: str, k: int, n: int, low: float = 0.0, high: float = 1.0, **more: Any) -> Any:
    return {
        "part": part,
        "part_label": part,
        "unit": "share",
        "numerator": k,
        "denominator": n,
        "value": k / n if n else None,
        "ci_low": low,
        "ci_high": high,
        "learners": n,
        "status": "live",
        **more,
    }


def transfer(*values: Any, step: str = "") -> Any:
    goal = {"part": "", "floor": 0.1, "target": 0.5}
    return {
        "key": "transfer_rate",
        "label": "Transfer",
        "values": values,
        "goals": [goal],
        "next_step": {"text": step, "kind": "", "numbers": {}},
    }


def said(*figures: Any, last_due: str = "") -> str:
    return " ".join(
        str(one) for one in verdicts.summarise(verdicts.judge_figures(figures, last_due))
    )


def plain(sentence: object) -> str:
    return str(sentence).replace("\u00a0", " ")


def test_it_is_too_early_while_nearly_everybody_has_time() -> None:
    figure = transfer(value("", 1, 25), value("matured", 0, 2))
    assert said(figure, last_due="12 March") == (
        "Too early to say: 1 of 25 confirmed. 23 more are due by 12 March."
    )
    assert said(figure) == "Too early to say: 1 of 25 confirmed. 23 more still have time."


def test_those_whose_time_is_over_are_judged_alone() -> None:
    figure = transfer(value("", 3, 25), value("matured", 3, 12, 0.09, 0.53))
    (verdict,) = verdicts.judge_figures([figure])
    assert said(figure) == (
        "3 of 12 people have used it at work, confirmed. 13 more still have time."
    )
    assert plain(verdict.judged) == "Too close to call: likely 9 % to 53 %, target 50 %."


def test_one_person_is_no_verdict() -> None:
    assert said(transfer(value("", 0, 1), value("matured", 0, 1))) == (
        "Too early to say: 1 person so far."
    )


@pytest.mark.parametrize(
    ("low", "high", "status", "sentence"),
    [
        (0.55, 0.8, "reached", "The target of 50 % is reached."),
        (0.01, 0.08, "below", "That is below the minimum of 10 %."),
        (0.3, 0.6, "open", "Too close to call: likely 30 % to 60 %, target 50 %."),
    ],
)
def test_the_whole_likely_range_decides(
    low: float, high: float, status: str, sentence: str
) -> None:
    (verdict,) = verdicts.judge_figures([transfer(value("", 40, 100, low, high, status="shown"))])
    assert (verdict.status, plain(verdict.judged)) == (status, sentence)


def test_nothing_published_says_nothing() -> None:
    hidden = value("", 0, 0, learners=None, status="waiting")
    (verdict,) = verdicts.judge_figures([transfer(hidden)])
    assert (verdict.status, verdict.sentence) == ("nothing", None)


def test_the_next_step_is_that_of_the_figure_furthest_from_its_target() -> None:
    near = transfer(value("", 45, 100, 0.35, 0.55, status="shown"), step="near")
    far = {**transfer(value("", 12, 100, 0.07, 0.2, status="shown"), step="far"), "key": "other"}
    figures = [near, far]
    first = verdicts.first_to_act_on(figures, verdicts.judge_figures(figures))
    assert first is not None and str(verdicts.say_step(first)) == "far"
    reached = [transfer(value("", 90, 100, 0.8, 0.95, status="shown"), step="none")]
    assert verdicts.first_to_act_on(reached, verdicts.judge_figures(reached)) is None


def test_a_step_is_said_with_its_numbers() -> None:
    step = {"kind": "confirm", "numbers": {"k": 2, "n": 20}, "text": "English"}
    assert str(verdicts.say_step({"next_step": step})) == (
        "Ask reviewers to confirm: of 20 people who reported a use, 2 have it confirmed."
    )
    assert verdicts.say_step({}) is None, "another store says none"
