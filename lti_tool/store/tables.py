"""The tables of schema ``lti_tool``."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "lti_tool"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)
_TIMESTAMPTZ = DateTime(timezone=True)


def _tenant_id_column() -> Column[int]:
    return Column("tenant_id", Integer, nullable=False)


def _created_at_column() -> Column[object]:
    return Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now())


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
    Column("signs_from", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("retires_at", _TIMESTAMPTZ),
    _created_at_column(),
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
    _created_at_column(),
)

platform_registration = Table(
    "platform_registration",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _tenant_id_column(),
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
    _created_at_column(),
    CheckConstraint("status IN ('pending', 'approved', 'disabled', 'removed')", name="status_known"),
    CheckConstraint("names_people IN ('nobody', 'id', 'id or address')", name="names_people_known"),
    # One registration per issuer and client; a removed one does not count.
    Index("uq_platform_registration_issuer_client_id", "issuer", "client_id", unique=True, postgresql_where=text("status <> 'removed'")),
    Index(None, "tenant_id"),
)

deployment = Table(
    "deployment",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("deployment_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("first_seen_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    CheckConstraint("status IN ('pending', 'approved', 'refused')", name="status_known"),
)

registration_invite = Table(
    "registration_invite",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("approves", Boolean, nullable=False),
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
    Column("used_at", _TIMESTAMPTZ),
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    _created_at_column(),
    Index(None, "tenant_id"),
)

login_state = Table(
    "login_state",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    _tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("target_link_uri", Text, nullable=False),
    # The parameters of the LMS's request, to restart the login in a window of its own if a
    # frame cannot keep cookies.
    Column("asked", JSONB, nullable=False),
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "expires_at"),
)

launch_log = Table(
    "launch_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
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
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
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
    Column("imported_at", _TIMESTAMPTZ),
    _created_at_column(),
    Index(None, "tenant_id"),
    Index("uq_person_external_id", "tenant_id", "external_id", unique=True, postgresql_where=text("external_id IS NOT NULL")),
    Index("ix_person_email", text("lower(email)"), "tenant_id", postgresql_where=text("email <> ''")),
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
    _created_at_column(),
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
    Column("joined_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("joined_who", Text, nullable=False, server_default=""),
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
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

course = Table(
    "course",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    # Identifies a course: a context id is unique only within its deployment, and a launch
    # without one counts as a course of its own resource link.
    Column("key", Text, nullable=False),
    Column("context_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("memberships_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    # When to read the roster next; null if the LMS offers none.
    Column("roster_due_at", _TIMESTAMPTZ),
    _created_at_column(),
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
    Column("seen_at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

roster_run = Table(
    "roster_run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("course_id", ForeignKey(course.c.id), nullable=False),
    Column("started_at", _TIMESTAMPTZ, nullable=False),
    Column("finished_at", _TIMESTAMPTZ),
    Column("pages", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("arrived", Integer, nullable=False),
    Column("departed", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "tenant_id", "course_id", "id"),
)

placement = Table(
    "placement",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("resource_link_id", Text, primary_key=True),
    Column("programme", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("title", Text, nullable=False),
    _created_at_column(),
)

launch = Table(
    "launch",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    # Null for a visit started without an LMS: by an e-mailed link, or by the organisation's own
    # sign-in.
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("course_id", ForeignKey(course.c.id)),
    Column("message", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("administers", Boolean, nullable=False),
    Column("locale", Text, nullable=False),
    Column("deployment_id", Text, nullable=False),
    Column("resource_link_id", Text, nullable=False),
    Column("resource_link_title", Text, nullable=False),
    Column("return_url", Text, nullable=False),
    # Where grades of this launch go: its own column, or the course's columns if the tool may
    # create them; empty if it may not send grades.
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("deep_linking", JSONB),
    Column("review_of", Text, nullable=False),
    Column("created_at", _TIMESTAMPTZ, nullable=False),
    Column("seen_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "course_id"),
    Index(None, "tenant_id", "expires_at"),
)

# Where a learner's grades of a programme go, according to the latest launch: for quizzes opened
# without the LMS.
grade_place = Table(
    "grade_place",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("course_id", ForeignKey(course.c.id), nullable=False),
    Column("subject", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("seen_at", _TIMESTAMPTZ, nullable=False),
)

# The programme as its author edits it; publishing creates a version of it. ``revision``
# increases with each change, so that two editors never overwrite each other.
programme_draft = Table(
    "programme_draft",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("saved_at", _TIMESTAMPTZ, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("archived_at", _TIMESTAMPTZ),
)

picture = Table(
    "picture",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _created_at_column(),
)

programme_version = Table(
    "programme_version",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    _created_at_column(),
)

episode = Table(
    "episode",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("programme", Text, nullable=False),
    Column("programme_version", Integer, nullable=False),
    Column("certified_at", _TIMESTAMPTZ, nullable=False),
    Column("wave", Text, nullable=False, server_default=""),
    # Where the certification came from: a teacher, a file, a gradebook, a statement, a badge.
    Column("source", Text, nullable=False, server_default="teacher"),
    Column("left_at", _TIMESTAMPTZ),
    _created_at_column(),
    UniqueConstraint("tenant_id", "person_id", "programme"),
    Index(None, "tenant_id", "programme", "certified_at"),
)

# Results of the certification exam by competency; the competency is empty if only the total
# score is known.
exam_score = Table(
    "exam_score",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("competency", Text, primary_key=True),
    Column("share", Float, nullable=False),
    CheckConstraint("share >= 0 AND share <= 1", name="share_within"),
)

# A period in which nothing is due for a person: leave, illness, the end of a project.
# ``until_at`` is null while its end is unknown.
hold = Table(
    "hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("from_at", _TIMESTAMPTZ, nullable=False),
    Column("until_at", _TIMESTAMPTZ),
    Column("set_by", Text, nullable=False),
    _created_at_column(),
    CheckConstraint("until_at > from_at", name="forwards"),
    Index(None, "tenant_id", "episode_id"),
)

# The state of a memory model (FSRS) for a competency after a lapse, with the time of its next
# review.
memory = Table(
    "memory",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("competency", Text, primary_key=True),
    Column("card", JSONB, nullable=False),
    Column("due_at", _TIMESTAMPTZ, nullable=False),
)

scheduled_check = Table(
    "scheduled_check",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("interval", Text, primary_key=True),
    Column("due_at", _TIMESTAMPTZ, nullable=False),
    Column("opens_at", _TIMESTAMPTZ, nullable=False),
    Column("closes_at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "due_at"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("interval", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("course_id", ForeignKey(course.c.id)),
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("subject", Text, nullable=False),
    Column("started_at", _TIMESTAMPTZ, nullable=False),
    Column("finished_at", _TIMESTAMPTZ),
    Column("right_answers", SmallInteger),
    # A check measures once: opening it again continues the same attempt.
    Index("uq_attempt_check", "tenant_id", "episode_id", "interval", unique=True, postgresql_where=text("kind IN ('check', 'baseline')")),
    # Other quizzes must be finished before another of the same kind starts.
    Index(
        "uq_attempt_open",
        "tenant_id",
        "episode_id",
        "kind",
        unique=True,
        postgresql_where=text("finished_at IS NULL AND interval = '' AND kind <> 'baseline'"),
    ),
)

answer = Table(
    "answer",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey(attempt.c.id), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("item", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("answered_at", _TIMESTAMPTZ, nullable=False),
    Column("rapid", Boolean, nullable=False, server_default="false"),
    Column("confidence", SmallInteger),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("by_when", Date),
    Column("with_whom", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("obstacle", Text, nullable=False),
    Column("saved_at", _TIMESTAMPTZ, nullable=False),
    Column("committed_at", _TIMESTAMPTZ),
    Column("revision", Integer, nullable=False, server_default="0"),
    UniqueConstraint("tenant_id", "episode_id"),
)

# The content of the plan after each commitment and revision.
plan_revision = Table(
    "plan_revision",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("plan_id", ForeignKey(plan.c.id), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("task", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("by_when", Date, nullable=False),
    Column("with_whom", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("obstacle", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
)

# The tasks of this learner's job that show a competency: chosen from the programme's list, or
# added by the learner or the manager.
mapped_task = Table(
    "mapped_task",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("competency", Text, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("added_by", ForeignKey(person.c.id), nullable=False),
    _created_at_column(),
)

# What is due apart from the checks: plan, exercise, its review, case study, feedback on it,
# follow-up.
scheduled_act = Table(
    "scheduled_act",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("act", Text, primary_key=True),
    Column("due_at", _TIMESTAMPTZ, nullable=False),
    Column("done_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "due_at", postgresql_where=text("done_at IS NULL")),
)

# A file that a learner submitted.
document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _created_at_column(),
    Index(None, "tenant_id", "person_id"),
)

# A submission: an exercise on real data, or a case study; it can be changed until somebody has
# reviewed it.
handed_in = Table(
    "handed_in",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("document_id", ForeignKey(document.c.id)),
    # A member of the learner's coaching group whom the learner asked to review it as well.
    Column("peer_id", ForeignKey(person.c.id)),
    Column("revision", Integer, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    CheckConstraint("kind IN ('exercise', 'case study')", name="kind_known"),
    Index(None, "tenant_id", "peer_id", postgresql_where=text("peer_id IS NOT NULL")),
    UniqueConstraint("tenant_id", "episode_id", "kind"),
)

review = Table(
    "review",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("handed_in_id", ForeignKey(handed_in.c.id), nullable=False),
    Column("reviewer_id", ForeignKey(person.c.id), nullable=False),
    Column("relation", Text, nullable=False),
    Column("good", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    # What the training itself failed to cover: it goes to the owner of the programme.
    Column("weak_content", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    UniqueConstraint("tenant_id", "handed_in_id"),
    Index(None, "tenant_id", "reviewer_id"),
)

job_use = Table(
    "job_use",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("plan_id", ForeignKey(plan.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("used_on", Date, nullable=False),
    Column("words", Text, nullable=False),
    Column("reported_at", _TIMESTAMPTZ, nullable=False),
    # A member of the learner's coaching group who saw it, according to the learner.
    Column("peer_id", ForeignKey(person.c.id)),
    # Strength of evidence: 1 the learner, 2 a peer, 3 the supervisor, 4 a record of the work
    # system. The role of whoever confirms decides it.
    Column("grade", SmallInteger, nullable=False, server_default="1"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Index(None, "tenant_id", "plan_id"),
    Index(None, "tenant_id", "peer_id", postgresql_where=text("peer_id IS NOT NULL")),
    CheckConstraint("grade BETWEEN 1 AND 4", name="grade_known"),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("use_id", ForeignKey(job_use.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    # False: the person could not confirm having seen it.
    Column("seen", Boolean, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("words", Text, nullable=False),
    # Where a work system shows it: a record number or URL. Empty: nobody checked.
    Column("record", Text, nullable=False, server_default=""),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

# The learner's honest answer that there was no opportunity to use it.
no_opportunity = Table(
    "no_opportunity",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("words", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "episode_id"),
)

# Answers to two questions 90 days after the first verified use, by the learner and the
# supervisor.
follow_up = Table(
    "follow_up",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("asked", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("still_used", Boolean, nullable=False),
    Column("how_often", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    CheckConstraint("asked IN ('learner', 'supervisor')", name="asked_known"),
    Index(None, "tenant_id", "person_id"),
)

# Somebody's work rated with the rubric. ``levels``: criterion → level, counted from 1; a
# criterion that was not observed is missing.
assessment = Table(
    "assessment",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("rater_id", ForeignKey(person.c.id), nullable=False),
    Column("relation", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("levels", JSONB, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    CheckConstraint("relation IN ('learner', 'peer', 'mentor', 'manager')", name="relation_known"),
    CheckConstraint("method IN ('', 'watching', 'recording', 'simulation')", name="method_known"),
    Index(None, "tenant_id", "episode_id"),
    Index(None, "tenant_id", "rater_id"),
)

# A learner's request to be observed by somebody.
assessment_request = Table(
    "assessment_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("rater_id", ForeignKey(person.c.id), nullable=False),
    # The rater's relation to the learner at the time of the request.
    Column("relation", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("asked_at", _TIMESTAMPTZ, nullable=False),
    Column("done_at", _TIMESTAMPTZ),
    Index("uq_assessment_request_open", "tenant_id", "episode_id", "rater_id", unique=True, postgresql_where=text("done_at IS NULL")),
    Index(None, "tenant_id", "rater_id", postgresql_where=text("done_at IS NULL")),
)

# A rater's levels for a described case; given once, before the agreed levels were shown.
calibration = Table(
    "calibration",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("rater_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("case_key", Text, primary_key=True),
    Column("programme_version", Integer, nullable=False),
    Column("levels", JSONB, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
)

# Where a tenant's people sign in without an LMS (OpenID Connect). ``claim``: the claim that
# holds the list's id; empty: match by address.
sign_in_provider = Table(
    "sign_in_provider",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("authorization_url", Text, nullable=False),
    Column("token_url", Text, nullable=False),
    Column("keys_url", Text, nullable=False),
    _created_at_column(),
)

# A badge (BadgeClass of Open Badges 2, Achievement of Open Badges 3) that lets its holders
# start a programme.
accepted_badge = Table(
    "accepted_badge",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("badge", Text, primary_key=True),
    _created_at_column(),
)

# A gradebook column in which a grade of at least ``share`` of the maximum records a
# certification.
certifying_column = Table(
    "certifying_column",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("url", Text, nullable=False),
    Column("share", Float, nullable=False),
    Column("due_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("begun", Integer, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),
    CheckConstraint("share > 0 AND share <= 1", name="share_within"),
    Index(None, "tenant_id", "due_at"),
)

# An activity of the record store: whoever "earned" it or is "certified" by it starts the
# programme. ``since``: verb → the timestamp from which to read next.
statement_source = Table(
    "statement_source",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("activity", Text, primary_key=True),
    # The home page whose account names are the list's ids; empty: people are matched by address
    # only, since ids of different systems collide.
    Column("home_page", Text, nullable=False, server_default=""),
    Column("since", JSONB, nullable=False, server_default="{}"),
    Column("due_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("begun", Integer, nullable=False, server_default="0"),
    # Statements of the last run that match nobody on the list; they are read again for a while,
    # in case the person is added to the list.
    Column("unmatched", Integer, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),
    Index(None, "tenant_id", "due_at"),
)

# A learner's remark on the content: on a question (``item``), or on the training itself. It
# goes to the owner of the programme.
remark = Table(
    "remark",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("item", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "episode_id"),
)

# A Slack or Teams channel that receives a programme's digest. Its URL lets anybody who has it
# post to the channel, so it is sealed.
channel = Table(
    "channel",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("programme", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url_sealed", Text, nullable=False),
    _created_at_column(),
    CheckConstraint("kind IN ('slack', 'teams')", name="kind_known"),
    Index(None, "tenant_id", "programme"),
)

# Outbox of posts to a channel; ``key`` names the subject: the same post is sent once.
channel_post = Table(
    "channel_post",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("channel_id", ForeignKey(channel.c.id, ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("queued_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("sent_at", _TIMESTAMPTZ),
    Column("refused", Text),
    UniqueConstraint("tenant_id", "channel_id", "key"),
    Index(None, "tenant_id", "next_try_at", postgresql_where=text("sent_at IS NULL AND refused IS NULL")),
)

# Somebody used the tool, or viewed figures: at most one row per day.
presence = Table(
    "presence",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("day", Date, primary_key=True),
)

statement_outbox = Table(
    "statement_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("statement_id", Uuid, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("refused", Text),
    UniqueConstraint("tenant_id", "statement_id"),
    Index(None, "tenant_id", "next_try_at"),
)

grade_outbox = Table(
    "grade_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("attempt_id", ForeignKey(attempt.c.id), nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("course_id", ForeignKey(course.c.id)),
    # The column if the launch named it; else the course's columns and the resource id: the
    # column is found or created before the first grade.
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    # The place as one text: a newer grade replaces an older one of the same place.
    Column("place", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    # The end of the sender's lease; if a lease expired without an outcome, the grade may still
    # have arrived.
    Column("leased_until", _TIMESTAMPTZ),
    Column("resends", Integer, nullable=False, server_default="0"),
    Column("sent_at", _TIMESTAMPTZ),
    Column("refused", Text),
    # Why the last try failed, while it waits.
    Column("trouble", Text),
    Column("replaced", Boolean, nullable=False, server_default="false"),
    CheckConstraint("score >= 0 AND score <= maximum", name="score_within"),
    UniqueConstraint("tenant_id", "attempt_id"),
    Index(None, "tenant_id", "next_try_at", postgresql_where=text("sent_at IS NULL AND refused IS NULL AND NOT replaced")),
    Index(None, "tenant_id", "place", "subject"),
    Index(None, "tenant_id", "course_id", "id"),
)

line_item = Table(
    "line_item",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("maximum", Float, nullable=False),
    _created_at_column(),
)

admin_session = Table(
    "admin_session",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("who", Text, nullable=False),
    # The hash of the one-time link until it is used; then of the session secret.
    Column("link_hash", LargeBinary, unique=True),
    Column("secret_hash", LargeBinary),
    Column("expires_at", _TIMESTAMPTZ, nullable=False),
    _created_at_column(),
    Index(None, "tenant_id", "expires_at"),
)

# Append-only: the app role may neither update nor delete here.
audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Index(None, "tenant_id", "audit_id"),
)

# Peers of one programme who meet every two weeks for three months.
coaching_group = Table(
    "coaching_group",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("programme", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("formed_at", _TIMESTAMPTZ, nullable=False),
    UniqueConstraint("tenant_id", "programme", "number"),
)

group_member = Table(
    "group_member",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Index(None, "tenant_id", "group_id"),
)

meeting = Table(
    "meeting",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Column("held_at", _TIMESTAMPTZ),
    UniqueConstraint("tenant_id", "group_id", "number"),
    Index(None, "tenant_id", "at"),
)

attendance = Table(
    "attendance",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("meeting_id", ForeignKey(meeting.c.id), primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Index(None, "tenant_id", "episode_id"),
)

# What a member of the group agreed to do; it is carried over from meeting to meeting until it
# is closed.
agreed_action = Table(
    "agreed_action",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("words", Text, nullable=False),
    Column("due_on", Date),
    Column("agreed_at", _TIMESTAMPTZ, nullable=False),
    Column("closed_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "group_id"),
    Index(None, "tenant_id", "episode_id"),
)

# Outbox of mail to people. ``key`` names the subject: the same mail is sent once.
mail = Table(
    "mail",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("words", Text, nullable=False),
    # What its link opens: a page of a visit in this programme. The link is generated when the
    # mail is sent, and is stored nowhere.
    Column("programme", Text, nullable=False),
    Column("path", Text, nullable=False),
    # The report whose chart is attached, and its filters as a query string; empty for none.
    Column("picture", Text, nullable=False, server_default=""),
    Column("queued_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("sent_at", _TIMESTAMPTZ),
    Column("refused", Text),
    Column("opened_at", _TIMESTAMPTZ),
    UniqueConstraint("tenant_id", "person_id", "key"),
    Index(None, "tenant_id", "next_try_at", postgresql_where=text("sent_at IS NULL AND refused IS NULL")),
    Index(None, "tenant_id", "person_id", "id"),
)

mail_stop = Table(
    "mail_stop",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),
    _created_at_column(),
)

# A file kept between the preview of its import and the confirmation; deleted after a day.
upload = Table(
    "upload",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("purpose", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _created_at_column(),
    Index(None, "tenant_id", "created_at"),
)

# An erasure request and its progress: the tool and the record store are erased in separate
# transactions. When it is done, the person's id is removed from here as well.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant_id_column(),
    Column("person_id", Uuid),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", _TIMESTAMPTZ, nullable=False),
    Column("tool_done_at", _TIMESTAMPTZ),
    Column("done_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "asked_at"),
    Index("uq_erasure_person_id", "tenant_id", "person_id", unique=True, postgresql_where=text("person_id IS NOT NULL")),
)
