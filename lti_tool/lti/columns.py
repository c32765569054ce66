"""Gradebook columns over HTTP (AGS 2.0, 3.2): find by resource, create, rename, delete."""

from __future__ import annotations

from adapters.lms import LineItem, Request, dialect
from adapters.lms.standard import LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE
from core.errors import BadInput
from core.http import Answer, OutsideCallFailed
from lti_tool.lti import services
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.platforms import Platform

_PASSING = frozenset((401, 408, 425, 429))


# Moodle requires the read-only scope for reading (observed); others grant only the read-write
# one, which includes it by the standard.
_READING = (READ_LINE_ITEM_SCOPE, LINE_ITEM_SCOPE)


def find(deps: ToolDeps, platform: Platform, line_items_url: str, resource_id: str) -> LineItem | None:
    """Find the column of a resource in a course; None if there is none."""
    lms = dialect(platform.family)

    def one_page(url: str, token: str) -> Request:
        return lms.find_line_items(url, token, resource_id=resource_id) if url == line_items_url else lms.find_line_items(url, token)

    for page in services.pages(deps, platform, _READING, line_items_url, one_page):
        for item in lms.read_line_items(page.json()):
            # An LMS that ignores the filter returns all columns.
            if item.resource_id == resource_id:
                return item
    return None


def make(deps: ToolDeps, platform: Platform, line_items_url: str, wanted: LineItem) -> LineItem:
    """Create a column; BadInput with the LMS's reason if it refuses."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.create_line_item(line_items_url, wanted, token))
    made = lms.read_line_item(answer.json()) if answer.status in (200, 201) else None
    if made is None:
        raise _refused(platform, answer, f"A column for “{wanted.label}” could not be made in the gradebook.")
    return made


def rename(deps: ToolDeps, platform: Platform, item: LineItem) -> None:
    """Change the label of a column."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.update_line_item(item, token))
    if answer.status != 200:
        raise _refused(platform, answer, "The column was not renamed.")


def remove(deps: ToolDeps, platform: Platform, url: str) -> None:
    """Delete a column and its grades; a column that is already gone counts as deleted."""
    lms = dialect(platform.family)
    answer = services.call(deps, platform, LINE_ITEM_SCOPE, lambda token: lms.delete_line_item(url, token))
    if answer.status not in (200, 204, 404):
        raise _refused(platform, answer, "The column was not removed.")


def read(deps: ToolDeps, platform: Platform, url: str) -> LineItem | None:
    """Read a column's current state from the LMS; None if it no longer exists."""
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
