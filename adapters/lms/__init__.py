"""An LMS's dialect: verified claims to a :class:`Launch`; grades, columns, rosters and registrations to requests, and their answers back.

After this no code asks which LMS it was. ``standard`` follows the specifications; ``moodle`` and ``canvas`` hold only their
difference, with the recorded case as the reason.
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
    """The dialect of a product family; the standard's for one that we do not know."""
    return _DIALECTS.get(family, _DIALECTS["standard"])


def family_of(product_family_code: str, issuer: str = "") -> str:
    """The family whose dialect fits: by what the LMS says of itself, else by its issuer."""
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
