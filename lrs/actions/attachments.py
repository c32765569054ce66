"""Attachments sent with statements: received as a stream, verified, stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import structs

from core.blob_store import BlobStore, BlobUpload
from core.database import UnitOfWork
from core.errors import RequestError
from lrs.store import attachments
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.multipart import MultipartReader, ReceivedAttachment
from lrs.xapi.signatures import MAX_SIGNATURE_BYTES, SIGNATURE_CONTENT_TYPE, require_valid_signature
from lrs.xapi.statement_parser import Incoming


class QuotaExceeded(RequestError):
    """The attachments would exceed the tenant's storage quota."""

    status, code = 413, "quota_exceeded"


@contextmanager
def multipart_body(
    unit_of_work: UnitOfWork,
    blobs: BlobStore,
    *,
    tenant_id: int,
    content_type: str,
    pieces: Iterable[bytes],
    largest_first: int,
    quota: int,
) -> Iterator[MultipartReader]:
    """Read a multipart body to its end and yield the statements' bytes and the parts
    received with them. Parts that are not stored are deleted on exit.
    """
    with unit_of_work(tenant_id) as connection:
        left = quota - attachments.sum_attachment_bytes(connection, tenant_id)
    opened: list[BlobUpload] = []

    def open_blob() -> BlobUpload:
        opened.append(blobs.open(left - sum(entry.size for entry in opened)))
        return opened[-1]

    mixed = MultipartReader(content_type, largest_first, open_blob)
    try:
        mixed.feed(pieces)
        if any(entry.over_quota for entry in opened):
            raise QuotaExceeded(
                f"The attachments of this tenant may take {quota} bytes, and {max(left, 0)} are "
                "left. Nothing was stored."
            )
        yield mixed
    finally:
        for item in opened:
            blobs.discard_upload(item)


def match_attachments(
    incoming: Sequence[Incoming], arrived: Sequence[ReceivedAttachment]
) -> list[Incoming]:
    """Return the statements, keeping only those attachments whose bytes were sent with the
    request.

    Raises StatementInvalid where bytes are missing, a signature is wrong, or a part belongs to
    no statement.
    """
    by_hash = {entry.sha2: entry for entry in arrived}
    named = set()
    for index, item in enumerate(incoming):
        try:
            for number, attachment in enumerate(item.attachments):
                place = f"$.attachments[{number}]"
                part = by_hash.get(attachment.sha2)
                named.add(attachment.sha2)
                if part is None and attachment.sent_along:
                    raise StatementInvalid(
                        place,
                        f"no part of the request has the SHA-2 {attachment.sha2}, and there is "
                        "no fileUrl; send the bytes as multipart/mixed.",
                    )
                if attachment.signs:
                    _require_signature(item, attachment.content_type, part, place)
        except StatementInvalid as error:
            raise error.at(index) from None
    for number, part in enumerate(arrived, start=1):
        if part.sha2 not in named:
            raise StatementInvalid(
                "$.attachments",
                f"part {number} of the request (SHA-2 {part.sha2}) belongs to no statement of it.",
            )
    if not named:
        return list(incoming)
    # Knowing a hash gives no right to bytes that somebody else uploaded.
    return [
        structs.replace(
            entry, attachments=tuple(each for each in entry.attachments if each.sha2 in by_hash)
        )
        for entry in incoming
    ]


def _require_signature(
    incoming: Incoming, content_type: str, part: ReceivedAttachment | None, place: str
) -> None:
    if content_type.partition(";")[0].strip().lower() != SIGNATURE_CONTENT_TYPE:
        raise StatementInvalid(
            f"{place}.contentType",
            f"of a signature must be {SIGNATURE_CONTENT_TYPE} (xAPI-Data 2.6).",
        )
    if part is None:
        return  # by fileUrl: the bytes were not sent, so there is nothing to verify
    if part.bytes > MAX_SIGNATURE_BYTES:
        raise StatementInvalid(place, f"a signature may have {MAX_SIGNATURE_BYTES} bytes.")
    assert isinstance(part.sink, BlobUpload)
    require_valid_signature(incoming.payload, part.sink.whole(MAX_SIGNATURE_BYTES))


def store_attachments(
    unit_of_work: UnitOfWork,
    blobs: BlobStore,
    *,
    tenant_id: int,
    arrived: Sequence[ReceivedAttachment],
) -> None:
    """Move the received parts to their content address and record them. Runs before the
    statements are stored: an attachment without a statement is waste, a statement without
    its attachment is data loss.
    """
    with unit_of_work(tenant_id) as connection:
        attachments.record_attachments(
            connection, tenant_id, [(entry.sha2, entry.bytes) for entry in arrived]
        )
    for item in arrived:
        assert isinstance(item.sink, BlobUpload)
        blobs.store_upload(tenant_id, item.sha2, item.sink)


def remove_orphans(unit_of_work: UnitOfWork, blobs: BlobStore, *, tenant_id: int) -> int:
    """Remove attachments that no statement has referenced for a day (their statements were
    refused); return how many.
    """
    with unit_of_work(tenant_id) as connection:
        removed = attachments.delete_abandoned_attachments(connection, tenant_id)
        # Delete before the commit: a request sending the same bytes now waits for the row lock,
        # then writes them again.
        for sha2 in removed:
            blobs.remove(tenant_id, sha2)
    return len(removed)


def attachment_hashes(
    unit_of_work: UnitOfWork, *, tenant_id: int, ords: Sequence[int]
) -> list[str]:
    """Return the SHA-2 hashes of the attachments stored for these statements."""
    with unit_of_work(tenant_id) as connection:
        return attachments.list_attachment_hashes(connection, tenant_id, ords)
