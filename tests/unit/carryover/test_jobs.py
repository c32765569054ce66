"""Every job that is declared is handled, and nothing else is."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from types import ModuleType

import analytics
import carryover
import lrs
import lti_tool
from carryover.process_commands import JOB_HANDLERS, RENAMED_JOBS
from core.queue import QUEUES, Job


def modules(package: ModuleType) -> list[ModuleType]:
    """All below a package."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [
        importlib.import_module(each.name)
        for each in found
        if not each.name.endswith("__main__") and ".migrations." not in each.name
    ]


def test_each_declared_job_has_one_handler_and_each_handler_its_job() -> None:
    """A request for a job that nobody handles did nothing, silently."""
    declared = {
        value
        for package in (analytics, carryover, lrs, lti_tool)
        for module in modules(package)
        for value in vars(module).values()
        if isinstance(value, Job)
    }
    handled = {handler.job for handler in JOB_HANDLERS.values()}
    assert declared and declared <= handled
    assert Counter(job.name for job in declared | handled).most_common(1)[0][1] == 1
    assert {job.queue for job in handled} == set(QUEUES)


def test_a_job_that_was_renamed_has_a_handler() -> None:
    assert set(RENAMED_JOBS.values()) <= set(JOB_HANDLERS)
