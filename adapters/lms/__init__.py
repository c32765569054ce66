"""LMS dialects: turn verified claims into a :class:`Launch`, and grades, columns, rosters and
registrations into requests, and parse the responses.

No other code depends on which LMS it is. ``standard`` follows the specifications; the file of a
product holds only its differences, each with its source (docs/lms) as the reason.
"""

import copy
from collections.abc import Mapping

from adapters.lms.blackboard import BlackboardDialect
from adapters.lms.canvas import CanvasDialect
from adapters.lms.chamilo import ChamiloDialect
from adapters.lms.d2l import D2lDialect
from adapters.lms.models import (
    ContentItem,
    CourseGroup,
    Grade,
    GradebookResult,
    Launch,
    LaunchRefused,
    LineItem,
    LmsRequest,
    MessageType,
    NobodyNamed,
    ResponseOutcome,
    ResponseVerdict,
    Role,
    RosterMember,
    ToolFacts,
)
from adapters.lms.moodle import MoodleDialect
from adapters.lms.openedx import OpenEdxDialect
from adapters.lms.openolat import OpenOlatDialect
from adapters.lms.rights import Right, RightsByRole, role_uri
from adapters.lms.sakai import SakaiDialect
from adapters.lms.schoology import SchoologyDialect
from adapters.lms.standard import StandardDialect
from adapters.lms.tool_configuration import ToolPart

_DIALECTS: dict[str, StandardDialect] = {
    item.family: item
    for item in (
        StandardDialect(),
        MoodleDialect(),
        CanvasDialect(),
        OpenEdxDialect(),
        SakaiDialect(),
        D2lDialect(),
        BlackboardDialect(),
        SchoologyDialect(),
        ChamiloDialect(),
        OpenOlatDialect(),
    )
}
FAMILIES = {family: item.label for family, item in _DIALECTS.items()}


def dialect_for(family: str, decided: Mapping[str, str] | None = None) -> StandardDialect:
    """The dialect of a product family; the standard one if the family is unknown. ``decided``: what
    roles give on this platform otherwise than by default (role → right)."""
    dialect = _DIALECTS.get(family, _DIALECTS["standard"])
    if decided:
        dialect = copy.copy(dialect)
        dialect.rights = dialect.rights.with_changes(decided)
    return dialect


def detect_family(product_family_code: str, issuer: str = "", auth_login_url: str = "") -> str:
    """Detect the family whose dialect fits, from the code that the LMS reports, else from its
    addresses."""
    code = product_family_code.lower()
    for family, item in _DIALECTS.items():
        if code and code in (family, *item.product_codes):
            return family
    found = (f for f, item in _DIALECTS.items() if item.recognizes(issuer, auth_login_url))
    return next(found, "standard")


__all__ = [
    "FAMILIES",
    "ContentItem",
    "CourseGroup",
    "Grade",
    "GradebookResult",
    "Launch",
    "LaunchRefused",
    "LineItem",
    "LmsRequest",
    "MessageType",
    "NobodyNamed",
    "ResponseOutcome",
    "ResponseVerdict",
    "Right",
    "RightsByRole",
    "Role",
    "RosterMember",
    "StandardDialect",
    "ToolFacts",
    "ToolPart",
    "detect_family",
    "dialect_for",
    "role_uri",
]
