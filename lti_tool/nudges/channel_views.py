"""The channels of a programme: Slack and Teams channels that hear its digest."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base.staff_context import StaffContext, form_text, parse_uuid
from lti_tool.nudges import digests
from lti_tool.nudges.channels_store import SEND_POSTS
from lti_tool.programmes.programme_views import ProgrammeConsole


def blueprint(console: ProgrammeConsole) -> Blueprint:
    """The route below ``/t/<visit>/programmes``."""
    pages = Blueprint("channels", __name__, url_prefix="/t/<uuid:visit_id>/programmes")
    deps, work = console.deps, console.deps.unit_of_work

    @pages.post("/<key>/channels")
    def edit_channels(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Slack and Teams channels that receive the digest."""

        def add_channel(staff: StaffContext) -> None:
            named = {
                "name": form_text("channel_name"),
                "url": form_text("channel_url"),
                "base_url": deps.settings.base_url,
            }
            digests.add_channel(
                work,
                deps.secrets,
                tenant_id=staff.tenant_id,
                programme=key,
                **named,
                who=staff.who,
                now=clock.now(),
            )
            deps.job_requests.request_job(SEND_POSTS)

        return console.edit_list(
            visit_id,
            key,
            "channels",
            add_channel,
            lambda staff, removed: digests.remove_channel(
                work,
                tenant_id=staff.tenant_id,
                programme=key,
                channel_id=parse_uuid(removed),
                who=staff.who,
            ),
        )

    return pages
