"""The two OpenID Connect messages of a launch: the login redirect that we answer with, and the
id_token that comes back.

pylti1p3next judges the claims of an LTI message. What it leaves open is ours: it never
invalidates its nonce, does not require exp or iat, allows no clock leeway and ignores azp
(:mod:`lti_tool.launch.id_tokens`); state and nonce are rows of our database.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pylti1p3.exception import LtiException
from pylti1p3.message_validators.deep_link import DeepLinkMessageValidator
from pylti1p3.message_validators.resource_message import ResourceMessageValidator
from pylti1p3.message_validators.submission_review import SubmissionReviewLaunchValidator

from adapters.lms import Launch, LaunchRefused, MessageType, NobodyNamed, dialect_for
from adapters.lms.claims import mend_shapes, read_launch
from core.messages import Number, lazy_gettext
from lti_tool.base.launch_errors import LaunchInvalid, Turn
from lti_tool.base.platforms_store import Platform
from lti_tool.launch.id_tokens import IdTokenInvalid, SignatureInvalid, verify_id_token

MAX_TOKEN_AGE_SECONDS = 600  # A token issued longer ago counts as a replay, whatever its exp says.
# A token valid for longer than a day is no launch token; Canvas's are valid for an hour.
MAX_TOKEN_LIFETIME_SECONDS = 86_400
# By so much no clock is wrong that anybody looks at: the token's times are nonsense then.
MAX_CLOCK_DIFFERENCE_SECONDS = 86_400
RANDOM_BYTES = 32  # of a state and of a nonce
_VALIDATORS = {
    MessageType.RESOURCE: ResourceMessageValidator(),
    MessageType.DEEP_LINK: DeepLinkMessageValidator(),
    MessageType.REVIEW: SubmissionReviewLaunchValidator(),
}


def build_login_url(
    platform: Platform, parameters: Mapping[str, str], launch_url: str
) -> tuple[str, str, str]:
    """Build the login redirect (1EdTech security framework 1.0, 5.1.1.2) and generate its state
    and nonce: (URL, state, nonce)."""
    if not parameters.get("login_hint"):
        raise LaunchInvalid(
            "The course sent an incomplete request (login_hint is missing).",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    state, nonce = random.token_urlsafe(RANDOM_BYTES), random.token_urlsafe(RANDOM_BYTES)
    wanted = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": launch_url,
        "state": state,
        "nonce": nonce,
        "login_hint": parameters["login_hint"],
    }
    if parameters.get("lti_message_hint"):
        wanted["lti_message_hint"] = parameters["lti_message_hint"]
    joint = "&" if "?" in platform.auth_login_url else "?"
    return f"{platform.auth_login_url}{joint}{urlencode(wanted)}", state, nonce


@dataclass(frozen=True)
class Expected:
    """What a launch must fit: the login's nonce, when it began and when it is now (seconds since
    1970), and by how much the clocks may differ."""

    nonce: str
    begun: float
    now: float
    leeway: int


def verify_launch(
    platform: Platform,
    id_token: str,
    expected: Expected,
    key_set: Mapping[str, Any],
    find_newer_keys: Callable[[], Mapping[str, Any] | None],
) -> Launch:
    """Verify a launch: the token, then the message in it; LaunchInvalid if anything fails. Some
    platforms change a key and keep its name: where a signature does not fit, ``find_newer_keys`` is
    asked once.
    """
    try:
        try:
            claims = _verify_token(platform, id_token, expected, key_set)
        except SignatureInvalid:
            newer = find_newer_keys()
            if newer is None:
                raise
            claims = _verify_token(platform, id_token, expected, newer)
    except IdTokenInvalid as error:
        _refuse_other_clock(expected, error)
        raise _unproven(error) from None
    claims = mend_shapes(claims)
    try:
        lms = dialect_for(platform.family, platform.role_rights)
        result = read_launch(claims, lms.rights)
        result = replace(
            result,
            scopes=result.scopes | lms.unnamed_scopes if result.scopes else result.scopes,
            memberships_url=lms.roster_url(result.memberships_url),
        )
    except NobodyNamed as error:
        raise LaunchInvalid(error.message, turn=Turn.YOURS) from None
    except LaunchRefused as error:
        raise LaunchInvalid(error.message, turn=Turn.LMS_ADMINISTRATOR) from None
    if result.deep_linking is not None and not result.deep_linking.takes_links:
        # The caller explains why nothing can be chosen here; the library would only report that
        # something is wrong.
        return result
    try:
        _VALIDATORS[result.message].validate(claims)
    except (LtiException, AttributeError, KeyError, TypeError) as error:
        # The library assumes well-formed claims: what it stumbles over is the message's fault,
        # and must not appear as an internal error.
        raise LaunchInvalid(
            "The course's message is not a complete launch.",
            f"{type(error).__name__}: {error}",
            turn=Turn.LMS_ADMINISTRATOR,
        ) from None
    return result


def _verify_token(
    platform: Platform, id_token: str, expected: Expected, key_set: Mapping[str, Any]
) -> dict[str, Any]:
    claims = verify_id_token(
        id_token,
        key_set,
        issuer=platform.issuer,
        client_id=platform.client_id,
        nonce=expected.nonce,
        needs_kid=True,
        now=expected.now,
        leeway=expected.leeway,
    )
    _require_recent(claims, expected.now)
    return claims


def _unproven(error: IdTokenInvalid) -> LaunchInvalid:
    """What fits another login, or is not of this moment, fits at the next try; other keys or
    another client id stay."""
    if error.passes:
        return LaunchInvalid(
            "The course's message could not be proven to be genuine and fresh. "
            "Go back to the course and open the activity again.",
            str(error),
            turn=Turn.YOURS,
        )
    return LaunchInvalid(
        "The course's message could not be proven to be genuine: its keys, its client id or its "
        "platform ID are not those that this tool knows of your LMS.",
        str(error),
        turn=Turn.TOOL_ADMINISTRATOR,
    )


def _refuse_other_clock(expected: Expected, error: IdTokenInvalid) -> None:
    """A token for this login was issued after it began and before now: where its times say
    otherwise, the clocks differ."""
    if error.issued_at is None:
        return
    ahead, lagging = error.issued_at - expected.now, expected.begun - error.issued_at
    difference = max(ahead, lagging)
    if expected.leeway < difference < MAX_CLOCK_DIFFERENCE_SECONDS:
        raise LaunchInvalid(
            lazy_gettext(
                "The clock of your LMS and the clock of this tool differ by %(seconds)s seconds, "
                "so the launch cannot be checked. Ask the administrator to set the clocks right.",
                seconds=Number(int(difference)),
            ),
            f"the LMS's clock is {int(difference)} s {'ahead' if ahead > lagging else 'behind'}",
            turn=Turn.LMS_ADMINISTRATOR,
        ) from None


def _require_recent(claims: Mapping[str, Any], now: float) -> None:
    if now - int(claims["iat"]) > MAX_TOKEN_AGE_SECONDS:
        raise IdTokenInvalid("iat lies too far back", int(claims["iat"]))
    if int(claims["exp"]) - now > MAX_TOKEN_LIFETIME_SECONDS:
        raise IdTokenInvalid("exp lies too far ahead")
