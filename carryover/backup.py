"""Backup and restore: a consistent snapshot of the database, and the attachments and files of old
statements that it references; each file with its SHA-256.

The database is dumped by pg_dump and restored by pg_restore. The secret key is not part of a
backup: keep it separately. A fingerprint of it is, so that a restore under another key is
refused before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core import embedded
from core.advisory_locks import COLD_FILES, COLD_LOCK
from core.clock import format_instant, now
from core.database import ensure_roles, make_engine
from core.errors import FatalError
from core.secrets import Secrets
from core.settings import Settings
from lrs import operator_api as lrs_cli

BACKED_UP_SCHEMAS = ("lrs", "lrs_months", "analytics", "lti_tool", "report")
_FINGERPRINT_PURPOSE = "backup"


def create_backup(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write a backup into a new folder and return its manifest. An interrupted backup has no
    manifest.
    """
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_SECRET_KEY")
    if folder.exists() and any(folder.iterdir()):
        raise FatalError(f"{folder} is not empty; name a new folder for the backup.")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _connect_as_owner(settings) as connection:
        major = _server_major(connection)
        dumper = _find_program("pg_dump", major)
        # Before the snapshot: the files of old statements that it names stay until they are copied.
        connection.execute(
            "SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (COLD_LOCK, f"0 {COLD_FILES}")
        )
        # pg_dump and the row counts use the same snapshot.
        connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        counts = _row_counts(connection)
        attachments = _list_attachments(connection)
        dump = folder / "database.dump"
        _run_postgres_program(
            settings,
            dumper,
            "--format=custom",
            f"--snapshot={row[0]}",
            f"--file={dump}",
            *(f"--schema={name}" for name in BACKED_UP_SCHEMAS),
        )
        connection.execute("COMMIT")
        missing = _copy_attachments(settings, folder / "attachments", attachments)
    manifest = {
        "made_at": format_instant(now()),
        "postgres": major,
        "secret_key": _key_fingerprint(settings.secret_key),
        "rows": counts,
        "files": {
            str(path.relative_to(folder)): _sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        "missing_attachments": missing,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    _fsync_backup(folder)
    return manifest


def verify_backup(folder: Path) -> dict[str, Any]:
    """Return the manifest of a backup after checking that all its files are present and
    unchanged; Stop names the first that is not.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        raise FatalError(
            f"{folder} holds no whole backup: its manifest.json cannot be read."
        ) from None
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise FatalError(
                f"{path} is missing or was changed since the backup; take another backup."
            )
    return manifest


def restore_backup(settings: Settings, folder: Path) -> dict[str, Any]:
    """Restore a backup into an empty database; Stop before anything is written if it does
    not fit. The row counts are compared at the end.
    """
    settings.require("CARRYOVER_MIGRATION_URL", "CARRYOVER_DATABASE_URL", "CARRYOVER_SECRET_KEY")
    manifest = verify_backup(folder)
    _require_same_key(settings, manifest)
    with _connect_as_owner(settings) as connection:
        major = _require_fitting_server(connection, manifest)
    restorer = _find_program("pg_restore", major)
    owner = make_engine(settings.migration_url)
    ensure_roles(owner, settings.database_url)
    owner.dispose()
    _run_postgres_program(
        settings,
        restorer,
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        "--dbname",
        _owner_conninfo(settings),
        str(folder / "database.dump"),
    )
    _restore_attachments(settings, folder, manifest)
    with _connect_as_owner(settings) as connection:
        counts = _row_counts(connection)
    if counts != manifest["rows"]:
        changed = sorted(
            name
            for name in {*counts, *manifest["rows"]}
            if counts.get(name) != manifest["rows"].get(name)
        )
        raise FatalError(
            "After the restore these tables hold another number of rows than in the backup: "
            f"{', '.join(changed)}."
        )
    return manifest


def _key_fingerprint(key: str) -> str:
    return Secrets(key).keyed_hashes(_FINGERPRINT_PURPOSE, "fingerprint")[0].hex()


def _require_same_key(settings: Settings, manifest: dict[str, Any]) -> None:
    keys = [key for key in (settings.secret_key, settings.secret_key_previous) if key]
    if not any(_key_fingerprint(key) == manifest["secret_key"] for key in keys):
        raise FatalError(
            "The backup was made under another CARRYOVER_SECRET_KEY; set that one (or name it "
            "CARRYOVER_SECRET_KEY_PREVIOUS)."
        )


def _require_fitting_server(connection: psycopg.Connection[Any], manifest: dict[str, Any]) -> int:
    """The server's major version; Stop unless it is empty and can read the backup."""
    schemas = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", (list(BACKED_UP_SCHEMAS),)
    ).fetchall()
    if schemas:
        raise FatalError(
            "The database is not empty: a restore needs one without the schemas lrs, analytics and "
            "lti_tool."
        )
    major = _server_major(connection)
    if major < manifest.get("postgres", 0):
        raise FatalError(
            f"The backup is of PostgreSQL {manifest['postgres']}, and this server is {major}: "
            "restore into one that is not older."
        )
    return major


def _connect_as_owner(settings: Settings) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(_owner_conninfo(settings), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise FatalError(
            f"The database cannot be reached ({str(error).strip().splitlines()[0]}); start it, "
            "or correct CARRYOVER_MIGRATION_URL."
        ) from None


def _owner_conninfo(settings: Settings) -> str:
    return settings.migration_url.replace("postgresql+psycopg://", "postgresql://")


def _server_major(connection: psycopg.Connection[Any]) -> int:
    return connection.info.server_version // 10_000


def _run_postgres_program(settings: Settings, program: Path, *arguments: str) -> None:
    """Run a PostgreSQL client program; the password is passed in the environment, which
    other users cannot read.
    """
    parameters = conninfo_to_dict(_owner_conninfo(settings))
    password = parameters.pop("password", None)
    conninfo = make_conninfo(
        "", **{name: str(value) for name, value in parameters.items() if value is not None}
    )
    command = [
        str(program),
        *(
            conninfo if argument == _owner_conninfo(settings) else argument
            for argument in arguments
        ),
    ]
    if program.name == "pg_dump":
        command += ["--dbname", conninfo]
    environ = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        error_lines = ended.stderr.strip().splitlines()
        raise FatalError(
            f"{program.name} failed: {error_lines[-1] if error_lines else ended.returncode}"
        )


def _find_program(name: str, major: int) -> Path:
    """Return the program of the server's own major version: the output of a newer one cannot
    be read by an older server.
    """
    folder, on_path = embedded.find_postgres_programs(str(major)), shutil.which(name)
    if folder is not None:
        return folder / name
    if on_path is not None:
        output = subprocess.run(
            [on_path, "--version"], capture_output=True, text=True, check=False
        ).stdout
        result = re.search(r"\(PostgreSQL\) (\d+)", output)
        if result is not None and int(result[1]) == major:
            return Path(on_path)
    raise FatalError(
        f"The server is PostgreSQL {major}, and {name} of that version is not on this machine; "
        f"install PostgreSQL's client programs {major}"
        f" (Debian and Ubuntu: postgresql-client-{major})."
    )


def _row_counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    tables = connection.execute(
        # Not the months: they are parts of lrs.statement_payload.
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) AND schemaname <> "
        "'lrs_months' ORDER BY 1, 2",
        (list(BACKED_UP_SCHEMAS),),
    ).fetchall()
    counts = {}
    for schema, table in tables:
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}.{}").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
        ).fetchone()
        assert row is not None
        counts[f"{schema}.{table}"] = int(row[0])
    return counts


