import numpy as np
import pandas as pd
import pytest

from attendome.reports.paper import save_figure
from attendome.reports.sequence import paper
from attendome.reports.sequence.html import assay_scores


def test_bars_of_models_stand_beside_each_other(content):
    one = assay_scores(content.metrics, "pearson", "a")
    both = [one, assay_scores(content.metrics, "pearson", "$b_2$")]
    figure = paper.assay_bars(pd.concat(both), "pearson")
    (axes,) = figure.axes
    assert len(axes.patches) == 2 * len(one)
    starts = sorted(patch.get_x() for patch in axes.patches)
    assert (np.diff(starts) > 0).all(), "none hides another"
    assert [label.get_text() for label in axes.get_xticklabels()] == one["assay"].tolist()


def test_the_maximum_of_each_position_function_is_marked(content):
    (axes,) = paper.position_functions(content.positions).axes
    marked = [line for line in axes.lines if line.get_marker() == "D"]
    assert [list(line.get_xdata()) for line in marked] == [[0], [1.024]]
    assert axes.get_xlabel() == "offset (kb; + to higher positions)"


def test_coverage_has_a_panel_per_row_on_one_scale(content):
    coverage = content.coverage
    rows = {
        "observed": coverage["observed"].to_numpy()[0, 0],
        "a [heads=5]": coverage["predicted"].to_numpy()[0, 0],
        "b": coverage["predicted"].to_numpy()[0, 0] / 2,
    }
    place = paper.Place("chr1", 1_000_000, 128)
    figure = paper.coverage(rows, place, "the sum over 128 bp")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(rows)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    for axes, values in zip(figure.axes, rows.values(), strict=True):
        found = axes.patches[0].get_data()
        np.testing.assert_array_equal(found.values, values)
        np.testing.assert_allclose(found.edges[[0, -1]], [1000, 1000 + 64 * 0.128])
    assert figure.axes[-1].get_xlabel() == "position on chr1 (kb)"
    assert figure.get_supylabel() == "the sum over 128 bp"


@pytest.mark.parametrize(
    ("start", "bin_size", "bins"), [(5_000, 32, 40), (200_000_000, 1, 100), (3_000_000, 128, 1024)]
)
def test_places_of_coverage_are_told_apart(start, bin_size, bins):
    place = paper.Place("chr1", start, bin_size)
    figure = paper.coverage({"observed": np.ones(bins)}, place, "coverage")
    figure.canvas.draw()
    places, labels = figure.axes[-1].get_xticks(), figure.axes[-1].get_xticklabels()
    shown = [float(label.get_text().replace(",", "")) for label in labels]
    np.testing.assert_allclose(shown, places, rtol=0, atol=1e-6)


def test_attention_and_reach(content):
    (axes,) = paper.attention_within(content.attention).axes
    assert [line.get_label() for line in axes.lines] == ["head 1", "head 2", "even attention"]
    np.testing.assert_allclose([line.get_ydata()[-1] for line in axes.lines], 1)
    (axes,) = paper.reach(content.reach.sample(frac=1, random_state=0)).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "512", "4,096", "32,768"]
    for line in axes.lines:
        np.testing.assert_allclose(line.get_ydata(), [0.2, 0.25, 0.3, 0.35])


@pytest.mark.parametrize("name", ["$x_1$", "a_b^c"])
def test_names_are_not_read_as_formulas(content, tmp_path, name):
    positions = content.positions.assign_coords(head=[name, "two"])
    save_figure(paper.position_functions(positions), tmp_path, "f")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".pdf", ".png", ".svg"]
    figure = paper.position_functions(positions)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [name, "two"]
    assert not any(text.get_parse_math() for text in legend.get_texts())
