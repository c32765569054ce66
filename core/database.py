"""The unit of work: one transaction, one tenant.

Leaving the block commits; an exception rolls back. The tenant is set for the transaction only,
and row-level security refuses any statement where it is unset.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError

from core.blob_store import BlobStore
from core.errors import FatalError

APP_ROLE = "carryover_app"
# Reads for minutes and writes no statement: its transactions do not hold the high-water mark back.
LONG_ROLE = "carryover_long"
# The owner of the views for reporting tools, and the group role of those who may read them;
# neither can log in.
REPORT_OWNER, REPORT_READER = "carryover_reporting", "carryover_reader"
# Of keys and indexes for which a table states no name; what is between the braces is SQLAlchemy's.
KEY_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}
TENANT_SETTING = "carryover.tenant_id"
CONNECT_TIMEOUT_SECONDS = 10
# Of two web workers each: (15 + what pages are read on, 5) x 2 in the record store, 15 x 2 in the
# tool, and 2 writers: < PostgreSQL's default of 100 connections.
POOL_SIZE, POOL_OVERFLOW = 5, 10
POOL_TIMEOUT_SECONDS = 30

# A generic plan for all values of a filter was 50 times slower than one for the actual value
# (docs/performance.md). In UTC, every stored instant can be read back: in other time zones the
# first and the last day of the calendar are out of range.
_UTC = "-c timezone=UTC"
_CUSTOM_PLANS, _GENERIC_PLAN = (
    f"{_UTC} -c plan_cache_mode=force_custom_plan",
    f"{_UTC} -c plan_cache_mode=force_generic_plan",
)
_READ_ONLY = f"{_CUSTOM_PLANS} -c default_transaction_read_only=on"

UnitOfWork = Callable[[int], AbstractContextManager[Connection]]


class Use(Enum):
    """What an engine is for, each with the options of its connections. ``WORK``: transactions.
    ``INSERTS``: one statement that is repeated again and again, each time its own transaction.
    ``PAGES``: questions, each its own transaction (:func:`make_reading`).
    """

    WORK = _CUSTOM_PLANS
    INSERTS = _GENERIC_PLAN
    PAGES = _READ_ONLY


def make_engine(
    url: str,
    use: Use = Use.WORK,
    blobs: BlobStore | None = None,
    writers: Engine | None = None,
) -> Engine:
    """Create an engine for ``url``; no connection is opened yet.

    ``blobs``: where bytes lie that the database does not hold (:func:`blobs_of`). ``writers``: see
    :func:`as_writer`.
    """
    if "://" not in url:
        raise FatalError(
            "No address of a database is set; docs/settings.md says what CARRYOVER_DATABASE_URL "
            "and CARRYOVER_MIGRATION_URL hold."
        )
    scheme, rest = url.split("://", 1)
    if scheme == "postgresql":
        scheme = "postgresql+psycopg"
    engine = create_engine(
        f"{scheme}://{rest}",
        pool_size=POOL_SIZE,
        max_overflow=0 if use is Use.PAGES else POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,  # statements are personal data and must not appear in a log
        isolation_level="READ COMMITTED" if use is Use.WORK else "AUTOCOMMIT",
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "carryover",
            "options": use.value,
        },
        execution_options={"blobs": blobs, "writers": writers},
    )
    event.listen(engine, "checkout", _replace_closed)
    return engine


def _replace_closed(raw: psycopg.Connection[Any], *_: object) -> None:
    """Have the pool open another connection in place of one that the server closed. Between two
    uses a server sends nothing but its farewell: looking for that takes a microsecond, and asking
    the server takes as long as a question."""
    if not raw.closed:
        socket = select.poll()
        socket.register(raw.fileno(), select.POLLIN)
        if not socket.poll(0):
            return
    raise DisconnectionError


def blobs_of(connection: Connection) -> BlobStore:
    """Where the bytes lie that this database does not hold."""
    blobs = connection.get_execution_options()["blobs"]
    assert isinstance(blobs, BlobStore)
    return blobs


@contextmanager
def as_writer(connection: Connection) -> Iterator[Connection]:
    """The connection, or for one of ``LONG_ROLE`` another of ``APP_ROLE``: what transactions run is
    shown to their own role alone."""
    writers = connection.get_execution_options().get("writers")
    if writers is None:
        yield connection
    else:
        with writers.connect() as apart:
            yield apart


def make_long_engine(url: str, blobs: BlobStore, writers: Engine) -> Engine:
    """Create an engine for whoever reads for minutes: the same database as ``LONG_ROLE``, beside
    that of ``APP_ROLE``."""
    return make_engine(_long_url(url), blobs=blobs, writers=writers)


def _long_url(url: str) -> str:
    parsed = make_url(url.replace("postgresql://", "postgresql+psycopg://", 1))
    return parsed.set(username=LONG_ROLE).render_as_string(hide_password=False)


def make_unit_of_work(engine: Engine) -> UnitOfWork:
    """``with unit_of_work(tenant_id) as connection:`` one transaction that sees only that
    tenant."""

    @contextmanager
    def unit_of_work(tenant_id: int) -> Iterator[Connection]:
        with engine.begin() as connection:
            _set_tenant(connection, tenant_id, transaction_only=True)
            yield connection

    return unit_of_work


def make_reading(engine: Engine) -> UnitOfWork:
    """``with reading(tenant_id) as connection:`` questions that see only that tenant, each its own
    transaction. The engine is one for ``Use.PAGES``, and used for nothing else: its connections
    keep the tenant of their last use, so that a page costs its questions alone.
    """

    @contextmanager
    def reading(tenant_id: int) -> Iterator[Connection]:
        with engine.connect() as connection:
            kept = connection.info  # as long as the connection to the server is the same
            if kept.get(TENANT_SETTING) != tenant_id:
                kept[TENANT_SETTING] = None
                _set_tenant(connection, tenant_id, transaction_only=False)
                kept[TENANT_SETTING] = tenant_id
            yield connection

    return reading


def _set_tenant(connection: Connection, tenant_id: int, transaction_only: bool) -> None:
    # Through the driver: this runs before every unit of work and needs nothing of SQLAlchemy.
    with driver_cursor(connection) as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, %s)",
            (TENANT_SETTING, str(tenant_id), transaction_only),
            prepare=True,
        )


def driver_cursor(connection: Connection, binary: bool = False) -> psycopg.Cursor[Any]:
    """The driver's own cursor inside the same transaction: only for hot paths. ``binary``:
    results are transferred in binary format."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw.cursor(binary=binary)


