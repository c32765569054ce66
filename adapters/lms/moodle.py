"""Moodle: its differences from the standard, as observed with a real Moodle 4.5.6 (November
2026)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from adapters.lms.models import ContentItem, LmsRequest, ToolFacts
from adapters.lms.rights import MEMBERSHIP
from adapters.lms.standard import StandardDialect
from adapters.lms.tool_configuration import unverified_claims
from core.http_client import url_origin
from core.messages import Message, lazy_gettext


class MoodleDialect(StandardDialect):
    """Moodle 4.x and 5.x."""

    family = "moodle"
    label = "Moodle"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "launch": lazy_gettext(
            "Site administration → Plugins → External tool → Manage tools: press Activate on the "
            "tool’s card, then open an activity."
        ),
        "names": lazy_gettext(
            "Manage tools, the tool’s card, Privacy: share launcher’s name and launcher’s email "
            "with the tool: Always."
        ),
        "roster": lazy_gettext(
            "Manage tools, the tool’s card, Services: IMS LTI Names and Role Provisioning: use "
            "this service. Then open an activity again."
        ),
        "grades": lazy_gettext(
            "Manage tools, the tool’s card, Services: IMS LTI Assignment and Grade Services, for "
            "grade sync and column management. Privacy, Accept grades from the tool: Always. Then "
            "open an activity again."
        ),
        "content": lazy_gettext(
            "In a course: Add an activity or resource → this tool → Select content."
        ),
        "placed": lazy_gettext(
            "Manage tools, the tool’s card: Show in activity chooser. Since Moodle 4.3 each course"
            " also switches the tool on: More → LTI External tools."
        ),
    }
    # A non-editing teacher launches with it and is Learner in rosters (recorded): launches ask for
    # mod/lti:manage, rosters for moodle/course:manageactivities (docs/lms/moodle.md).
    role_hidden_by_rosters = f"{MEMBERSHIP}Instructor"
    shown_on_other_hosts = False
    tells_updates = shows_registration_to_update = True

    def is_update_token(self, token: str) -> bool:
        """A token of an update says reg-update; with it, a GET of the registration endpoint tells
        what Moodle holds (recorded: update-start, registration-get). Moodle names no address for a
        tool that comes by itself."""
        return unverified_claims(token).get("scope") == "reg-update"

    def results(self, line_item_url: str, subject: str, token: str) -> LmsRequest:
        """Drop ``type_id``: with it, Moodle's paging of results leads to a 404 page as soon as
        a limit is set."""
        return super().results(
            urlunsplit(urlsplit(line_item_url)._replace(query="")), subject, token
        )

    def results_url(self, line_item_url: str) -> str:
        """Drop ``type_id`` here as well, for the reason given in :meth:`results`."""
        return super().results_url(urlunsplit(urlsplit(line_item_url)._replace(query="")))

    def _advice(self, status: int, reason: str, body: bytes) -> Message:
        if status == 400 and "Incorrect score" in reason:
            return lazy_gettext(
                "Moodle takes grades of people who are enrolled as students alone: look at the "
                "person's role in this course, then send it again."
            )
        return super()._advice(status, reason, body)

    def content_item(self, item: ContentItem, tool: ToolFacts) -> dict[str, Any]:
        """Omit ``url``: Moodle then binds the activity to this very tool; with a URL it would
        look up a tool by domain. Moodle stores each custom value on a line of its own, so it
        must not contain a line break."""
        result = super().content_item(item, tool)
        result.pop("url")
        result["custom"] = {name: " ".join(value.split()) for name, value in item.custom.items()}
        return result

    def configuration_problem(
        self, issuer: str, configuration_url: str, endpoints: Sequence[str]
    ) -> Message | None:
        """All of Moodle's endpoints are on its own host."""
        strange = [url for url in endpoints if url_origin(url) != url_origin(issuer)]
        problem = super().configuration_problem(issuer, configuration_url, endpoints)
        if problem is None and strange:
            return lazy_gettext(
                "%(url)s is not at %(origin)s", url=strange[0], origin=url_origin(issuer)
            )
        return problem

    def relaunch_url(self, issuer: str, message_hint: str) -> str:
        """The page that Moodle itself loads into the frame. The message hint cannot be reused
        (observed: 404)."""
        try:
            activity = json.loads(message_hint).get("cmid")
        except (ValueError, AttributeError):
            return ""
        return (
            f"{issuer}/mod/lti/launch.php?id={activity}"
            if isinstance(activity, int) and not isinstance(activity, bool)
            else ""
        )
