"""A command line that is imported once: each command is a process of its own, forked, so it begins
in milliseconds instead of seconds.

Run as ``python -m tests.support.warm``. Each line of standard input asks for one command: a JSON object
with ``arguments``, ``environ`` and the paths of the files that are its standard input, output and
error. Each line of standard output is the exit status of one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any

from carryover.cli import main

LONGEST_SECONDS = 300


def run(asked: dict[str, Any]) -> int:
    """The exit status of one command."""
    pid = os.fork()
    if pid == 0:
        os._exit(_become(asked))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(asked: dict[str, Any]) -> int:
    signal.alarm(LONGEST_SECONDS)
    for number, (path, flags) in enumerate(
        (
            (asked["stdin"], os.O_RDONLY),
            (asked["stdout"], os.O_WRONLY),
            (asked["stderr"], os.O_WRONLY),
        )
    ):
        os.dup2(os.open(path, flags), number)
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process ends with it
    try:
        main(asked["arguments"], prog_name="carryover")
        return 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - told as an interpreter tells it
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)  # noqa: T201 - its answer
