import numpy as np
import pandas as pd
import pytest

from attendome.reports import figures

Y = np.array([0, 0, 1, 1, 1], np.int8)
P = np.array([0.1, 0.6, 0.4, 0.8, 0.9], np.float32)


def trace(figure, name):
    return next(t for t in figure.data if t.name.startswith(name))


def axis_titles(figure):
    axes = [figure.layout[key] for key in figure.layout if key[1:5] == "axis"]
    return {axis.title.text for axis in axes if axis.title.text}


def test_the_area_under_the_roc_curve_is_the_auroc():
    curve = trace(figures.roc(Y, P), "model")
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(5 / 6)


def test_precision_and_recall():
    curve = trace(figures.precision_recall(Y, P), "model")
    points = set(zip(np.round(curve.x, 3), np.round(curve.y, 3), strict=True))
    assert {(1.0, 0.75), (0.667, 1.0), (0.667, 0.667)} <= points


def test_calibration_bins_hold_every_gene():
    probabilities = np.array([0.0, 0.05, 0.95, 1.0, 0.55], np.float32)
    curve = trace(figures.calibration(Y, {"model": probabilities}), "model")
    assert list(curve.customdata) == [2, 1, 2]
    np.testing.assert_allclose(curve.x, [0.025, 0.55, 0.975], atol=1e-6)
    np.testing.assert_allclose(curve.y, [0, 1, 1])


def test_calibration_of_several():
    figure = figures.calibration(Y, {"model": P, "before": P / 2})
    np.testing.assert_allclose(trace(figure, "model").x, [0.1, 0.4, 0.6, 0.8, 0.9])
    np.testing.assert_allclose(trace(figure, "before").x, [0.05, 0.2, 0.3, 0.425])
    assert trace(figure, "model").line.color != trace(figure, "before").line.color


def test_observed_and_predicted_expression():
    observed, predicted = np.array([0.0, 3.0], np.float32), np.array([-1.0, 2.0], np.float32)
    figure = figures.scatter(observed, predicted, "log2(1 + <b>)")
    points = trace(figure, "genes")
    assert (list(points.x), list(points.y)) == ([0, 3], [-1, 2])
    assert list(trace(figure, "perfect").x) == list(trace(figure, "perfect").y) == [-1, 3]
    assert axis_titles(figure) == {
        "observed expression, log2(1 + &lt;b&gt;)",
        "predicted expression, log2(1 + &lt;b&gt;)",
    }


def test_history_of_expression():
    table = pd.DataFrame(
        {"epoch": [1, 2], "train_loss": [1, 2], "valid_loss": [3, 4], "valid_pearson": [0.1, 0.2]}
    )
    figure = figures.history(table, best_epoch=1)
    assert list(trace(figure, "validation Pearson's r").y) == [0.1, 0.2]
    expected = {"epoch (dashed: best, 1)", "mean squared error (sd²)", "Pearson's r"}
    assert axis_titles(figure) == expected


def test_history_marks_the_best_epoch():
    table = pd.DataFrame(
        {"epoch": [1, 2], "train_loss": [1, 2], "valid_loss": [3, 4], "valid_auroc": [0.1, 0.2]}
    )
    figure = figures.history(table, best_epoch=2)
    assert {shape.x0 for shape in figure.layout.shapes} == {2}
    assert axis_titles(figure) == {"epoch (dashed: best, 2)", "cross-entropy (nats)", "AUROC"}


def test_names_are_escaped_as_plotly_decodes_them():
    assert figures.plain("""<b>"K'4"&""") == """&lt;b&gt;"K'4"&amp;"""


@pytest.mark.parametrize("oriented", [True, False])
def test_mean_alpha_is_drawn_at_the_middle_of_the_bins(content, oriented):
    maps = content.maps.assign_attrs(oriented=oriented)
    figure = figures.mean_alpha(maps)
    assert len(figure.data) == 10
    first = trace(figure, "predicted off")
    np.testing.assert_array_equal(first.x, np.arange(-950, 1000, 100))
    np.testing.assert_array_equal(first.y, maps["alpha_mean"].sel(predicted="off")[0])
    expected = "5'→3'" if oriented else "genome order"
    assert f"position from the TSS (bp), {expected}" in axis_titles(figure)
    assert [note.text for note in figure.layout.annotations] == list(maps["mark"].to_numpy())


def test_attention_that_all_marks_share_is_drawn_once(shared_alpha):
    maps = shared_alpha.maps
    figure = figures.mean_alpha(maps)
    assert [note.text for note in figure.layout.annotations] == ["all marks"]
    first = trace(figure, "predicted off")
    np.testing.assert_array_equal(first.y, maps["alpha_mean"].sel(predicted="off")[3])


def test_beta_has_the_quartiles_of_each_group(content):
    maps = content.maps
    box = trace(figures.beta_by_mark(maps), "predicted on")
    on = maps["beta"].to_numpy()[maps["probability"].to_numpy() >= 0.5]
    np.testing.assert_allclose(box.median, np.median(on, axis=0))
    np.testing.assert_allclose(box.q3, np.percentile(on, 75, axis=0))


def test_groups_of_expression(of_expression):
    maps = of_expression.maps
    assert [t.name for t in figures.beta_by_mark(maps).data] == ["predicted high", "predicted low"]
    box = trace(figures.beta_by_mark(maps), "predicted high")
    predicted = maps["predicted_expression"].to_numpy()
    high = maps["beta"].to_numpy()[predicted > np.median(predicted)]
    np.testing.assert_allclose(box.median, np.median(high, axis=0))
    names = [t.name for t in figures.mean_alpha(maps).data]
    assert any(name == "predicted high (60 genes)" for name in names)


def test_a_group_without_genes_is_left_out(content):
    maps = content.maps.copy()
    maps["probability"] = maps["probability"] * 0 + 0.9
    assert [t.name for t in figures.beta_by_mark(maps).data] == ["predicted on"]
