"""From stored statements to figures: counted once whatever happens, moved back by voiding, equal to
a full recount.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from analytics.catalogue import METRICS_BY_KEY
from analytics.deps import AnalyticsDeps
from analytics.facts import derive_facts
from analytics.jobs import counting
from core.clock import format_instant
from lrs.store import change_queue
from lrs.vocabulary import EXTENSIONS
from tests.conftest import environ_for
from tests.support.episodes import answered, certified, episode_of, figures, said, void
from tests.support.store import Caller, body


def count(deps: AnalyticsDeps) -> int:
    return counting.count_all_tenants(deps)


def test_statements_become_figures_with_all_that_is_needed_to_judge_them(
    deps: AnalyticsDeps, one: Caller
) -> None:
    registration = uuid.uuid4()
    one.post(
        [
            certified(registration),
            answered(registration, "a", True),
            answered(registration, "b", False),
            answered(registration, "c", True),
        ]
    )
    count(deps)
    answer = one.get("/api/v1/metrics/retention_observed/values").json
    week = next(value for value in answer["values"] if value["part"] == "1w")
    assert (week["numerator"], week["denominator"], week["learners"]) == (2, 3, 1)
    assert 0 < week["ci_low"] < week["value"] < week["ci_high"] < 1
    assert week["version"] == 2
    assert datetime.fromisoformat(week["watermark"])
    others = [value for value in answer["values"] if value["part"] != "1w"]
    assert all(value["value"] is None and value["denominator"] == 0 for value in others)


def test_a_relevant_statement_moves_the_figure_and_voiding_it_moves_it_back(
    deps: AnalyticsDeps, one: Caller
) -> None:
    registration = uuid.uuid4()
    one.post([certified(registration), answered(registration, "a", True)])
    count(deps)
    before = figures(one)
    extra = answered(registration, "b", False)
    one.post(extra)
    count(deps)
    assert figures(one)["retention_observed 1w"] == (1, 2)
    one.post(void(extra))
    count(deps)
    assert figures(one) == before


def test_each_metric_counts_what_its_definition_says(deps: AnalyticsDeps, one: Caller) -> None:
    one.post(episode_of(0))
    registration = uuid.uuid4()
    late = {"due_date": format_instant(datetime.now(UTC) + timedelta(days=5))}
    one.post(
        [
            certified(registration),
            said("scheduled", registration, "https://check.example/later", 0, late),
        ]
    )
    count(deps)
    assert figures(one)["transfer_by_grade 1"] == (1, 2)
    assert figures(one)["adoption_due"] == (1, 1), "a check that is not due yet is no missed one"
    other = one.get("/api/v1/figures", programme="https://another.example").json
    assert all(
        value["denominator"] == 0 for figure in other["figures"] for value in figure["values"]
    )


def test_the_watermark_stays_before_what_is_not_counted_yet(
    deps: AnalyticsDeps, one: Caller
) -> None:
    (statement_id,) = one.post(certified(uuid.uuid4())).json or []
    stored = one.get("/xapi/statements", statementId=statement_id).json["stored"]
    waiting = one.get("/api/v1/metrics/transfer_rate/values").json["values"][0]
    assert waiting["watermark"] <= stored
    assert waiting["denominator"] == 0
    count(deps)
    assert one.get("/api/v1/metrics/transfer_rate/values").json["values"][0]["watermark"] > stored


def test_what_cannot_be_counted_is_set_aside_and_blocks_nothing(
    deps: AnalyticsDeps, one: Caller
) -> None:
    orphan, good = answered(uuid.uuid4(), "a", True), episode_of(0)
    homeless = {**certified(uuid.uuid4()), "context": {}}
    long = said("certified", uuid.uuid4(), "https://c.example/" + "x" * 3_000)
    long["context"]["contextActivities"]["grouping"] = []
    one.post([orphan, *good, homeless, long])
    assert count(deps) == len(good) + 3
    assert figures(one)["transfer_by_grade 1"][0] == 1
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        reasons = list(
            connection.execute(text("SELECT reason FROM analytics.uncountable")).scalars()
        )
    assert len(reasons) == 1 and "names no learner or no activity" in reasons[0]
    told = body(one.get("/api/v1/set-aside"))["reasons"]
    assert [(row["statements"], row["mendable"]) for row in told] == [
        (1, True),
        (1, False),
        (1, False),
    ]
    assert any("no certification" in row["reason"] for row in told)
    assert any("no context.registration" in row["reason"] for row in told)


def test_an_episode_whose_facts_the_database_refuses_blocks_no_other(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a sender hides in a text: NUL, or something that nobody thought of."""
    nul, poison = episode_of(0), episode_of(1)
    for part in nul:
        part["context"]["extensions"][EXTENSIONS["team"]] = "a\0b"
    one.post(nul + poison + episode_of(2))
    make = derive_facts

    def poisonous(registration: uuid.UUID, statements: Any, *more: Any) -> Any:
        facts = make(registration, statements, *more)
        if str(registration) == poison[0]["context"]["registration"] and facts.uses:
            facts.uses[0] = facts.uses[0]._replace(seconds_since_anchor=2**40)
        return facts

    monkeypatch.setattr("analytics.jobs.counting.derive_facts", poisonous)
    assert count(deps) == 27
    assert figures(one)["transfer_by_grade 1"] == (2, 3), (
        "of the poisoned episode the use alone is set aside"
    )
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        reasons = list(
            connection.execute(text("SELECT reason FROM analytics.uncountable")).scalars()
        )
        assert reasons == ["it cannot be counted (NumericValueOutOfRange)"]
        assert (
            connection.execute(
                text("SELECT count(*) FROM analytics.fact_episode WHERE team = 'ab'")
            ).scalar()
            == 1
        )


