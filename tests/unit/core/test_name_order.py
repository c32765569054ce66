"""Names stand in the order in which people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.name_order import sort_key


@pytest.mark.parametrize(
    "names",
    [
        # German, DIN 5007-1: it was by the numbers of the letters, Björn before Bärbel.
        ["Anna", "Ärmel", "Bärbel", "Bernd", "Björn", "Maas", "Maaß", "Öz", "Ozan", "Zoe"],
        # French
        ["Eloi", "Émile", "Eric", "Œuvre", "Olga"],
        # Spanish: ñ is a letter of its own, after n.
        ["Munuera", "Muñoz", "Muro"],
        # Of other countries
        ["Dordevic", "Đorđević", "Lukas", "Łukasz", "Øyvind", "Pia"],
        ["anna", "Bernd", "clara"],
        ["Zoe", "Ольга", "山田"],
    ],
)
def test_names_are_sorted_as_people_read_them(names: list[str]) -> None:
    assert sorted(names, key=lambda name: (sort_key(name), name)) == names


@given(st.text())
def test_no_name_is_too_odd(name: str) -> None:
    assert sort_key(name) == sort_key(name.lower())
