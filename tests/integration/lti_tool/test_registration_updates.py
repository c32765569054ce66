"""The tool is brought up to date in an LMS that has it: by an address that the LMS opens (recorded
with a Moodle 4.5.6: update-start, registration-get, registration-update), and by the address that
the LMS named for it. Canvas: aaronshaf/canvas-lms, a copy of instructure/canvas-lms,
doc/api/lti_registration_updates.md@a5e40bbc and
app/controllers/lti/ims/dynamic_registration_controller.rb@3fc3a112. The token of an LMS that gives
one: RFC 7592, 2 and 3.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.lms import dialect_for
from adapters.lms.standard import REGISTRATION_SCOPE, SCOPES
from adapters.lms.tool_configuration import TOOL_CONFIGURATION
from core.errors import BadInput, Conflict
from lti_tool import operator_api
from lti_tool.base.platforms_store import Platform
from lti_tool.launch import platform_registration, registration_updates
from lti_tool.launch.registration_updates import UpdateOutcome
from tests.support.recorded import RECORDED, exchanges
from tests.support.tool import TOOL, Reply, Tool

CONFIGURATION, REGISTRATION = (
    "/mod/lti/openid-configuration.php",
    "/mod/lti/openid-registration.php",
)
MANAGED = "/api/lti/registrations/10000000000123/configuration"
START = parse_qs(
    urlsplit(exchanges("registration")["update-start"]["response"]["headers"]["Location"]).query
)
UPDATE_TOKEN = START["registration_token"][0]
CLIENT = "fqmg1MXY3RIA6rH"


@pytest.fixture
def desk(tool: Tool) -> operator_api.TenantOperator:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    return operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )


def as_here(tool: Tool, name: str) -> Any:
    """A recorded answer, of this server."""
    body = exchanges("registration")[name]["response"]["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return json.loads(text.replace("\\/", "/").replace(RECORDED, tool.moodle.server.url))


def opened(tool: Tool, address: str, token: str = UPDATE_TOKEN, confirm: bool = True) -> Any:
    """A registration address as Moodle opens it, then the button."""
    path = urlsplit(address).path
    query = {
        "openid_configuration": tool.moodle.server.url + CONFIGURATION,
        "registration_token": token,
    }
    page = tool.browser.get(path, query_string=query, base_url="https://127.0.0.1:8080")
    if page.status_code != 200 or not confirm:
        return page
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    return tool.browser.post(path, data=fields, base_url="https://127.0.0.1:8080")


def methods(tool: Tool, path: str) -> list[str]:
    return [asked[0] for asked in tool.moodle.server.requests if urlsplit(asked[1]).path == path]


def update_address(tool: Tool, platform: Platform) -> str:
    secret = registration_updates.create_update_address(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        registration_id=platform.id,
        who="a test",
        now=tool.sql("SELECT now()")[0][0],
    )
    return platform_registration.invite_url(TOOL, secret)


@pytest.fixture
def registered(tool: Tool, desk: operator_api.TenantOperator) -> Platform:
    """The Moodle of the recording, registered, trusted and used in a way of its own."""
    server = tool.moodle.server
    server.says(CONFIGURATION, (200, "OK", as_here(tool, "openid-configuration")))
    server.says(REGISTRATION, (200, "OK", as_here(tool, "registration-get")))
    assert opened(tool, desk.create_invite("", True), token="a.b.c").status_code == 200
    made = desk.platforms()[-1]
    assert made.client_id == CLIENT
    tool.sql(
        "UPDATE lti_tool.platform_registration SET names_people = 'id', role_rights = "
        """'{"Learner": "nothing"}', frame_origins = '{https://learn.example.org}', name = 'Ours' """
        "WHERE id = :id",
        id=made.id,
    )
    desk.decide_deployment(made.id, "9", False)
    server.requests.clear()
    return desk.platforms()[-1]


def moodle_answers(tool: Tool, held: Any, answer: Any) -> None:
    """GET and POST of the registration endpoint."""

    def reply(asked: Any) -> Reply:
        return (200, "OK", held if asked[0] == "GET" else answer)

    tool.moodle.server.says(REGISTRATION, reply)


# --- Moodle opens the address for a tool that it has
# ------------------------------------------------------------------------------------------------


def test_the_recorded_update_changes_the_tool_in_moodle_and_nothing_here(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    moodle_answers(tool, as_here(tool, "registration-get"), as_here(tool, "registration-update"))
    before = desk.platforms()
    address = desk.create_invite("", False)
    page = opened(tool, address, confirm=False)
    assert "Update Carryover" in page.text and "addresses" in page.text
    assert methods(tool, REGISTRATION) == ["GET"], "a look sends nothing"
    answer = opened(tool, address)
    assert answer.status_code == 200 and "up to date" in answer.text
    assert methods(tool, REGISTRATION) == ["GET", "GET", "GET", "POST"]
    assert {
        headers["Authorization"]
        for _, path, headers, _ in tool.moodle.server.requests
        if urlsplit(path).path == REGISTRATION
    } == {f"Bearer {UPDATE_TOKEN}"}
    assert desk.platforms() == before
    assert [(one.deployment_id, one.status) for one in desk.deployments(registered.id)] == [
        ("9", "refused")
    ], "what was refused stays refused"
    assert UPDATE_TOKEN not in str(tool.sql("SELECT details FROM lti_tool.audit"))
    assert "used already" in opened(tool, address).text


def test_what_moodle_holds_already_is_not_sent_again(tool: Tool, registered: Platform) -> None:
    held = as_here(tool, "registration-get")
    ours = platform_registration.tool_registration("moodle", TOOL, SCOPES)
    config = ours[TOOL_CONFIGURATION]
    for name in ("client_name", "logo_uri", "jwks_uri", "initiate_login_uri", "redirect_uris"):
        held[name] = ours[name]
    for name in ("domain", "description", "target_link_uri", "custom_parameters"):
        held[TOOL_CONFIGURATION][name] = config[name]
    held[TOOL_CONFIGURATION]["messages"][0]["target_link_uri"] = config["target_link_uri"]
    moodle_answers(tool, held, as_here(tool, "registration-update"))
    address = update_address(tool, registered)
    assert "nothing will be sent" in opened(tool, address, confirm=False).text
    answer = opened(tool, address)
    assert "nothing was sent" in answer.text
    assert set(methods(tool, REGISTRATION)) == {"GET"}


def test_an_update_of_a_tool_that_is_not_here_is_refused_before_anything_is_sent(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    stranger = {**as_here(tool, "registration-get"), "client_id": "of-another-tool"}
    moodle_answers(tool, stranger, stranger)
    address, before = desk.create_invite("", True), desk.platforms()
    refused = opened(tool, address)
    assert refused.status_code == 409 and "not registered here" in refused.text
    assert methods(tool, REGISTRATION) == ["GET"]
    assert desk.platforms() == before and desk.is_invite_usable(address)


def test_an_update_never_reaches_the_registration_of_another_organisation(
    tool: Tool, registered: Platform
) -> None:
    other = operator_api.create_tenant(
        tool.deps.settings, name="two", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
    )
    theirs = operator_api.TenantOperator(tool.deps.unit_of_work, tool.deps.settings, other, "them")
    moodle_answers(tool, as_here(tool, "registration-get"), as_here(tool, "registration-update"))
    refused = opened(tool, theirs.create_invite("", True))
    assert refused.status_code == 409 and "not registered here" in refused.text
    assert methods(tool, REGISTRATION) == ["GET"] and theirs.platforms() == []


def test_an_answer_for_another_client_than_was_shown_changes_nothing(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    other = {**as_here(tool, "registration-update"), "client_id": "43Y2YZJCB1NzxN9"}
    moodle_answers(tool, as_here(tool, "registration-get"), other)
    before = desk.platforms()
    assert opened(tool, desk.create_invite("", True)).status_code == 409
    assert desk.platforms() == before


@pytest.mark.parametrize("case", ["another LMS", "another client", "a new registration"])
def test_an_update_address_brings_up_to_date_its_own_registration_alone(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform, case: str
) -> None:
    held = as_here(tool, "registration-get")
    token, platform = UPDATE_TOKEN, registered
    if case == "another LMS":
        platform = next(one for one in desk.platforms() if one.issuer == "http://127.0.0.1:8100")
    elif case == "another client":
        tool.sql(
            "UPDATE lti_tool.platform_registration SET client_id = 'another' WHERE id = :id",
            id=registered.id,
        )
        moodle_answers(tool, as_here(tool, "registration"), held)
        assert opened(tool, desk.create_invite("", True), token="a.b.c").status_code == 200
    else:
        token = "a.b.c"
    moodle_answers(tool, held, held)
    tool.moodle.server.requests.clear()
    before, address = desk.platforms(), update_address(tool, platform)
    refused = opened(tool, address, token)
    assert refused.status_code == 409, refused.text
    assert "POST" not in methods(tool, REGISTRATION) and desk.platforms() == before


def test_an_update_does_not_move_the_keys_of_an_lms(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    moved = {
        **as_here(tool, "openid-configuration"),
        "jwks_uri": f"{tool.moodle.server.url}/files/keys.json",
    }
    tool.moodle.server.says(CONFIGURATION, (200, "OK", moved))
    moodle_answers(tool, as_here(tool, "registration-get"), as_here(tool, "registration-update"))
    for address in (desk.create_invite("", False), update_address(tool, registered)):
        refused = opened(tool, address)
        assert refused.status_code == 409 and "was not touched" in refused.text
    assert desk.platforms()[-1].key_set_url == registered.key_set_url


def test_a_new_deployment_in_an_update_is_approved_by_nobody(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    answer = as_here(tool, "registration-update")
    answer[TOOL_CONFIGURATION]["deployment_id"] = "77"
    moodle_answers(tool, as_here(tool, "registration-get"), answer)
    assert opened(tool, desk.create_invite("", False)).status_code == 200
    found = {one.deployment_id: one.status for one in desk.deployments(registered.id)}
    assert found == {"9": "refused", "77": "pending"}


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "x..y", "a.e30.c", "a.W10.c", "a.bnVsbA.c", "a.??.c"]
)
def test_no_other_token_is_one_of_an_update(token: str) -> None:
    assert dialect_for("moodle").is_update_token(UPDATE_TOKEN)
    assert not dialect_for("moodle").is_update_token(token)
    assert not dialect_for("canvas").is_update_token(UPDATE_TOKEN)
    assert not dialect_for("standard").is_update_token(UPDATE_TOKEN)


def test_canvas_begins_an_update_of_its_own_registration_alone(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Canvas answers with the registration as it was, until its administrator accepts the update
    (DynamicRegistrationController#create, existing_registration)."""
    payload = base64.urlsafe_b64encode(b'{"existing_registration":10000000000123}').rstrip(b"=")
    token = f"a.{payload.decode()}.c"
    platform, before = managed(tool), desk.platforms()
    tool.moodle.server.says("/register", (200, "OK", {"client_id": "10000000000099"}))
    refused = opened(tool, desk.create_invite("", True), token)
    assert refused.status_code == 409 and "not registered here" in refused.text
    assert desk.platforms() == before
    tool.moodle.server.says("/register", (200, "OK", canvas_holds(tool)))
    answer = opened(tool, update_address(tool, platform), token)
    assert answer.status_code == 200, answer.text
    assert "up to date" in answer.text and desk.platforms() == before
    new = opened(tool, update_address(tool, platform), "a.b.c")
    assert new.status_code == 409 and "began a new registration" in new.text


