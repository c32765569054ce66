"""Record which statements claim conformance to a profile and violate its templates: input
for the data quality checks.
"""

from __future__ import annotations

from lrs.actions.deps import StoreDeps
from lrs.store import statements, tags
from lrs.vocabulary import profile
from lrs.vocabulary.iris import PROFILE_VERSION
from lrs.xapi import decoding, templates
from lrs.xapi.query import StatementQuery

JOB = "profile templates"
ROWS_AT_ONCE = 500


def tag(deps: StoreDeps, tenant_id: int) -> int:
    """Check what was stored since the last run, up to the high-water mark; return how many
    statements violate a template.
    """
    wanted = profile.document()["templates"]
    broken = 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            horizon = statements.horizon(connection)
            after = tags.position(connection, tenant_id, JOB)
            query = StatementQuery(activity=PROFILE_VERSION, related_activities=True, ascending=True, after=after)
            found = statements.find(connection, tenant_id, query, horizon, ROWS_AT_ONCE)
            for one in found:
                value = decoding.decode(one.payload)
                if query.holds(value):
                    reasons = templates.breaks(value, wanted)
                    tags.put(connection, tenant_id, one.ord, reasons)
                    broken += bool(reasons)
            if found:
                tags.move(connection, tenant_id, JOB, found[-1].ord)
        if len(found) < ROWS_AT_ONCE:
            return broken
