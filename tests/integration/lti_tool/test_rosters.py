"""Rosters of large courses and of platforms that are busy, careless or go in circles. The answers are
those of the named reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lti_tool.people import rosters
from tests.support.recorded_courses import course_with_roster
from tests.support.tool import Asked, Reply, Tool


def member(number: int, **changes: Any) -> dict[str, Any]:
    return {"user_id": f"u{number}", "roles": ["Learner"], "name": f"Person {number}", **changes}


class PagedList:
    """A roster of ``count`` members, some on a page, with a Link header as NRPS 2.0 (2.4.1) has it."""

    def __init__(self, tool: Tool, count: int, size: int) -> None:
        self.server, self.count, self.size = tool.moodle.server, count, size
        self.before: list[Callable[[int], Reply | None]] = []
        self.server.says("/token", (200, "OK", {"access_token": "t"}))
        self.server.says("/members", self.answer)

    def answer(self, asked: Asked) -> Reply:
        page = int(parse_qs(urlsplit(asked[1]).query).get("page", ["0"])[0])
        for look in self.before:
            if (refused := look(page)) is not None:
                return refused
        shown = range(page * self.size, min((page + 1) * self.size, self.count))
        headers = {}
        if shown.stop < self.count:
            headers["Link"] = f'<{self.server.url}/members?page={self.next_of(page)}>; rel="next"'
        return (200, "OK", {"members": [member(number) for number in shown]}, headers)

    def next_of(self, page: int) -> int:
        return page + 1

    def pages(self) -> list[str]:
        """The pages that were asked for, in order."""
        return [
            parse_qs(urlsplit(path).query).get("page", ["0"])[0]
            for _, path, _, _ in self.server.requests
            if path.startswith("/members")
        ]


def sync(tool: Tool) -> int:
    return rosters.sync_due_rosters(tool.deps, tool.tenant_id)


def make_due(tool: Tool) -> None:
    tool.sql("UPDATE lti_tool.course SET roster_due_at = now() - interval '1 second'")


def active(tool: Tool) -> int:
    count: int = tool.sql("SELECT count(*) AS n FROM lti_tool.membership WHERE active")[0].n
    return count


def last_run(tool: Tool) -> Any:
    return tool.sql("SELECT * FROM lti_tool.roster_run ORDER BY id DESC LIMIT 1")[0]


def test_whoever_is_asked_to_wait_waits_and_goes_on_with_the_same_page(tool: Tool) -> None:
    """Field report F8: a 429 with Retry-After on the second page ended the reading for an hour."""
    listed = PagedList(tool, 30, 10)
    busy = [(429, "Too Many Requests", "", {"Retry-After": "5"})]
    listed.before.append(lambda page: busy.pop() if page == 1 and busy else None)
    course_with_roster(tool, "/members")
    assert sync(tool) == 0
    run = last_run(tool)
    assert (run.pages, run.finished_at) == (1, None), "it is not over"
    due = tool.sql("SELECT roster_due_at - now() AS wait FROM lti_tool.course")[0].wait
    assert 0 < due.total_seconds() <= 5
    make_due(tool)
    assert sync(tool) == 1
    assert listed.pages() == ["0", "1", "1", "2"]
    assert (last_run(tool).id, last_run(tool).members) == (run.id, 30)
    assert active(tool) == 31, (
        "the teacher is not listed, and stays until a reading at once says so"
    )
    make_due(tool)
    assert sync(tool) == 1
    assert active(tool) == 30


def test_a_reading_that_was_killed_goes_on_where_it_was(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = PagedList(tool, 50, 10)
    record = rosters._record_members

    def killed_on_the_third(*arguments: Any) -> int:
        if listed.pages()[-1] == "2":
            raise KeyboardInterrupt
        return record(*arguments)

    course_with_roster(tool, "/members")
    monkeypatch.setattr(rosters, "_record_members", killed_on_the_third)
    with pytest.raises(KeyboardInterrupt):
        sync(tool)
    monkeypatch.setattr(rosters, "_record_members", record)
    make_due(tool)  # as the lease that ran out does
    assert sync(tool) == 1
    assert listed.pages() == ["0", "1", "2", "2", "3", "4"]
    assert (last_run(tool).members, active(tool)) == (50, 51)


def test_a_reading_that_takes_longer_than_a_run_goes_on_in_the_next(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 members of which half were read, again and again: field report F8."""
    listed = PagedList(tool, 40, 10)
    course_with_roster(tool, "/members")
    moments = iter(range(0, 100_000, 100))
    monkeypatch.setattr(rosters, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    runs = 0
    while last_finished(tool) is None:
        make_due(tool)
        sync(tool)
        runs += 1
    assert runs > 1
    assert listed.pages() == ["0", "1", "2", "3"], "each page once"
    assert active(tool) == 41


def last_finished(tool: Tool) -> datetime | None:
    found = tool.sql("SELECT finished_at FROM lti_tool.roster_run ORDER BY id DESC LIMIT 1")
    finished: datetime | None = found[0].finished_at if found else None
    return finished


def test_a_next_page_that_is_always_the_second_is_counted_up(tool: Tool) -> None:
    """Schoology, code-dot-org #69926: the district was never rostered past its hundredth pupil."""
    listed = PagedList(tool, 35, 10)
    listed.next_of = lambda page: 1  # type: ignore[method-assign]  # the platform's fault
    course_with_roster(tool, "/members")
    assert sync(tool) == 1
    assert listed.pages() == ["0", "1", "2", "3"]
    assert active(tool) == 36, "all are there, and nobody left: it may have missed somebody"
    assert last_run(tool).reason == ""


@pytest.mark.parametrize(
    "broken",
    [{"roles": ["Learner"]}, {"user_id": None, "roles": []}, "nobody", None, {"user_id": ""}],
)
def test_an_entry_that_names_nobody_is_passed_over_and_counted(tool: Tool, broken: Any) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/members", (200, "OK", {"members": [member(1), broken, member(2)]}))
    course_with_roster(tool, "/members")
    assert sync(tool) == 1
    assert (last_run(tool).members, last_run(tool).skipped) == (2, 1)
    assert active(tool) == 3, "nobody left: the entry may have been the teacher's"


def test_a_member_whose_id_is_a_number_or_who_has_no_status_takes_part(tool: Tool) -> None:
    """NRPS 2.0, 2.2: without a status somebody is active. Numbers as ids: field report F8."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    listed = [
        member(1, user_id=4711),
        member(2, status=None),
        member(3, status="active"),
        member(4, status="Inactive"),
        member(5, status="Deleted"),
    ]
    server.says("/members", (200, "OK", {"members": listed}))
    course_with_roster(tool, "/members")
    assert sync(tool) == 1
    assert last_run(tool).members == 3
    found = tool.sql("SELECT subject FROM lti_tool.identity")
    assert "4711" in {row.subject for row in found}


def test_many_are_asked_for_at_once(tool: Tool) -> None:
    listed = PagedList(tool, 3, 10)
    course_with_roster(tool, "/members?of=this")
    assert sync(tool) == 1
    asked = [path for _, path, _, _ in listed.server.requests if path.startswith("/members")]
    assert asked == ["/members?of=this&limit=500"]


def test_where_the_last_page_names_an_earlier_one_it_is_the_last(tool: Tool) -> None:
    """Blackboard (docs/lms/blackboard.md): the last page still has a next one."""

    class Repeating(PagedList):
        def answer(self, asked: Asked) -> Reply:
            status, reason, body, *_ = super().answer(asked)
            page = int(parse_qs(urlsplit(asked[1]).query).get("page", ["0"])[0])
            following = 0 if (page + 1) * self.size >= self.count else page + 1
            link = f'<{self.server.url}/members?page={following}>; rel="next"'
            return (status, reason, body, {"Link": link})

    course_with_roster(tool, "/members?page=0")
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'blackboard'")
    Repeating(tool, 25, 10)
    assert sync(tool) == 1
    assert last_run(tool).reason == "" and active(tool) >= 25
