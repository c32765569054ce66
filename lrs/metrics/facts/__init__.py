"""Derive fact rows from statements. Pure: no database, no clock.

The unit is the episode, named by ``context.registration``. All its facts are recomputed from
all its statements, so neither the order of arrival, nor the number of job runs, nor a later
voiding makes a difference. Statements without an episode (use of the product, raters'
exercises) give rows of their own, each from that statement alone.
"""

from lrs.metrics.facts.episode import TABLES, VERIFIED, Facts, facts_of
from lrs.metrics.facts.loose import loose_facts

__all__ = ["TABLES", "VERIFIED", "Facts", "facts_of", "loose_facts"]
