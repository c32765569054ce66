"""Administrator actions on platforms, deployments and their own sessions, each recorded in
the audit log."""

from __future__ import annotations

import secrets as random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, NoResultFound

from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from lti_tool.actions import roles
from lti_tool.actions.tokens import digest
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import courses, directory, grades, journal, platforms, tokens
from lti_tool.store.courses import RosterRun
from lti_tool.store.grades import GradeState
from lti_tool.store.journal import AuditEntry, LaunchEntry
from lti_tool.store.platforms import APPROVED, DISABLED, NAMES_PEOPLE, NOBODY, PENDING, REFUSED, REMOVED, Deployment, Invite, Platform

LINK_TIME, SESSION_TIME = timedelta(minutes=30), timedelta(hours=2)
LONGEST_LIST = 50
# Current status → statuses that an administrator may change it to.
_CHANGES = {PENDING: (APPROVED, REMOVED), APPROVED: (DISABLED, REMOVED), DISABLED: (APPROVED, REMOVED)}


@dataclass(frozen=True)
class Overview:
    """The start page of a tenant's administrators. ``run_an_lms``: (person, name, platform,
    whether the role is granted) of people who launched as LMS administrators."""

    platforms: list[Platform]
    invites: list[Invite]
    waiting: dict[int, int]
    run_an_lms: list[tuple[uuid.UUID, str, str, bool]]


@dataclass(frozen=True)
class PlatformView:
    """Everything about one platform; lists hold the most recent entries."""

    platform: Platform
    deployments: list[Deployment]
    launches: list[LaunchEntry]
    grades: list[GradeState]
    runs: list[RosterRun]


def overview(unit_of_work: UnitOfWork, *, tenant_id: int) -> Overview:
    """Load the tenant's platforms and invites."""
    with unit_of_work(tenant_id) as connection:
        found = platforms.every(connection, tenant_id)
        waiting = {one.id: platforms.pending_deployments(connection, tenant_id, one.id) for one in found}
        run = directory.run_an_lms(connection, tenant_id, roles.ADMIN, LONGEST_LIST)
        return Overview(found, platforms.invites(connection, tenant_id, LONGEST_LIST), waiting, run)


def platform_view(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int) -> PlatformView:
    """Load one platform; NotFound if this tenant has no such platform."""
    with unit_of_work(tenant_id) as connection:
        platform = _platform(connection, tenant_id, registration_id)
        return PlatformView(
            platform,
            platforms.deployments(connection, tenant_id, registration_id, LONGEST_LIST),
            journal.launches(connection, tenant_id, registration_id, LONGEST_LIST),
            grades.listed(connection, tenant_id, LONGEST_LIST, registration_id=registration_id),
            courses.runs(connection, tenant_id, LONGEST_LIST, registration_id=registration_id),
        )


def _platform(connection: Connection, tenant_id: int, registration_id: int) -> Platform:
    try:
        found = platforms.by_id(connection, tenant_id, registration_id)
    except NoResultFound:
        raise NotFound("There is no such platform here.") from None
    if found.status == REMOVED:
        raise NotFound("This platform was removed.")
    return found


def set_status(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, status: str, who: str) -> None:
    """Approve, disable, re-enable or remove a platform. A removed one is no longer shown;
    the records of what people did stay."""
    with unit_of_work(tenant_id) as connection:
        platform = _platform(connection, tenant_id, registration_id)
        if status == platform.status:
            return  # a repeated request
        if status not in _CHANGES[platform.status]:
            raise Conflict(f"A platform that is {platform.status} cannot become {status}.")
        platforms.change(connection, tenant_id, registration_id, {"status": status})
        if status != APPROVED:
            tokens.drop(connection, tenant_id, registration_id)
        words = {APPROVED: "approved a platform", DISABLED: "switched a platform off", REMOVED: "removed a platform"}
        journal.add_audit(connection, tenant_id, who, words[status], {"platform": registration_id, "issuer": platform.issuer})


def change_platform(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, values: Mapping[str, Any], who: str) -> None:
    """Update the addresses, name or rules of a platform (validated by
    :func:`lti_tool.actions.registering.checked`)."""
    try:
        _change(unit_of_work, tenant_id, registration_id, values, who)
    except IntegrityError:
        raise Conflict("Another registration has this issuer and client id already.", field="client_id") from None


