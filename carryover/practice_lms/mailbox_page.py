"""The practice mailbox: every e-mail that the tool sent, whoever the recipient. It only
reads the folder and sends nothing.
"""

from __future__ import annotations

import mailbox
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

MAILBOX = "mailbox"  # in the demo's home folder
MAX_LETTERS_SHOWN = 50
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class ReceivedMail:
    """An e-mail as displayed."""

    recipient: str
    subject: str
    date: str
    words: Markup


def blueprint(home: Path) -> Blueprint:
    """``/practice/mailbox``."""
    pages = Blueprint("letters", __name__)

    @pages.get("/mailbox")
    def show_mailbox() -> ResponseReturnValue:
        return render_template(
            "mailbox.html", title="Mailbox", letters=_newest_letters(home / MAILBOX)
        )

    return pages


def _newest_letters(folder: Path) -> list[ReceivedMail]:
    if not folder.is_dir():
        return []
    box = mailbox.Maildir(folder, create=False)
    keys = sorted(
        box.keys(),
        key=lambda key: int(key.split(".")[0]) if key.split(".")[0].isdecimal() else 0,
        reverse=True,
    )
    return [_parse_letter(box.get_bytes(key)) for key in keys[:MAX_LETTERS_SHOWN]]


def _parse_letter(content: bytes) -> ReceivedMail:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    return ReceivedMail(
        str(message["To"]), str(message["Subject"]), str(message["Date"]), _linkify(text)
    )


def _linkify(text: str) -> Markup:
    """Return the text with its URLs as links."""
    parts: list[Markup | str] = []
    end = 0
    for result in _LINK.finditer(text):
        parts += [
            escape(text[end : result.start()]),
            Markup('<a href="{0}">{0}</a>').format(result[0]),
        ]
        end = result.end()
    return Markup("").join([*parts, escape(text[end:])])
