"""Counting: SQLAlchemy Core selects over the flat fact tables. Each gives rows of part, numerator, denominator, learners.

``part`` splits a figure (an interval) or is empty. Keep them portable: no engine's own functions, no division.
"""
