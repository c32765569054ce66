"""Slack and Microsoft Teams: a digest without names, posted to the incoming webhook of a
channel.

Slack takes ``{"text", "blocks"}`` and answers 200 "ok"; 404 and 410 mean that the channel or
the webhook is gone, 429 asks to wait. Teams takes a message with an Adaptive Card through a
Workflow ("when a webhook request is received") and answers 202. The URL is itself a secret: no
error here repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from adapters.channels.mail import DeliveryDeferred, Undeliverable
from core.http_client import GuardedClient, OutsideCallFailed

SLACK, TEAMS = "slack", "teams"
# Hosts of the webhook URLs of each product: Slack has one host, Teams Workflows use subdomains
# of these Microsoft domains.
SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
TEAMS_DOMAINS = (
    "logic.azure.com",
    "powerplatform.com",
    "powerautomate.com",
    "webhook.office.com",
    "azure-apim.net",
)
TIMEOUT_SECONDS, MAX_RESPONSE_BYTES = 10.0, 65_536
CARD_VERSION = "1.4"  # The newest version that every Teams client renders.


@dataclass(frozen=True)
class ChannelDigest:
    """A digest for a channel: title, lines, and a link for details."""

    title: str
    lines: Sequence[str]
    link: str
    link_words: str


def detect_webhook_kind(url: str) -> str:
    """The product that a webhook URL belongs to; empty if it is neither, or not https."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None:
        return ""
    if host in SLACK_HOSTS:
        return SLACK
    return TEAMS if any(host.endswith(f".{domain}") for domain in TEAMS_DOMAINS) else ""


def build_payload(kind: str, digest: ChannelDigest) -> bytes:
    """Encode the digest in the product's message format."""
    return msgspec.json.encode(_slack_payload(digest) if kind == SLACK else _teams_payload(digest))


def _slack_payload(digest: ChannelDigest) -> dict[str, object]:
    # Only these three characters are special in Slack's text, and have to be escaped like this.
    def escape_slack_text(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    lines = "\n".join(f"• {escape_slack_text(line)}" for line in digest.lines)
    return {
        "text": escape_slack_text(digest.title),
        "blocks": [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": f"*{escape_slack_text(digest.title)}*\n{lines}"},
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": f"<{digest.link}|{escape_slack_text(digest.link_words)}>",
                    }
                ],
            },
        ],
    }


def _teams_payload(digest: ChannelDigest) -> dict[str, object]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": CARD_VERSION,
        "body": [
            {"type": "TextBlock", "text": digest.title, "weight": "Bolder", "wrap": True},
            *(
                {"type": "TextBlock", "text": f"- {line}", "wrap": True, "spacing": "Small"}
                for line in digest.lines
            ),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": digest.link_words, "url": digest.link}],
    }
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": card,
            }
        ],
    }


def post_payload(
    client: GuardedClient, url: str, body: bytes
) -> DeliveryDeferred | Undeliverable | None:
    """Post the body; None if it was accepted."""
    try:
        answer = client.call(
            "POST",
            url,
            headers={"Content-Type": "application/json"},
            body=body,
            seconds=TIMEOUT_SECONDS,
            largest=MAX_RESPONSE_BYTES,
        )
    except OutsideCallFailed:
        return DeliveryDeferred("The channel's address did not answer.")
    if 200 <= answer.status < 300:
        return None
    text = f"The channel answered {answer.status}."  # Its response body may repeat the URL.
    return (
        DeliveryDeferred(text)
        if answer.status in (408, 425, 429) or answer.status >= 500
        else Undeliverable(text)
    )