# --- the tool comes by itself
# ------------------------------------------------------------------------------------------------


def managed(tool: Tool, family: str = "canvas", **answer: Any) -> Platform:
    """An LMS at which the tool registered, and which named an address for changes."""
    url = tool.moodle.server.url
    about = "https://purl.imsglobal.org/spec/lti-platform-configuration"
    tool.moodle.server.says(
        CONFIGURATION,
        (
            200,
            "OK",
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/auth",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/certs",
                "registration_endpoint": f"{url}/register",
                "scopes_supported": [*SCOPES, REGISTRATION_SCOPE],
                about: {"product_family_code": family},
            },
        ),
    )
    given = {
        "client_id": "10000000000001",
        "registration_client_uri": f"{url}/api/lti/registrations/10000000000123",
        **answer,
    }
    tool.moodle.server.says("/register", (200, "OK", given))
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )
    assert opened(tool, desk.create_invite("", True), token="a.b.c").status_code == 200
    tool.moodle.server.says(
        "/token",
        (200, "OK", {"access_token": "t", "expires_in": 3600, "scope": REGISTRATION_SCOPE}),
    )
    return desk.platforms()[-1]


def canvas_holds(tool: Tool, **changes: Any) -> dict[str, Any]:
    """The registration as Canvas shows it (render_registration): what was sent, with its own."""
    ours = platform_registration.tool_registration("canvas", TOOL, [*SCOPES, REGISTRATION_SCOPE])
    return {
        **ours,
        "client_id": "10000000000001",
        "scope": f"{ours['scope']} openid",
        "registration_client_uri": f"{tool.moodle.server.url}/api/lti/registrations/10000000000123",
        **changes,
    }


