"""Queued grades while the sender is killed every second: each newest one arrives once, none is
lost, each person's keep their order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.grades_under_kills import run
from tests.support.tool import Tool


def test_500_grades(tool: Tool, servers: Any, tmp_path: Path) -> None:
    run(tool, servers, tmp_path, columns=5, people=50, rounds=2)
