"""Our least squares, power of a t test and seasonal component against statsmodels'."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.power import TTestIndPower
from statsmodels.tsa.seasonal import STL

from analytics.statistics.regression import (
    Array,
    detectable_difference,
    joint_p,
    least_squares,
)
from analytics.statistics.seasons import MIN_SEASONS, SEASON_WEEKS, seasonal_component

FULL = 1e-11  # relative: what two orders of the same sums leave of 16 digits


@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ValueWarning")
@pytest.mark.parametrize(
    ("size", "columns", "groups", "scale"),
    list(product((8, 12, 400), (2, 4), (3, 8), (1e-9, 1.0, 1e9))),
)
def test_least_squares(size: int, columns: int, groups: int, scale: float) -> None:
    random = np.random.default_rng(size * columns * groups)
    x = np.column_stack([np.ones(size), random.normal(size=(size, columns - 1))])
    y, group = scale * random.normal(size=size) + 3, np.arange(size) % groups
    fit, reference = least_squares(y, x), OLS(y, x)
    plain = reference.fit()
    np.testing.assert_allclose(fit.params, plain.params, rtol=FULL)
    np.testing.assert_allclose(fit.plain_covariance(), plain.cov_params(), rtol=FULL)
    for lags in (1, 2, 4):
        robust = reference.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
        expected = robust.cov_params()
        _same(fit.autocorrelated_covariance(lags), expected)
    clustered = reference.fit(cov_type="cluster", cov_kwds={"groups": group})
    ours = fit.clustered_covariance(group)
    _same(ours, clustered.cov_params())
    test = clustered.wald_test(np.eye(columns)[1:], use_f=False, scalar=True)
    assert joint_p(fit.params[1:], ours[1:, 1:]) == pytest.approx(
        float(np.squeeze(test.pvalue)), rel=1e-8, abs=1e-12
    )


def _same(ours: Array, expected: Array) -> None:
    np.testing.assert_allclose(ours, expected, rtol=0, atol=FULL * float(np.abs(expected).max()))


def test_columns_that_depend_on_each_other() -> None:
    random = np.random.default_rng(5)
    one = random.normal(size=30)
    x, y = np.column_stack([np.ones(30), one, 2 * one]), random.normal(size=30)
    fit = least_squares(y, x)
    shortest = np.linalg.lstsq(x, y)[0]
    np.testing.assert_allclose(fit.params, shortest, rtol=1e-9)
    two = OLS(y, x[:, :2]).fit()
    np.testing.assert_allclose(fit.residuals, two.resid, atol=1e-12)
    np.testing.assert_allclose(fit.plain_covariance()[0, 0], two.cov_params()[0, 0], rtol=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "level", "power"),
    list(product((2, 3, 15, 500), (2, 4, 30, 2_000), (0.05, 0.1), (0.5, 0.8, 0.99))),
)
def test_the_detectable_difference_has_its_power(
    first: int, second: int, level: float, power: float
) -> None:
    """The reference stops searching a millionth too early, so its power at our value is judged."""
    found = detectable_difference(first, second, level, power)
    reached = TTestIndPower().power(found, first, level, ratio=second / first)
    assert reached == pytest.approx(power, rel=1e-9)


@pytest.mark.parametrize("length", [156, 157, 208, 260])
@pytest.mark.parametrize("kind", ["noise", "season", "counts", "outliers", "constant", "rare"])
def test_the_seasonal_component(length: int, kind: str) -> None:
    random, week = np.random.default_rng(length), np.arange(length)
    series = {
        "noise": random.normal(size=length),
        "season": np.sin(week / SEASON_WEEKS * 2 * np.pi) + random.normal(0, 0.1, length),
        "counts": random.poisson(3, length).astype(float),
        "outliers": random.normal(size=length) * np.where(random.random(length) < 0.05, 1e6, 1.0),
        "constant": np.full(length, 3.5),
        "rare": random.choice([0.0, 1.0], length, p=[0.9, 0.1]),
    }[kind]
    scale = max(1.0, float(np.abs(series).max()))

    def reference(values: Array) -> Array:
        return np.asarray(STL(values, period=SEASON_WEEKS, robust=True).fit().seasonal)

    expected = reference(series)
    # Where the weights leave two values for a calendar week, both are met exactly and the weights
    # of what rounding leaves are chance, in the reference, too: changes in the last digit move its
    # answer, and ours lies within ten times that.
    last_digit = np.finfo(float).eps * random.choice([-1, 1], (8, length))
    moved = max(float(np.abs(reference(series * (1 + one)) - expected).max()) for one in last_digit)
    np.testing.assert_allclose(
        seasonal_component(list(series)), expected, rtol=0, atol=max(1e-12 * scale, 10 * moved)
    )


def test_a_series_of_less_than_three_years_has_no_season() -> None:
    values = [float(n % 7) for n in range(MIN_SEASONS * SEASON_WEEKS - 1)]
    assert seasonal_component(values) == [0.0] * len(values)
