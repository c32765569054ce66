"""Mail by SMTP (RFC 5321, submission by RFC 6409), or into a Maildir folder for trying things out. The one owner of smtplib and mailbox."""

from __future__ import annotations

import mailbox
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SECONDS = 20  # for a mail server to answer; one letter takes four or five answers
SUBMISSION, SUBMISSION_TLS, PLAIN = 587, 465, 25
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Letter:
    """A mail: plain text, so that every reader and every filter understands it. ``key`` is unique: a letter sent twice has the same id.

    ``picture`` (PNG) shows what the words say already.
    """

    key: str
    recipient: str
    name: str
    subject: str
    words: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    picture: bytes | None = None


class NotNow(Exception):
    """The mail server cannot take it now; the same letter may pass later."""


class Undeliverable(Exception):
    """The mail server refused this letter for good."""


class Mailer(Protocol):
    """Sends letters."""

    def send(self, letters: list[Letter]) -> list[NotNow | Undeliverable | None]:
        """What became of each letter, in their order: None where it was taken."""


def mailer_of(url: str, sender: str) -> Mailer | None:
    """``smtp://user:password@host:587`` (with STARTTLS, except on this machine), ``smtps://…`` (TLS from the start), ``maildir:///a/folder``;
    None for an empty address."""
    if not url:
        return None
    return Maildir(Path(unquote(urlsplit(url).path)), sender) if url.startswith("maildir:") else Smtp(url, sender)


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a message (RFC 5322)."""
    message = EmailMessage()
    message["From"] = sender
    user, _, domain = letter.recipient.rpartition("@")
    message["To"] = Address(display_name=" ".join(letter.name.split()), username=user, domain=domain)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer by a machine
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.words)
    if letter.picture is not None:
        message.add_attachment(letter.picture, maintype="image", subtype="png", filename="picture.png", disposition="inline")
    return message


class Maildir:
    """Letters as files in a folder (maildir), which another program shows."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, letters: list[Letter]) -> list[NotNow | Undeliverable | None]:
        """Keep each letter in the folder."""
        box = mailbox.Maildir(self._folder, create=True)
        outcomes: list[NotNow | Undeliverable | None] = []
        for letter in letters:
            try:
                box.add(message_of(letter, self._sender))
                outcomes.append(None)
            except ValueError as error:
                outcomes.append(Undeliverable(f"The address cannot be written to: {error}."))
        return outcomes


class Smtp:
    """A mail server. A connection serves one round of letters."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._tls, self._host = parts.scheme == "smtps", parts.hostname or ""
        local = self._host in LOOPBACK
        self._port = parts.port or (SUBMISSION_TLS if self._tls else PLAIN if local else SUBMISSION)
        self._starttls = not self._tls and not local
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

    def send(self, letters: list[Letter]) -> list[NotNow | Undeliverable | None]:
        """Hand each letter over."""
        outcomes: list[NotNow | Undeliverable | None] = []
        try:
            with self._connected() as server:
                for letter in letters:
                    outcomes.append(self._one(server, letter))
        except (smtplib.SMTPException, OSError) as error:
            # What was not told yet waits; a letter whose answer was lost is sent again under the same Message-ID.
            outcomes += [NotNow(f"The mail server does not answer as it should ({type(error).__name__}).")] * (len(letters) - len(outcomes))
        return outcomes

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
            if self._starttls:
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server

    def _one(self, server: smtplib.SMTP, letter: Letter) -> NotNow | Undeliverable | None:
        try:
            server.send_message(message_of(letter, self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            return self._told(code, words)
        except smtplib.SMTPResponseException as error:
            return self._told(error.smtp_code, error.smtp_error)
        except (ValueError, smtplib.SMTPNotSupportedError) as error:
            return Undeliverable(f"The address cannot be written to: {error}.")
        return None

    def _told(self, code: int, words: bytes | str) -> NotNow | Undeliverable:
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        text = f"The mail server answered {code}: {' '.join(said.split())[:200]}"
        return Undeliverable(text) if 500 <= code < 600 else NotNow(text)
