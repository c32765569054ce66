"""Operator commands of the tool, called by the combined command line."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from core import clock
from core.database import UnitOfWork, make_engine, make_unit_of_work, require_database
from core.errors import Conflict, FatalError, NotFound
from core.secrets import Secrets
from core.settings import Settings
from lti_tool.admin import platform_admin
from lti_tool.base import platforms_store, signing_keys, tenants
from lti_tool.base import tenants_store as stored_tenants
from lti_tool.base.platforms_store import APPROVED, DISABLED, PENDING, REMOVED, Deployment, Platform
from lti_tool.base.tenants_store import ToolKey, get_installation_id
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import manual_registration, platform_registration
from lti_tool.launch.manual_registration import ManualRegistration
from lti_tool.people import directory_store, identity_links, people_import, people_store
from lti_tool.people.directory_store import Profile
from lti_tool.people.people_store import PlatformUser
from lti_tool.privacy import person_erasure
from lti_tool.privacy.person_erasure import ToolErasure
from lti_tool.programmes import certification, programmes
from lti_tool.tables import schema

__all__ = ["ManualRegistration", "TenantOperator", "open_tenant"]
STATUS_BY_ACTION = {"approve": APPROVED, "enable": APPROVED, "disable": DISABLED, "remove": REMOVED}


def migrate(settings: Settings) -> None:
    """Upgrade the schema to the newest revision, as the owner."""
    settings.require("CARRYOVER_MIGRATION_URL")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    schema.upgrade(owner)
    owner.dispose()


def migrations_folder() -> Path:
    """The folder with the migrations of the schema lti_tool."""
    return schema.MIGRATIONS_FOLDER


def doctor_checks(settings: Settings) -> Mapping[str, Callable[[], str]]:
    """Checks that carryover doctor runs on the tool: each returns a sentence, or raises Stop
    with what to do."""

    def check_sealed_keys() -> str:
        owner = make_engine(settings.migration_url or settings.database_url)
        secrets = Secrets(settings.secret_key, settings.secret_key_previous)
        count = signing_keys.require_unsealable_keys(owner, secrets)
        owner.dispose()
        return f"{count} signing keys can be opened with the secret key"

    return {"sealed keys": check_sealed_keys}


def create_tenant(
    settings: Settings,
    *,
    name: str,
    lrs_url: str | None,
    lrs_key: str,
    lrs_secret: str,
    practice: bool,
) -> int:
    """Create a tenant whose statements go to this record store; returns its id."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    owner = make_engine(settings.migration_url)
    secrets = Secrets(settings.secret_key, settings.secret_key_previous)
    tenant_id = tenants.upsert_tenant(
        owner,
        secrets,
        name=name,
        lrs_url=lrs_url,
        lrs_key=lrs_key,
        lrs_secret=lrs_secret,
        practice=practice,
    )
    owner.dispose()
    return tenant_id


