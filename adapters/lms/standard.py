"""LTI 1.3 core and Assignment and Grade Services 2.0 by the letter.

Claims arrive verified (signature, audience, times, nonce); here they are type-checked and translated. Roles of the course
decide; a role at the institution never makes a teacher.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from adapters.lms.shapes import Grade, GradeRequest, Launch, LaunchRefused, Role
from lrs.ground.clock import text_of

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LONGEST_ID = 255  # LTI 1.3 core, 5.3: ids and sub have at most 255 ASCII characters
MESSAGE = "LtiResourceLinkRequest"

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_COURSE_ROLES = {"Instructor": Role.TEACHER, "Administrator": Role.ADMIN, "Mentor": Role.MENTOR, "Learner": Role.LEARNER}
_SYSTEM_ADMINISTRATORS = (
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
)


def read_launch(claims: dict[str, Any]) -> Launch:
    """A resource link launch; LaunchRefused says which claim is missing or of the wrong kind."""
    kind = claims.get(f"{CLAIM}message_type")
    if kind != MESSAGE:
        raise LaunchRefused(f"The course sent a message of the kind {kind!r}, which this tool does not know.")
    if claims.get(f"{CLAIM}version") != "1.3.0":
        raise LaunchRefused("The course speaks another version of LTI than 1.3.0.")
    if "sub" not in claims:
        raise LaunchRefused("The course did not say who you are (an anonymous launch). Sign in to the course and open the activity again.")
    link = _object(claims, "resource_link", required=True)
    context = _object(claims, "context")
    presentation = _object(claims, "launch_presentation")
    endpoint = claims.get(AGS_CLAIM) if isinstance(claims.get(AGS_CLAIM), dict) else {}
    assert isinstance(endpoint, dict)
    line_item, scopes = endpoint.get("lineitem"), endpoint.get("scope")
    return Launch(
        subject=_identifier(claims.get("sub"), "sub"),
        role=_role(claims.get(f"{CLAIM}roles")),
        deployment_id=_identifier(claims.get(f"{CLAIM}deployment_id"), "deployment_id"),
        target_link_uri=_identifier(claims.get(f"{CLAIM}target_link_uri"), "target_link_uri", longest=2_000),
        resource_link_id=_identifier(link.get("id"), "resource_link.id"),
        resource_link_title=_words(link.get("title")),
        context_id=_words(context.get("id"))[:LONGEST_ID],
        context_title=_words(context.get("title")) or _words(context.get("label")),
        name=_words(claims.get("name")) or " ".join(filter(None, (_words(claims.get("given_name")), _words(claims.get("family_name"))))),
        email=_words(claims.get("email")),
        locale=_words(presentation.get("locale")),
        return_url=_web_address(presentation.get("return_url")),
        line_item_url=_web_address(line_item),
        can_send_scores=isinstance(scopes, list) and SCORE_SCOPE in scopes,
        custom=_custom(claims.get(f"{CLAIM}custom")),
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
    """A text for people, or nothing."""
    return _storable(value).strip() if isinstance(value, str) else ""


def _storable(value: str) -> str:
    """The text without NUL and lone surrogates, which no database and no page can hold."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()


def _web_address(value: Any) -> str:
    if not isinstance(value, str) or value != _storable(value):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("https", "http") and parts.netloc else ""


def _custom(value: Any) -> dict[str, str]:
    """Custom parameters; a variable that the LMS did not fill in arrives as $Name and counts as absent."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str) and not text.startswith("$")}


def _role(value: Any) -> Role:
    """The strongest role in the course; without one we know, a learner. LTI 1.3 core, A.2.

    A system administrator who has a role in the course, or none at all, is an administrator here; a teacher elsewhere in the
    institution is not one here.
    """
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise LaunchRefused("The launch's claim roles is missing, or is no list of texts.")
    found = [Role.ADMIN for role in value if role in _SYSTEM_ADMINISTRATORS]
    for role in value:
        # Context roles: .../membership#Instructor, its sub-roles .../membership/Instructor#TeachingAssistant, and short names.
        if role.startswith(f"{_MEMBERSHIP}#"):
            name = role.removeprefix(f"{_MEMBERSHIP}#")
        elif role.startswith(f"{_MEMBERSHIP}/"):
            name = role.removeprefix(f"{_MEMBERSHIP}/").partition("#")[0]
        else:
            name = role
        if name in _COURSE_ROLES:
            found.append(_COURSE_ROLES[name])
    return min(found, key=lambda role: role.strength, default=Role.LEARNER)


def grade_request(line_item_url: str, grade: Grade, token: str) -> GradeRequest:
    """A score for a line item (AGS 2.0, 3.4). The query of the line item's address is kept; ``/scores`` goes before it."""
    if not 0 <= grade.score <= grade.maximum:
        raise ValueError(f"a grade of {grade.score} out of {grade.maximum} is none")
    parts = urlsplit(line_item_url)
    body: dict[str, Any] = {
        "userId": grade.subject,
        "scoreGiven": grade.score,
        "scoreMaximum": grade.maximum,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": text_of(grade.at),
    }
    if grade.comment:
        body["comment"] = grade.comment
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.ims.lis.v1.score+json"}
    return GradeRequest(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores")), headers, json.dumps(body).encode())
