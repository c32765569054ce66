"""A record store that is slow or busy for a moment is asked once more; one that stays away is told
of on the page."""

from __future__ import annotations

import pytest

from adapters import lrs_client
from tests.support.tool import Asked, Reply, Tool

FIGURES: Reply = (200, "OK", {"figures": []})
AWAY = "the record store does not answer"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lrs_client, "RETRY_PAUSE_SECONDS", 0.0)


def broken(asked: Asked) -> Reply:
    """The connection ends without an answer."""
    raise ConnectionAbortedError


@pytest.mark.parametrize("first", [(503, "Service Unavailable", ""), (429, "Busy", ""), broken])
def test_a_teacher_s_page_shows_the_second_answer(tool: Tool, first: Reply) -> None:
    server = tool.moodle.server
    server.says("/api/v1/figures", first, FIGURES)
    page = tool.get(tool.launch("launch-resource-teacher").location)
    assert AWAY not in page.text
    assert server.count("/api/v1/figures") == 2


def test_one_that_stays_away_is_asked_twice_and_no_more(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/api/v1/figures", (503, "Service Unavailable", ""))
    page = tool.get(tool.launch("launch-resource-teacher").location)
    assert AWAY in page.text
    assert server.count("/api/v1/figures") == 2


def test_what_it_refuses_is_not_asked_for_again(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/api/v1/figures", (403, "Forbidden", {"error": {"message": "no scope"}}))
    tool.get(tool.launch("launch-resource-teacher").location)
    assert server.count("/api/v1/figures") == 1


def test_a_report_is_asked_for_again_too(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/api/v1/figures", FIGURES)
    server.says("/api/v1/reports", (503, "Busy", ""))
    home = tool.launch("launch-resource-teacher").location
    assert AWAY in tool.get(f"{home}reports/items").text
    assert server.count("/api/v1/reports") == 2
