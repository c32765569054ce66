"""Writes docs/settings.md and docs/metrics.md from the tables they describe: ``make docs``."""

from __future__ import annotations

from pathlib import Path

from lrs.ground import settings
from lrs.metrics.catalogue import CATALOGUE
from lrs.vocabulary import EXTENSIONS, INTERVALS, VERBS

DOCS = Path(__file__).parent


def settings_page() -> str:
    """One table."""
    lines = [
        "# Settings",
        "",
        "Read once from the environment. `carryover demo` needs none of them; `serve`, `worker` and `migrate` name the one that is missing.",
        "",
        "| name | default | meaning |",
        "|---|---|---|",
    ]
    for one in settings.TABLE:
        lines.append(f"| `{one.name}` | {f'`{one.default}`' if one.default else '–'} | {one.meaning} |")
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """The catalogue, and the statements that feed it."""
    lines = [
        "# Metrics",
        "",
        "`GET /api/v1/metrics` gives this catalogue; `GET /api/v1/metrics/{key}/values` the values, as JSON or (with `Accept: text/csv`) as a table;",
        "`?programme=IRI` narrows them to one programme. Every value carries numerator, denominator, 95 % interval, number of people, definition",
        "version and watermark: every statement stored up to the watermark is counted.",
        "",
    ]
    for metric in CATALOGUE:
        lines += [
            f"## {metric.label}: `{metric.key}` (version {metric.version}, {'leading' if metric.leading else 'lagging'})",
            "",
            metric.meaning,
            "",
            f"*Keep in mind:* {metric.not_meaning}",
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
        "Any xAPI source may post the statements below. All of one episode (one person's one certification) share one `context.registration`",
        "and one actor; the programme is a `grouping` activity of type `http://adlnet.gov/expapi/activities/course`.",
        "",
        "| verb | IRI | what it needs beyond that |",
        "|---|---|---|",
        f"| certified | `{VERBS['certified'].id}` | its timestamp is the moment from which everything is measured |",
        f"| scheduled | `{VERBS['scheduled'].id}` | object: the check; context extension `{EXTENSIONS['due_date']}` |",
        f"| answered | `{VERBS['answered'].id}` | object: the item; `result.success`; context extension `{EXTENSIONS['kind']}` = `check` |",
        f"| passed, failed | `{VERBS['passed'].id}`, `{VERBS['failed'].id}` | object: the same check as in `scheduled` |",
        f"| applied | `{VERBS['applied'].id}` | object: the task; context extension `{EXTENSIONS['evidence_grade']}` from 1 (self) to 4 (work record) |",
        f"| registered | `{VERBS['registered'].id}` | context extensions `{EXTENSIONS['wave']}`, `{EXTENSIONS['team']}`, `…/site`, `…/role` |",
        "",
        "A statement that cannot be counted is kept, and its reason stands in the table `lrs.uncountable`. Voiding a statement moves the figures back.",
        "",
        "## Intervals",
        "",
        "| interval | due after | answers count from | until (days since certification) |",
        "|---|---|---|---|",
    ]
    for one in INTERVALS:
        lines.append(f"| {one.label} (`{one.key}`) | {one.due_days} days | {one.opens_days} | {one.closes_days} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both pages."""
    (DOCS / "settings.md").write_text(settings_page())
    (DOCS / "metrics.md").write_text(metrics_page())


if __name__ == "__main__":
    main()
