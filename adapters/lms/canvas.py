"""Canvas: its differences from the standard. Taken from its documentation and source, and from
reports of others; never tested against a live Canvas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from adapters.lms.claims import CUSTOM_PARAMETERS, TERM
from adapters.lms.models import Grade, ResponseOutcome, ResponseVerdict, ToolFacts
from adapters.lms.rights import INSTITUTION, STANDARD_RIGHTS, RightsByRole
from adapters.lms.standard import SCOPES, StandardDialect, add_query
from adapters.lms.tool_configuration import TOOL_CONFIGURATION, unverified_claims
from core.clock import format_instant
from core.http_client import url_origin
from core.messages import Message, lazy_gettext

_EXTENSION_PREFIX = "https://canvas.instructure.com/lti/"
# Hosted Canvas has one issuer for every customer, with sign-in, keys and tokens on separate
# hosts.
HOSTED_ISSUERS = {
    "https://canvas.instructure.com": "https://sso.canvaslms.com",
    "https://canvas.beta.instructure.com": "https://sso.beta.canvaslms.com",
    "https://canvas.test.instructure.com": "https://sso.test.canvaslms.com",
}
ROOT_ADMIN = "root_account_admin"
# Canvas names the term (instructure/canvas-lms, lib/lti/variable_expander.rb).
ROOT_ADMIN_VARIABLE = "$Canvas.user.isRootAccountAdmin"
_CUSTOM = {
    **CUSTOM_PARAMETERS,
    ROOT_ADMIN: ROOT_ADMIN_VARIABLE,
    TERM: "$Canvas.term.name",
}
# Hosts of hosted Canvas, all of them Instructure's.
_HOSTED_HOSTS = (".instructure.com", ".canvaslms.com")
PICKER_WIDTH, PICKER_HEIGHT = 800, 700  # pixels
RESULTS_PER_PAGE = 100


def hosted_endpoints(issuer: str) -> dict[str, str]:
    """The endpoints of hosted Canvas for an issuer; empty for any other."""
    host = HOSTED_ISSUERS.get(issuer)
    if host is None:
        return {}
    return {
        "auth_login_url": f"{host}/api/lti/authorize_redirect",
        "auth_token_url": f"{host}/login/oauth2/token",
        "key_set_url": f"{host}/api/lti/security/jwks",
    }


class CanvasDialect(StandardDialect):
    """Canvas, hosted or self-hosted."""

    family = "canvas"
    label = "Canvas"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "launch": lazy_gettext(
            "Enable the app, make it available in an account or a course, and open it there."
        ),
        "names": lazy_gettext(
            "Privacy level of the app or its developer key: Public. With others, names, e-mail "
            "addresses or both are missing."
        ),
        "roster": lazy_gettext(
            "Give the app, or its developer key, the scope of names and roles. Then open the tool "
            "again."
        ),
        "grades": lazy_gettext(
            "Give the app, or its developer key, the scopes of line items and scores. Then open "
            "the tool again."
        ),
        "content": lazy_gettext(
            "Make an assignment with the submission type External Tool, or a module item, and "
            "choose its content."
        ),
        "placed": lazy_gettext(
            "Use the tool in an assignment or a module, or switch it on in the course’s navigation."
        ),
    }
    issuers = frozenset(HOSTED_ISSUERS)
    # This role is sent for any administrator of any account in the tree (SubstitutionsHelper
    # all_roles); a variable tells those of the root account.
    rights = RightsByRole(
        STANDARD_RIGHTS,
        ROOT_ADMIN,
        ROOT_ADMIN_VARIABLE,
        frozenset((f"{INSTITUTION}Administrator",)),
    )
    tells_updates = reviews_updates = True

    def _score_extras(self, grade: Grade) -> dict[str, Any]:
        """By default Canvas creates a new submission for every score: a resent score must say
        that it is not one."""
        if not grade.first:
            return {f"{_EXTENSION_PREFIX}submission": {"new_submission": False}}
        submission = {"new_submission": True, "submitted_at": format_instant(grade.at)}
        if grade.submission_url:
            submission |= {
                "submission_type": "basic_lti_launch",
                "submission_data": grade.submission_url,
            }
        return {f"{_EXTENSION_PREFIX}submission": submission}

    def results_url(self, line_item_url: str) -> str:
        """Without a limit Canvas gives 10 results a page (lib/api.rb); ``limit`` is how many of
        them are on one (app/controllers/lti/ims/results_controller.rb)."""
        return add_query(super().results_url(line_item_url), limit=str(RESULTS_PER_PAGE))

    def outcome(self, status: int, reason: str, headers: Any, body: bytes) -> ResponseOutcome:
        """Canvas reports an exhausted rate limit with 403, and a score that is not newer with
        400."""
        outcome = super().outcome(status, reason, headers, body)
        lowered = body[:2_000].lower()
        if status == 403 and b"rate limit" in lowered:
            return ResponseOutcome(ResponseVerdict.RETRY_LATER, outcome.words, outcome.wait_seconds)
        if status == 400 and b"timestamp" in lowered:
            return ResponseOutcome(ResponseVerdict.NOT_NEWER, outcome.words)
        return outcome

    def _advice(self, status: int, reason: str, body: bytes) -> Message:
        lowered = body[:2_000].lower()
        if status == 422 and b"attempts" in lowered:
            return lazy_gettext(
                "The assignment allows no further attempt: allow more in Canvas, then send it "
                "again."
            )
        if status == 422 and b"not a student" in lowered:
            return lazy_gettext(
                "Canvas takes grades of active students alone, never of teachers or of the test "
                "student."
            )
        if status in (401, 422):
            return lazy_gettext(
                "Look whether the assignment is published and the course is open, then send it "
                "again."
            )
        return super()._advice(status, reason, body)

    def frame_origins(self, issuer: str, auth_login_url: str) -> list[str]:
        """Hosted Canvas serves its pages from each customer's own host, never from the
        issuer's."""
        result = super().frame_origins(issuer, auth_login_url)
        return (
            sorted({*result, "https://*.instructure.com"}) if issuer in HOSTED_ISSUERS else result
        )

    def assertion_audience(self, authorization_server: str) -> str:
        """Always empty, which means the token endpoint's URL: authorization_server is a bare
        host (SecurityController#openid_configuration, lib/lti/oidc.rb auth_domain), and the
        endpoint accepts only oauth2_token_url
        (lib/canvas/oauth/client_credentials_provider.rb)."""
        return ""

    def configuration_problem(
        self, issuer: str, configuration_url: str, endpoints: Sequence[str]
    ) -> Message | None:
        """Hosted Canvas serves the configuration of its one issuer from each customer's host,
        which may be the customer's own domain. The endpoints for sign-in, keys and tokens must
        be on known hosts, so nobody else can forge a launch of this issuer."""
        if issuer not in HOSTED_ISSUERS:
            return super().configuration_problem(issuer, configuration_url, endpoints)
        for url in endpoints:
            host = urlsplit(url).hostname or ""
            if not host.endswith(_HOSTED_HOSTS):
                return lazy_gettext(
                    "%(host)s is no host of Canvas; a Canvas of your own is registered by hand",
                    host=host,
                )
        return None

    def is_update_token(self, token: str) -> bool:
        """The token of an update names the registration
        (ims/dynamic_registration_controller.rb registration_token)."""
        return "existing_registration" in unverified_claims(token)

    def management_url(self, issuer: str, url: str) -> str:
        """``<registration>/configuration`` (doc/api/lti_registration_updates.md); the answer to a
        registration names it without its end. The one issuer of hosted Canvas stands for every
        customer: only a host of Canvas itself gets a token, never a name of the customer's own."""
        parts = urlsplit(url)
        hosted = url_origin(url) and (parts.hostname or "").endswith(_HOSTED_HOSTS)
        known = url if issuer in HOSTED_ISSUERS and hosted and parts.scheme == "https" else ""
        if issuer not in HOSTED_ISSUERS:
            known = super().management_url(issuer, url)
        return f"{known.removesuffix('/configuration')}/configuration" if known else ""

    def registration(self, tool: ToolFacts) -> dict[str, Any]:
        """Every message states its placements and its visibility; without them Canvas answers
        422."""
        body = super().registration(tool)
        body["grant_types"] = ["client_credentials", "implicit"]
        body[TOOL_CONFIGURATION] |= {
            "custom_parameters": dict(_CUSTOM),
            f"{_EXTENSION_PREFIX}privacy_level": "public",
            "messages": [
                {
                    "type": message,
                    "target_link_uri": tool.launch_url,
                    "label": label,
                    "icon_uri": tool.icon_url,
                    "placements": [placement],
                    "roles": [],
                    "custom_parameters": custom,
                    f"{_EXTENSION_PREFIX}visibility": visibility,
                    **(
                        {f"{_EXTENSION_PREFIX}course_navigation/default_enabled": False}
                        if placement.endswith("course_navigation")
                        else {}
                    ),
                }
                for placement, message, label, visibility, custom in _placements(
                    tool, f"{_EXTENSION_PREFIX}"
                )
            ],
        }
        return body

    def developer_key_json(self, tool: ToolFacts) -> dict[str, Any]:
        """The JSON that an administrator pastes under Developer Keys, or whose URL is entered
        there."""
        placements = [
            {
                "placement": placement,
                "message_type": message,
                "target_link_uri": tool.launch_url,
                "text": label,
                "icon_url": tool.icon_url,
                "enabled": True,
                "visibility": visibility,
                "custom_fields": custom,
                **({"default": "disabled"} if placement == "course_navigation" else {}),
                **(
                    {"selection_width": PICKER_WIDTH, "selection_height": PICKER_HEIGHT}
                    if message == "LtiDeepLinkingRequest"
                    else {}
                ),
            }
            for placement, message, label, visibility, custom in _placements(tool, "")
        ]
        return {
            "title": tool.name,
            "description": tool.description,
            "oidc_initiation_url": tool.login_url,
            "target_link_uri": tool.launch_url,
            "public_jwk_url": tool.key_set_url,
            "scopes": list(SCOPES),
            "custom_fields": dict(_CUSTOM),
            "extensions": [
                {
                    "domain": urlsplit(tool.base_url).netloc,
                    "tool_id": "carryover",
                    "platform": "canvas.instructure.com",
                    "privacy_level": "public",
                    "settings": {
                        "text": tool.name,
                        "icon_url": tool.icon_url,
                        "placements": placements,
                    },
                }
            ],
        }


def _placements(tool: ToolFacts, prefix: str) -> list[tuple[str, str, str, str, dict[str, str]]]:
    """The placements of the tool in Canvas: placement, message, label, visibility, custom
    parameters. ``prefix`` is the extension's, used in registrations."""
    choose, open_ = "LtiDeepLinkingRequest", "LtiResourceLinkRequest"
    content = (
        "ContentArea" if prefix else "link_selection"
    )  # The standard's name; Canvas accepts it for link_selection.
    return [
        (
            f"{prefix}assignment_selection" if prefix else "assignment_selection",
            choose,
            f"{tool.name}: a graded check",
            "admins",
            {},
        ),
        (content, choose, tool.name, "admins", {}),
        (
            f"{prefix}course_navigation" if prefix else "course_navigation",
            open_,
            tool.name,
            "members",
            {"page": "today"},
        ),
        (
            f"{prefix}account_navigation" if prefix else "account_navigation",
            open_,
            f"{tool.name}: administration",
            "admins",
            {"page": "admin"},
        ),
    ]
