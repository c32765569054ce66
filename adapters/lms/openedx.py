"""Open edX: its differences from the standard, read from its source (docs/lms/openedx.md); never
tried against a running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from adapters.lms.models import ResponseOutcome, ResponseVerdict
from adapters.lms.rights import (
    INSTITUTION,
    STANDARD_RIGHTS,
    SYSTEM,
    TEACHING_ASSISTANT,
    Right,
    RightsByRole,
)
from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext


class OpenEdxDialect(StandardDialect):
    """Open edX with the LTI Consumer component."""

    family = "openedx"
    label = "Open edX"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "names": lazy_gettext(
            "Studio, the LTI component: tick that the user name and the e-mail address are sent, "
            "if you want them."
        ),
        "roster": lazy_gettext(
            "Switch on names and roles for the LTI component. Courses of more than 1,000 people "
            "give no roster."
        ),
        "grades": lazy_gettext(
            "Studio, the LTI component: mark it as graded, otherwise no score reaches the "
            "gradebook."
        ),
    }
    # It names no product; plugin/urls.py has this form.
    login_path = "/api/lti_consumer/v1/"
    shown_on_other_hosts = False
    # Every member of a course's team is sent as administrator of the system (lti_xblock.py
    # user_is_staff); up to version 11.0.1 roles of the institution stand for those of the course
    # (constants.py LTI_1P3_ROLE_MAP); a forum's assistant has no rights in the course.
    rights = RightsByRole(
        {
            **STANDARD_RIGHTS,
            f"{SYSTEM}Administrator": Right.TEACHER,
            f"{INSTITUTION}Administrator": Right.TEACHER,
            f"{INSTITUTION}Instructor": Right.TEACHER,
            f"{INSTITUTION}Student": Right.LEARNER,
            TEACHING_ASSISTANT: Right.NOTHING,
        }
    )
    # rest_framework/authentication.py: a token that has ended is answered so, never with 401.
    ended_token_statuses = frozenset((401, 403))

    def outcome(self, status: int, reason: str, headers: Any, body: bytes) -> ResponseOutcome:
        """A score that is not newer is answered with 400 (serializers.py validate_timestamp)."""
        outcome = super().outcome(status, reason, headers, body)
        if status == 400 and b"timestamp" in body[:2_000].lower():
            return ResponseOutcome(ResponseVerdict.NOT_NEWER, outcome.words)
        return outcome
