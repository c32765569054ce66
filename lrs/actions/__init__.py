"""The use cases of the record store: plain functions, one transaction each, taking the unit
of work as first argument.
"""
