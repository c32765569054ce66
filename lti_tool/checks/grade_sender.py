"""Send grades to the gradebook (AGS 2.0), one at a time, in the order of each person's acts."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from sqlalchemy.exc import DataError

from adapters.lms import Grade, GradebookResult, ResponseVerdict, ToolFacts, dialect_for
from adapters.lms.standard import RESULT_SCOPE, SCORE_SCOPE
from core import clock
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time
from lti_tool.base import platform_services, platforms_store
from lti_tool.base.backoff import MAX_TRIES, backoff_delay
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grades_store
from lti_tool.checks.grade_columns import ColumnClaimed, resolve_column_url
from lti_tool.checks.grades_store import LeasedGrade

log = logging.getLogger(__name__)

ROW_SECONDS = 35  # For all calls of one grade: shorter than its lease.
# For one tenant in one run: the worker has other work, and the rest is sent when the job is next
# enqueued.
RUN_SECONDS = 20
SHARE_TOLERANCE = 1e-4  # As a share of the maximum: Moodle keeps five digits of a grade.


def send_due_grades(deps: ToolDeps, tenant_id: int) -> int:
    """Send what is due for one tenant; returns how many arrived. No transaction is open during
    HTTP calls.

    A platform that does not answer, or asks us to wait, is skipped for the rest of the run.
    """
    sent, skipped, end = 0, list[int](), time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            row = grades_store.lease_grade(connection, tenant_id, skipped)
            platform = (
                platforms_store.get_platform(connection, tenant_id, row.registration_id)
                if row
                else None
            )
        if row is None or platform is None:
            break
        try:
            with limit_total_time(ROW_SECONDS):
                sent += _send_grade(deps, platform, row, skipped)
        except OutsideCallFailed as error:
            skipped.append(platform.id)
            _postpone_grade(deps, platform, row, str(error.message))
        except TokenRefused as error:
            # Not permanent: the keys may have been unavailable for a moment, a clock may be
            # off, or the tool is still being set up. Nothing else for this platform would
            # succeed now.
            skipped.append(platform.id)
            _postpone_grade(deps, platform, row, str(error.message))
        except (ValueError, ArithmeticError, DataError) as error:
            _mark_refused(
                deps,
                platform,
                row,
                f"The grade, or the address of its column, cannot be sent: {type(error).__name__}.",
            )
    return sent


def _send_grade(deps: ToolDeps, platform: Platform, row: LeasedGrade, skipped: list[int]) -> int:
    lms = dialect_for(platform.family)
    try:
        url = resolve_column_url(deps, platform, row)
    except ColumnClaimed:
        with deps.unit_of_work(platform.tenant_id) as connection:
            grades_store.reschedule_grade(
                connection,
                platform.tenant_id,
                row,
                timedelta(seconds=2),
                "The column is being made.",
                counted=False,
            )
        return 0
    except BadInput as error:
        return _mark_refused(deps, platform, row, str(error.message))
    again = row.interrupted or row.tries > 1 or row.resends > 0
    if again and _is_grade_of_row(_fetch_result(deps, platform, row, url), row):
        return _mark_arrived(deps, platform, row, url)  # It had arrived; the response was lost.
    facts = ToolFacts(deps.settings.base_url, "", "")
    grade = Grade(
        row.subject,
        row.score,
        row.maximum,
        row.at,
        row.comment,
        first=not again,
        submission_url=f"{facts.launch_url}?attempt={row.attempt_id}",
    )
    answer = platform_services.call_service(
        deps, platform, SCORE_SCOPE, lambda token: lms.score(url, grade, token)
    )
    outcome = lms.outcome(answer.status, answer.reason, answer.headers, answer.body)
    if outcome.verdict is ResponseVerdict.ACCEPTED:
        return _mark_arrived(deps, platform, row, url)
    log.warning("tenant %s: a grade was not taken: %s", platform.tenant_id, outcome.words)
    if outcome.verdict is ResponseVerdict.NOT_NEWER:
        return _settle_conflict(deps, platform, row, url, answer.status, str(outcome.words))
    if outcome.verdict is ResponseVerdict.RETRY_LATER:
        skipped.append(platform.id)
        return _postpone_grade(deps, platform, row, str(outcome.words), outcome.wait_seconds)
    if answer.status == 404:
        with deps.unit_of_work(platform.tenant_id) as connection:
            grades_store.delete_columns_at(connection, platform.tenant_id, platform.id, url)
            grades_store.forget_own_column(connection, platform.tenant_id, [row.id], url)
    return _mark_refused(deps, platform, row, str(outcome.words))


def _settle_conflict(
    deps: ToolDeps, platform: Platform, row: LeasedGrade, url: str, status: int, words: str
) -> int:
    """The gradebook holds a grade that is at least as new. If it is this one, it has arrived.
    If it is an earlier one of ours, or cannot be read, this one is sent again, dated a second
    later. If it is somebody else's, it stays: a teacher's grade is not overwritten unasked. Where
    the LMS took the grade (``status``) and lets nobody look, it is believed."""
    gradebook_result = _fetch_result(deps, platform, row, url)
    unread = gradebook_result is None and 200 <= status < 300
    if unread or _is_grade_of_row(gradebook_result, row):
        return _mark_arrived(deps, platform, row, url)
    with deps.unit_of_work(platform.tenant_id) as connection:
        before = grades_store.list_sent_scores(connection, platform.tenant_id, row)
        may_resend = (
            gradebook_result is None
            or gradebook_result.score is None
            or any(_equals_share(gradebook_result, score, maximum) for score, maximum in before)
        )
        if may_resend and row.tries < MAX_TRIES:
            later = max(clock.now(), row.at + grades_store.ONE_SECOND)
            grades_store.reschedule_grade(
                connection, platform.tenant_id, row, backoff_delay(row.tries), words, at=later
            )
            return 0
        shown = (
            f"{gradebook_result.score:g} of {gradebook_result.maximum:g}"
            if gradebook_result and gradebook_result.score is not None and gradebook_result.maximum
            else "another grade"
        )
        grades_store.mark_grade_refused(
            connection,
            platform.tenant_id,
            row,
            f"The gradebook holds a newer grade ({shown}) that this tool did not send, so it was "
            "left alone. Sending again puts this one in its place.",
        )
    return 0


def _fetch_result(
    deps: ToolDeps, platform: Platform, row: LeasedGrade, url: str
) -> GradebookResult | None:
    """The gradebook's result of the person; None if the tool may not read it."""
    lms = dialect_for(platform.family)
    try:
        answer = platform_services.call_service(
            deps, platform, RESULT_SCOPE, lambda token: lms.results(url, row.subject, token)
        )
    except TokenRefused:
        return None
    return lms.read_result(answer.json(), row.subject) if answer.status == 200 else None


