"""Reasons for refusing a launch or a service call."""

from __future__ import annotations

from core.messages import Message, MessageError


class LaunchInvalid(MessageError):
    """The launch is refused. The message is for the person launching; ``detail`` for
    administrators; ``status`` is the HTTP status."""

    def __init__(self, reason: str | Message, detail: str = "", status: int = 400) -> None:
        super().__init__(reason)
        self.detail, self.status = detail or str(reason), status


class BrowserNotVerified(LaunchInvalid):
    """A genuine launch that cannot be shown to have been started by this browser.
    ``relaunch_url`` restarts the same activity in its own window, where it is known; elsewhere
    the person is shown, in such a window, what would be opened and as whom, and confirms or
    declines."""

    def __init__(self, reason: str | Message, relaunch_url: str) -> None:
        super().__init__(reason, "the browser kept no cookie, and the LMS offers no storage")
        self.relaunch_url = relaunch_url


class TokenRefused(MessageError):
    """The LMS refused an access token, and will refuse it for the same request again."""
