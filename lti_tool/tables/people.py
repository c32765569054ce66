"""Tables of people, who they are in each LMS, and their courses."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lti_tool.tables.base import platform_registration
from lti_tool.tables.metadata import TIMESTAMPTZ, created_at_column, metadata, tenant_id_column

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    # From the organisation's list: the id there, manager and mentor, workplace and working
    # time. Empty: not given.
    Column("external_id", Text),
    Column("manager_id", ForeignKey("person.id")),
    Column("mentor_id", ForeignKey("person.id")),
    Column("team", Text, nullable=False, server_default=""),
    Column("site", Text, nullable=False, server_default=""),
    Column("job_role", Text, nullable=False, server_default=""),
    Column("experience", Text, nullable=False, server_default=""),
    Column("started_on", Date),
    Column("time_zone", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
    Column("working_days", ARRAY(SmallInteger), nullable=False, server_default="{}"),
    # An uncertified peer, imported for comparison.
    Column("comparison", Boolean, nullable=False, server_default="false"),
    Column("imported_at", TIMESTAMPTZ),
    created_at_column(),
    Index(None, "tenant_id"),
    Index(
        "uq_person_external_id",
        "tenant_id",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
    ),
    Index(
        "ix_person_email", text("lower(email)"), "tenant_id", postgresql_where=text("email <> ''")
    ),
    Index(None, "tenant_id", "manager_id", postgresql_where=text("manager_id IS NOT NULL")),
    Index(None, "tenant_id", "mentor_id", postgresql_where=text("mentor_id IS NOT NULL")),
)

# Roles that follow neither from a launch nor from the list: running programmes, seeing all
# figures, protecting data.
role_grant = Table(
    "role_grant",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("granted_by", Text, nullable=False),
    created_at_column(),
)

identity = Table(
    "identity",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    # The organisation's id of the person, as sent by the platform (lis.person_sourcedid, or the
    # custom parameter person_id).
    Column("sourced_id", Text, nullable=False, server_default=""),
    # Why this LMS user is linked to this person, since when, and on whose word
    # (lti_tool.people.people_store).
    Column("joined_by", Text, nullable=False, server_default="met"),
    Column("joined_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("joined_who", Text, nullable=False, server_default=""),
    Index(None, "tenant_id", "person_id"),
)

# Who the actor (an identity: lrs.xapi.actors) of other systems' statements is, and what made it so
# (lti_tool.people.actor_links_store). ``counts_as``, ``merge_id``: what the record store was told.
actor_link = Table(
    "actor_link",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id)),
    # The user of an LMS that the actor names; or, of an address, nothing and the address.
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("subject", Text, nullable=False),
    Column("joined_by", Text, nullable=False),
    Column("joined_who", Text, nullable=False),
    Column("joined_at", TIMESTAMPTZ, nullable=False),
    Column("counts_as", Uuid),
    Column("merge_id", BigInteger),
    # Why the record store does not take it, and when it said so last.
    Column("refusal", Text, nullable=False),
    Column("tried_at", TIMESTAMPTZ),
    Index(None, "tenant_id", "person_id"),
)

# A code with which somebody proves to be a listed person: mailed to that person's address for
# one LMS user, or shown after a sign-in.
join_code = Table(
    "join_code",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("joined_by", Text, nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("subject", Text),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

course = Table(
    "course",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    # Identifies a course: a context id is unique only within its deployment, and a launch
    # without one counts as a course of its own resource link.
    Column("key", Text, nullable=False),
    Column("context_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("memberships_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("groups_url", Text, nullable=False, server_default=""),
    # When to read the roster next; null if the LMS offers none.
    Column("roster_due_at", TIMESTAMPTZ),
    # Whether the LMS says that it is a copy of another course; and its term.
    Column("copied", Boolean, nullable=False, server_default="false"),
    Column("term", Text, nullable=False, server_default=""),
    # The wave of who is certified in it: programme → key, or name.
    Column("waves", JSONB, nullable=False, server_default="{}"),
    created_at_column(),
    UniqueConstraint("tenant_id", "registration_id", "key"),
    Index(None, "tenant_id", "registration_id", "context_id"),
)

membership = Table(
    "membership",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("seen_at", TIMESTAMPTZ, nullable=False),
    # When a launch gave the role last; null where a roster did.
    Column("launched_at", TIMESTAMPTZ),
    # Whether a roster ever listed the person as a teacher.
    Column("listed_as_teacher", Boolean, nullable=False, server_default="false"),
    Index(None, "tenant_id", "person_id"),
)

# The groups that the LMS has in a course. One that it lists no more stays, for what was made from
# it.
course_group = Table(
    "course_group",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("key", Text, primary_key=True),  # The LMS's id of the group.
    Column("name", Text, nullable=False),
    Column("listed", Boolean, nullable=False),
)

# Who is in them, as the course's roster says it.
course_group_member = Table(
    "course_group_member",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("seen_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

roster_run = Table(
    "roster_run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("course_id", ForeignKey(course.c.id), nullable=False),
    Column("started_at", TIMESTAMPTZ, nullable=False),
    Column("finished_at", TIMESTAMPTZ),
    Column("pages", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("arrived", Integer, nullable=False),
    Column("departed", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    # Who can do something about it: a name of lti_tool.base.launch_errors.Turn.
    Column("turn", Text, nullable=False, server_default=""),
    # While it is not finished: the page to go on with.
    Column("next_url", Text, nullable=False, server_default=""),
    # Entries that could not be read.
    Column("skipped", Integer, nullable=False, server_default=text("0")),
    # False where it may have missed somebody: then nobody leaves the course by it.
    Column("whole", Boolean, nullable=False, server_default=text("true")),
    # The course's groups that were read with it, how many entries of their list could not be read,
    # and why the list was not read to its end: then the groups stay as they were.
    Column("groups", Integer, nullable=False, server_default=text("0")),
    Column("groups_skipped", Integer, nullable=False, server_default=text("0")),
    Column("groups_reason", Text, nullable=False, server_default=""),
    Index(None, "tenant_id", "course_id", "id"),
)
