"""Rules of the statistics that no published example covers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, false_discovery_control

from analytics.statistics import charts, domains, false_discovery


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.sampled_from([0.05, 0.1, 0.2]))
def test_what_stands_is_what_benjamini_and_hochbergs_adjusted_p_lets_stand(
    p: list[float], rate: float
) -> None:
    named = {str(i): value for i, value in enumerate(p)}
    adjusted = false_discovery_control(p, method="bh")
    clear = {
        str(i) for i, q in enumerate(adjusted) if abs(q - rate) > 1e-9
    }  # on the line, either way of dividing may round
    assert (
        false_discovery.benjamini_hochberg(named, rate) & clear
        == {str(i) for i, q in enumerate(adjusted) if q <= rate} & clear
    )


def test_what_was_tested_without_a_signal_counts_among_the_tests() -> None:
    assert false_discovery.benjamini_hochberg({"a": 0.04}, 0.1) == {"a"}
    assert false_discovery.benjamini_hochberg({"a": 0.04, "b": None, "c": None}, 0.1) == set()


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8))
def test_a_domain_is_told_by_its_posterior(counts: list[tuple[int, int]]) -> None:
    asked = [(str(i), min(k, n), n) for i, (k, n) in enumerate(counts) if n]
    a, b = domains.fit_prior([(k, n) for _, k, n in asked]) if asked else domains.FLAT_PRIOR
    for one in domains.estimate_domains(asked):
        posterior = beta(a + one.right, b + one.asked - one.right)
        assert abs(one.p - posterior.sf(domains.MASTERY_TARGET)) < 1e-9
        assert (
            abs(one.low - posterior.ppf(0.025)) < 1e-9
            and abs(one.high - posterior.ppf(0.975)) < 1e-9
        )


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0, 1))
def test_a_run_at_the_end_lies_on_one_side_and_ends_where_the_side_changes(
    values: list[float], centre: float
) -> None:
    run = charts.trailing_run_length(values, centre)
    last = values[len(values) - run :]
    assert all(value > centre for value in last) or all(value < centre for value in last)
    if run < len(values) and run:
        assert (values[-run - 1] > centre) != (last[0] > centre) or values[-run - 1] == centre


def test_a_jump_within_the_baseline_does_not_widen_its_limits() -> None:
    steady = [10.0, 11.0] * 6
    limits, robust = charts.baseline_limits(steady)
    assert (robust, round(limits.high - limits.low, 2)) == (False, 5.32)
    limits, robust = charts.baseline_limits([*steady[:-1], 900.0])
    assert robust and limits.high < 20, "by the median: 900 stands out"
