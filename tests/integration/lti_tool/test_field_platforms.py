"""Launches, scores and rosters as products that were never tried send and answer them, by their
public code, and what others reported of their tools. Each case names its source.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto.jwk import JWK

from adapters.lms.claims import CLAIM_PREFIX
from adapters.lms.standard import (
    LINE_ITEM_SCOPE,
    READ_LINE_ITEM_SCOPE,
    RESULT_SCOPE,
    SCOPES,
    SCORE_SCOPE,
)
from lti_tool import operator_api
from lti_tool.checks import grade_lookup
from lti_tool.checks.grades_store import MISSING, OTHER, THERE
from lti_tool.people import rosters
from tests.support.launch_log import refused, rows
from tests.support.outboxes import (
    RESULTS,
    SCORES,
    due_again,
    finish_check,
    grade_row,
    result,
    send_grades,
)
from tests.support.platforms import OTHER_CLIENT, add_platform
from tests.support.quizzes import answer_check
from tests.support.recorded_courses import course_with_roster
from tests.support.registrations import lms, open_address
from tests.support.tool import CLIENT_ID, ISSUER, TOOL, Asked, Reply, Tool

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
COLUMN, COLUMNS = "/lineitems/2/lineitem", "/lineitems"


def claim(name: str) -> str:
    return f"{CLAIM_PREFIX}{name}"


def becomes(tool: Tool, family: str) -> None:
    """The platform is another product."""
    tool.sql("UPDATE lti_tool.platform_registration SET family = :family", family=family)


def member(number: int) -> dict[str, Any]:
    return {"user_id": f"u{number}", "roles": ["Learner"], "name": f"Person {number}"}


def last_run(tool: Tool) -> Any:
    return tool.sql("SELECT * FROM lti_tool.roster_run ORDER BY id DESC LIMIT 1")[0]


def of_method(tool: Tool, method: str, path: str) -> list[Asked]:
    return [
        asked
        for asked in tool.moodle.server.requests
        if (asked[0], urlsplit(asked[1]).path) == (method, path)
    ]


# --- Chamilo: chamilo/chamilo-lms, plugin/ims_lti
# ---------------------------------------------------------------------------------


def launch_chamilo(tool: Tool, role: str = "Learner", /, **changes: Any) -> Any:
    """auth.php@dab2eaf: the scopes of columns alone, whatever the tool may do; no return address;
    another name for the product's member. login.php@296215a: neither client nor deployment.
    """
    place = f"{tool.moodle.server.url}/plugin/ims_lti/ags2.php/7/lineitems"
    claims = {
        "sub": "5",
        claim("roles"): [f"{LIS}system/person#User", f"{LIS}membership#{role}"],
        claim("tool_platform"): {"guid": "campus.example", "family_code": "Chamilo LMS"},
        claim("launch_presentation"): {"locale": "de", "document_target": "iframe"},
        claim("lis"): {"person_sourcedid": "campus.example:5"},
        claim("custom"): ...,
        AGS: {"scope": [LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE], "lineitems": f"{place}?t=3"},
        NRPS: ...,
        **changes,
    }
    login = tool.browser.post(
        "/lti/login",
        data={
            "iss": ISSUER,
            "target_link_uri": f"{TOOL}/lti/launch",
            "login_hint": "5",
            "lti_message_hint": "3",
        },
        base_url="https://127.0.0.1:8080",
    )
    asked = parse_qs(urlsplit(login.location).query)
    token = tool.moodle.sign(tool.claims(asked["nonce"][0], **claims))
    return tool.enter(asked["state"][0], token)


def chamilo_gradebook(tool: Tool, kept: list[dict[str, Any]]) -> str:
    """The columns and scores of a course; the place of the columns. Each refuses another Accept
    with 415 (LtiLineItemsResource.php@3846609, LtiScoresResource.php@68c3fce), and knows no filter.
    """
    server, place = tool.moodle.server, "/plugin/ims_lti/ags2.php/7/lineitems"

    def refusal(asked: Asked, *kinds: str) -> Reply | None:
        if asked[2].get("Accept") in [f"application/vnd.ims.lis.{kind}+json" for kind in kinds]:
            return None
        body = {"status": 415, "message": "Unsupported media type."}
        return (415, "Unsupported Media Type", body)

    def columns(asked: Asked) -> Reply:
        refuse = refusal(asked, "v2.lineitemcontainer", "v2.lineitem")
        if refuse is not None:
            return refuse
        if asked[0] == "GET":
            return (200, "OK", [] if "resource_id" in asked[1] else kept)
        kept.append({**json.loads(asked[3]), "id": f"{server.url}{place}/9?t=3"})
        return (201, "Created", kept[-1])

    server.says(place, columns)
    server.says(f"{place}/9/scores", lambda asked: refusal(asked, "v1.score") or (201, "", ""))
    return place


def test_a_grade_reaches_the_gradebook_of_chamilo(tool: Tool) -> None:
    becomes(tool, "chamilo")
    kept: list[dict[str, Any]] = []
    place = chamilo_gradebook(tool, kept)
    answer = launch_chamilo(tool)
    assert answer.status_code == 303, answer.text
    answer_check(tool, answer.location)
    assert send_grades(tool) == 1, grade_row(tool).trouble or grade_row(tool).refused
    (score,) = tool.moodle.server.bodies(f"{place}/9/scores")
    assert score["userId"] == "5" and len(kept) == 1


def test_a_column_that_chamilo_has_is_found_without_its_filter(tool: Tool) -> None:
    """Entity/ImsLtiTool.php@1f8c92f getLineItems, Entity/LineItem.php@a00b047 toArray."""
    becomes(tool, "chamilo")
    url = f"{tool.moodle.server.url}/plugin/ims_lti/ags2.php/7/lineitems/9?t=3"
    wanted = {"id": url, "label": "x", "tag": "", "resourceId": "phishing-response/1w"}
    kept = [{**wanted, "scoreMaximum": 5.0, "resourceLinkId": "3"}]
    chamilo_gradebook(tool, kept)
    answer_check(tool, launch_chamilo(tool).location)
    assert send_grades(tool) == 1
    assert len(kept) == 1, "none is made beside it"


def test_a_token_of_chamilo_that_has_ended_is_renewed(tool: Tool) -> None:
    """src/Service/Resource/LtiAdvantageServiceResource.php@1d26948 validateToken, ags2.php@f87f5fe:
    400, with the words alone."""
    finish_check(tool)
    becomes(tool, "chamilo")
    ended = {"status": 400, "message": "Authorization token expired."}
    tool.moodle.server.says(SCORES, (400, "Bad Request", ended), (201, "Created", ""))
    assert send_grades(tool) == 1
    assert tool.moodle.server.count("/token") == 2


def test_the_roster_of_chamilo_stays_known_although_learners_launches_name_none(tool: Tool) -> None:
    """auth.php@dab2eaf: only who edits the course is told of it."""
    becomes(tool, "chamilo")
    url = f"{tool.moodle.server.url}/nrps2.php/7/memberships?t=3&s=0"
    assert launch_chamilo(tool, "Instructor", **{NRPS: {"context_memberships_url": url}})
    assert launch_chamilo(tool).status_code == 303
    found = tool.sql("SELECT memberships_url FROM lti_tool.course")
    assert {row.memberships_url for row in found} == {url}


def test_a_refusal_of_chamilo_that_forgets_the_state_says_what_to_do(tool: Tool) -> None:
    """auth.php@dab2eaf: error and error_description are posted without the state."""
    before = rows(tool)
    tool.begun()
    answer = tool.browser.post(
        "/lti/launch",
        data={"error": "invalid_request", "error_description": "<b>x</b>"},
        base_url="https://127.0.0.1:8080",
    )
    refused(tool, answer, before)
    assert "<b>x" not in answer.text


# --- OpenOlat, Sakai, Blackboard, Open edX
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["openolat", "sakai", "openedx"])
def test_a_token_that_has_ended_and_is_answered_with_403_is_renewed(
    tool: Tool, family: str
) -> None:
    """OpenOLAT/OpenOLAT LTI13PlatformDispatcherDelegate.java@a56d7f2 handleAgs; docs/lms/sakai.md,
    docs/lms/openedx.md."""
    finish_check(tool)
    becomes(tool, family)
    tool.moodle.server.says(SCORES, (403, "Forbidden", ""), (200, "OK", ""))
    assert send_grades(tool) == 1
    assert tool.moodle.server.count("/token") == 2


def test_a_roster_without_a_word_is_an_empty_one(tool: Tool) -> None:
    """Sakai where nobody is to be listed (docs/lms/sakai.md); OpenOlat where a tool has two
    deployments (LTI13PlatformDispatcherDelegate.java@a56d7f2 handleNrps)."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/members", (200, "OK", ""))
    course_with_roster(tool, "/members")
    becomes(tool, "sakai")
    rosters.sync_due_rosters(tool.deps, tool.tenant_id)
    assert "empty roster" in last_run(tool).reason
    left = tool.sql("SELECT count(*) AS n FROM lti_tool.membership WHERE active")[0].n
    assert left == 1, "nobody was taken out"


