"""Who acted, as it is stored and as people read it."""

from __future__ import annotations

import re
import uuid

from core.messages import gettext_noop

UNNAMED = gettext_noop("Somebody without a name")
_ID_AT_END = re.compile(r" \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)$")


def stored_name(name: str, person_id: uuid.UUID) -> str:
    """Who acts, to be stored: the name for readers, the id so that it can be removed when the
    person is erased."""
    return f"{name or UNNAMED} ({person_id})"


def actor_name(stored: str) -> str:
    """Who acted, for readers: without the id."""
    return _ID_AT_END.sub("", stored)
