"""The error of a rejected statement: its index in the batch, the JSON path, the rule."""

from __future__ import annotations

from core.errors import BadInput
from core.messages import Message


class StatementInvalid(BadInput):
    """A statement breaks a rule of xAPI-Data; ``where`` holds ``path`` and, if known, ``index``."""

    code = "statement_invalid"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason, path=path)
        self.path, self.reason = path, reason

    def at(self, index: int) -> StatementInvalid:
        """Return this error with the statement's index in the batch (counted from 0)."""
        self.where["index"] = index
        self.message = Message(
            f"Statement {index}, {self.path}: {self.reason} Nothing of this request was stored."
        )
        return self


class BatchTooLarge(StatementInvalid):
    """A request holds more statements than are taken at once; a client that sees 413 sends them in
    parts (xAPI-Communication 3.2)."""

    status, code = 413, "batch_too_large"