def test_the_column_of_openolat_names_no_address_and_takes_grades(tool: Tool) -> None:
    """LTI13ServiceImpl.java@01e5e71 getLineItem: its id is that of the course element; every grade
    waited for it in vain."""
    becomes(tool, "openolat")
    server = tool.moodle.server
    scope = [LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE, RESULT_SCOPE, SCORE_SCOPE]
    place = f"{server.url}{COLUMNS}/"
    endpoint = {"scope": scope, "lineitems": place, "lineitem": f"{server.url}{COLUMN}"}
    home = tool.launch(**{AGS: endpoint}).location
    answer_check(tool, home)
    element = {"id": "99023423", "label": "x", "resourceId": "99023423", "scoreMaximum": 5.0}
    server.says(COLUMN, (200, "OK", element))
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1, grade_row(tool).trouble


@pytest.mark.parametrize(("path", "kept"), [("/lti/nrps", False), ("/lti/nrps/7", True)])
def test_a_roster_of_openolat_that_names_people_otherwise_is_left_alone(
    tool: Tool, path: str, kept: bool
) -> None:
    """LTI13PlatformDispatcherDelegate.java@01e5e71 handleNrps (the person's key),
    LTI13ServiceImpl.java@01e5e71 subIdentity (a UUID). LTI13Dispatcher.java@bfd4595 reads more of
    the address."""
    becomes(tool, "openolat")
    url = f"{tool.moodle.server.url}{path}"
    assert tool.launch(**{NRPS: {"context_memberships_url": url}}).status_code == 303
    (course,) = tool.sql("SELECT memberships_url FROM lti_tool.course")
    assert course.memberships_url == (url if kept else "")


