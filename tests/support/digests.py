"""The console of a programme, its channels and what was posted to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.support.listed_people import grant
from tests.support.tool import Tool

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


SLACK = "https://hooks.slack.com/services/T0/B0/very-secret"


@pytest.fixture
def console(tool: Tool) -> str:
    """A training manager's page of the programme."""
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    return f"{tool.launch('launch-resource-teacher').location}programmes/phishing-response/"


def add(tool: Tool, console: str, url: str = SLACK, name: str = "#service-desk") -> str:
    return tool.post(
        f"{console}channels", tool.get(console), channel_name=name, channel_url=url
    ).text


def told(tool: Tool) -> list[str]:
    return [
        json.loads(bytes(row[0]))["blocks"][0]["text"]["text"]
        for row in tool.sql("SELECT payload FROM lti_tool.channel_post ORDER BY id")
    ]
