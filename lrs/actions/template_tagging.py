"""Record which statements claim conformance to a profile and violate its templates: input
for the data quality checks.
"""

from __future__ import annotations

from lrs.actions.deps import StoreDeps
from lrs.store import statements, template_violations
from lrs.vocabulary import profile
from lrs.vocabulary.iris import PROFILE_VERSION
from lrs.xapi import json_codec, statement_templates
from lrs.xapi.statement_query import StatementQuery

JOB_NAME = "profile templates"
TAGGING_BATCH_ROWS = 500


def tag_template_violations(deps: StoreDeps, tenant_id: int) -> int:
    """Check what was stored since the last run, up to the high-water mark; return how many
    statements violate a template.
    """
    wanted = profile.build_profile()["templates"]
    broken = 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            up_to = statements.high_water_mark(connection)
            after = template_violations.lock_job_cursor(connection, tenant_id, JOB_NAME)
            query = StatementQuery(
                activity=PROFILE_VERSION, related_activities=True, ascending=True, after=after
            )
            result = statements.query_statements(
                connection, tenant_id, query, up_to, TAGGING_BATCH_ROWS
            )
            for item in result:
                value = json_codec.decode(item.payload)
                if query.matches_statement(value):
                    reasons = statement_templates.find_broken_rules(value, wanted)
                    template_violations.insert_template_breaks(
                        connection, tenant_id, item.ord, reasons
                    )
                    broken += bool(reasons)
            if result:
                template_violations.update_job_cursor(
                    connection, tenant_id, JOB_NAME, result[-1].ord
                )
        if len(result) < TAGGING_BATCH_ROWS:
            return broken
