"""Children that are started together: what whoever started them reads when one of them does not get
ready.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import child_processes
from core.child_processes import ChildProcess, Supervisor, command_starter, fork_starter
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
        child.forward_output()
        time.sleep(0.05)
    grandchild = int(child.output_tail[0])
    child.process.send_signal(signal.SIGKILL)
    child.end()
    while _alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(grandchild)


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_fork_that_dies_is_started_again_and_what_it_said_is_read(tmp_path: Path) -> None:
    """The parts of a worker are forks: one interpreter imports what three need."""
    begun = tmp_path / "begun"
    begun.touch()

    def run() -> None:
        with begun.open("a") as file:
            file.write(f"{os.getpid()} {os.getsid(0)}\n")
        os.write(2, b"a word of it\nhalf a line")
        if len(begun.read_text().splitlines()) == 1:
            os._exit(3)
        signal.pause()

    children = Supervisor()
    try:
        children.add(ChildProcess("the fork", fork_starter(run, heard=True)))
        children.wait_until(
            lambda: len(begun.read_text().splitlines()) == 2, 20, "it was not started again"
        )
        children.wait_until(
            lambda: (
                list(children._children[0].output_tail)
                == ["a word of it", "half a line", "a word of it"]
            ),
            20,
            "what it said was not read",
        )
    finally:
        children.stop()
    pids = [line.split() for line in begun.read_text().splitlines()]
    assert all(pid == session for pid, session in pids), "each leads a session"
    for pid, _ in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_supervisor_that_waits_for_signals_sleeps_until_a_child_ends(tmp_path: Path) -> None:
    """Ten looks a second at each child are CPU for nothing."""
    script = (
        "import os, sys, time\n"
        "from core import child_processes\n"
        "from core.child_processes import ChildProcess, Supervisor, fork_starter\n"
        "child_processes.POLL_INTERVAL_SECONDS = 3600\n"
        "children = Supervisor()\n"
        "children.stop_on_signals()\n"
        "def run():\n"
        "    time.sleep(0.3 if not os.path.exists(sys.argv[1]) else 60)\n"
        "children.add(ChildProcess('the fork', fork_starter(run)))\n"
        "spawn = children._children[0].spawn\n"
        "def again():\n"
        "    open(sys.argv[1], 'w').close()\n"
        "    spawn()\n"
        "    os.kill(os.getpid(), 15)\n"
        "children._children[0].spawn = again\n"
        "children.watch()\n"
        "child_processes.POLL_INTERVAL_SECONDS = 0.1\n"
        "children.stop()\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "again"], check=True, timeout=30)
    assert (tmp_path / "again").exists()
