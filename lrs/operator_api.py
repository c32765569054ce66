"""Operator actions on the record store, called by the carryover command line."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core import deps, queue
from core.blob_store import BlobStore
from core.database import (
    ensure_roles,
    make_engine,
    require_app_role,
    require_database,
    require_long_role,
)
from core.errors import Conflict, FatalError, NotFound
from core.health import MAX_COUNTING_DELAY
from core.secrets import Secrets
from core.settings import Settings
from lrs.actions import (
    bearer_tokens,
    credentials,
    erasure,
    forwarding,
    importing,
    ndjson_export,
    tenants,
)
from lrs.actions.deps import ChangeListener, StoreDeps, build_store_deps
from lrs.actions.erasure import Erased
from lrs.actions.importing import RemoteStore
from lrs.actions.scopes import SCOPES
from lrs.store import audit, forwards, retention, schema, token_issuers
from lrs.store import credentials as stored_credentials
from lrs.store.audit import AuditEntry
from lrs.store.credentials import Credential
from lrs.store.forwards import Forward
from lrs.store.import_runs import ImportRun
from lrs.store.retention import RetentionRule
from lrs.store.token_issuers import TokenIssuer
from lrs.xapi import statement_query

__all__ = ["RemoteStore", "TenantAdmin", "open_tenant"]
# Scopes of the tool's own credential: send statements with activity definitions, read figures, say
# who is one person, create credentials for administrators.
TOOL_SCOPES = (
    "statements/write",
    "statements/read",
    "define",
    "metrics/individual",
    "metrics/write",
    "merges",
    "credentials",
)
ALL_SCOPES = SCOPES


def migrate_store(settings: Settings) -> None:
    """Create the application's database role and upgrade the schema, connected as the owner."""
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_DATABASE_URL")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    ensure_roles(owner, settings.database_url)
    schema.upgrade(owner)
    owner.dispose()


def require_store_ready(settings: Settings) -> None:
    """Stop with one sentence if the web server or worker could not do its work."""
    settings.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
    engine = make_engine(settings.database_url)
    require_database(engine)
    require_app_role(engine)
    require_long_role(settings.database_url)
    queue.require_redis(settings.redis_url)
    engine.dispose()


def create_tenant(
    settings: Settings, name: str, wanted: Sequence[tuple[str, Sequence[str]]], again: bool = False
) -> list[tuple[str, str]]:
    """Create a tenant with a credential for each (note, scopes); return their keys and secrets,
    which are not shown again.

    ``again``: a tenant of this name may exist already and gets new credentials.
    """
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    owner = make_engine(settings.migration_url)
    require_database(owner)
    secrets = Secrets(settings.secret_key, settings.secret_key_previous)
    created = tenants.create_tenant(owner, secrets, name=name, wanted=wanted, again=again)
    owner.dispose()
    return created


