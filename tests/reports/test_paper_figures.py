"""Figures for a paper: what they show, and that the same picture gives the same file."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import pearsonr

from attendome.reports import paper_figures as figures
from attendome.reports.paper import save_figure

MARKS = ["H3K4me3", "H3K$27_me$3", "H3K9me3"]


def make_maps(genes=12, marks=MARKS, bins=10, **attributes):
    """Maps of genes, half of them predicted on; β of those is highest at the first mark."""
    generator = np.random.default_rng(0)
    on = np.arange(genes) % 2 == 0
    alpha = generator.dirichlet(np.ones(bins), (genes, len(marks))).astype(np.float32)
    weights = 5 + np.zeros((genes, len(marks))) + 60 * on[:, None] * (np.arange(len(marks)) == 0)
    beta = np.stack([generator.dirichlet(row) for row in weights]).astype(np.float32)
    dims = ("gene", "mark", "bin")
    variables = {
        "alpha": (dims, alpha),
        "beta": (dims[:2], beta),
        "importance": (dims, np.where(on[:, None, None], alpha[:1], alpha[-1:])),
        "probability": ("gene", np.where(on, 0.9, 0.2)),
        "label": ("gene", on.astype(np.int8)),
    }
    names = [f"g{number}" for number in range(genes)]
    coords = {"gene": names, "mark": marks, "bin_start": ("bin", np.arange(bins) * 100 - 500)}
    heading = {"bin_size": 100, "oriented": True, "alpha_shared": False}
    return xr.Dataset(variables, coords, heading | attributes)


def lines(axes):
    """Give the lines of a panel by their label."""
    return {line.get_label(): line for line in axes.lines}


def of_expression(maps):
    """The same maps, of a model of expression."""
    return maps.rename(probability="predicted_expression")


def test_alpha_is_the_mean_over_genes():
    maps = make_maps()
    figure = figures.alpha_by_mark(maps)
    assert [axes.get_title(loc="left") for axes in figure.axes] == MARKS
    for number, axes in enumerate(figure.axes):
        drawn = lines(axes)
        assert list(drawn) == ["predicted on (6 genes)", "predicted off (6 genes)", "α if even"]
        on = drawn["predicted on (6 genes)"]
        np.testing.assert_allclose(on.get_xdata(), np.arange(-450, 500, 100))
        expected = maps["alpha"][::2, number].mean("gene")
        np.testing.assert_allclose(on.get_ydata(), expected, rtol=1e-6)
        assert list(drawn["α if even"].get_ydata()) == [0.1, 0.1]
    assert figure.axes[-1].get_xlabel() == "position from the TSS (bp), 5'→3'"


def test_alpha_that_all_marks_share_is_drawn_once():
    (axes,) = figures.alpha_by_mark(make_maps(alpha_shared=True, oriented=False)).axes
    assert axes.get_title(loc="left") == "all marks"
    assert axes.get_xlabel() == "position from the TSS (bp), genome order"


def test_a_model_of_expression():
    maps = of_expression(make_maps())
    drawn = lines(figures.alpha_by_mark(maps).axes[0])
    assert list(drawn)[:2] == ["predicted high (6 genes)", "predicted low (6 genes)"]
    states = figures.beta_of_genes(maps).axes[2]
    assert [text.get_text() for text in states.get_xticklabels()] == ["predicted"]


def test_alpha_beside_a_mark_that_was_held_out():
    maps = make_maps()
    signal = np.random.default_rng(1).random((12, 10)).astype(np.float32)
    signal[0, 0] = np.nan  # not measured
    held_out = xr.DataArray(signal, dims=("gene", "bin"), name="H3K27ac")
    figure = figures.alpha_beside(maps, held_out)
    mean = np.nanmean(signal[::2], axis=0)
    panels, others = figure.axes[:3], figure.axes[3:]
    for number, (axes, other) in enumerate(zip(panels, others, strict=True)):
        alpha = maps["alpha"][::2, number].mean("gene").to_numpy()
        r = f"{pearsonr(alpha, mean).statistic:.2f}".replace("-", "−")
        assert axes.get_title(loc="left") == f"{MARKS[number]}: r = {r}"
        np.testing.assert_allclose(other.lines[0].get_ydata(), mean)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["mean α", "mean signal of H3K27ac, which was no input"]
    assert "6 genes predicted on" in figure.get_supxlabel()
    flat = figures.alpha_beside(maps, xr.zeros_like(held_out))
    assert "not defined" in flat.axes[0].get_title(loc="left")


def test_beta_is_clustered():
    maps = make_maps(genes=40)
    tree, heat, states, scale = figures.beta_of_genes(maps).axes
    assert heat.get_ylabel() == "genes (40)"
    marks = [text.get_text() for text in heat.get_xticklabels()]
    assert sorted(marks) == sorted(MARKS)
    drawn = heat.collections[0].get_array()
    rows = {tuple(row) for row in drawn.tolist()}
    assert rows == {tuple(row) for row in maps["beta"].sel(mark=marks).to_numpy().tolist()}
    # Genes predicted on, whose β differs, stand together.
    on = states.collections[0].get_array()[:, 0].astype(bool)
    assert np.abs(np.diff(on.astype(int))).sum() <= 2
    assert (drawn[on, marks.index(MARKS[0])] > 0.5).all()
    assert scale.get_ylabel() == "β"
    assert len(tree.collections) > 0


@pytest.mark.parametrize(("genes", "marks"), [(1, MARKS), (5, MARKS[:1]), (2, MARKS[:2])])
def test_few_genes_or_marks(genes, marks):
    maps = make_maps(genes, marks)
    for draw in (figures.alpha_by_mark, figures.beta_of_genes, figures.class_patterns):
        draw(maps).draw_without_rendering()


def test_beta_of_a_gene_over_cell_types():
    rows = pd.DataFrame(
        [[0.1, 0.9, np.nan], [0.25, 0.25, 0.5]], index=["E065", "E116"], columns=MARKS
    )
    figure = figures.beta_of_gene(rows, ["predicted on (0.90)", "predicted off (0.10)"], "PAX5")
    axes = figure.axes[0]
    assert axes.get_title() == "β of PAX5"
    assert [text.get_text() for text in axes.texts] == ["0.10", "0.90", "", "0.25", "0.25", "0.50"]
    assert axes.collections[0].get_array().mask.tolist() == [[False, False, True], [False] * 3]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["E065", "E116"]
    said = [text.get_text() for text in axes.child_axes[0].get_yticklabels()]
    assert said == ["predicted on (0.90)", "predicted off (0.10)"]


def test_the_patterns_of_the_classes():
    maps = make_maps()
    for number, axes in enumerate(figures.class_patterns(maps).axes):
        drawn = lines(axes)
        assert list(drawn) == ["class on", "class off"]
        for gene, line in enumerate(drawn.values()):
            np.testing.assert_array_equal(line.get_ydata(), maps["importance"][gene, number])


def test_the_same_picture_gives_the_same_file(tmp_path):
    maps = make_maps()
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        for draw in (figures.alpha_by_mark, figures.beta_of_genes):
            save_figure(draw(maps), folder, draw.__name__)
    files = sorted((tmp_path / "a").iterdir())
    assert [path.suffix for path in files] == [".pdf", ".png", ".svg"] * 2
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
