"""The channels of a programme: Slack and Teams channels that hear its digest."""

from __future__ import annotations

import uuid

from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base.forms import form_text, parse_uuid
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.nudges import daily_tips, digests
from lti_tool.nudges.channels_store import SEND_POSTS
from lti_tool.programmes.programme_views import ProgrammeConsole

ROUTES: Routes[ProgrammeConsole] = Routes("channels", "/t/<uuid:visit_id>/programmes")


@ROUTES.post("/<key>/channels", roles=STAFF_ROLES)
def edit_channels(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    """Slack and Teams channels that receive the digest."""
    return console.edit_list(
        key,
        "channels",
        lambda: _add_channel(console, key),
        lambda removed: digests.remove_channel(
            console.work,
            tenant_id=console.tenant_id,
            programme=key,
            channel_id=parse_uuid(removed),
            who=console.who,
        ),
    )


def _add_channel(console: ProgrammeConsole, key: str) -> None:
    digests.add_channel(
        console.work,
        console.deps.secrets,
        tenant_id=console.tenant_id,
        programme=key,
        name=form_text("channel_name"),
        url=form_text("channel_url"),
        base_url=console.deps.settings.base_url,
        who=console.who,
        now=clock.now(),
    )
    console.deps.job_requests.request_job(SEND_POSTS)


@ROUTES.post("/<key>/channels/<uuid:channel_id>/tip", roles=STAFF_ROLES)
def switch_daily_tip(
    console: ProgrammeConsole, key: str, channel_id: uuid.UUID
) -> ResponseReturnValue:
    """Begin the daily tip of a channel, or end it."""
    return console.edit_list(
        key,
        "channels",
        lambda: daily_tips.switch_tips(
            console.work,
            tenant_id=console.tenant_id,
            programme=key,
            channel_id=channel_id,
            on=form_text("on") == "yes",
            who=console.who,
        ),
        lambda removed: None,
    )
