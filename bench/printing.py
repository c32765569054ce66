"""How long a PDF takes, and how large it is: ``python -m bench.printing``. A page as long as the
longest report: 8 pictures and a table of 300 rows.
"""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime

from adapters import printing
from adapters.printing import Cell, Heading, Picture, PrintedPage, PrintedTable, Run, TableColumn
from bench.server import RESULTS

RUNS, PICTURES, ROWS = 9, 8, 300
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="620" height="180" viewBox="0 0 620 180">'
    + "".join(
        f'<text x="0" y="{20 + 16 * n}" font-size="13">Team {n} 漢字</text>'
        f'<circle cx="{200 + 40 * n}" cy="{16 + 16 * n}" r="5" fill="#1f4f9e"/>'
        for n in range(10)
    )
    + "</svg>"
)


def build_page() -> PrintedPage:
    """The page."""
    rows = [[Cell(f"Team {n}"), Cell(f"{n % 100} %"), Cell("12 / 40")] for n in range(ROWS)]
    columns = [TableColumn(False, True), TableColumn(True, False), TableColumn(True, False)]
    return PrintedPage(
        "A long report",
        "en",
        "a4",
        "A long report",
        "Carryover",
        [
            Heading(1, "A long report"),
            printing.Paragraph([Run("A sentence. " * 30)]),
            *(Picture(_SVG, f"Picture {n}", 620) for n in range(PICTURES)),
            PrintedTable(columns, ["Team", "Value", "Of"], rows),
        ],
    )


def main() -> None:
    """Measure, print and keep."""
    seconds, page, content = [], build_page(), b""
    for _ in range(RUNS):
        began = time.perf_counter()
        content = printing.render_pdf(page, datetime.now(UTC))
        seconds.append(time.perf_counter() - began)
    result = {
        "first, s": round(seconds[0], 3),
        "later, median, s": round(statistics.median(seconds[1:]), 3),
        "kilobytes": len(content) // 1000,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "printing.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
