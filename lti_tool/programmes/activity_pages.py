"""The pages that a course activity may open, and those that a teacher may add to a course.
Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.lms.models import ContentItem, LineItem
from core.errors import BadInput
from lrs.vocabulary import INTERVALS
from lti_tool.programmes.programmes import Programme

TODAY, PLAN, FIGURES, ADMIN_PAGE = "today", "plan", "figures", "admin"
_CHECK_PREFIX = "check-"
CHECK_TAG = "carryover-check"
CERTIFICATION_TAG = "certification"
# The pages that a custom parameter may name. The administration page is not among them: only
# LMS administrators may open it.
ACTIVITY_PAGES = (TODAY, *(f"{_CHECK_PREFIX}{item.key}" for item in INTERVALS), PLAN, FIGURES)


@dataclass(frozen=True)
class ActivityChoice:
    """One page that a teacher may add. ``interval`` is that of a check, otherwise empty."""

    page: str
    title: str
    text: str
    interval: str


def list_activity_choices(programme: Programme) -> list[ActivityChoice]:
    """List the pages of a programme that can be added, in the order in which teachers need
    them."""
    checks = [
        ActivityChoice(
            f"{_CHECK_PREFIX}{item.key}",
            f"{programme.title}: check after {item.label}",
            f"{programme.questions} questions, about 5 minutes, {item.label} after the "
            "certification. With a column of its own in the gradebook.",
            item.key,
        )
        for item in INTERVALS
    ]
    return [
        ActivityChoice(
            TODAY,
            f"{programme.title}: today",
            "What is due for each learner: checks, plan, uses on the job. One activity is enough.",
            "",
        ),
        *checks,
        ActivityChoice(
            PLAN,
            f"{programme.title}: transfer plan",
            "The one-page plan for using the skill at work.",
            "",
        ),
        ActivityChoice(
            FIGURES,
            f"{programme.title}: does it last?",
            "Figures of the programme, for who teaches; learners see their own page.",
            "",
        ),
    ]


def interval_of_page(page: str) -> str:
    """The interval of a check's page; empty for any other page."""
    return page.removeprefix(_CHECK_PREFIX) if page.startswith(_CHECK_PREFIX) else ""


def column_resource_id(programme: str, interval: str) -> str:
    """The resource id of a check's column: the same in every course, so that it is found
    again in a copied course."""
    return f"{programme}/{interval}"


def check_of_resource(resource_id: str) -> tuple[str, str]:
    """Programme and page of the check whose column has this resource id; the page is empty if it is
    the column of no check."""
    programme, _, interval = resource_id.rpartition("/")
    page = f"{_CHECK_PREFIX}{interval}"
    return programme, page if page in ACTIVITY_PAGES else ""


def check_column(programme: Programme, interval: str) -> LineItem:
    """The line item of a check."""
    label = next(item.label for item in INTERVALS if item.key == interval)
    return LineItem(
        f"{programme.title}: check after {label}",
        programme.questions,
        column_resource_id(programme.key, interval),
        CHECK_TAG,
    )


def certification_column(key: str, title: str) -> LineItem:
    """The line item in which the result of a certification is entered, in percent."""
    return LineItem(
        f"{title}: result of the certification",
        100,
        column_resource_id(key, CERTIFICATION_TAG),
        CERTIFICATION_TAG,
    )


def build_content_items(
    programme: Programme,
    pages: list[str],
    columns: bool,
    opens_at: datetime | None,
    closes_at: datetime | None,
) -> list[ContentItem]:
    """Build content items from the chosen pages; BadInput for an unknown page or an empty
    selection."""
    choices_by_page = {choice.page: choice for choice in list_activity_choices(programme)}
    if not pages:
        raise BadInput("Choose at least one thing, then send it.", field="page")
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise BadInput("The last day lies before the first one.", field="closes_on")
    result = []
    for page in dict.fromkeys(pages):
        if page not in choices_by_page:
            raise BadInput(
                "One of the things that were chosen is not there any more. Choose again.",
                field="page",
            )
        choice = choices_by_page[page]
        item = check_column(programme, choice.interval) if choice.interval and columns else None
        result.append(
            ContentItem(
                choice.title,
                choice.text,
                {"programme": programme.key, "page": page},
                item,
                opens_at,
                closes_at,
            )
        )
    return result