def _change(unit_of_work: UnitOfWork, tenant_id: int, registration_id: int, values: Mapping[str, Any], who: str) -> None:
    with unit_of_work(tenant_id) as connection:
        platform = _platform(connection, tenant_id, registration_id)
        if values.get("names_people", NOBODY) not in NAMES_PEOPLE:
            raise BadInput("Choose what this LMS may say about people of the list.", field="names_people")
        changed = {name: value for name, value in values.items() if getattr(platform, name) != value}
        if not changed:
            return
        platforms.change(connection, tenant_id, registration_id, changed)
        tokens.drop(connection, tenant_id, registration_id)
        journal.add_audit(connection, tenant_id, who, "changed a platform", {"platform": registration_id, **changed})


def decide_deployment(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, deployment_id: str, approve: bool, who: str) -> None:
    """Accept launches of a deployment from now on, or stop accepting them."""
    with unit_of_work(tenant_id) as connection:
        _platform(connection, tenant_id, registration_id)
        if not platforms.decide_deployment(connection, tenant_id, registration_id, deployment_id, APPROVED if approve else REFUSED):
            raise NotFound("There is no such deployment of this platform.")
        details = {"platform": registration_id, "deployment": deployment_id}
        journal.add_audit(connection, tenant_id, who, "approved a deployment" if approve else "refused a deployment", details)


def add_deployment(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, deployment_id: str, who: str) -> None:
    """Register and approve a deployment before its first launch."""
    if not deployment_id or len(deployment_id) > 255 or not deployment_id.isprintable():
        raise BadInput("The deployment id is missing; the LMS shows it beside the client id.", field="deployment_id")
    with unit_of_work(tenant_id) as connection:
        _platform(connection, tenant_id, registration_id)
        platforms.meet_deployment(connection, tenant_id, registration_id, deployment_id, APPROVED)
        journal.add_audit(connection, tenant_id, who, "added a deployment", {"platform": registration_id, "deployment": deployment_id})


def withdraw_invite(unit_of_work: UnitOfWork, *, tenant_id: int, invite_id: int, who: str, now: datetime) -> None:
    """Withdraw an invite that was given to the wrong person."""
    with unit_of_work(tenant_id) as connection:
        platforms.withdraw_invite(connection, tenant_id, invite_id, now)
        journal.add_audit(connection, tenant_id, who, "withdrew an invite", {"invite": invite_id})


def resend(unit_of_work: UnitOfWork, *, tenant_id: int, grade_id: int, registration_id: int | None, who: str, now: datetime) -> None:
    """Send a grade again that was refused or is still pending."""
    with unit_of_work(tenant_id) as connection:
        if not grades.resend(connection, tenant_id, grade_id, None, registration_id, now):
            raise NotFound("There is no such grade that waits or was refused.")
        journal.add_audit(connection, tenant_id, who, "sent a grade again", {"grade": grade_id})


def audited(unit_of_work: UnitOfWork, *, tenant_id: int, before: int | None) -> list[AuditEntry]:
    """A page of the audit log."""
    with unit_of_work(tenant_id) as connection:
        return journal.audited(connection, tenant_id, LONGEST_LIST, before)


def make_link(unit_of_work: UnitOfWork, *, tenant_id: int, who: str, now: datetime) -> str:
    """Create a single-use administration link, valid for half an hour; return its secret."""
    secret = random.token_urlsafe(32)
    with unit_of_work(tenant_id) as connection:
        journal.add_admin_link(connection, tenant_id, uuid.uuid4(), who, digest(secret), now + LINK_TIME)
        journal.add_audit(connection, tenant_id, who, "made an administration link", {})
    return secret


def enter(deps: ToolDeps, *, link_secret: str, now: datetime) -> tuple[uuid.UUID, str]:
    """Redeem a link: (session, its secret). NotFound if it was already used or has expired."""
    known = journal.find_admin_link(deps.engine, digest(link_secret))
    secret = random.token_urlsafe(32)
    if known is not None:
        session_id, tenant_id = known
        with deps.unit_of_work(tenant_id) as connection:
            if journal.open_admin(connection, tenant_id, session_id, digest(secret), now + SESSION_TIME):
                journal.add_audit(connection, tenant_id, "an administration link", "signed in", {"session": str(session_id)})
                return session_id, secret
    raise NotFound("This link was used already or has expired: each works once, for half an hour. carryover admin link makes a new one.")


def leave(unit_of_work: UnitOfWork, *, tenant_id: int, session_id: uuid.UUID) -> None:
    """Close an administration session."""
    with unit_of_work(tenant_id) as connection:
        journal.close_admin(connection, tenant_id, session_id)


def is_open(deps: ToolDeps, *, link_secret: str) -> bool:
    """Whether a link has neither been used nor expired."""
    return journal.find_admin_link(deps.engine, digest(link_secret)) is not None
