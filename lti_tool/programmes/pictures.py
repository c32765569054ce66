"""Pictures of questions."""

from __future__ import annotations

from adapters.questions.models import Picture
from core.database import UnitOfWork
from core.errors import NotFound
from lti_tool.programmes import pictures_store


def find_picture(unit_of_work: UnitOfWork, *, tenant_id: int, digest: str) -> Picture:
    """Find a picture of this tenant."""
    with unit_of_work(tenant_id) as connection:
        result = pictures_store.find_picture(connection, tenant_id, digest)
    if result is None:
        raise NotFound("There is no such picture.")
    return result
