"""What clients of the field send in another form than the routes expect: slashes too many in the
path, bodies compressed by gzip.

Ralph's own address ends in a slash, and courses put an endpoint with a slash and a path with one
together; a redirect would kill the preflight of a browser.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from core.errors import BadInput, RequestError, TooLarge, UnsupportedEncoding
from lrs.api.middleware.alternate_request import ERROR_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX = re.compile(r"/+xapi(?:/|\Z)")
_SLASHES = re.compile(r"/{2,}")
_GZIP = ("gzip", "x-gzip")  # RFC 9110, 8.4.1.3
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's way to say: with gzip's header


class TolerantRequest:
    """WSGI middleware that gives requests below ``/xapi`` the form that the routes expect; a body
    may have ``largest`` bytes when it is decompressed.
    """

    def __init__(self, inner: WSGIApplication, largest: int) -> None:
        self._inner, self._largest = inner, largest

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if _PREFIX.match(path):
            environ["PATH_INFO"] = _SLASHES.sub("/", path).rstrip("/")
            coding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
            if coding not in ("", "identity"):
                try:
                    self._decode_body(environ, coding)
                except RequestError as error:
                    environ[ERROR_KEY] = error
        return self._inner(environ, start_response)

    def _decode_body(self, environ: WSGIEnvironment, coding: str) -> None:
        if coding not in _GZIP:
            raise UnsupportedEncoding(
                f"The Content-Encoding is {coding}; send the body as it is, or compressed by gzip.",
                header="Content-Encoding",
            )
        length = environ.get("CONTENT_LENGTH") or ""
        # What fits when it is decompressed is not twice as long when it is compressed.
        compressed = environ["wsgi.input"].read(
            min(int(length), 2 * self._largest) if length.isdigit() else 2 * self._largest
        )
        stream = zlib.decompressobj(_GZIP_WINDOW)
        try:
            body = stream.decompress(compressed, self._largest)
        except zlib.error:
            raise BadInput(
                "The Content-Encoding says gzip, and the body is not compressed by it.",
                header="Content-Encoding",
            ) from None
        if stream.unconsumed_tail:
            raise TooLarge(
                f"The body has more than {self._largest // 1024**2} MB when it is decompressed. "
                "Send it in parts."
            )
        if not stream.eof:
            raise BadInput(
                "The compressed body ends before its end; send it again.",
                header="Content-Encoding",
            )
        del environ["HTTP_CONTENT_ENCODING"]
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
