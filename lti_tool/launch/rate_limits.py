"""How often launches and sign-ins are answered; the counters are ``core.rate_limiter``."""

from __future__ import annotations

from functools import partial

from core.messages import lazy_gettext
from lti_tool.base.launch_errors import LaunchInvalid, Turn
from lti_tool.base.routes import RateClass

HOUR_SECONDS = 3_600

MAX_REFUSALS_PER_HOUR = 300  # recorded per platform
# In an hour, per requested address, which limits one person.
MAX_LINKS_PER_ADDRESS = 3
# In an hour. A code has eight digits: at ten tries an hour, guessing one takes about a thousand
# years.
MAX_CODE_REQUESTS, MAX_CODE_TRIES = 3, 10


def _launches(step: str) -> RateClass:
    """A whole school behind one address opens an activity at once; a flood is stopped here."""
    return RateClass(
        step,
        most=3_000,
        seconds=60,
        message=lazy_gettext(
            "Too many activities are opened from your network at once. Wait a minute, then open it "
            "again."
        ),
        refused=partial(LaunchInvalid, status=429, turn=Turn.LATER),
    )


LOGINS, LAUNCHES, CONFIRMATIONS, WINDOWS = map(_launches, ("login", "launch", "confirm", "window"))

# A whole training class, or everybody behind a proxy, shares one network.
_MAX_SIGN_INS_PER_HOUR = 3_000
REQUESTED_LINKS = RateClass(
    "sign-in",
    _MAX_SIGN_INS_PER_HOUR,
    HOUR_SECONDS,
    lazy_gettext(
        "Too many links were asked for from your network. Wait an hour, or open the activity in "
        "your course."
    ),
)
FINISHED_SIGN_INS = RateClass(
    "sign-in-back",
    _MAX_SIGN_INS_PER_HOUR,
    HOUR_SECONDS,
    lazy_gettext(
        "Too many sign-ins came from your network. Wait an hour, or open the activity in your "
        "course."
    ),
)
