"""Wrapper around pylti1p3next, which builds the login URL and runs its launch checks on top of
our stricter ones.

Its gaps are closed here (it never invalidates its nonce, does not require exp or iat, allows no
clock leeway and ignores azp): state and nonce come from our database, the key set from our
cache, key selection and signature check are our own, and claims are read by ``adapters/lms``
before the library's message check runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract

from adapters.lms import Launch, LaunchRefused
from adapters.lms.claims import read_launch
from core.messages import lazy_gettext
from lti_tool.base.launch_errors import LaunchInvalid
from lti_tool.base.platforms_store import Platform

LEEWAY_SECONDS = 60  # Clocks of schools differ; Moodle's token itself is valid for only 60 s.
MAX_TOKEN_AGE_SECONDS = 600  # A token issued longer ago counts as a replay, whatever its exp says.
# A token valid for longer than a day is no launch token; Canvas's are valid for an hour.
MAX_TOKEN_LIFETIME_SECONDS = 86_400
MAX_TOKEN_LENGTH = 64 * 1024  # An id_token with every claim is a few kB.
MIN_RSA_BITS = 2_048  # 1EdTech security framework 1.0, 5.1
# The algorithm that every platform must support (1EdTech security framework 1.0, 5.1.3).
DEFAULT_ALGORITHM = "RS256"
_KEY_TYPE_BY_ALGORITHM = {
    DEFAULT_ALGORITHM: "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
}


class _RequestParameters(Request):
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._values.get(key, "")


class _StateService(SessionService):
    """State and nonce are stored in our database; the library only gets the expected nonce."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce

    def save_nonce(self, nonce: str) -> None:
        self.nonce = nonce

    def check_nonce(self, nonce: str) -> bool:
        return nonce == self.nonce

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        return True  # Compared and invalidated before the library is called.

    def save_launch_data(self, key: str, jwt_body: Any) -> None:
        """Nothing is kept by the library."""

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """Nothing is kept by the library."""


class _StateCookieService(CookieService):
    """The library's state cookie is not Partitioned, so we set our own; this one only captures
    the state that the library generated."""

    state = ""

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.state = name

    def get_cookie(self, name: str) -> str | None:
        return None


class _PlatformConfig(ToolConfAbstract[Any]):
    """The library's view of one of our platform registrations. Deployments are checked by our
    own rule, after the signature."""

    def __init__(self, platform: Platform) -> None:
        self._registration = (
            Registration()
            .set_issuer(platform.issuer)
            .set_client_id(platform.client_id)
            .set_auth_login_url(platform.auth_login_url)
            .set_auth_token_url(platform.auth_token_url)
            .set_key_set_url(platform.key_set_url)
        )

    def check_iss_has_one_client(self, iss: str) -> bool:
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Registration:
        raise NotImplementedError("every issuer may have several clients")

    def find_registration_by_params(
        self, iss: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Registration:
        return self._registration

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        raise NotImplementedError("every issuer may have several clients")

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment:
        return Deployment().set_deployment_id(deployment_id)


class _OidcLogin(OIDCLogin[Any, Any, Any, Any, Any]):
    def get_redirect(self, url: str) -> Any:
        raise NotImplementedError("our views redirect")

    def login_url(self, launch_url: str) -> str:
        return self._prepare_redirect_url(launch_url)


class _StrictLaunch(MessageLaunch[Any, Any, Any, Any]):
    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))

    def get_client_id(self) -> str:
        """The registration's client id, once it is verified to be in the audience (1EdTech
        security framework 1.0, 5.1.3)."""
        expected: str = self._tool_config.find_registration_by_params("", "").get_client_id()
        audience = self._jwt["body"].get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        party = self._jwt["body"].get("azp")
        if expected not in audiences:
            raise LtiException("aud does not name this tool")
        if (len(audiences) > 1 and party is None) or (party is not None and party != expected):
            raise LtiException("azp does not name this tool")
        return expected

    def validate_jwt_signature(self) -> _StrictLaunch:
        token = self._get_id_token()
        key, algorithm = find_signing_key(token, self.key_set)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=LEEWAY_SECONDS,
                issuer=self._registration.get_issuer() if self._registration else None,
                options={"verify_aud": False, "require": ["exp", "iat", "iss", "aud", "nonce"]},
            )
            issued, expires = float(claims["iat"]), float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError) as error:
            raise LtiException(f"{type(error).__name__}: {error}") from None
        if self.now - issued > MAX_TOKEN_AGE_SECONDS:
            raise LtiException("iat lies too far back")
        if expires - self.now > MAX_TOKEN_LIFETIME_SECONDS:
            raise LtiException("exp lies too far ahead")
        return self

    now: float = 0.0
    key_set: Mapping[str, Any] = MappingProxyType({})


