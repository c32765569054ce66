"""Readings of a business figure from tables as people have them: any columns, several ways to write
days and numbers, each fault by its line.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import kpi
from adapters.csv_tables import FileRefused

GERMAN = (
    "Abteilung;Monat;Wert;Quelle\nDesk 1;2026-01;1.234,5;Mail gateway\nDesk 2;01.02.2026;12 %;\n"
)
OPTIONS = ("team", "month", "by hand")


def read(
    text: str, **columns: str
) -> tuple[list[dict[str, object]], list[int], list[kpi.LineProblem]]:
    sheet = kpi.parse_sheet(text.encode())
    return kpi.parse_readings(sheet, columns or kpi.guess_columns(sheet), *OPTIONS)


def test_columns_are_guessed_by_the_names_people_give_them() -> None:
    guessed = kpi.guess_columns(kpi.parse_sheet(GERMAN.encode()))
    assert guessed == {
        "subject": "Abteilung",
        "period_start": "Monat",
        "period_end": "",
        "value": "Wert",
        "source": "Quelle",
    }


def test_days_and_numbers_as_people_write_them() -> None:
    found, lines, wrong = read(GERMAN)
    assert (lines, wrong) == ([2, 3], [])
    assert found == [
        {
            "subject_kind": "team",
            "subject": "Desk 1",
            "period_start": "2026-01-01",
            "period_end": "2026-01-31",
            "value": 1234.5,
            "source": "Mail gateway",
        },
        {
            "subject_kind": "team",
            "subject": "Desk 2",
            "period_start": "2026-02-01",
            "period_end": "2026-02-28",
            "value": 12.0,
            "source": "by hand",
        },
    ]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (",2026-01,1", "nobody is named"),
        ("a,3/4/2026,1", "is no day"),
        ("a,2026-02-30,1", "is no day"),
        ("a,2026-01,1.234", "could be read in two ways"),
        ("a,2026-01,", "is no number"),
        ("a,2026-01,12 clicks", "is no number"),
        ("a,2026-01,nan", "is no number"),
        ("a,9999-12,1", "lies outside"),
    ],
)
def test_what_is_wrong_is_told_by_its_line_and_nothing_is_guessed(cells: str, told: str) -> None:
    found, _, wrong = read(f'team,month,value\nfine,2026-01,1\n{cells}\n"two\nlines",2026-01,1\n')
    assert [one.line for one in wrong] == [3]
    assert told in str(wrong[0].text)
    assert [row["subject"] for row in found] == ["fine", "two\nlines"]


@pytest.mark.parametrize(
    "text", ["", "a,a\n1,2\n", "team,month,value\n", ",".join(map(str, range(101))) + "\n1\n"]
)
def test_what_is_no_table_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(FileRefused):
        kpi.parse_sheet(text.encode())


def test_a_field_without_a_column_is_asked_for() -> None:
    with pytest.raises(FileRefused, match="Value"):
        read("team,month,value\na,2026-01,1\n", subject="team", period_start="month", value="")


@given(
    st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)), st.sampled_from(kpi.PERIODS)
)
def test_periods_of_one_kind_follow_each_other_without_gap_or_overlap(
    start: date, period: str
) -> None:
    if period in ("month", "quarter", "year"):
        start = start.replace(day=1)
    found, _, _ = kpi.parse_readings(
        kpi.parse_sheet(f"team,from,value\na,{start},1\n".encode()),
        {"subject": "team", "period_start": "from", "value": "value"},
        "team",
        period,
        "",
    )
    end = date.fromisoformat(str(found[0]["period_end"]))
    following = end + timedelta(days=1)
    assert end >= start
    if period in ("month", "quarter", "year"):
        assert following.day == 1
        assert (following.year - start.year) * 12 + following.month - start.month == {
            "month": 1,
            "quarter": 3,
            "year": 12,
        }[period]


def test_three_digits_behind_nothing_are_no_thousands() -> None:
    assert (
        kpi.parse_number("0.125"),
        kpi.parse_number("12.3750"),
        kpi.parse_number("1234.567"),
    ) == (0.125, 12.375, 1234.567)


@given(st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: round(value, 3)))
def test_a_number_written_in_either_way_is_read_as_it_is(value: float) -> None:
    english, german = f"{value:,.3f}", f"{value:,.3f}".translate(str.maketrans(",.", ".,"))
    for text in (f"{value:.4f}", english + "0", german + "0"):
        assert kpi.parse_number(text) == pytest.approx(value)


def test_an_address_is_no_team() -> None:
    found, _, wrong = read("team,month,value\nsomebody@example.org,2026-01,3\nNorth,2026-01,3\n")
    assert [one["subject"] for one in found] == ["North"]
    assert "person's address" in str(wrong[0].text)
