"""Lists of people are in the order of names, page after page."""

from __future__ import annotations

import random
import re

from core.name_order import LETTER_SPELLINGS, sort_key
from lti_tool.people import directory_store, people_import
from tests.support.mailbox import NOW
from tests.support.tool import Tool

NAMES = ["Anna", "Ärmel", "Bärbel", "Bernd", "Björn", "Łukasz", "Munuera", "Muñoz", "Øyvind", "Zoe"]


def take(tool: Tool, names: list[str]) -> None:
    mixed = random.Random(7).sample(names, len(names))
    lines = "\n".join(f"N{number},{name}" for number, name in enumerate(mixed))
    assert people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=f"id,name\n{lines}\n".encode(),
        apply=True,
        who="test",
        now=NOW,
    ).applied


def test_the_list_of_people_is_in_the_order_of_names(tool: Tool) -> None:
    take(tool, NAMES)
    tool.launch("launch-resource-teacher")
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        found = directory_store.list_profile_page(
            connection, tool.tenant_id, search="", after=None, unmatched=False
        )
    assert [one.name for one in found if one.name in NAMES] == NAMES


def test_no_name_is_left_out_between_two_pages(tool: Tool) -> None:
    names = [f"{first}{last}" for first in ("Ä", "a", "B", "ñ", "n", "ß") for last in "äaöOzß" * 4]
    take(tool, [f"{name} {number}" for number, name in enumerate(names)])
    seen: list[str] = []
    after = None
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        while True:
            page = directory_store.list_profile_page(
                connection, tool.tenant_id, search="", after=after, unmatched=False
            )
            if not page:
                break
            seen += [one.name for one in page]
            after = (page[-1].name, page[-1].id)
    assert len(seen) == len(set(seen)) + seen.count("") - (seen.count("") > 0)
    assert {name for name in seen if re.search(r" \d+$", name)} == {
        f"{name} {number}" for number, name in enumerate(names)
    }
    assert seen == sorted(seen, key=lambda name: (sort_key(name), name.encode()))


def test_the_database_sorts_by_the_same_key(tool: Tool) -> None:
    """Letters of Europe, one by one, and what is no letter."""
    names = [
        *(chr(number) for number in range(0x20, 0x250) if number not in range(0x7F, 0xA0)),
        *LETTER_SPELLINGS,
        *(
            "Đorđević",
            "ŒUVRE",
            "N\u0303andu",
            "Ñandú",
            "Ольга",
            "山田",
            "O’Neil",
            "Müller-Lüdenscheid",
        ),
    ]
    rows = tool.sql(
        "SELECT name, lti_tool.sort_key(name) FROM unnest(CAST(:names AS text[])) name", names=names
    )
    assert dict(rows) == {name: sort_key(name) for name in names}
