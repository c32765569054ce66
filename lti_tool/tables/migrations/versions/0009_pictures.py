"""pictures in mails"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "mail",
        sa.Column("picture", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