@pytest.mark.parametrize(
    ("held", "found"), [("same", THERE), ("another", OTHER), ("none", MISSING)]
)
def test_results_that_openolat_lists_for_nobody_are_asked_for_by_person(
    tool: Tool, held: str, found: str
) -> None:
    """LTI13PlatformDispatcherDelegate.java@a56d7f2 handleAgsResults gives an empty list to whoever
    asks for all, handleAgsResult the result to whoever asks for one: every grade was shown as gone.
    """
    finish_check(tool)
    server = tool.moodle.server
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    tool.sql("UPDATE lti_tool.grade_outbox SET sent_at = sent_at - interval '2 days'")
    becomes(tool, "openolat")
    row = grade_row(tool)
    scores = {"same": row.score, "another": row.score + 1, "none": None}
    item = {"id": f"{server.url}{COLUMN}", "label": "x", "scoreMaximum": 5}
    server.says(COLUMN, (200, "OK", item))
    own = result(scores[held], row.maximum + 1 if held == "another" else row.maximum)
    server.says(RESULTS, lambda asked: own if "user_id=5" in asked[1] else (200, "OK", []))
    assert grade_lookup.look_up_sent_grades(tool.deps, tool.tenant_id) == 1
    assert grade_row(tool).found == found


@pytest.mark.parametrize("case", ["kept", "passed over", "nobody may look"])
def test_a_score_that_blackboard_answers_with_no_content_is_looked_up(
    tool: Tool, case: str
) -> None:
    """blackboard/BBDN-LTI-Tool-Provider-Node, pull request 162: 204 for a score that is not newer,
    and its review: 204 for one that was kept as well."""
    finish_check(tool)
    becomes(tool, "blackboard")
    row = grade_row(tool)
    server = tool.moodle.server
    server.says(SCORES, (204, "No Content", ""))
    answers = {"kept": result(row.score), "passed over": result(4.75)}
    server.says(RESULTS, answers.get(case, (403, "Forbidden", "")))
    assert send_grades(tool) == (0 if case == "passed over" else 1)
    after = grade_row(tool)
    assert (after.sent_at is None) == (case == "passed over")
    assert ("4.75 of 5" in (after.refused or "")) == (case == "passed over")


