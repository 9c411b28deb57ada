"""The figures of the papers from trained runs."""

import re
import shutil

import numpy as np
import pytest

from attendome.errors import DataError, SettingsError
from attendome.interpretation import maps as maps_module
from attendome.reports import paper_figures
from attendome.workflows import drawing, open_run, train
from attendome.workflows.drawing import export_figures

KINDS = ("pdf", "png", "svg")
ALL = ["alpha-by-mark", "beta-genes", "class-patterns"]


def with_patterns(run, data=None):
    """Store patterns, which take long, after a few steps."""
    run.explain(data, "class-optimisation", settings={"steps": 2})
    return run


@pytest.fixture(scope="module")
def ready(trained, tmp_path_factory):
    """A run with its patterns."""
    out = tmp_path_factory.mktemp("ready") / "run"
    return with_patterns(open_run(shutil.copytree(trained.path, out)))


@pytest.fixture(scope="module")
def three(stored, tiny, tmp_path_factory):
    """A run that was trained on three of the marks, with its patterns."""
    marks = ["H3K36me3", "H3K27me3", "H3K4me1"]
    out = tmp_path_factory.mktemp("three") / "run"
    return with_patterns(train(stored, "attentive-chrome", out, tiny, marks=marks, seed=3))


@pytest.fixture(autouse=True)
def _quick_files(request, monkeypatch):
    """Write empty files, except in the test that looks at them."""
    if request.function is not test_one_run:
        monkeypatch.setattr(drawing, "save_figure", empty_files)


def empty_files(_figure, folder, name):
    for kind in KINDS:
        (folder / f"{name}.{kind}").touch()


@pytest.fixture
def drawn(monkeypatch):
    """What was given to each function that draws."""
    found = {}

    def watch(name):
        draw = getattr(paper_figures, name)

        def watched(*given, **named):
            found[name] = (*given, *named.values())
            return draw(*given, **named)

        monkeypatch.setattr(paper_figures, name, watched)

    for name in ("alpha_by_mark", "alpha_beside", "beta_of_genes", "beta_of_gene"):
        watch(name)
    return found


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_run(ready, stored, drawn, tmp_path):
    told = []
    made = export_figures(
        [ready], tmp_path / "figures", progress=lambda done, every: told.append((done, every))
    )
    assert (made.drawn, made.left_out) == (ALL, [])
    assert files(made.path) == sorted(f"{name}.{kind}" for name in ALL for kind in KINDS)
    assert all((made.path / name).stat().st_size for name in files(made.path))
    assert told == [(1, 3), (2, 3), (3, 3)]
    (maps,) = drawn["alpha_by_mark"]
    assert maps["gene"].to_numpy().tolist() == stored.split("test").genes.index.tolist()


