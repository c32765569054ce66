"""Why a launch or a service call was refused."""

from __future__ import annotations


class LaunchInvalid(Exception):
    """The launch is not taken. ``reason`` is for the person in front of it; ``detail`` for administrators; ``status`` is HTTP."""

    def __init__(self, reason: str, detail: str = "", status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.status = reason, detail or reason, status


class NotThisBrowser(LaunchInvalid):
    """A genuine launch that this browser cannot be shown to have begun. ``relaunch_url`` begins the same activity anew in a window of
    its own, where that is known; elsewhere the person is shown, in such a window, what would be opened as whom, and says yes or no."""

    def __init__(self, reason: str, relaunch_url: str) -> None:
        super().__init__(reason, "the browser kept no cookie, and the LMS offers no storage")
        self.relaunch_url = relaunch_url


class TokenRefused(Exception):
    """The LMS gave no access token, and will not give one for the same request."""