def update(tool: Tool, platform: Platform) -> UpdateOutcome:
    return registration_updates.update_tool(
        tool.deps, tenant_id=tool.tenant_id, registration_id=platform.id, who="a test"
    )


def test_the_right_to_change_itself_is_asked_for_where_the_lms_knows_it(tool: Tool) -> None:
    managed(tool)
    (sent,) = tool.moodle.server.bodies("/register")
    assert REGISTRATION_SCOPE in sent["scope"].split()
    (row,) = tool.sql(
        "SELECT management_url, management_token_sealed FROM lti_tool.platform_registration WHERE "
        "client_id = '10000000000001'"
    )
    assert row.management_url == tool.moodle.server.url + MANAGED
    assert row.management_token_sealed == ""


def test_canvas_is_sent_what_changed_and_its_administrator_accepts_it(tool: Tool) -> None:
    platform, old = managed(tool), canvas_holds(tool, client_name="Before")
    tool.moodle.server.says(MANAGED, (200, "OK", old))
    assert update(tool, platform) is UpdateOutcome.SENT
    asked = [one for one in tool.moodle.server.requests if one[1] == MANAGED]
    assert [one[0] for one in asked] == ["GET", "PUT"]
    assert {one[2]["Authorization"] for one in asked} == {"Bearer t"}
    sent = json.loads(asked[1][3])
    assert sent["client_name"] == "Carryover" and "client_id" not in sent
    (entry,) = tool.sql(
        "SELECT details FROM lti_tool.audit WHERE act = 'updated the tool in an LMS'"
    )
    assert (entry.details["outcome"], entry.details["parts"]) == ("sent", ["name"])
    tool.moodle.server.says(MANAGED, (200, "OK", canvas_holds(tool)))
    assert update(tool, platform) is UpdateOutcome.UNCHANGED
    assert methods(tool, MANAGED) == ["GET", "PUT", "GET"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, {"errorMessage": "The specified resource does not exist."}, "does not let tools"),
        (405, "", "does not let tools"),
        (401, {"errorMessage": "Invalid or expired access token"}, "Make an update address"),
        (403, {"errorMessage": "You are not authorized to access this registration"}, "Make an"),
        (422, {"errors": ["client_name is required"]}, "client_name is required"),
        (500, "", "did not take the update"),
        (200, "<html>", "no registration of the tool"),
        (200, [], "no registration of the tool"),
        (200, {"client_name": "Carryover"}, "without a client_id"),
    ],
)
def test_a_refusal_is_told_in_words_and_changes_nothing(
    tool: Tool, desk: operator_api.TenantOperator, status: int, body: Any, words: str
) -> None:
    platform = managed(tool)
    before = desk.platforms()
    tool.moodle.server.says(MANAGED, (status, "x", body))
    with pytest.raises(BadInput) as refused:
        update(tool, platform)
    assert words in str(refused.value)
    assert "PUT" not in methods(tool, MANAGED) and desk.platforms() == before


