"""What of setting a platform up is done, as its launches and readings showed, and what to do in
the LMS for what is not; and a live test, which asks the LMS now and keeps nothing but the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from adapters.lms import dialect_for
from adapters.lms.standard import (
    LINE_ITEM_SCOPE,
    READ_LINE_ITEM_SCOPE,
    ROSTER_SCOPE,
    SCORE_SCOPE,
    StandardDialect,
)
from core.http_client import OutsideCallFailed, limit_total_time
from core.messages import Message, lazy_gettext, lazy_ngettext
from lti_tool.admin import platform_facts_store
from lti_tool.admin.platform_facts_store import PlatformFacts
from lti_tool.base import access_tokens, platform_services
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import APPROVED, DISABLED, Platform

TRIAL_SECONDS = 25.0  # for all calls of a live test: a page is waited for
_REACH = lazy_gettext(
    "Compare the address with what the LMS shows. The tool’s server must reach it: on an intranet "
    "whoever runs it sets CARRYOVER_ALLOW_PRIVATE_PLATFORMS=1."
)


@dataclass(frozen=True)
class Step:
    """A step of setting up; ``since``: when it was seen first; ``to_do``: of one that is not
    done."""

    key: str
    done: bool
    words: Message
    since: datetime | None = None
    to_do: Message | None = None


@dataclass(frozen=True)
class TrialResult:
    """What the LMS answered now; ``good`` is None where nothing could be asked."""

    key: str
    good: bool | None
    words: Message
    to_do: Message | None = None


def list_steps(platform: Platform, facts: PlatformFacts) -> list[Step]:
    """The steps, in their order."""
    advice = dialect_for(platform.family).setup_advice
    launched = facts.first_launch_at is not None
    return [
        _registered(platform),
        _keys(launched),
        _launched(facts, advice["launch"]),
        _named(facts, launched, advice["names"]),
        _offered("roster", facts.roster_courses, launched, advice["roster"]),
        _offered("grades", facts.grade_courses, launched, advice["grades"]),
        Step(
            "content",
            facts.chosen_at is not None,
            lazy_gettext("Somebody chose content from a course.")
            if facts.chosen_at
            else lazy_gettext("Nobody chose content in the last 30 days."),
            facts.chosen_at,
            None if facts.chosen_at else advice["content"],
        ),
        Step(
            "placed",
            bool(facts.placements),
            lazy_ngettext(
                "%(num)s activity is in a course.",
                "%(num)s activities are in courses.",
                facts.placements,
            )
            if facts.placements
            else lazy_gettext("No activity is in a course yet."),
            to_do=None if facts.placements else advice["placed"],
        ),
    ]


def _registered(platform: Platform) -> Step:
    if platform.status == APPROVED:
        return Step("registered", True, lazy_gettext("The LMS is registered and approved."))
    if platform.status == DISABLED:
        words = lazy_gettext("The LMS is switched off here: its launches are refused.")
        return Step("registered", False, words, to_do=lazy_gettext("Switch it on above."))
    words = lazy_gettext("The LMS is registered and waits for your approval.")
    return Step("registered", False, words, to_do=lazy_gettext("Approve it above."))


def _keys(launched: bool) -> Step:
    if launched:
        return Step("keys", True, lazy_gettext("Its keys were read: launches could be checked."))
    return Step(
        "keys",
        False,
        lazy_gettext("Its keys were not needed yet."),
        to_do=lazy_gettext("Try the connection below."),
    )


def _launched(facts: PlatformFacts, advice: Message) -> Step:
    if facts.first_launch_at:
        words = lazy_gettext("Somebody opened the tool from the LMS.")
        return Step("launch", True, words, facts.first_launch_at)
    if facts.waiting_deployments:
        words = lazy_ngettext(
            "%(num)s deployment waits for your approval; its launches are refused.",
            "%(num)s deployments wait for your approval; their launches are refused.",
            facts.waiting_deployments,
        )
        return Step("launch", False, words, to_do=lazy_gettext("Approve it under Deployments."))
    return Step("launch", False, lazy_gettext("Nobody opened the tool yet."), to_do=advice)


def _named(facts: PlatformFacts, launched: bool, advice: Message) -> Step:
    if not facts.people:
        words = (
            lazy_gettext("All who came are on your list of people, which names them.")
            if launched
            else lazy_gettext("Seen with the first launch.")
        )
        return Step("names", launched, words)
    words = lazy_ngettext(
        "Of %(num)s person, it gives %(names)s name and %(mails)s e-mail address.",
        "Of %(num)s people, it gives %(names)s names and %(mails)s e-mail addresses.",
        facts.people,
        names=facts.with_name,
        mails=facts.with_email,
    )
    done = bool(facts.with_name and facts.with_email)
    return Step("names", done, words, to_do=None if done else advice)


def _offered(key: str, courses: int, launched: bool, advice: Message) -> Step:
    if courses:
        words = lazy_ngettext("%(num)s course offers it.", "%(num)s courses offer it.", courses)
        return Step(key, True, words)
    if not launched:
        return Step(key, False, lazy_gettext("Seen with the first launch."))
    return Step(key, False, lazy_gettext("No launch offered it."), to_do=advice)


def try_platform(deps: ToolDeps, platform: Platform) -> list[TrialResult]:
    """Ask the LMS now: for its keys, an access token of each service, and the first page of a
    gradebook and a roster that its launches named."""
    with deps.unit_of_work(platform.tenant_id) as connection:
        places = platform_facts_store.find_service_urls(connection, platform.tenant_id, platform.id)
    dialect = dialect_for(platform.family)
    with limit_total_time(TRIAL_SECONDS):
        return [
            _try("keys", lambda: _read_keys(deps, platform), _REACH),
            *(
                _try(key, partial(_get_token, deps, platform, scope), advice)
                for key, scope, advice in (
                    ("line-item-token", LINE_ITEM_SCOPE, dialect.setup_advice["grades"]),
                    ("score-token", SCORE_SCOPE, dialect.setup_advice["grades"]),
                    ("roster-token", ROSTER_SCOPE, dialect.setup_advice["roster"]),
                )
            ),
            _try_list(
                "line-items",
                places.line_items_url,
                lambda: _read_line_items(deps, platform, dialect, places.line_items_url),
                dialect.setup_advice["grades"],
            ),
            _try_list(
                "roster",
                places.memberships_url,
                lambda: _read_roster(deps, platform, dialect, places.memberships_url),
                dialect.setup_advice["roster"],
            ),
        ]


def _try(key: str, ask: Callable[[], Message], advice: Message) -> TrialResult:
    try:
        return TrialResult(key, True, ask())
    except (OutsideCallFailed, TokenRefused) as error:
        return TrialResult(key, False, error.message, advice)


def _try_list(key: str, url: str, ask: Callable[[], Message], advice: Message) -> TrialResult:
    if not url:
        words = lazy_gettext("No launch named an address for it yet, so nothing could be read.")
        return TrialResult(key, None, words, advice)
    return _try(key, ask, advice)


def _read_keys(deps: ToolDeps, platform: Platform) -> Message:
    keys = deps.platform_keys.read_key_set(platform.key_set_url)["keys"]
    if not keys:
        raise OutsideCallFailed("The LMS answered with an empty key set.")
    return lazy_ngettext(
        "The LMS answered with %(num)s key.", "The LMS answered with %(num)s keys.", len(keys)
    )


def _get_token(deps: ToolDeps, platform: Platform, scope: str) -> Message:
    access_tokens.discard_access_token(deps, platform, scope)
    access_tokens.get_access_token(deps, platform, scope)
    return lazy_gettext("The LMS gave an access token.")


def _read_line_items(
    deps: ToolDeps, platform: Platform, dialect: StandardDialect, url: str
) -> Message:
    answer, _ = platform_services.read_page(
        deps,
        platform,
        (LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE),
        url,
        dialect.find_line_items,
    )
    return lazy_ngettext(
        "The gradebook of a course answered with %(num)s column.",
        "The gradebook of a course answered with %(num)s columns.",
        len(dialect.read_line_items(answer.json())),
    )


def _read_roster(deps: ToolDeps, platform: Platform, dialect: StandardDialect, url: str) -> Message:
    answer, _ = platform_services.read_page(deps, platform, (ROSTER_SCOPE,), url, dialect.members)
    try:
        members, _ = dialect.read_members(answer.json())
    except ValueError:
        raise OutsideCallFailed("The LMS answered with something that is no roster.") from None
    return lazy_ngettext(
        "The first page of a course’s roster names %(num)s person.",
        "The first page of a course’s roster names %(num)s people.",
        len(members),
    )
