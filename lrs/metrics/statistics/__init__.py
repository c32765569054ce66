"""Dividing and estimating, on the few rows that the definitions count. Pure Python."""