def test_a_certification_that_comes_last_brings_its_answers_in(
    deps: AnalyticsDeps, one: Caller
) -> None:
    registration = uuid.uuid4()
    one.post(answered(registration, "a", True))
    count(deps)
    assert figures(one)["retention_observed 1w"] == (0, 0)
    one.post(certified(registration))
    count(deps)
    assert figures(one)["retention_observed 1w"] == (1, 1)


def test_jobs_side_by_side_count_every_statement_exactly_once(
    deps: AnalyticsDeps, one: Caller
) -> None:
    for n in range(12):
        one.post(episode_of(n))
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: count(deps), range(8)))
    assert sum(taken) == 12 * 9
    assert figures(one)["transfer_by_grade 1"] == (12, 12)
    assert figures(one)["retention_observed 1w"][1] == 60


def test_a_worker_that_is_killed_in_the_middle_of_a_roll_up_loses_and_doubles_nothing(
    deps: AnalyticsDeps, one: Caller, servers: Any
) -> None:
    """SIGKILL between claiming and committing: the claim falls back, the next run counts."""
    for n in range(4):
        one.post(episode_of(n))
    database = deps.settings.database_url.partition("@/")[2].partition("?")[0]
    script = (
        "import os, signal\n"
        "from analytics import bootstrap, worker\n"
        "from analytics.store import facts\n"
        "replace = facts.replace_episode_facts\n"
        "def killed(*given):\n"
        "    replace(*given)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "facts.replace_episode_facts = killed\n"
        "worker.count(bootstrap.build_from_environ(os.environ))\n"
    )
    environ = {**os.environ, **environ_for(servers, database, deps.settings.home)}
    killed = subprocess.run([sys.executable, "-c", script], env=environ, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    wait_until(lambda: change_queue.measure_backlog(deps.engine)[0] == 36)
    assert figures(one)["transfer_by_grade 1"] == (0, 0)
    assert count(deps) == 36
    assert figures(one)["transfer_by_grade 1"] == (4, 4)
    assert count(deps) == 0


def wait_until(holds: Callable[[], bool]) -> None:
    """The server notices a killed client within moments."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_csv_for_whoever_asks_for_it(deps: AnalyticsDeps, one: Caller) -> None:
    one.post(episode_of(0))
    count(deps)
    answer = one.client.get(
        "/api/v1/metrics/transfer_rate/values", headers={**one.headers(), "Accept": "text/csv"}
    )
    assert answer.content_type.startswith("text/csv")
    header, row, matured = answer.text.strip().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["denominator"] == "1"
    assert dict(zip(header.split(","), matured.split(","), strict=True))["denominator"] == "0", (
        "nobody's 90 days are over"
    )


def test_the_catalogue_and_its_errors(one: Caller) -> None:
    metrics = one.get("/api/v1/metrics").json["metrics"]
    assert {metric["key"] for metric in metrics} == set(METRICS_BY_KEY)
    assert one.get("/api/v1/metrics/unknown/values").status_code == 404
    wrong = one.get("/api/v1/metrics/transfer_rate/values", tame="x")
    assert (wrong.status_code, wrong.json["error"]["where"]) == (400, {"parameter": "tame"})
    assert wrong.content_type == "application/problem+json"
    assert (wrong.json["status"], wrong.json["detail"]) == (400, wrong.json["error"]["message"])


def test_tenants_have_their_own_figures(
    deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller]
) -> None:
    two = tenant("two")
    one.post(episode_of(0))
    two.post(episode_of(1) + episode_of(2))
    count(deps)
    assert figures(one)["transfer_by_grade 1"] == (1, 1)
    assert figures(two)["transfer_by_grade 1"] == (2, 2)


def test_health_names_what_waits(deps: AnalyticsDeps, one: Caller) -> None:
    one.post(certified(uuid.uuid4()))
    ready = one.client.get("/health/ready")
    assert ready.status_code == 200
    assert json.loads(ready.text)["uncounted"]["waiting"] == 1
    assert one.client.get("/health/live").status_code == 200