def test_a_roster_that_is_too_long_for_open_edx_says_so(tool: Tool) -> None:
    """openedx/xblock-lti-consumer lti_consumer/plugin/views.py@e86791e, list of memberships."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    words = "The number of retrieved users is bigger than the maximum allowed in the configuration."
    body = {"error": "above_response_limit", "explanation": words}
    server.says("/members", (403, "Forbidden", body))
    course_with_roster(tool, "/members")
    rosters.sync_due_rosters(tool.deps, tool.tenant_id)
    assert words.rstrip(".") in last_run(tool).reason


def test_a_roster_is_asked_for_without_the_resource_link(tool: Tool) -> None:
    """code-dot-org/code-dot-org#57068: Schoology refuses a roster that is asked for with rlid."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/members", (200, "OK", {"members": [member(1)]}))
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert not any("rlid" in asked[1] for asked in server.requests)


def test_several_links_of_one_header_are_told_apart(tool: Tool) -> None:
    """Cvmcosta/ltijs#46: Canvas names current, next, first and last, without a blank between."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    names = (("current", 1), ("next", 2), ("first", 1), ("last", 2))
    link = ",".join(f'<{server.url}/members?page={page}>; rel="{name}"' for name, page in names)

    def answer(asked: Asked) -> Reply:
        if "page=2" in asked[1]:
            return (200, "OK", {"members": [member(2)]}, {"Link": link.replace("next", "prev")})
        return (200, "OK", {"members": [member(1)]}, {"Link": link})

    server.says("/members", answer)
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert (last_run(tool).pages, last_run(tool).members) == (2, 2)


def test_a_column_on_the_second_page_of_the_list_is_found(tool: Tool) -> None:
    """dmitry-viskov/pylti1.3#45: Brightspace gives 200 columns on a page."""
    finish_check(tool)
    server = tool.moodle.server
    tool.sql(
        "UPDATE lti_tool.grade_outbox SET line_item_url = '', resource_id = 'x/1w', "
        "line_items_url = :url",
        url=f"{server.url}{COLUMNS}",
    )
    others = [
        {"id": f"{server.url}/c/{n}", "label": str(n), "scoreMaximum": 5, "resourceId": str(n)}
        for n in range(200)
    ]
    wanted = {"id": f"{server.url}{COLUMN}", "label": "x", "scoreMaximum": 5, "resourceId": "x/1w"}
    more = {"Link": f'<{server.url}{COLUMNS}?page=2>; rel="next"'}
    server.says(COLUMNS, (200, "OK", others, more), (200, "OK", [wanted]))
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    assert not of_method(tool, "POST", COLUMNS)


@pytest.mark.parametrize("status", [200, 201])
def test_a_new_column_is_one_whether_it_is_answered_with_200_or_201(
    tool: Tool, status: int
) -> None:
    """Simon-Initiative/oli-torus#2018."""
    finish_check(tool)
    server = tool.moodle.server
    tool.sql(
        "UPDATE lti_tool.grade_outbox SET line_item_url = '', resource_id = 'x/1w', "
        "line_items_url = :url",
        url=f"{server.url}{COLUMNS}",
    )
    made = {"id": f"{server.url}{COLUMN}", "label": "x", "scoreMaximum": 5}
    server.says(COLUMNS, (200, "OK", []), (status, "", made))
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1


# --- registration
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "listed", "asked"),
    [
        # sakaiproject/sakai#14591 (SAK-52543): before it openid alone was listed, and every service
        # could be had.
        ("sakai", ["openid"], list(SCOPES)),
        ("sakai", ["openid", SCORE_SCOPE], [SCORE_SCOPE]),
        # instructure/canvas-lms#2398: openid is listed, and refused where a tool asks for it.
        ("other", ["openid", SCORE_SCOPE, LINE_ITEM_SCOPE], [LINE_ITEM_SCOPE, SCORE_SCOPE]),
        # A list without a scope of any service says nothing of services.
        ("other", ["openid"], list(SCOPES)),
    ],
)
def test_the_services_that_a_registration_asks_for(
    tool: Tool, family: str, listed: list[str], asked: list[str]
) -> None:
    about = {"product_family_code": family, "version": "1"}
    configuration = "https://purl.imsglobal.org/spec/lti-platform-configuration"
    lms(tool, scopes_supported=listed, **{configuration: about})
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    (sent,) = tool.moodle.server.bodies("/register")
    assert sent["scope"].split() == asked


