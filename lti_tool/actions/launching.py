"""Taking a launch: login, verification, the person, the session."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets as random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Engine

from adapters.lms import Launch, LaunchRefused, standard
from lrs.ground.database import UnitOfWork
from lti_tool.lti import library
from lti_tool.lti.errors import LaunchInvalid
from lti_tool.lti.keys import PlatformKeys
from lti_tool.store import learning, people, platforms
from lti_tool.store.platforms import Login, Platform

log = logging.getLogger(__name__)

LOGIN_TIME = timedelta(minutes=10)
SESSION_TIME = timedelta(hours=8)  # a working day; then the activity is opened again
LONGEST_PARAMETER = 4_000
_RELAUNCH = "Go back to the course and open the activity again."


@dataclass(frozen=True)
class Begun:
    """A login that was begun: where to go on, and what this browser must bring back."""

    address: str
    state: str
    browser_secret: str


@dataclass(frozen=True)
class Entered:
    """A launch that was taken: its id (no secret) and the secret of its cookie."""

    launch_id: uuid.UUID
    secret: str


def digest(text: str) -> bytes:
    """What is kept of a random token: enough to recognise it, nothing to use it with."""
    return hashlib.sha256(text.encode()).digest()


def begin(engine: Engine, unit_of_work: UnitOfWork, *, parameters: Mapping[str, str], base_url: str, launch_url: str, now: datetime) -> Begun:
    """The first step of a launch (OIDC third-party initiated login). LaunchInvalid when it is not for us."""
    if any(len(value) > LONGEST_PARAMETER for value in parameters.values()):
        raise LaunchInvalid(f"The course sent a request that is too long. {_RELAUNCH}")
    issuer, client_id = parameters.get("iss", ""), parameters.get("client_id") or None
    found = platforms.find(engine, issuer, client_id) if issuer else []
    if not found:
        raise LaunchInvalid(
            "This LMS is not registered with the tool yet. Ask the administrator of your LMS to register it.",
            f"no registration for issuer {issuer[:200]!r}, client {str(client_id)[:200]!r}",
        )
    if len(found) > 1:
        raise LaunchInvalid("The course did not say which of its installations of the tool it means (client_id is missing).")
    target = parameters.get("target_link_uri", "")
    _require_ours(target, base_url)
    address, state, nonce = library.login_address(found[0], parameters, launch_url)
    browser_secret = random.token_urlsafe(32)
    with unit_of_work(found[0].tenant_id) as connection:
        login = Login(found[0].tenant_id, found[0].id, digest(browser_secret), nonce, target, now + LOGIN_TIME)
        platforms.remember_login(connection, digest(state), login, now)
    return Begun(address, state, browser_secret)


def _require_ours(target: str, base_url: str) -> None:
    ours = urlsplit(base_url)
    try:
        wanted = urlsplit(target)
    except ValueError:
        wanted = urlsplit("")
    if (wanted.scheme, wanted.netloc) != (ours.scheme, ours.netloc):
        raise LaunchInvalid(
            f"The course's link leads to another address than this tool's. Ask the administrator of your LMS to set the tool's address to {base_url}.",
            f"target_link_uri {target[:200]!r}",
        )


def enter(
    engine: Engine,
    unit_of_work: UnitOfWork,
    platform_keys: PlatformKeys,
    *,
    state: str,
    id_token: str,
    browser_secret: str | None,
    now: datetime,
) -> Entered:
    """The launch itself. Nothing is kept of one that is refused."""
    login = platforms.burn_login(engine, digest(state)) if state else None
    if login is None or login.expires_at < now:
        raise LaunchInvalid(f"This launch was used already or took too long. {_RELAUNCH}", "state unknown, used or expired")
    if browser_secret is None or not hmac.compare_digest(digest(browser_secret), login.browser_hash):
        raise LaunchInvalid(
            "Your browser did not keep the cookie that proves this launch is yours. Open the activity in a new window, or allow cookies for"
            " this page; a teacher can set the activity to open in a new window.",
            "login cookie missing or of another browser",
        )
    with unit_of_work(login.tenant_id) as connection:
        platform = platforms.by_id(connection, login.tenant_id, login.registration_id)
    key_set = platform_keys.for_token(platform.key_set_url, id_token)

    def deployment_known(deployment_id: str) -> bool:
        with unit_of_work(login.tenant_id) as connection:
            return platforms.knows_deployment(connection, login.tenant_id, platform.id, deployment_id)

    claims = library.verified_claims(platform, id_token, state, login.nonce, key_set, deployment_known, now.timestamp())
    try:
        launch = standard.read_launch(claims)
    except LaunchRefused as error:
        raise LaunchInvalid(f"{error} {_RELAUNCH}") from None
    if launch.target_link_uri != login.target_link_uri:
        raise LaunchInvalid(f"The course changed its link on the way. {_RELAUNCH}", "target_link_uri differs from the login's")
    return _keep(unit_of_work, platform, launch, now)


def _keep(unit_of_work: UnitOfWork, platform: Platform, launch: Launch, now: datetime) -> Entered:
    tenant_id, secret = platform.tenant_id, random.token_urlsafe(32)
    with unit_of_work(tenant_id) as connection:
        programmes = learning.newest_programmes(connection, tenant_id)
        wanted = launch.custom.get("programme") or next(iter(programmes), "")
        if wanted not in programmes:
            raise LaunchInvalid("No programme is set up for this activity yet. Ask your training manager to set one up.", f"no programme {wanted!r}")
        person_id = people.ensure_person(connection, tenant_id, platform.id, launch.subject, launch.name, launch.email)
        launch_id = uuid.uuid4()
        people.remember_launch(
            connection,
            {
                "id": launch_id,
                "tenant_id": tenant_id,
                "secret_hash": digest(secret),
                "person_id": person_id,
                "registration_id": platform.id,
                "subject": launch.subject,
                "role": launch.role.value,
                "locale": launch.locale,
                "course": json.dumps([launch.deployment_id, launch.context_id or {"link": launch.resource_link_id}]),
                "context_title": launch.context_title,
                "resource_link_id": launch.resource_link_id,
                "line_item_url": launch.line_item_url if launch.can_send_scores else "",
                "programme": wanted,
                "created_at": now,
                "expires_at": now + SESSION_TIME,
            },
        )
    return Entered(launch_id, secret)
