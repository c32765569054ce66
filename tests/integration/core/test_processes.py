"""Children that are started together: what whoever started them reads when one of them does not get
ready.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from core import child_processes
from core.child_processes import ChildProcess, Supervisor, command_starter
from core.errors import FatalError


def test_giving_up_tells_the_last_words_of_each_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """ "Its messages above say why", with no message above: a busy machine left somebody without an
    instance and without a reason.
    """
    monkeypatch.setattr(child_processes, "PROGRESS_LOG_SECONDS", 0.2)
    words = "import time\nfor n in range(30): print('line', n, flush=True)\ntime.sleep(60)"
    log = tmp_path / "server.log"
    log.write_text("an old line\nFATAL: no room\n")
    children = Supervisor()
    try:
        children.add(
            ChildProcess(
                "the server",
                command_starter([sys.executable, "-c", "import time; time.sleep(60)"], os.environ),
                log_file=log,
            )
        )
        children.add(
            ChildProcess(
                "the web server",
                command_starter([sys.executable, "-c", words], os.environ, heard=True),
            )
        )
        children.wait_until(
            lambda: "line 29" in children._children[1].output_tail, 30, "it said nothing"
        )
        children.add(
            ChildProcess(
                "a quiet one",
                command_starter(
                    [sys.executable, "-c", "import time; time.sleep(60)"], os.environ, heard=True
                ),
            )
        )
        with pytest.raises(FatalError) as told:
            children.wait_until(lambda: False, 1, "Carryover did not become ready.")
    finally:
        children.kill()
    said = str(told.value)
    assert said.startswith(
        "Carryover did not become ready.\nThe last of what the server said:\n  an old line\n  "
        "FATAL: no room\n"
    )
    assert "  line 29" in said and "line 19" not in said, "the last of them"
    assert said.endswith("a quiet one said nothing.")
    assert "still starting" in caplog.text, "meanwhile somebody reads that it goes on"


def test_what_a_killed_child_had_started_ends_where_there_is_no_proc_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS has no /proc: the child's process group is ended instead."""
    monkeypatch.setattr(child_processes, "PROC", tmp_path / "absent")
    script = (
        "import os, subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, "
        "flush=True)\n"
        "time.sleep(60)"
    )
    child = ChildProcess(
        "a worker", command_starter([sys.executable, "-c", script], os.environ, heard=True)
    )
    child.spawn()
    assert child.process is not None
    deadline = time.monotonic() + 30
    while not child.output_tail and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(child.output_tail[0])
    child.process.kill()
    child.end()
    while _alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(grandchild)


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
