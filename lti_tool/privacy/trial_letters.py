"""Mails of a trial, which lie in a folder instead of leaving: what is in them goes with the person.
A real mail server keeps its own copies.
"""

from __future__ import annotations

import mailbox
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import unquote, urlsplit


def delete_letters(mail_url: str, email: str, name: str) -> int:
    """Delete the mails of the folder that are to or about this person; return how many were."""
    if not (email or name) or not mail_url.startswith("maildir:"):
        return 0
    folder = Path(unquote(urlsplit(mail_url).path))
    if not folder.is_dir():
        return 0
    box, removed = mailbox.Maildir(folder, create=False), 0
    for key in list(box.keys()):
        message = message_from_bytes(box.get_bytes(key), policy=default)
        assert isinstance(message, EmailMessage)
        to_them = email.lower() in {
            address.lower() for _, address in getaddresses([str(message["To"])])
        }
        if to_them or (name and name in f"{message['Subject']} {_read_text(message)}"):
            box.remove(key)
            removed += 1
    return removed


def _read_text(message: EmailMessage) -> str:
    """All of a mail's text: as plain text and as HTML."""
    return " ".join(
        part.get_content() for part in message.walk() if part.get_content_maintype() == "text"
    )
