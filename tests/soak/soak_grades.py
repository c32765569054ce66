"""10,000 queued grades while the sender is killed every second."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.integration.lti_tool.conftest import ready_tool_template, server, tool, tool_template
from tests.support.grades_under_kills import run
from tests.support.tool import Tool

__all__ = ["ready_tool_template", "server", "tool", "tool_template"]
RESULTS = Path(__file__).parent / "results" / "grades.md"


def test_10_000_grades(tool: Tool, servers: Any, tmp_path: Path) -> None:
    found = run(tool, servers, tmp_path, columns=5, people=1_000, rounds=2)
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines = [
        "# Grades while the sender is killed every second",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {machine}. `make soak`",
        "",
    ]
    lines += [f"- {name}: {value:,.0f}" for name, value in found.items()]
    text = "\n".join(
        [
            *lines,
            "",
            "Each newest grade arrived once, none was lost, the order of each person was kept.",
            "",
        ]
    )
    RESULTS.write_text(text)
    print(text)  # noqa: T201 - for whoever started it
