"""The data protection officer exports and erases somebody on the page; one asks, another confirms,
and the audit record says who did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from adapters import lrs_client, xapi_statements
from lti_tool.base import tenants_store
from lti_tool.launch import visits
from lti_tool.people import directory
from lti_tool.privacy import confirmed_erasures, erasure_store
from tests.support.listed_people import person
from tests.support.tool import FakeServer, Tool
from tests.support.visits import NOW, hand_in, home, report

__all__ = ["home"]  # the fixture of a learner with a manager and a mentor
ERASURES, MERGES = "/api/v1/erasures", "/api/v1/person-merges"


@pytest.fixture
def desk(tool: Tool, home: str, server: FakeServer) -> Callable[[str], str]:
    """Two data protection officers, E8 and E9; opens the page of one of them."""
    for who in ("E8", "E9"):
        grant(tool, who, "data protection officer")
    server.says(MERGES, (200, "OK", {"merges": [], "next": None}))
    server.says(ERASURES, (200, "OK", {"dry_run": False}))

    def opened(who: str) -> str:
        with tool.deps.unit_of_work(tool.tenant_id) as connection:
            visit_id, secret = visits.begin_visit(
                connection, tool.tenant_id, person(tool, who).id, "", signed_in=True, now=NOW
            )
        name = f"__Host-carryover-launch-{visit_id.hex}"
        tool.browser.set_cookie(name, secret, domain="127.0.0.1", secure=True)
        return f"/t/{visit_id}/me/wishes"

    return opened


def grant(tool: Tool, external_id: str, role: str) -> None:
    directory.grant_role(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=person(tool, external_id).id,
        role=role,
        who="test",
    )


def identity_in_store(tool: Tool, external_id: str) -> str:
    """As whom the record store knows somebody."""
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        installation = tenants_store.get_installation_id(connection)
    agent = xapi_statements.pseudonymous_agent(installation, person(tool, external_id).id)
    return str(lrs_client.actor_identity(agent))


def press_on(tool: Tool, place: str, path: str, **fields: str) -> TestResponse:
    return tool.post(f"{place}{path}", tool.get(f"{place}?person=e"), **fields)


def ask(tool: Tool, place: str, whom: str = "SIS-L") -> TestResponse:
    return press_on(tool, place, f"/people/{person(tool, whom).id}/erase", sure="1")


def request_id(tool: Tool) -> str:
    return str(tool.sql("SELECT id FROM lti_tool.erasure WHERE person_id IS NOT NULL")[0][0])


def acts(tool: Tool) -> list[tuple[str, str]]:
    rows = tool.sql(
        "SELECT who, act FROM lti_tool.audit WHERE act LIKE '%a person%' ORDER BY audit_id"
    )
    return [(re.sub(r" \(.*\)$", "", who), act) for who, act in rows]


def test_one_asks_another_confirms_and_the_person_is_erased_everywhere(
    tool: Tool, home: str, desk: Callable[[str], str], server: FakeServer
) -> None:
    hand_in(tool, home)
    report(tool, home)
    learner = person(tool, "SIS-L").id
    one = desk("E9")
    found = tool.get(f"{one}?person=seventeen")
    assert "Learner seventeen" in found.text and "Ask for erasure" in found.text
    asked = ask(tool, one)
    assert "The request is noted." in asked.text
    assert "Somebody else has to confirm it." in asked.text and "Confirm erasure" not in asked.text
    alone = press_on(tool, one, f"/{request_id(tool)}/confirm", sure="1")
    assert alone.status_code == 403 and "takes two people" in alone.text
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    assert tool.rows("handed_in") == 1, "nobody confirmed it"

    other = desk("E8")
    unsure = press_on(tool, other, f"/{request_id(tool)}/confirm")
    assert unsure.status_code == 400 and "Tick the box" in unsure.text
    confirmed = press_on(tool, other, f"/{request_id(tool)}/confirm", sure="1")
    assert "The erasure is confirmed." in confirmed.text and "by Mentor" in confirmed.text
    again = press_on(tool, other, f"/{request_id(tool)}/confirm", sure="1")
    assert again.status_code == 409
    # the record store counts two addresses as the learner; a third one does no more
    merges = [
        ("mbox mailto:b@x.example", "mbox mailto:a@x.example", None),
        ("mbox mailto:a@x.example", identity_in_store(tool, "SIS-L"), None),
        ("mbox mailto:c@x.example", identity_in_store(tool, "SIS-L"), "2026-01-01T00:00:00Z"),
    ]
    rows = [dict(zip(("alias", "agent", "undone_at"), one, strict=True)) for one in merges]
    server.says(MERGES, (200, "OK", {"merges": rows, "next": None}))
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    for table in ("handed_in", "plan", "job_use"):
        assert tool.rows(table) == 0
    assert tool.sql("SELECT count(*) FROM lti_tool.person WHERE id = :id", id=learner) == [(0,)]
    bodies = server.bodies(ERASURES)
    assert bodies and all(body["dry_run"] is False for body in bodies)
    assert [body["agent"].get("mbox") for body in bodies] == [
        "mailto:a@x.example",
        "mailto:b@x.example",
        None,
    ]
    assert bodies[-1]["agent"]["account"]["name"] == str(learner)
    assert tool.sql("SELECT person_id, done_at IS NOT NULL FROM lti_tool.erasure") == [(None, True)]
    assert acts(tool) == [
        ("Manager", "asked for the erasure of a person"),
        ("Mentor", "confirmed the erasure of a person"),
        ("Mentor", "erased a person"),
    ]
    assert tool.sql(
        "SELECT count(*) FROM lti_tool.audit WHERE who LIKE :like OR details::text LIKE :like",
        like=f"%{learner}%",
    ) == [(0,)], "the record says that somebody was erased, and not who"
    assert "Nobody is waiting." in tool.get(desk("E8")).text


def test_what_a_person_asks_for_one_officer_confirms(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    tool.post(f"{home}me/erase", tool.get(f"{home}me"), sure="1")
    place = desk("E9")
    shown = tool.get(place)
    assert "by the person" in shown.text and "Confirm erasure" in shown.text
    assert "is confirmed" in press_on(tool, place, f"/{request_id(tool)}/confirm", sure="1").text


def test_nobody_confirms_the_erasure_of_the_own_data(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    ask(tool, desk("E9"), "E8")
    refused = press_on(tool, desk("E8"), f"/{request_id(tool)}/confirm", sure="1")
    assert refused.status_code == 403


def test_where_one_is_enough_the_same_one_confirms(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    refused = press_on(tool, desk("E9"), "/rule", two="")
    assert refused.status_code == 403, "the rule is the administrator's"
    grant(tool, "E9", "admin")
    place = desk("E9")
    assert "The rule is saved." in press_on(tool, place, "/rule").text
    ask(tool, place)
    assert "is confirmed" in press_on(tool, place, f"/{request_id(tool)}/confirm", sure="1").text
    assert tool.sql(
        "SELECT details FROM lti_tool.audit WHERE act = 'decided how many people an erasure takes'"
    ) == [({"two": False},)]


def test_a_request_is_withdrawn_until_it_is_confirmed(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    place = desk("E9")
    ask(tool, place)
    asked = request_id(tool)
    assert "is withdrawn" in press_on(tool, place, f"/{asked}/withdraw").text
    assert tool.rows("erasure") == 0
    late = press_on(tool, place, f"/{asked}/withdraw")
    assert late.status_code == 404 and "no such request" in late.text


def test_the_data_of_somebody_are_exported_and_it_is_on_record(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    hand_in(tool, home, words="Something of my own.")
    place = desk("E9")
    learner = person(tool, "SIS-L").id
    answer = press_on(tool, place, f"/people/{learner}/data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.text)
    assert data["person"] == str(learner)
    assert data["tables"]["handed_in"][0]["words"] == "Something of my own."
    assert acts(tool) == [("Manager", "exported the data of a person")]


def test_a_learner_erases_and_exports_nobody(
    tool: Tool, home: str, desk: Callable[[str], str]
) -> None:
    someone = person(tool, "E8").id
    page = tool.get(f"{home}me")
    for path in (f"people/{someone}/data.json", f"people/{someone}/erase", "rule"):
        assert tool.post(f"{home}me/wishes/{path}", page, sure="1").status_code == 403
    assert tool.get(f"{home}me/wishes").status_code == 403 and tool.rows("erasure") == 0


def test_a_record_store_that_does_not_answer_is_asked_again(
    tool: Tool, home: str, desk: Callable[[str], str], server: FakeServer
) -> None:
    ask(tool, desk("E9"))
    press_on(tool, desk("E8"), f"/{request_id(tool)}/confirm", sure="1")
    server.says(ERASURES, (503, "Busy", {"error": {"message": "Come back later."}}))
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    assert "Come back later." in tool.get(desk("E8")).text
    server.says(ERASURES, (200, "OK", {"dry_run": False}))
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    assert tool.sql("SELECT done_at FROM lti_tool.erasure")[0][0] is None, (
        "a statement may be on its way for 40 seconds"
    )
    tool.sql(
        "UPDATE lti_tool.erasure SET tool_done_at = now() - :time",
        time=confirmed_erasures.IN_FLIGHT_TIME + timedelta(seconds=1),
    )
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    assert tool.sql("SELECT done_at FROM lti_tool.erasure")[0][0] is not None


def test_another_record_store_is_left_to_who_runs_it(
    tool: Tool, home: str, desk: Callable[[str], str], server: FakeServer
) -> None:
    tool.sql("UPDATE lti_tool.tenant SET lrs_url = :url", url=server.url)
    ask(tool, desk("E9"))
    place = desk("E8")
    press_on(tool, place, f"/{request_id(tool)}/confirm", sure="1")
    confirmed_erasures.carry_out_erasures(tool.deps, tool.tenant_id)
    page = tool.get(place)
    assert "The record store is another product" in page.text and server.bodies(ERASURES) == []
    assert "is finished" in press_on(tool, place, f"/{request_id(tool)}/finish").text
    assert "Nobody is waiting." in tool.get(place).text


def test_nobody_is_taken_out_of_the_audit_record_without_a_confirmed_erasure(
    tool: Tool, home: str
) -> None:
    learner = person(tool, "SIS-L").id
    tool.post(f"{home}me/erase", tool.get(f"{home}me"), sure="1")
    with pytest.raises(Exception, match="nobody confirmed this erasure"):
        tool.sql(
            "SELECT lti_tool.erase_from_audit(:tenant, :person)",
            tenant=tool.tenant_id,
            person=learner,
        )
    assert erasure_store.ERASED_NAME == "somebody who was erased"
