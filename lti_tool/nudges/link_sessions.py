"""Who answers by the link of a mail, without a session: its reader, for one answer."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection

from adapters.lms import Role
from lti_tool.base import mail_outbox_store
from lti_tool.base.mail_links_store import LinkedMail, MailLink
from lti_tool.base.sessions_store import VISIT, LaunchSession
from lti_tool.launch import visits
from lti_tool.programmes import product_use


def session_of_link(link: MailLink, mail: LinkedMail, language: str) -> LaunchSession:
    """The reader of a mail as the code of pages knows one. It is stored nowhere, so that the link
    opens no page of a session."""
    return LaunchSession(
        id=uuid.uuid4(),
        tenant_id=link.tenant_id,
        person_id=mail.person_id,
        person_name="",
        registration_id=None,
        course_id=None,
        context_title="",
        message=VISIT,
        subject="",
        role=Role.LEARNER.value,
        administers=False,
        missing_parameter="",
        joined_by="",
        locale=language,
        deployment_id="",
        resource_link_id="",
        resource_link_title="",
        return_url="",
        line_item_url="",
        line_items_url="",
        programme=mail.programme,
        page="",
        deep_linking=None,
        review_of="",
    )


def record_opened(connection: Connection, link: MailLink, mail: LinkedMail, now: datetime) -> None:
    """Record that the mail's link was used, the first time."""
    first = mail_outbox_store.mark_mail_opened(connection, link.tenant_id, link.mail_id, now)
    if first and mail.kind in visits.NUDGE_KINDS:
        product_use.record_nudge_opened(
            connection,
            link.tenant_id,
            mail.person_id,
            mail.programme,
            link.mail_id,
            mail.kind,
            now,
        )
