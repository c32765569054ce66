"""D2L Brightspace: its differences from the standard, from its documents (docs/lms/d2l.md); never
tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext

_TOKEN_HOST, _AUDIENCE = "auth.brightspace.com", "https://api.brightspace.com/auth/token"


class D2lDialect(StandardDialect):
    """D2L Brightspace."""

    family = "d2l"
    label = "Brightspace"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "launch": lazy_gettext(
            "An administrator enables the tool in Brightspace and makes a deployment. Then open an"
            " activity."
        ),
        "names": lazy_gettext(
            "Share name and e-mail address in the tool’s security settings, and Org Unit "
            "Information: without that there is no course."
        ),
    }
    login_path = "/d2l/lti/authenticate"
    product_codes = ("desire2learn", "brightspace")

    def default_audience(self, auth_token_url: str) -> str:
        """The audience of all schools is an address of its own
        (community.d2l.com/brightspace/kb/articles/23661)."""
        return _AUDIENCE if urlsplit(auth_token_url).hostname == _TOKEN_HOST else auth_token_url
