"""Derive fact rows from statements. Pure: no database, no clock.

The unit is the episode, named by ``context.registration``. All its facts are recomputed from
all its statements, so neither the order of arrival, nor the number of job runs, nor a later
voiding makes a difference. Statements without an episode (use of the product, raters'
exercises) give rows of their own, each from that statement alone.
"""

from analytics.facts.episode import VERIFIED_GRADE, derive_facts
from analytics.facts.unanchored import standalone_facts

__all__ = ["VERIFIED_GRADE", "derive_facts", "standalone_facts"]
