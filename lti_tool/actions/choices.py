"""The pages that a course activity may open, and those that a teacher may add to a course.
Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.lms.shapes import ContentItem, LineItem
from core.errors import BadInput
from lrs.vocabulary import INTERVALS
from lti_tool.actions.programmes import Programme

TODAY, PLAN, FIGURES, ADMIN_PAGE = "today", "plan", "figures", "admin"
_CHECK = "check-"
CHECK_TAG = "carryover-check"
CERTIFICATION = "certification"
# The pages that a custom parameter may name. The administration page is not among them: only
# LMS administrators may open it.
PAGES = (TODAY, *(f"{_CHECK}{one.key}" for one in INTERVALS), PLAN, FIGURES)


@dataclass(frozen=True)
class Choice:
    """One page that a teacher may add. ``interval`` is that of a check, otherwise empty."""

    page: str
    title: str
    text: str
    interval: str


def choices(programme: Programme) -> list[Choice]:
    """List the pages of a programme that can be added, in the order in which teachers need
    them."""
    checks = [
        Choice(
            f"{_CHECK}{one.key}",
            f"{programme.title}: check after {one.label}",
            f"{programme.questions} questions, about 5 minutes, {one.label} after the certification. With a column of its own in the gradebook.",
            one.key,
        )
        for one in INTERVALS
    ]
    return [
        Choice(TODAY, f"{programme.title}: today", "What is due for each learner: checks, plan, uses on the job. One activity is enough.", ""),
        *checks,
        Choice(PLAN, f"{programme.title}: transfer plan", "The one-page plan for using the skill at work.", ""),
        Choice(FIGURES, f"{programme.title}: does it last?", "Figures of the programme, for who teaches; learners see their own page.", ""),
    ]


def interval_of(page: str) -> str:
    """The interval of a check's page; empty for any other page."""
    return page.removeprefix(_CHECK) if page.startswith(_CHECK) else ""


def resource_id(programme: str, interval: str) -> str:
    """The resource id of a check's column: the same in every course, so that it is found
    again in a copied course."""
    return f"{programme}/{interval}"


def column(programme: Programme, interval: str) -> LineItem:
    """The line item of a check."""
    label = next(one.label for one in INTERVALS if one.key == interval)
    return LineItem(f"{programme.title}: check after {label}", programme.questions, resource_id(programme.key, interval), CHECK_TAG)


def certifying_column(key: str, title: str) -> LineItem:
    """The line item in which the result of a certification is entered, in percent."""
    return LineItem(f"{title}: result of the certification", 100, resource_id(key, CERTIFICATION), CERTIFICATION)


def content_items(programme: Programme, pages: list[str], columns: bool, opens_at: datetime | None, closes_at: datetime | None) -> list[ContentItem]:
    """Build content items from the chosen pages; BadInput for an unknown page or an empty
    selection."""
    known = {one.page: one for one in choices(programme)}
    if not pages:
        raise BadInput("Choose at least one thing, then send it.", field="page")
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise BadInput("The last day lies before the first one.", field="closes_on")
    found = []
    for page in dict.fromkeys(pages):
        if page not in known:
            raise BadInput("One of the things that were chosen is not there any more. Choose again.", field="page")
        choice = known[page]
        item = column(programme, choice.interval) if choice.interval and columns else None
        found.append(ContentItem(choice.title, choice.text, {"programme": programme.key, "page": page}, item, opens_at, closes_at))
    return found
