"""The use cases of the record store: plain functions, one transaction each, unit of work first."""
