"""Administrator actions on platforms, deployments and their own sessions, each recorded in
the audit log."""

from __future__ import annotations

import secrets as random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, NoResultFound

from adapters.lms import Right, dialect_for, role_uri
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from core.messages import Number, as_message, lazy_gettext
from lti_tool.admin import platform_facts_store
from lti_tool.admin.platform_facts_store import PlatformFacts
from lti_tool.base import access_tokens_store, journal_store, platforms_store, roles
from lti_tool.base.deps import ToolDeps
from lti_tool.base.journal_store import AuditEntry, LaunchLogEntry
from lti_tool.base.platforms_store import (
    APPROVED,
    DISABLED,
    NAMES_NOBODY,
    NAMING_MODES,
    PENDING,
    REFUSED,
    REMOVED,
    Deployment,
    Invite,
    Management,
    Platform,
)
from lti_tool.base.sessions_store import ADMIN_LINK_LIFETIME, ADMIN_SESSION_LIFETIME
from lti_tool.base.token_hash import hash_token
from lti_tool.checks import grade_states, grades_store
from lti_tool.checks.grades_store import GradeState, Requeued
from lti_tool.people import courses_store, directory_store
from lti_tool.people.courses_store import RosterRun
from lti_tool.people.directory_store import LmsAdministrator

ADMIN_LIST_LIMIT = 50
MAX_ROLE_LENGTH, MAX_DECIDED_ROLES = 255, 50
# Current status → statuses that an administrator may change it to.
_STATUS_TRANSITIONS = {
    PENDING: (APPROVED, REMOVED),
    APPROVED: (DISABLED, REMOVED),
    DISABLED: (APPROVED, REMOVED),
}


@dataclass(frozen=True)
class AdminOverview:
    """The start page of a tenant's administrators. ``lms_administrators``: people who
    launched as administrators of an LMS, or of something in it."""

    platforms: list[Platform]
    invites: list[Invite]
    waiting: dict[int, int]
    lms_administrators: list[LmsAdministrator]


@dataclass(frozen=True)
class PlatformDetails:
    """Everything about one platform; lists hold the most recent entries. ``facts``: what shows how
    it is set up; ``offers_updates``: whether the LMS lets the tool change its registration."""

    platform: Platform
    facts: PlatformFacts
    offers_updates: bool
    deployments: list[Deployment]
    launches: list[LaunchLogEntry]
    grades: list[GradeState]
    runs: list[RosterRun]


def load_admin_overview(unit_of_work: UnitOfWork, *, tenant_id: int) -> AdminOverview:
    """Load the tenant's platforms and invites."""
    with unit_of_work(tenant_id) as connection:
        result = platforms_store.list_platforms(connection, tenant_id)
        waiting = {
            item.id: platforms_store.count_pending_deployments(connection, tenant_id, item.id)
            for item in result
        }
        run = directory_store.list_lms_administrators(
            connection, tenant_id, roles.ADMIN, ADMIN_LIST_LIMIT
        )
        return AdminOverview(
            result,
            platforms_store.list_invites(connection, tenant_id, ADMIN_LIST_LIMIT),
            waiting,
            run,
        )


def load_platform_details(
    unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int
) -> PlatformDetails:
    """Load one platform; NotFound if this tenant has no such platform."""
    with unit_of_work(tenant_id) as connection:
        platform = _require_platform(connection, tenant_id, registration_id)
        return PlatformDetails(
            platform,
            platform_facts_store.load_platform_facts(connection, tenant_id, registration_id),
            bool(platforms_store.find_management(connection, tenant_id, registration_id).url),
            platforms_store.list_deployments(
                connection, tenant_id, registration_id, ADMIN_LIST_LIMIT
            ),
            journal_store.list_logged_launches(
                connection, tenant_id, registration_id, ADMIN_LIST_LIMIT
            ),
            grades_store.list_grade_states(
                connection, tenant_id, ADMIN_LIST_LIMIT, registration_id=registration_id
            ),
            courses_store.list_roster_runs(
                connection, tenant_id, ADMIN_LIST_LIMIT, registration_id=registration_id
            ),
        )


def _require_platform(connection: Connection, tenant_id: int, registration_id: int) -> Platform:
    try:
        result = platforms_store.get_platform(connection, tenant_id, registration_id)
    except NoResultFound:
        raise NotFound("There is no such platform here.") from None
    if result.status == REMOVED:
        raise NotFound("This platform was removed.")
    return result


def set_platform_status(
    unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, status: str, who: str
) -> None:
    """Approve, disable, re-enable or remove a platform. A removed one is no longer shown;
    the records of what people did stay."""
    with unit_of_work(tenant_id) as connection:
        platform = _require_platform(connection, tenant_id, registration_id)
        if status == platform.status:
            return  # a repeated request
        if status not in _STATUS_TRANSITIONS[platform.status]:
            raise Conflict(
                lazy_gettext(
                    "A platform that is %(status)s cannot become %(wanted)s.",
                    status=as_message(platform.status),
                    wanted=as_message(status),
                )
            )
        platforms_store.update_platform(connection, tenant_id, registration_id, {"status": status})
        if status != APPROVED:
            access_tokens_store.delete_tokens(connection, tenant_id, registration_id)
        actions = {
            APPROVED: "approved a platform",
            DISABLED: "switched a platform off",
            REMOVED: "removed a platform",
        }
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            actions[status],
            {"platform": registration_id, "issuer": platform.issuer},
        )


