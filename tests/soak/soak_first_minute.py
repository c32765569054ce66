"""The first minute, wherever it happens: a fresh clone in folders of several kinds, by root and by
an ordinary user, by several Pythons.

Each clone makes its own environment from the locks, runs the demo until it answers, and runs tests
that need the embedded servers.
"""

from __future__ import annotations

import os
import platform
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.demo import free_port

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results" / "first_minute.md"
MINUTES = 15 * 60
# case -> (mode of the folder around the clone, its name, umask, user, interpreters of which the
# first that is there is taken)
CASES = {
    "root, folder that root alone may enter": (
        0o700,
        "carryover",
        0o022,
        "root",
        ("python3.11", "python3"),
    ),
    "root, the same with a umask of 077": (
        0o700,
        "carryover",
        0o077,
        "root",
        ("python3.11", "python3"),
    ),
    "root, folder that all may enter": (
        0o755,
        "carryover",
        0o022,
        "root",
        ("python3.11", "python3"),
    ),
    "an ordinary user": (
        0o755,
        "carryover",
        0o022,
        "nobody",
        ("/usr/bin/python3.11", "/usr/bin/python3"),
    ),
    "a space in the name": (0o755, "carry over", 0o022, "root", ("python3.11", "python3")),
    "Debian's own Python": (0o755, "carryover", 0o022, "root", ("/usr/bin/python3",)),
    "Python 3.12": (0o755, "carryover", 0o022, "root", ("python3.12",)),
}


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, str]]:
    """Case -> its line. Those of cases that are not run this time stay as they are."""
    before = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    lines = {
        line.split("|")[1].strip(): line
        for line in before
        if line.startswith("| ") and line.split("|")[1].strip() in CASES
    }
    yield lines
    RESULTS.write_text(
        "# The first minute\n\n"
        f"{os.cpu_count()} cores, {platform.system()}. `make soak`\n\n"
        "| where | Python | `make run` answers after | tests on embedded servers | tried on "
        "|\n|---|---|---|---|---|\n"
        + "".join(f"{lines[case]}\n" for case in CASES if case in lines)
    )


def _interpreter(name: str) -> tuple[str, str] | None:
    """(program, version) behind a name; None where there is none, whatever stands in its place."""
    found = shutil.which(name)
    asked = [
        found or "false",
        "-c",
        "import platform, sys; print(sys.executable, platform.python_version())",
    ]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ended.returncode:
        return None
    program, _, version = ended.stdout.strip().rpartition(" ")
    return program, version


@pytest.mark.parametrize("case", CASES)
def test_a_fresh_clone_runs(case: str, told: dict[str, str]) -> None:
    mode, name, mask, user, interpreters = CASES[case]
    if os.geteuid() != 0 and user == "root":
        pytest.fail("run this as root: most of its cases are root's")
    known = next((found for one in interpreters if (found := _interpreter(one))), None)
    if known is None:
        told[case] = f"| {case} | – | untried: {interpreters[0]} is not on this machine | – | – |"
        return
    python, version = known
    around = Path(tempfile.mkdtemp(prefix="carryover-clone-"))
    place = around / name
    who = pwd.getpwnam(user)
    subprocess.run(["git", "clone", "--quiet", ROOT, place], check=True)
    home = around / "home"
    home.mkdir()
    for folder, _, files in os.walk(around):
        for one in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(one, who.pw_uid, who.pw_gid, follow_symlinks=False)
    around.chmod(mode)
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PORT": str(port),
        "PYTHON": python,
        "LANG": "C.UTF-8",
    }
    environ |= {
        key: value
        for key, value in os.environ.items()
        if key.startswith(("PIP_", "SSL_", "HTTP", "http"))
    }

    def make(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["make", f"PYTHON={python}", *arguments],
            cwd=place,
            env=environ,
            user=who.pw_uid,
            group=who.pw_gid,
            umask=mask,
            start_new_session=True,
        )

    began = time.monotonic()
    run = make("run")
    try:
        while True:
            assert run.poll() is None and time.monotonic() - began < MINUTES, (
                f"{case}: make run ended, or did not answer"
            )
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(1)
        seconds = time.monotonic() - began
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGINT)
            run.wait(120)
    assert make(".venv/test.stamp").wait(MINUTES) == 0
    pytest_run = subprocess.run(
        [
            ".venv/bin/pytest",
            "-q",
            "tests/integration/test_migrations.py",
            "tests/house/test_licences.py",
        ],
        cwd=place,
        env=environ,
        user=who.pw_uid,
        group=who.pw_gid,
        umask=mask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert pytest_run.returncode == 0, pytest_run.stdout[-2_000:]
    told[case] = (
        f"| {case} | {version} | {seconds:.0f} s, with all set-up | pass | "
        f"{datetime.now(UTC):%d %B %Y} |"
    )
    shutil.rmtree(around, ignore_errors=True)
