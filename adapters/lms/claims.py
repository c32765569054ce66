"""LTI 1.3 claims, already verified (signature, audience, times, nonce): type-checked here and
translated into a :class:`Launch`.

Only course roles count; an institution role never makes somebody a teacher.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from adapters.lms.models import DeepLinkingSettings, Launch, LaunchRefused, MessageType, NobodyNamed
from adapters.lms.rights import STANDARD, RightsByRole
from core.http_client import url_origin
from core.messages import Number, lazy_gettext

CLAIM_PREFIX = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING_PREFIX = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS_CLAIM = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
CONTEXT_HISTORY, PERSON_ID = "context_history", "person_id"
COURSE_BEGIN, TERM = "course_begin", "term"
# Our custom parameters, and the variables that an LMS substitutes in them (LTI 1.3 core,
# appendix C).
CUSTOM_PARAMETERS = {
    CONTEXT_HISTORY: "$Context.id.history",
    PERSON_ID: "$Person.sourcedId",
    COURSE_BEGIN: "$CourseSection.timeFrame.begin",
}
MAX_ID_LENGTH = 255  # LTI 1.3 core, 5.3: ids and sub have at most 255 ASCII characters
MAX_URL_LENGTH = 2_000
MAX_TEXT_LENGTH = 500
MAX_SOURCED_ID_LENGTH = 200  # The same limit as for an id in the organisation's list of people.
MAX_HISTORY_COURSES = 50  # Number of earlier courses.
# Size of the data that a deep linking response returns; the whole token has at most 64 kB.
MAX_DATA_LENGTH = 32_000

_OBJECT_CLAIMS = (
    *("resource_link", "context", "launch_presentation", "tool_platform", "for_user"),
    *("custom", "lis"),
)
_IDS = ("id", "user_id", "person_sourcedid")
# A variable that a platform does not know stays as it was written (LTI 1.3 core, appendix C).
_UNFILLED = re.compile(r"\$[A-Za-z]+(\.[A-Za-z_]+)+")
_TEST_USER_ROLES = (
    "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#TestUser",
)


def mend_shapes(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with what some platforms write otherwise: an empty object as an empty list (PHP),
    an id as a whole number.
    """
    result = dict(claims)
    for name in _OBJECT_CLAIMS:
        value = result.get(f"{CLAIM_PREFIX}{name}")
        if value == []:
            del result[f"{CLAIM_PREFIX}{name}"]
        elif isinstance(value, dict):
            result[f"{CLAIM_PREFIX}{name}"] = {
                key: _id_as_text(part) if key in _IDS else part for key, part in value.items()
            }
    for name in ("sub", f"{CLAIM_PREFIX}deployment_id"):
        if name in result:
            result[name] = _id_as_text(result[name])
    return result


