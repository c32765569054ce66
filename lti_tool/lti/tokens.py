"""Access tokens for the platform's services: client credentials with a signed assertion (1EdTech security framework 1.0, 4.1)."""

from __future__ import annotations

import secrets as random
import time

from sqlalchemy import Engine

from lrs.ground.http import GuardedClient, OutsideCallFailed
from lrs.ground.secrets import Secrets
from lti_tool.lti import keys
from lti_tool.lti.errors import TokenRefused
from lti_tool.store.platforms import Platform

ASSERTION_SECONDS = 300


def access_token(engine: Engine, secrets: Secrets, client: GuardedClient, platform: Platform, scope: str) -> str:
    """A bearer token. TokenRefused when the platform says no for good, OutsideCallFailed when it could not be asked."""
    now = int(time.time())
    assertion = keys.sign(
        engine,
        secrets,
        {
            "iss": platform.client_id,
            "sub": platform.client_id,
            "aud": platform.auth_token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": random.token_hex(16),
        },
    )
    answer = client.call(
        "POST",
        platform.auth_token_url,
        form={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scope,
        },
    )
    if answer.status in (400, 401, 403):
        raise TokenRefused(f"The LMS refused an access token ({answer.status} {answer.body[:200].decode('utf-8', 'replace')}).")
    found = answer.json() if answer.status == 200 else None
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token.isascii():
        raise OutsideCallFailed(f"The LMS answered {answer.status} when asked for an access token.")
    return token
