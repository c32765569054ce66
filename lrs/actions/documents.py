"""Read and write documents, checking the preconditions of each write."""

from __future__ import annotations

from datetime import datetime

from core.database import UnitOfWork
from core.errors import NotFound
from lrs.store import documents
from lrs.store.documents import Document
from lrs.xapi.documents import (
    DocumentKey,
    compute_etag,
    merge_json_content,
    require_document_size,
    require_precondition,
    require_precondition_header,
)


def get_document(unit_of_work: UnitOfWork, *, tenant_id: int, place: DocumentKey) -> Document:
    """Return the document; NotFound where there is none."""
    with unit_of_work(tenant_id) as connection:
        result = documents.find_document(connection, tenant_id, place)
    if result is None:
        raise NotFound(
            f"There is no {place.kind.name} document with this {place.kind.id_parameter}."
        )
    return result


def list_document_ids(
    unit_of_work: UnitOfWork, *, tenant_id: int, place: DocumentKey, since: datetime | None
) -> tuple[list[str], datetime | None]:
    """Return the ids of a set of documents and when the last of them was updated."""
    with unit_of_work(tenant_id) as connection:
        return documents.list_document_ids(connection, tenant_id, place, since)


def put_document(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    place: DocumentKey,
    content_type: str,
    body: bytes,
    if_match: str | None,
    if_none_match: str | None,
    must_state: bool,
) -> None:
    """Replace or create a document. ``must_state``: a write without a precondition header is
    refused if a document exists.
    """
    with unit_of_work(tenant_id) as connection:
        documents.lock_document(connection, tenant_id, place)
        result = documents.find_document(connection, tenant_id, place)
        etag = result.etag if result else None
        require_document_size(body)
        require_precondition(etag, if_match, if_none_match)
        # Content often writes a state that it has never read: creating one needs no
        # precondition.
        if must_state and (result is not None or not place.kind.registration):
            require_precondition_header(place.kind, etag, if_match, if_none_match)
        documents.upsert_document(
            connection, tenant_id, place, content_type, compute_etag(body), body
        )


def merge_document(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    place: DocumentKey,
    content_type: str,
    body: bytes,
    if_match: str | None,
    if_none_match: str | None,
) -> None:
    """Create a document, or merge JSON into the existing one."""
    with unit_of_work(tenant_id) as connection:
        documents.lock_document(connection, tenant_id, place)
        result = documents.find_document(connection, tenant_id, place)
        require_precondition(result.etag if result else None, if_match, if_none_match)
        content_type, body = merge_json_content(
            place.kind, (result.content_type, result.body) if result else None, content_type, body
        )
        require_document_size(body)
        documents.upsert_document(
            connection, tenant_id, place, content_type, compute_etag(body), body
        )


def remove_documents(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    place: DocumentKey,
    if_match: str | None,
    if_none_match: str | None,
) -> None:
    """Remove one document or a set; if none exists, do nothing."""
    with unit_of_work(tenant_id) as connection:
        if place.document_id is not None:
            documents.lock_document(connection, tenant_id, place)
            result = documents.find_document(connection, tenant_id, place)
            if result is not None or if_match is not None:
                require_precondition(result.etag if result else None, if_match, if_none_match)
        documents.delete_documents(connection, tenant_id, place)
