"""The organisation's lists: each line checked by itself, in the ways in which people write tables."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import people_csv
from adapters.csv_tables import FileRefused

HEAD = "id,name,email,manager,mentor,team,site,role,experience,start_date,time_zone,language,working_days,comparison\n"


def test_a_whole_line() -> None:
    text = (
        HEAD + "E1,Learner one,one@example.org,E9,E8,North,Berlin,clerk,2 "
        "years,2026-03-01,Europe/Berlin,de,Mon-Thu,yes\n"
    )
    found, faults = people_csv.read_people(text.encode())
    assert not faults
    one = found[0]
    assert (one.id, one.email, one.manager, one.team, one.started_on) == (
        "E1",
        "one@example.org",
        "E9",
        "North",
        date(2026, 3, 1),
    )
    assert (one.time_zone, one.language, one.working_days, one.comparison) == (
        "Europe/Berlin",
        "de",
        (1, 2, 3, 4),
        True,
    )


@pytest.mark.parametrize(
    "head", ["id;name\nE1;One\n", "\ufeffid\tname\r\nE1\tOne\r\n", "ID, Name\nE1,One\n"]
)
def test_any_spreadsheet_s_way_of_writing(head: str) -> None:
    found, faults = people_csv.read_people(head.encode())
    assert [(one.id, one.name) for one in found] == [("E1", "One")] and not faults


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("Mon-Fri", (1, 2, 3, 4, 5)),
        ("Sun-Thu", (1, 2, 3, 4, 7)),
        ("Mon Tue Thu", (1, 2, 4)),
        ("1,2,3", (1, 2, 3)),
        ("Sat–Wed", (1, 2, 3, 6, 7)),
        ("", ()),
    ],
)
def test_working_days(written: str, days: tuple[int, ...]) -> None:
    found, faults = people_csv.read_people(f'id,working_days\nE1,"{written}"\n'.encode())
    assert found[0].working_days == days and not faults


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",,,", "names nobody"),
        ("E1,not an address,,", "no address"),
        ("E1,,2026-13-01,", "no day"),
        ("E1,,,Berlin", "no time zone"),
        ("x" * 201 + ",,,", "more than 200"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_where(line: str, words: str) -> None:
    found, faults = people_csv.read_people(
        f"id,email,start_date,time_zone\nE0,,,\n{line}\n".encode()
    )
    assert len(found) == 1 or line == ",,,"
    if line != ",,,":
        assert faults[0].line == 3 and words in str(faults[0].text)


def test_who_stands_twice_is_told_with_both_lines() -> None:
    _, faults = people_csv.read_people(
        b"id,email\nE1,a@example.org\nE2,A@example.org\nE1,b@example.org\n"
    )
    assert [(one.line, str(one.text)) for one in faults] == [
        (3, "The email 'a@example.org' stands in line 2 as well."),
        (4, "The id 'E1' stands in line 2 as well."),
    ]


def test_certifications_with_scores_by_competency() -> None:
    text = (
        "id,certified_on,wave,score,score:first-hour\nE1,2026-10-01,autumn,85 "
        "%,0.7\nE2,2026-10-01,,,120%\nE3,,,,\n"
    )
    found, faults = people_csv.read_certifications(text.encode(), {"first-hour": "first-hour"})
    assert found[0].exam == {"": 0.85, "first-hour": 0.7} and found[0].wave == "autumn"
    assert [one.line for one in faults] == [3, 4]


def test_certifications_with_the_test_before_and_the_hours_of_the_training() -> None:
    text = (
        "id,certified_on,score,score_before,hours\nE1,2026-10-01,85 %,40 "
        '%,"7,5"\nE2,2026-10-01,,,\nE3,2026-10-01,,2,\nE4,2026-10-01,,,-1\nE5,2026-10-01,,,900\nE6,2026-10-01,,,0.001\nE7,2026-10-01,,,1_0\n'
    )
    found, faults = people_csv.read_certifications(text.encode(), {})
    assert [(one.before, one.hours) for one in found] == [(0.4, 7.5), (None, None)]
    assert [(one.line, str(one.text).split()[0]) for one in faults] == [
        (4, "score_before"),
        (5, "hours"),
        (6, "hours"),
        (7, "hours"),
        (8, "hours"),
    ]


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    with suppress(FileRefused):
        people_csv.read_people(content)
