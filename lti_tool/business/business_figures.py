"""Business figures, costs, monetary values and the scorecard of a programme: edited here by the
training manager, stored by the record store.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters import kpi, lrs_client, xapi_statements
from adapters.csv_tables import FileRefused
from adapters.kpi import LineProblem, Sheet
from adapters.lrs_client import BusinessFigures, MappingReach, PublishingRule, PublishingState
from core.errors import BadInput
from core.messages import lazy_gettext
from lti_tool.base import journal_store, tenants_store
from lti_tool.base.actor_names import actor_name
from lti_tool.base.deps import ToolDeps
from lti_tool.base.statement_target import open_record_store
from lti_tool.people import directory_store

WEIGHTS_DECIDED, NEW_LEVEL_DECIDED = (
    "decided what the scorecard weighs",
    "decided on a new level",
)  # names of these acts in the journal
COST_CATEGORIES = (
    "needs analysis",
    "design",
    "delivery",
    "facilities",
    "participants' time",
    "evaluation",
    "tool",
    "other",
)  # Phillips & Phillips 2007
READING_FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly")
MAX_SHOWN_FAULTS = 200  # most faulty lines that a page lists


def find_last_decision(
    deps: ToolDeps, tenant_id: int, programme: str, report: str, team: str
) -> tuple[str, datetime] | None:
    """Return who last decided, in this tool, on an assumption of a report (the scorecard's
    weights, the level of a weekly figure), and when; None if nobody did. The record store knows
    only the tool, not the person."""
    act, of = (
        (WEIGHTS_DECIDED, {})
        if report == "scorecard"
        else (NEW_LEVEL_DECIDED, {"series": report, "team": team})
    )
    with deps.unit_of_work(tenant_id) as connection:
        result = journal_store.find_latest_act(
            connection, tenant_id, act, {"programme": programme, **of}
        )
    return (actor_name(result.who), result.at) if result else None


@dataclass(frozen=True)
class ReadingsPreview:
    """A preview of importing a file of readings: ``outcome`` has the counts of new, known and
    corrected readings, and warnings; None if lines are invalid.
    """

    sheet: Sheet
    columns: dict[str, str]
    wrong: list[LineProblem]
    outcome: dict[str, Any] | None
    lines: list[int]


class ProgrammeBusiness:
    """One programme's business figures, as edited by one person."""

    def __init__(self, deps: ToolDeps, tenant_id: int, programme: str, who: str) -> None:
        self._deps, self._tenant_id, self._who, self._key = deps, tenant_id, who, programme
        self.programme = xapi_statements.ProgrammeRef(programme, "", "").iri
        self._client, self._store, _ = open_record_store(deps, tenant_id)

    def load_figures(self) -> BusinessFigures:
        """Load the business figures. Raise OutsideCallFailed if the record store is
        unavailable.
        """
        return lrs_client.fetch_business_figures(self._client, self._store, self.programme)

    def name_kpi(self, key: str, definition: Mapping[str, Any]) -> None:
        """Define a business figure, or change its name and reference values."""
        lrs_client.define_kpi(self._client, self._store, self.programme, key, definition)
        self._audit("named a business figure", {"kpi": key})

    def value_kpi(self, key: str, valuation: Mapping[str, Any]) -> None:
        """Set the monetary value of one unit of a figure."""
        lrs_client.set_kpi_valuation(self._client, self._store, self.programme, key, valuation)
        self._audit(
            "said what a business figure is worth",
            {"kpi": key, "signed_off_by": valuation["signed_off_by"]},
        )

    def add_cost(self, cost: Mapping[str, Any]) -> None:
        """Add a cost to the ledger."""
        lrs_client.post_cost(self._client, self._store, {"programme": self.programme, **cost})
        self._audit("added a cost", {"category": cost["category"], "amount": cost["amount"]})

    def withdraw_cost(self, cost: int, why: str) -> None:
        """Withdraw a cost from the ledger."""
        lrs_client.delete_cost(self._client, self._store, cost, why)
        self._audit("took a cost back", {"cost": cost, "why": why})

    def set_scorecard_weights(self, lines: list[dict[str, Any]]) -> None:
        """Set the weights of the scorecard."""
        lrs_client.put_scorecard(self._client, self._store, self.programme, lines)
        self._audit(WEIGHTS_DECIDED, {"lines": len(lines)})

    def declare_new_level(self, decision: Mapping[str, str]) -> None:
        """Declare that a weekly figure has had a new baseline level since a given week."""
        lrs_client.post_baseline(
            self._client, self._store, {"programme": self.programme, **decision}
        )
        self._audit(NEW_LEVEL_DECIDED, dict(decision))

    def load_rule(self) -> PublishingRule:
        """How its values are published. Raise OutsideCallFailed if the record store is
        unavailable.
        """
        return lrs_client.fetch_publishing_rule(self._client, self._store, self.programme)

    def load_publishing_state(self) -> PublishingState:
        """When values were published, and who waits for it. Raise OutsideCallFailed if the record
        store is unavailable.
        """
        return lrs_client.fetch_publishing_state(self._client, self._store, self.programme)

    def decide_rule(self, rule: PublishingRule) -> None:
        """Decide how its values are published from now on."""
        lrs_client.put_publishing_rule(self._client, self._store, self.programme, rule)
        self._audit(
            "decided how values are published", {"dimension": rule.dimension, "size": rule.size}
        )

    def publish_soon(self) -> None:
        """Ask for values to be published soon."""
        lrs_client.post_publication(self._client, self._store)
        self._audit("asked for values to be published", {})

    def mappings(self) -> list[dict[str, Any]]:
        """List how activities of other systems are counted. Raise OutsideCallFailed if the
        record store is unavailable.
        """
        return lrs_client.fetch_activity_mappings(self._client, self._store, self.programme)

    def mapping_reach(self) -> dict[int, MappingReach]:
        """What reached each activity that counts, and of whom. Raise OutsideCallFailed if the
        record store is unavailable.
        """
        return lrs_client.fetch_mapping_reach(self._client, self._store, self.programme)

    def map_activity(self, mapping: Mapping[str, Any]) -> None:
        """Map an activity of another system, so that it counts."""
        lrs_client.post_activity_mapping(
            self._client, self._store, {"programme": self.programme, **mapping}
        )
        self._audit("mapped an activity", dict(mapping))

    def unmap_activity(self, mapping: int) -> None:
        """Remove the mapping of an activity."""
        lrs_client.delete_activity_mapping(self._client, self._store, mapping)
        self._audit("undid the mapping of an activity", {"mapping": mapping})

    def preview_readings(
        self, content: bytes, key: str, columns: Mapping[str, str] | None, form: Mapping[str, str]
    ) -> ReadingsPreview:
        """Preview a file of readings. Without ``columns``, only guess the column mapping."""
        try:
            sheet = kpi.parse_sheet(content)
            if columns is None:
                return ReadingsPreview(sheet, kpi.guess_columns(sheet), [], None, [])
            result, lines, problems = self._resolve_readings(sheet, columns, form)
        except FileRefused as error:
            raise BadInput(error.message, field="file") from None
        if problems:
            return ReadingsPreview(sheet, dict(columns), problems, None, lines)
        response = lrs_client.post_kpi_readings(
            self._client, self._store, self._readings_request(key, result, form, dry_run=True)
        )
        return ReadingsPreview(sheet, dict(columns), [], response, lines)

    def import_readings(
        self, content: bytes, key: str, columns: Mapping[str, str], form: Mapping[str, str]
    ) -> dict[str, Any]:
        """Import a file of readings: all or nothing."""
        try:
            result, _, problems = self._resolve_readings(kpi.parse_sheet(content), columns, form)
        except FileRefused as error:
            raise BadInput(error.message, field="file") from None
        if problems:
            raise BadInput(
                lazy_gettext(
                    "Line %(line)s: %(reason)s. Nothing was taken over.",
                    line=problems[0].line,
                    reason=problems[0].text,
                ),
                field="file",
            )
        response = lrs_client.post_kpi_readings(
            self._client, self._store, self._readings_request(key, result, form, dry_run=False)
        )
        self._audit(
            "took readings in",
            {"kpi": key, **{name: response.get(name) for name in ("new", "known", "corrected")}},
        )
        return response

    def _resolve_readings(
        self, sheet: Sheet, columns: Mapping[str, str], form: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], list[int], list[LineProblem]]:
        """Return the readings of a table, the line of each, and the faults. People are
        identified by external id or email address in the file, and only by a pseudonym from
        here on.
        """
        result, lines, problems = kpi.parse_readings(
            sheet, columns, form["subject_kind"], form["period"], form["source"]
        )
        if form["subject_kind"] != kpi.PERSON:
            return result, lines, problems
        named = {str(entry["subject"]) for entry in result}
        with self._deps.unit_of_work(self._tenant_id) as connection:
            profiles = directory_store.find_profiles(
                connection,
                self._tenant_id,
                external_ids=sorted(named),
                emails=sorted(name.lower() for name in named),
            )
            installation = tenants_store.get_installation_id(connection)
        by_id = {entry.external_id: [entry.id] for entry in profiles if entry.external_id}
        by_email: dict[str, list[uuid.UUID]] = {}
        for profile in profiles:
            by_email.setdefault(profile.email.lower(), []).append(profile.id)
        resolved, on, strangers = [], list[int](), list[LineProblem]()
        for item, line in zip(result, lines, strict=True):
            related = by_id.get(str(item["subject"])) or by_email.get(
                str(item["subject"]).lower(), []
            )
            if len(related) != 1:
                reason = (
                    lazy_gettext("several people have this address; use the id")
                    if related
                    else lazy_gettext("nobody on the list of people has this id or address")
                )
                strangers.append(LineProblem(line, reason))
            else:
                resolved.append(
                    {**item, "subject": xapi_statements.agent_identifier(installation, related[0])}
                )
                on.append(line)
        return resolved, on, sorted([*problems, *strangers], key=lambda fault: fault.line)

    def _readings_request(
        self, key: str, result: list[dict[str, Any]], form: Mapping[str, str], dry_run: bool
    ) -> dict[str, Any]:
        # A preview needs no reason yet: the page asks for one if existing readings would be
        # corrected.
        reason = form.get("reason", "").strip() or ("a look" if dry_run else "")
        return {
            "programme": self.programme,
            "kpi": key,
            "readings": result,
            "reason": reason,
            "dry_run": dry_run,
        }

    def _audit(self, act: str, details: dict[str, Any]) -> None:
        with self._deps.unit_of_work(self._tenant_id) as connection:
            journal_store.insert_audit_entry(
                connection, self._tenant_id, self._who, act, {"programme": self._key, **details}
            )
