"""What an operator does to the tool; the door's command line calls these."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lrs.ground import clock
from lrs.ground.database import make_engine, require_reachable, unit_of_work_on
from lrs.ground.secrets import Secrets
from lrs.ground.settings import Settings
from lti_tool.actions import certifying, programmes, tenants
from lti_tool.lti import keys
from lti_tool.store import people, schema
from lti_tool.store.tenants import installation_id


def migrate(settings: Settings) -> None:
    """Bring the schema up to date, as the owner."""
    settings.require("CARRYOVER_MIGRATION_URL")
    owner = make_engine(settings.migration_url)
    require_reachable(owner)
    schema.upgrade(owner)
    owner.dispose()


def schema_folder() -> Path:
    """Where the migrations of schema lti_tool are."""
    return schema.FOLDER


def checks(settings: Settings) -> Mapping[str, Callable[[], str]]:
    """What carryover doctor asks of the tool: each gives a sentence, or raises Stop with what to do."""

    def sealed() -> str:
        owner = make_engine(settings.migration_url or settings.database_url)
        secrets = Secrets(settings.secret_key, settings.secret_key_previous)
        count = keys.require_openable(owner, secrets)
        owner.dispose()
        return f"{count} signing keys can be opened with the secret key"

    return {"sealed keys": sealed}


def create_tenant(settings: Settings, *, name: str, lrs_url: str | None, lrs_key: str, lrs_secret: str, practice: bool) -> int:
    """A tenant whose statements go to this record store; gives its id."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    owner = make_engine(settings.migration_url)
    secrets = Secrets(settings.secret_key, settings.secret_key_previous)
    tenant_id = tenants.ensure(owner, secrets, name=name, lrs_url=lrs_url, lrs_key=lrs_key, lrs_secret=lrs_secret, practice=practice)
    owner.dispose()
    return tenant_id


def set_up(
    settings: Settings,
    *,
    tenant_id: int,
    programme: Mapping[str, Any],
    platform: dict[str, str],
    deployments: list[str],
    certified: Mapping[str, tuple[str, datetime]],
) -> uuid.UUID:
    """A programme, a platform and people certified in it (subject → name, moment), all as acts; gives the installation's id."""
    engine = make_engine(settings.database_url)
    unit_of_work = unit_of_work_on(engine)
    made = programmes.keep(unit_of_work, tenant_id=tenant_id, document=dict(programme))
    registration = tenants.register_platform(unit_of_work, tenant_id=tenant_id, platform=platform, deployments=deployments)
    for subject, (name, at) in certified.items():
        with unit_of_work(tenant_id) as connection:
            person = people.ensure_person(connection, tenant_id, registration, subject, name, "")
        certifying.certify(unit_of_work, tenant_id=tenant_id, person_id=person, programme=made.key, certified_at=at, now=clock.now(), audience={})
    with unit_of_work(tenant_id) as connection:
        installation = installation_id(connection)
    engine.dispose()
    return installation
