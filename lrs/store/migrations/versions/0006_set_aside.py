"""a statement may be set aside for its own episode and for one that borrows it; costs have a currency; facts and reports anew"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NO_EPISODE = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.drop_constraint("pk_uncountable", "uncountable", schema="lrs")
    op.execute(
        f"UPDATE lrs.uncountable SET registration = '{_NO_EPISODE}' WHERE registration IS NULL"  # noqa: S608 - a constant of this file
    )
    op.alter_column("uncountable", "registration", nullable=False, schema="lrs")
    op.create_primary_key(
        "pk_uncountable", "uncountable", ["tenant_id", "ord", "registration"], schema="lrs"
    )
    op.add_column("cost", sa.Column("currency", sa.Text(), nullable=True), schema="lrs")
    # Reports of business figures were made by other rules.
    op.execute("DELETE FROM lrs.computed")
    op.execute(
        "INSERT INTO lrs.uncomputed (tenant_id, programme) SELECT DISTINCT tenant_id, programme FROM lrs.fact_episode"
    )
    # What fell due in a pause or after leaving is due no more. Every episode, and those that were set aside as a whole: they may count now.
    op.execute(
        "INSERT INTO lrs.uncounted_episode (tenant_id, registration) SELECT tenant_id, registration FROM lrs.fact_episode"
        " UNION SELECT tenant_id, registration FROM lrs.uncountable WHERE registration <> CAST(repeat('0', 32) AS uuid)"
        " ON CONFLICT DO NOTHING"
    )
