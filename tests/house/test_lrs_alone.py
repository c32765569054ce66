"""The record store runs alone: its tests pass in a copy of the tree with every other house deleted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ("core", "lrs", "tests/unit/lrs", "tests/integration/lrs", "tests/clients")
FILES = (
    "pyproject.toml",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/support/__init__.py",
    "tests/support/store.py",
    "tests/support/multipart.py",
    "tests/unit/__init__.py",
    "tests/integration/__init__.py",
)
# The project is installed as editable beside this copy; here only the copy may be found.
RUNNER = """
import sys
sys.path[:] = [entry for entry in sys.path if "__editable__" not in entry]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
for house in ("adapters", "analytics", "carryover", "lti_tool"):
    try:
        __import__(house)
    except ImportError:
        continue
    sys.exit(f"{house} can still be found")
import lrs.operator_api, lrs.worker, lrs.wsgi
import pytest
sys.exit(pytest.main([*sys.argv[1:], "-x", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning"]))
"""


QUICK = (
    "tests/unit/lrs",
    *(f"tests/integration/lrs/test_{name}.py" for name in ("attachments", "writer")),
)


def test_the_record_stores_tests_pass_where_every_other_house_is_deleted(tmp_path: Path) -> None:
    """The quick ones; make soak runs all of them so."""
    run_alone(tmp_path, *QUICK)


def run_alone(folder: Path, *tests: str) -> None:
    """Run tests of the record store in a copy of the tree that holds nothing else."""
    for part in KEPT:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in FILES:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    (folder / "alone.py").write_text(RUNNER)
    environ = {**os.environ, "PYTHONPATH": ""}
    ended = subprocess.run(
        [sys.executable, "alone.py", *tests],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stdout[-3_000:] + ended.stderr[-2_000:]
