"""Ordinary least squares with the errors that our estimates use: plain, clustered by unit, and
robust against autocorrelation. Equal to statsmodels' (a test compares them)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, nctdtr, stdtrit

Array = NDArray[np.float64]
EFFECT_PRECISION = 1e-12  # in standard deviations


@dataclass(frozen=True)
class LeastSquares:
    """A fit of n values on k columns: ``params`` (k), ``residuals`` (n)."""

    columns: Array
    params: Array
    residuals: Array
    inverse: Array  # of columns' columns, k × k

    def plain_covariance(self) -> Array:
        """Covariance of the parameters for independent errors of one variance."""
        freedom = len(self.residuals) - np.linalg.matrix_rank(self.columns)
        return np.asarray(self.inverse * (self.residuals @ self.residuals / freedom))

    def clustered_covariance(self, groups: NDArray[np.intp]) -> Array:
        """Covariance where errors of one group (0, 1, …) may hang together, with the usual
        correction for few groups (Cameron & Miller 2015, section II.B)."""
        scores = self.columns * self.residuals[:, None]
        n, k = self.columns.shape
        count = int(groups.max()) + 1
        sums = np.zeros((count, k))
        np.add.at(sums, groups, scores)
        correction = count / (count - 1) * (n - 1) / (n - k)
        return np.asarray(self._sandwich(sums.T @ sums) * correction)

    def autocorrelated_covariance(self, lags: int) -> Array:
        """Covariance where errors up to ``lags`` periods apart may hang together (Newey & West
        1987), with the correction n / (n - k)."""
        scores = self.columns * self.residuals[:, None]
        n, k = self.columns.shape
        meat = scores.T @ scores
        for lag in range(1, lags + 1):
            shifted = scores[lag:].T @ scores[:-lag]
            meat += (1 - lag / (lags + 1)) * (shifted + shifted.T)
        return np.asarray(self._sandwich(meat) * (n / (n - k)))

    def _sandwich(self, meat: Array) -> Array:
        return self.inverse @ meat @ self.inverse


def least_squares(values: Array, columns: Array) -> LeastSquares:
    """Fit ``values`` (n) on ``columns`` (n × k); the shortest solution where columns depend on
    each other."""
    # A singular value this small relative to the largest is rounding (as numpy's matrix_rank).
    pseudo = np.linalg.pinv(columns, rcond=max(columns.shape) * np.finfo(np.float64).eps)
    params = pseudo @ values
    return LeastSquares(columns, params, values - columns @ params, pseudo @ pseudo.T)


def joint_p(params: Array, covariance: Array) -> float:
    """p of Wald's test that all of ``params`` are 0. Where the covariance has not their full
    rank (few groups), it is that of as many restrictions as it has."""
    statistic = float(params @ np.linalg.pinv(covariance) @ params)
    return float(chdtrc(np.linalg.matrix_rank(covariance), statistic))


def detectable_difference(first: int, second: int, level: float, power: float) -> float:
    """The smallest difference of two means, in standard deviations, that a two-sided t test of
    groups of these sizes at ``level`` finds with probability ``power`` (Cohen 1988)."""
    freedom, size = first + second - 2, sqrt(first * second / (first + second))
    critical = float(stdtrit(freedom, 1 - level / 2))

    def lacking(effect: float) -> float:
        shift = effect * size
        # nctdtr gives no number where the opposite tail is too small to matter.
        opposite = np.nan_to_num(nctdtr(freedom, shift, -critical), nan=0.0)
        return float(1 - nctdtr(freedom, shift, critical) + opposite) - power

    enough = critical / size  # found with some 50 %
    while lacking(enough) < 0:
        enough *= 2
    return float(brentq(lacking, 0.0, enough, xtol=EFFECT_PRECISION))
