"""How long a text may be that somebody writes."""

from __future__ import annotations

from core.errors import BadInput
from core.messages import lazy_gettext


def require_length(text: str, most: int, field: str) -> None:
    """BadInput at ``field`` if a text has more than ``most`` characters."""
    if len(text) > most:
        raise BadInput(
            lazy_gettext(
                "Keep it to %(most)s characters; this has %(length)s.", most=most, length=len(text)
            ),
            field=field,
        )
