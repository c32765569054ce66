"""Counting: SQLAlchemy Core selects over the flat fact tables. No division; what an engine says in its own way is in ``engines``.

Three shapes of rows, each with ``part`` (what splits a figure: an interval, a kind; empty for all of it):

- shares: numerator, denominator, learners, and the sums of products kk, kn, nn over people, by which answers of one person that hang
  together are seen (``shares``);
- times: days, met, people (``times``);
- means: n, total, squares, learners (``means``).
"""

from lrs.metrics.definitions.scope import DIMENSIONS, Counting, Scope, split_part

__all__ = ["DIMENSIONS", "Counting", "Scope", "split_part"]
