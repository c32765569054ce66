"""A training manager says what counts from other systems, and that a figure has a new level: kept
by the record store, noted here.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters import xapi_statements
from tests.support.digests import console
from tests.support.tool import Tool

__all__ = ["console"]
PROGRAMME = xapi_statements.ProgrammeRef("phishing-response", "", "").iri
QUIZ = "https://moodle.example/mod/quiz/view.php?id=7"
HELD: dict[str, Any] = {
    "mapping_id": 3,
    "activity": QUIZ,
    "programme": PROGRAMME,
    "counts_as": "check",
    "competency": None,
    "evidence_grade": None,
    "undone_at": None,
}


def says(tool: Tool, *mappings: dict[str, Any]) -> None:
    tool.moodle.server.says(
        "/api/v1/activity-mappings", (200, "OK", {"mappings": list(mappings), "next": None})
    )


def test_what_counts_is_listed_and_something_is_added_and_taken_back(
    tool: Tool, console: str
) -> None:
    says(
        tool,
        HELD,
        HELD | {"mapping_id": 4, "programme": "https://other.example"},
        HELD | {"mapping_id": 5, "undone_at": "2026-01-01T00:00:00Z"},
    )
    place = f"{console}elsewhere/"
    page = tool.get(place)
    assert page.status_code == 200
    assert page.text.count("Take it back</button>") == 1, "of this programme, and what holds"
    tool.moodle.server.says("/api/v1/activity-mappings", (201, "Created", {"mapping": 6}))
    sent = tool.post(
        place,
        page,
        activity="https://work.example/queue",
        counts_as="task",
        evidence_grade="4",
        competency="",
    )
    assert sent.request.full_path.endswith("/elsewhere/?done=added")
    body = tool.moodle.server.bodies("/api/v1/activity-mappings")[-1]
    assert body == {
        "programme": PROGRAMME,
        "activity": "https://work.example/queue",
        "counts_as": "task",
        "competency": None,
        "evidence_grade": 4,
    }
    says(tool, HELD)
    tool.moodle.server.says("/api/v1/activity-mappings/3", (204, "No Content", None))
    assert tool.post(f"{place}undo", page, mapping="3").request.full_path.endswith("?done=undone")
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts[-2:] == ["mapped an activity", "undid the mapping of an activity"]


def test_what_the_record_store_refuses_is_said_with_what_was_typed(
    tool: Tool, console: str
) -> None:
    place = f"{console}elsewhere/"
    refused = {
        "error": {
            "code": "conflict",
            "message": "The activity counts in this programme already; undo that first.",
        }
    }
    says(tool)
    first = tool.get(place)
    tool.moodle.server.says(
        "/api/v1/activity-mappings",
        (409, "Conflict", refused),
        (200, "OK", {"mappings": [], "next": None}),
    )
    page = tool.post(place, first, activity=QUIZ, counts_as="check")
    assert page.status_code == 400
    assert "counts in this programme already" in page.text and f'value="{QUIZ}"' in page.text
    says(tool)
    page = tool.post(place, first, activity="no address", counts_as="check")
    assert (
        "as the other system shows it" in page.text
        and 'value="no address" aria-invalid="true"' in page.text
    )
    assert (
        tool.post(
            f"{console}../nothing/elsewhere/", first, activity=QUIZ, counts_as="check"
        ).status_code
        == 404
    )


def test_what_counts_elsewhere_is_not_taken_back_from_here(tool: Tool, console: str) -> None:
    says(tool, HELD | {"programme": "https://other.example"})
    page = tool.post(f"{console}elsewhere/undo", tool.get(f"{console}elsewhere/"), mapping="3")
    assert page.status_code == 400 and "somebody may have taken it back" in page.text
    assert not [
        path
        for _, path, _, _ in tool.moodle.server.requests
        if path.endswith("/activity-mappings/3")
    ]


def test_a_form_without_its_token_or_of_somebody_else_changes_nothing(
    tool: Tool, console: str
) -> None:
    says(tool)
    for place, form in (
        (f"{console}elsewhere/", {"activity": QUIZ, "counts_as": "check"}),
        (f"{console}business/levels", {"series": "checks_done"}),
    ):
        assert tool.browser.post(
            place, data=form, base_url="https://127.0.0.1:8080"
        ).status_code in (400, 403)
    assert (
        tool.moodle.server.bodies("/api/v1/activity-mappings")
        == tool.moodle.server.bodies("/api/v1/baselines")
        == []
    )


@pytest.mark.parametrize("form", [{"mapping": "x"}, {}])
def test_a_form_that_is_not_whole_changes_nothing(
    tool: Tool, console: str, form: dict[str, str]
) -> None:
    says(tool)
    page = tool.get(f"{console}elsewhere/")
    assert tool.post(f"{console}elsewhere/undo", page, **form).status_code == 400


def test_a_new_level_is_decided_from_the_page_of_its_report(tool: Tool, console: str) -> None:
    tool.moodle.server.says("/api/v1/baselines", (201, "Created", {"baseline": 1}))
    place = f"{console}business/levels"
    sent = tool.post(
        place,
        tool.get(console),
        series="checks_done",
        team="Desk 2",
        since="2026-05-07",
        why="checks come by mail alone",
    )
    assert sent.request.full_path.endswith(
        "reports/checks_done?programme=phishing-response&team=Desk+2&done=level"
    )
    body = tool.moodle.server.bodies("/api/v1/baselines")[-1]
    assert body == {
        "programme": PROGRAMME,
        "series": "checks_done",
        "team": "Desk 2",
        "since": "2026-05-07",
        "why": "checks come by mail alone",
    }


def test_the_page_of_a_report_says_by_name_who_decided(tool: Tool, console: str) -> None:
    report = {
        "key": "checks_done",
        "title": "Checks done",
        "meaning": "m",
        "svg": "",
        "what_to_do": "",
        "columns": [],
        "rows": [],
        "notes": ["n"],
    }
    told = {
        "reports": [{**report, "watermark": "2026-01-01T00:00:00Z", "computed_at": ""}],
        "dimensions": {},
    }
    tool.moodle.server.says("/api/v1/reports", (200, "OK", told))
    tool.moodle.server.says("/api/v1/baselines", (201, "Created", {"baseline": 1}))
    page = tool.post(
        f"{console}business/levels",
        tool.get(console),
        series="checks_done",
        team="",
        since="2026-05-07",
        why="by mail alone",
    )
    assert "set the new level on" in page.text
    assert "The new level applies" in page.text
    other = tool.get(f"{page.request.path}?programme=phishing-response&team=Desk+2")
    assert "decided by" not in other.text, "that of the whole is not that of a team"


def test_a_competency_that_the_programme_has_not_is_refused(tool: Tool, console: str) -> None:
    says(tool)
    page = tool.get(f"{console}elsewhere/")
    fields = {"activity": QUIZ, "counts_as": "check", "competency": "links-of-nobody"}
    before = len(tool.moodle.server.bodies("/api/v1/activity-mappings"))
    answer = tool.post(f"{console}elsewhere/", page, **fields)
    assert answer.status_code == 400
    assert "has no competency &#39;links-of-nobody&#39;; its competencies are" in answer.text
    assert 'name="competency" aria-invalid="true"' in answer.text
    assert len(tool.moodle.server.bodies("/api/v1/activity-mappings")) == before


def test_one_that_was_mapped_all_the_same_is_shown_as_such(tool: Tool, console: str) -> None:
    says(tool, HELD | {"competency": f"{PROGRAMME}/competencies/nobody"})
    assert "The programme has no such competency" in tool.get(f"{console}elsewhere/").text
