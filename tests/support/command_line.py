"""The command line as an operator has it."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    returncode: int
    stdout: str
    stderr: str


@cache
def _warm() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.terminate)
    return process


def carryover(environ: Mapping[str, str], *arguments: str, said: str = "") -> Ended:
    """Run ``carryover`` with these arguments and nothing in its environment but ``environ``;
    ``said`` is its standard input.
    """
    warm = _warm()
    assert warm.stdin
    assert warm.stdout
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("stdin", "stdout", "stderr")}
        for file in files.values():
            file.write_text(said if file.name == "stdin" else "")
        asked = {
            "arguments": arguments,
            "environ": dict(environ),
            **{name: str(file) for name, file in files.items()},
        }
        warm.stdin.write(json.dumps(asked) + "\n")
        warm.stdin.flush()
        status = int(warm.stdout.readline())
        assert status >= 0, (
            f"carryover {' '.join(arguments)} did not end by itself: {files['stderr'].read_text()}"
        )
        return Ended(status, files["stdout"].read_text(), files["stderr"].read_text())
