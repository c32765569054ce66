"""The links of mails: a random secret, of which only the hash is stored, names the mail.

A link without a target opens the mail's page of a visit, or stops mails of its kind; a link with
one (a question, a use at work, a work sample) opens that and nothing else.
"""

from __future__ import annotations

import secrets as random

from sqlalchemy import Connection, Engine

from lti_tool.base import mail_links_store
from lti_tool.base.mail_links_store import LinkTarget, MailLink
from lti_tool.base.token_hash import hash_token

TOKEN_BYTES = 16  # 128 random bits
_PAGE = LinkTarget()
TOKEN_CHARS = 22  # the length of such a token in base64 without padding


def issue_link(
    connection: Connection, tenant_id: int, mail_id: int, target: LinkTarget = _PAGE
) -> str:
    """Store a link of a mail; return its secret, which is stored nowhere."""
    token = random.token_urlsafe(TOKEN_BYTES)
    mail_links_store.insert_link(connection, tenant_id, mail_id, hash_token(token), target)
    return token


def find_link(engine: Engine, token: str) -> MailLink | None:
    """The link with this secret; None if there is none."""
    if len(token) != TOKEN_CHARS:
        return None
    return mail_links_store.find_link(engine, hash_token(token))
