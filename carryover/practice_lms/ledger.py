"""The practice LMS's own SQLite database, separate as in an external system: its tables, its
signing key, and values that may be used only once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.exceptions import ServiceUnavailable

DAY_SECONDS = 86_400
# Less than what browsers and tools wait for an answer, so that they read why there is none.
LOCK_TIMEOUT_SECONDS = 15
RETRY_AFTER_SECONDS = 2
_BUSY = "The practice LMS is busy: its database stayed locked for {:g} seconds. Try again shortly."
_SCHEMA_VERSION = 2  # incremented whenever a table changes
_SCHEMA = (
    "CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE used (name TEXT PRIMARY KEY)",
    "CREATE TABLE session (id TEXT PRIMARY KEY, person TEXT NOT NULL, sesskey TEXT NOT NULL, "
    "made REAL NOT NULL)",
    "CREATE TABLE launch (id TEXT PRIMARY KEY, body TEXT NOT NULL, made REAL NOT NULL)",
    "CREATE TABLE deep_linking (data TEXT PRIMARY KEY, session TEXT NOT NULL, client_id TEXT NOT "
    "NULL, made REAL NOT NULL)",
    "CREATE TABLE tool (id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL UNIQUE, "
    "state TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE registration (client_id TEXT PRIMARY KEY, url TEXT NOT NULL)",
    "CREATE TABLE activity (id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL, body "
    "TEXT NOT NULL)",
    "CREATE TABLE token (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, scopes TEXT NOT NULL, "
    "expires REAL NOT NULL)",
    "CREATE TABLE line_item (id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL, body "
    "TEXT NOT NULL)",
    "CREATE TABLE score (line_item INTEGER, user_id TEXT, body TEXT NOT NULL, PRIMARY KEY "
    "(line_item, user_id))",
)
_EXPIRING_TABLES = ("session", "launch", "deep_linking")
_PRIMARY_CODE = 0xFF  # the low byte of an SQLite error; the others say more of the same


class PracticeDatabase:
    """The practice LMS's database, which several processes share. Each keeps one connection that
    its threads use in turn: whoever closes the last connection rewrites the file, so that opening
    it for each use locks everybody out again and again.
    """

    def __init__(self, file: Path, lock_timeout: float) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._timeout, self._turn = lock_timeout, threading.Lock()
        # A transaction that writes takes the file's lock at its start, where waiting helps.
        self._connection = sqlite3.connect(
            file, timeout=lock_timeout, isolation_level="IMMEDIATE", check_same_thread=False
        )
        weakref.finalize(self, self._connection.close)
        with self.open() as db:
            # Write-ahead log: a process killed during a write leaves no rollback journal that
            # many processes would have to recover at once.
            db.execute("PRAGMA journal_mode = WAL")
            # Survives a killed process. What a power failure takes was made up for practice.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
                # All of its data is made up for practice: an older schema is not worth a
                # migration.
                for (table,) in db.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                    "'sqlite_%'"
                ).fetchall():
                    db.execute(f'DROP TABLE "{table}"')
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            for table in _EXPIRING_TABLES:
                db.execute(f"DELETE FROM {table} WHERE made < ?", (time.time() - DAY_SECONDS,))  # noqa: S608 - names of this file
        file.chmod(0o600)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction; an error rolls it back. Raises ServiceUnavailable (503) if the database
        stays locked.
        """
        if not self._turn.acquire(timeout=self._timeout):
            raise self._unavailable()
        try:
            with self._connection:
                yield self._connection
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_BUSY:
                raise
            raise self._unavailable() from error
        finally:
            self._turn.release()

    def _unavailable(self) -> ServiceUnavailable:
        return ServiceUnavailable(_BUSY.format(self._timeout), retry_after=RETRY_AFTER_SECONDS)

    def private_key(self) -> str:
        """The platform's signing key (PEM), generated at first use."""
        with self.open() as db:
            row = db.execute("SELECT value FROM kept WHERE name = 'key'").fetchone()
            if row is None:
                key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
                pem = key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                db.execute("INSERT OR IGNORE INTO kept VALUES ('key', ?)", (pem.decode(),))
                row = db.execute("SELECT value FROM kept WHERE name = 'key'").fetchone()
        return str(row[0])

    def setting(self, name: str) -> str:
        """A setting of this LMS; empty if it was never saved."""
        with self.open() as db:
            row = db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def save_setting(self, name: str, value: str) -> None:
        """Keep a setting, for all processes and over a restart."""
        with self.open() as db:
            db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def claim_once(self, name: str) -> bool:
        """Record ``name`` (of an assertion or nonce) as used; return whether it was new."""
        with self.open() as db:
            return db.execute("INSERT OR IGNORE INTO used VALUES (?)", (name,)).rowcount == 1
