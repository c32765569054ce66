"""LMS dialects: turn verified claims into a :class:`Launch`, and grades, columns, rosters and
registrations into requests, and parse the responses.

No other code depends on which LMS it is. ``standard`` follows the specifications; ``moodle``
and ``canvas`` hold only their differences, each with the observed case as the reason.
"""

from adapters.lms.canvas import HOSTED_ISSUERS, CanvasDialect
from adapters.lms.models import (
    ContentItem,
    Grade,
    GradebookResult,
    Launch,
    LaunchRefused,
    LineItem,
    LmsRequest,
    MessageType,
    ResponseOutcome,
    ResponseVerdict,
    Role,
    RosterMember,
    ToolFacts,
)
from adapters.lms.moodle import MoodleDialect
from adapters.lms.standard import StandardDialect

_DIALECTS: dict[str, StandardDialect] = {
    item.family: item for item in (StandardDialect(), MoodleDialect(), CanvasDialect())
}
FAMILIES = tuple(_DIALECTS)


def dialect_for(family: str) -> StandardDialect:
    """The dialect of a product family; the standard one if the family is unknown."""
    return _DIALECTS.get(family, _DIALECTS["standard"])


def detect_family(product_family_code: str, issuer: str = "") -> str:
    """Detect the family whose dialect fits, from the code that the LMS reports, else from its
    issuer."""
    code = product_family_code.lower()
    if code in _DIALECTS:
        return code
    return "canvas" if issuer in HOSTED_ISSUERS else "standard"


__all__ = [
    "FAMILIES",
    "ContentItem",
    "Grade",
    "GradebookResult",
    "Launch",
    "LaunchRefused",
    "LineItem",
    "LmsRequest",
    "MessageType",
    "ResponseOutcome",
    "ResponseVerdict",
    "Role",
    "RosterMember",
    "StandardDialect",
    "ToolFacts",
    "detect_family",
    "dialect_for",
]