def _is_grade_of_row(gradebook_result: GradebookResult | None, row: LeasedGrade) -> bool:
    return gradebook_result is not None and _equals_share(gradebook_result, row.score, row.maximum)


def _equals_share(gradebook_result: GradebookResult, score: float, maximum: float) -> bool:
    return (
        gradebook_result.score is not None
        and bool(gradebook_result.maximum)
        and abs(gradebook_result.score / (gradebook_result.maximum or 1) - score / maximum)
        < SHARE_TOLERANCE
    )


def _mark_arrived(deps: ToolDeps, platform: Platform, row: LeasedGrade, url: str) -> int:
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.mark_grade_sent(connection, platform.tenant_id, row, url, clock.now())
    return 1


def _postpone_grade(
    deps: ToolDeps, platform: Platform, row: LeasedGrade, words: str, seconds: int | None = None
) -> int:
    if row.tries >= MAX_TRIES:
        return _mark_refused(deps, platform, row, f"{words} It was tried {row.tries} times.")
    log.warning("tenant %s: a grade waits: %s", platform.tenant_id, words)
    wait = max(backoff_delay(row.tries), timedelta(seconds=seconds or 0))
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.reschedule_grade(connection, platform.tenant_id, row, wait, words)
    return 0


def _mark_refused(deps: ToolDeps, platform: Platform, row: LeasedGrade, words: str) -> int:
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.mark_grade_refused(connection, platform.tenant_id, row, words)
    return 0
