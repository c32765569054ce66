"""The guarded client: no private address unless allowed, no redirect followed, no endless or silent answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lrs.ground import http
from lrs.ground.http import GuardedClient, OutsideCallFailed


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/large":
            self.send_response(200)
            self.end_headers()
            part = b"x" * 65_536
            try:
                for _ in range(http.LARGEST_ANSWER // len(part) + 2):
                    self.wfile.write(part)
            except (BrokenPipeError, ConnectionResetError):
                return
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


def test_the_address_that_was_judged_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch, client: GuardedClient, address: str) -> None:
    """A name that resolves differently the second time cannot slip through: there is no second time."""
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
    "url", ["http://[x/", "http://.../", f"http://{'a' * 80}.example/", "http:///", "ftp://127.0.0.1/", "nonsense", "http://127.0.0.1:99999/"]
)
def test_an_address_that_is_none_is_a_failed_call(client: GuardedClient, url: str) -> None:
    with pytest.raises(OutsideCallFailed):
        client.call("GET", url)


def test_a_header_that_cannot_be_written_is_a_failed_call(client: GuardedClient, address: str) -> None:
    with pytest.raises(OutsideCallFailed):
        client.call("GET", address, headers={"Authorization": "Bearer é\u2603"})


def test_what_cannot_be_reached_says_so_without_its_query(client: GuardedClient) -> None:
    with pytest.raises(OutsideCallFailed) as failed:
        client.call("GET", "http://127.0.0.1:9/path?token=secret")
    assert "/path" in failed.value.message
    assert "secret" not in failed.value.message
