"""What people need to come without an LMS: mails that leave, links that lead here, the right time
zone; as a checklist, with a test mail and a look whether the tool's own address leads to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from adapters.channels import MailMessage, create_mailer
from core import clock, page_language
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time, url_origin
from core.messages import Message, as_message, lazy_gettext, quote_text
from core.settings import Settings
from lti_tool.admin import sign_in_facts_store
from lti_tool.admin.record_store_admin import PAGE_TIMEOUT
from lti_tool.base import journal_store, signing_keys
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import MAX_EMAIL_LENGTH
from lti_tool.launch.rate_limits import HOUR_SECONDS

TEST_MAIL_SENT = "sent a test mail"  # the act in the audit log
MAX_TEST_MAILS_PER_HOUR = 10
_SETTINGS = lazy_gettext(
    "Whoever runs the server sets CARRYOVER_MAIL_URL and CARRYOVER_MAIL_FROM and starts web and "
    "worker again."
)
_BASE_URL = lazy_gettext(
    "Whoever runs the server sets CARRYOVER_BASE_URL to the address that people use."
)


@dataclass(frozen=True)
class Condition:
    """One of the conditions; ``since``: when it was tried last; ``to_do``: of one that is not
    met."""

    key: str
    done: bool
    words: Message
    since: datetime | None = None
    to_do: Message | None = None


def list_conditions(deps: ToolDeps, *, tenant_id: int, opened_at: str) -> list[Condition]:
    """The conditions, in their order. ``opened_at``: the address of this page."""
    with deps.unit_of_work(tenant_id) as connection:
        tried = next(iter(journal_store.list_acts(connection, tenant_id, TEST_MAIL_SENT, 1)), None)
        zones = sign_in_facts_store.list_time_zones(connection, tenant_id)
    taken = tried is not None and tried.details.get("answer") == "accepted"
    return [
        _sender(deps.settings),
        Condition(
            "mail",
            taken,
            _test_mail_words(tried is not None, taken),
            tried.at if tried else None,
            None if taken else lazy_gettext("Send a test mail below."),
        ),
        _https(deps.settings),
        _host(deps.settings, opened_at),
        _zones(zones),
    ]


def _test_mail_words(tried: bool, taken: bool) -> Message:
    if taken:
        return lazy_gettext("The mail server took the last test mail.")
    if tried:
        return lazy_gettext("The mail server did not take the last test mail.")
    return lazy_gettext("No test mail was sent yet.")


def _sender(settings: Settings) -> Condition:
    if not settings.mail_url:
        words = lazy_gettext("No mail server is set, so no mail is sent.")
        return Condition("sender", False, words, to_do=_SETTINGS)
    host = urlsplit(settings.mail_url).hostname
    words = (
        lazy_gettext(
            "Mails leave by %(host)s, from %(sender)s.", host=host, sender=settings.mail_from
        )
        if host
        else lazy_gettext(
            "Mails are written into a folder on the server, from %(sender)s; nobody gets them.",
            sender=settings.mail_from,
        )
    )
    return Condition("sender", bool(host), words, to_do=None if host else _SETTINGS)


def _https(settings: Settings) -> Condition:
    address = settings.base_url
    if address.startswith("https://"):
        return Condition("https", True, lazy_gettext("The address is https: %(url)s", url=address))
    words = lazy_gettext("The address is not https: %(url)s", url=address)
    if settings.allow_private_platforms:
        return Condition("https", True, words)
    return Condition("https", False, words, to_do=_BASE_URL)


def _host(settings: Settings, opened_at: str) -> Condition:
    links, here = url_origin(settings.base_url), url_origin(opened_at)
    if links == here:
        words = lazy_gettext("Links in mails lead to %(url)s, where you are now.", url=links)
        return Condition("host", True, words)
    words = lazy_gettext(
        "Links in mails lead to %(url)s, but you opened this page at %(here)s.",
        url=links,
        here=here,
    )
    return Condition("host", False, words, to_do=_BASE_URL)


def _zones(zones: list[str]) -> Condition:
    if not zones:
        words = lazy_gettext("No programme is published yet, so none has a time zone.")
        to_do = lazy_gettext("Publish a programme with its calendar.")
        return Condition("zone", False, words, to_do=to_do)
    if "UTC" in zones:
        words = lazy_gettext("Mails of a programme go by the time zone UTC.")
        to_do = lazy_gettext(
            "Choose the zone in the programme’s calendar, or give it for each person in the "
            "column time_zone of the list of people."
        )
        return Condition("zone", False, words, to_do=to_do)
    words = lazy_gettext(
        "Mails go by the time zone of the programme (%(zones)s), or of the person in the list.",
        zones=", ".join(zones),
    )
    return Condition("zone", True, words)


def send_test_mail(
    deps: ToolDeps, *, tenant_id: int, address: str, session: uuid.UUID, who: str
) -> Message | None:
    """Send a mail to oneself now; what the mail server answered, None if it took it. BadInput if
    there is nothing to send it with, or this session sent too many."""
    recipient = address.strip()
    if "@" not in recipient or len(recipient) > MAX_EMAIL_LENGTH or not recipient.isprintable():
        raise BadInput("Type your own e-mail address.", field="address")
    mailer = create_mailer(deps.settings.mail_url, deps.settings.mail_from)
    if mailer is None:
        raise BadInput(_SETTINGS)
    if not deps.limiter.allows("test mail", str(session), MAX_TEST_MAILS_PER_HOUR, HOUR_SECONDS):
        raise BadInput("Many test mails were sent within this hour. Wait a while.")
    text = lazy_gettext(
        "This is a test mail of Carryover. Links in its mails begin with %(url)s.",
        url=deps.settings.base_url,
    )
    (outcome,) = mailer.send(
        [
            MailMessage(
                f"carryover-test-{uuid.uuid4()}",
                recipient,
                "",
                page_language.translate("Test mail of Carryover"),
                page_language.translate(text),
                clock.now(),
            )
        ]
    )
    with deps.unit_of_work(tenant_id) as connection:
        # The server's words may hold the address: they are shown once and not kept.
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            TEST_MAIL_SENT,
            {"answer": "not accepted" if outcome else "accepted"},
        )
    return quote_text(str(outcome)) if outcome else None


def check_own_address(deps: ToolDeps) -> Message | None:
    """Whether the tool's address leads to this tool, as its keys show; why not, or None."""
    url = f"{deps.settings.base_url}/lti/jwks.json"
    try:
        with limit_total_time(PAGE_TIMEOUT):
            answer = deps.own_client.call("GET", url, headers={"Accept": "application/json"})
        shown = answer.json() if answer.status == 200 else None
    except OutsideCallFailed as error:
        return as_message(error.message)
    if shown is None:
        return lazy_gettext("%(url)s answered %(status)s.", url=url, status=answer.status)
    if shown != {"keys": signing_keys.list_public_jwks(deps.engine, deps.secrets)}:
        return lazy_gettext("%(url)s is not this tool: it shows other keys.", url=url)
    return None