def update_platform(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    registration_id: int,
    values: Mapping[str, Any],
    who: str,
) -> None:
    """Update the addresses, name or rules of a platform (validated by
    :func:`lti_tool.launch.manual_registration.validate_registration`)."""
    try:
        _update_platform(unit_of_work, tenant_id, registration_id, values, who)
    except IntegrityError:
        raise Conflict(
            "Another registration has this issuer and client id already.", field="client_id"
        ) from None


def _update_platform(
    unit_of_work: UnitOfWork,
    tenant_id: int,
    registration_id: int,
    values: Mapping[str, Any],
    who: str,
) -> None:
    with unit_of_work(tenant_id) as connection:
        platform = _require_platform(connection, tenant_id, registration_id)
        if values.get("names_people", NAMES_NOBODY) not in NAMING_MODES:
            raise BadInput(
                "Choose what this LMS may say about people of the list.", field="names_people"
            )
        changed = {
            name: value for name, value in values.items() if getattr(platform, name) != value
        }
        if not changed:
            return
        platforms_store.update_platform(connection, tenant_id, registration_id, changed)
        access_tokens_store.delete_tokens(connection, tenant_id, registration_id)
        if changed.keys() & {"issuer", "client_id", "family"}:
            # What the LMS gave was for the registration as it was.
            platforms_store.save_management(
                connection, tenant_id, registration_id, Management("", "", ())
            )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "changed a platform",
            {"platform": registration_id, **changed},
        )


@dataclass(frozen=True)
class RoleRight:
    """A role of an LMS and what it gives; ``decided``: by an administrator. ``usual``: what it
    gives without that (None: nothing is said of it)."""

    role: str
    right: Right
    decided: bool
    usual: Right | None


def list_role_rights(platform: Platform) -> list[RoleRight]:
    """What the roles of a platform give: those of its product, and those that were added."""
    decided = platform.role_rights

    def usual(role: str) -> Right | None:
        others = {name: right for name, right in decided.items() if name != role}
        return dialect_for(platform.family, others).rights.right_of(role)

    now = dialect_for(platform.family, decided).rights.rights
    return [RoleRight(role, right, role in decided, usual(role)) for role, right in now.items()]


def set_role_right(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    registration_id: int,
    role: str,
    right: str,
    who: str,
) -> None:
    """Decide what a role gives from the next launch and roster on; an empty ``right``: what the
    product's default says. BadInput for what is no role and no right."""
    if right and right not in set(map(str, Right)):
        raise BadInput("Choose what this role gives.", field="right")
    if not role or len(role) > MAX_ROLE_LENGTH or not role.isprintable() or " " in role:
        raise BadInput(
            "Write the role as the LMS sends it: an address, or a short name such as Learner.",
            field="role",
        )
    role = role_uri(role)
    with unit_of_work(tenant_id) as connection:
        # Two administrators may decide at once: each sees what the other decided.
        platforms_store.lock_platform(connection, tenant_id, registration_id)
        platform = _require_platform(connection, tenant_id, registration_id)
        decided = {name: value for name, value in platform.role_rights.items() if name != role}
        if right and right != dialect_for(platform.family).rights.rights.get(role):
            decided[role] = right
        if len(decided) > MAX_DECIDED_ROLES:
            raise BadInput(
                lazy_gettext(
                    "No more than %(most)s roles are decided for one platform.",
                    most=Number(MAX_DECIDED_ROLES),
                ),
                field="role",
            )
        if decided == platform.role_rights:
            return
        platforms_store.update_platform(
            connection, tenant_id, registration_id, {"role_rights": decided}
        )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "decided what a role gives",
            {"platform": registration_id, "role": role, "right": right or "default"},
        )


def decide_deployment(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    registration_id: int,
    deployment_id: str,
    approve: bool,
    who: str,
) -> None:
    """Accept launches of a deployment from now on, or stop accepting them."""
    with unit_of_work(tenant_id) as connection:
        _require_platform(connection, tenant_id, registration_id)
        if not platforms_store.set_deployment_status(
            connection, tenant_id, registration_id, deployment_id, APPROVED if approve else REFUSED
        ):
            raise NotFound("There is no such deployment of this platform.")
        details = {"platform": registration_id, "deployment": deployment_id}
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "approved a deployment" if approve else "refused a deployment",
            details,
        )


def approve_deployments(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    registration_id: int,
    named: Sequence[str],
    who: str,
) -> None:
    """Accept launches of those of these deployments that wait."""
    if not named:
        raise BadInput("Tick the deployments whose launches are to be taken.")
    with unit_of_work(tenant_id) as connection:
        _require_platform(connection, tenant_id, registration_id)
        approved = platforms_store.approve_pending_deployments(
            connection, tenant_id, registration_id, named
        )
        _record_approved(connection, tenant_id, registration_id, approved, who)


