"""Visits without an LMS, by e-mailed links. A GET request changes nothing (mail scanners follow
links); a button opens the visit.

A link holds a random secret, of which only the hash is stored (lti_tool.base.mail_links);
links of mails that an older version sent are signed tokens that name tenant, person, programme and
page. It opens only that person's pages, for two weeks; an older link can only send a new one to the
same person's known address, never to an address typed into a form.
"""

from __future__ import annotations

import secrets as random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from adapters.lms import Role
from core import translations
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.base import mail_links, mail_links_store, mail_outbox_store, sessions_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_links_store import LinkedMail, MailLink
from lti_tool.base.sessions_store import LAUNCH_SESSION_LIFETIME, SIGN_IN, SIGNED_IN, VISIT
from lti_tool.base.token_hash import hash_token
from lti_tool.people import directory_store, people_store
from lti_tool.programmes import episodes_store, product_use

LINK_PURPOSE, STOP_PURPOSE = "mail link", "mail stop"
LINK_DAYS = 14
MAX_LINK_AGE_DAYS = 400  # older links are rejected unread; covers mail kept for a year
SIGN_IN_LINK_LIFETIME = timedelta(
    days=1
    # how long a requested link grants the person's granted roles; later it opens no more than a
    # nudge's link
)
# Fields that only an LMS launch fills.
_LAUNCH_ONLY_FIELDS = (
    "subject",
    "deployment_id",
    "resource_link_id",
    "resource_link_title",
    "return_url",
    "line_item_url",
    "line_items_url",
    "review_of",
)
NUDGE_KINDS = ("due", "overdue", "question", "review", "coaching", "prompt", "week", "alarm")


