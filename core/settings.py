"""Settings: the environment is read once, here, into a frozen dataclass.

No secret has a working default. A test checks ``docs/settings.md`` against ``SETTING_TABLE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import FatalError

MIN_SECRET_LENGTH = (
    32  # 32 characters of base64 carry 192 bits: more than the 128 an HMAC key needs.
)


@dataclass(frozen=True)
class Setting:
    """One row of the table: environment name, default as text, meaning."""

    name: str
    default: str
    meaning: str


SETTING_TABLE = (
    Setting(
        "CARRYOVER_HOME", "var", "Folder of the demo's data (database, practice course, keys)."
    ),
    Setting(
        "CARRYOVER_DATABASE_URL",
        "",
        "PostgreSQL 15 or later, as role carryover_app: web, worker and migrate. Required "
        "outside the demo.",
    ),
    Setting(
        "CARRYOVER_MIGRATION_URL",
        "",
        "The same database as its owner. Required for migrate and tenant create.",
    ),
    Setting(
        "CARRYOVER_REDIS_URL", "", "Redis 6 or later for the job queue. Required outside the demo."
    ),
    Setting(
        "CARRYOVER_SECRET_KEY",
        "",
        "At least 32 random characters; signs and encrypts. Required for serve, worker and "
        "tenant create; the demo makes its own.",
    ),
    Setting(
        "CARRYOVER_SECRET_KEY_PREVIOUS",
        "",
        "The key before this one, while it is being replaced; still opens what it sealed.",
    ),
    Setting(
        "CARRYOVER_BASE_URL",
        "",
        "The public address in every absolute link. Default: the served address.",
    ),
    Setting("CARRYOVER_HOST", "127.0.0.1", "Address the web server listens on."),
    Setting("PORT", "8080", "Port the web server listens on."),
    Setting("CARRYOVER_WEB_WORKERS", "2", "Processes that answer HTTP."),
    Setting(
        "CARRYOVER_PROXIES",
        "0",
        "How many reverse proxies of your own stand in front and add X-Forwarded-For; 0 takes "
        "the connection's address.",
    ),
    Setting(
        "CARRYOVER_CLOCK_LEEWAY",
        "60",
        "By how many seconds the clock of an LMS may differ from ours, 300 at most; a launch that "
        "is refused for it says by how much it does.",
    ),
    Setting(
        "CARRYOVER_LRS_URL",
        "",
        "Internal address of the record store, without /xapi. Default: the served address.",
    ),
    Setting(
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS",
        "0",
        "1 lets outside calls reach loopback and private addresses, and plain http there: tests "
        "and intranets.",
    ),
    Setting(
        "CARRYOVER_ATTACHMENTS_URL",
        "",
        "Where attachments of statements are kept: a folder, or a bucket such as "
        "s3://name/prefix (install carryover[s3]). Default: CARRYOVER_HOME/attachments.",
    ),
    Setting(
        "CARRYOVER_ATTACHMENTS_MB",
        "10000",
        "Room for the attachments of each tenant, in MB (1,000,000 bytes).",
    ),
    Setting(
        "CARRYOVER_MONTHS_IN_DATABASE",
        "12",
        "Whole months, beside the current one, of which the database holds the statements' bytes; "
        "those of older ones lie as Parquet files beside the attachments.",
    ),
    Setting(
        "CARRYOVER_STATE_PRECONDITION_1_0",
        "off",
        "strict refuses (409) a 1.0 PUT over a State document without If-Match or If-None-Match; "
        "off takes it.",
    ),
    Setting("CARRYOVER_STATE_PRECONDITION_2_0", "strict", "The same for requests of xAPI 2.0."),
    Setting(
        "CARRYOVER_MAX_PAGE",
        "1000",
        "The most statements of one answer of /xapi/statements; without a limit it has 100.",
    ),
    Setting(
        "CARRYOVER_DEFAULT_VERSION",
        "1.0.3",
        "xAPI version named in answers to requests that name none: 1.0.3 or 2.0.0.",
    ),
    Setting(
        "CARRYOVER_MAIL_URL",
        "",
        "Mail server: smtp://user:password@host:587 (with STARTTLS), "
        "smtps://user:password@host:465, or maildir:///a/folder. Without it mails wait.",
    ),
    Setting(
        "CARRYOVER_MAIL_FROM",
        "",
        "Sender of mails, for example Learning <learning@example.org>. Required with "
        "CARRYOVER_MAIL_URL.",
    ),
    Setting("CARRYOVER_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
)


@dataclass(frozen=True)
class Settings:
    """The settings of this process. Secrets are kept out of ``repr``."""

    home: Path
    database_url: str = field(repr=False)
    migration_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_previous: str = field(repr=False)
    base_url: str
    host: str
    port: int
    web_workers: int
    proxies: int
    clock_leeway_seconds: int
    lrs_url: str
    allow_private_platforms: bool
    attachments_url: str
    attachments_bytes: int
    months_in_database: int
    state_precondition_1_0: bool
    state_precondition_2_0: bool
    max_page_size: int
    default_version: str
    mail_url: str = field(repr=False)
    mail_from: str
    log_level: str

    def require(self, *names: str) -> None:
        """Exit with a one-sentence message if a setting that this command needs is missing."""
        values = {
            "CARRYOVER_DATABASE_URL": self.database_url,
            "CARRYOVER_MIGRATION_URL": self.migration_url,
            "CARRYOVER_REDIS_URL": self.redis_url,
            "CARRYOVER_SECRET_KEY": self.secret_key,
        }
        for name in names:
            if not values[name]:
                raise FatalError(
                    f"{name} is not set; docs/settings.md says what it holds (carryover demo "
                    "needs no settings)."
                )


_DATABASE_SCHEMES = ("postgresql", "postgresql+psycopg")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_WEB_SCHEMES = ("http", "https")
_MAIL_SCHEMES = ("smtp", "smtps", "maildir")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _parse_whole_number(name: str, value: Mapping[str, str], least: int, most: int) -> int:
    text = value[name]
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise FatalError(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def _parse_choice(name: str, value: Mapping[str, str], choices: tuple[str, ...]) -> str:
    text = value[name]
    if text not in choices:
        raise FatalError(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text


def _parse_strict_flag(name: str, value: Mapping[str, str]) -> bool:
    return _parse_choice(name, value, ("off", "strict")) == "strict"


def _parse_secret(name: str, value: Mapping[str, str]) -> str:
    if value[name] and len(value[name]) < MIN_SECRET_LENGTH:
        raise FatalError(
            f"{name} is too short; make one with: python3 -c 'import secrets; "
            "print(secrets.token_urlsafe(48))'"
        )
    return value[name]


def _parse_url(name: str, value: Mapping[str, str], schemes: tuple[str, ...]) -> str:
    text = value[name]
    if not text:
        return text
    try:
        parts = urlsplit(text)
        matching = (
            parts.scheme in schemes
            and (parts.port is None or parts.port > 0)
            and bool(parts.netloc or parts.path)
        )
        matching = matching and bool(
            parts.hostname
            or parts.scheme not in ("http", "https", "redis", "rediss", "smtp", "smtps")
        )
    except ValueError:
        matching = False
    if not matching:
        # The value is not repeated: URLs of the database and of Redis contain passwords.
        raise FatalError(
            f"{name} must be a whole address that begins with "
            f"{' or '.join(scheme + '://' for scheme in schemes)}."
        )
    return text


def _parse_sender(text: str, required: bool) -> str:
    if (text or required) and ("@" not in text or not text.isprintable()):
        raise FatalError(
            "CARRYOVER_MAIL_FROM must name the sender of mails, for example Learning "
            "<learning@example.org>."
        )
    return text


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from ``environ``; an invalid value ends the process with a one-sentence
    message (:class:`FatalError`)."""
    value = {
        setting.name: environ.get(setting.name, "").strip() or setting.default
        for setting in SETTING_TABLE
    }
    port = _parse_whole_number("PORT", value, 1, 65_535)
    home = Path(value["CARRYOVER_HOME"]).absolute()
    served = f"http://{value['CARRYOVER_HOST']}:{port}"
    base_url = _parse_url("CARRYOVER_BASE_URL", value, _WEB_SCHEMES) or served
    lrs_url = _parse_url("CARRYOVER_LRS_URL", value, _WEB_SCHEMES) or served
    megabytes = _parse_whole_number("CARRYOVER_ATTACHMENTS_MB", value, 0, 1_000_000_000)
    private = _parse_choice("CARRYOVER_ALLOW_PRIVATE_PLATFORMS", value, ("0", "1"))
    return Settings(
        home=home,
        database_url=_parse_url("CARRYOVER_DATABASE_URL", value, _DATABASE_SCHEMES),
        migration_url=_parse_url("CARRYOVER_MIGRATION_URL", value, _DATABASE_SCHEMES),
        redis_url=_parse_url("CARRYOVER_REDIS_URL", value, _REDIS_SCHEMES),
        secret_key=_parse_secret("CARRYOVER_SECRET_KEY", value),
        secret_key_previous=_parse_secret("CARRYOVER_SECRET_KEY_PREVIOUS", value),
        base_url=base_url.rstrip("/"),
        host=value["CARRYOVER_HOST"],
        port=port,
        web_workers=_parse_whole_number("CARRYOVER_WEB_WORKERS", value, 1, 64),
        proxies=_parse_whole_number("CARRYOVER_PROXIES", value, 0, 10),
        clock_leeway_seconds=_parse_whole_number("CARRYOVER_CLOCK_LEEWAY", value, 0, 300),
        lrs_url=lrs_url.rstrip("/"),
        allow_private_platforms=private == "1",
        attachments_url=value["CARRYOVER_ATTACHMENTS_URL"] or str(home / "attachments"),
        attachments_bytes=megabytes * 1_000_000,
        months_in_database=_parse_whole_number("CARRYOVER_MONTHS_IN_DATABASE", value, 0, 1_200),
        state_precondition_1_0=_parse_strict_flag("CARRYOVER_STATE_PRECONDITION_1_0", value),
        state_precondition_2_0=_parse_strict_flag("CARRYOVER_STATE_PRECONDITION_2_0", value),
        max_page_size=_parse_whole_number("CARRYOVER_MAX_PAGE", value, 1, 10_000),
        default_version=_parse_choice("CARRYOVER_DEFAULT_VERSION", value, ("1.0.3", "2.0.0")),
        mail_url=_parse_url("CARRYOVER_MAIL_URL", value, _MAIL_SCHEMES),
        mail_from=_parse_sender(value["CARRYOVER_MAIL_FROM"], bool(value["CARRYOVER_MAIL_URL"])),
        log_level=_parse_choice("CARRYOVER_LOG_LEVEL", value, _LOG_LEVELS),
    )