def find_signing_key(token: str, key_set: Mapping[str, Any], lone: bool = False) -> tuple[Any, str]:
    """Find the signing key named in the token's header, and its algorithm. Other key references
    in the header (jku, jwk, x5u) are ignored.

    ``lone``: the header may omit the kid if the set holds only one key (OpenID Connect Core
    1.0, 10.1; LTI always requires it).
    """
    header = jwt.get_unverified_header(token)
    kid, algorithm, keys = header.get("kid"), header.get("alg"), key_set.get("keys", [])
    if lone and kid is None and len(keys) == 1 and isinstance(keys[0], dict):
        kid, keys = "the only one", [{**keys[0], "kid": "the only one"}]
    if not isinstance(kid, str) or not kid:
        raise LtiException("the header names no key (kid)")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPE_BY_ALGORITHM:
        raise LtiException(f"algorithm {str(algorithm)[:20]!r} is not taken")
    for entry in keys:
        matching = (
            isinstance(entry, dict)
            and entry.get("kid") == kid
            and entry.get("kty") == _KEY_TYPE_BY_ALGORITHM[algorithm]
        )
        if (
            matching
            and entry.get("use", "sig") == "sig"
            and entry.get("alg", DEFAULT_ALGORITHM) == algorithm
        ):
            try:
                key = jwt.PyJWK(entry, algorithm=algorithm).key
            except (jwt.InvalidKeyError, jwt.PyJWKError, ValueError, TypeError) as error:
                raise LtiException(f"the platform's key {kid[:100]!r} is none: {error}") from None
            if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
                raise LtiException(
                    f"the platform's key has {key.key_size} bits; {MIN_RSA_BITS} are the least"
                )
            return key, algorithm
    raise LtiException(f"the platform has no key {kid[:100]!r} for {algorithm}")


def build_login_url(
    platform: Platform, parameters: Mapping[str, str], launch_url: str
) -> tuple[str, str, str]:
    """Build the login redirect and generate its state and nonce: (URL, state, nonce)."""
    session, cookies = _StateService(""), _StateCookieService()
    login = _OidcLogin(
        _RequestParameters(parameters),
        _PlatformConfig(platform),
        session_service=session,
        cookie_service=cookies,
    )
    try:
        return login.login_url(launch_url), cookies.state, session.nonce
    except OIDCException as error:
        raise LaunchInvalid(
            "The course sent an incomplete request. Go back to the course and "
            "open the activity again.",
            str(error),
        ) from None


def verify_launch(
    platform: Platform, id_token: str, nonce: str, key_set: Mapping[str, Any], now: float
) -> Launch:
    """Verify a launch with all our checks and the library's; LaunchInvalid if one fails."""
    if len(id_token) > MAX_TOKEN_LENGTH:
        raise LaunchInvalid(
            "The course's message is too large. Go back to the course and open the activity again.",
            f"id_token of {len(id_token)} characters",
        )
    launch = _StrictLaunch(
        _RequestParameters({"id_token": id_token}),
        _PlatformConfig(platform),
        session_service=_StateService(nonce),
        cookie_service=_StateCookieService(),
    )
    launch.set_auto_validation(False)
    launch.now, launch.key_set = now, key_set
    try:
        launch.validate_jwt_format().validate_nonce().validate_registration().validate_jwt_signature()
        claims: dict[str, Any] = dict(launch._jwt["body"])
        if claims.get("iss") != platform.issuer:
            raise LtiException("iss is another platform's")
    except LtiException as error:
        raise LaunchInvalid(
            "The course's message could not be proven to be genuine and fresh. "
            "Go back to the course and open the activity again.",
            str(error),
        ) from None
    except Exception as error:
        # The library assumes well-formed claims; any exception here is the message's fault, and
        # must not appear as an internal error.
        raise LaunchInvalid(
            "The course's message is not a complete launch. Go back to the "
            "course and open the activity again.",
            f"{type(error).__name__}: {error}",
        ) from None
    try:
        result = read_launch(claims)
    except LaunchRefused as error:
        raise LaunchInvalid(
            lazy_gettext(
                "%(reason)s Go back to the course and open the activity again.",
                reason=error.message,
            )
        ) from None
    if result.deep_linking is not None and not result.deep_linking.takes_links:
        # The caller explains why nothing can be chosen here; the library would only report that
        # something is wrong.
        return result
    try:
        launch.validate_message()
    except Exception as error:
        raise LaunchInvalid(
            "The course's message is not a complete launch. Go back to the "
            "course and open the activity again.",
            f"{type(error).__name__}: {error}",
        ) from None
    return result
