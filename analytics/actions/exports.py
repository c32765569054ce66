"""Export files for analysts: requested, produced by a job, available for download until they
expire.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import msgspec

from analytics.deps import EXPORT_JOB, AnalyticsDeps
from analytics.store import exports
from analytics.store.exports import Export
from core import clock
from core.errors import BadInput, Conflict, NotFound
from lrs import feed

FORMATS = ("csv", "parquet")
MAX_KEY_LENGTH, MAX_PROGRAMME_LENGTH, MAX_PURPOSE_LENGTH = 100, 2_000, 500


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for. ``people``: rows of single people, too (needs metrics/individual), and \
what for (``purpose``, kept on record). ``key``: the same wish sent again is the same file."""

    programme: str
    format: str
    people: bool = False
    purpose: str = ""
    key: str = ""


def request_export(deps: AnalyticsDeps, *, tenant_id: int, wanted: Wish, who: str) -> Export:
    """Request an export and enqueue the job."""
    if wanted.format not in FORMATS:
        raise BadInput(f"format is one of {', '.join(FORMATS)}.", path="$.format")
    if (
        not wanted.programme
        or len(wanted.programme) > MAX_PROGRAMME_LENGTH
        or "\0" in wanted.programme
    ):
        raise BadInput("Name the programme by its IRI.", path="$.programme")
    if len(wanted.key) > MAX_KEY_LENGTH or "\0" in wanted.key:
        raise BadInput(f"Keep the key to {MAX_KEY_LENGTH} characters, without NUL.", path="$.key")
    if wanted.people and not wanted.purpose.strip():
        raise BadInput(
            "Say what rows of single people are for, as purpose: it is kept on record.",
            path="$.purpose",
        )
    if len(wanted.purpose) > MAX_PURPOSE_LENGTH or "\0" in wanted.purpose:
        raise BadInput(
            f"Keep the purpose to {MAX_PURPOSE_LENGTH} characters, without NUL.", path="$.purpose"
        )
    values = {
        "key": wanted.key or str(uuid.uuid4()),
        "format": wanted.format,
        "programme": wanted.programme,
        "individual": wanted.people,
        "who": who,
    }
    with deps.unit_of_work(tenant_id) as connection:
        created = exports.request_export(connection, tenant_id, values, clock.now())
        if created is None:
            raise Conflict(
                f"{exports.MAX_PENDING_EXPORTS} files wait to be made already; ask again when "
                "they are."
            )
        if (created.format, created.programme, created.individual) != (
            wanted.format,
            wanted.programme,
            wanted.people,
        ):
            raise Conflict(
                "Another file was asked for under this key; choose a new one.", path="$.key"
            )
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "asked for an export",
            {
                "programme": wanted.programme,
                "export": created.export_id,
                "people": wanted.people,
                **({"purpose": wanted.purpose} if wanted.people else {}),
            },
        )
    deps.job_requests.request_job(EXPORT_JOB)
    return created


def list_exports(
    deps: AnalyticsDeps, *, tenant_id: int, individual: bool, after: int, rows: int
) -> list[Export]:
    """Return the exports after the id ``after`` that the caller may see."""
    with deps.unit_of_work(tenant_id) as connection:
        return exports.list_exports(connection, tenant_id, individual, after, rows)


def find_export(deps: AnalyticsDeps, *, tenant_id: int, export_id: int, individual: bool) -> Export:
    """Return one export. NotFound where there is none that the caller may see."""
    with deps.unit_of_work(tenant_id) as connection:
        result = exports.find_export(connection, tenant_id, export_id)
    if result is None or (result.individual and not individual):
        raise NotFound(
            "There is no such export, or it holds rows of people and this credential may not see "
            "them."
        )
    return result


def export_content(
    deps: AnalyticsDeps, *, tenant_id: int, export_id: int, individual: bool, who: str
) -> tuple[Export, Iterator[bytes]]:
    """Return the file's bytes. Conflict while it is being produced; NotFound once it has
    expired.
    """
    result = find_export(deps, tenant_id=tenant_id, export_id=export_id, individual=individual)
    if result.failed:
        raise Conflict(f"This export could not be made: {result.failed} Ask for it again.")
    if result.finished_at is None:
        raise Conflict(
            f"This export is being made: {result.rows_done} of "
            f"{result.rows_in_all or 'so far uncounted'} rows. Ask again in a minute."
        )
    if result.sha2 is None:
        raise NotFound("This export is kept no longer; ask for a new one.")
    with deps.unit_of_work(tenant_id) as connection:
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "fetched an export",
            {"export": export_id, "people": result.individual},
        )
    return result, deps.exports.read(tenant_id, result.sha2)


def discard_exports(deps: AnalyticsDeps, *, tenant_id: int, individual: bool = False) -> int:
    """Remove the bytes of expired files, or (for an erasure) of all that contain rows of
    individual people; return how many.
    """
    with deps.unit_of_work(tenant_id) as connection:
        removed = exports.discard_export_files(connection, tenant_id, clock.now(), individual)
    for sha2 in removed:
        deps.exports.remove(tenant_id, sha2)
    return len(removed)
