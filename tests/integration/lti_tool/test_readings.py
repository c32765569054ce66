"""Readings of a business figure from a table: of teams and sites by name, of people by what the
organisation's list says of them.
"""

from __future__ import annotations

import io
from typing import Any

from adapters import xapi_statements
from lti_tool.people import people_import
from tests.support.digests import console
from tests.support.listed_people import LIST, NOW, person
from tests.support.tool import Tool

__all__ = ["console"]
PROGRAMME = xapi_statements.ProgrammeRef("phishing-response", "", "").iri
KPI: dict[str, Any] = {
    "kpi": "clicks",
    "label": "Clicks",
    "unit": "a month",
    "frequency": "monthly",
}


def test_people_are_named_by_id_or_address_and_reach_the_record_store_by_pseudonym(
    tool: Tool, console: str
) -> None:
    assert people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    ).applied
    server = tool.moodle.server
    server.says("/api/v1/kpis", (200, "OK", {"kpis": [KPI], "next": None}))
    server.says("/api/v1/costs", (200, "OK", {"costs": [], "next": None}))
    server.says(
        "/api/v1/scorecard", (200, "OK", {"version": 0, "lines": [], "who": "", "at": None})
    )
    server.says(
        "/api/v1/kpi-readings", (200, "OK", {"new": 2, "known": 0, "corrected": 0, "warnings": []})
    )
    place = f"{console}business/"
    page = tool.get(place)

    def look(table: bytes, act: str) -> str:
        mapping = tool.post(
            f"{place}readings", page, file=(io.BytesIO(table), "clicks.csv"), kpi="clicks"
        )
        kept = mapping.text.split('name="kept" value="')[1].split('"')[0]
        columns = {
            "column_subject": "who",
            "column_period_start": "month",
            "column_value": "clicks",
        }
        return tool.post(
            f"{place}readings/look",
            mapping,
            kept=kept,
            kpi="clicks",
            subject_kind="person",
            period="month",
            source="gateway",
            act=act,
            **columns,
        ).text

    wrong = look(b"who,month,clicks\nE1,2026-01,3\nNobody,2026-01,4\n", "look")
    assert "nobody on the list of people has this id or address" in wrong
    tool.sql("UPDATE lti_tool.person SET email = 'eight@example.org' WHERE external_id = 'E1'")
    assert "several people have this address" in look(
        b"who,month,clicks\neight@example.org,2026-01,3\n", "look"
    )
    tool.sql("UPDATE lti_tool.person SET email = 'one@example.org' WHERE external_id = 'E1'")
    assert server.bodies("/api/v1/kpi-readings") == [], "nothing is sent while a line is wrong"
    table = b"who,month,clicks\nE1,2026-01,3\nEIGHT@example.org,2026-01,4\n"
    look(table, "look")
    look(table, "take")
    looked, taken = server.bodies("/api/v1/kpi-readings")
    assert (looked["dry_run"], taken["dry_run"]) == (True, False)
    home = tool.sql("SELECT id FROM lti_tool.installation")[0][0]
    assert [one["subject"] for one in taken["readings"]] == [
        xapi_statements.agent_identifier(home, person(tool, who).id) for who in ("E1", "E8")
    ]
    assert {one["subject_kind"] for one in taken["readings"]} == {"person"}
    assert "example.org" not in str(taken["readings"])
