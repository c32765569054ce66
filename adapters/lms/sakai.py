"""Sakai: its differences from the standard, read from its source (docs/lms/sakai.md); never tried
against a running one."""

from __future__ import annotations

from adapters.lms.standard import StandardDialect


class SakaiDialect(StandardDialect):
    """Sakai."""

    family = "sakai"
    label = "Sakai"
    login_path = "/imsoidc/lti13/"
    shown_on_other_hosts = False
    # SakaiAccessTokenServiceImpl validateToken: a token that has ended is answered so.
    ended_token_statuses = frozenset((401, 403))