@dataclass(frozen=True)
class TenantOperator:
    """Operations on the platforms of one tenant, for its operator."""

    unit_of_work: UnitOfWork
    settings: Settings
    tenant_id: int
    who: str

    def create_invite(self, note: str, approves: bool) -> str:
        """Create a single-use URL that an LMS administrator pastes."""
        _, secret = platform_registration.create_invite(
            self.unit_of_work,
            tenant_id=self.tenant_id,
            note=note,
            who=self.who,
            approves=approves,
            now=clock.now(),
        )
        return platform_registration.invite_url(self.settings.base_url, secret)

    def is_invite_usable(self, address: str) -> bool:
        """Whether this URL is unused, and valid for at least another day."""
        with self.unit_of_work(self.tenant_id) as connection:
            return platforms_store.is_invite_usable(
                connection,
                self.tenant_id,
                hash_token(address.rpartition("/")[2]),
                clock.now() + timedelta(days=1),
            )

    def platforms(self) -> list[Platform]:
        """List all registrations."""
        with self.unit_of_work(self.tenant_id) as connection:
            return platforms_store.list_platforms(connection, self.tenant_id)

    def deployments(self, registration_id: int) -> list[Deployment]:
        """List the deployments of a registration."""
        return platform_admin.load_platform_details(
            self.unit_of_work, tenant_id=self.tenant_id, registration_id=registration_id
        ).deployments

    def add_platform(self, typed: ManualRegistration, approved: bool) -> int:
        """Register a platform manually; returns its number."""
        return manual_registration.register_manually(
            self.unit_of_work,
            tenant_id=self.tenant_id,
            allow_private=self.settings.allow_private_platforms,
            typed=typed,
            status=APPROVED if approved else PENDING,
            who=self.who,
        )

    def change_platform(self, registration_id: int, changed: Mapping[str, str]) -> None:
        """Change the typed fields of a platform, only those that are given; an empty text
        clears a field that may be empty."""
        with self.unit_of_work(self.tenant_id) as connection:
            known = next(
                (
                    platform
                    for platform in platforms_store.list_platforms(connection, self.tenant_id)
                    if platform.id == registration_id
                ),
                None,
            )
        if known is None:
            raise NotFound("There is no such platform here; carryover platform list shows them.")
        fields = (
            "name",
            "family",
            "issuer",
            "client_id",
            "auth_login_url",
            "auth_token_url",
            "key_set_url",
            "auth_audience",
        )
        texts = {
            name: changed[name] if name in changed else getattr(known, name) for name in fields
        }
        typed = ManualRegistration(
            **texts, deployment_ids=(), frame_origins=tuple(known.frame_origins)
        )
        values = manual_registration.validate_registration(
            self.settings.allow_private_platforms, typed
        )
        platform_admin.update_platform(
            self.unit_of_work,
            tenant_id=self.tenant_id,
            registration_id=registration_id,
            values=values,
            who=self.who,
        )

    def set_status(self, registration_id: int, act: str) -> None:
        """Approve, enable, disable or remove a platform."""
        platform_admin.set_platform_status(
            self.unit_of_work,
            tenant_id=self.tenant_id,
            registration_id=registration_id,
            status=STATUS_BY_ACTION[act],
            who=self.who,
        )

    def decide_deployment(self, registration_id: int, deployment_id: str, approve: bool) -> None:
        """Approve or refuse a deployment."""
        platform_admin.decide_deployment(
            self.unit_of_work,
            tenant_id=self.tenant_id,
            registration_id=registration_id,
            deployment_id=deployment_id,
            approve=approve,
            who=self.who,
        )

    def create_admin_link(self) -> str:
        """Create a single-use link that opens the administration."""
        secret = platform_admin.create_admin_link(
            self.unit_of_work, tenant_id=self.tenant_id, who=self.who, now=clock.now()
        )
        return f"{self.settings.base_url}/admin/enter/{secret}"


@contextmanager
def open_tenant(settings: Settings, tenant: str) -> Iterator[TenantOperator]:
    """Open a tenant by its name (if the name is empty, the only tenant there is)."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_DATABASE_URL")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    tenant_id, names = stored_tenants.find_tenant_by_name(owner, tenant)
    owner.dispose()
    if tenant_id is None:
        raise FatalError(
            "Name the tenant with --tenant: "
            f"{', '.join(names) or 'there is none yet; make one with carryover tenant create'}."
        )
    engine = make_engine(settings.database_url)
    try:
        yield TenantOperator(make_unit_of_work(engine), settings, tenant_id, _operator_name())
    finally:
        engine.dispose()


def _operator_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "somebody"
    return f"{name} at {socket.gethostname()}, command line"


@contextmanager
def _open_as_owner(settings: Settings, tenant: str) -> Iterator[tuple[Engine, int]]:
    """Yield the owner's engine and the id of the tenant with this name."""
    settings.require("CARRYOVER_MIGRATION_URL")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    tenant_id, names = stored_tenants.find_tenant_by_name(owner, tenant)
    try:
        if tenant_id is None:
            raise FatalError(
                "Name the tenant with --tenant: "
                f"{', '.join(names) or 'there is none yet; make one with carryover tenant create'}."
            )
        yield owner, tenant_id
    except (NotFound, Conflict) as error:
        raise FatalError(error.message) from None
    finally:
        owner.dispose()


def preview_erasure(
    settings: Settings, tenant: str, named: str
) -> tuple[dict[str, int], dict[str, Any]]:
    """Preview an erasure: the rows it would remove (table → rows), and the agent that the
    record store would search for."""
    with _open_as_owner(settings, tenant) as (owner, tenant_id):
        return person_erasure.preview_erasure(owner, tenant_id=tenant_id, named=named)


