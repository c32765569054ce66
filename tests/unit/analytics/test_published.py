"""Every statistic against a worked example that somebody published. Each test names the source."""

from __future__ import annotations

from types import SimpleNamespace

import krippendorff
import moderndid
import numpy as np
import pytest
from lifelines.datasets import load_leukemia
from statsmodels.stats.proportion import proportion_confint

from analytics.statistics import (
    agreement,
    charts,
    estimates,
    impact,
    memory,
    monte_carlo_roi,
    survival,
)
from analytics.statistics.proportions import (
    clustered_wilson_interval,
    design_effect,
    wilson_interval,
)


def test_wilson_bounds_behave_as_brown_cai_and_dasgupta_show() -> None:
    # Brown, Cai & DasGupta 2001, Statistical Science 16:101: of 0 in n the upper bound is z²/(n +
    # z²) (section 3.1.1's formula at p = 0), and of n = 100 the interval covers p = 0.106 far
    # better than Wald's does; the bounds are those of every other implementation, too.
    z2 = 1.959963984540054**2
    for n in (5, 10, 50):
        assert wilson_interval(0, n) == pytest.approx((0, z2 / (n + z2)))
    for k, n in ((1, 10), (7, 25), (42, 50)):
        assert wilson_interval(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"))
    from scipy.stats import binom

    covered = sum(
        binom.pmf(k, 100, 0.106)
        for k in range(101)
        if wilson_interval(k, 100)[0] <= 0.106 <= wilson_interval(k, 100)[1]
    )
    assert covered == pytest.approx(0.95, abs=0.015), (
        "their figure 5: close to the nominal level where Wald's is at 0.91"
    )


def test_card_and_krueger() -> None:
    # Card & Krueger 1994, AER 84:772, table 3, rows 1 to 3: FTE per store, Pennsylvania 23.33 ->
    # 21.17, New Jersey 20.44 -> 21.03.
    readings = [
        impact.Reading(
            f"{arm}{store}", period, mean + spread * (1 + period), 1 if arm == "nj" else None
        )
        for arm, means in (("nj", (20.44, 21.03)), ("pa", (23.33, 21.17)))
        for store, spread in enumerate((-1.5, 0.0, 1.5))
        for period, mean in enumerate(means)
    ]
    found = impact.difference_in_differences(readings)
    assert found is not None
    assert found.value == pytest.approx(2.75, abs=1e-9), "from the published rounded means"
    assert found.value == pytest.approx(2.76, abs=0.0101), "as published"
    assert found.grade == "C", "two periods cannot show that both moved alike before"


# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve
# units, None for what was not seen.
OBSERVED: list[list[float | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.mark.parametrize(
    ("scale", "alpha"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_krippendorffs_own_example(scale: agreement.Scale, alpha: float) -> None:
    assert agreement.krippendorff_alpha(OBSERVED, scale) == pytest.approx(alpha, abs=0.0005)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", range(20))
def test_alpha_is_what_the_authors_of_the_reference_package_compute(
    scale: agreement.Scale, seed: int
) -> None:
    random = np.random.default_rng(seed)
    data = random.integers(
        1, 6, size=(int(random.integers(2, 6)), int(random.integers(3, 30)))
    ).astype(float)
    data[random.random(data.shape) < 0.3] = np.nan
    matrix = [[None if np.isnan(value) else float(value) for value in row] for row in data]
    ours = agreement.krippendorff_alpha(matrix, scale)
    assert ours is not None
    assert ours == pytest.approx(
        float(krippendorff.alpha(reliability_data=data, level_of_measurement=scale)), abs=1e-12
    )


def test_agreement_leaves_out_units_that_one_rater_alone_saw() -> None:
    ratings = [
        (f"u{unit}", rater, value)
        for rater, row in enumerate(OBSERVED)
        for unit, value in enumerate(row)
        if value is not None
    ]
    found = agreement.measure_agreement(ratings)
    assert found.alpha == pytest.approx(0.815, abs=0.0005)
    assert (found.units, found.raters) == (11, 4), "the twelfth unit has one observer"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.815 < found.high


def test_wheelers_example_of_individual_values() -> None:
    # Wheeler, Understanding Variation (1993): in-process inventory, hundreds of pounds, 31 months.
    # Average 20.39, average moving range 4.7.
    months = (
        "19 27 20 16 18 25 22 24 17 25 15 17 20 22 19 16 22 19 25 22 18 20 16 17 20 15 27 25 17 "
        "19 28"
    )
    found = charts.xmr_limits([float(one) for one in months.split()])
    assert found.centre == pytest.approx(20.39, abs=0.005)
    assert found.moving_range == pytest.approx(4.7, abs=0.05)
    assert found.high == pytest.approx(32.89, abs=0.1)
    assert found.low == pytest.approx(7.89, abs=0.1)
    assert found.upper_range == pytest.approx(15.36, abs=0.1)
    values = [float(one) for one in months.split()]
    assert [
        s.rule
        for s in charts.detect_signals(
            values, found.centre, [(found.low, found.high)] * len(values)
        )
        if s.rule == "beyond a limit"
    ] == []


def test_individual_values_of_the_engineering_statistics_handbook() -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rates; centre 50.81, limits
    # 45.8159 and 55.8041 (3/1.128, not 2.66).
    found = charts.xmr_limits([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    assert found.centre == pytest.approx(50.81)
    assert found.moving_range == pytest.approx(1.8778, abs=0.00005)
    assert (found.low, found.high) == pytest.approx((45.8159, 55.8041), abs=0.01)


def test_a_p_chart_widens_only_where_points_vary_more_than_chance() -> None:
    centre, limits, over = charts.p_chart([(10, 100), (12, 100), (9, 100), (11, 100), (0, 0)])
    assert centre == pytest.approx(42 / 400)
    assert over == 1.0
    assert limits[0][1] == pytest.approx(0.105 + 3 * (0.105 * 0.895 / 100) ** 0.5)
    assert limits[-1] == (centre - 1, centre + 1), "of nothing, everything is ordinary"
    assert charts.p_chart([(10, 1000), (300, 1000), (10, 1000), (310, 1000)])[2] > 5


def test_the_leukaemia_remissions() -> None:
    # Freireich et al. 1963, Blood 21:699; estimates as in Kalbfleisch & Prentice and Cox & Oakes;
    # the data come with lifelines.
    data = load_leukemia()
    drug = [(float(row.t), bool(row.status), 1) for row in data[data.Rx == 0].itertuples()]
    placebo = [(float(row.t), bool(row.status), 1) for row in data[data.Rx == 1].itertuples()]
    steps = survival.kaplan_meier(drug)
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {int(s.at): round(s.share, 3) for s in steps} == published
    assert [s.at_risk for s in steps] == [21, 17, 15, 12, 11, 7, 6]
    assert survival.survival_quantile(steps)[0] == 23
    assert survival.survival_quantile(survival.kaplan_meier(placebo))[0] == 8
    assert (steps[0].low, steps[0].high) == pytest.approx((0.6197, 0.9516), abs=0.0005), (
        "log(-log) interval, as R's survfit and lifelines give it"
    )
    assert survival.survival_at(steps, 5.9) == 1.0


def test_group_time_effects_of_the_minimum_wage_example() -> None:
    # Callaway & Sant'Anna 2021, Journal of Econometrics 225:200, and the R package did: mpdta
    # without covariates.
    data = moderndid.load_mpdta()
    readings = [
        impact.Reading(str(county), int(year), float(employed), int(start) or None)
        for year, county, employed, start in data.select(
            "year", "countyreal", "lemp", "first.treat"
        ).iter_rows()
    ]
    found = impact.group_time_effects(readings)
    assert found is not None
    assert found.value == pytest.approx(-0.0310, abs=0.00005), "overall effect by group"
    dynamic = {e: value for e, value, _, _ in found.by_time}
    published = {
        0: -0.0199,
        1: -0.0510,
        2: -0.1373,
        3: -0.1008,
        -1: -0.0245,
        -2: -0.0006,
        -3: 0.0305,
    }
    for e, value in published.items():
        assert dynamic[e] == pytest.approx(value, abs=0.00006)
    assert found.controls == 309


def test_a_roi_of_phillips() -> None:
    # Phillips 1997, Handbook of Training Evaluation: a literacy programme at a maker of
    # electronics; benefits 321,600, costs 38,233 dollars.
    found = monte_carlo_roi.compute_roi(321_600, 38_233)
    assert found.benefit_cost_ratio == pytest.approx(8.4, abs=0.02)
    assert found.roi == pytest.approx(7.41, abs=0.005), "741 %"
    assert found.payback_months == pytest.approx(1.43, abs=0.005)
    with pytest.raises(ValueError, match="without costs"):
        monte_carlo_roi.compute_roi(1, 0)


def test_reference_vectors_of_fsrs() -> None:
    # py-fsrs, its own test of the default scheduler; and R(S, S) = 0.9 by definition of stability.
    from datetime import UTC, datetime

    from fsrs import Card, Rating, Scheduler

    scheduler, card, at = (
        Scheduler(enable_fuzzing=False),
        Card(),
        datetime(2022, 11, 29, 12, 30, tzinfo=UTC),
    )
    gaps = []
    for rating in [Rating.Good] * 6 + [Rating.Again] * 2 + [Rating.Good] * 5:
        card, _ = scheduler.review_card(card, rating, at)
        assert card.last_review is not None
        gaps.append((card.due - card.last_review).days)
        at = card.due
    assert gaps == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]
    assert memory.retrievability(12.5, 12.5) == pytest.approx(0.9)
    assert memory.retrievability(0, 3) == 1.0


def test_answers_of_one_person_that_hang_together_widen_the_interval() -> None:
    # Kish 1965: with m answers of one person that are all alike, deff = m; with independent ones it
    # is about 1.
    alike = [(5, 5)] * 12 + [(0, 5)] * 8
    k, n = sum(a for a, _ in alike), 100
    sums = (
        sum(a * a for a, _ in alike),
        sum(a * b for a, b in alike),
        sum(b * b for _, b in alike),
    )
    assert design_effect(k, n, *sums, 20) == pytest.approx(5 * (20 / 19) / (100 / 99))
    assert design_effect(70, 100, 70, 70, 100, 100) == pytest.approx(1), (
        "one trial each: nothing hangs together"
    )
    low, high = clustered_wilson_interval(k, n, *sums, 20)
    assert low < wilson_interval(60, 100)[0]
    assert high > wilson_interval(60, 100)[1]
    assert clustered_wilson_interval(100, 100, 500, 500, 500, 20) == wilson_interval(20, 20), (
        "all right: the people count, not their answers"
    )


def test_a_mean_of_values_that_are_all_alike_tells_no_interval() -> None:
    def row(values: list[float]) -> SimpleNamespace:
        return SimpleNamespace(
            part="",
            n=len(values),
            total=sum(values),
            squares=sum(v * v for v in values),
            learners=len(values),
        )

    alike, apart = (
        estimates.estimate_means([row([0.0] * 26)])[""],
        estimates.estimate_means([row([0.0, 1.0] * 13)])[""],
    )
    assert (alike.value, alike.low, alike.high) == (0.0, None, None)
    assert apart.low == pytest.approx(0.5 - 1.96 * (0.25 * 26 / 25 / 26) ** 0.5, abs=1e-4)
