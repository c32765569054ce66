"""Sakai: its differences from the standard, read from its source (docs/lms/sakai.md); never tried
against a running one."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from adapters.lms.standard import StandardDialect


class SakaiDialect(StandardDialect):
    """Sakai."""

    family = "sakai"
    label = "Sakai"
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
