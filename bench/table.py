"""Puts the figures of the last benchmarks into docs/performance.md: ``python -m bench.table`` (the
end of make bench).
"""

from __future__ import annotations

import json
from pathlib import Path

from bench.server import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
# what, the aim in words, key, unit, whether more is better, the aim as a number
ROWS = [
    (
        "batches of 100, 8 clients, of a one-transaction COPY of the same rows",
        "0.30, better 0.45",
        "batch 100, 8 clients",
        "",
        True,
        0.30,
    ),
    (
        "batches of 100, 16 clients on shared activities, of 4 clients",
        "0.90",
        "batch 100, 16 of 4 clients",
        "",
        True,
        0.90,
    ),
    ("single posts, 8 clients", "1,500/s", "single, 8 clients", "/s", True, 1_500),
    ("single posts, 32 clients", "3,000/s", "single, 32 clients", "/s", True, 3_000),
    (
        "single posts, 8 clients, while the worker counts",
        "1,000/s",
        "single, 8 clients, worker",
        "/s",
        True,
        1_000,
    ),
    (
        "batches of 100, 8 clients, while the worker counts, of a COPY",
        "0.25",
        "batch 100, 8 clients, worker",
        "",
        True,
        0.25,
    ),
    (
        "GET at 1 M, the slowest single filter, p95, 4 clients",
        "25 ms",
        "one filter, p95",
        " ms",
        False,
        25,
    ),
    (
        "GET at 1 M, the slowest pair of filters, p95, 4 clients",
        "60 ms",
        "two filters, p95",
        " ms",
        False,
        60,
    ),
    ("ingest at 1 M, of the empty table", "0.55", "ingest when full", "", True, 0.55),
    ("disk for a statement of 1.09 kB", "2,000 bytes", "disk", " bytes", False, 2_000),
    (
        "a statement of an old month, in its file",
        "150 bytes",
        "old months: bytes in files",
        " bytes",
        False,
        150,
    ),
    (
        "and what the database keeps of it",
        "900 bytes",
        "old months: bytes in the database",
        " bytes",
        False,
        900,
    ),
    (
        "GET of old months at 1 M, the slowest filter, p95, 4 clients",
        "150 ms",
        "old months: slowest filter, p95",
        " ms",
        False,
        150,
    ),
    (
        "one statement of an old month by its id, p95, 4 clients",
        "50 ms",
        "old months: by id, p95",
        " ms",
        False,
        50,
    ),
    ("memory of a web worker through 1 M statements", "200 MB", "memory", " MB", False, 200),
    (
        "a launch (login and launch), median, one after the other",
        "60 ms",
        "launch, p50",
        " ms",
        False,
        60,
    ),
    (
        "schedules of six months for 5,000 learners, from a file",
        "60 s",
        "schedules of 5,000",
        " s",
        False,
        60,
    ),
    (
        "nudges of a day on which 5,000 have something due",
        "60 s",
        "nudges of 5,000",
        " s",
        False,
        60,
    ),
    (
        "a roster of 10,000 people, 50 a page, with 429s, repeats and two kills",
        "120 s",
        "roster of 10000, s",
        " s",
        False,
        120,
    ),
    ("… of 50,000", "600 s", "roster of 50000, s", " s", False, 600),
    ("“Today”, p95, 50 people at once, 5,000 learners", "150 ms", "today, p95", " ms", False, 150),
    (
        "all facts of a million statements made anew, 2 workers",
        "60 s",
        "rebuild_s",
        " s",
        False,
        60,
    ),
    (
        "10,000 new statements counted into 1 M, 2 workers",
        "2 s",
        "new_statements_s",
        " s",
        False,
        2,
    ),
    (
        "the four headlines of a programme at 1 M, p95",
        "200 ms",
        "headlines_p95_ms",
        " ms",
        False,
        200,
    ),
    (
        "the scorecard of one team at 1 M, counted when asked for, p95",
        "200 ms",
        "scorecard_team_p95_ms",
        " ms",
        False,
        200,
    ),
    (
        "memory of a web worker, 1 GB attachment up and down",
        "300 MB",
        "attachment memory",
        " MB",
        False,
        300,
    ),
    ("a demo on an empty home is ready", "20 s", "idle ready", " s", False, 20),
    (
        "CPU of a demo that nobody uses, all processes, a minute",
        "1.5 s",
        "idle CPU",
        " s",
        False,
        1.5,
    ),
    ("its memory (PSS), all processes", "450 MB", "idle memory", " MB", False, 450),
]


def table() -> str:
    """The rows, each with its day; an aim that was missed is set in bold."""
    figures = json.loads((RESULTS / "figures.json").read_text())
    lines = ["| what | aim (2 cores) | measured | on |", "|---|---|---|---|"]
    for what, aim, key, unit, more, wanted in ROWS:
        if key not in figures:
            continue  # its benchmark has not run yet
        value, day = figures[key]
        said = f"{value:,.2f}" if wanted < 10 else f"{value:,.0f}"
        missed = value < wanted if more else value > wanted
        lines.append(
            f"| {what} | {aim} | {f'**{said}{unit}: missed**' if missed else said + unit} | {day} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Write them."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
