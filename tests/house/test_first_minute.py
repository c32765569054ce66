"""What somebody reads whose Python cannot make the environment: one sentence. (The long form,
clones in several folders, is in the soak.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.house.modules import PACKAGES, ROOT


def test_a_missing_venv_module_is_one_sentence(tmp_path: Path) -> None:
    """Debian's python3 without python3-venv lacks ensurepip, and says so in eight lines of a
    traceback.
    """
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\nu.find_spec = lambda name, *more: None "
        "if name == 'ensurepip' else real(name, *more)\n"
    )
    place = tmp_path / "venv"
    place.mkdir()
    ended = subprocess.run(
        ["make", "--silent", f"PYTHON={sys.executable}", f"VENV={place}", f"{place}/made.stamp"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0 and not (place / "made.stamp").exists()
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1 and "apt-get install python3-venv" in lines[0], ended.stderr


def test_the_image_holds_every_package() -> None:
    copied = {
        line.split()[1]
        for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines()
        if line.startswith("COPY ")
    }
    assert set(PACKAGES) <= copied
