"""Training finds the planted truth of a simulation: the demo, as a user runs it."""

import pytest

from attendome.workflows.demo import run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return run_demo(tmp_path_factory.mktemp("demo") / "demo")


def test_the_score_is_that_of_a_model_that_has_learned(demo):
    assert demo.scores.auroc.low > 0.85


def test_attention_ranks_the_planted_marks_and_positions_first(demo):
    """Against decoys at other bins of a planted mark, and marks with a strong, empty signal."""
    assert demo.recovery.marks_first
    assert demo.recovery.top_planted >= 9
    assert demo.recovery.cell_auroc > 0.85
    for row in demo.recovery.marks:
        assert not row.planted or row.found > 2 * row.chance, row.mark
