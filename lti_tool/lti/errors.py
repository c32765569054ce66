"""Why a launch or a service call was refused."""

from __future__ import annotations


class LaunchInvalid(Exception):
    """The launch is not taken. ``reason`` is for the person in front of it; ``detail`` for administrators; ``status`` is HTTP."""

    def __init__(self, reason: str, detail: str = "", status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.status = reason, detail or reason, status


class NotThisBrowser(LaunchInvalid):
    """A genuine launch that this browser cannot be shown to have begun. ``relaunch_url`` opens the same activity in a window of its
    own where that is known; ``asked`` begins it anew there otherwise."""

    def __init__(self, reason: str, relaunch_url: str, asked: dict[str, str]) -> None:
        super().__init__(reason, "the browser kept no cookie, and the LMS offers no storage")
        self.relaunch_url, self.asked = relaunch_url, asked


class TokenRefused(Exception):
    """The LMS gave no access token, and will not give one for the same request."""
