"""What a rubric may be, and what is shown of what raters said."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from lti_tool.assessment import behaviour_assessment
from lti_tool.assessment.assessments_store import Assessment, Calibration
from lti_tool.assessment.behaviour_assessment import CalibrationExercise
from lti_tool.programmes import rubrics
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.rubrics import Case, Criterion, Rubric

NOW = datetime(2026, 11, 25, tzinfo=UTC)
RUBRIC = Rubric(
    ["No", "Yes", "More"],
    2,
    [Criterion("a", "A", "one", ["x", "y", "z"]), Criterion("b", "B", "two", ["x", "y", "z"])],
    [Case("case", "Case", "Words", {"a": 2, "b": 3})],
)


def assessed(rater: int, relation: str, days_ago: int, **levels: int) -> Assessment:
    at = NOW - timedelta(days=days_ago)
    return Assessment(
        uuid.uuid4(), uuid.UUID(int=rater), f"Rater {rater}", relation, "watching", levels, "", at
    )


def test_somebody_is_competent_whose_levels_all_reach_it() -> None:
    assert RUBRIC.to_assessment({"a": 2, "b": 3}).result["success"]
    assert not RUBRIC.to_assessment({"a": 1, "b": 3}).result["success"]
    assert RUBRIC.to_assessment({"b": 3}).scores == [("b", "two", 3)], (
        "what was not seen says nothing"
    )


def test_of_each_rater_the_latest_level_of_each_criterion_counts() -> None:
    views, hidden = behaviour_assessment.summarize_ratings(
        [
            assessed(1, "manager", 1, a=3),
            assessed(2, "learner", 2, a=1),
            assessed(1, "manager", 5, a=1, b=2),
        ]
    )
    assert [(view.title, view.levels, view.count) for view in views] == [
        ("learner", {"a": 1}, 1),
        ("manager", {"a": 3, "b": 2}, 2),
    ]
    assert hidden == 0


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.dictionaries(st.sampled_from("ab"), st.integers(1, 3), min_size=1)
        ),
        max_size=12,
    )
)
def test_a_level_of_fewer_than_three_peers_is_never_shown(
    said: list[tuple[int, dict[str, int]]],
) -> None:
    every = [assessed(rater, "peer", day, **levels) for day, (rater, levels) in enumerate(said)]
    views, hidden = behaviour_assessment.summarize_ratings(every)
    raters = {rater for rater, _ in said}
    assert hidden == (len(raters) if len(raters) < 3 else 0)
    assert all(view.count % 3 == 0 for view in views), "answers are released by threes"
    for view in views:
        for key in view.levels:
            assert len({rater for rater, levels in said if key in levels}) >= 3


def test_one_more_answer_changes_nothing_that_is_shown() -> None:
    """Else its level would be known by the difference of two means."""
    three = [assessed(rater, "peer", 5, a=rater) for rater in (1, 2, 3)]
    before, _ = behaviour_assessment.summarize_ratings(three)
    for more in (assessed(4, "peer", 1, a=3), assessed(1, "peer", 1, a=3)):
        assert behaviour_assessment.summarize_ratings([more, *three])[0] == before


def test_with_another_number_of_levels_what_was_written_stays() -> None:
    more = rubrics.replace_levels(RUBRIC, ["1", "2", "3", "4"], 3)
    assert more.criteria[0].anchors == ["x", "y", "z", ""] and rubrics.list_rubric_gaps(more)
    fewer = rubrics.replace_levels(RUBRIC, ["1", "2"], 2)
    assert fewer.criteria[0].anchors == ["x", "y"] and fewer.cases[0].levels == {"a": 2, "b": 2}
    rubrics.validate_rubric(fewer, {"one", "two"})
    assert rubrics.list_rubric_gaps(fewer) == [] == rubrics.list_rubric_gaps(None)


def test_a_case_without_a_criterion_that_is_left_goes() -> None:
    assert rubrics.replace_criteria(RUBRIC, RUBRIC.criteria[:1]).cases[0].levels == {"a": 2}
    assert rubrics.replace_criteria(RUBRIC, []).cases == []


@pytest.mark.parametrize(
    "wrong",
    [
        Rubric(["No"], 1, RUBRIC.criteria),
        Rubric(["No", " "], 1, []),
        Rubric(["No", "Yes"], 3, []),
        Rubric(["No", "Yes", "More"], 2, RUBRIC.criteria * 2),
        Rubric(["No", "Yes", "More"], 2, [Criterion("a", "", "one", ["x"] * 3)]),
        Rubric(["No", "Yes", "More"], 2, [Criterion("a", "A", "three", ["x"] * 3)]),
        Rubric(["No", "Yes", "More"], 2, [Criterion("a", "A", "one", ["x"])]),
        Rubric(["No", "Yes", "More"], 2, [Criterion("A b", "A", "one", ["x"] * 3)]),
        Rubric(["No", "Yes", "More"], 2, RUBRIC.criteria, [Case("case", "Case", "", {"a": 1})]),
        Rubric(["No", "Yes", "More"], 2, RUBRIC.criteria, [Case("case", "Case", "Words", {})]),
        Rubric(
            ["No", "Yes", "More"], 2, RUBRIC.criteria, [Case("case", "Case", "Words", {"a": 4})]
        ),
        Rubric(
            ["No", "Yes", "More"], 2, RUBRIC.criteria, [Case("case", "Case", "Words", {"c": 1})]
        ),
    ],
)
def test_what_is_no_rubric_is_refused(wrong: Rubric) -> None:
    with pytest.raises(BadInput):
        rubrics.validate_rubric(wrong, {"one", "two"})


def test_the_exercise_tells_how_near_to_the_agreed_levels_a_rater_is() -> None:
    programme = Programme("p", 1, "P", 0.8, [], [])
    done = CalibrationExercise(
        programme, RUBRIC, None, [(RUBRIC.cases[0], Calibration("case", 1, {"a": 3, "b": 3}, NOW))]
    )
    assert done.exact == (1, 2) and done.leniency == 0.5, "one level too high on one of two"
    assert CalibrationExercise(programme, RUBRIC, RUBRIC.cases[0], []).leniency is None
