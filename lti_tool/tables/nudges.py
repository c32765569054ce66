"""Tables of channels and their posts."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from lti_tool.tables.metadata import TIMESTAMPTZ, created_at_column, metadata, tenant_id_column
from lti_tool.tables.people import person

# A Slack or Teams channel that receives a programme's digest. Its URL lets anybody who has it
# post to the channel, so it is sealed.
channel = Table(
    "channel",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("programme", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url_sealed", Text, nullable=False),
    # Whether it gets a question on each working day.
    Column("daily_tip", Boolean, nullable=False, server_default="false"),
    created_at_column(),
    CheckConstraint("kind IN ('slack', 'teams')", name="kind_known"),
    Index(None, "tenant_id", "programme"),
)

# When a person wants to be reminded (lti_tool.programmes.working_time.ReminderHours); without a
# row, in working hours.
reminder_times = Table(
    "reminder_times",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("weekdays", ARRAY(SmallInteger), nullable=False),
    Column("begins", Time, nullable=False),
    Column("ends", Time, nullable=False),
)

# Outbox of posts to a channel; ``key`` names the subject: the same post is sent once.
channel_post = Table(
    "channel_post",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("channel_id", ForeignKey(channel.c.id, ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("queued_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("sent_at", TIMESTAMPTZ),
    Column("refused", Text),
    UniqueConstraint("tenant_id", "channel_id", "key"),
    Index(
        None,
        "tenant_id",
        "next_try_at",
        postgresql_where=text("sent_at IS NULL AND refused IS NULL"),
    ),
)