@dataclass(frozen=True)
class TenantAdmin:
    """Operator actions on one tenant."""

    deps: StoreDeps
    tenant_id: int
    who: str

    def create_credential(
        self, scopes: Sequence[str], note: str, tolerant: bool = False
    ) -> tuple[str, str]:
        """Create a credential; return its key and secret."""
        return credentials.create_credential(
            self.deps,
            tenant_id=self.tenant_id,
            scopes=scopes,
            note=note,
            who=self.who,
            tolerant=tolerant,
        )

    def credentials(self) -> list[Credential]:
        """All credentials."""
        return credentials.list_credentials(self.deps, tenant_id=self.tenant_id)

    def rotate_credential(self, key: str, seconds: int) -> tuple[str, str]:
        """Replace a credential; the old one works for ``seconds`` more. Return the new key
        and secret.
        """
        return credentials.rotate_credential(
            self.deps, tenant_id=self.tenant_id, key=key, seconds=seconds, who=self.who
        )

    def revoke_credential(self, key: str) -> None:
        """Revoke a credential."""
        credentials.revoke_credential(self.deps, tenant_id=self.tenant_id, key=key, who=self.who)

    def add_issuer(
        self, issuer: str, audience: str, scopes: Mapping[str, Sequence[str]]
    ) -> TokenIssuer:
        """Accept bearer tokens from an issuer."""
        try:
            with self.deps.unit_of_work(self.tenant_id) as connection:
                created = bearer_tokens.add_token_issuer(
                    connection,
                    self.deps.outbound_client,
                    tenant_id=self.tenant_id,
                    issuer=issuer,
                    audience=audience,
                    scopes=scopes,
                )
                audit.insert_audit_entry(
                    connection,
                    self.tenant_id,
                    self.who,
                    "named a token issuer",
                    {"issuer": issuer, "audience": audience},
                )
        except IntegrityError:
            raise Conflict(
                "Tokens of this issuer for this audience belong to another tenant already; use "
                "an audience of its own."
            ) from None
        return created

    def list_issuers(self) -> list[TokenIssuer]:
        """All issuers."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return token_issuers.list_token_issuers(connection, self.tenant_id)

    def remove_issuer(self, issuer: str) -> None:
        """Stop accepting an issuer's tokens."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            if not token_issuers.delete_token_issuers(connection, self.tenant_id, issuer):
                raise NotFound(f"This tenant has no issuer {issuer!r}.")
            audit.insert_audit_entry(
                connection, self.tenant_id, self.who, "removed a token issuer", {"issuer": issuer}
            )

    def erase_person(self, agent: str, dry_run: bool) -> Erased:
        """Erase a person, given as the JSON of an agent."""
        return erasure.erase_agent(
            self.deps,
            tenant_id=self.tenant_id,
            agent=statement_query.parse_agent(agent),
            who=self.who,
            dry_run=dry_run,
        )

    def add_rule(self, days: int, verb: str | None, activity: str | None) -> int:
        """Add a rule that removes statements after ``days``."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            rule_id = retention.insert_retention_rule(
                connection, self.tenant_id, days, verb, activity
            )
            audit.insert_audit_entry(
                connection,
                self.tenant_id,
                self.who,
                "added a retention rule",
                {"rule": rule_id, "days": days, "verb": verb, "activity": activity},
            )
        return rule_id

    def list_rules(self) -> list[RetentionRule]:
        """All retention rules."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return retention.list_retention_rules(connection, self.tenant_id)

    def remove_rule(self, rule_id: int) -> None:
        """Remove a retention rule."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            if not retention.delete_retention_rule(connection, self.tenant_id, rule_id):
                raise NotFound(f"This tenant has no rule {rule_id}.")
            audit.insert_audit_entry(
                connection, self.tenant_id, self.who, "removed a retention rule", {"rule": rule_id}
            )

    def add_forward(
        self,
        url: str,
        key: str,
        secret: str,
        filter_: Mapping[str, str],
        map_: Mapping[str, Any],
        from_start: bool,
    ) -> int:
        """Add a record store to forward statements to."""
        return forwarding.add_forward(
            self.deps,
            tenant_id=self.tenant_id,
            url=url,
            key=key,
            secret=secret,
            filter_=filter_,
            map_=map_,
            from_start=from_start,
            who=self.who,
        )

    def backfill_forward(self, forward_id: int, since: datetime, until: datetime | None) -> None:
        """Have a target get what was stored in a period, too."""
        forwarding.backfill_forward(
            self.deps,
            tenant_id=self.tenant_id,
            forward_id=forward_id,
            since=since,
            until=until,
            who=self.who,
        )

    def list_forwards(self) -> list[tuple[Forward, int]]:
        """Return all forwarding targets, as :func:`lrs.actions.forwarding.list_forwards` does."""
        return forwarding.list_forwards(self.deps, tenant_id=self.tenant_id)

    def dead_letters(self, forward_id: int) -> list[tuple[str, str]]:
        """Return (statement id, reason) of what a target refused, the oldest 1,000."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            known = forwards.list_forwards(connection, self.tenant_id)
            if forward_id not in {item.forward_id for item in known}:
                raise NotFound(f"This tenant has no forward {forward_id}.")
            return [
                (str(item.id), reason)
                for item, reason in forwards.list_dead_letters(
                    connection, self.tenant_id, forward_id, 1_000
                )
            ]

    def retry_forward(self, forward_id: int) -> tuple[int, int]:
        """Send dead letters again: (delivered, still dead)."""
        return forwarding.retry_dead_letters(
            self.deps, tenant_id=self.tenant_id, forward_id=forward_id
        )

    def set_forward_stopped(self, forward_id: int, stopped: bool) -> None:
        """Stop a target, or resume where it stopped."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            if not forwards.set_forward_stopped(connection, self.tenant_id, forward_id, stopped):
                raise NotFound(f"This tenant has no forward {forward_id}.")

    def remove_forward(self, forward_id: int) -> None:
        """Remove a forwarding target."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            if not forwards.delete_forward(connection, self.tenant_id, forward_id):
                raise NotFound(f"This tenant has no forward {forward_id}.")
            audit.insert_audit_entry(
                connection, self.tenant_id, self.who, "removed a forward", {"forward": forward_id}
            )

    def import_file(
        self,
        path: Path,
        report: importing.Report,
        progress: importing.ReportProgress,
        tolerant: bool = False,
    ) -> ImportRun:
        """Import statements from a file, one per line."""
        return importing.import_file(
            self.deps,
            tenant_id=self.tenant_id,
            path=path,
            report=report,
            progress=progress,
            who=self.who,
            tolerant=tolerant,
        )

    def import_from_store(
        self,
        source: RemoteStore,
        report: importing.Report,
        progress: importing.ReportProgress,
        tolerant: bool = False,
    ) -> ImportRun:
        """Import statements from another record store."""
        return importing.import_from_store(
            self.deps,
            tenant_id=self.tenant_id,
            source=source,
            report=report,
            progress=progress,
            who=self.who,
            tolerant=tolerant,
        )

    def export(self, identified: bool) -> Iterator[bytes]:
        """Yield all statements, one per line."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            audit.insert_audit_entry(
                connection,
                self.tenant_id,
                self.who,
                "exported statements",
                {"identified": identified},
            )
        return ndjson_export.export_lines(
            self.deps, tenant_id=self.tenant_id, identified=identified
        )

    def latest_audit_entries(self, rows: int) -> list[AuditEntry]:
        """Return the latest audit entries."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return audit.list_audit_entries(connection, self.tenant_id, rows)


