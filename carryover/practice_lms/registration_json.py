"""A tool registration as JSON: validated on input, in the order of Moodle's
registration_to_config, and returned as Moodle echoes it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from carryover.practice_lms.people import NAME_CLAIMS
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import (
    DEEP_LINKING_REQUEST,
    SCOPES,
    TOOL_CONFIGURATION,
    VERSION,
)

_REQUIRED_METADATA = (
    "response_types",
    "initiate_login_uri",
    "redirect_uris",
    "client_name",
    "jwks_uri",
    "token_endpoint_auth_method",
)
_CLIENT_AUTH_METHOD = "private_key_jwt"


class InvalidRegistration(Exception):
    """The registration is refused; ``name`` is the error code returned to the tool."""

    def __init__(self, name: str, status: int = 400) -> None:
        super().__init__(name)
        self.name, self.status = name, status


def parse_registration(body: Any, client_id: str, registration_url: str) -> Tool:
    """Return the tool described by a registration; Invalid carries the error that Moodle
    would return.
    """
    if not isinstance(body, dict):
        raise InvalidRegistration("invalid_client_metadata")
    for name in (*_REQUIRED_METADATA, TOOL_CONFIGURATION):
        if not body.get(name):
            raise InvalidRegistration(f"missing required attribute {name}")
    configuration = body[TOOL_CONFIGURATION]
    if not isinstance(configuration, dict):
        raise InvalidRegistration("invalid_client_metadata")
    domain = _optional_text(configuration, "domain")
    if not domain:
        raise InvalidRegistration("missing_domain")
    target = _optional_text(configuration, "target_link_uri") or f"https://{domain}"
    if _comparable_host(f"https://{domain}") != _comparable_host(target):
        raise InvalidRegistration("domain_targetlinkuri_mismatch")
    if not isinstance(body["response_types"], list) or "id_token" not in body["response_types"]:
        raise InvalidRegistration("invalid_response_types")
    if not _is_text_list(body["redirect_uris"]):
        raise InvalidRegistration("invalid_redirect_uris")
    if body["token_endpoint_auth_method"] != _CLIENT_AUTH_METHOD:
        raise InvalidRegistration("invalid_token_endpoint_auth_method")
    if body.get("application_type") not in (None, "", "web"):
        raise InvalidRegistration("invalid_application_type")
    custom = configuration.get("custom_parameters") or {}
    if not isinstance(custom, dict) or not all(isinstance(value, str) for value in custom.values()):
        raise InvalidRegistration("invalid_custom_parameters")
    deep_linking = _deep_linking_uri(configuration.get("messages"))
    claims = configuration.get("claims")
    return Tool(
        client_id=client_id,
        name=_optional_text(body, "client_name"),
        initiate_login_uri=_optional_text(body, "initiate_login_uri"),
        redirect_uris=tuple(body["redirect_uris"]),
        jwks_uri=_optional_text(body, "jwks_uri"),
        target_link_uri=target,
        domain=domain,
        scopes=tuple(scope for scope in SCOPES if scope in _optional_text(body, "scope").split()),
        custom=custom,
        claims=_granted_claims(claims if isinstance(claims, list) else []),
        deep_linking=deep_linking is not None,
        deep_linking_uri=deep_linking or "",
        description=_optional_text(configuration, "description"),
        logo_uri=_optional_text(body, "logo_uri"),
        registration_url=registration_url,
    )


def _optional_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise InvalidRegistration(f"invalid_{name}")
    return value


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _comparable_host(url: str) -> str:
    """Host and port; as in Moodle, a leading www. is ignored."""
    return urlsplit(url).netloc.lower().removeprefix("www.")


def _deep_linking_uri(messages: Any) -> str | None:
    """Return the target URI of the deep-linking message, empty if it is the tool's default;
    None if the tool does not offer deep linking.
    """
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("type") == DEEP_LINKING_REQUEST:
            return _optional_text(message, "target_link_uri")
    return None


def _granted_claims(claims: list[Any]) -> tuple[str, ...]:
    """Return the personal claims that a tool requests and is therefore granted: name claims
    all or none, as in Moodle.
    """
    names = NAME_CLAIMS if any(name in claims for name in NAME_CLAIMS) else ()
    return (*names, "email") if "email" in claims else names


def registration_response(tool: Tool) -> dict[str, Any]:
    """Return the registration as echoed to its tool."""
    configuration: dict[str, Any] = {
        "version": VERSION,
        "deployment_id": tool.deployment_id,
        "target_link_uri": tool.target_link_uri,
        "domain": tool.domain,
        "description": tool.description,
        "claims": ["sub", "iss", *tool.claims],
    }
    if tool.deep_linking:
        configuration["messages"] = [
            {
                "type": DEEP_LINKING_REQUEST,
                "target_link_uri": tool.deep_linking_uri or tool.target_link_uri,
            }
        ]
    if tool.custom:
        configuration["custom_parameters"] = tool.custom
    return {
        "client_id": tool.client_id,
        "response_types": ["id_token"],
        "jwks_uri": tool.jwks_uri,
        "initiate_login_uri": tool.initiate_login_uri,
        "grant_types": ["client_credentials", "implicit"],
        "redirect_uris": list(tool.redirect_uris),
        "application_type": "web",
        "token_endpoint_auth_method": _CLIENT_AUTH_METHOD,
        "client_name": tool.name,
        "logo_uri": tool.logo_uri,
        "scope": " ".join(tool.scopes),
        TOOL_CONFIGURATION: configuration,
    }
