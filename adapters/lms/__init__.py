"""LMS dialects: turn verified claims into a :class:`Launch`, and grades, columns, rosters and
registrations into requests, and parse the responses.

No other code depends on which LMS it is. ``standard`` follows the specifications; ``moodle``
and ``canvas`` hold only their differences, each with the observed case as the reason.
"""

from adapters.lms.canvas import HOSTED, Canvas
from adapters.lms.moodle import Moodle
from adapters.lms.shapes import (
    ContentItem,
    Grade,
    Launch,
    LaunchRefused,
    LineItem,
    Member,
    Message,
    Outcome,
    Request,
    Result,
    Role,
    ToolFacts,
    Verdict,
)
from adapters.lms.standard import Standard

_DIALECTS: dict[str, Standard] = {one.family: one for one in (Standard(), Moodle(), Canvas())}
FAMILIES = tuple(_DIALECTS)


def dialect(family: str) -> Standard:
    """The dialect of a product family; the standard one if the family is unknown."""
    return _DIALECTS.get(family, _DIALECTS["standard"])


def family_of(product_family_code: str, issuer: str = "") -> str:
    """Detect the family whose dialect fits, from the code that the LMS reports, else from its
    issuer."""
    code = product_family_code.lower()
    if code in _DIALECTS:
        return code
    return "canvas" if issuer in HOSTED else "standard"


__all__ = [
    "FAMILIES",
    "ContentItem",
    "Grade",
    "Launch",
    "LaunchRefused",
    "LineItem",
    "Member",
    "Message",
    "Outcome",
    "Request",
    "Result",
    "Role",
    "Standard",
    "ToolFacts",
    "Verdict",
    "dialect",
    "family_of",
]
