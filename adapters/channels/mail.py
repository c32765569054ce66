"""Mail by SMTP (RFC 5321, submission by RFC 6409), or into a Maildir folder for trials. The
only module that uses smtplib and mailbox."""

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

TIMEOUT_SECONDS = (
    20  # Timeout for one reply of the mail server; one message takes four or five replies.
)
SUBMISSION_PORT, SMTPS_PORT, SMTP_PORT = 587, 465, 25
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class MailMessage:
    """A mail in plain text, so that every mail program and every filter can read it, and as HTML
    that says the same. ``key`` is unique: a message sent twice has the same Message-ID.

    ``picture`` (PNG) only illustrates what the text already says.
    """

    key: str
    recipient: str
    name: str
    subject: str
    words: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    picture: bytes | None = None
    html: str = ""


class DeliveryDeferred(Exception):
    """The mail server cannot take the message now; a later attempt may succeed."""


class Undeliverable(Exception):
    """The mail server rejected this message permanently."""


class Mailer(Protocol):
    """Sends mail messages."""

    def send(self, letters: list[MailMessage]) -> list[DeliveryDeferred | Undeliverable | None]:
        """The outcome of each message, in their order: None if it was accepted."""


def create_mailer(url: str, sender: str) -> Mailer | None:
    """Create the mailer for a URL: ``smtp://user:password@host:587`` (with STARTTLS, except to
    localhost), ``smtps://…`` (TLS from the start) or ``maildir:///a/folder``; None for an empty
    URL."""
    if not url:
        return None
    return (
        MaildirMailer(Path(unquote(urlsplit(url).path)), sender)
        if url.startswith("maildir:")
        else SmtpMailer(url, sender)
    )


def build_email_message(letter: MailMessage, sender: str) -> EmailMessage:
    """Build the email message (RFC 5322)."""
    message = EmailMessage()
    message["From"] = sender
    user, _, domain = letter.recipient.rpartition("@")
    message["To"] = Address(
        display_name=" ".join(letter.name.split()), username=user, domain=domain
    )
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = (
        "auto-generated"  # RFC 3834: asks automatic responders not to answer.
    )
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.words)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    if letter.picture is not None:
        message.add_attachment(
            letter.picture,
            maintype="image",
            subtype="png",
            filename="picture.png",
            disposition="inline",
        )
    return message


class MaildirMailer:
    """Writes messages as files into a Maildir folder, where another program shows them."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, letters: list[MailMessage]) -> list[DeliveryDeferred | Undeliverable | None]:
        """Store each message in the folder."""
        box = mailbox.Maildir(self._folder, create=True)
        outcomes: list[DeliveryDeferred | Undeliverable | None] = []
        for letter in letters:
            try:
                box.add(build_email_message(letter, self._sender))
                outcomes.append(None)
            except ValueError as error:
                outcomes.append(Undeliverable(f"The address cannot be written to: {error}."))
        return outcomes


class SmtpMailer:
    """Sends through a mail server, with one connection per batch of messages."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._tls, self._host = parts.scheme == "smtps", parts.hostname or ""
        local = self._host in LOOPBACK_HOSTS
        self._port = parts.port or (
            SMTPS_PORT if self._tls else SMTP_PORT if local else SUBMISSION_PORT
        )
        self._starttls = not self._tls and not local
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

    def send(self, letters: list[MailMessage]) -> list[DeliveryDeferred | Undeliverable | None]:
        """Submit each message."""
        outcomes: list[DeliveryDeferred | Undeliverable | None] = []
        try:
            with self._connect() as server:
                for letter in letters:
                    outcomes.append(self._send_message(server, letter))
        except (smtplib.SMTPException, OSError) as error:
            # Messages without an outcome are deferred; one whose reply was lost is sent again
            # with the same Message-ID.
            outcomes += [
                DeliveryDeferred(
                    f"The mail server does not answer as it should ({type(error).__name__})."
                )
            ] * (len(letters) - len(outcomes))
        return outcomes

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
            if self._starttls:
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server

    def _send_message(
        self, server: smtplib.SMTP, letter: MailMessage
    ) -> DeliveryDeferred | Undeliverable | None:
        try:
            server.send_message(build_email_message(letter, self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return self._classify_reply(code, text)
        except smtplib.SMTPResponseException as error:
            return self._classify_reply(error.smtp_code, error.smtp_error)
        except (ValueError, smtplib.SMTPNotSupportedError) as error:
            return Undeliverable(f"The address cannot be written to: {error}.")
        return None

    def _classify_reply(self, code: int, words: bytes | str) -> DeliveryDeferred | Undeliverable:
        reply = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        text = f"The mail server answered {code}: {' '.join(reply.split())[:200]}"
        return Undeliverable(text) if 500 <= code < 600 else DeliveryDeferred(text)
