"""What can be asked of a run of a model that reads DNA."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import r2_score

import attendome as ad
from attendome.errors import DataError, RunError, SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.training.sequence.sums import RegionSums
from attendome.workflows.run import open_chromatin_run


@pytest.fixture
def content(small_sequences):
    """The dataset in memory, to change."""
    return ad.open_dataset(small_sequences).xarray.load()


def predicted(run, data):
    """Predict regions one by one, plainly."""
    model = run.model.eval()
    with torch.no_grad():
        return np.concatenate(
            [
                model(one_hot(torch.from_numpy(data.read(number)[0]))[None]).numpy()
                for number in range(len(data))
            ]
        )


def test_scores_are_those_of_the_predictions(run):
    told = []
    scores = run.evaluate(progress=lambda *so_far: told.append(so_far))
    test = run.dataset().split("test")
    ours = predicted(run, test).reshape(-1, 3)
    theirs = np.concatenate([test.read(n)[1] for n in range(2)]).astype(float)
    table = pd.read_parquet(run.path / "tracks.parquet")
    assert table["track"].tolist() == ["A+", "A-", "B"]
    for track in range(3):
        r = np.corrcoef(ours[:, track], theirs[:, track])[0, 1]
        assert table["pearson"][track] == pytest.approx(r, abs=1e-5)
        r2 = r2_score(theirs[:, track], ours[:, track])
        assert table["r2"][track] == pytest.approx(r2, abs=1e-5)
    assert scores.pearson.overall.value == pytest.approx(table["pearson"].mean())
    assert scores.pearson.by_assay["DNASE"].value == pytest.approx(table["pearson"][2])
    assert told[-1] == (2, 2)


def test_what_evaluate_writes(run, small_sequences):
    scores = run.evaluate(split="valid")
    written = json.loads((run.path / "metrics.json").read_text())
    more = {
        "fingerprint": run.config.fingerprint,
        "margin": 0,
        "averaging": {"reverse_complement": False, "shifts": [0]},
    }
    assert written == json.loads(json.dumps(scores.to_dict())) | more
    assert (written["split"], written["n"]) == ("valid", 2)
    assert written["data"] == str(small_sequences.resolve())
    assert run.last_scores() == written
    sums = RegionSums.load(run.path / "region_sums.npz")
    assert sums.regions == ("chr1:600-664", "chr1:700-764")
    assert not list(run.path.glob(".*"))


def test_not_evaluated_yet(run):
    assert run.last_scores() is None
    (run.path / "metrics.json").write_text("{}")
    with pytest.raises(RunError, match=r"metrics\.json: damaged"):
        run.last_scores()


def test_averaging_over_strands_and_shifts(run):
    plain = run.evaluate()
    both = run.evaluate(reverse_complement=True, shifts=(1, -1))
    assert both.pearson.overall.value != plain.pearson.overall.value
    expected = {"reverse_complement": True, "shifts": [0, 1, -1]}
    assert run.last_scores()["averaging"] == expected
    with pytest.raises(SettingsError, match="A shift of 64 bp"):
        run.evaluate(shifts=(64,))


def test_averaging_over_strands_does_not_depend_on_the_strand(run, content):
    data = ad.SequenceDataset(content)
    codes, coverage = content["sequence"].to_numpy(), content["coverage"].to_numpy()
    turned = content.copy()
    turned["sequence"] = (
        ("region", "position"),
        np.where(codes < 4, 3 - codes, 4)[:, ::-1].astype(np.uint8),
    )
    turned["coverage"] = (("region", "bin", "track"), coverage[:, ::-1][:, :, [1, 0, 2]])
    one = run.evaluate(data, reverse_complement=True)
    tracks = pd.read_parquet(run.path / "tracks.parquet")["pearson"]
    other = run.evaluate(ad.SequenceDataset(turned), reverse_complement=True)
    again = pd.read_parquet(run.path / "tracks.parquet")["pearson"]
    assert other.pearson.overall.value == pytest.approx(one.pearson.overall.value, abs=1e-5)
    np.testing.assert_allclose(again, tracks[[1, 0, 2]], atol=1e-5)


def test_tracks_are_matched_by_name(run, content):
    own = run.evaluate()
    moved = ad.SequenceDataset(
        content.isel(track=[2, 1, 0]).assign_coords(strand_pair=("track", [0, 2, 1]))
    )
    matched = run.dataset(moved)
    assert matched.tracks.index.tolist() == ["A+", "A-", "B"]
    assert matched.tracks["strand_pair"].tolist() == [1, 0, 2]
    assert run.evaluate(moved).pearson == own.pearson


def test_a_dataset_that_does_not_fit(run, content, small_sequences):
    with pytest.raises(DataError, match=r"expects 3 tracks; not found: A-"):
        run.dataset(
            ad.SequenceDataset(
                content.isel(track=[0, 2]).assign_coords(strand_pair=("track", [0, 1]))
            )
        )
    joined = content.isel(bin=slice(0, 3)).assign_attrs(bin_size=16)
    with pytest.raises(DataError, match="expects sequences of 64 bp, bins of 8 bp and a crop of 8"):
        run.dataset(ad.SequenceDataset(joined))
    with pytest.raises(DataError, match="no such dataset"):
        run.evaluate(small_sequences.parent / "other.zarr")
    with pytest.raises(DataError, match="no region is in the split 'tset'"):
        run.evaluate(split="tset")


def test_a_dataset_of_marks(run, simulated_store):
    with pytest.raises(DataError, match="expected a sequence dataset, found a chromatin dataset"):
        run.evaluate(simulated_store)


def test_the_own_dataset_has_changed_or_is_gone(run):
    changed = run.config.model_copy(update={"fingerprint": "0"})
    with pytest.raises(DataError, match="changed since"):
        type(run)(run.path, changed, run.description, run.loaded).dataset()
    gone = run.config.model_copy(update={"data": ("/nowhere.zarr",)})
    with pytest.raises(DataError, match="is not there; name it with --data"):
        type(run)(run.path, gone, run.description, run.loaded).dataset()


def test_accuracy_against_reach(run):
    table = run.evaluate_reach()
    assert table.equals(pd.read_parquet(run.path / "reach.parquet"))
    assert set(table["assay"]) == {"all tracks", "CAGE", "DNASE"}
    everything = table[table["distance"] == table["distance"].max()].iloc[0]
    metrics = run.last_scores()
    assert everything["pearson"] == pytest.approx(metrics["pearson"]["overall"]["value"], abs=1e-5)
    assert table["distance"].min() == 0


def test_reach_is_dropped_with_the_scores_it_is_of(run):
    run.evaluate_reach([0])
    run.evaluate()
    assert (run.path / "reach.parquet").is_file()
    run.evaluate(split="valid")
    assert not (run.path / "reach.parquet").exists()


def test_report(run, tmp_path):
    assert run.report() == run.path / "report.html"
    assert run.last_scores()["split"] == "test"
    out = run.report(tmp_path / "page.html")
    assert "dilated" in out.read_text()
    with pytest.raises(DataError, match="exists already"):
        run.report(out)


def test_commands_of_histone_marks_say_so(run):
    with pytest.raises(SettingsError, match="a run of dilated, which reads DNA"):
        open_chromatin_run(run)
    with pytest.raises(SettingsError, match="which reads DNA"):
        ad.validate(run.path, "H3K27ac")
    with pytest.raises(SettingsError, match="which reads DNA"):
        ad.export_tracks(run.path, run.path / "a.bedgraph", "H3K4me3")
    with pytest.raises(SettingsError, match="which reads DNA"):
        ad.export_figures([run.path], run.path / "figures")


def test_margin_is_left_out(small_sequences, small, tmp_path):
    run = ad.train(small_sequences, "standard", tmp_path / "run", small | {"margin": 1})
    run.evaluate()
    sums = RegionSums.load(run.path / "region_sums.npz")
    assert (sums.moments[0] == 4).all()
    assert run.last_scores()["margin"] == 1


def test_description_of_a_run(run, small_sequences):
    from attendome.workflows.information import describe

    content = describe(run.path)
    assert (content["kind"], content["task"], content["model"]) == ("run", "sequence", "dilated")
    assert content["assays"] == {"CAGE": 2, "DNASE": 1}
    assert (content["length"], content["bins"], content["bin_size"]) == (64, 6, 8)
    assert content["metrics"] is None
    assert content["data"] == [str(small_sequences.resolve())]
