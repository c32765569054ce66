"""``carryover doctor``: checks everything an installation depends on; reports what is wrong
and how to fix it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from analytics import operator_api as analytics_cli
from core import migrations, queue
from core.database import make_engine, require_app_role, require_database, require_long_role
from core.errors import FatalError
from core.health import MIN_FREE_BYTES, measure_free_bytes
from core.settings import Settings
from lrs import operator_api as lrs_cli
from lti_tool import operator_api as tool_cli

MIN_POSTGRES_VERSION = 15
MAX_CLOCK_SKEW_SECONDS = 2.0


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    name: str
    good: bool
    words: str


def run_checks(settings: Settings) -> list[CheckResult]:
    """Run all checks independently: one failure hides no other."""
    result = []
    for name, check in _all_checks(settings).items():
        try:
            result.append(CheckResult(name, True, check()))
        except FatalError as wrong:
            result.append(CheckResult(name, False, str(wrong)))
        except (SQLAlchemyError, redis.RedisError, OSError, ImportError, ValueError) as error:
            reason = str(error).strip().splitlines()
            result.append(
                CheckResult(
                    name,
                    False,
                    f"cannot be looked at: {reason[0] if reason else type(error).__name__}",
                )
            )
    return result


def _check_python(_: Settings) -> str:
    return f"Python {sys.version.split()[0]}"


def _check_settings(settings: Settings) -> str:
    settings.require(
        "CARRYOVER_DATABASE_URL",
        "CARRYOVER_MIGRATION_URL",
        "CARRYOVER_REDIS_URL",
        "CARRYOVER_SECRET_KEY",
    )
    if settings.secret_key == settings.secret_key_previous:
        raise FatalError(
            "CARRYOVER_SECRET_KEY_PREVIOUS is the same as CARRYOVER_SECRET_KEY; leave it out."
        )
    return "all that is needed is set" + (
        "; a previous secret key is still accepted" if settings.secret_key_previous else ""
    )


def _check_base_url(settings: Settings) -> str:
    if settings.base_url.startswith("http://") and not settings.allow_private_platforms:
        raise FatalError(
            f"CARRYOVER_BASE_URL is {settings.base_url}: an LMS frames https alone; put TLS "
            "in front and set the public address."
        )
    return settings.base_url


def _check_database(settings: Settings) -> str:
    engine = make_engine(settings.database_url)
    require_database(engine)
    require_app_role(engine)
    require_long_role(settings.database_url)
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
        commit = connection.execute(text("SHOW synchronous_commit")).scalar_one()
        fsync = connection.execute(text("SHOW fsync")).scalar_one()
    engine.dispose()
    if version < MIN_POSTGRES_VERSION:
        raise FatalError(
            f"PostgreSQL {version} is too old; {MIN_POSTGRES_VERSION} or later is needed."
        )
    if commit == "off" or fsync == "off":
        raise FatalError(
            "synchronous_commit or fsync is off: a power cut loses statements that were "
            "acknowledged; switch both on."
        )
    return f"PostgreSQL {version}, signed in as a role that row-level security binds"


def _check_migrations(settings: Settings) -> str:
    owner = make_engine(settings.migration_url)
    require_database(owner)
    outdated = [
        folder.parent.parent.name
        for folder in (lrs_cli.migrations_folder(), tool_cli.migrations_folder())
        if migrations.has_pending_migrations(folder, owner)
    ]
    owner.dispose()
    if outdated:
        raise FatalError(
            f"The tables of {' and '.join(outdated)} are not up to date; run carryover migrate."
        )
    return "up to date"


def _check_clock_skew(settings: Settings) -> str:
    engine = make_engine(settings.database_url)
    with engine.connect() as connection:
        begun = time.time()
        related = float(
            connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        )
        ours = (begun + time.time()) / 2
    engine.dispose()
    if abs(related - ours) > MAX_CLOCK_SKEW_SECONDS:
        raise FatalError(
            f"The database's clock differs from this machine's by {related - ours:+.1f} s; "
            "synchronise both (NTP)."
        )
    return f"the database's differs by {(related - ours) * 1_000:+.0f} ms"


def _check_queue(settings: Settings) -> str:
    queue.require_redis(settings.redis_url)
    if not queue.has_live_workers(settings.redis_url):
        raise FatalError(
            "Redis answers, but a queue has no worker: figures and grades, or reports and "
            "files, stand still; start carryover worker (its parts are queue, long and "
            "timer)."
        )
    return "Redis answers, each queue has a worker"


def _check_disk(settings: Settings) -> str:
    free = measure_free_bytes(settings.home)
    if free < MIN_FREE_BYTES:
        raise FatalError(
            f"{free / 1e9:.1f} GB are free at {settings.home}; make room, or move CARRYOVER_HOME."
        )
    return f"{free / 1e9:.0f} GB free at {settings.home}"


_OWN_CHECKS: Mapping[str, Callable[[Settings], str]] = {
    "python": _check_python,
    "settings": _check_settings,
    "address": _check_base_url,
    "database": _check_database,
    "tables": _check_migrations,
    "clock": _check_clock_skew,
    "queue": _check_queue,
    "disk": _check_disk,
}


def _all_checks(settings: Settings) -> Mapping[str, Callable[[], str]]:
    return {
        **{name: partial(check, settings) for name, check in _OWN_CHECKS.items()},
        **lrs_cli.doctor_checks(settings),
        **analytics_cli.doctor_checks(settings),
        **tool_cli.doctor_checks(settings),
    }