def _id_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read_launch(claims: dict[str, Any], rights: RightsByRole = STANDARD) -> Launch:
    """Read a launch; LaunchRefused names the claim that is missing or has the wrong type.
    ``rights``: what the platform's roles give."""
    message = _read_message_type(claims)
    if claims.get(f"{CLAIM_PREFIX}version") != "1.3.0":
        raise LaunchRefused("The course speaks another version of LTI than 1.3.0.")
    subject = _require_subject(claims)
    roles = _require_role_list(claims)
    link = _read_object_claim(
        claims, "resource_link", required=message is not MessageType.DEEP_LINK
    )
    context, presentation = (
        _read_object_claim(claims, "context"),
        _read_object_claim(claims, "launch_presentation"),
    )
    platform, for_user = (
        _read_object_claim(claims, "tool_platform"),
        _read_object_claim(claims, "for_user", required=message is MessageType.REVIEW),
    )
    endpoint, roster = _read_service(claims, AGS_CLAIM), _read_service(claims, NRPS_CLAIM)
    custom = _read_custom_params(claims.get(f"{CLAIM_PREFIX}custom"))
    sent = _read_service(claims, f"{CLAIM_PREFIX}custom")
    return Launch(
        message=message,
        subject=subject,
        role=rights.course_role(roles),
        administers=rights.administers(roles, sent),
        missing_parameter=rights.missing_parameter(roles, sent),
        is_test_user=any(role in roles for role in _TEST_USER_ROLES),
        deployment_id=_require_identifier(
            claims.get(f"{CLAIM_PREFIX}deployment_id"), "deployment_id"
        ),
        target_link_uri=_read_target_uri(claims, message),
        resource_link_id=_require_identifier(link.get("id"), "resource_link.id")
        if link or message is not MessageType.DEEP_LINK
        else "",
        resource_link_title=_read_text(link.get("title")),
        context_id=_require_identifier(context["id"], "context.id") if "id" in context else "",
        context_title=_read_text(context.get("title")) or _read_text(context.get("label")),
        context_history=_parse_context_history(custom.get(CONTEXT_HISTORY, "")),
        term=_read_text(custom.get(TERM)) or _begin_month(custom.get(COURSE_BEGIN, "")),
        name=_read_name(claims),
        email=_read_text(claims.get("email")),
        sourced_id=(_read_sourced_id(claims) or _read_text(custom.get(PERSON_ID)))[
            :MAX_SOURCED_ID_LENGTH
        ],
        sourced_id_from_custom=not _read_sourced_id(claims),
        locale=_read_text(presentation.get("locale")) or _read_text(claims.get("locale")),
        return_url=_read_url(presentation.get("return_url")),
        line_item_url=_read_url(endpoint.get("lineitem")),
        line_items_url=_read_url(endpoint.get("lineitems")),
        scopes=_read_scopes(endpoint.get("scope")),
        memberships_url=_read_url(roster.get("context_memberships_url")),
        groups_url=_read_url(_read_service(claims, GROUPS_CLAIM).get("context_groups_url")),
        custom=custom,
        product_family=_read_text(platform.get("product_family_code")).lower(),
        deep_linking=_read_deep_linking(claims) if message is MessageType.DEEP_LINK else None,
        review_of=_require_identifier(for_user.get("user_id"), "for_user.user_id")
        if message is MessageType.REVIEW
        else "",
    )


def _require_subject(claims: dict[str, Any]) -> str:
    """The id of whoever opens the activity."""
    if "sub" not in claims:
        raise NobodyNamed(
            "The course did not say who you are (an anonymous launch), so nothing could be kept "
            "for you. Sign in to the course; if you are"
            " signed in, a teacher can ask the administrator to let the LMS share an id of its "
            "users with this tool."
        )
    return _require_identifier(claims.get("sub"), "sub")


def _read_service(claims: dict[str, Any], name: str) -> dict[str, Any]:
    """A claim that may be left away, of a service for instance; empty if it is no object."""
    value = claims.get(name)
    return value if isinstance(value, dict) else {}


def _read_scopes(value: Any) -> frozenset[str]:
    scopes = value if isinstance(value, list) else []
    return frozenset(scope for scope in scopes if isinstance(scope, str))


def _read_name(claims: dict[str, Any]) -> str:
    return join_name(
        *(_read_text(claims.get(name)) for name in ("name", "given_name", "family_name"))
    )


def join_name(whole: str, given: str, family: str) -> str:
    """A person's name. A dash is none: ILIAS writes one for each part that it does not share
    (class.ilObjLTIConsumer.php buildLaunchParametersLTI13)."""
    whole, given, family = (part if part.strip("-") else "" for part in (whole, given, family))
    return whole or " ".join(filter(None, (given, family)))


def _read_target_uri(claims: dict[str, Any], message: MessageType) -> str:
    """The URL of ours that is meant; a deep linking request may omit it (Deep Linking 2.0,
    appendix A, "Deep linking request example")."""
    value = claims.get(f"{CLAIM_PREFIX}target_link_uri")
    if value is None and message is MessageType.DEEP_LINK:
        return ""
    return _require_identifier(value, "target_link_uri", longest=MAX_URL_LENGTH)


def _read_sourced_id(claims: dict[str, Any]) -> str:
    """The person's id in the organisation, as asserted by the platform itself: LTI 1.3 core,
    D.2 (person_sourcedid)."""
    lis = claims.get(f"{CLAIM_PREFIX}lis")
    return _read_text(lis.get("person_sourcedid")) if isinstance(lis, dict) else ""


def _read_message_type(claims: dict[str, Any]) -> MessageType:
    kind = claims.get(f"{CLAIM_PREFIX}message_type")
    if not isinstance(kind, str) or not kind:
        raise LaunchRefused(
            "The course's message does not say what it is (message_type is missing): it is no "
            "LTI 1.3 launch."
        )
    try:
        return MessageType(kind)
    except ValueError:
        raise LaunchRefused(
            lazy_gettext(
                "The course sent a message of the kind %(kind)s, which this tool "
                "does not answer. It answers the opening of an activity, the choice "
                "of content and the review of a submission.",
                kind=repr(kind[:100]),
            )
        ) from None


