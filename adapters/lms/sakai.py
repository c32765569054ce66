"""Sakai: its differences from the standard, read from its source (docs/lms/sakai.md); never tried
against a running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext


class SakaiDialect(StandardDialect):
    """Sakai."""

    family = "sakai"
    label = "Sakai"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "launch": lazy_gettext(
            "Press Save in Sakai’s administration: nothing works before that. Then give the tool a"
            " link in a site and open it."
        ),
        "roster": lazy_gettext(
            "Allow the roster in the tool’s settings, then open the tool’s link again."
        ),
        "grades": lazy_gettext(
            "Allow grades and line items in the tool’s settings, then open the tool’s link again."
        ),
        "placed": lazy_gettext("Give the tool a link in the site."),
    }
    login_path = "/imsoidc/lti13/"
    shown_on_other_hosts = False
    # SakaiAccessTokenServiceImpl validateToken: a token that has ended is answered so.
    ended_token_statuses = frozenset((401, 403))

    def following_groups_url(self, url: str, next_url: str) -> str:
        """The next link names a path that the server does not know (groupsservice, not
        groupservice: LTI13Servlet handleGroupService): its query belongs to the address that was
        asked."""
        if not next_url:
            return ""
        return urlunsplit(urlsplit(url)._replace(query=urlsplit(next_url).query))
