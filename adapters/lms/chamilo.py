"""Chamilo 1.11 (plugin ims_lti): its differences from the standard, read from its source
(docs/lms/chamilo.md); never tried against a running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from adapters.lms.models import ContentItem, LmsRequest, ToolFacts
from adapters.lms.standard import SCORE_SCOPE, StandardDialect
from core.messages import Message, lazy_gettext


class ChamiloDialect(StandardDialect):
    """Chamilo."""

    family = "chamilo"
    label = "Chamilo"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "roster": lazy_gettext(
            "The roster is named to teachers alone: a teacher opens the tool once."
        ),
    }
    # Launches name no product (auth.php: family_code), and lie under this path.
    login_path = "/plugin/ims_lti/auth.php"
    shown_on_other_hosts = False
    # LtiAdvantageServiceResource validateToken: a token that has ended is answered so.
    ended_token_statuses = frozenset((400, 401))
    # Without the exact media type under Accept a score and a column are answered with 415
    # (LtiScoresResource, LtiLineItemsResource, LtiLineItemResource: validate).
    accepts_what_is_sent = True
    # auth.php names the scopes of columns alone; LtiAssignmentGradesService getAllowedScopes gives
    # that of scores to every tool.
    unnamed_scopes = frozenset((SCORE_SCOPE,))

    def find_line_items(
        self, line_items_url: str, token: str, resource_id: str = "", tag: str = ""
    ) -> LmsRequest:
        """All columns: the filter by resource compares it with the tool's number and finds none
        (Entity/ImsLtiTool.php getLineItems)."""
        return super().find_line_items(line_items_url, token, tag=tag)

    def content_item(self, item: ContentItem, tool: ToolFacts) -> dict[str, Any]:
        """Each with an address of its own: an item with the address of another one takes its place
        (ImsLtiPlugin saveItemAsLtiLink)."""
        result = super().content_item(item, tool)
        if item.custom:
            result["url"] = f"{result['url']}?{urlencode(dict(item.custom))}"
        return result
