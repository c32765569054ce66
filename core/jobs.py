"""The functions that handle jobs, and how one of them is run: with its dependencies, within a
time.

A package declares a job where it is requested (:class:`core.queue.Job`), and its ``worker.py`` or
``long_worker.py``, which stands above all that a job needs, handles it. ``carryover`` joins the
handlers of all packages.
"""

from __future__ import annotations

import faulthandler
import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.deps import Deps
from core.queue import JOB_TIMEOUT_SECONDS, QUEUE, Job, JobTimedOut

log = logging.getLogger(__name__)

# A job that did not end this long after it was told to (it hangs in C code, say) takes its process
# with it, which its supervisor starts again.
STUCK_SECONDS = 60
STANDARD_ERROR = 2  # a descriptor

D = TypeVar("D", bound=Deps)
_Function = Callable[[D], None]


@dataclass(frozen=True)
class JobHandler:
    """A job, what runs it, and whether its tables hold work for it: asked before a job of the long
    queue is enqueued unasked. Both take the shared dependencies of this process.
    """

    job: Job
    run: Callable[[Deps], None]
    has_work: Callable[[Deps], bool]


class JobHandlers(Generic[D]):
    """The jobs of one module; ``build`` makes its package's dependencies from the shared ones,
    once per process.
    """

    def __init__(self, build: Callable[[Deps], D]) -> None:
        self._build = build
        self._built: tuple[Deps, D] | None = None
        self.handlers: list[JobHandler] = []

    def _deps(self, shared: Deps) -> D:
        if self._built is None or self._built[0] is not shared:
            self._built = shared, self._build(shared)
        return self._built[1]

    def job(
        self,
        *,
        interval_seconds: int,
        queue: str = QUEUE,
        has_work: Callable[[D], object] | None = None,
    ) -> Callable[[_Function[D]], _Function[D]]:
        """Declare the decorated function as a job that nobody requests: it runs every so many
        seconds.
        """

        def decorate(function: _Function[D]) -> _Function[D]:
            return self.handles(Job(_name_of(function), interval_seconds, queue), has_work)(
                function
            )

        return decorate

    def handles(
        self, job: Job, has_work: Callable[[D], object] | None = None
    ) -> Callable[[_Function[D]], _Function[D]]:
        """The decorated function runs ``job``, which has its name; without ``has_work`` it always
        has.
        """

        def decorate(function: _Function[D]) -> _Function[D]:
            if job.name != _name_of(function):
                raise ValueError(f"the job {job.name} is handled by {_name_of(function)}")
            self.handlers.append(
                JobHandler(
                    job,
                    lambda shared: function(self._deps(shared)),
                    lambda shared: has_work is None or bool(has_work(self._deps(shared))),
                )
            )
            return function

        return decorate


def _name_of(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def join_handlers(parts: Iterable[JobHandlers[Any]]) -> dict[str, JobHandler]:
    """The handlers of several modules by the names of their jobs."""
    return {handler.job.name: handler for part in parts for handler in part.handlers}


class UnknownJob(LookupError):
    """No function handles a job of this name."""


def find_handler(
    handlers: Mapping[str, JobHandler], renamed: Mapping[str, str], name: str
) -> JobHandler:
    """The handler of a queued job; ``renamed``: names under which a version before enqueued a job,
    with today's names.
    """
    found = handlers.get(renamed.get(name, name))
    if found is None:
        raise UnknownJob(f"no function handles the job {name}")
    return found


@contextmanager
def limit_job_time() -> Iterator[None]:
    """Raise JobTimedOut inside the block after JOB_TIMEOUT_SECONDS; end the process where that does
    not end the block. For the main thread.
    """
    seconds = JOB_TIMEOUT_SECONDS

    def interrupt(number: int, frame: object) -> None:
        raise JobTimedOut(f"the job took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    # Watches from a thread that needs no interpreter, and says where the process hangs.
    faulthandler.dump_traceback_later(seconds + STUCK_SECONDS, exit=True, file=STANDARD_ERROR)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