def _list_attachments(connection: psycopg.Connection[Any]) -> list[tuple[int, str]]:
    return [
        (row[0], row[1])
        for row in connection.execute(
            "SELECT tenant_id, sha2 FROM lrs.attachment UNION SELECT tenant_id, sha2 FROM "
            "lrs.cold_file ORDER BY 1, 2"
        )
    ]


def _copy_attachments(
    settings: Settings, folder: Path, attachments: list[tuple[int, str]]
) -> list[str]:
    """Copy the attachments' bytes; return those that are referenced but missing (erased
    during the backup, or lost).
    """
    blobs, missing = lrs_cli.attachment_blobs(settings), []
    for tenant_id, sha2 in attachments:
        target = folder / str(tenant_id) / sha2
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("wb") as file:
                for piece in blobs.read(tenant_id, sha2):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            missing.append(f"{tenant_id}/{sha2}")
    return missing


def _restore_attachments(settings: Settings, folder: Path, manifest: dict[str, Any]) -> None:
    """Store the attachments' bytes of a backup."""
    blobs = lrs_cli.attachment_blobs(settings)
    for name in sorted(manifest["files"]):
        if name.startswith("attachments/"):
            _, tenant_id, sha2 = Path(name).parts
            blobs.store_file(int(tenant_id), sha2, folder / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync_backup(folder: Path) -> None:
    for path in (folder / "manifest.json", folder / "database.dump", folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
