"""an organisation's own colour and logo"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for column in (
        sa.Column("accent", sa.Text(), nullable=True),
        sa.Column("logo_digest", sa.Text(), nullable=True),
        sa.Column("logo_width", sa.Integer(), nullable=True),
    ):
        op.add_column("tenant", column, schema="lti_tool")