@dataclass(frozen=True)
class VisitLink:
    """The content of a link. ``mail_id`` is 0 if it belongs to no mail."""

    tenant_id: int
    person_id: uuid.UUID
    programme: str
    path: str
    mail_id: int
    made_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether the link is young enough to open a visit."""
        return now - self.made_at < timedelta(days=LINK_DAYS)


def verify_link(deps: ToolDeps, text: str) -> VisitLink:
    """Verify a link's token and return its content; raise BadInput for an unknown one, and for
    that of a question or of a review, which opens no page."""
    found = _find_page_link(deps, text)
    if found is not None:
        link, mail = found
        return VisitLink(
            link.tenant_id,
            mail.person_id,
            mail.programme,
            mail.path,
            link.mail_id,
            link.created_at,
        )
    tenant_id, person_id, programme, path, mail_id, made_at = deps.secrets.verify_token(
        LINK_PURPOSE, text, MAX_LINK_AGE_DAYS * 86_400
    )
    return VisitLink(
        tenant_id,
        uuid.UUID(person_id),
        programme,
        path,
        mail_id,
        datetime.fromtimestamp(made_at, UTC),
    )


def _find_page_link(deps: ToolDeps, text: str) -> tuple[MailLink, LinkedMail] | None:
    """Find a link of a mail to a page by its secret; None if the text is no such secret."""
    link = mail_links.find_link(deps.engine, text)
    if link is None or not link.opens_page:
        return None
    with deps.unit_of_work(link.tenant_id) as connection:
        return link, mail_links_store.get_linked_mail(connection, link.tenant_id, link.mail_id)


def find_language(unit_of_work: UnitOfWork, tenant_id: int, person_id: uuid.UUID) -> str:
    """The language of a link's person according to the list; empty if the list has none, or if
    nobody is there any more."""
    with unit_of_work(tenant_id) as connection:
        if not people_store.person_exists(connection, tenant_id, person_id):
            return ""
        return mail_outbox_store.get_person_language(connection, tenant_id, person_id)


def open_visit_by_link(deps: ToolDeps, *, link: VisitLink, now: datetime) -> tuple[uuid.UUID, str]:
    """Start a visit; return its id and session secret. Raise BadInput if the link is too old."""
    if not link.is_open(now):
        raise BadInput("This link is too old. Ask for a new one with the button on its page.")
    with deps.unit_of_work(link.tenant_id) as connection:
        _require_known_person(connection, link)
        kind = mail_outbox_store.find_mail_kind(connection, link.tenant_id, link.mail_id)
        if (
            link.mail_id
            and mail_outbox_store.mark_mail_opened(connection, link.tenant_id, link.mail_id, now)
            and kind in NUDGE_KINDS
        ):
            product_use.record_nudge_opened(
                connection, link.tenant_id, link.person_id, link.programme, link.mail_id, kind, now
            )
        asked_for = kind == SIGN_IN and now - link.made_at < SIGN_IN_LINK_LIFETIME
        return begin_visit(
            connection, link.tenant_id, link.person_id, link.programme, signed_in=asked_for, now=now
        )


def begin_visit(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    *,
    signed_in: bool,
    now: datetime,
) -> tuple[uuid.UUID, str]:
    """Start a visit without an LMS; return its id and session secret. ``signed_in`` also
    enables granted roles.
    """
    visit_id, secret = uuid.uuid4(), random.token_urlsafe(32)
    about = programme or _default_programme(connection, tenant_id, person_id)
    product_use.record_visit(connection, tenant_id, person_id, about, now)
    sessions_store.insert_launch(
        connection,
        {
            "id": visit_id,
            "tenant_id": tenant_id,
            "secret_hash": hash_token(secret),
            "person_id": person_id,
            "message": SIGNED_IN if signed_in else VISIT,
            "role": Role.LEARNER.value,
            "administers": False,
            "locale": mail_outbox_store.get_person_language(connection, tenant_id, person_id),
            "programme": about,
            "page": "today",
            "created_at": now,
            "expires_at": now + LAUNCH_SESSION_LIFETIME,
            **dict.fromkeys(_LAUNCH_ONLY_FIELDS, ""),
        },
    )
    return visit_id, secret


def _default_programme(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> str:
    """Return the default programme of a visit: that of the latest certification, otherwise the
    first available.
    """
    own = [
        episode.programme
        for episode in episodes_store.list_person_episodes(connection, tenant_id, person_id)
        if episode.left_at is None
    ]
    return next(iter([*own, *episodes_store.newest_programme_versions(connection, tenant_id)]), "")


def _require_known_person(connection: Connection, link: VisitLink) -> None:
    if not people_store.person_exists(connection, link.tenant_id, link.person_id):
        raise NotFound("This link is of nobody here any more.")


def resend_link(unit_of_work: UnitOfWork, *, link: VisitLink, now: datetime) -> None:
    """Send a new link of the same kind to the same person, at most once an hour."""
    with unit_of_work(link.tenant_id) as connection:
        _require_known_person(connection, link)
        mail_outbox_store.enqueue_mails(
            connection, link.tenant_id, [_sign_in_mail(connection, link, now)]
        )


def request_link(deps: ToolDeps, *, email: str, now: datetime) -> None:
    """Send a link to every listed person with this address. The response does not reveal
    whether there is one.
    """
    for tenant_id, person_id in mail_outbox_store.find_people_by_email(deps.engine, email.strip()):
        with deps.unit_of_work(tenant_id) as connection:
            mail_outbox_store.enqueue_mails(
                connection,
                tenant_id,
                [_sign_in_mail(connection, VisitLink(tenant_id, person_id, "", "", 0, now), now)],
            )


def _sign_in_mail(connection: Connection, link: VisitLink, now: datetime) -> dict[str, object]:
    profile = directory_store.get_profile(connection, link.tenant_id, link.person_id)
    tag = translations.choose_language([profile.language])
    return {
        "person_id": link.person_id,
        "kind": SIGN_IN,
        "key": f"{SIGN_IN} {link.programme} {link.path} {now:%Y-%m-%dT%H}",
        "subject": translations.translate_text(tag, "Your link to Carryover"),
        "words": translations.translate_text(
            tag,
            "Somebody, probably you, asked for a link. It opens your own page for two weeks. If "
            "it was not you, ignore this mail.",
        ),
        "programme": link.programme,
        "path": link.path,
    }


def verify_stop_link(deps: ToolDeps, text: str) -> tuple[int, uuid.UUID, str]:
    """Verify an unsubscribe token; return (tenant, person, kind)."""
    found = _find_page_link(deps, text)
    if found is not None:
        link, mail = found
        return link.tenant_id, mail.person_id, mail.kind
    tenant_id, person_id, kind = deps.secrets.verify_token(
        STOP_PURPOSE, text, MAX_LINK_AGE_DAYS * 86_400
    )
    return tenant_id, uuid.UUID(person_id), kind


def stop_mails(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, kind: str
) -> None:
    """Unsubscribe this person from this kind of mail."""
    with unit_of_work(tenant_id) as connection:
        if people_store.person_exists(connection, tenant_id, person_id):
            mail_outbox_store.insert_mail_stop(connection, tenant_id, person_id, kind)
