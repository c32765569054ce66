"""LTI 1.3 claims, already verified (signature, audience, times, nonce): type-checked here and
translated into a :class:`Launch`.

Only course roles count; an institution role never makes somebody a teacher.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from adapters.lms.shapes import DeepLinking, Launch, LaunchRefused, Message, Role
from core.http import origin

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
CONTEXT_HISTORY, PERSON_ID = "context_history", "person_id"
# Our custom parameters, and the variables that an LMS substitutes in them (LTI 1.3 core,
# appendix C).
CUSTOM_PARAMETERS = {CONTEXT_HISTORY: "$Context.id.history", PERSON_ID: "$Person.sourcedId"}
LONGEST_ID = 255  # LTI 1.3 core, 5.3: ids and sub have at most 255 ASCII characters
LONGEST_ADDRESS = 2_000
LONGEST_WORDS = 500
LONGEST_SOURCED_ID = 200  # The same limit as for an id in the organisation's list of people.
LONGEST_HISTORY = 50  # Number of earlier courses.
LONGEST_DATA = 32_000  # Size of the data that a deep linking response returns; the whole token has at most 64 kB.

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_COURSE_ROLES = {"Instructor": Role.TEACHER, "Administrator": Role.ADMIN, "Mentor": Role.MENTOR, "Learner": Role.LEARNER}
_ADMINISTRATORS = frozenset(
    (
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
    )
)
_TEST_USER = ("http://purl.imsglobal.org/vocab/lti/system/person#TestUser", "http://purl.imsglobal.org/vocab/lis/v2/system/person#TestUser")


def read_launch(claims: dict[str, Any]) -> Launch:
    """Read a launch; LaunchRefused names the claim that is missing or has the wrong type."""
    message = _message(claims)
    if claims.get(f"{CLAIM}version") != "1.3.0":
        raise LaunchRefused("The course speaks another version of LTI than 1.3.0.")
    if "sub" not in claims:
        raise LaunchRefused(
            "The course did not say who you are (an anonymous launch), so nothing could be kept for you. Sign in to the course; if you are"
            " signed in, a teacher can ask the administrator to let the LMS share an id of its users with this tool."
        )
    roles = _roles(claims)
    link = _object(claims, "resource_link", required=message is not Message.DEEP_LINK)
    context, presentation = _object(claims, "context"), _object(claims, "launch_presentation")
    platform, for_user = _object(claims, "tool_platform"), _object(claims, "for_user", required=message is Message.REVIEW)
    endpoint, roster = claims.get(AGS_CLAIM), claims.get(NRPS_CLAIM)
    endpoint = endpoint if isinstance(endpoint, dict) else {}
    scopes = endpoint.get("scope")
    custom = _custom(claims.get(f"{CLAIM}custom"))
    return Launch(
        message=message,
        subject=_identifier(claims.get("sub"), "sub"),
        role=role_of(roles),
        administers=bool(_ADMINISTRATORS.intersection(roles)),
        is_test_user=any(role in roles for role in _TEST_USER),
        deployment_id=_identifier(claims.get(f"{CLAIM}deployment_id"), "deployment_id"),
        target_link_uri=_target(claims, message),
        resource_link_id=_identifier(link.get("id"), "resource_link.id") if link or message is not Message.DEEP_LINK else "",
        resource_link_title=_words(link.get("title")),
        context_id=_identifier(context["id"], "context.id") if "id" in context else "",
        context_title=_words(context.get("title")) or _words(context.get("label")),
        context_history=_history(custom.get(CONTEXT_HISTORY, "")),
        name=_words(claims.get("name")) or " ".join(filter(None, (_words(claims.get("given_name")), _words(claims.get("family_name"))))),
        email=_words(claims.get("email")),
        sourced_id=(_claimed(claims) or _words(custom.get(PERSON_ID)))[:LONGEST_SOURCED_ID],
        sourced_by_parameter=not _claimed(claims),
        locale=_words(presentation.get("locale")) or _words(claims.get("locale")),
        return_url=_web_address(presentation.get("return_url")),
        line_item_url=_web_address(endpoint.get("lineitem")),
        line_items_url=_web_address(endpoint.get("lineitems")),
        scopes=frozenset(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else frozenset(),
        memberships_url=_web_address(roster.get("context_memberships_url")) if isinstance(roster, dict) else "",
        custom=custom,
        product_family=_words(platform.get("product_family_code")).lower(),
        deep_linking=_deep_linking(claims) if message is Message.DEEP_LINK else None,
        review_of=_identifier(for_user.get("user_id"), "for_user.user_id") if message is Message.REVIEW else "",
    )


def _target(claims: dict[str, Any], message: Message) -> str:
    """The URL of ours that is meant; a deep linking request may omit it (Deep Linking 2.0,
    appendix A, "Deep linking request example")."""
    value = claims.get(f"{CLAIM}target_link_uri")
    if value is None and message is Message.DEEP_LINK:
        return ""
    return _identifier(value, "target_link_uri", longest=LONGEST_ADDRESS)


def _claimed(claims: dict[str, Any]) -> str:
    """The person's id in the organisation, as asserted by the platform itself: LTI 1.3 core,
    D.2 (person_sourcedid)."""
    told = claims.get(f"{CLAIM}lis")
    return _words(told.get("person_sourcedid")) if isinstance(told, dict) else ""


def _message(claims: dict[str, Any]) -> Message:
    kind = claims.get(f"{CLAIM}message_type")
    if not isinstance(kind, str) or not kind:
        raise LaunchRefused("The course's message does not say what it is (message_type is missing): it is no LTI 1.3 launch.")
    try:
        return Message(kind)
    except ValueError:
        raise LaunchRefused(
            f"The course sent a message of the kind {kind[:100]!r}, which this tool does not answer. It answers the opening of an activity,"
            " the choice of content and the review of a submission."
        ) from None


def _deep_linking(claims: dict[str, Any]) -> DeepLinking:
    settings = claims.get(f"{DEEP_LINKING_CLAIM}deep_linking_settings")
    if not isinstance(settings, dict):
        raise LaunchRefused("The launch's claim deep_linking_settings is missing or is no object.")
    return_url = _web_address(settings.get("deep_link_return_url"))
    if not return_url:
        raise LaunchRefused("The course did not say where the chosen content goes (deep_link_return_url is missing or is no web address).")
    types, data = settings.get("accept_types"), settings.get("data")
    opaque = None if data is None else json.dumps(data)
    if opaque is not None and len(opaque) > LONGEST_DATA:
        raise LaunchRefused(f"The launch's claim deep_linking_settings.data is longer than {LONGEST_DATA:,} characters.")
    return DeepLinking(
        return_url=return_url,
        takes_links=isinstance(types, list) and "ltiResourceLink" in types,
        several=settings.get("accept_multiple") is True,
        takes_line_items=settings.get("accept_lineitem") is not False,
        data_json=opaque,
    )


def _object(claims: dict[str, Any], name: str, required: bool = False) -> dict[str, Any]:
    value = claims.get(f"{CLAIM}{name}")
    if isinstance(value, dict):
        return value
    if required or value is not None:
        raise LaunchRefused(f"The launch's claim {name} is missing or is no object.")
    return {}


def _identifier(value: Any, name: str, longest: int = LONGEST_ID) -> str:
    if not isinstance(value, str) or not value or len(value) > longest or value != _storable(value):
        raise LaunchRefused(f"The launch's claim {name} is missing, or is no text of 1 to {longest} characters.")
    return value


def _words(value: Any) -> str:
    """A display text, or an empty string."""
    return _storable(value).strip()[:LONGEST_WORDS] if isinstance(value, str) else ""


def _storable(value: str) -> str:
    """Strip NUL and lone surrogates, which no database and no page can hold."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()


