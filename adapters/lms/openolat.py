"""OpenOlat: its differences from the standard, read from its source (docs/lms/openolat.md); never
tried against a running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext


class OpenOlatDialect(StandardDialect):
    """OpenOlat."""

    family = "openolat"
    label = "OpenOlat"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "grades": lazy_gettext(
            "Give the course element as many points as the check has questions: scores are not "
            "scaled."
        ),
    }
    shown_on_other_hosts = False
    # LTI13PlatformDispatcherDelegate getAccessToken, sendForbidden: a token that has ended is
    # answered so, never with 401.
    ended_token_statuses = frozenset((401, 403))

    def roster_url(self, url: str) -> str:
        """The roster without a course in its address names people by other ids than launches, and
        would take all who launched out of the course (handleNrps: getKey; subIdentity)."""
        return "" if urlsplit(url).path.endswith("/lti/nrps") else url

    def recognizes(self, issuer: str, auth_login_url: str) -> bool:
        """It names no product; LTI13Dispatcher has this path."""
        return urlsplit(auth_login_url).path.endswith("/lti/auth")
