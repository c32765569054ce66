"""Counting: SQLAlchemy Core selects over the flat fact tables. No division; whatever differs
between database engines is in ``dialects``.

Three shapes of rows, each with ``part`` (the key that splits a figure: an interval, a kind;
empty for the whole):

- shares: numerator, denominator, learners, and the sums of products kk, kn, nn over people,
  which show how strongly the answers of one person are correlated (``shares``);
- times: days, met, people (``times``);
- means: n, total, squares, learners (``means``).
"""

from analytics.definitions.scope import DIMENSIONS, CountQuery, Scope, parse_part

__all__ = ["DIMENSIONS", "CountQuery", "Scope", "parse_part"]
