"""published values: packets of people, what was counted of them, and what everybody reads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE, LONG_ROLE
from core.migrations import protect

revision = "0014"
down_revision = "0013"

_SCHEMA = "analytics"
_INSTANT = sa.DateTime(timezone=True)
_TABLES = [
    "publishing_rule",
    "packet",
    "packet_member",
    "packet_waiting",
    "published_row",
    "published_value",
    "published_title",
    "publication",
    "publication_request",
    "published_month",
]


def upgrade() -> None:
    _make_packets()
    _make_rows()
    _make_titles()
    _make_months()
    _mark_alarms()
    for statement in protect(_SCHEMA, _TABLES, f"{APP_ROLE}, {LONG_ROLE}"):
        op.execute(statement)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _make_packets() -> None:
    op.create_table(
        "publishing_rule",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "programme", name="pk_publishing_rule"),
        schema=_SCHEMA,
    )
    op.create_table(
        "packet",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        _number("packet_id"),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("wave", sa.Text()),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("pooled", sa.Boolean(), nullable=False),
        sa.Column("formed_on", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("certified_by", sa.Date(), nullable=False),
        sa.Column("frozen_at", _INSTANT),
        sa.PrimaryKeyConstraint("tenant_id", "packet_id", name="pk_packet"),
        schema=_SCHEMA,
    )
    op.create_table(
        "packet_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("packet_id", sa.BigInteger(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "registration", name="pk_packet_member"),
        schema=_SCHEMA,
    )
    op.create_table(
        "packet_waiting",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "registration", name="pk_packet_waiting"),
        schema=_SCHEMA,
    )
    for table, column in (
        ("packet", "programme"),
        ("packet_member", "packet_id"),
        ("packet_member", "learner"),
    ):
        op.create_index(
            f"ix_{table}_tenant_id_{column}", table, ["tenant_id", column], schema=_SCHEMA
        )


def _make_rows() -> None:
    op.create_table(
        "published_row",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        _number("row_id"),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("packets", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("contributions", sa.JSON(), nullable=False),
        sa.Column("released_at", _INSTANT, nullable=False),
        sa.Column("replaced_at", _INSTANT),
        sa.PrimaryKeyConstraint("tenant_id", "row_id", name="pk_published_row"),
        schema=_SCHEMA,
    )
    op.create_index(
        "ix_published_row_tenant_id_programme_metric",
        "published_row",
        ["tenant_id", "programme", "metric"],
        schema=_SCHEMA,
    )
    op.create_table(
        "published_value",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("programme", "scope", "scope_value", "metric", "part")
        ),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Float())
            for name in ("numerator", "denominator", "value", "ci_low", "ci_high")
        ),
        sa.Column("people", sa.Integer()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("waits_until", sa.Date()),
        sa.Column("released_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "programme",
            "scope",
            "scope_value",
            "metric",
            "part",
            "day",
            name="pk_published_value",
        ),
        schema=_SCHEMA,
    )
    op.create_table(
        "publication",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        _number("publication_id"),
        sa.Column("monday", sa.Date(), nullable=False),
        sa.Column("watermark", _INSTANT, nullable=False),
        sa.Column("at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("packets", "rows", "corrected")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "publication_id", name="pk_publication"),
        schema=_SCHEMA,
    )
    op.create_table(
        "publication_request",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_publication_request"),
        schema=_SCHEMA,
    )


def _make_titles() -> None:
    op.create_table(
        "published_title",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "activity", name="pk_published_title"),
        schema=_SCHEMA,
    )


def _make_months() -> None:
    op.create_table(
        "published_month",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("programme", "metric", "first_month", "last_month")
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("released_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "programme", "metric", "first_month", name="pk_published_month"
        ),
        schema=_SCHEMA,
    )


def _mark_alarms() -> None:
    """Alarms are of live figures, as those until now, or of published ones."""
    op.add_column(
        "alarm",
        sa.Column("published", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema=_SCHEMA,
    )
    op.drop_index("uq_alarm_open", "alarm", schema=_SCHEMA)
    op.create_index(
        "uq_alarm_open",
        "alarm",
        ["tenant_id", "programme", "series", "team", "published"],
        unique=True,
        schema=_SCHEMA,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
