"""Turning the statements of one certification episode into fact rows. Pure: no database, no clock.

The unit is the episode, named by ``context.registration``: all its facts are made anew from all its statements, so it makes
no difference in what order they came, how often a job ran, or what was voided since (architecture, decision 5).
"""

from lrs.metrics.facts.episode import Facts, facts_of

__all__ = ["Facts", "facts_of"]
