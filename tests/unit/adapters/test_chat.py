"""Messages to Slack and Teams: whose address it is, the form that each product takes, and what its
answer means.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from adapters.channels import DeliveryDeferred, Undeliverable, chat
from core.http_client import GuardedClient

DIGEST = chat.ChannelDigest(
    "Phishing <response>",
    ["Checks & more: 12", "a few"],
    "https://learn.example/sign-in",
    "Open my page",
)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret", "slack"),
        (
            "https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=secret",
            "teams",
        ),
        (
            "https://default0.1.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/1?sig=secret",
            "teams",
        ),
        ("http://hooks.slack.com/services/T0/B0/secret", ""),
        ("https://hooks.slack.com.evil.example/services", ""),
        ("https://evil.example/logic.azure.com", ""),
        ("https://evillogic.azure.com", ""),
        ("https://user@hooks.slack.com/services", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_an_address_is_of_the_product_whose_host_it_has(url: str, kind: str) -> None:
    assert chat.detect_webhook_kind(url) == kind


def test_slack_is_told_with_its_three_characters_escaped() -> None:
    told = json.loads(chat.build_payload("slack", DIGEST))
    assert told["text"] == "Phishing &lt;response&gt;"
    assert (
        told["blocks"][0]["text"]["text"]
        == "*Phishing &lt;response&gt;*\n• Checks &amp; more: 12\n• a few"
    )
    assert (
        told["blocks"][1]["elements"][0]["text"] == "<https://learn.example/sign-in|Open my page>"
    )


def test_teams_is_told_by_an_adaptive_card_in_a_message() -> None:
    told = json.loads(chat.build_payload("teams", DIGEST))
    (attachment,) = told["attachments"]
    assert (
        told["type"] == "message"
        and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    )
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["text"] for block in card["body"]] == [
        "Phishing <response>",
        "- Checks & more: 12",
        "- a few",
    ]
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open my page", "url": "https://learn.example/sign-in"}
    ]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, None),
        (202, None),
        (429, DeliveryDeferred),
        (500, DeliveryDeferred),
        (404, Undeliverable),
        (410, Undeliverable),
        (302, Undeliverable),
    ],
)
def test_what_the_answer_means(status: int, outcome: type | None) -> None:
    class Channel(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"no_service")

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Channel)
    Thread(target=server.serve_forever, daemon=True).start()
    client = GuardedClient(allow_private=True)
    found = chat.post_payload(
        client, f"http://127.0.0.1:{server.server_port}/services/secret", b"{}"
    )
    assert found is None if outcome is None else isinstance(found, outcome)
    assert "secret" not in str(found)
    server.shutdown()
    server.server_close()
    away = chat.post_payload(client, "https://127.0.0.1:9/services/secret", b"{}")
    assert isinstance(away, DeliveryDeferred) and "secret" not in str(away), (
        "the address is a secret by itself"
    )
    client.close()
