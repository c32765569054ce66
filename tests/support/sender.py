"""A sender of grades that is killed about every second: run as a program by
test_grades_under_kills.py, its folder and tenant as arguments.

The parent imports everything once and forks a child that sends, as the queue's worker does; it
kills the child with SIGKILL about each second, until the folder holds a file named stop.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from lti_tool import bootstrap
from lti_tool.checks import grade_sender
from lti_tool.checks import grades_store as stored

# Not a fixed time: a lease of three seconds would end at the same moment of a child's life again
# and again, and the same grade be cut off.
SHORTEST, LONGEST = 0.6, 1.4


def main() -> None:
    """Until told to stop."""
    folder, tenant_id = Path(sys.argv[1]), int(sys.argv[2])
    # A test's platform answers at once, so a lease may end soon: else the test would mostly wait
    # for leases of the killed.
    stored.LEASE_TIME = timedelta(seconds=float(sys.argv[3]))
    chance = random.Random(20_261_125)
    while not (folder / "stop").exists():
        child = os.fork()
        if child == 0:
            deps = bootstrap.build(os.environ)
            while True:
                grade_sender.send_due_grades(deps, tenant_id)
                time.sleep(0.05)
        time.sleep(chance.uniform(SHORTEST, LONGEST))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with (folder / "kills").open("a") as kills:
            kills.write("x")


if __name__ == "__main__":
    main()
