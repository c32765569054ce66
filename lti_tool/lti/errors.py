"""Why a launch or a service call was refused."""

from __future__ import annotations


class LaunchInvalid(Exception):
    """The launch is not taken. ``reason`` is for the person in front of it; ``detail`` for the log."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail or reason


class TokenRefused(Exception):
    """The LMS gave no access token, and will not give one for the same request."""
