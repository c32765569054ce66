"""Blackboard Learn: its differences from the standard, from its documents (docs/lms/blackboard.md);
never tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from adapters.lms.models import LineItem
from adapters.lms.standard import StandardDialect
from core.messages import Message, lazy_gettext


class BlackboardDialect(StandardDialect):
    """Blackboard Learn."""

    family = "blackboard"
    label = "Blackboard"
    setup_advice: ClassVar[Mapping[str, Message]] = {
        **StandardDialect.setup_advice,
        "names": lazy_gettext("In Learn, User Fields to Send: switch on name and e-mail address."),
        "roster": lazy_gettext(
            "In Learn, switch on memberships for the tool. Then open an activity again."
        ),
        "grades": lazy_gettext(
            "In Learn, switch on grades for the tool. Then open an activity again."
        ),
    }
    issuers = frozenset(("https://blackboard.com",))  # of all schools
    product_codes = ("blackboardlearn",)
    client_of_all_schools = True
    # The last page of a roster still names a next one, an earlier address
    # (blackboard/anthologydevdocs, names-and-roles.md).
    roster_ends_by_repeating = True

    # 204 also says that a score was passed over, as not newer than the grade that is there
    # (blackboard/BBDN-LTI-Tool-Provider-Node, pull request 162).
    unsure_statuses = frozenset((204,))

    def changed_line_item_body(self, item: LineItem) -> dict[str, Any]:
        """A change that names the column's id is answered with 400."""
        return self.line_item_body(item)
