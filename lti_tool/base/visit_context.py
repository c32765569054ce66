"""What surrounds every page of a visit."""

from __future__ import annotations

from dataclasses import dataclass

from core.database import UnitOfWork
from lti_tool.base import platforms_store, tenants_store, visit_context_store
from lti_tool.base.platforms_store import Platform
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.tenants_store import Tenant


@dataclass(frozen=True)
class VisitContext:
    """The context of every page: the platform of the session (None if it began without an LMS),
    the organisation, whether the person participates in the programme, and whether something is
    requested of the person.
    """

    platform: Platform | None
    tenant: Tenant
    takes_part: bool
    asked: bool


def load_visit_context(unit_of_work: UnitOfWork, *, session: LaunchSession) -> VisitContext:
    """Load the context of this session's pages."""
    with unit_of_work(session.tenant_id) as connection:
        platform = (
            platforms_store.get_platform(connection, session.tenant_id, session.registration_id)
            if session.registration_id is not None
            else None
        )
        takes_part = visit_context_store.participates(
            connection, session.tenant_id, session.person_id, session.programme
        )
        has_peer_request = visit_context_store.has_open_peer_request(
            connection, session.tenant_id, session.person_id
        )
        return VisitContext(
            platform,
            tenants_store.get_tenant(connection, session.tenant_id),
            takes_part,
            has_peer_request,
        )


def load_tenant(unit_of_work: UnitOfWork, *, tenant_id: int) -> Tenant:
    """The organisation of a page that belongs to no person's session."""
    with unit_of_work(tenant_id) as connection:
        return tenants_store.get_tenant(connection, tenant_id)
