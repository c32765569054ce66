"""Figures of another programme than that of the activity: for whoever sees all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.figure_pages import answered, launched
from tests.support.real_store import RealStore, real_store
from tests.support.tool import Tool

OTHER = "security-basics"  # after the one of the activity, which is the first by its key
PAGES = (
    f"figures?programme={OTHER}",
    f"reports/teams?programme={OTHER}",
    f"reports/teams.csv?programme={OTHER}",
    "figures/all",
)


@pytest.fixture
def store(tool: Tool) -> Iterator[RealStore]:
    with real_store(tool) as made:
        tool.sql(
            "INSERT INTO lti_tool.programme_version (tenant_id, key, version, document)"
            " SELECT tenant_id, :key, 1, document || jsonb_build_object('key', CAST(:key AS text),"
            " 'title', 'Security basics') FROM lti_tool.programme_version",
            key=OTHER,
        )
        yield made


def test_a_training_manager_reads_figures_of_each_programme(tool: Tool, store: RealStore) -> None:
    """36 people were certified in a second programme, and no page showed them."""
    store.post(*(answered("North", 40) for _ in range(6)))
    home = launched(tool, "training manager")
    own = tool.get(f"{home}figures").text
    assert "Programme: Phishing response" in own
    place = home.partition("8080")[2]
    assert f'href="{place}figures?programme={OTHER}"' in own
    other = tool.get(f"{home}figures?programme={OTHER}").text
    assert "Security basics: does the effect last?" in other
    assert "without a recorded certification" not in other, "the course is of the other programme"
    assert f'href="{place}reports/teams?programme={OTHER}"' in other
    asked = [path for _, path, _, _ in tool.moodle.server.requests if "/api/v1/figures" in path]
    assert OTHER in asked[-1] and OTHER not in asked[0]
    report = tool.get(f"{home}reports/teams?programme={OTHER}").text
    assert f'href="{place}figures?programme={OTHER}"' in report
    assert f'href="{place}reports/scorecard?programme={OTHER}"' in report
    assert tool.get(f"{home}reports/teams.csv?programme={OTHER}").status_code == 200
    assert tool.get(f"{home}figures?programme=nobody").status_code == 404
    assert tool.get(f"{home}reports/teams?programme=nobody").status_code == 404


def test_an_executive_reads_published_values_of_each(tool: Tool, store: RealStore) -> None:
    """Another programme opens no other way to live values."""
    home = launched(tool, "executive")
    before = len(tool.moodle.server.requests)
    for path in PAGES:
        assert tool.get(f"{home}{path}").status_code == 200, path
    asked = [
        path
        for _, path, _, _ in tool.moodle.server.requests[before:]
        if "/api/v1/figures" in path or "/api/v1/reports" in path
    ]
    assert asked and all("people=groups" in path for path in asked)


def test_who_teaches_is_refused_another_programme(tool: Tool, store: RealStore) -> None:
    home = tool.launch("launch-resource-teacher").location
    for path in PAGES:
        assert tool.get(f"{home}{path}").status_code == 403, path
    page = tool.get(f"{home}figures")
    assert page.status_code == 200
    assert "Programme: " not in page.text and "figures/all" not in page.text
    assert tool.get(f"{home}figures?programme=phishing-response").status_code == 200, "the own one"


def test_one_page_says_a_sentence_on_each_programme(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("North", 40) for _ in range(6)))
    store.publish()
    home = launched(tool, "training manager")
    place = home.partition("8080")[2]
    page = " ".join(tool.get(f"{home}figures/all").text.split())
    assert (
        f'href="{place}figures?programme={OTHER}">Security basics</a> <p> Nothing to say yet.'
        in (page)
    )
    assert "Too early to say: 0 of 6 confirmed." in page
    assert "After a week, 100 % of the answers are right." in page


def test_the_day_on_which_the_last_is_due_is_no_published_value(
    tool: Tool, store: RealStore
) -> None:
    """It is a date of one person: whoever sees groups alone does not read it."""
    store.post(*(answered("North", 40) for _ in range(8)))
    store.publish()
    tool.sql("UPDATE lti_tool.episode SET certified_at = now() - interval '40 days'")
    page = tool.get(f"{launched(tool, 'executive')}figures").text
    assert "more are due by" not in page and "more still have time" not in page
    page = tool.get(f"{launched(tool, 'training manager')}figures").text
    assert "8 more are due by" in page
