"""The recorded exchanges with a real Moodle, replayed: tokens, line items, scores, rosters,
registration, chosen content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.lms import Grade, LineItem, ResponseVerdict, dialect_for
from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from adapters.lms.standard import LINE_ITEM_SCOPE, RESULT_SCOPE, ROSTER_SCOPE, SCORE_SCOPE
from core.http_client import OutsideCallFailed
from lti_tool import operator_api
from lti_tool.base import access_tokens, platform_services, platforms_store
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import line_items
from lti_tool.people import rosters
from tests.support.recorded import RECORDED, exchanges, replayed
from tests.support.recorded_courses import course_with_roster, picked
from tests.support.tool import CAPTURES, TOOL, Tool

MOODLE = dialect_for("moodle")
ITEMS = "/mod/lti/services.php/2/lineitems?type_id=2"


def moodle(tool: Tool) -> Platform:
    """The registered platform, as Moodle."""
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return platforms_store.list_platforms(connection, tool.tenant_id)[0]


def with_token(tool: Tool) -> Platform:
    tool.moodle.server.says(
        "/token", (200, "OK", exchanges("services")["token-all"]["response"]["body"])
    )
    return moodle(tool)


# --- tokens
# -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in exchanges("services") if name.startswith("token-")]
)
def test_token_answers(tool: Tool, name: str) -> None:
    recorded = exchanges("services")[name]["response"]
    tool.moodle.server.says(
        "/token",
        (
            recorded["status"],
            recorded["reason"],
            recorded["body"],
            {"Content-Type": recorded["headers"]["Content-Type"]},
        ),
    )
    granted = (
        recorded["body"].get("scope", "").split() if isinstance(recorded["body"], dict) else []
    )
    if SCORE_SCOPE in granted:
        assert (
            access_tokens.get_access_token(tool.deps, moodle(tool), SCORE_SCOPE)
            == recorded["body"]["access_token"]
        )
    else:
        with pytest.raises(TokenRefused) as refused:
            access_tokens.get_access_token(tool.deps, moodle(tool), SCORE_SCOPE)
        assert "score" in str(refused.value)


def test_a_token_is_asked_for_once_an_hour_and_never_kept_in_clear(tool: Tool) -> None:
    platform = with_token(tool)
    given = [access_tokens.get_access_token(tool.deps, platform, SCORE_SCOPE) for _ in range(3)]
    assert len(set(given)) == 1
    assert tool.moodle.server.count("/token") == 1
    sealed = tool.sql("SELECT token_sealed, expires_at FROM lti_tool.access_token")[0]
    assert given[0] not in sealed.token_sealed
    tool.sql("UPDATE lti_tool.access_token SET expires_at = now()")
    access_tokens.get_access_token(tool.deps, platform, SCORE_SCOPE)
    assert tool.moodle.server.count("/token") == 2


# --- line items
# -------------------------------------------------------------------------------------------------------------------


def test_line_items_are_found_by_resource_read_made_changed_and_removed(tool: Tool) -> None:
    platform, url = with_token(tool), tool.moodle.server.url + ITEMS
    replayed(
        tool.moodle.server,
        "lineitems-by-resource_id-r1",
        "lineitem-create-1",
        "lineitem-put",
        "lineitem-get",
        "lineitem-delete",
    )
    found = line_items.find_line_item(tool.deps, platform, url, "r1")
    assert found is not None
    assert (found.label, found.maximum, found.tag) == ("Étape 1", 11, "t")
    assert urlsplit(found.url).query == "type_id=2"
    made = line_items.create_line_item(tool.deps, platform, url, LineItem("Étape 1", 11, "r1", "t"))
    assert made.resource_id == "r1"
    line_items.rename_line_item(
        tool.deps, platform, LineItem("Renamed", 50, "r1b", "tt", found.url)
    )
    deleted = next(one for name, one in exchanges("services").items() if name == "lineitem-delete")[
        "request"
    ]["url"]
    line_items.delete_line_item(
        tool.deps, platform, deleted.replace(RECORDED, tool.moodle.server.url)
    )
    there = exchanges("services")["lineitem-get"]["request"]["url"].replace(
        RECORDED, tool.moodle.server.url
    )
    read = line_items.fetch_line_item(tool.deps, platform, there)
    assert read is not None and read.label == "Étape 0"


def test_a_list_without_matching_items_is_no_column(tool: Tool) -> None:
    platform = with_token(tool)
    replayed(tool.moodle.server, "lineitems-list")
    tool.moodle.server.says(
        "/mod/lti/services.php/2/lineitems",
        (200, "OK", exchanges("services")["lineitems-list"]["response"]["body"]),
    )
    assert (
        line_items.find_line_item(
            tool.deps, platform, tool.moodle.server.url + ITEMS, "of-another-resource"
        )
        is None
    )


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in exchanges("services")
        if name.startswith("lineitem-create-")
        and exchanges("services")[name]["response"]["status"] >= 400
    ],
)
def test_refused_columns_say_why(tool: Tool, name: str) -> None:
    from core.errors import BadInput

    platform, recorded = with_token(tool), exchanges("services")[name]["response"]
    tool.moodle.server.says(
        "/mod/lti/services.php/2/lineitems",
        (recorded["status"], recorded["reason"], recorded["body"]),
    )
    with pytest.raises((BadInput, OutsideCallFailed), match=str(recorded["status"])):
        line_items.create_line_item(
            tool.deps, platform, tool.moodle.server.url + ITEMS, LineItem("x", 5, "r", "t")
        )


# --- scores
# -----------------------------------------------------------------------------------------------------------------------

SCORES = [name for name in exchanges("services") if name.startswith("score-")]


@pytest.mark.parametrize("name", SCORES)
def test_every_recorded_answer_to_a_score_has_its_meaning(name: str) -> None:
    recorded = exchanges("services")[name]["response"]
    body = recorded["body"] if isinstance(recorded["body"], str) else json.dumps(recorded["body"])
    told = MOODLE.outcome(recorded["status"], recorded["reason"], {}, body.encode())
    expected = {
        200: ResponseVerdict.ACCEPTED,
        409: ResponseVerdict.NOT_NEWER,
        401: ResponseVerdict.RETRY_LATER,
        502: ResponseVerdict.RETRY_LATER,
    }.get(recorded["status"], ResponseVerdict.REJECTED)
    assert told.verdict is expected
    assert "{" not in str(told.words), "what the person was graded with is not repeated"
    if told.verdict is ResponseVerdict.REJECTED:
        assert "send it again" in str(told.words) or "sending again" in str(told.words), told.words


def test_a_score_is_the_request_that_a_real_moodle_took() -> None:
    recorded = exchanges("services")["score-ok"]["request"]
    sent = json.loads(recorded["body"])
    grade = Grade("5", 8, 10, datetime.fromisoformat(sent["timestamp"]), sent["comment"])
    request = MOODLE.score(recorded["url"].replace("/scores", ""), grade, "token")
    assert (request.method, request.url) == (recorded["method"], recorded["url"])
    assert request.headers["Content-Type"] == recorded["headers"]["Content-Type"]
    ours, theirs = json.loads(request.body or b""), sent
    assert datetime.fromisoformat(ours.pop("timestamp")) == datetime.fromisoformat(
        theirs.pop("timestamp")
    )
    assert ours == theirs


def test_the_recorded_sequence_of_scores_with_its_409s() -> None:
    """Whole seconds are compared, in whatever offset they are written."""
    newest: datetime | None = None
    sequence = json.loads((CAPTURES / "score-sequence.json").read_text())
    for step in sequence:
        at = datetime.fromisoformat(step["score"]["timestamp"])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        told = MOODLE.outcome(step["status"], step["reason"], {}, b"[]")
        newer = newest is None or at.replace(microsecond=0) > newest
        assert told.verdict is (ResponseVerdict.ACCEPTED if newer else ResponseVerdict.NOT_NEWER)
        if newer:
            newest = at.replace(microsecond=0)
        given = step["score"]["scoreGiven"]
        if (
            step["results"] is not None
            and told.verdict is ResponseVerdict.ACCEPTED
            and step["score"]["gradingProgress"] == "FullyGraded"
            and given is not None
        ):
            result = MOODLE.read_result(step["results"], "7")
            assert result.score is not None and result.maximum == 10
    assert [step["status"] for step in sequence].count(409) == 2


@pytest.mark.parametrize(
    ("name", "score"),
    [("results-after-ok", 8), ("results-user", None), ("results-after-pending", None)],
)
def test_results_are_read(tool: Tool, name: str, score: float | None) -> None:
    recorded = exchanges("services")[name]["response"]["body"]
    result = MOODLE.read_result(recorded, "5")
    assert score is None or result.score == score
    assert MOODLE.read_result(recorded, "nobody").score is None


def test_results_are_asked_for_as_moodle_answers(tool: Tool) -> None:
    request = MOODLE.results(
        f"{RECORDED}/mod/lti/services.php/2/lineitems/3/lineitem?type_id=2", "5", "token"
    )
    assert (
        request.url == f"{RECORDED}/mod/lti/services.php/2/lineitems/3/lineitem/results?user_id=5"
    )
    assert (
        request.headers["Accept"]
        == exchanges("services")["results-user"]["request"]["headers"]["Accept"]
    )


# --- rosters
# ----------------------------------------------------------------------------------------------------------------------


PAGES = "/mod/lti/services.php/CourseSection/2/bindings/2/memberships"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (PAGES, ["nrps-all"]),
        (
            f"{PAGES}?limit=2&from=0",
            ["nrps-limit2-from0", "nrps-limit2-from2", "nrps-limit2-from4"],
        ),
    ],
)
def test_the_recorded_roster_is_read_to_its_end(tool: Tool, path: str, names: list[str]) -> None:
    with_token(tool)
    # Moodle takes a limit, as the pages of two show; a course of six fits into one of 500.
    replayed(tool.moodle.server, *names, without="?limit=500")
    course_with_roster(tool, path)
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    run = tool.sql("SELECT pages, members, reason FROM lti_tool.roster_run")[0]
    recorded = {
        one["user_id"]: one
        for name in names
        for one in exchanges("services")[name]["response"]["body"]["members"]
    }
    assert (run.pages, run.members, run.reason) == (len(names), len(recorded), "")
    people = {
        row.subject: row
        for row in tool.sql(
            "SELECT i.subject, m.role, m.active, p.name FROM lti_tool.membership m JOIN "
            "lti_tool.identity i ON i.person_id = m.person_id"
            " JOIN lti_tool.person p ON p.id = m.person_id"
        )
    }
    assert {subject for subject, row in people.items() if row.active} == set(recorded)
    for subject, member in recorded.items():
        assert people[subject].role == ("teacher" if "Instructor" in member["roles"] else "learner")
        assert people[subject].name == member["name"]


def test_the_token_scopes_of_every_service() -> None:
    recorded = exchanges("services")["token-all"]["response"]["body"]["scope"].split()
    assert {SCORE_SCOPE, LINE_ITEM_SCOPE, RESULT_SCOPE, ROSTER_SCOPE} <= set(recorded)


def test_the_curly_quotes_of_moodles_line_item_paging_lead_nowhere(tool: Tool) -> None:
    platform = with_token(tool)
    replayed(tool.moodle.server, "lineitems-limit2-from0")
    url = exchanges("services")["lineitems-limit2-from0"]["request"]["url"].replace(
        RECORDED, tool.moodle.server.url
    )
    pages = list(
        platform_services.iter_pages(
            tool.deps,
            platform,
            (LINE_ITEM_SCOPE,),
            url,
            lambda address, token: MOODLE.find_line_items(address, token),
        )
    )
    assert len(pages) == 1


# --- registration
# -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def invite(tool: Tool) -> Callable[..., str]:
    """Makes an address that registers once."""

    def make(approves: bool = False) -> str:
        desk = operator_api.TenantOperator(
            tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
        )
        return urlsplit(desk.create_invite("a school", approves)).path

    return make


def registering(tool: Tool, address: str) -> Any:
    """What the LMS opens, then the button of our page."""
    found = {
        "openid_configuration": f"{tool.moodle.server.url}/mod/lti/openid-configuration.php",
        "registration_token": "a.b.c",
    }
    page = tool.browser.get(address, query_string=found, base_url="https://127.0.0.1:8080")
    if page.status_code != 200:
        return page
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    return tool.browser.post(address, data=fields, base_url="https://127.0.0.1:8080")


def test_the_recorded_registration(tool: Tool, invite: Callable[..., str]) -> None:
    replayed(tool.moodle.server, "openid-configuration", "registration", file="registration")
    tool.moodle.server.says(
        "/mod/lti/openid-configuration.php", (200, "OK", as_here(tool, "openid-configuration"))
    )
    tool.moodle.server.says(
        "/mod/lti/openid-registration.php", (200, "OK", as_here(tool, "registration"))
    )
    address = invite()
    answer = registering(tool, address)
    assert answer.status_code == 200
    assert "waits for approval" in answer.text
    method, _, headers, body = next(
        one for one in tool.moodle.server.requests if one[1].endswith("openid-registration.php")
    )
    assert (method, headers["Authorization"], headers["Content-Type"]) == (
        "POST",
        "Bearer a.b.c",
        "application/json",
    )
    ours, theirs = (
        json.loads(body),
        json.loads(exchanges("registration")["registration"]["request"]["body"]),
    )
    assert set(ours) == set(theirs), "the members that Moodle took"
    config, recorded = (
        one["https://purl.imsglobal.org/spec/lti-tool-configuration"] for one in (ours, theirs)
    )
    assert set(config) == set(recorded)
    assert config["domain"] == "127.0.0.1:8080", "with its port"
    assert "=" not in "".join(config["custom_parameters"].values())
    row = tool.sql("SELECT * FROM lti_tool.platform_registration ORDER BY id DESC LIMIT 1")[0]
    assert (row.status, row.family, row.client_id, row.issuer) == (
        "pending",
        "moodle",
        "43Y2YZJCB1NzxN9",
        tool.moodle.server.url,
    )
    assert not row.approve_deployments
    assert [
        one.deployment_id
        for one in tool.sql(
            "SELECT deployment_id FROM lti_tool.deployment WHERE registration_id = :id", id=row.id
        )
    ] == ["2"]
    again = registering(tool, address)
    assert again.status_code == 400
    assert "used already" in again.text


def as_here(tool: Tool, name: str) -> Any:
    body = exchanges("registration")[name]["response"]["body"]
    return (
        json.loads(body.replace("\\/", "/").replace(RECORDED, tool.moodle.server.url))
        if isinstance(body, str)
        else json.loads(json.dumps(body).replace(RECORDED, tool.moodle.server.url))
    )


REFUSALS = [
    name for name, one in exchanges("registration").items() if one["response"]["status"] >= 400
]


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_registration_says_why_keeps_nothing_and_gives_the_invite_back(
    tool: Tool, invite: Callable[..., str], name: str
) -> None:
    recorded = exchanges("registration")[name]["response"]
    tool.moodle.server.says(
        "/mod/lti/openid-configuration.php", (200, "OK", as_here(tool, "openid-configuration"))
    )
    tool.moodle.server.says(
        "/mod/lti/openid-registration.php",
        (recorded["status"], "x", recorded["body"]),
        (200, "OK", as_here(tool, "registration")),
    )
    address, before = invite(), tool.rows("platform_registration")
    refused = registering(tool, address)
    assert refused.status_code == 400
    assert str(recorded["status"]) in refused.text
    assert "a.b.c" not in refused.text
    assert tool.rows("platform_registration") == before
    assert registering(tool, address).status_code == 200, (
        "the same address again, once the LMS is right"
    )


def test_a_registration_is_brought_up_to_date_by_its_own_lms_alone(
    tool: Tool, invite: Callable[..., str]
) -> None:
    tool.moodle.server.says(
        "/mod/lti/openid-configuration.php", (200, "OK", as_here(tool, "openid-configuration"))
    )
    tool.moodle.server.says(
        "/mod/lti/openid-registration.php", (200, "OK", as_here(tool, "registration-update"))
    )
    assert registering(tool, invite(True)).status_code == 200
    count = tool.rows("platform_registration")
    tool.sql(
        "UPDATE lti_tool.platform_registration SET key_set_url = 'https://old.example/keys' "
        "WHERE issuer = :issuer",
        issuer=tool.moodle.server.url,
    )
    refused = registering(tool, invite())
    assert refused.status_code == 409, (
        "who may change where keys are may forge launches: not by an invite that approves nothing"
    )
    assert "was not touched" in refused.text
    answer = registering(tool, invite(True))
    assert "up to date" in answer.text
    assert tool.rows("platform_registration") == count
    row = tool.sql(
        "SELECT status, key_set_url FROM lti_tool.platform_registration WHERE issuer = :issuer",
        issuer=tool.moodle.server.url,
    )[0]
    assert (row.status, row.key_set_url) == (
        "approved",
        f"{tool.moodle.server.url}/mod/lti/certs.php",
    )


# --- chosen content
# ---------------------------------------------------------------------------------------------------------------


VARIANTS = json.loads((CAPTURES / "deep-linking.json").read_text())


def test_one_check_as_the_recorded_choice_that_moodle_took(tool: Tool) -> None:
    moodle(tool)
    answer, claims = picked(tool, ["check-1w"])
    recorded = VARIANTS["offered"]["pick"]
    assert set(claims) == set(recorded), (
        "no member more, none less: Moodle sends no data, so none goes back"
    )
    (item,) = claims[f"{DEEP_LINKING_PREFIX}content_items"]
    (theirs,) = recorded[f"{DEEP_LINKING_PREFIX}content_items"]
    assert set(item) < set(theirs)
    assert "url" not in item, "Moodle then binds the activity to this very tool"
    assert item["custom"] == {"programme": "phishing-response", "page": "check-1w"}
    assert set(item["lineItem"]) == set(theirs["lineItem"])
    assert (item["lineItem"]["scoreMaximum"], item["lineItem"]["resourceId"]) == (
        5,
        "phishing-response/1w",
    )
    form = VARIANTS["outcome"]["pick"]["values"]
    assert form["instructorcustomparameters"] == "item_id=7\nresource=quiz-7", (
        "a custom value stands on a line of its own"
    )
    assert 'action="http://127.0.0.1:8100/mod/lti/contentitem_return.php' in answer.text
    assert "form-action 'self' http://127.0.0.1:8100;" in answer.headers["Content-Security-Policy"]


def test_several_choices_as_recorded(tool: Tool) -> None:
    moodle(tool)
    _, claims = picked(tool, ["today", "check-1d", "check-1m"])
    items = claims[f"{DEEP_LINKING_PREFIX}content_items"]
    assert [item["custom"]["page"] for item in items] == ["today", "check-1d", "check-1m"]
    assert ["lineItem" in item for item in items] == [False, True, True], (
        "one column for each check"
    )
    assert len(VARIANTS["outcome"]["pickmulti"]["course_items"]) > 2


@pytest.mark.parametrize("variant", ["pickempty", "picknoitems"])
def test_no_choice_as_recorded(tool: Tool, variant: str) -> None:
    _, claims = picked(tool, [])
    assert claims[f"{DEEP_LINKING_PREFIX}content_items"] == []
    assert claims[f"{CLAIM_PREFIX}message_type"] == "LtiDeepLinkingResponse"
    assert not VARIANTS["outcome"][variant]["modal_still_open"], (
        "Moodle closes its window at such an answer"
    )


def test_the_answer_names_deployment_and_audience_although_moodle_does_not_look(tool: Tool) -> None:
    _, claims = picked(tool, ["today"])
    assert (claims["aud"], claims[f"{CLAIM_PREFIX}deployment_id"]) == ("http://127.0.0.1:8100", "2")
    assert claims["exp"] - claims["iat"] == 300
    assert VARIANTS["outcome"]["pickexpired"]["modal_still_open"], "but it does look at the time"


def test_the_recorded_login_initiation_goes_on(tool: Tool) -> None:
    recorded = "http://127.0.0.1:9500/launch?item=7"
    assert tool.login(target_link_uri=recorded).status_code == 400, "another tool's address"
    answer = tool.login(
        target_link_uri=f"{TOOL}/lti/launch?item=7",
        lti_message_hint='{"cmid":2,"launchid":"ltilaunch1_1005405240"}',
    )
    asked = parse_qs(urlsplit(answer.location).query)
    assert asked["redirect_uri"] == [f"{TOOL}/lti/launch"], "exact, without a query"
    assert asked["response_mode"] == ["form_post"]
