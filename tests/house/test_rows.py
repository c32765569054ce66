"""docs/rows.md names for each core row of the domain, A to E, a picture that is there and a test
that is there.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ["A1", "A2", "A3", "A4", "B1", "B3", "C1", "C2", "C3", "D1", "D2", "D3", "D4", "E2", "E4"]
ROWS = {
    line.split("|")[1].strip(): line
    for line in (ROOT / "docs" / "rows.md").read_text().splitlines()
    if re.match(r"\| [A-E]\d ", line)
}


def test_every_core_row_stands_there_once() -> None:
    assert list(ROWS) == CORE


def test_every_picture_and_every_test_that_is_named_is_there() -> None:
    tests = (ROOT / "tests" / "functional" / "test_domain.py").read_text()
    for key, line in ROWS.items():
        pictures = re.findall(r"\]\((pictures/[^)]+)\)", line)
        assert pictures, key
        assert all((ROOT / "docs" / picture).is_file() for picture in pictures), key
        for name in re.findall(r"`(test_\w+)`", line):
            assert f"def {name}(" in tests, name
