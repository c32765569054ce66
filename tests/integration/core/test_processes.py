"""Children that are started together: what whoever started them reads when one of them does not get
ready.
"""

from __future__ import annotations

import os
import sys
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
