"""Comparisons of models that read DNA; one is made for all tests, and no test changes it."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from attendome.errors import DataError, SettingsError
from attendome.reports.sequence import comparison
from attendome.training.sequence.sums import RegionSums
from attendome.workflows import comparing, open_run
from attendome.workflows.comparing import Where, compare, task_of
from attendome.workflows.results import RESULTS
from attendome.workflows.sequence.comparing import structure
from attendome.workflows.sequence.shown import most_variable

# The sockets that dask's own scheduler leaves open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ATTENTION = "attention[heads=2]"
BROKEN = "dilated[learning_rate=1e30,gradient_clip_norm=null]"
MODELS = f"standard,dilated,{ATTENTION},{BROKEN}"


@pytest.fixture(scope="module")
def made(small_sequences, small, tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison") / "out"
    told = {}
    options = {"settings": small, "reach": True, "where": Where(workers=2)}
    return compare([small_sequences], MODELS, out, done=told.__setitem__, **options), told


@pytest.fixture
def copied(made, tmp_path):
    """A copy of it, to go on with; gives its folder."""
    out = tmp_path / "out"
    shutil.copytree(made[0].path, out)
    table = pd.read_parquet(out / RESULTS)
    table["run"] = [f"{out}/runs/{run.partition('/runs/')[2]}" for run in table["run"]]
    table.to_parquet(out / RESULTS)
    return out


def test_a_row_for_each_run(made, small_sequences):
    results = pd.read_parquet(made[0].path / RESULTS)
    assert set(made[1]) == {f"{m} on {small_sequences.stem}, seed 1" for m in results["model"]}
    done = results.set_index("model").drop(BROKEN)
    assert list(done.index) == ["standard", "dilated", ATTENTION]
    for row in done.itertuples():
        run = open_run(row.run)
        scores = run.last_scores()
        assert (row.metric, row.value) == ("pearson", scores["pearson"]["overall"]["value"])
        assert row.r2 == scores["r2"]["overall"]["value"]
        assert row.valid == run.training_summary()["valid_pearson"]
        assert row.parameters == sum(p.numel() for p in run.model.parameters())
        assert 0 < row.step_seconds * 3 * row.epochs < row.seconds  # 3 steps: 6 regions by 2
        assert "processors" in row.machine or torch.cuda.is_available()
    assert done["dilated"].tolist() == [False, True, False]
    assert done["heads"].tolist() == [0, 0, 2]
    assert done["position"].tolist() == ["", "", "two-sided"]


def test_what_fails_is_listed(made):
    (row,) = made[0].results.query("status == 'failed'").itertuples()
    assert (row.model, row.metric) == (BROKEN, "pearson")
    assert "no longer a finite number" in row.error
    assert "no longer a finite number" in (made[0].path / "report.html").read_text()


def test_what_is_written(made, small_sequences):
    folder, name = made[0].path, small_sequences.stem
    for file in ("table.md", "table.tex", "by_assay.tsv", "differences.tsv", "bars.png"):
        assert (folder / file).stat().st_size > 0
    assert (folder / f"reach-{name}.pdf").is_file()
    assert (folder / "position-functions" / f"{ATTENTION}-{name}-seed-1.svg").is_file()
    drawn = sorted(path.stem for path in (folder / "coverage").glob("*.png"))
    assert len(drawn) == 2, "a track of each assay"
    table = (folder / "table.md").read_text()
    assert f"{made[0].results['value'][0]:.4f}" in table
    assert made[0].comparison.baseline == "dilated"
    assert "scale = small" in (folder / "report.html").read_text()


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the figures for a paper, which take seconds to draw."""
    monkeypatch.setattr(comparison, "save_figure", lambda *_: None)


@pytest.mark.usefixtures("undrawn")
def test_given_again_it_goes_on(copied, made, small, small_sequences, here):
    again = compare([small_sequences], MODELS, copied, settings=small, reach=True)
    assert here == [f"{BROKEN} on {small_sequences.stem}, seed 1"]
    np.testing.assert_array_equal(again.results["value"], made[0].results["value"])


