"""The long form of the record store alone: every test that it has, in a copy of the tree without
the other houses.
"""

from __future__ import annotations

from pathlib import Path

from tests.house.test_lrs_alone import run_alone


def test_all_tests_of_the_record_store_pass_where_every_other_house_is_deleted(
    tmp_path: Path,
) -> None:
    run_alone(tmp_path, "tests/unit/lrs", "tests/integration/lrs")
