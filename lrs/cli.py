"""What an operator does to the record store; the door's command line calls these."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.actions import tenants
from lrs.ground import queue
from lrs.ground.database import ensure_app_role, make_engine, require_harmless_role, require_reachable
from lrs.ground.secrets import Secrets
from lrs.ground.settings import Settings
from lrs.store import schema

# What the tool's own key may do: send statements that say what their activities are, read figures.
TOOL_SCOPES = ("statements/write", "statements/read", "define", "metrics/read")


def migrate(settings: Settings) -> None:
    """Create the app role and bring the schema up to date, as the owner."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_DATABASE_URL")
    owner = make_engine(settings.migration_url)
    require_reachable(owner)
    ensure_app_role(owner, settings.database_url)
    schema.upgrade(owner)
    owner.dispose()


def require_ready(settings: Settings) -> None:
    """End with one sentence when web or worker could not do its work."""
    settings.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
    engine = make_engine(settings.database_url)
    require_reachable(engine)
    require_harmless_role(engine)
    queue.require_reachable(settings.redis_url)
    engine.dispose()


def create_tenant(settings: Settings, name: str, wanted: Sequence[tuple[str, Sequence[str]]], again: bool = False) -> list[tuple[str, str]]:
    """A tenant with a credential for each (note, scopes); gives their keys and secrets, which are not shown again.

    ``again``: a tenant of this name may be there already and gets new credentials.
    """
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    owner = make_engine(settings.migration_url)
    require_reachable(owner)
    secrets = Secrets(settings.secret_key, settings.secret_key_previous)
    made = tenants.create(owner, secrets, name=name, wanted=wanted, again=again)
    owner.dispose()
    return made
