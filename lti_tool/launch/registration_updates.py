"""Bring the tool up to date in an LMS in which it is registered: by the address and the right that
the LMS gave for it (RFC 7592; LTI Dynamic Registration 1.0, registration_client_uri), else by an
address that an administrator of the LMS opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import NoResultFound

from adapters.lms import LmsRequest, ToolPart, dialect_for
from adapters.lms.models import RegistrationResponse
from adapters.lms.standard import REGISTRATION_SCOPE
from adapters.lms.tool_configuration import differing_parts
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from core.http_client import OutsideCallFailed, OutsideResponse
from core.messages import Message, lazy_gettext
from lti_tool.base import journal_store, platform_services, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import APPROVED, REMOVED, Management, Platform
from lti_tool.launch import platform_registration
from lti_tool.launch.platform_registration import MANAGEMENT_PURPOSE

_NOT_OFFERED = frozenset((404, 405, 501))  # what an LMS without this answers
_FORBIDDEN = frozenset((401, 403))


class UpdateOutcome(StrEnum):
    """What became of an update."""

    UNCHANGED = "unchanged"  # The LMS held the tool as it is; nothing was sent.
    UPDATED = "updated"
    SENT = "sent"  # It holds once an administrator of the LMS accepts it.


@dataclass(frozen=True)
class _Tool:
    """The tool's registration in an LMS, and how it is changed."""

    platform: Platform
    management: Management


def create_update_address(
    unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, who: str, now: datetime
) -> str:
    """Create a one-time invite that brings this registration up to date and no other; return its
    secret."""
    platform = _load_tool(unit_of_work, tenant_id, registration_id).platform
    _, secret = platform_registration.create_invite(
        unit_of_work,
        tenant_id=tenant_id,
        note=platform.name,
        who=who,
        approves=False,
        now=now,
        updates=platform.id,
    )
    return secret


def update_tool(deps: ToolDeps, *, tenant_id: int, registration_id: int, who: str) -> UpdateOutcome:
    """Send the tool as it is now to the LMS if the LMS holds it otherwise. BadInput or Conflict, in
    words for the administrator, where the LMS does not take it; nothing is changed here."""
    tool = _load_tool(deps.unit_of_work, tenant_id, registration_id)
    platform = tool.platform
    if platform.status != APPROVED:
        raise Conflict("Approve this platform first, or switch it on.")
    if not tool.management.url:
        raise Conflict(
            "This LMS named no address at which the tool can be brought up to date. Make an update "
            "address, and let an administrator of the LMS open it there."
        )
    lms = dialect_for(platform.family)
    held = _read_answer(deps, tool, _call(deps, tool, None))
    body = platform_registration.tool_registration(
        platform.family, deps.settings.base_url, tool.management.scopes
    )
    before = differing_parts(body, held)
    if not before:
        return UpdateOutcome.UNCHANGED
    tool = _load_tool(deps.unit_of_work, tenant_id, registration_id)  # a new token, perhaps
    now = _read_answer(deps, tool, _call(deps, tool, body))
    waits = lms.reviews_updates and bool(differing_parts(body, now))
    outcome = UpdateOutcome.SENT if waits else UpdateOutcome.UPDATED
    _record(deps, tool, who, outcome, before)
    return outcome


def _load_tool(unit_of_work: UnitOfWork, tenant_id: int, registration_id: int) -> _Tool:
    with unit_of_work(tenant_id) as connection:
        try:
            platform = platforms_store.get_platform(connection, tenant_id, registration_id)
        except NoResultFound:
            raise NotFound("There is no such platform here.") from None
        if platform.status == REMOVED:
            raise NotFound("This platform was removed.")
        return _Tool(
            platform, platforms_store.find_management(connection, tenant_id, registration_id)
        )


def _call(deps: ToolDeps, tool: _Tool, body: Mapping[str, Any] | None) -> OutsideResponse:
    """Look at the registration, or replace it by ``body``: with the token that the LMS gave for it,
    else with an access token for this service."""
    lms, url = dialect_for(tool.platform.family), tool.management.url

    def make(token: str) -> LmsRequest:
        if body is None:
            return lms.look_at_registration(url, token)
        return lms.change_registration(url, dict(body), token)

    try:
        if not tool.management.token_sealed:
            return platform_services.call_service(deps, tool.platform, REGISTRATION_SCOPE, make)
        if body is not None:
            # RFC 7592, 2.2: the client names itself.
            body = {**body, "client_id": tool.platform.client_id}
        request = make(deps.secrets.unseal(MANAGEMENT_PURPOSE, tool.management.token_sealed))
        return deps.client.call(
            request.method,
            request.url,
            headers=request.headers,
            body=request.body,
            seconds=platform_registration.REGISTER_TIMEOUT,
            largest=platform_registration.MAX_CONFIGURATION_BYTES,
        )
    except TokenRefused as error:
        raise BadInput(_with_next_step(error.message)) from None
    except OutsideCallFailed as error:
        raise BadInput(
            lazy_gettext(
                "The LMS could not be asked: %(reason)s Nothing is known to have changed; try it "
                "again later.",
                reason=error.message,
            )
        ) from None


def _read_answer(deps: ToolDeps, tool: _Tool, answer: OutsideResponse) -> Mapping[str, Any]:
    """The registration in an answer, which must be that of our client; a new token or address for
    the next time is kept (RFC 7592, 3)."""
    label = dialect_for(tool.platform.family).label
    if answer.status in _NOT_OFFERED:
        reason = lazy_gettext(
            "%(lms)s does not let tools bring themselves up to date (it answered %(status)s).",
            lms=label,
            status=answer.status,
        )
        raise BadInput(_with_next_step(reason))
    if answer.status not in (200, 201):
        reason = lazy_gettext(
            "%(lms)s did not take the update (%(status)s %(answer)s).",
            lms=label,
            status=answer.status,
            answer=platform_registration.answer_words(answer),
        )
        raise BadInput(_with_next_step(reason) if answer.status in _FORBIDDEN else reason)
    body = platform_registration.json_or_none(answer)
    if not isinstance(body, dict):
        raise BadInput(
            lazy_gettext("%(lms)s answered with no registration of the tool.", lms=label)
        )
    read = dialect_for(tool.platform.family).read_registration(body)
    if read.client_id != tool.platform.client_id:
        raise Conflict(
            lazy_gettext(
                "The LMS answered for the client %(other)s, and this is the client %(client)s. "
                "Nothing was changed here.",
                other=read.client_id,
                client=tool.platform.client_id,
            )
        )
    _keep_newer(deps, tool, read)
    return body


def _with_next_step(reason: Message) -> Message:
    return lazy_gettext(
        "%(reason)s Make an update address, and let an administrator of the LMS open it there.",
        reason=reason,
    )


def _keep_newer(deps: ToolDeps, tool: _Tool, read: RegistrationResponse) -> None:
    platform = tool.platform
    if not read.management_token:
        return
    with deps.unit_of_work(platform.tenant_id) as connection:
        platform_registration.keep_management(deps, connection, platform, (), read)


def _record(
    deps: ToolDeps, tool: _Tool, who: str, outcome: UpdateOutcome, parts: list[ToolPart]
) -> None:
    platform = tool.platform
    with deps.unit_of_work(platform.tenant_id) as connection:
        journal_store.insert_audit_entry(
            connection,
            platform.tenant_id,
            who,
            "updated the tool in an LMS",
            {
                "platform": platform.id,
                "client_id": platform.client_id,
                "outcome": outcome.value,
                "parts": [part.value for part in parts],
            },
        )