def test_an_lms_that_answers_for_another_client_is_sent_nothing(tool: Tool) -> None:
    platform = managed(tool)
    tool.moodle.server.says(MANAGED, (200, "OK", canvas_holds(tool, client_id="10000000000002")))
    with pytest.raises(Conflict, match="answered for the client 10000000000002"):
        update(tool, platform)
    assert methods(tool, MANAGED) == ["GET"]


def test_without_the_scope_the_way_by_an_address_is_named(tool: Tool) -> None:
    platform = managed(tool)
    tool.moodle.server.says("/token", (400, "Bad Request", {"error": "invalid_scope"}))
    with pytest.raises(BadInput, match="Make an update address"):
        update(tool, platform)
    assert methods(tool, MANAGED) == []


def test_the_token_that_an_lms_gives_is_sealed_used_and_replaced(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """RFC 7592, 2.2 (the client names itself) and 3 (a new token takes the place of the old)."""
    token = "reg-23410913-abewfq"
    url = tool.moodle.server.url
    platform = managed(
        tool, "other", registration_access_token=token, registration_client_uri=f"{url}/connect/7"
    )
    held = {**canvas_holds(tool), "client_name": "Before"}
    rotated = {**held, "client_name": "Carryover", "registration_access_token": "the-next-one"}
    rotated["registration_client_uri"] = f"{url}/connect/7"
    tool.moodle.server.says("/connect/7", (200, "OK", held), (200, "OK", rotated))
    assert update(tool, platform) is UpdateOutcome.UPDATED
    asked = [one for one in tool.moodle.server.requests if one[1] == "/connect/7"]
    assert [one[2]["Authorization"] for one in asked] == [f"Bearer {token}"] * 2
    assert json.loads(asked[1][3])["client_id"] == platform.client_id
    update(tool, platform)
    last = tool.moodle.server.requests[-1]
    assert last[2]["Authorization"] == "Bearer the-next-one"
    kept = str(tool.sql("SELECT * FROM lti_tool.platform_registration"))
    audit = str(tool.sql("SELECT * FROM lti_tool.audit"))
    shown = str([vars(one) for one in desk.platforms()])
    for secret in (token, "the-next-one"):
        assert secret not in kept + audit + shown
    assert all(token not in asked[1] for asked in tool.moodle.server.requests)


@pytest.mark.parametrize(
    "named",
    [
        "https://evil.example/registrations/1",
        "http://127.0.0.1:9/registrations/1",
        "javascript:alert(1)",
        "/registrations/1",
        5,
        None,
    ],
)
def test_no_token_goes_to_an_address_that_is_not_the_lms_s_own(
    tool: Tool, desk: operator_api.TenantOperator, named: Any
) -> None:
    platform = managed(
        tool, "other", registration_client_uri=named, registration_access_token="secret"
    )
    (row,) = tool.sql(
        "SELECT management_url, management_token_sealed FROM lti_tool.platform_registration WHERE "
        "id = :id",
        id=platform.id,
    )
    assert tuple(row) == ("", "")
    with pytest.raises(Conflict, match="Make an update address"):
        update(tool, platform)


@pytest.mark.parametrize(
    ("issuer", "url", "kept"),
    [
        (
            "https://canvas.instructure.com",
            "https://school.instructure.com/api/lti/registrations/1",
            "https://school.instructure.com/api/lti/registrations/1/configuration",
        ),
        ("https://canvas.instructure.com", "https://evil.example/api/lti/registrations/1", ""),
        ("https://canvas.instructure.com", "https://evilinstructure.com/x", ""),
        ("https://canvas.instructure.com", "http://school.instructure.com/x", ""),
        ("https://canvas.instructure.com", "https://a.instructure.com@evil.example/x", ""),
        (
            "https://canvas.school.example",
            "https://canvas.school.example/api/lti/registrations/1/configuration",
            "https://canvas.school.example/api/lti/registrations/1/configuration",
        ),
        ("https://canvas.school.example", "https://canvas.instructure.com/x", ""),
    ],
)
def test_who_may_be_asked_for_a_registration_of_canvas(issuer: str, url: str, kept: str) -> None:
    """Everybody can say the issuer of hosted Canvas: its hosts alone get a token."""
    assert dialect_for("canvas").management_url(issuer, url) == kept


def test_a_plain_address_does_not_turn_an_update_to_a_new_place(tool: Tool) -> None:
    """Who holds an address that approves nothing cannot change where tokens go."""
    platform = managed(tool)
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )
    elsewhere = f"{tool.moodle.server.url}/elsewhere"
    given = {"client_id": platform.client_id, "registration_client_uri": elsewhere}
    tool.moodle.server.says("/register", (200, "OK", given))
    assert opened(tool, desk.create_invite("", False), token="a.b.c").status_code == 200
    (row,) = tool.sql(
        "SELECT management_url FROM lti_tool.platform_registration WHERE id = :id", id=platform.id
    )
    assert row.management_url.endswith(MANAGED)


