"""Untrusted files: XML without entities, archives that cannot reach outside themselves."""

from __future__ import annotations

import io
import lzma
import posixpath
import stat
import zipfile
import zlib

from lxml import etree

from adapters.csv_tables import FileRefused
from core.messages import Number, lazy_gettext

MAX_XML_BYTES = 30_000_000  # bytes
MAX_MEMBERS, MAX_UNPACKED_BYTES = (
    3_000,
    60_000_000,
)  # Number of files in an archive, and its size in bytes once unpacked.
_CHUNK_BYTES = 65_536


def parse_untrusted_xml(content: bytes) -> etree._Element:
    """Parse an XML file and return its root. A document type is rejected: it can define
    entities that expand without end, or that read files of the server."""
    if len(content) > MAX_XML_BYTES:
        raise FileRefused(
            lazy_gettext(
                "The file has %(size)s MB; %(most)s MB is the most. Split it, or "
                "make its pictures smaller.",
                size=Number(len(content) / 1e6),
                most=Number(MAX_XML_BYTES / 1e6),
            )
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileRefused(
            lazy_gettext("The file is no XML that can be read: %(reason)s.", reason=error.msg)
        ) from None
    except ValueError as error:
        raise FileRefused(
            lazy_gettext("The file is no XML that can be read: %(reason)s.", reason=str(error))
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise FileRefused(
            "The file has a document type (<!DOCTYPE …>). It is not read, because it can name "
            "endless or foreign content; take it out."
        )
    return root


def local_name(element: etree._Element) -> str:
    """The local name of an element, without its namespace; empty for comments and other
    nodes."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def read_archive(content: bytes) -> dict[str, bytes]:
    """Unpack a zip archive into name → bytes. The whole archive is rejected if a name leads
    outside it, if it contains a link, or if it exceeds the limits."""
    result: dict[str, bytes] = {}
    left = MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise FileRefused(
                    lazy_gettext(
                        "The archive holds %(count)s files; %(most)s is the most.",
                        count=Number(len(members)),
                        most=Number(MAX_MEMBERS),
                    )
                )
            for member in members:
                if member.is_dir():
                    continue
                name = _require_inside_archive(member)
                if name in result:
                    raise FileRefused(
                        lazy_gettext("The archive holds %(name)s twice.", name=repr(name[:200]))
                    )
                parts: list[bytes] = []
                # The sizes declared in an archive can be false, so the unpacked bytes are
                # counted.
                with archive.open(member) as stream:
                    while part := stream.read(_CHUNK_BYTES):
                        left -= len(part)
                        if left < 0:
                            raise FileRefused(
                                lazy_gettext(
                                    "The archive holds more than %(most)s MB when it is unpacked.",
                                    most=Number(MAX_UNPACKED_BYTES / 1e6),
                                )
                            )
                        parts.append(part)
                result[name] = b"".join(parts)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        zlib.error,
        lzma.LZMAError,
        IndexError,
        ValueError,
    ) as error:
        raise FileRefused(
            lazy_gettext(
                "The file is no zip archive that can be read (%(reason)s).",
                reason=type(error).__name__,
            )
        ) from None
    return result


def _require_inside_archive(member: zipfile.ZipInfo) -> str:
    name = member.filename
    link = stat.S_ISLNK(member.external_attr >> 16)
    if (
        link
        or "\\" in name
        or ":" in name
        or name.startswith("/")
        or ".." in name.split("/")
        or "\0" in name
    ):
        raise FileRefused(
            lazy_gettext(
                "The archive names a file outside itself (%(name)s); nothing of it was read.",
                name=repr(name[:200]),
            )
        )
    return posixpath.normpath(name)


def resolve_archive_path(place: str, address: str) -> str:
    """Resolve ``address``, as used in the file ``place``, to a name in the archive; empty if it
    leads outside."""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(place), address))
    return "" if name.startswith(("/", "..")) else name
