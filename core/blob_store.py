"""Content-addressed storage of attachment bytes: a local folder, or a bucket by URL
(fsspec).

A blob is first written under a temporary name, then moved to its address, so that a reader
of an address always sees the complete blob. An address that already exists is not written
again.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

CHUNK_BYTES = 1024 * 1024  # bytes read and sent at a time
UPLOADS_FOLDER = "arriving"
STALE_SECONDS = 86_400  # an upload that takes longer than a day has been abandoned


class BlobStore:
    """The content-addressed store at ``url``."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._root = self._root.rstrip("/")
        self._local = isinstance(self._files, LocalFileSystem)

    def open(self, quota: int) -> BlobUpload:
        """Open an upload for a blob whose hash is not known yet; it may hold ``quota``
        bytes."""
        folder = f"{self._root}/{UPLOADS_FOLDER}"
        self._files.makedirs(folder, exist_ok=True)
        path = f"{folder}/{uuid.uuid4().hex}"
        return BlobUpload(path, self._files.open(path, "wb"), self._local, quota)

    def store_upload(self, tenant_id: int, sha2: str, arriving: BlobUpload) -> None:
        """Move a closed upload to its address."""
        address = self._address(tenant_id, sha2)
        if self._files.exists(address):
            self.discard_upload(arriving)
            return
        self._files.makedirs(address.rpartition("/")[0], exist_ok=True)
        if self._local:
            os.replace(arriving.path, address)
            _fsync_folder(address.rpartition("/")[0])
        else:
            self._files.mv(arriving.path, address)

    def store_file(self, tenant_id: int, sha2: str, path: Path) -> None:
        """Copy a file of this machine to its address."""
        upload = self.open(path.stat().st_size)
        try:
            with path.open("rb") as read:
                while piece := read.read(CHUNK_BYTES):
                    upload.write(piece)
            upload.close()
            self.store_upload(tenant_id, sha2, upload)
        finally:
            self.discard_upload(upload)

    def discard_upload(self, arriving: BlobUpload) -> None:
        """Discard an upload that will not be stored."""
        arriving.close()
        if self._files.exists(arriving.path):
            self._files.rm_file(arriving.path)

    def read(self, tenant_id: int, sha2: str) -> Iterator[bytes]:
        """Yield the bytes in chunks; FileNotFoundError before the first chunk when there is no
        such blob."""
        opened = self._files.open(self._address(tenant_id, sha2), "rb", block_size=CHUNK_BYTES)
        return _read_chunks(opened)

    def exists(self, tenant_id: int, sha2: str) -> bool:
        """Whether the blob exists."""
        return bool(self._files.exists(self._address(tenant_id, sha2)))

    def remove(self, tenant_id: int, sha2: str) -> None:
        """Remove the bytes; no error when there are none."""
        address = self._address(tenant_id, sha2)
        if self._files.exists(address):
            self._files.rm_file(address)

    @property
    def remote(self) -> Any:
        """The file system of the store; None where its bytes lie in a local folder."""
        return None if self._local else self._files

    def address_of(self, tenant_id: int, sha2: str) -> str:
        """The path of a blob, or its URL where the store is remote: for a library that reads parts
        of it."""
        address = self._address(tenant_id, sha2)
        return address if self._local else str(self._files.unstrip_protocol(address))

    def remove_stale_uploads(self) -> int:
        """Remove abandoned uploads; return how many."""
        folder, removed = f"{self._root}/{UPLOADS_FOLDER}", 0
        if not self._files.exists(folder):
            return 0
        for entry in self._files.ls(folder, detail=True):
            if _modified_at(entry) < time.time() - STALE_SECONDS:
                self._files.rm_file(entry["name"])
                removed += 1
        return removed

    def _address(self, tenant_id: int, sha2: str) -> str:
        return f"{self._root}/{tenant_id}/{sha2[:2]}/{sha2}"


class BlobUpload:
    """A blob while it is being uploaded."""

    def __init__(self, path: str, opened: Any, local: bool, quota: int) -> None:
        self.path, self._opened, self._local, self._left = path, opened, local, quota
        self.size, self.over_quota = 0, False

    def write(self, data: bytes) -> None:
        """Write the next chunk. Bytes beyond the quota are read and discarded: the request is
        refused at its end."""
        self.size += len(data)
        self._left -= len(data)
        if self._left < 0:
            self.over_quota = True
        if not self.over_quota:
            self._opened.write(data)

    def close(self) -> None:
        """The bytes are durable on disk, or in the bucket, when this returns."""
        if self._opened.closed:
            return
        if self._local:
            self._opened.flush()
            os.fsync(self._opened.fileno())
        self._opened.close()

    def whole(self, most: int) -> bytes:
        """Return the bytes of a small local or remote blob, at most ``most`` of them."""
        with (
            fsspec.open(self.path, "rb")
            if self._local
            else self._opened.fs.open(self.path, "rb") as again
        ):
            return bytes(again.read(most))


def _read_chunks(opened: Any) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece


def _fsync_folder(folder: str) -> None:
    """Sync the folder's entry as well: a file whose directory entry is lost is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _modified_at(entry: dict[str, Any]) -> float:
    result = entry.get("mtime") or entry.get("LastModified") or time.time()
    return float(result.timestamp()) if hasattr(result, "timestamp") else float(result)
