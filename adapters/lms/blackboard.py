"""Blackboard Learn: its differences from the standard, from its documents (docs/lms/blackboard.md);
never tried."""

from __future__ import annotations

from typing import Any

from adapters.lms.models import LineItem
from adapters.lms.standard import StandardDialect


class BlackboardDialect(StandardDialect):
    """Blackboard Learn."""

    family = "blackboard"
    label = "Blackboard"
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
