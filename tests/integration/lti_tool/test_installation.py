"""Installing without us: invites, what is refused at registration, Canvas, by hand, deployments,
keys.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt as pyjwt
import pytest

from adapters.lms import dialect_for
from adapters.lms.claims import CLAIM_PREFIX
from adapters.lms.standard import SCOPES
from core.errors import BadInput, Conflict
from lti_tool import operator_api
from lti_tool.base import access_tokens
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.launch import manual_registration
from lti_tool.launch.manual_registration import ManualRegistration
from tests.support.registrations import lms, open_address
from tests.support.tool import Tool

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"


@pytest.fixture
def desk(tool: Tool) -> operator_api.TenantOperator:
    return operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )


def test_a_look_changes_nothing_and_the_button_registers_once(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    lms(tool)
    address = desk.create_invite("the school", True)
    page = open_address(tool, address, confirm=False)
    assert "the school" in page.text
    assert tool.moodle.server.count("/register") == 0
    assert (
        f"frame-ancestors 'self' {tool.moodle.server.url}"
        in page.headers["Content-Security-Policy"]
    )
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert open_address(tool, address).status_code == 200
    assert (
        tool.moodle.server.bodies("/register")[0]["scope"]
        == "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    ), "no scope that it does not know"
    made = desk.platforms()[-1]
    assert (made.client_id, made.status, made.approve_deployments, made.family) == (
        "new-client",
        "approved",
        True,
        "standard",
    )
    assert made.names_people == "nobody", (
        "no LMS says who somebody of the list is until an administrator lets it"
    )
    assert open_address(tool, address).status_code == 400


def test_an_lms_that_names_no_scope_of_a_service_is_asked_for_all(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Sakai (sakaiproject/sakai d9f1d974, LTI13Servlet handleWellKnown): ["openid"], and the form
    that the registration fills ticks grades and the roster by the scopes that were asked for."""
    shape = Path(__file__).parents[2] / "support" / "dialects" / "sakai.json"
    named = json.loads(shape.read_text())["openid_configuration"]["body"]["scopes_supported"]
    lms(tool, scopes_supported=named)
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    (sent,) = tool.moodle.server.bodies("/register")
    assert sent["scope"].split() == list(SCOPES)


