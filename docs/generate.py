"""Writes settings, metrics, API, pages and roles below docs/ from what describes them, and notices
from the lock: ``make docs``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from adapters.lms import FAMILIES, dialect_for
from analytics.app import API_ROUTES
from analytics.catalogue import CATALOGUE
from core import settings
from core.api_routes import Route
from core.openapi import API_PREFIX, route_path
from docs import notices
from lrs.actions.scopes import SCOPE_IMPLICATIONS, SCOPES, scope_satisfied
from lrs.api import documents, statements, xapi_blueprint
from lrs.app import OWN_API_ROUTES
from lrs.vocabulary import ACTIVITY_TYPES, ALIAS_SOURCES, EXTENSIONS, INTERVALS, VERB_ALIASES, VERBS
from lti_tool.app import CONSOLE_PAGES, PAGES
from lti_tool.base import roles
from lti_tool.base.routes import RouteAccess

DOCS = Path(__file__).parent
# By the words as a reader writes them; a wrong one fails here.
VERB_IRIS = {str(name): verb.id for name, verb in VERBS.items()}
TYPE_IRIS = {str(name): iri for name, iri in ACTIVITY_TYPES.items()}
EXT_IRIS = {str(name): iri for name, iri in EXTENSIONS.items()}


def settings_page() -> str:
    """One table."""
    lines = [
        "# Settings",
        "",
        "Read once from the environment. `carryover demo` needs none of them; `serve`, `worker` "
        "and `migrate` name the one that is missing.",
        "",
        "| name | default | meaning |",
        "|---|---|---|",
    ]
    for one in settings.SETTING_TABLE:
        lines.append(
            f"| `{one.name}` | {f'`{one.default}`' if one.default else '–'} | {one.meaning} |"
        )
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """The catalogue, and the statements that feed it."""
    lines = [
        "# Metrics",
        "",
        "`GET /api/v1/metrics` gives this catalogue; `GET /api/v1/metrics/{key}/values` the "
        "values, as JSON or (with `Accept: text/csv`) as a table;",
        "`?programme=IRI` narrows them to one programme; so do `programme_version`, `wave`, "
        "`team`, `site`, `role` and `experience`, and for a credential with `metrics/individual` "
        "`since` and `until`. Every value carries numerator, denominator, 95 % interval, number "
        "of people, definition",
        "version and watermark: every statement stored up to the watermark is counted. A "
        "programme that nobody was certified in has no figures (0 of 0). A key that may not see "
        "individual people reads published values: [privacy.md](privacy.md) says what these are.",
        "",
        "A credential without `metrics/individual`, and a request with `people=groups`, reads "
        "published values: `day` is by which day after the certification people were looked at, "
        "`status` is",
        "`shown`, `waiting` or `too few`, and `waits_until` is until when. Live ones have the "
        "`status` `live` and no `day`. Which reports there are of published values says "
        "[reporting.md](reporting.md#reports-of-groups).",
        "Mails and visits are of no certification. For credentials without `metrics/individual` "
        "(and with `people=groups`) `nudges_opened` and the report `use` are told by programme and "
        "calendar month (UTC): each",
        "month once, when it is over, and never changed. One in which fewer than five people are "
        "is summed with the next, for good. A value names its month in `scope` (`2026-03`, or "
        "`2026-03/2026-05` of several that are",
        "published together), `day` is null; `?month=2026-04` gives the one that holds it. Looks "
        "at figures are summed apart from visits, since few people look. Nothing by team.",
        "",
        "Sign in by HTTP Basic with a key of the scope `metrics/read`: `carryover tenant create` "
        "prints one, the demo's stands under `api` in",
        "`var/demo.json`. [reporting.md](reporting.md) says how Excel, Power BI and SQL read them.",
        "",
        "```",
        "curl -u KEY:SECRET http://127.0.0.1:8080/api/v1/metrics/retention_observed/values",
        "curl -u KEY:SECRET -H 'Accept: text/csv' "
        "http://127.0.0.1:8080/api/v1/metrics/transfer_rate/values",
        "```",
        "",
    ]
    for metric in CATALOGUE:
        lines += [
            f"## {metric.label}: `{metric.key}` (version {metric.version}, "
            f"{'leading' if metric.leading else 'lagging'})",
            "",
            metric.meaning,
            "",
            f"*Keep in mind:* {metric.not_meaning}",
            "",
            f"*What to do:* {metric.what_to_do}",
            "",
            f"- Formula: {metric.formula}",
            f"- Statements: {', '.join(f'`{verb}`' for verb in metric.verbs)}",
            f"- Unit: {metric.unit}; owner: {metric.owner}; updated {metric.update_frequency}",
            f"- Source: {metric.source}",
            "",
        ]
    lines += [
        "## Feeding the metrics from another tool",
        "",
        "Any xAPI source may post the statements below. All of one episode (one person's one "
        "certification) share one `context.registration`",
        "and one actor; the programme is a `grouping` activity of type "
        "`http://adlnet.gov/expapi/activities/course`.",
        "",
        "| verb | IRI | what it needs beyond that |",
        "|---|---|---|",
        f"| certified | `{VERB_IRIS['certified']}` | its timestamp is the moment from which "
        "everything is measured; optional: `result.score.scaled` (the exam), `result.duration` "
        f"(of the training), context extension `{EXT_IRIS['pre_test']}` (the test before it, 0 "
        "to 1) |",
        f"| scheduled | `{VERB_IRIS['scheduled']}` | object: the check; context extension "
        f"`{EXT_IRIS['due_date']}` |",
        f"| answered | `{VERB_IRIS['answered']}` | object: the item; `result.success`; context "
        f"extension `{EXT_IRIS['kind']}` = `check` |",
        f"| passed, failed | `{VERB_IRIS['passed']}`, `{VERB_IRIS['failed']}` | object: the same "
        "check as in `scheduled` |",
        f"| applied | `{VERB_IRIS['applied']}` | object: the task; context extension "
        f"`{EXT_IRIS['evidence_grade']}` = 1 (self, also when missing) to 4 (work record) |",
        f"| registered | `{VERB_IRIS['registered']}` | context extensions `{EXT_IRIS['wave']}`, "
        f"`{EXT_IRIS['team']}`, `{EXT_IRIS['site']}`, `{EXT_IRIS['role']}` |",
        "",
        "What other sources say in other words counts as well:",
        "",
        "| IRI | counts as | who says it so |",
        "|---|---|---|",
        *(f"| `{iri}` | {verb} | {ALIAS_SOURCES[iri]} |" for iri, verb in VERB_ALIASES.items()),
        "",
        "## Other systems",
        "",
        "A quiz, an assignment, a course unit or a queue of tickets names no registration of "
        "ours, and may be anything. It counts from the moment on that somebody says what it "
        "counts as in a programme",
        "([reporting.md](reporting.md#what-counts-from-other-systems)), for statements that name "
        "it as object, or in the context as parent, grouping or other:",
        "",
        "| counts as | verbs (after the table above) | and then |",
        "|---|---|---|",
        "| check | answered, assessed (Open edX says so of a problem) with `result.success` | a "
        "first answer to the item that is the object, in the interval of its moment |",
        "| check | attempted; passed, failed, completed | begins or finishes the scheduled check "
        "of that interval |",
        "| exercise, case study | submitted, completed | finishes the one that was due first and "
        "is not finished yet |",
        "| meeting | attended, completed | the same |",
        "| task | applied, completed | a use on the job, with the evidence grade of the "
        "statement, or else of the mapping |",
        "",
        "It counts for the episode of the same person (after merges) in that programme that "
        "began last before it happened; with its own registration or none. Undoing a mapping "
        "takes all of it back.",
        "",
        "## Posting an episode",
        "",
        "An episode, ready to post to `/xapi/statements` (see [xapi.md](xapi.md)); put in dates "
        "of your own, a week apart:",
        "",
        "```json",
        json.dumps(example(), indent=1),
        "```",
        "",
        "A statement that cannot be counted is kept; `/browse/set-aside` and `/api/v1/set-aside` "
        "list the reasons, and have it counted again. What no figure wants (of no registration, or "
        "of one without a certification) is told there by its number. Voiding a statement moves "
        "the figures back.",
        "",
        "## Intervals",
        "",
        "| interval | due after | answers count from | until (days since certification) |",
        "|---|---|---|---|",
    ]
    for one in INTERVALS:
        lines.append(
            f"| {one.label} (`{one.key}`) | {one.due_days} days | {one.opens_days} | "
            f"{one.closes_days} |"
        )
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """One table of routes for each of the two APIs, with the scopes."""
    xapi = (*statements.routes, *documents.routes, *xapi_blueprint.routes)
    return "\n".join(
        [
            "# Routes and scopes",
            "",
            "A key needs one of the scopes of a route, or a wider one (the last table). "
            "`GET /api/v1/openapi.json` has parameters, bodies and answers of `/api/v1`; "
            "[xapi.md](xapi.md) and [reporting.md](reporting.md) say what each is for.",
            "",
            *_route_table("/xapi", xapi),
            "",
            *_route_table(API_PREFIX, (*OWN_API_ROUTES, *API_ROUTES)),
            "",
            "## Scopes",
            "",
            "| a route that needs | opens also to a key with |",
            "|---|---|",
            *(
                f"| `{need}` | {', '.join(f'`{scope}`' for scope in wider) or '–'} |"
                for need, wider in SCOPE_IMPLICATIONS.items()
            ),
            "",
        ]
    )


def _route_table(prefix: str, routes: Iterable[Route]) -> Iterator[str]:
    yield from (f"## {prefix}", "", "| route | scope | what it does |", "|---|---|---|")
    for route in sorted(routes, key=route_path):
        scopes = " or ".join(f"`{scope}`" for scope in route.scopes) or f"none: {route.public}"
        yield f"| `{route.method} {prefix}{route_path(route)}` | {scopes} | {route.summary} |"


def pages_page() -> str:
    """The pages of the tool and who may call each, from their routes."""
    lines = [
        "# Pages of the tool",
        "",
        "Each route says where it is declared who may call it; one that does not is never served. "
        "Made by `make docs` from the routes; [learning.md](learning.md) says where roles come "
        "from. What administers is also there for a session of an administrator's link, below "
        "`/admin/<visit>`.",
        "",
        "| method | address | who |",
        "|---|---|---|",
    ]
    access = [entry for part in (*PAGES, *CONSOLE_PAGES) for entry in part.list_access()]
    for methods, address, who in sorted(access, key=lambda entry: (entry[1], entry[0])):
        lines.append(f"| {methods} | `{address}` | {_who_may_call(who)} |")
    return "\n".join(lines) + "\n"


def _who_may_call(access: RouteAccess) -> str:
    if access.public:
        return f"everybody: {access.public}"
    if access.by_link:
        return "the session of an administrator's link"
    if access.roles == roles.ALL_ROLES:
        return "everybody in a session"
    return ", ".join(sorted(access.roles))


def example() -> list[dict[str, Any]]:
    """A certification and an answer a week later."""
    context: dict[str, Any] = {
        "registration": "5d3c2f2e-7a53-4a55-9a58-1f0c8a3f9d10",
        "contextActivities": {
            "grouping": [
                {
                    "id": "https://example.org/programme",
                    "definition": {"type": TYPE_IRIS["programme"]},
                }
            ]
        },
    }
    actor = {"account": {"homePage": "https://example.org", "name": "person-1"}}
    certified = {
        "actor": actor,
        "verb": {"id": VERB_IRIS["certified"]},
        "object": {"id": "https://example.org/certificate"},
        "timestamp": "2026-11-01T09:00:00Z",
        "context": context,
    }
    answered = {
        "actor": actor,
        "verb": {"id": VERB_IRIS["answered"]},
        "object": {"id": "https://example.org/questions/1"},
        "result": {"success": True},
        "timestamp": "2026-11-08T09:00:00Z",
        "context": {**context, "extensions": {EXT_IRIS["kind"]: "check"}},
    }
    return [certified, answered]


_LMS_PAGES = {family for family in FAMILIES if family != "standard"}


def roles_page() -> str:
    """What the roles of each product give, from what the tool reads them by."""
    usual = dialect_for("standard").rights.rights
    lines = [
        "# What the roles of an LMS give",
        "",
        "Made from the code (`make docs`). The strongest role of a launch counts: teacher, mentor, "
        "learner, designer. Who has none of these is a learner, unless one of the roles says that "
        "the person runs the LMS, or gives nothing.",
        "Short names, as rosters have them, count as context roles; a sub-role counts as its "
        "principal role, unless it stands here itself. An administrator decides otherwise for a "
        "platform under *What its roles give*. No role",
        "gives the administration of this tool: who runs the LMS may be named there, and no more.",
        "",
        "| role | by the standard |",
        "|---|---|",
        *(f"| `{role}` | {right} |" for role, right in usual.items()),
        "",
        "| product | role | gives | |",
        "|---|---|---|---|",
    ]
    for family in sorted(_LMS_PAGES):
        lms = dialect_for(family)
        link = f"[{lms.label}](lms/{family}.md)"
        own = {role: right for role, right in lms.rights.rights.items() if usual.get(role) != right}
        lines += [f"| {link} | `{role}` | {right} | |" for role, right in own.items()]
        lines += [
            f"| {link} | `{role}` | {lms.rights.rights[role]} | if the custom parameter "
            f"`{lms.rights.confirmed_by}` is true; listed without it |"
            for role in sorted(lms.rights.to_confirm)
        ]
        if not own and not lms.rights.to_confirm:
            lines.append(f"| {link} | – | as by the standard | |")
    return "\n".join(lines) + "\n"


_PRIVACY_BEGIN, _PRIVACY_END = "<!-- who can see what -->", "<!-- end of who can see what -->"


def privacy_page() -> str:
    """docs/privacy.md, with the table of who can see what between its markers."""
    page = (DOCS / "privacy.md").read_text()
    before, _, rest = page.partition(_PRIVACY_BEGIN)
    _, _, after = rest.partition(_PRIVACY_END)
    lines = [
        "",
        "| who | published values | live values | single people | statements |",
        "|---|---|---|---|---|",
        *(_row_of_scope(scope) for scope in SCOPES if _tells_of_people(scope)),
        "| a reporting user of SQL | yes | no | no | no |",
        *(_row_of_role(role) for role in roles.ROLE_DESCRIPTIONS),
        "",
    ]
    return before + _PRIVACY_BEGIN + "\n".join(lines) + _PRIVACY_END + after


def _tells_of_people(scope: str) -> bool:
    return any(
        scope_satisfied([scope], need)
        for need in (
            "metrics/read",
            "metrics/individual",
            "statements/read",
            "statements/read/mine",
        )
    )


def _row_of_scope(scope: str) -> str:
    live = scope_satisfied([scope], "metrics/individual")
    statements_of = (
        "all"
        if scope_satisfied([scope], "statements/read")
        else "those behind a figure"
        if live
        else "those that it stored"
        if scope_satisfied([scope], "statements/read/mine")
        else "no"
    )
    published = "yes" if scope_satisfied([scope], "metrics/read") else "no"
    return (
        f"| a key with `{scope}` | {published} | {_all_or_no(live)} | {_all_or_no(live)} | "
        f"{statements_of} |"
    )


def _all_or_no(yes: bool) -> str:
    return "all" if yes else "no"


def _row_of_role(role: str) -> str:
    """A role by itself; who has several sees what any of them does."""
    alone = frozenset((role,))
    published = "yes" if alone & roles.FIGURE_ROLES else "no"
    if alone & roles.INDIVIDUAL_ACCESS_ROLES:
        live, people = "all of the programme", "all"
    elif roles.sees_only_own_courses(alone):
        live = people = "of their own courses"
    elif alone & roles.LEADING_ROLES:
        live, people = "no", "whom they lead"
    else:
        live, people = "no", "themselves"
    stored = "of one person, to tell or erase" if alone & roles.ERASURE_ROLES else "their own"
    return f"| {role} | {published} | {live} | {people} | {stored} |"


def main() -> None:
    """Write the pages."""
    (DOCS / "privacy.md").write_text(privacy_page())
    (DOCS / "settings.md").write_text(settings_page())
    (DOCS / "metrics.md").write_text(metrics_page())
    (DOCS / "api.md").write_text(api_page())
    (DOCS / "pages.md").write_text(pages_page())
    (DOCS / "roles.md").write_text(roles_page())
    (DOCS.parent / "THIRD-PARTY-NOTICES.md").write_text(notices.page())


if __name__ == "__main__":
    main()
