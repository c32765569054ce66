"""Schoology: its differences from the standard, from its documents (docs/lms/schoology.md); never
tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext


class SchoologyDialect(StandardDialect):
    """Schoology (PowerSchool)."""

    family = "schoology"
    label = "Schoology"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "names": lazy_gettext("The app’s settings: Send Name and Email/Username."),
    }
    issuer_host = ".schoology.com"  # of all schools; it names no product
    client_of_all_schools = True

    def login_is_for(self, client_id: str, login_hint: str) -> bool:
        """The login hint begins with the client id (lti-ri.imsglobal.org tools 2099, 2399, 2426,
        3384); the issuer is the same for every app."""
        return login_hint.startswith(f"{client_id}-")
