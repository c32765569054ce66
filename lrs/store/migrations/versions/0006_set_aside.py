"""a statement may be set aside for its own episode and for one that borrows it; facts anew, since what fell due in a pause is due no more"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_NO_EPISODE = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.drop_constraint("pk_uncountable", "uncountable", schema="lrs")
    op.execute(f"UPDATE lrs.uncountable SET registration = '{_NO_EPISODE}' WHERE registration IS NULL")  # noqa: S608 - a constant of this file
    op.alter_column("uncountable", "registration", nullable=False, schema="lrs")
    op.create_primary_key("pk_uncountable", "uncountable", ["tenant_id", "ord", "registration"], schema="lrs")
    # Every episode, and those that were set aside as a whole: they may count now.
    op.execute(
        "INSERT INTO lrs.uncounted_episode (tenant_id, registration) SELECT tenant_id, registration FROM lrs.fact_episode"
        " UNION SELECT tenant_id, registration FROM lrs.uncountable WHERE registration <> CAST(repeat('0', 32) AS uuid)"
        " ON CONFLICT DO NOTHING"
    )