# --- launches
# ---------------------------------------------------------------------------------


def test_a_login_of_schoology_without_a_client_is_its_hint_s(tool: Tool) -> None:
    """celtic-project/LTI-PHP#27: the issuer is the same for every app and district, and the login
    names no client; its hint begins with it (lti-ri.imsglobal.org tools 2099, 2399)."""
    add_platform(tool)
    becomes(tool, "schoology")
    for client in (CLIENT_ID, OTHER_CLIENT):
        answer = tool.login(client_id="", lti_deployment_id="", login_hint=f"{client}-77-course-9")
        assert parse_qs(urlsplit(answer.location).query)["client_id"] == [client]
    assert "client_id is missing" in tool.login(client_id="", login_hint="others-77").text


@pytest.mark.parametrize("address", ["/lti/launch", "/lti/login"])
@pytest.mark.parametrize("kind", ["basic-lti-launch-request", "ContentItemSelectionRequest"])
def test_a_launch_of_an_older_lti_is_told_as_one(
    shared_tool: Tool, address: str, kind: str
) -> None:
    """hypothesis/lms#4189: an LMS with both registrations chose the wrong one, and the page said
    nothing of use."""
    before = rows(shared_tool)
    fields = {"lti_message_type": kind, "lti_version": "LTI-1p0", "oauth_consumer_key": "k"}
    answer = shared_tool.browser.post(address, data=fields, base_url="https://127.0.0.1:8080")
    refused(shared_tool, answer, before)
    assert "older LTI (LTI-1p0)" in answer.text and "administrator of your LMS" in answer.text


def test_what_an_lms_says_of_a_sign_in_that_is_missing_is_shown(shared_tool: Tool) -> None:
    """celtic-project/LTI-PHP#66: login_required with a session_state beside it."""
    before = rows(shared_tool)
    state, _ = shared_tool.begun()
    answer = shared_tool.browser.post(
        "/lti/launch",
        data={"error": "login_required", "state": state, "session_state": "Bkd.7778"},
        base_url="https://127.0.0.1:8080",
    )
    refused(shared_tool, answer, before)
    assert "login_required" in answer.text and "Sign in there again" in answer.text


OPENS: dict[str, dict[str, Any]] = {
    # dmitry-viskov/pylti1.3#87: Blackboard, for whoever has no role in the course.
    "no role at all": {claim("roles"): []},
    # CodeGra-de/CodeGra.de#1515.
    "no title of the activity": {claim("resource_link"): {"id": "7"}},
    # microsoftarchive/Learn-LTI#172: a platform without the service, and one that says nothing of it.
    "no roster": {NRPS: ...},
    "a roster without an address": {NRPS: {"service_versions": ["2.0"]}},
    # Simon-Initiative/oli-torus#5708, code-dot-org/code-dot-org#57159.
    "no course": {claim("context"): ...},
    # Cvmcosta/ltijs-demo-server#23: Brightspace's form of an id.
    "an id of Brightspace": {"sub": "7c3605d7-5a18-4a21-b066-4992bdb0b6d3_187"},
    # docs/lms/sakai.md: an address as the id of a person.
    "an address as id": {"sub": "https://sakai.example/user/0d5f7ff0-1d3c-4f1c-9c1e-3f6a9c3cbb2d"},
    # The composite course of Coursera: PrairieLearn/PrairieLearn#15632.
    "a course of several parts": {claim("context"): {"id": "ondemand~a1b2!~3c4d", "title": "x"}},
}


@pytest.mark.parametrize("case", OPENS)
def test_a_launch_that_broke_other_tools_opens(shared_tool: Tool, case: str) -> None:
    answer = shared_tool.launch(**OPENS[case])
    assert answer.status_code == 303, answer.text
    assert shared_tool.get(answer.location).status_code == 200


def test_an_installation_id_that_is_empty_is_told_as_missing(shared_tool: Tool) -> None:
    """tl-its-umich-edu/my-learning-analytics#1401: the claim is there, and empty."""
    before = rows(shared_tool)
    answer = shared_tool.launch(**{claim("deployment_id"): ""})
    refused(shared_tool, answer, before)
    assert "deployment_id" in answer.text


def test_an_installation_that_nobody_knows_says_whose_turn_it_is(tool: Tool) -> None:
    """numbas/numbas-lti-provider#326: it said that this was no launch at all."""
    answer = tool.launch(**{claim("deployment_id"): "another"})
    assert answer.status_code == 403
    assert "approve" in answer.text