@contextmanager
def open_tenant(
    settings: Settings, tenant: str, listener: ChangeListener | None = None
) -> Iterator[TenantAdmin]:
    """Open a tenant for operator actions, by its name (or the only tenant there is, if the
    name is empty).
    """
    settings.require(
        "CARRYOVER_MIGRATION_URL",
        "CARRYOVER_DATABASE_URL",
        "CARRYOVER_REDIS_URL",
        "CARRYOVER_SECRET_KEY",
    )
    owner = make_engine(settings.migration_url)
    require_database(owner)
    with owner.connect() as connection:
        known = list(
            connection.execute(text("SELECT name FROM lrs.tenant ORDER BY name")).scalars()
        )
        name = tenant or (known[0] if len(known) == 1 else "")
        tenant_id = stored_credentials.find_tenant_id(connection, name)
    owner.dispose()
    if tenant_id is None:
        raise FatalError(
            "Name the tenant with --tenant: "
            f"{', '.join(known) or 'there is none yet; make one with carryover tenant create'}."
        )
    created = build_store_deps(deps.build_deps(settings), listener)
    try:
        yield TenantAdmin(created, tenant_id, _operator_name())
    finally:
        created.close()


def _operator_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "somebody"
    return f"{name} at {socket.gethostname()}, command line"


def doctor_checks(settings: Settings) -> Mapping[str, Callable[[], str]]:
    """The record store's checks for carryover doctor: each returns a sentence, or raises
    FatalError with what to do.
    """

    def check_attachments() -> str:
        blobs = BlobStore(settings.attachments_url)
        arriving = blobs.open(1)
        arriving.write(b"x")
        blobs.discard_upload(arriving)
        return f"{settings.attachments_url} can be written"

    def check_backlog() -> str:
        owner = make_engine(settings.migration_url or settings.database_url)
        with owner.connect() as connection:
            waiting, oldest = connection.execute(
                text("SELECT waiting, oldest FROM lrs.backlog()")
            ).one()
            now = connection.execute(
                text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            ).scalar_one()
        owner.dispose()
        age = 0 if oldest is None else (now - (oldest >> 10)) / 1_000_000
        if age > MAX_COUNTING_DELAY.total_seconds():
            raise FatalError(
                f"{waiting} statements wait to be counted, the oldest for {age:.0f} s; see "
                "whether carryover worker runs."
            )
        return f"{waiting} statements wait to be counted"

    return {"attachments": check_attachments, "counting": check_backlog}


def attachment_blobs(settings: Settings) -> BlobStore:
    """Return the blob store of the attachments."""
    return BlobStore(settings.attachments_url)


def migrations_folder() -> Path:
    """Return the folder with the migrations of schema lrs."""
    return schema.MIGRATIONS_FOLDER
