"""From statements to figures: ``facts`` (rows), ``definitions`` (counts in SQL), ``statistics``
(division and estimates in Python), ``catalogue`` (what each metric means)."""
