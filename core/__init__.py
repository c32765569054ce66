"""What every house stands on: settings, unit of work, queue, clock, secrets, guarded HTTP, embedded servers.

Holds no word of the domain; if a line here needs to know what a statement or a learner is, it belongs higher up.
"""
