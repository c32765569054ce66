"""Shared infrastructure of every package: settings, unit of work, queue, clock, secrets,
guarded HTTP, embedded servers.

Contains nothing of the domain; code that needs to know what a statement or a learner is belongs
in a higher layer.
"""
