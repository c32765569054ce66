"""What an operator meets: a training room behind one address, somebody who sends a host of theirs,
a database that only reads.
"""

from __future__ import annotations

import uuid

import psycopg
import pytest

from lti_tool.launch import rate_limits
from tests.support.tool import Tool

VISIT = "3f1b8b0e-6a57-4f0c-9d7c-2f4d3a9d8c11"
BASE = "https://127.0.0.1:8080"


def ask(tool: Tool, email: str, address: str = "127.0.0.1") -> tuple[int, str]:
    answer = tool.stranger().post(
        "/sign-in",
        data={"email": email},
        base_url=BASE,
        environ_overrides={"REMOTE_ADDR": address},
    )
    return answer.status_code, answer.headers.get("Retry-After", "")


def test_a_training_room_behind_one_address_signs_in(tool: Tool) -> None:
    """The twenty-first of an hour was locked out, and behind a proxy of fifty organisations
    everybody.
    """
    room = uuid.uuid4()
    assert {ask(tool, f"{n}@{room}.example") for n in range(60)} == {(200, "")}


def test_one_address_is_asked_for_a_few_times_and_nobody_is_told(tool: Tool) -> None:
    email = f"{uuid.uuid4()}@example.org"
    assert {ask(tool, email) for _ in range(6)} == {(200, "")}, (
        "an answer that differs would tell who is on a list"
    )


@pytest.mark.parametrize(
    ("network", "first", "other"),
    [
        ("192.0.2.9", "192.0.2.9", "192.0.2.10"),
        ("2001:db8:0:9::/64", "2001:db8:0:9::1", "2001:db8:0:10::1"),
    ],
)
def test_too_many_are_told_as_such(tool: Tool, network: str, first: str, other: str) -> None:
    """A household has 2^64 addresses of IPv6: they count as one."""
    tool.use_up(rate_limits.REQUESTED_LINKS, network)
    status, again = ask(tool, "x@example.org", first)
    assert status == 429 and int(again) > 0
    assert ask(tool, "x@example.org", other) == (200, ""), "others are not held up"


@pytest.mark.parametrize("path", [f"/t/{VISIT}", f"//evil.example//t/{VISIT}", f"/t//{VISIT}"])
def test_a_redirect_leads_to_no_host_that_the_request_names(tool: Tool, path: str) -> None:
    for headers in (
        {"Host": "evil.example"},
        {"Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"},
    ):
        answer = tool.browser.open(path, headers=headers)
        location = answer.headers.get("Location", "/")
        assert location.startswith("/") and not location.startswith("//"), location


def test_a_page_says_that_nothing_was_stored_where_the_database_only_reads(tool: Tool) -> None:
    home = tool.launch().location
    page = tool.get(home)
    database = tool.deps.engine.url.database
    owner = tool.deps.settings.migration_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(owner.replace("carryover_owner@", "postgres@"), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid "
            "<> pg_backend_pid()",
            (database,),
        )
    tool.deps.engine.dispose()
    answer = tool.post(f"{home}checks/1w", page)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "not stored" in answer.text