def set_deployment_rule(
    unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, approve: bool, who: str
) -> None:
    """Approve every further deployment with its first launch, and those that wait now; or hold
    each from now on until it is approved. Refused ones stay refused."""
    with unit_of_work(tenant_id) as connection:
        platform = _require_platform(connection, tenant_id, registration_id)
        if approve:
            approved = platforms_store.approve_pending_deployments(
                connection, tenant_id, registration_id
            )
            _record_approved(connection, tenant_id, registration_id, approved, who)
        if approve == platform.approve_deployments:
            return
        values = {"approve_deployments": approve}
        platforms_store.update_platform(connection, tenant_id, registration_id, values)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "changed a platform",
            {"platform": registration_id, **values},
        )


def _record_approved(
    connection: Connection, tenant_id: int, registration_id: int, approved: list[str], who: str
) -> None:
    for deployment_id in approved:
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "approved a deployment",
            {"platform": registration_id, "deployment": deployment_id},
        )


def add_deployment(
    unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, deployment_id: str, who: str
) -> None:
    """Register and approve a deployment before its first launch."""
    if not deployment_id or len(deployment_id) > 255 or not deployment_id.isprintable():
        raise BadInput(
            "The deployment id is missing; the LMS shows it beside the client id.",
            field="deployment_id",
        )
    with unit_of_work(tenant_id) as connection:
        _require_platform(connection, tenant_id, registration_id)
        platforms_store.insert_deployment(
            connection, tenant_id, registration_id, deployment_id, APPROVED
        )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "added a deployment",
            {"platform": registration_id, "deployment": deployment_id},
        )


def withdraw_invite(
    unit_of_work: UnitOfWork, *, tenant_id: int, invite_id: int, who: str, now: datetime
) -> None:
    """Withdraw an invite that was given to the wrong person."""
    with unit_of_work(tenant_id) as connection:
        platforms_store.expire_invite(connection, tenant_id, invite_id, now)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "withdrew an invite", {"invite": invite_id}
        )


def resend_grade(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    grade_id: int,
    registration_id: int | None,
    who: str,
    now: datetime,
) -> None:
    """Send a grade again that was refused or is still pending."""
    with unit_of_work(tenant_id) as connection:
        requeued = grades_store.requeue_grade(
            connection, tenant_id, grade_id, None, registration_id, now
        )
        if requeued is Requeued.QUEUED:
            journal_store.insert_audit_entry(
                connection, tenant_id, who, "sent a grade again", {"grade": grade_id}
            )
    grade_states.require_queued(requeued)


def list_audit_entries(
    unit_of_work: UnitOfWork, *, tenant_id: int, before: int | None
) -> list[AuditEntry]:
    """A page of the audit log."""
    with unit_of_work(tenant_id) as connection:
        return journal_store.list_audit_entries(connection, tenant_id, ADMIN_LIST_LIMIT, before)


def create_admin_link(unit_of_work: UnitOfWork, *, tenant_id: int, who: str, now: datetime) -> str:
    """Create a single-use administration link, valid for half an hour; return its secret."""
    secret = random.token_urlsafe(32)
    with unit_of_work(tenant_id) as connection:
        journal_store.insert_admin_link(
            connection, tenant_id, uuid.uuid4(), who, hash_token(secret), now + ADMIN_LINK_LIFETIME
        )
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "made an administration link", {}
        )
    return secret


def redeem_admin_link(deps: ToolDeps, *, link_secret: str, now: datetime) -> tuple[uuid.UUID, str]:
    """Redeem a link: (session, its secret). NotFound if it was already used or has expired."""
    known = journal_store.find_admin_link(deps.engine, hash_token(link_secret))
    secret = random.token_urlsafe(32)
    if known is not None:
        session_id, tenant_id = known
        with deps.unit_of_work(tenant_id) as connection:
            if journal_store.redeem_admin_link(
                connection, tenant_id, session_id, hash_token(secret), now + ADMIN_SESSION_LIFETIME
            ):
                journal_store.insert_audit_entry(
                    connection,
                    tenant_id,
                    "an administration link",
                    "signed in",
                    {"session": str(session_id)},
                )
                return session_id, secret
    raise NotFound(
        "This link was used already or has expired: each works once, for half an hour. carryover "
        "admin link makes a new one."
    )


def close_admin_session(unit_of_work: UnitOfWork, *, tenant_id: int, session_id: uuid.UUID) -> None:
    """Close an administration session."""
    with unit_of_work(tenant_id) as connection:
        journal_store.delete_admin_session(connection, tenant_id, session_id)


def is_admin_link_valid(deps: ToolDeps, *, link_secret: str) -> bool:
    """Whether a link has neither been used nor expired."""
    return journal_store.find_admin_link(deps.engine, hash_token(link_secret)) is not None
