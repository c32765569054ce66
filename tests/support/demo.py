"""Running the product as its users do: ``carryover demo`` in a process of its own, spoken to over
HTTP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

# Deadlines, not waits: long enough for a machine whose processors are all taken.
START_SECONDS, DEADLINE_SECONDS, ANSWER_SECONDS = 180, 180, 90
READY = "Carryover is ready"
# A client makes its own TLS context otherwise, which takes more than a request does.
TLS = ssl.create_default_context()
http_get = partial(httpx.get, timeout=ANSWER_SECONDS, verify=TLS)
http_post = partial(httpx.post, timeout=ANSWER_SECONDS, verify=TLS)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """What ``holds`` gives once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


@dataclass
class Demo:
    """A running demo."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, home: Path, port: int | None = None) -> Demo:
        """Start one and wait until it says that it is ready."""
        port = port or free_port()
        home.mkdir(parents=True, exist_ok=True)
        log = home.parent / f"{home.name}.log"
        said = log.read_text().count(READY) if log.exists() else 0
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")
        }
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "carryover", "demo"],
                env={**environ, "CARRYOVER_HOME": str(home), "PORT": str(port)},
                stdout=out,
                stderr=out,
            )
        made = cls(home, port, process, log)
        deadline = time.monotonic() + START_SECONDS
        while log.read_text().count(READY) == said:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return made

    @property
    def told(self) -> dict[str, Any]:
        """demo.json."""
        found: dict[str, Any] = json.loads((self.home / "demo.json").read_text())
        return found

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def api(self, path: str, **parameters: Any) -> httpx.Response:
        """A GET of the reporting API."""
        api = self.told["api"]
        return http_get(f"{self.base}{path}", params=parameters, auth=(api["key"], api["secret"]))

    def xapi(self, method: str, path: str = "/statements", **more: Any) -> httpx.Response:
        """A request of the record store."""
        xapi = self.told["xapi"]
        headers = {"X-Experience-API-Version": "1.0.3", **more.pop("headers", {})}
        return httpx.request(
            method,
            xapi["endpoint"] + path,
            auth=(xapi["key"], xapi["secret"]),
            headers=headers,
            timeout=ANSWER_SECONDS,
            verify=TLS,
            **more,
        )

    def figure(self, key: str, part: str = "") -> tuple[int, int]:
        """Numerator and denominator as of now, which the key for statements may read, too."""
        xapi = self.told["xapi"]
        address, key_pair = (
            f"{self.base}/api/v1/metrics/{key}/values",
            (xapi["key"], xapi["secret"]),
        )
        values = http_get(address, auth=key_pair).json()["values"]
        return next(
            (value["numerator"], value["denominator"]) for value in values if value["part"] == part
        )

    def ready(self) -> dict[str, Any]:
        """The readiness report; empty while nobody answers."""
        try:
            found: dict[str, Any] = http_get(f"{self.base}/health/ready").json()
        except httpx.HTTPError:
            return {}
        return found

    def settled(self) -> None:
        """Wait until everything that was said has arrived and is counted."""

        def quiet() -> bool:
            report = self.ready()
            return (
                bool(report)
                and report["uncounted"]["waiting"] == 0
                and report["outbox"]["statements"] == report["outbox"]["grades"] == 0
            )

        wait_until(quiet)

    def processes(self) -> dict[int, str]:
        """Every living process that belongs to this demo: its name and its command line."""
        return processes_of(self.home, self.port)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


def processes_of(home: Path, port: int) -> dict[int, str]:
    """Processes whose command line, folder or environment names the home."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            name = (entry / "comm").read_text().strip()  # a fork has its parent's command line
            environ = (entry / "environ").read_bytes().decode("utf-8", "replace")
            folder = str(
                (entry / "cwd").readlink()
            )  # Redis overwrites its command line, but works in its folder
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if state != "Z" and (
            str(home) in words or str(home) in folder or f"CARRYOVER_HOME={home}\0" in environ
        ):
            found[int(entry.name)] = f"{name}: {words}"
    return found


class Browser:
    """A browser without scripts: follows links and forms, keeps cookies as a browser does on a
    trustworthy local address.
    """

    def __init__(self) -> None:
        self._cookies: dict[str, dict[str, str]] = {}
        self._client = httpx.Client(timeout=ANSWER_SECONDS, verify=TLS)
        self.page = httpx.Response(204)

    def _request(self, method: str, url: str, **more: Any) -> httpx.Response:
        host = httpx.URL(url).host
        cookies = "; ".join(
            f"{name}={value}" for name, value in self._cookies.get(host, {}).items()
        )
        headers = {"Cookie": cookies} if cookies else {}
        answer = self._client.request(method, url, headers=headers, **more)
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies.setdefault(host, {})[name] = value
        if answer.status_code in (302, 303):
            return self._request("GET", urljoin(url, answer.headers["location"]))
        self.page = answer
        return answer

    def cookies_of(self, host: str) -> dict[str, str]:
        """What it keeps for a host."""
        return dict(self._cookies.get(host, {}))

    def get(self, url: str) -> httpx.Response:
        return self._request("GET", url)

    def submit(self, action_part: str = "", **fields: str) -> httpx.Response:
        """Send the first form whose address holds ``action_part``, with its hidden fields."""
        return self._sent(action_part, fields)

    def upload(self, action_part: str, name: str, content: bytes, **fields: str) -> httpx.Response:
        """The same with a file."""
        return self._sent(action_part, fields, files={"file": (name, content)})

    def _sent(self, action_part: str, fields: dict[str, str], **more: Any) -> httpx.Response:
        for form in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL):
            action = re.search(r'action="([^"]*)"', form.partition(">")[0])
            address = (
                urljoin(str(self.page.url), unescape(action[1])) if action else str(self.page.url)
            )
            if action_part in address:
                hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
                return self._request(
                    "POST",
                    address,
                    data={**{name: unescape(value) for name, value in hidden}, **fields},
                    **more,
                )
        raise AssertionError(
            f"no form for {action_part!r}: {self.page.status_code} {self.page.url}\n{self.page.text}"
        )

    def launch(self, url: str) -> httpx.Response:
        """From the practice course into the tool: the frame's address, then the two forms that a
        script would send.
        """
        self.login(url)
        return self.submit("/lti/launch")

    def login(self, url: str) -> httpx.Response:
        """From the practice course to the signed message that goes to the tool; an LMS that is busy
        is asked again, as it says.
        """

        def opened() -> httpx.Response | None:
            page = self.get(url)
            if page.status_code == 503:
                time.sleep(float(page.headers["retry-after"]))
                return None
            return page

        page = wait_until(opened)
        frame = re.search(r'<iframe src="([^"]*)"', page.text)
        assert frame, f"{page.status_code} {page.url}\n{page.text}"
        self.get(urljoin(str(page.url), unescape(frame[1])))
        return self.submit("/lti/login")

    def close(self) -> None:
        self._client.close()
