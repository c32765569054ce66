"""Turning statements into fact rows. Pure: no database, no clock.

The unit is the episode, named by ``context.registration``: all its facts are made anew from all its statements, so it makes
no difference in what order they came, how often a job ran, or what was voided since (architecture, decision 5). Statements of
no episode (use of the product, raters' exercises) give rows of their own, each from itself alone.
"""

from lrs.metrics.facts.episode import TABLES, VERIFIED, Facts, facts_of
from lrs.metrics.facts.loose import loose_facts

__all__ = ["TABLES", "VERIFIED", "Facts", "facts_of", "loose_facts"]
