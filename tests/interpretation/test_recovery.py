import numpy as np
import pytest
import xarray as xr

from attendome.interpretation.recovery import recovery

MARKS = ["A", "B", "C"]
PLANTED = np.zeros((3, 8), dtype=bool)
PLANTED[0, 2:4] = True
PLANTED[1, 5:7] = True


@pytest.fixture
def truth():
    return xr.Dataset(
        {"planted": (("mark", "bin"), PLANTED), "effect": ("mark", [1.0, -0.5, 0.0])},
        {"mark": MARKS},
    )


def attention(alpha, beta):
    """Maps of two genes, around the means given."""
    alpha, beta = np.asarray(alpha, np.float32), np.asarray(beta, np.float32)
    cells = alpha / alpha.sum(axis=1, keepdims=True) * beta[:, None]
    return xr.Dataset(
        {
            "importance": (("gene", "mark", "bin"), np.stack([cells * 1.1, cells * 0.9])),
            "mark_importance": (("gene", "mark"), np.stack([beta * 1.1, beta * 0.9])),
        },
        {"mark": MARKS},
    )


def test_perfect(truth):
    found = recovery(attention(PLANTED + 0.1, [0.5, 0.3, 0.2]), truth)
    assert found.cell_auroc == 1
    assert found.top_planted == 4
    assert found.marks_first
    assert [row.mark for row in found.marks] == MARKS
    assert [row.effect for row in found.marks] == [1, -0.5, 0]
    assert [row.planted for row in found.marks] == [True, True, False]
    assert [row.found for row in found.marks] == [1, 1, None]
    assert [row.chance for row in found.marks] == [0.25, 0.25, None]
    assert found.marks[0].weight == pytest.approx(0.5 * 1.1 / 2.8)
    assert [row.importance for row in found.marks] == pytest.approx([0.5, 0.3, 0.2])
    assert found.by_importance() == MARKS


def test_reversed(truth):
    found = recovery(attention(1.1 - PLANTED, [0.1, 0.1, 0.8]), truth)
    assert found.cell_auroc == 0
    assert found.top_planted == 0
    assert not found.marks_first
    assert found.marks[0].mark == "C"
    assert [row.found for row in found.marks] == [None, 0, 0]


def test_attention_that_is_the_same_everywhere_is_chance(truth):
    found = recovery(attention(np.ones((3, 8)), np.full(3, 1 / 3)), truth)
    assert found.cell_auroc == 0.5


def test_marks_are_matched_by_name(truth):
    maps = attention(PLANTED + 0.1, [0.5, 0.3, 0.2])
    assert recovery(maps, truth.isel(mark=[2, 0, 1])) == recovery(maps, truth)


def test_the_sign_does_not_count(truth):
    maps = attention(PLANTED + 0.1, [0.5, 0.3, 0.2])
    sign = xr.DataArray([1, -1], dims="gene")
    assert recovery(maps * sign, truth) == recovery(maps, truth)


def test_a_mark_as_a_whole_is_ranked_by_its_own_importance(truth):
    maps = attention(PLANTED + 0.1, [0.5, 0.3, 0.2])
    found = recovery(maps.assign(mark_importance=1 - maps["mark_importance"]), truth)
    assert found.by_importance() == MARKS[::-1]
    assert [row.mark for row in found.marks] == MARKS
