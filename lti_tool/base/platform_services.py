"""Calls to a platform's services (AGS, NRPS, groups): a token for the scope, one retry where it
has ended, paging that stays on the same host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from adapters.lms import LmsRequest, dialect_for
from adapters.lms.standard import parse_retry_after, refusal_reason
from core.http_client import OutsideCallFailed, OutsideResponse, url_origin
from core.messages import Message, lazy_gettext
from lti_tool.base import access_tokens
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform


class PageRefused(OutsideCallFailed):
    """A page of a list was answered by another status than 200; ``wait_seconds``: how long the LMS
    asks us to wait, or None."""

    def __init__(self, message: Message, status: int, wait_seconds: int | None) -> None:
        self.status, self.wait_seconds = status, wait_seconds
        super().__init__(message)

    @property
    def is_transient(self) -> bool:
        """Whether the page may be there later: the LMS is busy or away. What it refuses it will
        refuse again."""
        return self.status in _TRANSIENT_STATUSES


CALL_SECONDS = 8.0
_TRANSIENT_STATUSES = frozenset((408, 429, 500, 502, 503, 504))
MAX_PAGES = 200  # For one roster or list: 10,000 people at the 50 per page that Canvas returns.


def call_service(
    deps: ToolDeps, platform: Platform, scope: str, make: Callable[[str], LmsRequest]
) -> OutsideResponse:
    """Send one request with an access token. TokenRefused and OutsideCallFailed as in
    :func:`lti_tool.base.access_tokens.get_access_token`."""
    answer = _send_request(deps, make(access_tokens.get_access_token(deps, platform, scope)))
    if answer.status in dialect_for(platform.family).ended_token_statuses:
        # The token was revoked early, or the key it was signed with was: get one new token,
        # then accept the response.
        access_tokens.discard_access_token(deps, platform, scope)
        answer = _send_request(deps, make(access_tokens.get_access_token(deps, platform, scope)))
    return answer


def _send_request(deps: ToolDeps, request: LmsRequest) -> OutsideResponse:
    return deps.client.call(
        request.method,
        request.url,
        headers=request.headers,
        body=request.body,
        seconds=CALL_SECONDS,
    )


def call_with_any_scope(
    deps: ToolDeps, platform: Platform, scopes: Sequence[str], make: Callable[[str], LmsRequest]
) -> tuple[OutsideResponse, str]:
    """Send one request with the first of several scopes that works, and return that scope too.
    LMSs differ in which of two scopes a service requires: one issues no token for the narrower
    scope, another issues one but accepts it nowhere."""
    refused: TokenRefused | None = None
    for number, scope in enumerate(scopes, 1):
        try:
            answer = call_service(deps, platform, scope, make)
        except TokenRefused as error:
            refused = error
            continue
        if answer.status not in (401, 403) or number == len(scopes):
            return answer, scope
    assert refused is not None
    raise refused


def iter_pages(
    deps: ToolDeps,
    platform: Platform,
    scopes: Sequence[str],
    url: str,
    make: Callable[[str, str], LmsRequest],
) -> Iterator[OutsideResponse]:
    """Iterate over the pages of a list, following Link headers; ``make`` is called with URL and
    token. OutsideCallFailed if the list does not end."""
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) == MAX_PAGES:
            raise OutsideCallFailed(
                "The list goes on in a circle, or has more pages than are read."
            )
        seen.add(url)
        answer, scope = read_page(deps, platform, scopes, url, make)
        scopes = (scope,)
        yield answer
        url = following_page(url, answer)


def read_page(
    deps: ToolDeps,
    platform: Platform,
    scopes: Sequence[str],
    url: str,
    make: Callable[[str, str], LmsRequest],
) -> tuple[OutsideResponse, str]:
    """Read a page of a list: the answer, and the scope that opened it; PageRefused if it is no
    200."""
    answer, scope = call_with_any_scope(deps, platform, scopes, partial(make, url))
    if answer.status != 200:
        raise PageRefused(
            lazy_gettext(
                "The LMS answered %(status)s: %(reason)s.",
                status=answer.status,
                reason=refusal_reason(answer.reason, answer.body)
                or lazy_gettext("no reason given"),
            ),
            answer.status,
            parse_retry_after(answer.headers.get("retry-after", "")),
        )
    return answer, scope


def asked_wait(error: Exception, longest: timedelta) -> timedelta:
    """How long the LMS asks us to wait, at most ``longest``; zero if it does not."""
    seconds = error.wait_seconds if isinstance(error, PageRefused) else None
    return min(timedelta(seconds=seconds or 0), longest)


def may_answer_later(error: Exception) -> bool:
    """Whether a page may be there later: the LMS is busy or away. What it refuses it will refuse
    again, and what is no list will be none."""
    if isinstance(error, PageRefused):
        return error.is_transient
    return isinstance(error, OutsideCallFailed)


def following_page(url: str, answer: OutsideResponse) -> str:
    """Where the list goes on after this page; OutsideCallFailed if that is another host."""
    if answer.next_url and url_origin(answer.next_url) != url_origin(url):
        raise OutsideCallFailed(
            "The list goes on at another address than it began; it was not followed."
        )
    return answer.next_url
