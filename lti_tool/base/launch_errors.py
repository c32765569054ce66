"""Reasons for refusing a launch or a service call."""

from __future__ import annotations

from enum import Enum

from core.messages import Message, MessageError, gettext_noop


class Turn(Enum):
    """Whose turn it is after a refusal, in a sentence for the person who launches."""

    YOURS = gettext_noop("You can try it yourself.")
    TEACHER = gettext_noop("It is your teacher’s turn: show this page to them.")
    LMS_ADMINISTRATOR = gettext_noop(
        "It is the turn of the administrator of your LMS: send them this page. You can do nothing "
        "about it."
    )
    TOOL_ADMINISTRATOR = gettext_noop(
        "It is the turn of whoever runs this tool for your organisation: send them this page. You "
        "can do nothing about it."
    )
    LATER = gettext_noop("Nobody has to do anything: try it again in a few minutes.")


class LaunchInvalid(MessageError):
    """The launch is refused. The message is for the person launching; ``detail`` for
    administrators; ``status`` is the HTTP status; ``turn``: who can do something about it."""

    def __init__(
        self, reason: str | Message, detail: str = "", status: int = 400, *, turn: Turn
    ) -> None:
        super().__init__(reason)
        self.detail, self.status, self.turn = detail or str(reason), status, turn


class BrowserNotVerified(LaunchInvalid):
    """A genuine launch that cannot be shown to have been started by this browser.
    ``relaunch_url`` restarts the same activity in its own window, where it is known; elsewhere
    the person is shown, in such a window, what would be opened and as whom, and confirms or
    declines."""

    def __init__(self, reason: str | Message, relaunch_url: str) -> None:
        super().__init__(
            reason, "the browser kept no cookie, and the LMS offers no storage", turn=Turn.YOURS
        )
        self.relaunch_url = relaunch_url


class TokenRefused(MessageError):
    """The LMS refused an access token, and will refuse it for the same request again."""
