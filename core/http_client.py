"""The only HTTP client for outgoing calls, guarded, shared by every app.

Each call has timeouts, a size limit and an address check: the name is resolved once, every
address is checked, and the connection goes to the checked address (so DNS rebinding is
impossible). Redirects are not followed. The whole call ends by its deadline, however slowly the
other side sends its response: every wait on the socket is limited to the time that is left.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
import msgspec

from core.errors import Unavailable
from core.messages import Number, lazy_gettext

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 15.0  # between two chunks of a response
TOTAL_TIMEOUT_SECONDS = 30.0  # for the whole call
MAX_CONNECTIONS = 100  # one slow platform does not block the launches of the others
MAX_RESPONSE_BYTES = (
    8 * 1024 * 1024
)  # the record store's largest page (100 statements of 64 kB) fits; a key set is a few kB.
USER_AGENT = (
    "Carryover/0.1 (+https://w3id.org/carryover)"  # Canvas answers 403 to a call without one.
)


_UTF8_MARK = b"\xef\xbb\xbf"


class OutsideCallFailed(Unavailable):
    """No usable response: refused address, no connection, too slow, too large."""

    code = "outside_call_failed"


@dataclass(frozen=True)
class OutsideResponse:
    """A response: status, reason phrase, headers (lower-case names), body within the size
    limit."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    next_url: str = (
        ""  # of a paged response: the next page from its Link header (RFC 8288), absolute
    )

    def json(self) -> Any:
        """Decode the body, whatever its media type (Moodle serves JSON as text/html); a byte order
        mark before it is passed over (RFC 8259, 8.1)."""
        try:
            return msgspec.json.decode(self.body.removeprefix(_UTF8_MARK))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise OutsideCallFailed("The answer is not JSON.") from None


_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")

# The deadline of the current call (time.monotonic); each call sets its own.
_deadline: ContextVar[float] = ContextVar("deadline")


# Whether the current call is plain http.
_is_plain_http: ContextVar[bool] = ContextVar("plain")

# Addresses that embed another address: the embedded one is checked, not the outer form (RFC
# 6052, RFC 3056).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV6_UNICAST = ipaddress.ip_network(
    "2000::/3"
)  # all allocated IPv6 unicast (RFC 4291, 2.4); everything else is local or special

DNS_THREADS = 16


def is_public_address(address: str) -> bool:
    """Whether an IP address is on the public internet: not loopback, private or multicast, nor
    one of these embedded in another form."""
    result = ipaddress.ip_address(address.split("%")[0])
    if isinstance(result, ipaddress.IPv6Address):
        inner = (
            result.ipv4_mapped
            or result.sixtofour
            or (ipaddress.IPv4Address(int(result) & 0xFFFFFFFF) if result in _NAT64 else None)
        )
        if inner is not None:
            return is_public_address(str(inner))
        if result not in _IPV6_UNICAST:
            return False
    return result.is_global and not result.is_multicast


def _remaining_seconds(timeout: float | None) -> float:
    """The timeout of this wait: its own limit, but never past the call's deadline."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole call is over")
    return left if timeout is None else min(timeout, left)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection on which no wait outlasts the call: a platform that sends byte by byte
    blocks nobody."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining_seconds(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _remaining_seconds(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(
            self._inner.start_tls(ssl_context, server_hostname, _remaining_seconds(timeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _GuardedNetwork(httpcore.NetworkBackend):
    """Connects to an address only after checking it."""

    def __init__(self, allow_private: bool, plain_anywhere: bool) -> None:
        self._allow_private, self._plain_anywhere = allow_private, plain_anywhere
        self._inner = httpcore.SyncBackend()
        self._names: tuple[int, ThreadPoolExecutor] | None = None

    def _resolve(self, host: str, port: int, seconds: float) -> list[Any]:
        """Resolve in a separate thread, so that a slow name server delays no call past its
        deadline. (Threads do not survive a fork.)"""
        if self._names is None or self._names[0] != os.getpid():
            self._names = (os.getpid(), ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="names"))
        return (
            self._names[1]
            .submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            .result(seconds)
        )

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            result = self._resolve(host, port, _remaining_seconds(timeout))
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"the name {host} is not known") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in result))
        for address in addresses:
            public = is_public_address(address)
            if not public and not self._allow_private:
                raise httpcore.ConnectError(
                    f"{host} has the private address {address}; "
                    "CARRYOVER_ALLOW_PRIVATE_PLATFORMS=1 would allow it"
                )
            if public and _is_plain_http.get() and not self._plain_anywhere:
                raise httpcore.ConnectError(
                    f"{host} is not on this network, so it must be reached by https"
                )
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return _DeadlineStream(
                    self._inner.connect_tcp(
                        address, port, _remaining_seconds(timeout), local_address, socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError(f"{host} has no address")

    def close(self) -> None:
        """End the threads that resolve names."""
        if self._names is not None and self._names[0] == os.getpid():
            self._names[1].shutdown(wait=False)
            self._names = None

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("outside calls do not use local sockets")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _ResponseStream(httpx.SyncByteStream):
    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Any:
        yield from self._parts

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close:
            close()


@cache
def _tls_context() -> ssl.SSLContext:
    """One for the process: reading the certificate authorities takes about 40 ms."""
    return httpx.create_ssl_context()


class _GuardedTransport(httpx.BaseTransport):
    def __init__(self, allow_private: bool, plain_anywhere: bool) -> None:
        self._network = _GuardedNetwork(allow_private, plain_anywhere)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls_context(),
            network_backend=self._network,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=10,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_ResponseStream(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()
        self._network.close()


class _DiscardingCookieJar(CookieJar):
    """Cookies from one response are sent with no other request: callers of many tenants share
    this client."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Discard all cookies."""