@pytest.mark.usefixtures("undrawn")
def test_what_changed_since_is_scored_again(copied, small, small_sequences, here):
    runs = copied / "runs" / small_sequences.stem
    open_run(runs / "standard" / "seed-1").evaluate(split="valid")
    (runs / "dilated" / "seed-1" / "reach.parquet").unlink()
    compare([small_sequences], "standard,dilated", copied, settings=small)
    assert here == [f"standard on {small_sequences.stem}, seed 1"]
    again = compare([small_sequences], "standard,dilated", copied, settings=small, reach=True)
    assert again.results["step_seconds"].notna().all(), "of the training, which was not done again"
    assert here[1:] == [f"{m} on {small_sequences.stem}, seed 1" for m in ("standard", "dilated")]


def test_kinds_of_data_and_models_do_not_mix(small_sequences, stored, tmp_path):
    out = tmp_path / "out"
    assert task_of([small_sequences]) == "sequence"
    with pytest.raises(DataError, match=r"is of chromatin, .* of DNA"):
        compare([small_sequences, stored.path], "all", out)
    with pytest.raises(SettingsError, match="mlp reads histone marks"):
        compare([small_sequences], "mlp", out)
    with pytest.raises(SettingsError, match="dilated reads DNA"):
        compare([stored.path], "dilated", out)
    with pytest.raises(SettingsError, match="of models that read DNA"):
        compare([stored.path], "mlp", out, reach=True)
    with pytest.raises(SettingsError, match="chromatin only"):
        compare([small_sequences], "dilated", out, search=2)
    assert not out.exists()


def test_models_are_scored_on_the_same_bins(small_sequences, tmp_path):
    models = "dilated,standard[margin=1]"
    with pytest.raises(SettingsError, match=r"dilated leaves out 0 bins .* standard.margin=1. lea"):
        compare([small_sequences], models, tmp_path / "out")


def test_two_datasets_of_one_name(small_sequences, tmp_path):
    copy = shutil.copytree(small_sequences, tmp_path / small_sequences.name)
    with pytest.raises(DataError, match=r"2 datasets are named .*; give them names that tell"):
        compare([small_sequences, copy], "dilated", tmp_path / "out")


def test_the_regions_that_vary_most():
    generator = torch.Generator().manual_seed(0)
    observed = torch.rand(4, 30, 2, generator=generator)
    observed[:, :, 1] *= 1000  # does not count for more
    observed[2] *= 3
    observed[0, :, 0] *= 2
    sums = RegionSums([f"chr1:{n}-{n + 30}" for n in range(4)], ["a", "b"], ["CAGE", "CAGE"])
    sums.add(torch.arange(4), observed, observed)
    assert most_variable(sums, 2).tolist() == [2, 0]


def test_the_structure_of_the_hybrid_and_of_two_layers():
    from attendome.models.descriptions import SequenceDescription

    def described(model, **settings):
        sizes = {"tracks": ("a",), "assays": ("CAGE",), "strand_pairs": (0,), "length": 64}
        description = SequenceDescription(
            model=model, settings=settings, bin_size=8, crop=8, **sizes
        )
        return structure(description)

    assert described("hybrid", layers=5, heads=8) == {
        "dilated": True, "attention_layers": 1, "heads": 8, "position": "learned"
    }  # fmt: skip
    two = described("attention", layers=2, heads=5, position="exponential")
    assert list(two.values()) == [False, 2, 5, "exponential"]
    assert list(described("standard").values()) == [False, 0, 0, ""]


@pytest.mark.parametrize(
    ("settings", "count"), [({}, 3), ({"accelerator": "cpu"}, 2), ({"devices": 2}, 1)]
)
def test_by_default_one_training_for_each_gpu(
    small_sequences, tmp_path, monkeypatch, settings, count
):
    counts = []

    def workers(count, _scheduler):
        counts.append(count)
        raise SettingsError("far enough")

    monkeypatch.setattr(comparing, "workers", workers)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(SettingsError, match="far enough"):
        compare([small_sequences], "published", tmp_path / "out", settings=settings)
    assert counts == [count]
