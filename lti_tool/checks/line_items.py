"""Gradebook columns over HTTP (AGS 2.0, 3.2): find by resource, create, rename, delete."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.lms import LineItem, LmsRequest, dialect_for
from adapters.lms.standard import LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE
from core.errors import BadInput
from core.http_client import OutsideCallFailed, OutsideResponse
from core.messages import Message, join_messages, lazy_gettext
from lti_tool.base import platform_services
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import Platform

_RETRYABLE_STATUSES = frozenset((401, 408, 425, 429))


# Moodle requires the read-only scope for reading (observed); others grant only the read-write
# one, which includes it by the standard.
_READ_SCOPES = (READ_LINE_ITEM_SCOPE, LINE_ITEM_SCOPE)


def find_line_item(
    deps: ToolDeps,
    platform: Platform,
    line_items_url: str,
    resource_id: str,
    links: frozenset[str] = frozenset(),
) -> LineItem | None:
    """Find the column of a resource in a course: that of an activity before any other; None if
    there is none. ``links``: activities of the course that open the resource."""
    # A column that an activity came with need not name the resource: then all are looked through.
    listed = list_line_items(deps, platform, line_items_url, "" if links else resource_id)
    return next(iter(columns_of_resource(listed, resource_id, links)), None)


def list_line_items(
    deps: ToolDeps, platform: Platform, line_items_url: str, resource_id: str = ""
) -> list[LineItem]:
    """The columns of a course that the LMS shows the tool; those of a resource if one is named and
    the LMS heeds it."""
    lms = dialect_for(platform.family)

    def page_request(url: str, token: str) -> LmsRequest:
        return lms.find_line_items(url, token, resource_id if url == line_items_url else "")

    pages = platform_services.iter_pages(deps, platform, _READ_SCOPES, line_items_url, page_request)
    return [item for page in pages for item in lms.read_line_items(page.json())]


def columns_of_resource(
    listed: Iterable[LineItem], resource_id: str, links: frozenset[str]
) -> list[LineItem]:
    """Those of the columns that belong to a resource, the ones of activities first: they name it,
    or name nothing and are of an activity that opens it."""
    own = [
        item
        for item in listed
        if item.resource_id == resource_id
        or (not item.resource_id and item.resource_link_id in links)
    ]
    return sorted(own, key=lambda item: not item.resource_link_id)


def create_line_item(
    deps: ToolDeps, platform: Platform, line_items_url: str, wanted: LineItem
) -> LineItem:
    """Create a column; BadInput with the LMS's reason if it refuses."""
    lms = dialect_for(platform.family)
    answer = platform_services.call_service(
        deps,
        platform,
        LINE_ITEM_SCOPE,
        lambda token: lms.create_line_item(line_items_url, wanted, token),
    )
    created = lms.read_line_item(answer.json()) if answer.status in (200, 201) else None
    if created is None:
        raise _response_error(
            platform,
            answer,
            lazy_gettext(
                "A column for “%(column)s” could not be made in the gradebook.",
                column=wanted.label,
            ),
        )
    return created


def rename_line_item(deps: ToolDeps, platform: Platform, item: LineItem) -> None:
    """Change the label of a column."""
    lms = dialect_for(platform.family)
    answer = platform_services.call_service(
        deps, platform, LINE_ITEM_SCOPE, lambda token: lms.update_line_item(item, token)
    )
    if answer.status != 200:
        raise _response_error(platform, answer, lazy_gettext("The column was not renamed."))


def delete_line_item(deps: ToolDeps, platform: Platform, url: str) -> None:
    """Delete a column and its grades; a column that is already gone counts as deleted."""
    lms = dialect_for(platform.family)
    answer = platform_services.call_service(
        deps, platform, LINE_ITEM_SCOPE, lambda token: lms.delete_line_item(url, token)
    )
    if answer.status not in (200, 204, 404):
        raise _response_error(platform, answer, lazy_gettext("The column was not removed."))


def fetch_line_item(deps: ToolDeps, platform: Platform, url: str) -> LineItem | None:
    """Read a column's current state from the LMS; None if it no longer exists."""
    lms = dialect_for(platform.family)
    answer, _ = platform_services.call_with_any_scope(
        deps, platform, _READ_SCOPES, lambda token: lms.line_item(url, token)
    )
    if answer.status == 404:
        return None
    result = lms.read_line_item(answer.json(), url) if answer.status == 200 else None
    if result is None:
        raise _response_error(platform, answer, lazy_gettext("The column could not be read."))
    return result


def _response_error(
    platform: Platform, answer: OutsideResponse, what: Message
) -> BadInput | OutsideCallFailed:
    words = (
        dialect_for(platform.family)
        .outcome(answer.status, answer.reason, answer.headers, answer.body)
        .words
    )
    if answer.status < 400 or answer.status >= 500 or answer.status in _RETRYABLE_STATUSES:
        without_words = lazy_gettext("The answer of the LMS is none.")
        return OutsideCallFailed(join_messages([what, words or without_words]))
    return BadInput(join_messages([what, words]))
