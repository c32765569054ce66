"""Tables of facts, of reports and figures computed from them, and of business data and decisions
about figures. They lie in schema ``analytics``. The migrations of ``lrs`` create them, because
they lay in its schema once.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import KEY_NAMES
from lrs.feed import tenant

SCHEMA = "analytics"
metadata = MetaData(schema=SCHEMA, naming_convention=KEY_NAMES)
_TIMESTAMPTZ = DateTime(timezone=True)

NO_EPISODE = UUID(int=0)  # in ``uncountable``: the statement belongs to none
uncountable = Table(
    "uncountable",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    # The episode for which it does not count: its own, or one that borrows it (NO_EPISODE: it
    # belongs to none). One statement may have a row for each.
    Column("registration", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Index(None, "tenant_id", "registration"),
)
# How many statements no figure wants: of other systems, of no certification. A day is counted again
# after something happened to it (unwanted_day; ``taken``: by the count that runs).
unwanted = Table(
    "unwanted",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("statements", BigInteger, nullable=False),
)
unwanted_day = Table(
    "unwanted_day",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("taken", Boolean, primary_key=True),
)
# Facts are recomputed from an episode's statements (analytics.facts). ``learner`` and
# ``rater`` are keys of agents, after merges.
fact_episode = Table(
    "fact_episode",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("programme_version", Text),
    Column("anchor", _TIMESTAMPTZ, nullable=False),
    Column("wave", Text),
    Column("team", Text),
    Column("site", Text),
    Column("role", Text),
    Column("experience", Text),
    # When the learner entered the audience, and left it.
    Column("registered_at", _TIMESTAMPTZ),
    Column("left_at", _TIMESTAMPTZ),
    # Exam result of the certification, a share from 0 to 1.
    Column("exam", Float),
    # The same for the test before the training; and how long the training took.
    Column("pre_test", Float),
    Column("training_seconds", Integer),
    # All in seconds since the anchor: the plan, "no opportunity", the first use of at least each
    # evidence grade.
    Column("planned_seconds", Integer),
    Column("no_opportunity_seconds", Integer),
    Column("used_1_seconds", Integer),
    Column("used_2_seconds", Integer),
    Column("used_3_seconds", Integer),
    Column("used_4_seconds", Integer),
    # Distinct tasks of the plan, and of verified uses.
    Column("tasks_used", SmallInteger, nullable=False),
    Column("tasks_verified", SmallInteger, nullable=False),
    # The second of two consecutive qualified observations at or above the rubric's bar.
    Column("competent_seconds", Integer),
    # The latest observation 90 days or more after the first verified use; None if there was
    # none.
    Column("sustained", Boolean),
    Index(None, "tenant_id", "programme"),
    Index(None, "tenant_id", "learner"),
)
fact_recall = Table(
    "fact_recall",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    # A key of INTERVALS, or "baseline".
    Column("interval", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("ord", BigInteger, nullable=False),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("competency", Text),
    Column("seconds_since_anchor", Integer, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("rapid", Boolean, nullable=False),
    # How long the answer took, and the keys that were chosen (only for choice, true-false,
    # matching and sequencing).
    Column("took_seconds", Float),
    Column("response", Text),
    Index(None, "tenant_id", "programme", "item"),
)
# One row for each episode and interval: what was due, what was answered. A roll-up of
# fact_recall together with fact_activity.
fact_check = Table(
    "fact_check",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("interval", Text, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("due_at", _TIMESTAMPTZ),
    Column("done_at", _TIMESTAMPTZ),
    Column("asked", SmallInteger, nullable=False),
    Column("right", SmallInteger, nullable=False),
    Column("rapid", SmallInteger, nullable=False),
    Index(None, "tenant_id", "programme", "interval"),
)
# The same by competency: the source of weak domains and heat maps.
fact_competency = Table(
    "fact_competency",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("competency", Text, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    # In checks: questions asked and answered right. In assessments by others: ratings, and how
    # many reached the bar.
    Column("asked", Integer, nullable=False),
    Column("right", Integer, nullable=False),
    Column("rated", Integer, nullable=False),
    Column("reached", Integer, nullable=False),
    Index(None, "tenant_id", "programme"),
)
fact_use = Table(
    "fact_use",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    # A statement of another system may be a use in two programmes.
    Column("registration", Uuid, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("evidence_grade", SmallInteger, nullable=False),
    Column("seconds_since_anchor", Integer, nullable=False),
    Index(None, "tenant_id", "programme"),
)
fact_activity = Table(
    "fact_activity",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("activity", Text, primary_key=True),
    # What it is: check, plan, exercise, exercise review, case study, feedback, behaviour
    # assessment, follow-up, meeting, other.
    Column("kind", Text, nullable=False),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("due_at", _TIMESTAMPTZ, nullable=False),
    Column("started_at", _TIMESTAMPTZ),
    Column("done_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "programme", "kind", "due_at"),
)
# One row for each criterion of an assessment. ``subject`` is the episode, or the case of a
# calibration.
fact_rating = Table(
    "fact_rating",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("criterion", Text, primary_key=True),
    Column("registration", Uuid),
    Column("subject", Text, nullable=False),
    Column("calibration", Boolean, nullable=False),
    Column("programme", Text, nullable=False),
    Column("competency", Text),
    Column("rater", BigInteger, nullable=False),
    Column("relation", Text),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("levels", SmallInteger, nullable=False),
    Column("reached", Boolean),
    Index(None, "tenant_id", "registration"),
    Index(None, "tenant_id", "programme", "calibration"),
)
# Use of the product itself; of no episode.
fact_presence = Table(
    "fact_presence",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("agent", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("team", Text),
    Column("site", Text),
    Column("role", Text),
    Column("at", _TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "programme", "what", "at"),
)
# Two agents that are the same person: everything that names ``alias`` counts as ``agent``. An
# undone row stays, as history.
person_merge = Table(
    "person_merge",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("merge_id", BigInteger, Identity(always=True), primary_key=True),
    Column("alias", BigInteger, nullable=False),
    Column("agent", BigInteger, nullable=False),
    Column("alias_identity", Text, nullable=False),
    Column("agent_identity", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("undone_at", _TIMESTAMPTZ),
    Index(
        "uq_person_merge_alias",
        "tenant_id",
        "alias",
        unique=True,
        postgresql_where=text("undone_at IS NULL"),
    ),
    Index(None, "tenant_id", "agent"),
)
# What an activity of another system counts as in a programme (analytics.facts.external). An
# undone row stays, as history.
activity_mapping = Table(
    "activity_mapping",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("mapping_id", BigInteger, Identity(always=True), primary_key=True),
    Column("activity", Text, nullable=False),
    Column("activity_key", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("counts_as", Text, nullable=False),
    # Competency of its answers if they name none themselves.
    Column("competency", Text),
    # Evidence grade of its uses if they give none themselves.
    Column("evidence_grade", SmallInteger),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("undone_at", _TIMESTAMPTZ),
    # Up to where its statements were looked through for actors.
    Column("read_ord", BigInteger, nullable=False, server_default=text("'-9223372036854775808'")),
    Index(
        "uq_activity_mapping_place",
        "tenant_id",
        "activity_key",
        "programme",
        unique=True,
        postgresql_where=text("undone_at IS NULL"),
    ),
)
# Actors of statements about a mapped activity (analytics.store.mapped_actors).
mapped_actor = Table(
    "mapped_actor",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("mapping_id", BigInteger, primary_key=True),
    Column("agent", BigInteger, primary_key=True),
    Column("identity", Text, nullable=False),
    Index(None, "tenant_id", "agent"),
)
# Statements that count for an episode although they do not name its registration.
borrowed = Table(
    "borrowed",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Index(None, "tenant_id", "ord"),
)
# Programmes whose facts changed since their reports were computed: a row for each change.
uncomputed = Table(
    "uncomputed",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("mark", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
)
# Reports that take longer to compute than a page may: computed by a job
# (analytics.jobs.materialize_reports).
computed = Table(
    "computed",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("report", Text, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("watermark", _TIMESTAMPTZ, nullable=False),
    Column("computed_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# Reference values and weights of the scorecard: each change is a version, with who decided it.
# A programme without one uses the default.
scorecard = Table(
    "scorecard",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("lines", JSON, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# A figure of a completed week, as it was published. A figure that turned out different stays,
# with when, by whom and why it was restated.
week_figure = Table(
    "week_figure",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("figure_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    # A key of analytics.weekly_series.WEEKLY_SERIES.
    Column("series", Text, nullable=False),
    # Empty: the whole programme.
    Column("team", Text, nullable=False),
    # The Monday on which the week begins.
    Column("week", Date, nullable=False),
    Column("numerator", Integer, nullable=False),
    Column("denominator", Integer, nullable=False),
    Column("learners", Integer, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("restated_at", _TIMESTAMPTZ),
    Column("restated_by", Text),
    Column("restated_why", Text),
    Index(
        "uq_week_figure_place",
        "tenant_id",
        "programme",
        "series",
        "team",
        "week",
        unique=True,
        postgresql_where=text("restated_at IS NULL"),
    ),
    Index("ix_week_figure_trace", "tenant_id", "programme", "series", "team", "figure_id"),
)
# Something that needs attention: a figure that fell beyond ordinary variation, or facts that a
# recount changed.
alarm = Table(
    "alarm",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("alarm_id", BigInteger, Identity(always=True), primary_key=True),
    # Empty if it concerns no programme.
    Column("programme", Text, nullable=False),
    # A key of analytics.weekly_series.WEEKLY_SERIES, or "self-check".
    Column("series", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("owner", Text, nullable=False),
    # owner, sponsor, steering (analytics.statistics.control_rules)
    Column("level", Text, nullable=False),
    Column("weeks", SmallInteger, nullable=False),
    Column("calm", SmallInteger, nullable=False),
    Column("history", Text, nullable=False),
    # The week that was evaluated last.
    Column("week", Date, nullable=False),
    # Of published figures; otherwise of live ones.
    Column("published", Boolean, nullable=False, server_default=false()),
    Column("opened_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("changed_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("ended_at", _TIMESTAMPTZ),
    Index(
        "uq_alarm_open",
        "tenant_id",
        "programme",
        "series",
        "team",
        "published",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(None, "tenant_id", "programme", "alarm_id"),
)
# Somebody decided that a weekly figure has a new level: weeks before are no baseline any more. Each
# decision a row.
baseline = Table(
    "baseline",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("baseline_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("team", Text, nullable=False),
    # The Monday on which its first week begins.
    Column("since", Date, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Index(None, "tenant_id", "programme", "baseline_id"),
)
# A requested export file, generated by a job: what it contains, its progress, where its bytes
# are (their SHA-2) until it expires.
export = Table(
    "export",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("export_id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("individual", Boolean, nullable=False),
    Column("who", Text, nullable=False),
    Column("asked_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    # A person was erased while it was generated: it must be generated again.
    Column("stale", Boolean, nullable=False, server_default=false()),
    Column("rows_done", BigInteger, nullable=False, server_default="0"),
    Column("rows_in_all", BigInteger),
    Column("finished_at", _TIMESTAMPTZ),
    Column("failed", Text),
    Column("manifest", JSON),
    Column("sha2", Text),
    Column("bytes", BigInteger),
    Column("expires_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "finished_at"),
    Index("uq_export_key", "tenant_id", "key", unique=True),
)
# A KPI that a programme is meant to improve.
kpi = Table(
    "kpi",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("kpi", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("unit", Text, nullable=False),
    # Whether a higher value is better.
    Column("more_is_better", Boolean, nullable=False),
    Column("baseline", Float),
    Column("target", Float),
    Column("owner", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("frequency", Text, nullable=False),
    # Whether the order of the waves was randomised: then the evidence is the strongest
    # available.
    Column("waves_randomised", Boolean, nullable=False, server_default=false()),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# The value of a subject in a period. A corrected value stays, with who replaced it and why.
kpi_reading = Table(
    "kpi_reading",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("reading_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    Column("kpi", Text, nullable=False),
    # person (an account's name), team or site
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("value", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("replaced_at", _TIMESTAMPTZ),
    Column("replaced_by", Text),
    Column("replaced_why", Text),
    Index(
        "uq_kpi_reading_place",
        "tenant_id",
        "programme",
        "kpi",
        "subject_kind",
        "subject",
        "period_start",
        unique=True,
        postgresql_where=text("replaced_at IS NULL"),
    ),
)
# The cost ledger (Phillips): each entry with its source and who signed it off. A wrong entry is
# retracted, never deleted.
cost = Table(
    "cost",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("cost_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("amount", Numeric(18, 2), nullable=False),
    Column("currency", Text),  # None: for entries from before currencies were recorded
    Column("incurred_on", Date, nullable=False),
    Column("hours", Float),
    Column("source", Text, nullable=False),
    Column("signed_off_by", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("taken_back_at", _TIMESTAMPTZ),
    Column("taken_back_why", Text),
    Index(None, "tenant_id", "programme"),
)
# What a unit of a KPI is worth, and what was forecast: versions, each with its source and who
# signed it off.
valuation = Table(
    "valuation",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("kpi", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# Which tenant a reporting tool's login role belongs to (analytics.store.reporting_views).
reporting_user = Table(
    "reporting_user",
    metadata,
    Column("role", Text, primary_key=True),
    Column(
        "tenant_id",
        Integer,
        ForeignKey(tenant.c.tenant_id, name="fk_reporting_user_tenant"),
        nullable=False,
    ),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Index(None, "tenant_id"),
)

# Published values (docs/privacy.md). How a programme publishes: the dimension whose values its
# packets have, and how many people one has at least. A programme without a row uses the defaults.
publishing_rule = Table(
    "publishing_rule",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("dimension", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# People whose facts are published together, for good. ``dimension`` is the one that was declared
# when it was formed; a frozen one lost a member, and is never counted again.
packet = Table(
    "packet",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("packet_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    Column("wave", Text),
    Column("dimension", Text, nullable=False),
    Column("value", Text),
    Column("pooled", Boolean, nullable=False),
    Column("formed_on", Date, nullable=False),
    Column("people", Integer, nullable=False),
    # The Monday after the last certification: its windows are over when they are over from then on.
    # No instant of one person follows from that.
    Column("certified_by", Date, nullable=False),
    Column("frozen_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "programme"),
)
packet_member = Table(
    "packet_member",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("packet_id", BigInteger, nullable=False),
    Column("learner", BigInteger, nullable=False),
    Index(None, "tenant_id", "packet_id"),
    Index(None, "tenant_id", "learner"),
)
# Who is in no packet yet, and since which Monday.
packet_waiting = Table(
    "packet_waiting",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("programme", Text, nullable=False),
    Column("since", Date, nullable=False),
)
# What was counted of a part of a metric, over one packet or several that are published together.
# ``sums`` are additive rows as the metric's select gives them; ``contributions`` (slot → keys of
# agents) are whose facts they hold. A corrected row stays, as a trace. Nobody reads these rows but
# the publishing job.
published_row = Table(
    "published_row",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("row_id", BigInteger, Identity(always=True), primary_key=True),
    Column("programme", Text, nullable=False),
    Column("packets", ARRAY(BigInteger), nullable=False),
    Column("metric", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("part", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("sums", JSON, nullable=False),
    Column("contributions", JSON, nullable=False),
    Column("released_at", _TIMESTAMPTZ, nullable=False),
    Column("replaced_at", _TIMESTAMPTZ),
    Index(None, "tenant_id", "programme", "metric"),
)
# What everybody reads: the values of each part of a metric over the whole programme ("programme"),
# a wave, a value of the dimension ("team", "site", "role"), or who was certified in a month
# ("month"); programme "" is all of them together.
published_value = Table(
    "published_value",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("scope_value", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    # Days after the certification at which people were looked at.
    Column("day", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("numerator", Float),
    Column("denominator", Float),
    Column("value", Float),
    Column("ci_low", Float),
    Column("ci_high", Float),
    Column("people", Integer),
    Column("flags", JSON, nullable=False),
    # "shown", "waiting" (``waits_until``: not before that day) or "too few".
    Column("status", Text, nullable=False),
    Column("waits_until", Date),
    Column("released_at", _TIMESTAMPTZ, nullable=False),
)
# What programmes, competencies and questions of published values are called: language -> title. No
# row for one that no statement named.
published_title = Table(
    "published_title",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("activity", Text, primary_key=True),
    Column("titles", JSON, nullable=False),
)
# What is of no certification (looking in, mails), by programme and month: "YYYY-MM", several months
# where fewer than five people are in one. ``sums`` as in ``published_row``.
published_month = Table(
    "published_month",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("first_month", Text, primary_key=True),
    Column("last_month", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("sums", JSON, nullable=False),
    Column("released_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# That somebody asked for values to be published before the week is over.
publication_request = Table(
    "publication_request",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)
# Each time that values were published: what came, and up to where statements were counted.
publication = Table(
    "publication",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("publication_id", BigInteger, Identity(always=True), primary_key=True),
    Column("monday", Date, nullable=False),
    Column("watermark", _TIMESTAMPTZ, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("packets", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("corrected", Integer, nullable=False),
)