def require_database(engine: Engine) -> None:
    """Exit with a one-sentence message if the database does not answer."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise FatalError(
            f"The database cannot be reached ({reason}); start it, or correct its address in the "
            "settings."
        ) from None


def ensure_roles(owner: Engine, app_url: str) -> None:
    """Create the login roles of web and worker with the password of ``app_url``, or update their
    password; and create the reporting roles."""
    password = conninfo_to_dict(app_url.replace("postgresql+psycopg://", "postgresql://")).get(
        "password"
    )
    try:
        with owner.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(7274003)")
            )  # serializes two starts at the same time
            for role, may in (
                (APP_ROLE, "LOGIN"),
                (LONG_ROLE, "LOGIN"),
                (REPORT_OWNER, "NOLOGIN"),
                (REPORT_READER, "NOLOGIN"),
            ):
                if not connection.execute(
                    text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
                ).first():
                    connection.execute(
                        text(
                            f"CREATE ROLE {role} {may} NOSUPERUSER NOCREATEDB NOCREATEROLE "
                            "NOBYPASSRLS"
                        )
                    )
            # Only a member of a role can transfer ownership to it.
            connection.execute(text(f"GRANT {REPORT_OWNER} TO CURRENT_USER"))
            if password:
                driver = connection.connection.driver_connection
                assert isinstance(driver, psycopg.Connection)
                for role in (APP_ROLE, LONG_ROLE):
                    driver.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                            sql.Identifier(role), sql.Literal(password)
                        )
                    )
    except (DBAPIError, psycopg.Error) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise FatalError(
            f"The roles {APP_ROLE}, {LONG_ROLE}, {REPORT_OWNER} and {REPORT_READER} cannot be "
            f"made or given their rights ({reason}); the owner needs CREATEROLE, or make them by "
            "hand."
        ) from None


def require_long_role(url: str) -> None:
    """Exit with a one-sentence message if ``LONG_ROLE`` cannot sign in where ``url`` leads."""
    engine = make_engine(_long_url(url))
    try:
        engine.connect().close()
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise FatalError(
            f"The database does not let {LONG_ROLE!r} in ({reason}); carryover migrate creates it "
            f"with the password of {APP_ROLE!r}, and pg_hba.conf or a pooler must allow both."
        ) from None
    finally:
        engine.dispose()


def require_app_role(engine: Engine) -> None:
    """Exit with a one-sentence message if web or worker would run as a role that bypasses
    row-level security."""
    with engine.connect() as connection:
        role = connection.execute(
            text(
                "SELECT rolname, rolsuper OR rolbypassrls AS free FROM pg_roles WHERE rolname = "
                "current_user"
            )
        ).one()
    if role.free or role.rolname != APP_ROLE:
        raise FatalError(
            f"CARRYOVER_DATABASE_URL signs in as {role.rolname!r}; web and worker must be "
            f"{APP_ROLE!r}, which carryover migrate creates."
        )
