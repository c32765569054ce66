"""Tables of the installation: tenants, platforms, the journal, the outbox of statements."""

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
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lti_tool.tables.metadata import TIMESTAMPTZ, created_at_column, metadata, tenant_id_column

# Not per tenant: the installation's id, and its signing keys.
installation = Table("installation", metadata, Column("id", Uuid, primary_key=True))

tool_key = Table(
    "tool_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("private_sealed", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    # A key is published before it signs and after it stopped signing: platforms cache the key
    # set for a while.
    Column("signs_from", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("retires_at", TIMESTAMPTZ),
    created_at_column(),
)

tenant = Table(
    "tenant",
    metadata,
    Column("tenant_id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("lrs_url", Text),
    Column("lrs_key", Text, nullable=False),
    Column("lrs_secret_sealed", Text, nullable=False),
    Column("practice", Boolean, nullable=False),
    # Up to which of the unknown actors (by their keys) somebody was looked for; null: from the
    # first.
    Column("actors_read", BigInteger),
    # Minutes a week that all programmes together may ask of one person.
    Column("weekly_minutes", Integer, nullable=False, server_default="10"),
    # Whether an erasure on the pages takes two people: one asks for it, another confirms it.
    Column("two_erase", Boolean, nullable=False, server_default="true"),
    # The organisation's own colour (#rrggbb) and logo: a picture, and its width in CSS pixels.
    Column("accent", Text),
    Column("logo_digest", Text),
    Column("logo_width", Integer),
    created_at_column(),
)

platform_registration = Table(
    "platform_registration",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("name", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("auth_login_url", Text, nullable=False),
    Column("auth_token_url", Text, nullable=False),
    Column("auth_audience", Text, nullable=False),
    Column("key_set_url", Text, nullable=False),
    # Whether a deployment seen for the first time is approved at once.
    Column("approve_deployments", Boolean, nullable=False),
    # How far its launches and rosters may identify people of the organisation's list: not at
    # all, by the list's id, by id or address.
    Column("names_people", Text, nullable=False, server_default="nobody"),
    # Whether the custom parameter person_id is set for the whole registration: otherwise a
    # teacher could have typed it into one activity.
    Column("wide_parameter", Boolean, nullable=False, server_default="false"),
    # In addition to those derived from the issuer: entered by an administrator, or reported by
    # genuine launches.
    Column("frame_origins", ARRAY(Text), nullable=False),
    # What its roles give otherwise than by default: role -> right (adapters.lms.rights).
    Column("role_rights", JSONB, nullable=False, server_default="{}"),
    # How its plugin's statements name users (lti_tool.people.actor_links_store).
    Column("account_names", Text, nullable=False, server_default=""),
    # Where and with what the tool may change its registration in the LMS (RFC 7592): empty where
    # the LMS offers no such address, or no token of its own for it.
    Column("management_url", Text, nullable=False, server_default=""),
    Column("management_token_sealed", Text, nullable=False, server_default=""),
    # The scopes that the LMS said it knows, when the tool was registered; empty: not known.
    Column("supported_scopes", ARRAY(Text), nullable=False, server_default="{}"),
    created_at_column(),
    CheckConstraint(
        "status IN ('pending', 'approved', 'disabled', 'removed')", name="status_known"
    ),
    CheckConstraint("names_people IN ('nobody', 'id', 'id or address')", name="names_people_known"),
    # One registration per issuer and client; a removed one does not count.
    Index(
        "uq_platform_registration_issuer_client_id",
        "issuer",
        "client_id",
        unique=True,
        postgresql_where=text("status <> 'removed'"),
    ),
    Index(None, "tenant_id"),
)

deployment = Table(
    "deployment",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("deployment_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("first_seen_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    # From where its first launch came, as the launch said: a course or an account, and the host
    # whose pages it was.
    Column("first_course", Text, nullable=False, server_default=""),
    Column("first_host", Text, nullable=False, server_default=""),
    CheckConstraint("status IN ('pending', 'approved', 'refused')", name="status_known"),
)

registration_invite = Table(
    "registration_invite",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("approves", Boolean, nullable=False),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
    Column("used_at", TIMESTAMPTZ),
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    # The only registration that it may bring up to date; none: it registers.
    Column("updates", ForeignKey(platform_registration.c.id)),
    created_at_column(),
    Index(None, "tenant_id"),
)

login_state = Table(
    "login_state",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("target_link_uri", Text, nullable=False),
    # The parameters of the LMS's request, to restart the login in a window of its own if a
    # frame cannot keep cookies.
    Column("asked", JSONB, nullable=False),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "expires_at"),
)

launch_log = Table(
    "launch_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("deployment_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "tenant_id", "registration_id", "id"),
)

access_token = Table(
    "access_token",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("token_sealed", Text, nullable=False),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
)

admin_session = Table(
    "admin_session",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("who", Text, nullable=False),
    # The hash of the one-time link until it is used; then of the session secret.
    Column("link_hash", LargeBinary, unique=True),
    Column("secret_hash", LargeBinary),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
    created_at_column(),
    Index(None, "tenant_id", "expires_at"),
)

# Append-only: the app role may neither update nor delete here.
audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Index(None, "tenant_id", "audit_id"),
)

# A file kept between the preview of its import and the confirmation; deleted after a day.
upload = Table(
    "upload",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("purpose", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    created_at_column(),
    Index(None, "tenant_id", "created_at"),
)

statement_outbox = Table(
    "statement_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("statement_id", Uuid, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("refused", Text),
    UniqueConstraint("tenant_id", "statement_id"),
    Index(None, "tenant_id", "next_try_at"),
)
