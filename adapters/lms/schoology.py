"""Schoology: its differences from the standard, from its documents (docs/lms/schoology.md); never
tried."""

from __future__ import annotations

from adapters.lms.standard import StandardDialect


class SchoologyDialect(StandardDialect):
    """Schoology (PowerSchool)."""

    family = "schoology"
    label = "Schoology"
    issuer_host = ".schoology.com"  # of all schools; it names no product
    client_of_all_schools = True
