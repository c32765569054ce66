"""What an LMS's roles give here, as an administrator decides it, and whose turn it is after a
refusal.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import text

from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from lti_tool.admin import platform_admin
from lti_tool.base import platforms_store
from tests.support.tool import ISSUER, TOOL, Moodle, Tool

ROLES = f"{CLAIM_PREFIX}roles"
COURSE = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR = f"{COURSE}#Instructor"
OBSERVER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"
STAFF = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Staff"


@pytest.fixture
def desk(tool: Tool) -> str:
    """The page of the platform, of an administrator."""
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.launch("launch-resource-admin")
    tool.grant_to("2", "admin")
    home = tool.launch("launch-resource-admin").location.removeprefix(TOOL)
    (platform,) = tool.sql("SELECT id FROM lti_tool.platform_registration")
    return f"{home}admin/platforms/{platform.id}"


def role_of(tool: Tool, *roles: str) -> str:
    answer = tool.launch(sub="77", **{ROLES: list(roles)})
    visit = answer.location.split("/t/")[1].split("/")[0]
    (row,) = tool.sql("SELECT role FROM lti_tool.launch WHERE id = :id", id=visit)
    return str(row.role)


def test_what_a_role_gives_is_decided_on_the_page_of_its_platform(tool: Tool, desk: str) -> None:
    assert role_of(tool, OBSERVER) == "mentor"
    page = tool.get(desk)
    assert "What its roles allow" in page.text and OBSERVER in page.text
    page = tool.post(f"{desk}/rights", page, role=OBSERVER, right="teacher")
    assert "from the next launch" in page.text
    assert role_of(tool, OBSERVER) == "teacher"
    tool.post(f"{desk}/rights", page, role=OBSERVER, right="")
    assert role_of(tool, OBSERVER) == "mentor", "as usual"
    tool.post(f"{desk}/rights", page, role=STAFF, right="designer")
    assert role_of(tool, STAFF) == "designer"
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts.count("decided what a role gives") == 3


@pytest.mark.parametrize(
    "form",
    [
        {"role": OBSERVER, "right": "admin"},
        {"role": "", "right": "teacher"},
        {"role": "two words", "right": "teacher"},
        {"role": "x" * 300, "right": "teacher"},
    ],
)
def test_no_role_gives_what_is_no_right(tool: Tool, desk: str, form: dict[str, str]) -> None:
    page = tool.get(desk)
    assert tool.post(f"{desk}/rights", page, **form).status_code == 400
    (row,) = tool.sql("SELECT role_rights FROM lti_tool.platform_registration")
    assert row.role_rights == {}


def test_an_administrator_of_the_lms_by_decision_is_offered_and_is_none_here(
    tool: Tool, desk: str
) -> None:
    page = tool.get(desk)
    tool.post(f"{desk}/rights", page, role=STAFF, right="LMS administrator")
    answer = tool.launch(sub="78", **{ROLES: [STAFF]})
    home = answer.location.removeprefix(TOOL)
    assert tool.get(f"{home}admin/").status_code == 403


def test_the_way_back_leads_to_the_lms_alone(tool: Tool) -> None:
    """Moodle shows its pages under one address: field report of 30 November 2026, F10."""
    foreign: dict[str, Any] = {
        f"{CLAIM_PREFIX}launch_presentation": {"return_url": "https://evil.example/course"}
    }
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    page = tool.get(tool.launch(**foreign).location)
    assert "evil.example" not in page.headers["Content-Security-Policy"]
    (row,) = tool.sql("SELECT return_url FROM lti_tool.launch")
    assert row.return_url == ""
    own = {f"{CLAIM_PREFIX}launch_presentation": {"return_url": f"{ISSUER}/course/view.php?id=2"}}
    tool.launch(**own)
    assert tool.sql("SELECT 1 FROM lti_tool.launch WHERE return_url <> ''")


def right_of(tool: Tool) -> dict[str, str]:
    (row,) = tool.sql("SELECT role_rights FROM lti_tool.platform_registration")
    return dict(row.role_rights)


def test_a_short_name_means_the_role_that_launches_send(tool: Tool, desk: str) -> None:
    page = tool.get(desk)
    tool.post(f"{desk}/rights", page, role="Instructor", right="nothing")
    assert right_of(tool) == {INSTRUCTOR: "nothing"}
    assert role_of(tool, INSTRUCTOR) == "visitor"
    tool.post(f"{desk}/rights", page, role="Instructor", right="")
    assert role_of(tool, INSTRUCTOR) == "teacher"


@pytest.mark.parametrize(
    ("role", "usual"),
    [
        (STAFF, "as usual: takes part, like everybody without a known role"),
        (f"{COURSE}/Instructor#Grader", "as usual: teaches the course"),
        (OBSERVER, "as usual: watches somebody in the LMS: opens nothing here"),
    ],
)
def test_what_a_role_gives_as_usual_is_what_it_gives_once_the_decision_is_taken_back(
    tool: Tool, desk: str, role: str, usual: str
) -> None:
    before = role_of(tool, role)
    page = tool.post(f"{desk}/rights", tool.get(desk), role=role, right="designer")
    assert page.text.count("as usual: ") == 1
    assert usual in page.text
    tool.post(f"{desk}/rights", page, role=role, right="")
    assert role_of(tool, role) == before
    assert "as usual: " not in tool.get(desk).text


def test_a_sub_role_is_as_usual_what_was_decided_of_its_principal_role(
    tool: Tool, desk: str
) -> None:
    page = tool.get(desk)
    tool.post(f"{desk}/rights", page, role=INSTRUCTOR, right="nothing")
    page = tool.post(f"{desk}/rights", page, role=f"{COURSE}/Instructor#Grader", right="teacher")
    assert "as usual: nothing" in page.text
    assert role_of(tool, f"{COURSE}/Instructor#Grader") == "teacher"


def test_two_administrators_who_decide_at_once_both_decide(tool: Tool) -> None:
    (platform,) = tool.sql("SELECT id FROM lti_tool.platform_registration")

    def decide(role: str) -> None:
        platform_admin.set_role_right(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            registration_id=platform.id,
            role=role,
            right="designer",
            who="test",
        )

    with ThreadPoolExecutor(1) as pool:
        with tool.deps.unit_of_work(tool.tenant_id) as connection:
            # The first one, who has not finished when the second begins.
            platforms_store.update_platform(
                connection, tool.tenant_id, platform.id, {"role_rights": {OBSERVER: "teacher"}}
            )
            second = pool.submit(decide, STAFF)
            blocked = text(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = "
                "ANY (pg_blocking_pids(pid)))"
            )
            latest = time.monotonic() + 30
            while not connection.execute(blocked).scalar_one():
                assert time.monotonic() < latest and not second.done()
                time.sleep(0.05)
        second.result(30)
    assert right_of(tool) == {OBSERVER: "teacher", STAFF: "designer"}


# --- whose turn it is

LMS, HERE, YOURS = (
    "turn of the administrator of your LMS",
    "turn of whoever runs this tool",
    "You can try it yourself",
)
AGAIN = "open the activity again"
TURNS: dict[str, tuple[dict[str, Any], str]] = {
    # A changed client id or platform ID: no launch comes through until somebody changes it.
    "another client id": ({"aud": "another"}, HERE),
    "another platform ID": ({"iss": "https://other.example"}, HERE),
    "no nonce at all": ({"nonce": ...}, HERE),
    "the nonce of another login": ({"nonce": "other"}, YOURS),
    "no roles": ({ROLES: None}, LMS),
    "another version": ({f"{CLAIM_PREFIX}version": "1.2.0"}, LMS),
    "another address than at the login": (
        {f"{CLAIM_PREFIX}target_link_uri": f"{TOOL}/lti/launch?other=1"},
        LMS,
    ),
    "nobody": ({"sub": ...}, YOURS),
}


@pytest.mark.parametrize("case", TURNS)
def test_what_stays_as_it_is_is_nobodys_turn_who_can_only_try_again(
    shared_tool: Tool, case: str
) -> None:
    changes, turn = TURNS[case]
    answer = shared_tool.launch(**changes)
    assert answer.status_code == 400
    told = [words for words in (LMS, HERE, YOURS) if words in answer.text]
    assert told == [turn]
    assert (AGAIN in answer.text) <= (turn == YOURS), "no advice that is taken back at once"


def test_the_key_of_another_lms_is_for_whoever_runs_the_tool(tool: Tool) -> None:
    """The address of the key set was typed wrongly: there is a key of that name, and another one
    signs."""
    signer = Moodle(tool.moodle.server, tool.moodle.kid, tool.moodle.key)
    tool.moodle.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    tool.moodle.publish()
    state, nonce = tool.begun()
    answer = tool.enter(state, signer.sign(tool.claims(nonce)))
    assert HERE in answer.text and AGAIN not in answer.text


def test_a_login_that_is_not_whole_is_for_the_administrator_of_the_lms(tool: Tool) -> None:
    answer = tool.login(login_hint="")
    assert LMS in answer.text and AGAIN not in answer.text


def test_another_deployment_than_at_the_login_is_for_the_administrator_of_the_lms(
    tool: Tool,
) -> None:
    state, nonce = tool.begun(lti_deployment_id="another")
    answer = tool.enter(state, tool.moodle.sign(tool.claims(nonce)))
    assert "another installation" in answer.text
    assert LMS in answer.text and AGAIN not in answer.text


def test_a_teacher_in_a_place_that_takes_no_activities_is_told_what_to_do_alone(tool: Tool) -> None:
    name = f"{DEEP_LINKING_PREFIX}deep_linking_settings"
    recorded = tool.claims("n", "launch-deep-linking-teacher")[name]
    answer = tool.launch(
        "launch-deep-linking-teacher", **{name: {**recorded, "accept_types": ["link"]}}
    )
    assert "Add the tool as an activity" in answer.text
    assert YOURS in answer.text and "your teacher" not in answer.text


def test_too_many_launches_of_a_network_are_nobodys_fault(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool.deps.limiter, "allows", lambda *_: False)
    answer = tool.login()
    assert answer.status_code == 429
    assert "Nobody has to do anything" in answer.text


def test_a_refusal_says_whose_turn_it_is_and_when_it_happened(tool: Tool) -> None:
    stranger = tool.login(iss="https://other.example")
    assert "turn of the administrator of your LMS" in stranger.text
    assert "It happened at" in stranger.text
    learner = tool.launch(
        "launch-deep-linking-teacher",
        **{ROLES: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]},
    )
    assert "your teacher’s turn" in learner.text
    tool.sql("UPDATE lti_tool.platform_registration SET status = 'disabled'")
    assert "whoever runs this tool for your organisation" in tool.login().text
