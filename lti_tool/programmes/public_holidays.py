"""Public holidays of countries and their regions, from a calendar that others maintain. The only
module that uses ``holidays``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import holidays
from babel import Locale

from core.errors import BadInput
from core.messages import lazy_gettext

_LANGUAGE_OF = {"en": "en_US"}  # as the calendar calls a language; the others are called alike
NEXT_SHOWN = 3
YEARS_AHEAD = 2  # some countries set their holidays a year before


@lru_cache(maxsize=2_000)
def _holidays_of(country: str, region: str, year: int, language: str) -> dict[date, str]:
    calendar = holidays.country_holidays(
        country, subdiv=region or None, years=year, language=language or None
    )
    return dict(calendar.items())


def is_holiday(country: str, region: str, day: date) -> bool:
    """Whether it is a public holiday in a region of a country (ISO 3166)."""
    return day in _holidays_of(country, region, day.year, "")


def next_holidays(country: str, region: str, today: date, tag: str) -> list[tuple[date, str]]:
    """The next few public holidays from today on with their names in a language; in English if the
    calendar has none in it, and in the country's own if it has no English ones."""
    known = _class_of(country).supported_languages
    wanted = (_LANGUAGE_OF.get(tag, tag), _LANGUAGE_OF["en"])
    language = next((one for one in wanted if one in known), "")

    def ahead() -> Iterator[tuple[date, str]]:
        for year in range(today.year, today.year + YEARS_AHEAD):
            found = _holidays_of(country, region, year, language)
            yield from sorted(item for item in found.items() if item[0] >= today)

    return list(ahead())[:NEXT_SHOWN]


def _class_of(country: str) -> type[holidays.HolidayBase]:
    found: type[holidays.HolidayBase] = getattr(holidays, country)
    return found


@lru_cache(maxsize=50)
def list_countries(tag: str) -> list[tuple[str, str]]:
    """(code, name in this language) of every country of the calendar, by name."""
    names = Locale.parse(tag, sep="_").territories
    known = (code for code in holidays.list_supported_countries() if len(code) == 2)
    return sorted(
        ((code, names[code]) for code in known if code in names), key=lambda item: item[1]
    )


def resolve_region(country: str, typed: str) -> str:
    """The code of a region of a country by its code or its name there; empty for all of the
    country. BadInput names those that there are."""
    codes = {code for code, _ in list_countries("en")}
    if country not in codes:
        raise BadInput("Choose a country from the list.", field="calendar")
    wanted = " ".join(typed.split()).casefold().removeprefix(f"{country.casefold()}-")
    if not wanted:
        return ""
    known = _class_of(country)
    by_name = {code.casefold(): code for code in known.subdivisions}
    by_name |= {name.casefold(): code for name, code in known.subdivisions_aliases.items()}
    if wanted not in by_name:
        titles = {code: name for name, code in known.subdivisions_aliases.items()}
        raise BadInput(
            lazy_gettext(
                "The calendar of %(country)s has no region “%(region)s”. It has: %(known)s.",
                country=dict(list_countries("en"))[country],
                region=typed[:80],
                known=", ".join(titles.get(code, code) for code in known.subdivisions)
                or lazy_gettext("no regions"),
            ),
            field="calendar",
        )
    return by_name[wanted]


def region_title(country: str, region: str) -> str:
    """How a region is called in its country."""
    names = {code: name for name, code in _class_of(country).subdivisions_aliases.items()}
    return str(names.get(region, region))