def test_the_scope_of_groups_is_asked_for_where_the_lms_names_it(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Blackboard's scopes (tests/support/dialects/blackboard.json: Behind the Blackboard 000090618)
    hold it; Moodle's, in its recorded configuration, do not."""
    shape = Path(__file__).parents[2] / "support" / "dialects" / "blackboard.json"
    named = json.loads(shape.read_text())["openid_configuration"]["body"]["scopes_supported"]
    lms(tool, scopes_supported=named)
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    lms(tool, scopes_supported=[scope for scope in named if "lti-gs" not in scope])
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    with_groups, without = (
        sent["scope"].split() for sent in tool.moodle.server.bodies("/register")
    )
    assert set(with_groups) - set(without) == {
        "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
    }


def test_the_address_in_demo_json_is_known_to_be_used_although_an_older_one_is_open(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Each start makes an address: the unused one of the start before hid that this one was used."""
    lms(tool)
    desk.create_invite("the demo", True)
    address = desk.create_invite("the demo", True)
    assert desk.is_invite_usable(address)
    assert open_address(tool, address).status_code == 200
    assert not desk.is_invite_usable(address)
    tool.sql(
        "UPDATE lti_tool.registration_invite SET expires_at = now() + interval '1 hour' WHERE "
        "used_at IS NULL"
    )
    assert not desk.is_invite_usable(desk.create_invite("the demo", True) + "x"), (
        "nor one that is none"
    )


@pytest.mark.parametrize("case", ["no such invite", "withdrawn", "expired"])
def test_an_address_that_is_none(tool: Tool, desk: operator_api.TenantOperator, case: str) -> None:
    lms(tool)
    address = desk.create_invite("", True)
    if case == "withdrawn":
        tool.sql("UPDATE lti_tool.registration_invite SET expires_at = now()")
    elif case == "expired":
        tool.sql("UPDATE lti_tool.registration_invite SET expires_at = now() - interval '1 day'")
    else:
        address += "x"
    answer = open_address(tool, address)
    assert answer.status_code in (400, 404)
    assert tool.moodle.server.count("/openid") == 0, (
        "nobody makes this server call addresses without an invite"
    )


def test_opened_in_a_browser_it_says_where_it_belongs(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    page = open_address(
        tool, desk.create_invite("", True), openid_configuration="", registration_token=""
    )
    assert page.status_code == 400
    assert "belongs into the LMS" in page.text


LIES: dict[str, dict[str, Any]] = {
    "issuer of another host": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": ...},
    "no token endpoint": {"token_endpoint": ...},
    "a script as an endpoint": {"authorization_endpoint": "javascript:alert(1)"},
    "an endpoint no text": {"jwks_uri": 5},
    "Moodle with a key set elsewhere": {
        "jwks_uri": "https://evil.example/certs",
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {
            "product_family_code": "moodle"
        },
    },
    "Canvas's issuer from a stranger": {
        "issuer": "https://canvas.instructure.com",
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {
            "product_family_code": "canvas"
        },
    },
}


@pytest.mark.parametrize("case", LIES)
def test_a_configuration_that_contradicts_itself(
    tool: Tool, desk: operator_api.TenantOperator, case: str
) -> None:
    lms(tool, **LIES[case])
    before = len(desk.platforms())
    answer = open_address(tool, desk.create_invite("", True))
    assert answer.status_code == 400
    assert tool.moodle.server.count("/register") == 0
    assert len(desk.platforms()) == before


@pytest.mark.parametrize(
    "answer",
    [
        (500, "Error", ""),
        (302, "Found", "", {"Location": "http://169.254.169.254/"}),
        (200, "OK", "<html>"),
        (200, "OK", "x" * 100_000),
        (404, "No", ""),
    ],
)
def test_a_configuration_that_is_none(
    tool: Tool, desk: operator_api.TenantOperator, answer: Any
) -> None:
    tool.moodle.server.says("/openid", answer)
    refused = open_address(tool, desk.create_invite("", True))
    assert refused.status_code == 400
    assert "<h1>" in refused.text


@pytest.mark.parametrize(
    "answer", [{"client_name": "Carryover"}, {"client_id": ""}, {"client_id": None}, []]
)
def test_an_answer_without_a_client_id_keeps_nothing_and_gives_the_invite_back(
    tool: Tool, desk: operator_api.TenantOperator, answer: Any
) -> None:
    """docs/lti-certification.md, 9.9 (LTI Dynamic Registration 1.0, the platform's answer)."""
    lms(tool, (200, "OK", answer))
    before, address = len(desk.platforms()), desk.create_invite("", True)
    refused = open_address(tool, address)
    assert refused.status_code == 400
    assert "without a client_id" in refused.text
    assert len(desk.platforms()) == before
    assert desk.is_invite_usable(address)
    lms(tool)
    assert open_address(tool, address).status_code == 200
    assert desk.platforms()[-1].client_id == "new-client"


def test_an_lms_that_gives_no_registration_token_is_registered_without_one(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """docs/lti-certification.md, 9.11: registration_token is optional (LTI Dynamic Registration
    1.0, the initiation request).
    """
    lms(tool)
    answer = open_address(tool, desk.create_invite("", True), registration_token="")
    assert answer.status_code == 200, answer.text
    sent = {
        path: headers
        for _, path, headers, _ in tool.moodle.server.requests
        if path in ("/openid", "/register")
    }
    assert set(sent) == {"/openid", "/register"}
    assert not any("Authorization" in headers for headers in sent.values())
    assert desk.platforms()[-1].client_id == "new-client"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://localhost/x",
        "https://169.254.169.254/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "ftp://a/b",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_no_address_inside_the_network_is_called(
    tool: Tool, desk: operator_api.TenantOperator, url: str
) -> None:
    """SSRF: what a stranger names is judged after resolution (and plain http is no way at all)."""
    from core.http_client import GuardedClient

    strict = GuardedClient(allow_private=False)
    object.__setattr__(tool.deps, "client", strict)
    try:
        refused = open_address(tool, desk.create_invite("", True), openid_configuration=url)
    finally:
        strict.close()
    assert refused.status_code == 400
    assert "could not be asked" in refused.text or "no web address" in refused.text


def test_a_client_of_another_organisation_is_never_taken_over(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    lms(tool, (200, "OK", {"client_id": "theirs"}))
    other = operator_api.create_tenant(
        _settings(tool), name="two", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
    )
    theirs = operator_api.TenantOperator(tool.deps.unit_of_work, tool.deps.settings, other, "them")
    assert open_address(tool, theirs.create_invite("", True)).status_code == 200
    answer = open_address(tool, desk.create_invite("", True))
    assert answer.status_code == 409
    assert "another organisation" in answer.text
    assert [one.client_id for one in theirs.platforms()] == ["theirs"]


def _settings(tool: Tool) -> Any:
    return tool.deps.settings


def test_a_platform_has_the_name_that_its_address_was_made_for(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Two registrations of one host are told apart by it."""
    for client, note in (("first", "Our Moodle"), ("second", "")):
        lms(tool, (200, "OK", {"client_id": client}))
        assert open_address(tool, desk.create_invite(note, True)).status_code == 200
    named = {one.client_id: one.name for one in desk.platforms()}
    assert named["first"] == "Our Moodle" and "127.0.0.1" in named["second"]


def test_pending_then_approved_then_off_then_removed(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    lms(tool, (200, "OK", {"client_id": "new", TOOL_CONFIGURATION: {"deployment_id": 7}}))
    assert "waits for approval" in open_address(tool, desk.create_invite("", False)).text
    made = desk.platforms()[-1]
    assert made.status == "pending"
    assert [(one.deployment_id, one.status) for one in desk.deployments(made.id)] == [
        ("7", "approved")
    ]
    login = {"iss": made.issuer, "client_id": "new"}
    assert "waits for approval" in tool.login(**login).text
    refused = "SELECT detail FROM lti_tool.launch_log WHERE NOT taken ORDER BY id"
    assert [row.detail for row in tool.sql(refused)] == ["the registration is pending"], (
        "the platform's page tells of refusals before the launch too"
    )
    desk.set_status(made.id, "approve")
    assert tool.login(**login).status_code == 302
    desk.set_status(made.id, "approve")
    desk.set_status(made.id, "disable")
    assert "switched off" in tool.login(**login).text
    desk.set_status(made.id, "enable")
    desk.set_status(made.id, "remove")
    assert "not registered" in tool.login(**login).text
    assert made.id not in [one.id for one in desk.platforms()]
    lms(tool, (200, "OK", {"client_id": "new"}))
    assert open_address(tool, desk.create_invite("", True)).status_code == 200, (
        "a removed one makes room"
    )


def test_deployments_are_learnt_at_the_first_launch_and_approved_by_rule(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    platform = desk.platforms()[0]
    name = f"{CLAIM_PREFIX}deployment_id"
    assert tool.launch(**{name: "9:d89e"}).status_code == 403
    assert ("9:d89e", "pending") in [
        (one.deployment_id, one.status) for one in desk.deployments(platform.id)
    ]
    desk.decide_deployment(platform.id, "9:d89e", True)
    assert tool.launch(**{name: "9:d89e"}).status_code == 303
    tool.sql("UPDATE lti_tool.platform_registration SET approve_deployments = true")
    assert tool.launch(**{name: "another"}).status_code == 303
    desk.decide_deployment(platform.id, "another", False)
    assert "was refused" in tool.launch(**{name: "another"}).text


BY_HAND = ManualRegistration(
    "",
    "",
    "https://lms.example",
    "c1",
    "https://lms.example/auth",
    "https://lms.example/token",
    "https://lms.example/keys",
    "",
    ("1",),
    (),
)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "lms.example"}, "issuer"),
        ({"auth_login_url": ""}, "auth_login_url"),
        ({"auth_token_url": "javascript:alert(1)"}, "auth_token_url"),
        ({"key_set_url": "http://lms.example/keys"}, "key_set_url"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 300}, "client_id"),
        ({"frame_origins": ("https://lms.example/path",)}, "frame_origins"),
        ({"frame_origins": ("*",)}, "frame_origins"),
        ({"frame_origins": ("https://a.example; script-src *",)}, "frame_origins"),
        ({"deployment_ids": ("a\nb",)}, "deployment_ids"),
    ],
)
def test_what_is_typed_wrong_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        manual_registration.validate_registration(
            False, ManualRegistration(**{**vars(BY_HAND), **changes})
        )
    assert refused.value.where["field"] == field


def test_by_hand_hosted_canvas_needs_its_client_id_alone(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    made = desk.add_platform(
        ManualRegistration(
            "",
            "",
            "https://canvas.instructure.com",
            "10000000000001",
            "",
            "",
            "",
            "",
            (),
            ("https://learn.example.edu",),
        ),
        True,
    )
    platform = next(one for one in desk.platforms() if one.id == made)
    assert platform.family == "canvas"
    assert platform.auth_token_url == "https://sso.canvaslms.com/login/oauth2/token"
    assert platform.approve_deployments
    desk.add_platform(
        ManualRegistration(
            "", "", "https://canvas.instructure.com", "10000000000002", "", "", "", "", (), ()
        ),
        True,
    )
    with pytest.raises(Conflict, match="registered already"):
        desk.add_platform(
            ManualRegistration(
                "", "", "https://canvas.instructure.com", "10000000000002", "", "", "", "", (), ()
            ),
            True,
        )
    desk.change_platform(
        made,
        {
            "name": "Our Canvas",
            "auth_login_url": "https://sso.beta.canvaslms.com/api/lti/authorize_redirect",
        },
    )
    changed = next(one for one in desk.platforms() if one.id == made)
    assert (changed.name, changed.auth_token_url, changed.frame_origins) == (
        "Our Canvas",
        platform.auth_token_url,
        ["https://learn.example.edu"],
    )
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts == ["added a platform by hand", "added a platform by hand", "changed a platform"]


def test_canvas_reads_its_configuration(tool: Tool) -> None:
    found = tool.get("/lti/canvas.json").json
    assert found["oidc_initiation_url"].endswith("/lti/login")
    assert found["public_jwk_url"].endswith("/lti/jwks.json")
    (extension,) = found["extensions"]
    placements = {one["placement"]: one for one in extension["settings"]["placements"]}
    assert set(placements) == {
        "assignment_selection",
        "link_selection",
        "course_navigation",
        "account_navigation",
    }
    assert placements["assignment_selection"]["message_type"] == "LtiDeepLinkingRequest"
    assert placements["course_navigation"]["default"] == "disabled"
    assert placements["account_navigation"]["custom_fields"] == {"page": "admin"}
    assert extension["domain"] == "127.0.0.1:8080"
    assert found["custom_fields"] == {
        "root_account_admin": "$Canvas.user.isRootAccountAdmin",
        "context_history": "$Context.id.history",
        "person_id": "$Person.sourcedId",
        "course_begin": "$CourseSection.timeFrame.begin",
        "term": "$Canvas.term.name",
    }


# What Canvas says and takes, read in its source (instructure/canvas-lms):
# app/controllers/security_controller.rb openid_configuration, lib/lti/oidc.rb auth_domain,
# lib/canvas/oauth/client_credentials_provider.rb, asymmetric_client_credentials_provider.rb and its
# JwtValidator, app/controllers/lti/ims/dynamic_registration_controller.rb. Hosted names: third
# parties' configurations of hosted Canvas, which agree.
CANVAS_SCOPES = [
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://canvas.instructure.com/lti/public_jwk/scope/update",
]
ABOUT_CANVAS = {
    "product_family_code": "canvas",
    "version": "OpenSource",
    "messages_supported": [{"type": "LtiResourceLinkRequest"}, {"type": "LtiDeepLinkingRequest"}],
    "https://canvas.instructure.com/lti/account_name": "A university",
    "https://canvas.instructure.com/lti/account_lti_guid": "a-guid",
}


def canvas(tool: Tool) -> None:
    """A Canvas of one's own, whose authorization_server is its bare host: current_domain, where the
    hosted one says that of its sign-in.
    """
    registered = {
        "client_id": "10000000000009",
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        "scope": CANVAS_SCOPES[0],
        TOOL_CONFIGURATION: {
            "https://canvas.instructure.com/lti/registration_config_url": "https://x.example/config"
        },
    }
    bare = urlsplit(tool.moodle.server.url).netloc
    about = "https://purl.imsglobal.org/spec/lti-platform-configuration"
    lms(
        tool,
        (200, "OK", registered),
        authorization_server=bare,
        scopes_supported=CANVAS_SCOPES,
        **{about: ABOUT_CANVAS},
    )


def canvas_tokens(tool: Tool) -> list[dict[str, Any]]:
    """Canvas's token endpoint: the assertion's aud must be the address that it was asked at; what
    it was asked with.
    """
    taken: list[dict[str, Any]] = []

    def answer(asked: Any) -> Any:
        form = {name: values[0] for name, values in parse_qs(asked[3].decode()).items()}
        claims = pyjwt.decode(form["client_assertion"], options={"verify_signature": False})
        taken.append(claims)
        missing = [
            name for name in ("iss", "sub", "aud", "exp", "iat", "jti") if name not in claims
        ]
        named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if missing or f"{tool.moodle.server.url}/token" not in named:
            return (
                400,
                "Bad Request",
                {"error": "invalid_request", "error_description": "the 'aud' is invalid"},
            )
        return (
            200,
            "OK",
            {
                "access_token": "t",
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": form["scope"],
            },
        )

    tool.moodle.server.says("/token", answer)
    return taken


def test_learners_grades_reach_a_canvas_that_registered_by_itself(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """No grade and no roster ever came: the assertion named Canvas's bare host."""
    canvas(tool)
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    asked = next(
        headers for _, path, headers, _ in tool.moodle.server.requests if path == "/openid"
    )
    assert asked["Authorization"] == "Bearer a.b.c", "Canvas tells its configuration to nobody else"
    (sent,) = tool.moodle.server.bodies("/register")
    assert sorted(sent["grant_types"]) == ["client_credentials", "implicit"]
    assert sent["scope"] == CANVAS_SCOPES[0]
    config = sent[TOOL_CONFIGURATION]
    assert config["https://canvas.instructure.com/lti/privacy_level"] == "public"
    for message in config["messages"]:
        assert message["placements"] and message["target_link_uri"] and message["label"]
    made = desk.platforms()[-1]
    assert (made.name, made.family, made.auth_audience, made.approve_deployments) == (
        "A university",
        "canvas",
        "",
        True,
    )
    taken = canvas_tokens(tool)
    assert access_tokens.get_access_token(tool.deps, made, CANVAS_SCOPES[0]) == "t"
    assert [one["aud"] for one in taken] == [f"{tool.moodle.server.url}/token"]


def test_a_wrong_audience_is_tried_once_more_with_the_endpoint_s_address(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    canvas(tool)
    assert open_address(tool, desk.create_invite("", True)).status_code == 200
    made = desk.platforms()[-1]
    desk.change_platform(made.id, {"auth_audience": "sso.canvaslms.com"})
    taken = canvas_tokens(tool)
    assert access_tokens.get_access_token(tool.deps, desk.platforms()[-1], CANVAS_SCOPES[0]) == "t"
    assert [one["aud"] for one in taken] == ["sso.canvaslms.com", f"{tool.moodle.server.url}/token"]
    desk.change_platform(made.id, {"auth_audience": ""})
    assert desk.platforms()[-1].auth_audience == "", "a setting can be cleared"
    assert desk.platforms()[-1].name == "A university", "what is not named stays"
    tool.moodle.server.says("/token", (400, "Bad Request", {"error": "invalid_scope"}))
    with pytest.raises(TokenRefused):
        access_tokens.get_access_token(
            tool.deps,
            desk.platforms()[-1],
            "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
        )


@pytest.mark.parametrize(
    ("family", "said", "audience"),
    [
        ("canvas", "sso.canvaslms.com", ""),
        ("canvas", "https://canvas.instructure.com", ""),
        ("standard", "sso.example.org", ""),
        (
            "standard",
            "https://api.brightspace.com/auth/token",
            "https://api.brightspace.com/auth/token",
        ),
        ("standard", "", ""),
    ],
)
def test_whom_an_assertion_names(family: str, said: str, audience: str) -> None:
    """D2L's audience is an address of its own (openwebwork/webwork2 #2342); a bare host names
    nobody.
    """
    assert dialect_for(family).assertion_audience(said) == audience


SSO = "https://sso.canvaslms.com"
HOSTED = [
    f"{SSO}/api/lti/authorize_redirect",
    f"{SSO}/login/oauth2/token",
    f"{SSO}/api/lti/security/jwks",
]


@pytest.mark.parametrize(
    "customer",
    [
        "https://canvas.instructure.com",
        "https://school.instructure.com",
        "https://canvas.harvard.edu",
    ],
)
def test_a_customer_of_hosted_canvas_registers_under_its_own_name(customer: str) -> None:
    """registration_endpoint and the configuration lie at HostUrl.context_host(account): the
    customer's own name where there is one.
    """
    configuration = f"{customer}/api/lti/security/openid-configuration?registration_token=x"
    assert (
        dialect_for("canvas").configuration_problem(
            "https://canvas.instructure.com", configuration, HOSTED
        )
        is None
    )
    for place in range(3):
        strange = [
            url if number != place else "https://evil.example/x"
            for number, url in enumerate(HOSTED)
        ]
        problem = dialect_for("canvas").configuration_problem(
            "https://canvas.instructure.com", configuration, strange
        )
        assert "evil.example" in str(problem)


def test_several_registrations_with_one_issuer_keep_their_people_apart(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Hosted Canvas has one issuer for everybody: a person is known within a registration."""
    url = tool.moodle.server.url
    desk.add_platform(
        ManualRegistration(
            "",
            "",
            "http://127.0.0.1:8100",
            "second",
            f"{url}/auth",
            f"{url}/token",
            f"{url}/certs",
            "",
            ("2",),
            (),
        ),
        True,
    )
    first = tool.launch().location
    answer = tool.login(client_id="second")
    state, nonce = (re.search(rf"{name}=([^&]+)", answer.location) for name in ("state", "nonce"))
    assert state and nonce
    entered = tool.enter(state[1], tool.moodle.sign(tool.claims(nonce[1], aud="second")))
    assert entered.status_code == 303
    assert "No certification is on record" in tool.get(entered.location).text
    assert "Start the check" in tool.get(first).text
    assert (
        len(
            {
                row.person_id
                for row in tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '5'")
            }
        )
        == 2
    )


# --- keys
# -------------------------------------------------------------------------------------------------------------------------


def test_a_rotated_key_is_shown_before_it_signs_and_the_old_one_after(tool: Tool) -> None:
    from lti_tool.base import signing_keys

    (old,) = tool.get("/lti/jwks.json").json["keys"]
    made = operator_api.rotate_signing_key(_settings(tool), False)
    shown = {key["kid"] for key in tool.get("/lti/jwks.json").json["keys"]}
    assert shown == {old["kid"], made.kid}
    signed = signing_keys.sign_jwt(tool.deps.engine, tool.deps.secrets, {"a": 1})
    assert pyjwt.get_unverified_header(signed)["kid"] == old["kid"], (
        "platforms keep what they fetched: the new one waits a day"
    )
    _as_owner(
        tool,
        "UPDATE lti_tool.tool_key SET signs_from = signs_from - interval '25 hours', retires_at "
        "= retires_at - interval '25 hours'",
    )
    signed = signing_keys.sign_jwt(tool.deps.engine, tool.deps.secrets, {"a": 1})
    assert pyjwt.get_unverified_header(signed)["kid"] == made.kid
    assert {key["kid"] for key in tool.get("/lti/jwks.json").json["keys"]} == {old["kid"], made.kid}
    _as_owner(tool, "UPDATE lti_tool.tool_key SET retires_at = retires_at - interval '25 hours'")
    assert [key["kid"] for key in tool.get("/lti/jwks.json").json["keys"]] == [made.kid]
    now = operator_api.rotate_signing_key(_settings(tool), True)
    assert [key["kid"] for key in tool.get("/lti/jwks.json").json["keys"]] == [now.kid], (
        "a key that became known is shown no longer"
    )


def _as_owner(tool: Tool, statement: str) -> None:
    from sqlalchemy import text

    from core.database import make_engine

    owner = make_engine(tool.deps.settings.migration_url)
    with owner.begin() as connection:
        connection.execute(text(statement))
    owner.dispose()


def test_keys_show_public_members_alone_and_are_sealed_at_rest(tool: Tool) -> None:
    for key in tool.get("/lti/jwks.json").json["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    answer = tool.get("/lti/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (row,) = tool.sql("SELECT private_sealed FROM lti_tool.tool_key")
    assert "PRIVATE" not in row.private_sealed
    assert json.loads(json.dumps(row.private_sealed)).startswith("gAAAA"), "Fernet"