def test_a_platform_in_a_sub_directory_is_opened_again_where_it_lies(tool: Tool) -> None:
    """Cvmcosta/ltijs#86, dmitry-viskov/pylti1.3#53: Moodle at /moodle, at /moodle401."""
    address = "https://school.example/moodle401"
    tool.sql("UPDATE lti_tool.platform_registration SET issuer = :issuer", issuer=address)
    becomes(tool, "moodle")
    state, nonce = tool.begun(iss=address)
    token = tool.moodle.sign(tool.claims(nonce, iss=address))
    answer = tool.stranger().post(
        "/lti/launch", data={"state": state, "id_token": token}, base_url="https://127.0.0.1:8080"
    )
    assert f"{address}/mod/lti/launch.php?id=2" in answer.text


def test_a_first_launch_that_takes_twenty_seconds_is_fresh(tool: Tool) -> None:
    """Cvmcosta/ltijs#121: a tool that had been asleep called the first token too old."""
    state, nonce = tool.begun()
    tool.sql(
        "UPDATE lti_tool.login_state SET expires_at = expires_at - :gone",
        gone=timedelta(seconds=20),
    )
    claims = tool.claims(nonce)
    times = {"iat": claims["iat"] - 20, "exp": claims["exp"] - 20}
    assert tool.enter(state, tool.moodle.sign({**claims, **times})).status_code == 303


# --- keys
# ---------------------------------------------------------------------------------


def test_a_key_without_an_algorithm_beside_one_of_another_kind_opens(tool: Tool) -> None:
    """celtic-project/LTI-PHP#64, packbackbooks/lti-1-3-php-library#50: Brightspace's keys name no
    alg; an elliptic one stands beside it here, which must not disturb."""
    other = json.loads(
        JWK.from_pyca(ec.generate_private_key(ec.SECP256R1()).public_key()).export_public()
    )
    bare = {name: value for name, value in tool.moodle.jwk().items() if name not in ("alg", "use")}
    keys = [{**other, "kid": tool.moodle.kid}, {**other, "kid": "x", "alg": "ES256"}, bare]
    tool.moodle.server.says("/certs", (200, "OK", {"keys": keys}))
    assert tool.launch().status_code == 303


def test_a_key_set_with_a_byte_order_mark_opens(tool: Tool) -> None:
    """instructure/canvas-lms#2639."""
    content = b"\xef\xbb\xbf" + json.dumps({"keys": [tool.moodle.jwk()]}).encode()
    tool.moodle.server.says("/certs", (200, "OK", content, {"Content-Type": "text/json"}))
    assert tool.launch().status_code == 303


def test_a_token_that_names_no_key_is_refused_with_that_reason(tool: Tool) -> None:
    """openedx/xblock-lti-consumer#527: version 9.13.0 left kid out of token and key set; which key
    signed is never guessed."""
    before = rows(tool)
    state, nonce = tool.begun()
    token = jwt.encode(tool.claims(nonce), tool.moodle.key, algorithm="RS256")
    refused(tool, tool.enter(state, token), before)
    (entry,) = tool.sql("SELECT detail FROM lti_tool.launch_log ORDER BY at DESC LIMIT 1")
    assert "kid" in entry.detail


# --- access tokens
# ---------------------------------------------------------------------------------


def test_a_token_is_kept_until_a_minute_before_its_end(tool: Tool) -> None:
    """celtic-project/LTI-PHP#95: one used a second after its end; numbas/numbas-lti-provider#349:
    one asked for at every call, until the LMS limited the rate."""
    finish_check(tool)
    tool.moodle.server.says("/token", (200, "OK", {"access_token": "t", "expires_in": 3600}))
    tool.moodle.server.says(SCORES, (503, "Busy", ""), (503, "Busy", ""), (200, "OK", ""))
    tool.moodle.server.says(RESULTS, result(None))
    assert send_grades(tool) == 0
    (kept,) = tool.sql("SELECT expires_at - now() AS left FROM lti_tool.access_token")
    assert timedelta(minutes=58) < kept.left <= timedelta(minutes=59)
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 0
    asked = tool.moodle.server.count("/token")
    assert asked == 2, "one for scores, one for results"
    tool.sql("UPDATE lti_tool.access_token SET expires_at = now()")
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 1
    assert tool.moodle.server.count("/token") == asked + 2
