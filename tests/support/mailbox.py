"""Mails as they arrive, and the links in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lti_tool.launch import visits
from tests.support.demo import free_port
from tests.support.tool import TOOL, Tool

NOW = datetime.now(UTC)


class Postbox:
    """A mail server that keeps what it is given; addresses that begin with "gone" do not exist,
    with "busy" have to wait.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.busy = True

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("gone"):
            return "550 no such person"
        if address.startswith("busy") and self.busy:
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message = BytesParser(policy=default).parsebytes(envelope.content)  # type: ignore[arg-type]  # bytes, as the server is set up
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=(port := free_port()))
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def link_of(
    tool: Tool, person_id: uuid.UUID, path: str = "", made_at: datetime = NOW, mail_id: int = 0
) -> str:
    """A link as version 0.1 signed it: such links are in people's mailboxes for a year."""
    return f"/s/{_signed(tool, person_id, 'phishing-response', path, mail_id, made_at)}"


def _signed(
    tool: Tool, person_id: uuid.UUID, programme: str, path: str, mail_id: int, made_at: datetime
) -> str:
    return tool.deps.secrets.sign(
        visits.LINK_PURPOSE,
        [tool.tenant_id, person_id.hex, programme, path, mail_id, int(made_at.timestamp())],
    )


def sign_in(tool: Tool, email: str) -> str:
    """The link of the mail that somebody asked for at the sign-in page."""
    press(tool, "/sign-in", email=email)
    person_id, programme, path, mail_id = tool.sql(
        "SELECT person_id, programme, path, id FROM lti_tool.mail ORDER BY id DESC LIMIT 1"
    )[0]
    return f"/s/{_signed(tool, person_id, programme, path, mail_id, NOW)}"


def press(tool: Tool, path: str, **fields: Any) -> Any:
    return tool.browser.post(
        path,
        data=fields,
        base_url=f"https://{TOOL.split('//')[1]}",
        headers={"Origin": TOOL},
        follow_redirects=True,
    )
