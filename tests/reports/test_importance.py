import numpy as np
import pytest

from attendome.reports import importance


def test_the_mean_is_over_the_genes_that_a_method_covers(explained):
    maps, found = explained.maps, explained.explanations.maps["occlusion"]
    figure = importance.mean_importance(found, maps)
    on = maps["probability"].to_numpy() >= 0.5
    on[:20] = False
    line = next(t for t in figure.data if t.name == f"predicted on ({on.sum()} genes)")
    np.testing.assert_allclose(line.y, found["importance"].to_numpy()[on, 0].mean(axis=0))
    assert figure.layout.yaxis.title.text == "log odds"
    assert figure.layout.yaxis.zeroline
    assert figure.layout.yaxis.exponentformat == "e"


def test_a_group_that_a_method_does_not_cover_is_left_out(explained):
    maps, found = explained.maps, explained.explanations.maps["occlusion"]
    off = maps["probability"].to_numpy() < 0.5
    found = found.where(~found["gene"].isin(maps["gene"].to_numpy()[off]))
    figure = importance.mean_importance(found, maps)
    assert {t.name[:12] for t in figure.data} == {"predicted on"}


def test_alpha_stands_beside_a_mark_that_was_no_input(explained):
    maps = explained.maps
    unseen = (maps["alpha"].isel(mark=[0]) * 50).assign_coords(mark=["H3K27ac"])
    figure = importance.alpha_beside(maps, unseen)
    lines = {line.name: line for line in figure.data}
    assert list(lines) == ["H3K27ac", *(f"α of {mark}" for mark in maps["mark"].to_numpy())]
    on = maps["probability"].to_numpy() >= 0.5
    mean = maps["alpha"].to_numpy()[on, 1].mean(axis=0)
    np.testing.assert_allclose(figure.data[2].y, mean / mean.max(), rtol=1e-6)
    np.testing.assert_allclose(figure.data[0].y, figure.data[1].y, rtol=1e-5)
    off = maps.assign(probability=maps["probability"] * 0)
    assert importance.alpha_beside(off, unseen) is None


def test_patterns_have_a_line_per_class(explained):
    patterns = explained.explanations.patterns
    figure = importance.class_patterns(patterns, explained.maps)
    assert {t.name for t in figure.data} == {"pattern of on", "pattern of off"}
    off = next(t for t in figure.data if t.name == "pattern of off")
    np.testing.assert_array_equal(off.y, patterns.sel(predicted="off")[0])


def test_marks_are_compared_by_shares(explained):
    figure = importance.mark_shares(explained.explanations.maps, explained.maps)
    assert [bar.name for bar in figure.data] == ["β", "gradient-x-input", "occlusion"]
    for bar in figure.data:
        assert bar.y.sum() == pytest.approx(1, abs=1e-5)
    size = np.abs(explained.explanations.maps["occlusion"]["mark_importance"].to_numpy()[20:])
    np.testing.assert_allclose(figure.data[2].customdata, size.mean(axis=0), rtol=1e-5)
    assert "log odds" in figure.data[2].hovertemplate


def test_importance_of_nothing_is_no_share(explained):
    found = explained.explanations.maps["gradient-x-input"]
    none = found.assign(mark_importance=found["mark_importance"] * 0)
    figure = importance.mark_shares({"saliency": none}, explained.maps)
    np.testing.assert_array_equal(figure.data[1].y, 0)


def test_bars_of_one_method_have_its_name(explained):
    one = {"occlusion": explained.explanations.maps["occlusion"]}
    figure = importance.mark_shares(one, explained.maps.drop_vars("beta"))
    assert [bar.name for bar in figure.data] == ["occlusion"]
    assert figure.layout.showlegend


def test_the_heat_map_has_each_gene_with_its_prediction_beside_it(content):
    figure = importance.beta_heat_map(content.maps)
    beta, states = figure.data[0], figure.data[1]
    names = [row[0].split()[0] for row in beta.text]
    shown = content.maps.sel(gene=names)
    assert len(set(names)) == 120
    np.testing.assert_array_equal(beta.z, shown["beta"])
    np.testing.assert_array_equal(states.z[:, 0], shown["probability"] >= 0.5)
    np.testing.assert_array_equal(states.z[:, 1], shown["label"])
    assert list(states.x) == ["predicted", "label"]


def test_similar_genes_stand_together():
    kind = np.arange(30) % 3
    beta = np.eye(3, dtype=np.float32)[kind]
    order = importance.clustered(beta)
    assert (np.diff(kind[order]) != 0).sum() == 2


def test_of_many_genes_a_sample_is_shown(content, monkeypatch):
    monkeypatch.setattr(importance, "CLUSTERED", 50)
    first, second = (importance.beta_heat_map(content.maps).data[0] for _ in range(2))
    assert first.z.shape == (50, 5)
    assert len({row[0] for row in first.text}) == 50
    np.testing.assert_array_equal(first.text, second.text)


@pytest.mark.parametrize("genes", [1, 2])
def test_few_genes_are_not_clustered(genes):
    beta = np.ones((genes, 1), np.float32)
    assert list(importance.clustered(beta)) == list(range(genes))


def test_expression_has_high_and_low(of_expression):
    figure = importance.beta_heat_map(of_expression.maps)
    assert list(figure.data[1].x) == ["predicted"]
    assert figure.data[1].z.sum() == 60
    assert [t.name for t in figure.data[2:]] == ["high", "low"]


def test_units_are_broken_and_escaped():
    assert importance.wrapped("log odds per unit of signal") == "log odds per<br>unit of signal"
    assert importance.wrapped("<b>") == "&lt;b&gt;"
