"""``/browse/set-aside`` and ``/browse/people``: pages of whoever operates a record store, beside
its list of statements: what does not count, and which identifiers look like one person.

The browser signs in by itself, so each form carries a token that no other site can know.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import render_template, request

from analytics.actions import merge_suggestions, person_merges, set_aside
from analytics.api.request_params import (
    INDIVIDUAL,
    MERGE,
    READ,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    parse_cursor,
    parse_learner,
)
from analytics.deps import COUNT_JOB
from core.errors import BadInput
from core.messages import gettext_noop
from lrs.feed import scope_satisfied

routes = AnalyticsRoutes(reads_query=False)
ROWS_PER_PAGE = 50
MERGED = gettext_noop("They count as one person from now on.")
APART = gettext_noop("They stay two people.")
_FORM_PURPOSE, _FORM_SECONDS = "operator form", 86_400
_MERGE_REASON = "offered because they look alike, and confirmed"


@routes.route("GET", "/set-aside", scope=READ)
def show_set_aside(call: AnalyticsCall[None]) -> str:
    """What does not count: reasons, or the statements of one."""
    return _render_set_aside(call, None)


@routes.route("POST", "/set-aside", scope=WRITE)
def count_again(call: AnalyticsCall[None]) -> str:
    """Count again what is set aside for a reason."""
    _require_token(call)
    queued = set_aside.count_again(
        call.deps,
        tenant_id=call.caller.tenant_id,
        reason=request.form.get("reason", ""),
        who=call.caller.who,
    )
    return _render_set_aside(call, queued)


def _render_set_aside(call: AnalyticsCall[None], queued: int | None) -> str:
    tenant_id, reason = call.caller.tenant_id, request.args.get("reason", "")
    may_list = scope_satisfied(call.caller.scopes, INDIVIDUAL)
    statements: list[Any] = []
    if reason and may_list:
        statements = set_aside.list_statements(
            call.deps,
            tenant_id=tenant_id,
            reason=reason,
            after=parse_cursor(request.args.get("after", "")),
            rows=ROWS_PER_PAGE,
        )
    return render_template(
        "set_aside.html",
        reason=reason if may_list else "",
        reasons=[] if reason else set_aside.list_set_aside(call.deps, tenant_id=tenant_id),
        statements=statements,
        following=statements[-1].ord if len(statements) == ROWS_PER_PAGE else None,
        queued=queued,
        may_list=may_list,
        may_change=scope_satisfied(call.caller.scopes, WRITE),
        token=_make_token(call),
    )


@routes.route("GET", "/people", scope=MERGE)
def show_lookalikes(call: AnalyticsCall[None]) -> str:
    """Identifiers that look like one person."""
    return _render_lookalikes(call)


@routes.route("POST", "/people", scope=MERGE)
def judge_lookalikes(call: AnalyticsCall[None]) -> str:
    """Merge two, or say that they are two people."""
    _require_token(call)
    alias, agent = (_form_agent(name) for name in ("alias", "agent"))
    act, tenant_id, who = request.form.get("act"), call.caller.tenant_id, call.caller.who
    if act == "merge":
        person_merges.merge_persons(
            call.deps,
            tenant_id=tenant_id,
            alias=alias,
            agent=agent,
            reason=_MERGE_REASON,
            who=who,
        )
        call.deps.job_requests.request_job(COUNT_JOB)
    elif act == "apart":
        merge_suggestions.keep_apart(
            call.deps, tenant_id=tenant_id, alias=alias, agent=agent, who=who
        )
    else:
        raise BadInput("Say whether they are one person or two.")
    return _render_lookalikes(call, MERGED if act == "merge" else APART)


def _render_lookalikes(call: AnalyticsCall[None], done: str = "") -> str:
    page = merge_suggestions.list_suggestions(
        call.deps,
        tenant_id=call.caller.tenant_id,
        after=parse_learner(request.args.get("after", "")),
        rows=ROWS_PER_PAGE,
    )
    return render_template(
        "lookalikes.html",
        suggestions=page.suggestions,
        following=page.following,
        done=done,
        token=_make_token(call),
    )


def _form_agent(name: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(request.form.get(name, ""), type=dict[str, Any])
    except msgspec.MsgspecError:
        raise BadInput("The form holds no agent.", field=name) from None


def _make_token(call: AnalyticsCall[None]) -> str:
    return call.deps.secrets.sign(_FORM_PURPOSE, {"key": call.caller.key})


def _require_token(call: AnalyticsCall[None]) -> None:
    kept = call.deps.secrets.verify_token(
        _FORM_PURPOSE, request.form.get("token", ""), _FORM_SECONDS
    )
    if kept.get("key") != call.caller.key:
        raise BadInput("This form was opened with another key; open the page again.")
