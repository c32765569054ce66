"""Deciding how a programme's values are published, and asking for that."""

from __future__ import annotations

from typing import Annotated

import msgspec

from analytics.deps import PUBLISH_JOB, AnalyticsDeps
from analytics.publishing.packets import (
    DEFAULT_RULE,
    MAX_PACKET_SIZE,
    POOLED_AFTER,
)
from analytics.store import published
from analytics.store.published import PublishingRule
from core.errors import BadInput
from lrs import feed
from lrs.vocabulary import MIN_GROUP_SIZE

DIMENSIONS = ("team", "site", "role")


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """How a programme publishes: by which dimension, and how many people a packet has at least."""

    programme: str
    dimension: str = DEFAULT_RULE.dimension
    size: Annotated[int, msgspec.Meta(ge=MIN_GROUP_SIZE, le=MAX_PACKET_SIZE)] = DEFAULT_RULE.size


class HeldBack(msgspec.Struct):
    """Some people of whom nothing is published yet: they are fewer than ``size``, and those who
    wait ``weeks`` are published with others of the programme. Since when is not said: it would be a
    date of one person."""

    wave: str | None
    value: str | None
    size: int
    weeks: int


def decide_rule(deps: AnalyticsDeps, *, tenant_id: int, rule: Rule, who: str) -> None:
    """Decide for packets from now on; those that exist stay as they are."""
    if rule.dimension not in DIMENSIONS:
        raise BadInput(f"dimension is one of {', '.join(DIMENSIONS)}.", path="$.dimension")
    if not rule.programme or "\0" in rule.programme:
        raise BadInput("programme is the IRI of a programme, without NUL.", path="$.programme")
    decided = PublishingRule(rule.dimension, rule.size, who)
    with deps.unit_of_work(tenant_id) as connection:
        published.upsert_rule(connection, tenant_id, rule.programme, decided)
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "decided how values are published",
            {"programme": rule.programme, "dimension": rule.dimension, "size": rule.size},
        )


def request_publication(deps: AnalyticsDeps, *, tenant_id: int, who: str) -> None:
    """Ask for values to be published soon; it happens once a day at most."""
    with deps.unit_of_work(tenant_id) as connection:
        published.request_publication(connection, tenant_id, who)
    deps.job_requests.request_job(PUBLISH_JOB)


def find_rule(deps: AnalyticsDeps, *, tenant_id: int, programme: str) -> PublishingRule:
    """How a programme publishes."""
    with deps.unit_of_work(tenant_id) as connection:
        return published.find_rules(connection, tenant_id).get(programme, DEFAULT_RULE)


def list_held_back(deps: AnalyticsDeps, *, tenant_id: int, programme: str) -> list[HeldBack]:
    """Of which groups of a programme some people wait. How many they are is not told: they are
    fewer than a packet has."""
    with deps.unit_of_work(tenant_id) as connection:
        rule = published.find_rules(connection, tenant_id).get(programme, DEFAULT_RULE)
        found = published.list_waiting_groups(connection, tenant_id, programme, rule.dimension)
    return [HeldBack(row.wave, row.value, rule.size, POOLED_AFTER.days // 7) for row in found]
