"""Import statements in bulk: from a file with one statement per line (NDJSON), or from another
record store by its URL.

An interrupted import resumes where it stopped; a statement that occurs twice is stored once.
Statements keep their authority and get a new ``stored`` time. Each refused line is reported
with its number and the rule it violates.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from core.errors import BadInput, Conflict, RequestError
from lrs.actions import statements
from lrs.actions.deps import StoreDeps
from lrs.store import audit, import_runs
from lrs.store.authorities import build_authority
from lrs.store.import_runs import ImportRun
from lrs.xapi import json_codec
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_parser import Authority, Incoming

_IMPORT_AUTHORITY = Authority.from_json(
    build_authority("import")
)  # vouches for statements that have no authority
BATCH_LINES = 500
FINGERPRINT_BYTES = 64 * 1024
MAX_LINE_BYTES = 32 * 1024 * 1024

Report = Callable[[int, str, str], None]  # line number from 1, path, reason
ReportProgress = Callable[
    [ImportRun, int], None
]  # the run so far, and the bytes read since the last call


class _StatementPage(msgspec.Struct):
    statements: list[msgspec.Raw]
    more: str = ""


@dataclass(frozen=True)
class RemoteStore:
    """Another record store: the base URL before /statements, a key and its secret."""

    url: str
    key: str
    secret: str


def import_file(
    deps: StoreDeps,
    *,
    tenant_id: int,
    path: Path,
    report: Report,
    progress: ReportProgress,
    who: str,
    tolerant: bool = False,
) -> ImportRun:
    """Import a file; return the totals for the whole file, including the parts done in
    earlier runs. ``tolerant``: what the rules of :mod:`lrs.xapi.tolerance` allow for is taken,
    tagged.
    """
    # A different file under the same name is a different source: a hash of its first bytes
    # tells them apart.
    with path.open("rb") as file:
        source = f"{path.resolve()} {hashlib.sha256(file.read(FINGERPRINT_BYTES)).hexdigest()[:16]}"
    run = _resume_run(deps, tenant_id, source)
    offset = int(run.position or 0)
    if offset > path.stat().st_size:
        run, offset = ImportRun(), 0  # another file of the same name
    with path.open("rb") as file:
        file.seek(offset)
        for lines, size in _line_batches(file):
            _import_lines(deps, tenant_id, lines, run, report, tolerant)
            offset += size
            run.position = str(offset)
            _save_run(deps, tenant_id, source, run)
            progress(run, size)
    return _finish_run(deps, tenant_id, source, run, who)


def import_from_store(
    deps: StoreDeps,
    *,
    tenant_id: int,
    source: RemoteStore,
    report: Report,
    progress: ReportProgress,
    who: str,
    tolerant: bool = False,
) -> ImportRun:
    """Import everything from another record store, in the order in which it was stored
    there.
    """
    run = _resume_run(deps, tenant_id, source.url)
    first = f"{source.url.rstrip('/')}/statements?{urlencode({'ascending': 'true'})}"
    following = run.position or first
    while following:
        try:
            body = _fetch_page(deps, source, following)
        except RequestError:
            if following != run.position or following == first:
                raise
            # The link from an earlier run has expired: start over, since known statements are
            # skipped.
            run.position, following = "", first
            continue
        try:
            page = msgspec.json.decode(body, type=_StatementPage)
        except (msgspec.MsgspecError, ValueError):
            raise BadInput(
                f"{source.url} answered with something that is no page of statements; is this "
                "the address before /statements?"
            ) from None
        _import_lines(
            deps, tenant_id, [bytes(raw) for raw in page.statements], run, report, tolerant
        )
        following = _next_page_url(source.url, page.more) if page.more else ""
        run.position = following
        _save_run(deps, tenant_id, source.url, run)
        progress(run, len(body))
    return _finish_run(deps, tenant_id, source.url, run, who)


def _resume_run(deps: StoreDeps, tenant_id: int, source: str) -> ImportRun:
    with deps.unit_of_work(tenant_id) as connection:
        result = import_runs.find_import_run(connection, tenant_id, source)
    return result if result is not None and not result.finished else ImportRun()


def _save_run(deps: StoreDeps, tenant_id: int, source: str, run: ImportRun) -> None:
    with deps.unit_of_work(tenant_id) as connection:
        import_runs.upsert_import_run(connection, tenant_id, source, run)


def _finish_run(
    deps: StoreDeps, tenant_id: int, source: str, run: ImportRun, who: str
) -> ImportRun:
    run.finished = True
    with deps.unit_of_work(tenant_id) as connection:
        import_runs.upsert_import_run(connection, tenant_id, source, run)
        details = {
            "source": source,
            "stored": run.stored,
            "known": run.known,
            "refused": run.refused,
        }
        audit.insert_audit_entry(connection, tenant_id, who, "imported statements", details)
    return run


def _line_batches(file: object) -> Iterator[tuple[list[bytes], int]]:
    lines: list[bytes] = []
    size = 0
    for line in file:  # type: ignore[attr-defined]  # a file opened in binary mode yields its lines
        if len(line) > MAX_LINE_BYTES:
            raise BadInput(
                f"A line has more than {MAX_LINE_BYTES} bytes; the file must hold one statement "
                "a line (NDJSON)."
            )
        # Editors of Windows write a byte order mark, which says nothing (RFC 8259, 8.1).
        lines.append(line.removeprefix(codecs.BOM_UTF8))
        size += len(line)
        if len(lines) >= BATCH_LINES:
            yield lines, size
            lines, size = [], 0
    if lines:
        yield lines, size


def _import_lines(
    deps: StoreDeps,
    tenant_id: int,
    lines: Sequence[bytes],
    run: ImportRun,
    report: Report,
    tolerant: bool,
) -> None:
    """Store the valid statements; report the invalid ones."""
    judged: dict[object, tuple[int, Incoming]] = {}
    for line in lines:
        run.lines += 1
        if not line.strip():
            continue
        try:
            item = _parse_line(deps, line, tolerant)
        except StatementInvalid as error:
            run.refused += 1
            report(run.lines, error.path, error.reason)
            continue
        if item.id in judged:
            _store_batch(deps, tenant_id, list(judged.values()), run, report)
            judged = {}
        judged[item.id] = (run.lines, item)
    _store_batch(deps, tenant_id, list(judged.values()), run, report)


def _parse_line(deps: StoreDeps, line: bytes, tolerant: bool) -> Incoming:
    with json_codec.translate_decode_errors("the line"):
        decoded = json_codec.decode(line)
    version = decoded.get("version") if isinstance(decoded, dict) else None
    family_2_0 = isinstance(version, str) and version.startswith("2.")
    vouched = isinstance(decoded, dict) and "authority" in decoded
    reader = deps.readers[family_2_0, tolerant]
    result = reader.statements(line, None if vouched else _IMPORT_AUTHORITY)
    if len(result) != 1:
        raise StatementInvalid("$", "must be one statement.")
    return result[0]


def _store_batch(
    deps: StoreDeps,
    tenant_id: int,
    judged: Sequence[tuple[int, Incoming]],
    run: ImportRun,
    report: Report,
) -> None:
    if not judged:
        return
    try:
        new = statements.store_and_count(
            deps.unit_of_work, tenant_id=tenant_id, incoming=[item for _, item in judged]
        )
        run.stored += new
        run.known += len(judged) - new
    except (Conflict, BadInput) as refused:
        if len(judged) == 1:
            run.refused += 1
            report(judged[0][0], str(refused.where.get("path", "$")), str(refused.message))
            return
        for pair in judged:
            _store_batch(deps, tenant_id, [pair], run, report)


def _fetch_page(deps: StoreDeps, source: RemoteStore, address: str) -> bytes:
    headers = {"X-Experience-API-Version": "1.0.3", "Accept": "application/json"}
    answer = deps.outbound_client.call(
        "GET", address, headers=headers, basic=(source.key, source.secret)
    )
    if answer.status != 200:
        words = answer.body[:300].decode("utf-8", "replace")
        raise RequestError(
            f"{source.url} answered {answer.status}: {words}. What was imported so far stays; "
            "start the same import again to go on."
        )
    return answer.body


def _next_page_url(base: str, more: str) -> str:
    """Return the next page's URL; the key is sent to no other host."""
    following = urljoin(base, more)
    if urlsplit(following)[:2] != urlsplit(base)[:2]:
        raise BadInput(f"The more link of {base} leads to another host; it is not followed.")
    return following
