"""The guarded client: no private address unless allowed, no redirect followed, no endless or silent
answer.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from core import http_client
from core.http_client import GuardedClient, OutsideCallFailed


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/large":
            self.send_response(200)
            self.end_headers()
            part = b"x" * 65_536
            try:
                for _ in range(http_client.MAX_RESPONSE_BYTES // len(part) + 2):
                    self.wfile.write(part)
            except (BrokenPipeError, ConnectionResetError):
                return
        elif self.path in ("/drip", "/drip-headers"):
            try:
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\n"
                    + (b"Content-Length: 100\r\n\r\n" if self.path == "/drip" else b"")
                )
                for _ in range(100):
                    self.wfile.write(b"x" if self.path == "/drip" else b"X-More: 1\r\n")
                    self.wfile.flush()
                    time.sleep(0.1)
                self.wfile.write(b"" if self.path == "/drip" else b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                return
        elif self.path == "/paged":
            self.send_response(200)
            self.send_header(
                "Link", '</paged?page=2>; rel="next", <http://elsewhere.example/>; rel=first'
            )
            self.end_headers()
        elif self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
        else:
            body = repr(sorted(self.headers.items())).encode()
            self.send_response(200, "Quite OK")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *given: object) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client() -> Iterator[GuardedClient]:
    made = GuardedClient(allow_private=True)
    yield made
    made.close()


def test_the_certificate_authorities_are_read_once_for_a_process(
    client: GuardedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_again() -> None:
        raise AssertionError("it takes 40 ms, twice for each app")

    monkeypatch.setattr(httpx, "create_ssl_context", read_again)
    GuardedClient(allow_private=True).close()


def test_an_answer_comes_whole(client: GuardedClient, address: str) -> None:
    answer = client.call("GET", address)
    assert (answer.status, answer.reason) == (200, "Quite OK")
    assert b"Carryover/" in answer.body
    assert b"'Accept'" not in answer.body


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
    ],
)
def test_private_addresses_are_refused_unless_allowed(url: str) -> None:
    strict = GuardedClient(allow_private=False)
    with pytest.raises(OutsideCallFailed, match=r"private address|gave no answer"):
        strict.call("GET", url)
    strict.close()


def test_the_address_that_was_judged_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, client: GuardedClient, address: str
) -> None:
    """A name that resolves differently the second time cannot slip through: there is no second
    time.
    """
    port, asked = int(address.rpartition(":")[2]), []

    def resolve(host: str, port: int, *rest: object, **named: object) -> object:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert client.call("GET", f"http://platform.example:{port}/").status == 200
    assert asked[0] == "platform.example"
    assert "platform.example" not in asked[1:]


def test_plain_http_needs_the_same_permission(address: str) -> None:
    strict = GuardedClient(allow_private=False)
    with pytest.raises(OutsideCallFailed, match="not https"):
        strict.call("GET", address)
    strict.close()


def test_a_redirect_is_an_answer_and_is_not_followed(client: GuardedClient, address: str) -> None:
    assert client.call("GET", f"{address}/redirect").status == 302


def test_too_much_is_cut_off(client: GuardedClient, address: str) -> None:
    with pytest.raises(OutsideCallFailed, match="more than"):
        client.call("GET", f"{address}/large")


@pytest.mark.parametrize(
    "url",
    [
        "http://[x/",
        "http://.../",
        f"http://{'a' * 80}.example/",
        "http:///",
        "ftp://127.0.0.1/",
        "nonsense",
        "http://127.0.0.1:99999/",
    ],
)
def test_an_address_that_is_none_is_a_failed_call(client: GuardedClient, url: str) -> None:
    with pytest.raises(OutsideCallFailed):
        client.call("GET", url)


def test_a_header_that_cannot_be_written_is_a_failed_call(
    client: GuardedClient, address: str
) -> None:
    with pytest.raises(OutsideCallFailed):
        client.call("GET", address, headers={"Authorization": "Bearer é\u2603"})


def test_what_cannot_be_reached_says_so_without_its_query(client: GuardedClient) -> None:
    with pytest.raises(OutsideCallFailed) as failed:
        client.call("GET", "http://127.0.0.1:9/path?token=secret")
    assert "/path" in str(failed.value.message)
    assert "secret" not in str(failed.value.message)


@pytest.mark.parametrize("path", ["/drip", "/drip-headers"])
def test_an_answer_that_drips_is_left_by_the_deadline(
    client: GuardedClient, address: str, path: str
) -> None:
    with pytest.raises(OutsideCallFailed):
        client.call("GET", address + path, seconds=0.5)


def test_a_caller_may_ask_for_less(client: GuardedClient, address: str) -> None:
    with pytest.raises(OutsideCallFailed, match="more than 1000 bytes"):
        client.call("GET", f"{address}/large", largest=1000)


def test_the_next_page_is_told_as_a_whole_address(client: GuardedClient, address: str) -> None:
    assert client.call("GET", f"{address}/paged").next_url == f"{address}/paged?page=2"
    assert client.call("GET", address).next_url == ""


@pytest.mark.parametrize(
    ("given", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:a00:1::", False),
    ],
)
def test_what_counts_as_the_open_internet(given: str, public: bool) -> None:
    assert http_client.is_public_address(given) is public


def test_plain_http_leads_to_this_network_alone(
    monkeypatch: pytest.MonkeyPatch, client: GuardedClient
) -> None:
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *given, **named: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.114.9", 80))],
    )
    with pytest.raises(OutsideCallFailed, match="by https"):
        client.call("GET", "http://platform.example/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://LMS.example:443/x?y", "https://lms.example"),
        ("http://127.0.0.1:8100/a", "http://127.0.0.1:8100"),
        ("https://[::1]:8/", "https://[::1]:8"),
        ("javascript:alert(1)", ""),
        ("https://a.example; script-src */", ""),
        ("https://a b/", ""),
        ("https://x:99999/", ""),
        ("https:///x", ""),
        ("", ""),
    ],
)
def test_an_origin_is_that_of_a_web_address_or_nothing(url: str, expected: str) -> None:
    assert http_client.url_origin(url) == expected