def erase_person(settings: Settings, tenant: str, named: str) -> tuple[int, ToolErasure]:
    """Erase a person from the tool; returns (tenant, what was removed and what the record store
    has to search for)."""
    with _open_as_owner(settings, tenant) as (owner, tenant_id):
        return tenant_id, person_erasure.erase_person(
            owner, tenant_id=tenant_id, named=named, who=_operator_name(), now=clock.now()
        )


def finish_erasure(settings: Settings, tenant_id: int, request_id: uuid.UUID) -> None:
    """Record that the record store has erased the person as well."""
    owner = make_engine(settings.migration_url)
    person_erasure.finish_erasure(
        owner, tenant_id=tenant_id, request_id=request_id, now=clock.now()
    )
    owner.dispose()


def rotate_signing_key(settings: Settings, at_once: bool) -> ToolKey:
    """Replace the current signing key with a new one."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    created = signing_keys.rotate_tool_key(
        owner, Secrets(settings.secret_key, settings.secret_key_previous), at_once
    )
    owner.dispose()
    return created


def list_shown_keys(settings: Settings) -> list[ToolKey]:
    """The signing keys published to platforms."""
    settings.require("CARRYOVER_MIGRATION_URL")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    result = stored_tenants.list_tool_keys(owner)
    owner.dispose()
    return result


def seed_tenant(
    settings: Settings,
    *,
    tenant_id: int,
    programme: Mapping[str, Any],
    platform: dict[str, str],
    deployments: list[str],
    certified: Mapping[str, tuple[str, datetime]],
    listed: bytes = b"",
    sourced: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> uuid.UUID:
    """Set up a programme, a platform and people certified in it (subject → name, moment), all
    through regular acts; returns the installation's id.

    ``listed`` is a list of people, ``sourced`` maps users of the platform to people on it
    (subject → id), ``roles`` assigns roles to some (id → role).
    """
    engine = make_engine(settings.database_url)
    unit_of_work = make_unit_of_work(engine)
    created = programmes.save_programme(unit_of_work, tenant_id=tenant_id, document=dict(programme))
    registration = tenants.vouch_for_platform(
        unit_of_work, tenant_id=tenant_id, platform=platform, deployments=deployments
    )
    if listed:
        _import_listed_people(unit_of_work, tenant_id, listed)
    with unit_of_work(tenant_id) as connection:
        for subject, external_id in (sourced or {}).items():
            _join_listed_person(connection, tenant_id, registration, subject, external_id)
        for external_id, role in (roles or {}).items():
            item = _get_listed_person(connection, tenant_id, external_id)
            directory_store.insert_role_grant(
                connection, tenant_id, item.id, role, _operator_name()
            )
    for subject, (name, at) in certified.items():
        with unit_of_work(tenant_id) as connection:
            person = people_store.ensure_person(
                connection, tenant_id, registration, PlatformUser(subject, name, "")
            )
        certification.certify_person(
            unit_of_work,
            tenant_id=tenant_id,
            person_id=person,
            programme=created.key,
            certified_at=at,
            now=clock.now(),
        )
    with unit_of_work(tenant_id) as connection:
        installation = get_installation_id(connection)
    engine.dispose()
    return installation


def _import_listed_people(unit_of_work: UnitOfWork, tenant_id: int, listed: bytes) -> None:
    report = people_import.import_people(
        unit_of_work,
        tenant_id=tenant_id,
        content=listed,
        apply=True,
        who=_operator_name(),
        now=clock.now(),
    )
    if not report.applied:
        raise FatalError(
            "The list of people cannot be taken over: "
            f"{next(line.text for line in report.lines if line.outcome == people_import.WRONG)}"
        )


def _get_listed_person(connection: Connection, tenant_id: int, external_id: str) -> Profile:
    (item,) = directory_store.find_profiles(connection, tenant_id, external_ids=[external_id])
    return item


def _join_listed_person(
    connection: Connection, tenant_id: int, registration: int, subject: str, external_id: str
) -> None:
    """Make the platform's user and the person of the list one; FatalError if both are
    certified."""
    item = _get_listed_person(connection, tenant_id, external_id)
    person_id = people_store.ensure_person(
        connection, tenant_id, registration, PlatformUser(subject, item.name, item.email)
    )
    if (
        person_id != item.id
        and identity_links.join_people(
            connection, tenant_id, person_id, item.id, _operator_name(), clock.now()
        )
        is None
    ):
        raise FatalError(f"User {subject} and {external_id} of the list have a certification each.")