def _read_deep_linking(claims: dict[str, Any]) -> DeepLinkingSettings:
    settings = claims.get(f"{DEEP_LINKING_PREFIX}deep_linking_settings")
    if not isinstance(settings, dict):
        raise LaunchRefused("The launch's claim deep_linking_settings is missing or is no object.")
    return_url = _read_url(settings.get("deep_link_return_url"))
    if not return_url:
        raise LaunchRefused(
            "The course did not say where the chosen content goes (deep_link_return_url is "
            "missing or is no web address)."
        )
    types, data = settings.get("accept_types"), settings.get("data")
    opaque = None if data is None else json.dumps(data)
    if opaque is not None and len(opaque) > MAX_DATA_LENGTH:
        raise LaunchRefused(
            lazy_gettext(
                "The launch's claim deep_linking_settings.data is longer than %(most)s characters.",
                most=Number(MAX_DATA_LENGTH),
            )
        )
    return DeepLinkingSettings(
        return_url=return_url,
        takes_links=isinstance(types, list) and "ltiResourceLink" in types,
        several=settings.get("accept_multiple") is True,
        takes_line_items=settings.get("accept_lineitem") is not False,
        data_json=opaque,
    )


def _read_object_claim(claims: dict[str, Any], name: str, required: bool = False) -> dict[str, Any]:
    value = claims.get(f"{CLAIM_PREFIX}{name}")
    if isinstance(value, dict):
        return value
    if required or value is not None:
        raise LaunchRefused(
            lazy_gettext("The launch's claim %(name)s is missing or is no object.", name=name)
        )
    return {}


def _require_identifier(value: Any, name: str, longest: int = MAX_ID_LENGTH) -> str:
    if (
        not isinstance(value, str)
        or not value
        or len(value) > longest
        or value != _strip_unstorable(value)
    ):
        raise LaunchRefused(
            lazy_gettext(
                "The launch's claim %(name)s is missing, or is no text of 1 to "
                "%(most)s characters.",
                name=name,
                most=longest,
            )
        )
    return value


def _read_text(value: Any) -> str:
    """A display text, or an empty string: also for a variable that the platform left as it is."""
    if not isinstance(value, str) or _UNFILLED.fullmatch(value.strip()):
        return ""
    return _strip_unstorable(value).strip()[:MAX_TEXT_LENGTH]


def _strip_unstorable(value: str) -> str:
    """Strip NUL and lone surrogates, which no database and no page can hold."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()


def _read_url(value: Any) -> str:
    """The URL, or an empty string if it is not a web address; a script scheme therefore never
    enters a list of origins."""
    return (
        value
        if isinstance(value, str)
        and value == _strip_unstorable(value)
        and len(value) <= MAX_URL_LENGTH
        and url_origin(value)
        else ""
    )


def _read_custom_params(value: Any) -> dict[str, str]:
    """Custom parameters; a variable that the LMS did not substitute arrives as $Name and counts
    as absent."""
    if not isinstance(value, dict):
        return {}
    return {
        name: _strip_unstorable(text)
        for name, text in value.items()
        if isinstance(text, str) and not text.startswith("$")
    }


def _parse_context_history(text: str) -> tuple[str, ...]:
    """The courses this one was copied from, the nearest first ($Context.id.history: ids
    separated by commas, each URL-encoded)."""
    result = [unquote(part.strip())[:MAX_ID_LENGTH] for part in text.split(",")]
    return tuple(part for part in result if part)[:MAX_HISTORY_COURSES]


def _begin_month(text: str) -> str:
    """The month (2026-09) in which a course begins, of $CourseSection.timeFrame.begin; empty for
    what is no date. Moodle (mod/lti/locallib.php, lti_calculate_custom_parameter) writes ISO 8601,
    or nothing where a course has no first day."""
    found = re.match(r"(\d{4}-(0[1-9]|1[0-2]))-\d{2}", text)
    return found[1] if found else ""


def _require_role_list(claims: dict[str, Any]) -> list[str]:
    value = claims.get(f"{CLAIM_PREFIX}roles")
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise LaunchRefused("The launch's claim roles is missing, or is no list of texts.")
    return value
