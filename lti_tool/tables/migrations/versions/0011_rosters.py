"""the reading of a roster goes on where it ended: the next page, what was passed over, and whether it can be short"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for column in (
        sa.Column("next_url", sa.Text(), nullable=False, server_default=""),
        sa.Column("skipped", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("whole", sa.Boolean(), nullable=False, server_default=sa.text("true")),
    ):
        op.add_column("roster_run", column, schema="lti_tool")