def _web_address(value: Any) -> str:
    """The URL, or an empty string if it is not a web address; a script scheme therefore never
    enters a list of origins."""
    return value if isinstance(value, str) and value == _storable(value) and len(value) <= LONGEST_ADDRESS and origin(value) else ""


def _custom(value: Any) -> dict[str, str]:
    """Custom parameters; a variable that the LMS did not substitute arrives as $Name and counts
    as absent."""
    if not isinstance(value, dict):
        return {}
    return {name: _storable(text) for name, text in value.items() if isinstance(text, str) and not text.startswith("$")}


def _history(text: str) -> tuple[str, ...]:
    """The courses this one was copied from, the nearest first ($Context.id.history: ids
    separated by commas, each URL-encoded)."""
    found = [unquote(part.strip())[:LONGEST_ID] for part in text.split(",")]
    return tuple(part for part in found if part)[:LONGEST_HISTORY]


def _roles(claims: dict[str, Any]) -> list[str]:
    value = claims.get(f"{CLAIM}roles")
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise LaunchRefused("The launch's claim roles is missing, or is no list of texts.")
    return value


def role_of(roles: Sequence[str]) -> Role:
    """The strongest role in the course; learner if no known role is given. LTI 1.3 core, A.2.

    Accepts full context roles, their sub-roles, and the short names used in rosters. Somebody
    who administers the LMS (Canvas reports this for administrators of any sub-account) and has
    no role in the course is a visitor there; a teacher elsewhere in the institution is not a
    teacher here.
    """
    found = []
    for role in roles:
        # Context roles: .../membership#Instructor, its sub-roles .../membership/Instructor#TeachingAssistant, and short names.
        if role.startswith(f"{_MEMBERSHIP}#"):
            name = role.removeprefix(f"{_MEMBERSHIP}#")
        elif role.startswith(f"{_MEMBERSHIP}/"):
            name = role.removeprefix(f"{_MEMBERSHIP}/").partition("#")[0]
        else:
            name = role
        if name in _COURSE_ROLES:
            found.append(_COURSE_ROLES[name])
    nothing = Role.VISITOR if _ADMINISTRATORS.intersection(roles) else Role.LEARNER
    return min(found, key=lambda role: role.strength, default=nothing)
