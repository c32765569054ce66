"""Public holidays by site. The days are those of the states' own laws: Bavaria keeps Epiphany
(Bayerisches Feiertagsgesetz, Art. 1), North Rhine-Westphalia does not (Feiertagsgesetz NW, § 2)."""

from __future__ import annotations

from datetime import date

import pytest

from core.errors import BadInput
from lti_tool.programmes import public_holidays, working_time
from lti_tool.programmes.programmes import Calendar, SiteHolidays

EPIPHANY, NEW_YEAR = date(2027, 1, 6), date(2027, 1, 1)
CALENDAR = Calendar(
    "Europe/Berlin",
    public=[SiteHolidays("DE", "BY", "München"), SiteHolidays("DE", "NW")],
)


def works(site: str, day: date) -> bool:
    return working_time.resolve_working_time("", [], CALENDAR, site).works_on(day)


def test_each_site_keeps_its_own_holidays() -> None:
    assert not works("München", EPIPHANY)
    assert not works("  münchen ", EPIPHANY), "as people write it"
    assert works("Köln", EPIPHANY)
    assert works("", EPIPHANY), "of whom no site is known"
    assert not any(works(site, NEW_YEAR) for site in ("München", "Köln", ""))


def test_without_a_line_for_everybody_other_sites_keep_none() -> None:
    only = Calendar(public=[SiteHolidays("DE", "BY", "München")])
    assert working_time.resolve_working_time("", [], only, "Köln").works_on(NEW_YEAR)


@pytest.mark.parametrize("typed", ["BY", "by", "DE-BY", "Bayern", " bayern "])
def test_a_region_is_known_by_its_code_and_by_its_name_there(typed: str) -> None:
    assert public_holidays.resolve_region("DE", typed) == "BY"
    assert public_holidays.resolve_region("DE", "") == ""
    assert public_holidays.region_title("DE", "BY") == "Bayern"


def test_what_is_not_known_is_refused_with_what_there_is() -> None:
    with pytest.raises(BadInput, match=r"no region “Bavaristan”.*Bayern"):
        public_holidays.resolve_region("DE", "Bavaristan")
    with pytest.raises(BadInput, match="no regions"):
        public_holidays.resolve_region("LU", "Nord")
    for unknown in ("XX", "", "__class__", "HolidayBase"):
        with pytest.raises(BadInput, match="Choose a country"):
            public_holidays.resolve_region(unknown, "")


def test_the_next_holidays_are_named_in_the_readers_language() -> None:
    names = [
        public_holidays.next_holidays("DE", "BY", date(2026, 12, 27), tag)[1]
        for tag in ("en", "de", "fr")
    ]
    assert names == [(EPIPHANY, "Epiphany"), (EPIPHANY, "Heilige Drei Könige"), names[0]]


def test_countries_are_sorted_by_their_names_in_the_readers_language() -> None:
    assert ("DE", "Deutschland") in public_holidays.list_countries("de")
    english = public_holidays.list_countries("en")
    assert ("CH", "Switzerland") in english
    assert len(english) > 150