def test_a_mark_that_was_held_out(three, stored, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(maps_module, "ON_FROM", 0.0)
    made = export_figures([three], tmp_path / "figures", held_out="H3K4me3")
    assert made.drawn == ["alpha-by-mark", "alpha-held-out", "beta-genes", "class-patterns"]
    maps, signal = drawn["alpha_beside"]
    assert (maps.sizes["mark"], signal.name) == (3, "H3K4me3")
    test = stored.split("test")
    assert maps["gene"].to_numpy().tolist() == test.genes.index.tolist()
    np.testing.assert_array_equal(signal, test.signal.sel(mark="H3K4me3"))


def test_no_gene_is_predicted_on(three, tmp_path, monkeypatch):
    monkeypatch.setattr(maps_module, "ON_FROM", 1.1)
    made = export_figures([three], tmp_path / "figures", held_out="H3K4me3")
    assert made.left_out == ["alpha-held-out: no gene is predicted on"]


def test_a_gene_over_cell_types(ready, three, cell_types, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "methods_of", lambda _model: [])  # patterns take long
    gene, out = cell_types[0].genes.index[5], tmp_path / "figures"
    made = export_figures([ready, three], out, genes=[gene], data=cell_types)
    names = [f"{cell}/{name}" for cell in "AB" for name in ALL[:2]]
    assert made.drawn == [f"beta-of-{gene}", *names]
    assert files(out) == sorted(f"{name}.{kind}" for name in made.drawn for kind in KINDS)
    rows, said, name = drawn["beta_of_gene"]
    assert (name, rows.index.tolist()) == (gene, ["A", "B"])
    assert rows.columns.tolist() == list(ready.description.marks)
    for run, data, row, text in zip((ready, three), cell_types, rows.to_numpy(), said, strict=True):
        maps = run.explain(data.with_genes([gene]), "beta", tmp_path / f"{data.cell_type}.zarr")
        beta = maps["mark_importance"].isel(gene=0).to_series().reindex(rows.columns)
        np.testing.assert_allclose(row, beta, rtol=1e-5)
        probability, label = float(maps["probability"][0]), int(maps["label"][0])
        predicted = f"{'on' if probability >= 0.5 else 'off'} ({probability:.2f})"
        assert text == f"predicted {predicted}, observed {'on' if label else 'off'}"


def test_runs_on_one_cell_type_have_folders_of_their_own(ready, three, on_both, tmp_path, stored):
    mlp = open_run(shutil.copytree(on_both.path, tmp_path / "mlp"))
    assert drawing._labels([ready, mlp], [stored] * 2) == [
        "simulated, attentive-chrome",
        "simulated, mlp",
    ]
    labels = drawing._labels([ready, three], [stored] * 2)
    assert labels == [f"simulated, attentive-chrome, {run.path}" for run in (ready, three)]


@pytest.mark.parametrize(
    ("text", "name"), [("K562 (a/b)", "K562_a_b_"), ("", "unnamed"), ("..", "unnamed")]
)
def test_files_are_made_in_the_folder_whatever_the_cell_type(text, name):
    assert drawing._file_name(text) == name


def test_a_model_of_expression(of_expression, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "methods_of", lambda _model: [])
    gene = of_expression.dataset().genes.index[0]
    made = export_figures([of_expression], tmp_path / "figures", genes=[gene])
    assert made.drawn == [f"beta-of-{gene}", "alpha-by-mark", "beta-genes"]
    (text,) = drawn["beta_of_gene"][1]
    assert re.fullmatch(r"predicted -?\d+\.\d\d, observed -?\d+\.\d\d \(log2 expression\)", text)


def test_models_without_attention(on_both, cell_types, tmp_path):
    run = with_patterns(open_run(shutil.copytree(on_both.path, tmp_path / "run")), cell_types[0])
    gene = cell_types[0].genes.index[0]
    made = export_figures([run], tmp_path / "figures", data=cell_types[:1], genes=[gene])
    assert made.drawn == ["class-patterns"]
    without = {"alpha-by-mark": "α", "beta-genes": "β", f"beta-of-{gene}": "β"}
    assert sorted(made.left_out) == [f"{name}: mlp has no {sign}" for name, sign in without.items()]


def test_nothing_to_draw(stored, tmp_path):
    run = train(stored, "linear", tmp_path / "run")
    with pytest.raises(SettingsError, match=r"nothing to draw: .* linear has no β; .* no gradient"):
        export_figures([run], tmp_path / "figures")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_wrong_request(ready, three, tmp_path):
    def fails(error, message, *runs, **options):
        with pytest.raises(error, match=message):
            export_figures(runs, tmp_path / "figures", **options)

    fails(SettingsError, "H3K4me1 is an input of this model", ready, held_out="H3K4me1")
    fails(DataError, "it has no H3K27ac", ready, held_out="H3K27ac")
    fails(DataError, "no gene has the ID or the name 'PAX5'", ready, genes=["PAX5"])
    fails(SettingsError, "a dataset for each of the 2 runs, found 1", ready, three, data=[None])
    assert not any(tmp_path.iterdir())


def test_an_existing_folder(ready, tmp_path):
    out = tmp_path / "figures"
    export_figures([ready], out)
    (out / "beta-genes.pdf").unlink()
    with pytest.raises(DataError, match="--force"):
        export_figures([ready], out)
    export_figures([ready], out, force=True)
    assert len(files(out)) == 9
    (out / "A").mkdir()
    (out / "A" / "thesis.pdf").touch()
    with pytest.raises(DataError, match="not an export"):
        export_figures([ready], out, force=True)
    assert (out / "A" / "thesis.pdf").exists()
