"""The next step that a figure asks for follows from its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.reports.next_steps import choose_step
from analytics.statistics.estimates import Estimate


def share(k: int, n: int) -> Estimate:
    return Estimate(k, n, k / n if n else None, None, None, n)


def transfer(reported: int, confirmed: int, idle: int, of: int = 25) -> str:
    found: dict[str, dict[str, Estimate]] = {
        "transfer_by_grade": {"1": share(reported, of), "2": share(confirmed, of)},
        "no_opportunity": {"": share(idle, of)},
    }

    def read(key: str) -> Mapping[str, Estimate]:
        return found[key]

    return choose_step("transfer_rate", read).text


def test_low_transfer_asks_for_what_helps_most_people() -> None:
    assert transfer(20, 2, 0).startswith("Ask reviewers to confirm: of 20 people")
    assert transfer(3, 2, 2).startswith("Ask about their plans: 20 of 25 people")
    assert transfer(3, 2, 20).startswith("Talk to their managers: 20 of 25 people")


def test_without_numbers_the_fixed_text_stands() -> None:
    assert transfer(1, 0, 0, of=1) == (
        "Low with many reported uses: ask reviewers to confirm. Low with few: look at plans and "
        "opportunity."
    )
    assert choose_step("impact", lambda key: {}).text == ""


def test_adoption_names_the_kind_of_which_most_is_open() -> None:
    found = {"check": share(5, 30), "plan": share(9, 10), "meeting": share(0, 3)}
    step = choose_step("adoption_due", lambda key: found)
    assert step.text == "Ask what keeps people from it: Checks, 5 of 30 done."
    assert (step.kind, step.numbers) == ("open", {"part": "Checks", "k": 5, "n": 30})
