"""Columns of a gradebook, over HTTP (AGS 2.0, 3.2): found by their resource, made, renamed, removed."""

from __future__ import annotations

from adapters.lms import LineItem, Request, dialect
from adapters.lms.standard import LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE
from core.errors import BadInput
from core.http import Answer, OutsideCallFailed
from lti_tool.lti import services
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.platforms import Platform

_PASSING = frozenset((401, 408, 425, 429))


# Moodle wants the reading scope for reading (recorded); others give the writing one alone, which includes it by the standard.
_READING = (READ_LINE_ITEM_SCOPE, LINE_ITEM_SCOPE)


def find(deps: ToolDeps, platform: Platform, line_items_url: str, resource_id: str) -> LineItem | None:
    """The column of a resource in a course, or None."""
    lms = dialect(platform.family)

    def one_page(url: str, token: str) -> Request:
        return lms.find_line_items(url, token, resource_id=resource_id) if url == line_items_url else lms.find_line_items(url, token)

    for page in services.pages(deps, platform, _READING, line_items_url, one_page):
        for item in lms.read_line_items(page.json()):
            # An LMS that does not filter gives all of them.
            if item.resource_id == resource_id:
                return item
    return None


def make(deps: ToolDeps, platform: Platform, line_items_url: str, wanted: LineItem) -> LineItem:
    """A new column; BadInput with the LMS's reason when it will not have it."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.create_line_item(line_items_url, wanted, token))
    made = lms.read_line_item(answer.json()) if answer.status in (200, 201) else None
    if made is None:
        raise _refused(platform, answer, f"A column for “{wanted.label}” could not be made in the gradebook.")
    return made


def rename(deps: ToolDeps, platform: Platform, item: LineItem) -> None:
    """Another label for a column."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.update_line_item(item, token))
    if answer.status != 200:
        raise _refused(platform, answer, "The column was not renamed.")


def remove(deps: ToolDeps, platform: Platform, url: str) -> None:
    """Remove a column and the grades in it; one that is gone already is gone."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.delete_line_item(url, token))
    if answer.status not in (200, 204, 404):
        raise _refused(platform, answer, "The column was not removed.")


def read(deps: ToolDeps, platform: Platform, url: str) -> LineItem | None:
    """A column as the LMS has it now; None where it is gone."""
    lms = dialect(platform.family)
    answer, _ = services.call_with_any(deps, platform, _READING, lambda token: lms.line_item(url, token))
    if answer.status == 404:
        return None
    found = lms.read_line_item(answer.json()) if answer.status == 200 else None
    if found is None:
        raise _refused(platform, answer, "The column could not be read.")
    return found


def _refused(platform: Platform, answer: Answer, what: str) -> BadInput | OutsideCallFailed:
    words = dialect(platform.family).outcome(answer.status, answer.reason, answer.headers, answer.body).words
    if answer.status < 400 or answer.status >= 500 or answer.status in _PASSING:
        return OutsideCallFailed(f"{what} {words or 'The answer of the LMS is none.'}")
    return BadInput(f"{what} {words}")