# The shared deadline of all calls of the current unit of work; each call is limited to the time
# left.
_shared_deadline: ContextVar[float | None] = ContextVar("all_calls", default=None)


@contextmanager
def limit_total_time(seconds: float) -> Iterator[None]:
    """Limit the total time of all calls made inside: for a row, a roster, a page of a
    person."""
    outer, own = _shared_deadline.get(), time.monotonic() + seconds
    token = _shared_deadline.set(own if outer is None else min(outer, own))
    try:
        yield
    finally:
        _shared_deadline.reset(token)


class GuardedClient:
    """``call`` is the only method that makes requests.

    ``allow_private`` permits loopback and private addresses, and plain http to them.
    ``plain_anywhere`` is for addresses that the operator configured: plain http to any
    address.
    """

    def __init__(self, allow_private: bool, plain_anywhere: bool = False) -> None:
        self._allow_private = allow_private
        self._client = httpx.Client(
            transport=_GuardedTransport(allow_private, plain_anywhere),
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            cookies=_DiscardingCookieJar(),
            # Responses are never decompressed here: a few bytes could become gigabytes.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        seconds: float = TOTAL_TIMEOUT_SECONDS,
        largest: int = MAX_RESPONSE_BYTES,
    ) -> OutsideResponse:
        """Send one request. A response with any HTTP status is returned; everything else raises
        OutsideCallFailed.

        ``seconds`` limits the whole call, ``largest`` the bytes of the body.
        """
        scheme = self._require_scheme(url)
        seconds = _require_time_left(url, seconds)
        _deadline.set(time.monotonic() + seconds)
        _is_plain_http.set(scheme == "http")
        try:
            request = self._build_request(method, url, headers, body, form, seconds)
            response = self._client.send(request, stream=True, auth=basic)
            try:
                content = _read_body(response, url, seconds, largest)
            finally:
                response.close()
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            ValueError,
            OSError,
        ) as error:
            # ValueError and OSError: an invalid name, or a header that cannot be written.
            raise OutsideCallFailed(
                lazy_gettext(
                    "%(url)s gave no answer: %(reason)s.",
                    url=_loggable_url(url),
                    reason=str(error) or type(error).__name__,
                )
            ) from None
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return OutsideResponse(
            response.status_code,
            response.reason_phrase,
            lowered,
            content,
            _next_link(response, url),
        )

    def _require_scheme(self, url: str) -> str:
        """https, or http where this client may use it."""
        try:
            scheme, place = urlsplit(url)[:2]
        except ValueError:
            scheme = place = ""
        if not scheme or not place:
            raise OutsideCallFailed("The address is not one.")
        if scheme != "https" and not (scheme == "http" and self._allow_private):
            raise OutsideCallFailed(lazy_gettext("%(url)s is not https.", url=_loggable_url(url)))
        return scheme

    def _build_request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        form: Mapping[str, str] | None,
        seconds: float,
    ) -> httpx.Request:
        limits = httpx.Timeout(
            min(READ_TIMEOUT_SECONDS, seconds), connect=min(CONNECT_TIMEOUT_SECONDS, seconds)
        )
        request = self._client.build_request(
            method, url, headers=dict(headers or {}), content=body, data=form, timeout=limits
        )
        if not headers or "accept" not in {name.lower() for name in headers}:
            # Moodle refuses */*, which the library would send: no Accept header is better than
            # that one.
            request.headers.pop("Accept", None)
        return request

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _require_time_left(url: str, seconds: float) -> float:
    """The seconds that this call may take: its own limit, but never past the shared deadline."""
    until = _shared_deadline.get()
    if until is not None:
        seconds = min(seconds, until - time.monotonic())
    if seconds <= 0:
        raise OutsideCallFailed(
            lazy_gettext(
                "%(url)s was not asked: the time for this work is over.", url=_loggable_url(url)
            )
        )
    return seconds


def _read_body(response: httpx.Response, url: str, seconds: float, largest: int) -> bytes:
    """The body of a response, read until the call's deadline and up to ``largest`` bytes."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise OutsideCallFailed(
            lazy_gettext(
                "%(url)s sent a packed answer, which was not asked for.", url=_loggable_url(url)
            )
        )
    collected = bytearray()
    for part in response.iter_raw():
        collected += part
        if time.monotonic() > _deadline.get():
            raise OutsideCallFailed(
                lazy_gettext(
                    "%(url)s took longer than %(seconds)s s.",
                    url=_loggable_url(url),
                    seconds=Number(seconds),
                )
            )
        if len(collected) > largest:
            raise OutsideCallFailed(
                lazy_gettext(
                    "%(url)s sent more than %(most)s bytes.", url=_loggable_url(url), most=largest
                )
            )
    return bytes(collected)


def _next_link(response: httpx.Response, url: str) -> str:
    try:
        further = response.links.get("next", {}).get("url", "")
        return urljoin(url, further) if further else ""
    except ValueError:
        return ""  # an invalid link means no next page


def url_origin(url: str) -> str:
    """Scheme, host and port of a URL, as browsers compare them; empty if it is not a web
    address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    # Only the characters of a host: an origin is written into policies, where a space or a
    # semicolon would begin another rule.
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not _HOST.fullmatch(parts.hostname)
    ):
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (
        f"{parts.scheme}://{host}"
        if port in (None, 443 if parts.scheme == "https" else 80)
        else f"{parts.scheme}://{host}:{port}"
    )


def _loggable_url(url: str) -> str:
    """Scheme, host and path: a query may contain what must not be logged."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
