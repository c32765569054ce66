"""What the practice LMS remembers: its key, access tokens, line items, scores. A file of its own, as an outside system has."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TOKEN_SECONDS = 3_600
COURSE_LINE_ITEM = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, scopes TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS used_jti (jti TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS line_item (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS score (line_item INTEGER, user_id TEXT, body TEXT NOT NULL, PRIMARY KEY (line_item, user_id));
CREATE TABLE IF NOT EXISTS deep_link (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
"""


class Ledger:
    """Opened anew for each use, so that several processes and threads may share the file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.executescript(_SCHEMA)
            first = json.dumps({"label": "Refresher checks", "scoreMaximum": 5, "resourceLinkId": "1", "tag": "grade"})
            db.execute("INSERT OR IGNORE INTO line_item (id, body) VALUES (?, ?)", (COURSE_LINE_ITEM, first))
        file.chmod(0o600)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.file, timeout=10)
        try:
            with db:
                yield db
        finally:
            db.close()

    def private_key(self) -> str:
        """The platform's signing key (PEM), made at the first use."""
        with self._open() as db:
            row = db.execute("SELECT value FROM kept WHERE name = 'key'").fetchone()
            if row is None:
                key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
                pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
                db.execute("INSERT OR IGNORE INTO kept VALUES ('key', ?)", (pem.decode(),))
                row = db.execute("SELECT value FROM kept WHERE name = 'key'").fetchone()
        return str(row[0])

    def give_token(self, scopes: str) -> str:
        """A new access token."""
        token = secrets.token_hex(16)
        with self._open() as db:
            db.execute("DELETE FROM token WHERE expires < ?", (time.time(),))
            db.execute("INSERT INTO token VALUES (?, ?, ?)", (token, scopes, time.time() + TOKEN_SECONDS))
        return token

    def scopes_of(self, token: str) -> list[str]:
        """What a token allows; nothing when it is unknown or expired."""
        with self._open() as db:
            row = db.execute("SELECT scopes FROM token WHERE token = ? AND expires > ?", (token, time.time())).fetchone()
        return str(row[0]).split() if row else []

    def first_use(self, jti: str) -> bool:
        """Whether an assertion's id is new."""
        with self._open() as db:
            return db.execute("INSERT OR IGNORE INTO used_jti VALUES (?)", (jti,)).rowcount == 1

    def line_items(self) -> dict[int, dict[str, Any]]:
        """All line items."""
        with self._open() as db:
            return {id_: json.loads(body) for id_, body in db.execute("SELECT id, body FROM line_item ORDER BY id")}

    def keep_line_item(self, body: dict[str, Any], id_: int | None = None) -> int:
        """A new line item, or a changed one."""
        with self._open() as db:
            if id_ is None:
                return int(db.execute("INSERT INTO line_item (body) VALUES (?)", (json.dumps(body),)).lastrowid or 0)
            db.execute("UPDATE line_item SET body = ? WHERE id = ?", (json.dumps(body), id_))
            return id_

    def drop_line_item(self, id_: int) -> None:
        """Remove a line item with its scores."""
        with self._open() as db:
            db.execute("DELETE FROM score WHERE line_item = ?", (id_,))
            db.execute("DELETE FROM line_item WHERE id = ?", (id_,))

    def keep_score(self, line_item: int, user_id: str, body: dict[str, Any]) -> None:
        """The newest score of a person."""
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO score VALUES (?, ?, ?)", (line_item, user_id, json.dumps(body)))

    def scores(self, line_item: int) -> dict[str, dict[str, Any]]:
        """Scores by person."""
        with self._open() as db:
            return {user: json.loads(body) for user, body in db.execute("SELECT user_id, body FROM score WHERE line_item = ?", (line_item,))}

    def keep_deep_links(self, items: list[dict[str, Any]]) -> None:
        """What the tool answered to a deep-linking request."""
        with self._open() as db:
            db.executemany("INSERT INTO deep_link (body) VALUES (?)", [(json.dumps(item),) for item in items])

    def deep_links(self) -> list[dict[str, Any]]:
        """All content items that were chosen."""
        with self._open() as db:
            return [json.loads(body) for (body,) in db.execute("SELECT body FROM deep_link ORDER BY id")]
