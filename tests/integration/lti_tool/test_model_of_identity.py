"""Whoever launches with whatever claims: nobody's pages are opened, and no role is gained, but what
the model of identity allows (docs/lti.md, "Who somebody is"). The launches are drawn: several users
of two platforms claim ids, addresses and roles of people of the list, of leaders and of strangers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.lms.claims import CLAIM_PREFIX
from adapters.lms.rights import STANDARD_RIGHTS
from lti_tool.people import people_import
from tests.support.platforms import OTHER_CLIENT, add_platform
from tests.support.tool import CLIENT_ID, Tool
from tests.support.visits import LIST, NOW

EXAMPLES = 60  # of up to six launches each
IDS = ("SIS-L", "E7", "E8", "E9", "nobody", "")  # of LIST: a learner, somebody, mentor, manager
ADDRESSES = {"SIS-L": "learner@example.org", "E7": "else@example.org"}
LEADERS = {"E8", "E9"}
MODES = ("nobody", "id", "id or address")


@st.composite
def launches(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "client": draw(st.sampled_from((CLIENT_ID, OTHER_CLIENT))),
        "sub": draw(st.sampled_from(("u1", "u2", "u3"))),
        "sourced": draw(st.sampled_from(IDS)),
        "typed": draw(st.sampled_from(IDS)),
        "email": draw(st.sampled_from((*ADDRESSES.values(), "LEARNER@EXAMPLE.ORG", "x@y.z", ""))),
        "roles": draw(
            st.lists(st.sampled_from((*STANDARD_RIGHTS, "urn:x:y#Admin", "Learner")), max_size=3)
        ),
    }


def open_launch(tool: Tool, one: dict[str, Any]) -> Any:
    deployment = "2" if one["client"] == CLIENT_ID else "9"
    state, nonce = tool.begun(client_id=one["client"], lti_deployment_id=deployment)
    claims = tool.claims(
        nonce,
        sub=one["sub"],
        aud=one["client"],
        email=one["email"],
        **{
            f"{CLAIM_PREFIX}deployment_id": deployment,
            f"{CLAIM_PREFIX}roles": one["roles"],
            f"{CLAIM_PREFIX}lis": {"person_sourcedid": one["sourced"]},
            f"{CLAIM_PREFIX}custom": {"person_id": one["typed"]},
        },
    )
    return tool.enter(state, tool.moodle.sign(claims))


def allowed_people(one: dict[str, Any], before: Sequence[dict[str, Any]], mode: str) -> set[str]:
    """Ids of the list that this user may be: one that a launch of this user ever claimed in a way
    that the platform may; a custom parameter is none, and no leader is ever claimed."""
    own = [
        each
        for each in (*before, one)
        if (each["client"], each["sub"]) == (one["client"], one["sub"])
    ]
    found = set()
    if mode != "nobody":
        found |= {each["sourced"] for each in own}
    if mode == "id or address":
        found |= {
            id_
            for id_, address in ADDRESSES.items()
            for each in own
            if each["email"].lower() == address
        }
    return found - LEADERS


@pytest.fixture
def listed(tool: Tool) -> Tool:
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    other = add_platform(tool)
    tool.sql(
        "INSERT INTO lti_tool.deployment (tenant_id, registration_id, deployment_id, status) "
        "VALUES (:t, :r, '9', 'approved')",
        t=tool.tenant_id,
        r=other,
    )
    return tool


def forget_launches(tool: Tool) -> None:
    for table in ("launch", "membership", "grade_place", "identity"):
        tool.sql(f"DELETE FROM lti_tool.{table}")  # noqa: S608 - names of this test


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    drawn=st.lists(launches(), min_size=1, max_size=6),
    mode=st.sampled_from(MODES),
)
def test_no_claim_opens_what_the_model_does_not_allow(
    listed: Tool, drawn: list[dict[str, Any]], mode: str
) -> None:
    tool = listed
    forget_launches(tool)
    tool.lets_say(mode)
    before: list[dict[str, Any]] = []
    for one in drawn:
        answer = open_launch(tool, one)
        assert answer.status_code == 303, answer.text
        (row,) = tool.sql(
            "SELECT l.role, l.administers, coalesce(p.external_id, '') AS external_id, p.id, "
            "p.imported_at IS NOT NULL AS listed FROM lti_tool.launch l JOIN lti_tool.person p "
            "ON p.id = l.person_id WHERE l.id = :visit",
            visit=answer.location.split("/t/")[1].split("/")[0],
        )
        if row.listed:
            assert row.external_id in allowed_people(one, before, mode)
        grants = tool.sql("SELECT role FROM lti_tool.role_grant WHERE person_id = :p", p=row.id)
        assert not grants, "a claim gives no granted role"
        given_rights = {STANDARD_RIGHTS.get(role) for role in one["roles"]}
        assert (row.role == "teacher") == bool({"teacher"} & {str(right) for right in given_rights})
        before.append(one)
    leaders = tool.sql(
        "SELECT count(*) AS n FROM lti_tool.identity i JOIN lti_tool.person p ON p.id = "
        "i.person_id WHERE p.external_id IN ('E8', 'E9')"
    )
    assert leaders[0].n == 0
    two = tool.sql(
        "SELECT 1 FROM lti_tool.identity i JOIN lti_tool.person p ON p.id = i.person_id "
        "WHERE p.imported_at IS NOT NULL GROUP BY i.registration_id, i.person_id "
        "HAVING count(*) > 1"
    )
    assert not two, "one person of the list is one user of a platform"