def test_what_was_given_to_one_client_is_not_used_for_another(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    platform = managed(tool)
    desk.change_platform(platform.id, {"client_id": "another"})
    with pytest.raises(Conflict, match="named no address"):
        update(tool, platform)


def test_a_platform_that_is_not_in_use_is_not_called(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    platform = managed(tool)
    desk.set_status(platform.id, "disable")
    with pytest.raises(Conflict, match="Approve this platform first"):
        update(tool, platform)
    assert methods(tool, MANAGED) == []


def test_the_page_of_the_platform_updates_the_tool_or_makes_an_address(
    tool: Tool, desk: operator_api.TenantOperator, registered: Platform
) -> None:
    canvas = managed(tool)
    tool.moodle.server.says(MANAGED, (200, "OK", canvas_holds(tool, client_name="Before")))
    tool.launch("launch-resource-admin")
    tool.grant_to("2", "admin")
    home = tool.launch("launch-resource-admin").location.removeprefix(TOOL)
    page = tool.get(f"{home}admin/platforms/{canvas.id}")
    assert "Update tool" in page.text
    done = tool.post(f"{home}admin/platforms/{canvas.id}/tool", page, act="update")
    assert "once an administrator accepts it" in done.text
    tool.moodle.server.says(MANAGED, (404, "Not Found", ""))
    refused = tool.post(f"{home}admin/platforms/{canvas.id}/tool", page, act="update")
    assert refused.status_code == 400 and "does not let tools" in refused.text
    page = tool.get(f"{home}admin/platforms/{registered.id}")
    assert "Update tool" not in page.text
    made = tool.post(f"{home}admin/platforms/{registered.id}/tool", page, act="address")
    assert f"{TOOL}/lti/register/" in made.text and "choose to update" in made.text
    assert tool.post(f"{home}admin/platforms/4711/tool", page, act="update").status_code == 404
