"""Predictions as files: over the regions of a dataset, and along the chromosomes of a genome."""

import hashlib
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pybigtools
import pytest
import torch
import xarray as xr

import attendome as ad
from attendome.errors import DataError, RunError, SettingsError
from attendome.genome.fasta import open_genome
from attendome.models.sequence.bases import one_hot
from attendome.models.weights import save_weights
from attendome.training.sequence.inference import Averaging, averaged
from attendome.workflows.sequence import prediction_parts
from attendome.workflows.sequence.predicting import predict
from attendome.workflows.sequence.run import SequenceRun

SIZES = {"chr2": 1203, "chr10": 90}
GAP = range(400, 437)
PAIRS = torch.tensor([1, 0, 2])
SIZE, LENGTH = 8, 512


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    """Two chromosomes; the end of one is no whole bin, and a gap of N is in the middle of it."""
    path, generator = tmp_path_factory.mktemp("genome") / "genome.fa", np.random.default_rng(1)
    text = ""
    for chrom, size in SIZES.items():
        letters = generator.choice(list("ACGTacgt"), size)
        if chrom == "chr2":
            letters[GAP.start : GAP.stop] = "N"
        text += f">{chrom}\n{''.join(letters)}\n"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def local(trained, tmp_path_factory):
    """A model whose bins see 80 bp to each side, of windows of 512 bp; it was not trained."""
    folder = tmp_path_factory.mktemp("runs") / "standard"
    folder.mkdir()
    known = trained.description.model_dump() | {"model": "standard", "settings": {"scale": "small"}}
    description = type(trained.description)(**known | {"length": LENGTH, "crop": 0})
    torch.manual_seed(0)
    model = description.build().eval()
    save_weights(model, folder)
    return SequenceRun(folder, trained.config, description, model)


@pytest.fixture(scope="module")
def one_by_one(local, fasta):
    """The bins of each chromosome, each from a window of its own, which it is in the middle of."""
    middle, found = LENGTH // SIZE // 2, {}
    with open_genome(fasta) as genome, torch.no_grad():
        for chrom, size in SIZES.items():
            starts = [(number - middle) * SIZE for number in range(-(-size // SIZE))]
            windows = [torch.from_numpy(genome.read(chrom, s, s + LENGTH)) for s in starts]
            bins = [local.model(one_hot(window)[None])[0, middle] for window in windows]
            found[chrom] = torch.stack(bins).numpy()
    return found


def digest(path):
    """Give a checksum of a file, or of all files of a folder with their names."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    content = [(str(f.relative_to(path)), f.read_bytes()) for f in files if f.is_file()]
    return hashlib.sha256(repr(content).encode()).hexdigest()


@pytest.mark.parametrize("stride", [None, 8, 352])
def test_stitched_windows_are_as_one_window_per_bin(local, fasta, one_by_one, tmp_path, stride):
    made = local.predict(
        None, tmp_path / "a.parquet", genome=fasta, settings={"stride": stride, "batch_size": 3}
    )
    table = pd.read_parquet(made.path)
    assert list(table) == ["region", "chrom", "start", "end", "A+", "A-", "B"]
    expected = [one_by_one[chrom] for chrom in ("chr10", "chr2")]
    gap = slice(12 + 400 // SIZE, 12 + 436 // SIZE)  # bins of N only; the last N shares its bin
    kept = np.delete(np.concatenate(expected), gap, axis=0)
    np.testing.assert_allclose(table[["A+", "A-", "B"]], kept, rtol=1e-4, atol=1e-6)
    assert (made.bins, made.unknown, made.tracks) == (12 + 151, 4, 3)
    assert table["chrom"].drop_duplicates().tolist() == ["chr10", "chr2"]
    long = table[table["chrom"] == "chr2"]
    assert long["start"].tolist() == [*range(0, 400, SIZE), *range(432, 1203, SIZE)]
    assert (long["end"] - long["start"])[:-1].eq(SIZE).all()
    assert long["end"].iloc[-1] == 1203


def test_a_wide_stride_leaves_bins_at_the_edge_of_their_windows(local, fasta, one_by_one, tmp_path):
    options = {"genome": fasta, "settings": {"stride": 512, "regions": ["chr2"]}}
    table = pd.read_parquet(local.predict(None, tmp_path / "a.parquet", **options).path)
    expected = one_by_one["chr2"][(table["start"] // SIZE).to_numpy()]
    away = np.abs(table[["A+", "A-", "B"]].to_numpy() - expected).max(axis=1) > 1e-4
    edge = (table["start"] + 80).to_numpy() % 512 < 160
    assert away.any()
    assert not away[~edge].any()


def test_a_stretch_is_predicted_as_in_its_chromosome(local, fasta, tmp_path):
    whole = local.predict(None, tmp_path / "whole.parquet", genome=fasta)
    asked = {"regions": ["chr2:100-301", "chr2:290-310", "10:85-90"], "tracks": ["DNASE", "A+"]}
    made = local.predict(None, tmp_path / "part.parquet", genome=fasta, settings=asked)
    part, all_of_it = pd.read_parquet(made.path), pd.read_parquet(whole.path)
    assert list(part)[4:] == ["A+", "B"]
    assert part["region"].value_counts(sort=False).tolist() == [2, 27]
    assert part["start"].iloc[[0, 2, -1]].tolist() == [80, 96, 304]
    both = part.merge(all_of_it, on=["chrom", "start", "end"], suffixes=("", "_whole"))
    assert len(both) == len(part)
    np.testing.assert_allclose(both[["A+", "B"]], both[["A+_whole", "B_whole"]], rtol=1e-4)
    assert pq.ParquetFile(made.path).num_row_groups == 2


def test_zarr_and_bigwig_hold_the_same(local, fasta, tmp_path):
    options = {"genome": fasta, "settings": {"reverse_complement": True, "shifts": [3]}}
    table = pd.read_parquet(local.predict(None, tmp_path / "a.parquet", **options).path)
    local.predict(None, tmp_path / "a.zarr", **options)
    local.predict(None, tmp_path / "a", **options)
    index = pd.read_csv(tmp_path / "a" / "tracks.tsv", sep="\t")
    assert index["track"].tolist() == ["A+", "A-", "B"]
    assert index["assay"].tolist() == ["CAGE", "CAGE", "DNASE"]
    for chrom, rows in table.groupby("chrom"):
        with xr.open_zarr(tmp_path / "a.zarr", group=chrom, chunks=None) as found:
            known = found.isel(bin=~np.isnan(found["prediction"].to_numpy()).any(axis=1))
            assert found.sizes["bin"] == -(-SIZES[chrom] // SIZE)
            assert known["start"].to_numpy().tolist() == rows["start"].tolist()
            assert known["end"].to_numpy().tolist() == rows["end"].tolist()
            assert known["assay"].to_numpy().tolist() == ["CAGE", "CAGE", "DNASE"]
            assert (known["prediction"].to_numpy() == rows[["A+", "A-", "B"]].to_numpy()).all()
        for track, file in index[["track", "file"]].to_numpy():
            with pybigtools.open(str(tmp_path / "a" / file)) as bigwig:
                assert bigwig.chroms() == SIZES
                stood = list(bigwig.records(chrom))
            wanted = rows[["start", "end", track]].itertuples(index=False, name=None)
            assert stood == [(s, e, pytest.approx(v)) for s, e, v in wanted]
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as found:
        assert found.attrs["genome"] == "genome.fa"
        assert found.attrs["averaging"] == {"reverse_complement": True, "shifts": [0, 3]}


def test_regions_of_a_dataset_are_as_the_model_predicts_them(run, small_sequences, tmp_path):
    views = {"reverse_complement": True, "shifts": [-1, 1]}
    made = run.predict(None, tmp_path / "a.zarr", settings={"split": "test", **views})
    data = ad.open_dataset(small_sequences).split("test")
    sequences = torch.from_numpy(np.stack([data.read(number)[0] for number in range(2)]))
    averaging = Averaging(reverse_complement=True, shifts=(0, -1, 1))
    with torch.no_grad():
        expected = averaged(run.model.eval(), sequences, PAIRS, averaging).numpy()
    with xr.open_zarr(made.path, chunks=None) as found:
        np.testing.assert_allclose(found["prediction"], expected, rtol=1e-4)
        assert found["region"].to_numpy().tolist() == [8, 9]
        assert found["start"].to_numpy().tolist() == [800, 900]
        assert found["bin_start"].to_numpy().tolist() == list(range(8, 56, 8))
        assert found["split"].to_numpy().tolist() == ["test", "test"]
        assert found["prediction"].dims == ("region", "bin", "track")
    table = pd.read_parquet(
        run.predict(None, tmp_path / "a.parquet", settings={"split": "test", **views}).path
    )
    assert table["region"].tolist() == [8] * 6 + [9] * 6
    assert table["start"].tolist() == [r + b for r in (800, 900) for b in range(8, 56, 8)]
    np.testing.assert_allclose(table[["A+", "A-", "B"]], expected.reshape(-1, 3), rtol=1e-4)
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 2


@pytest.fixture
def overlapping(small_sequences):
    """The dataset, with regions that lie over one another, and backwards."""
    data = ad.open_dataset(small_sequences)
    start = 16 + 30 * np.arange(10)[::-1]
    places = {"start": ("region", start), "end": ("region", start + 64)}
    return replace(data, xarray=data.xarray.assign_coords(places))


def test_where_regions_overlap_the_nearest_middle_speaks_in_bigwig(run, overlapping, tmp_path):
    run.predict(overlapping, tmp_path / "a")
    run.predict(overlapping, tmp_path / "a.zarr")
    middle = overlapping.regions["start"].to_numpy() + 32
    with (
        pybigtools.open(str(tmp_path / "a" / "B.bw")) as bigwig,
        xr.open_zarr(tmp_path / "a.zarr", chunks=None) as found,
    ):
        values = bigwig.values("chr1", 0, 400, fillna=None)
        predicted = found["prediction"].to_numpy()
        known = np.flatnonzero(~np.isnan(values))
        assert known.tolist() == list(range(24, 16 + 270 + 56))
        for base in known:
            nearest = np.abs(middle - base - 0.5).min()
            said = [
                predicted[region, (base - middle[region] + 24) // 8, 2]
                for region in np.flatnonzero(np.abs(middle - base - 0.5) == nearest)
            ]
            assert values[base] in [pytest.approx(value) for value in said]


@pytest.mark.parametrize("name", ["a", "a.zarr", "a.parquet"])
def test_interrupted_predictions_go_on_to_the_same_bytes(local, fasta, tmp_path, monkeypatch, name):
    monkeypatch.setattr(prediction_parts, "_BASES", 2 * LENGTH)  # two windows in a part
    options = {"genome": fasta, "settings": {"stride": 80}}
    local.predict(None, tmp_path / f"whole_{name}", **options)
    computed, real = [], prediction_parts.averaged

    def dying(model, sequence, *rest):
        computed.append(len(sequence))
        if len(computed) == 4:
            raise KeyboardInterrupt
        return real(model, sequence, *rest)

    monkeypatch.setattr(prediction_parts, "averaged", dying)
    with pytest.raises(KeyboardInterrupt) as caught:
        local.predict(None, tmp_path / name, **options)
    assert "goes on" in caught.value.__notes__[0]
    assert not (tmp_path / name).exists()
    parts = sorted(tmp_path.glob(f".{name}.parts/*.float32"))
    assert len(parts) == 3
    parts[1].write_bytes(b"cut short")
    local.predict(None, tmp_path / name, **options)
    assert digest(tmp_path / name) == digest(tmp_path / f"whole_{name}")
    assert len(computed) == 4 + 9 - 2  # the two whole parts are not computed again
    assert {path.name for path in tmp_path.iterdir()} == {name, f"whole_{name}"}


def test_parts_of_other_predictions_are_not_taken(local, fasta, tmp_path, monkeypatch):
    out = tmp_path / "a.parquet"
    kept = {"genome": fasta, "settings": {"regions": ["chr10"]}}

    def failing(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("attendome.workflows.sequence.predicting.new_output", failing)
        with pytest.raises(KeyboardInterrupt):
            local.predict(None, out, **kept)
    kept["settings"] |= {"reverse_complement": True}
    local.predict(None, out, **kept)
    other = local.predict(None, tmp_path / "b.parquet", **kept)
    assert digest(out) == digest(other.path)


def test_results_do_not_depend_on_batches_and_parts(local, fasta, tmp_path, monkeypatch):
    table = {}
    for number, bases in ((1, 1), (5, 1 << 23)):
        monkeypatch.setattr(prediction_parts, "_BASES", bases)
        options = {"genome": fasta, "settings": {"batch_size": number}}
        made = local.predict(None, tmp_path / f"{number}.parquet", **options)
        table[number] = pd.read_parquet(made.path)
    pd.testing.assert_frame_equal(table[1], table[5], rtol=1e-4)


def test_by_default_in_the_run_folder(run):
    made = run.predict()
    assert made.path == run.path / "predictions.zarr"
    assert run.predict().bins == made.bins == 60  # replaced


def test_outputs_that_stand_in_the_way(run, tmp_path):
    for name in ("a", "a.zarr", "a.parquet"):
        out = tmp_path / name
        run.predict(None, out, settings={"split": "test"})
        with pytest.raises(DataError, match="exists already"):
            run.predict(None, out)
        run.predict(None, out, force=True)
    (tmp_path / "a" / "mine.txt").touch()
    with pytest.raises(DataError, match="not an export"):
        run.predict(None, tmp_path / "a", force=True)
    with pytest.raises(DataError, match="not predictions"):
        run.predict(None, run.config.data[0], force=True)


@pytest.mark.parametrize(
    ("settings", "genome", "said"),
    [
        ({"tracks": ["CAGF"]}, False, "Unknown track or assay 'CAGF': did you mean 'CAGE'"),
        ({"track": ["CAGE"]}, False, "Unknown setting 'track': did you mean 'tracks'"),
        ({"stride": 8}, False, "are those of a genome"),
        ({"regions": ["chr2"]}, False, "are those of a genome"),
        ({"split": "tset"}, False, "no region is in the split 'tset'"),
        ({"split": "test"}, True, "A split is one of a dataset"),
        ({"stride": 12}, True, "multiple of the bins' 8 bp"),
        ({"stride": -8}, True, "multiple of the bins' 8 bp"),
        ({"regions": ["chr3"]}, True, "has no chromosome 'chr3'"),
        ({"regions": ["chr2:408-416"]}, True, "All bases asked for are N"),
        ({"shifts": [600]}, True, "A shift of 600 bp"),
        ({"batch_size": 0}, True, "'batch_size' cannot be 0"),
    ],
)
def test_wrong_requests(run, fasta, tmp_path, settings, genome, said):
    with pytest.raises((DataError, SettingsError), match=said):
        predict(run, tmp_path / "a", settings, genome=fasta if genome else None)
    assert not list(tmp_path.glob("*a*"))


def test_wrong_names_and_files(run, fasta, tmp_path):
    with pytest.raises(SettingsError, match=r"ends in .parquet or .zarr, or one without"):
        run.predict(None, tmp_path / "a.bed")
    with pytest.raises(DataError, match=r"none\.fa"):
        run.predict(None, tmp_path / "a", genome=tmp_path / "none.fa")
    with pytest.raises(SettingsError, match="name one"):
        run.predict(run.config.data[0], tmp_path / "a", genome=fasta)


def test_predictions_that_are_not_finite(local, fasta, tmp_path):
    broken = replace(local, loaded=local.description.build())
    with torch.no_grad():
        next(broken.loaded.parameters()).fill_(np.nan)
    with pytest.raises(RunError, match="not finite"):
        broken.predict(None, tmp_path / "a", genome=fasta)
    assert not list(tmp_path.iterdir())


def test_progress(local, fasta, tmp_path):
    told = []

    @contextmanager
    def watch(step):
        yield lambda done, total: told.append((step, done, total))

    settings = {"stride": 80, "batch_size": 5}
    local.predict(None, tmp_path / "a", genome=fasta, settings=settings, watch=watch)
    predicting = [done for step, done, _ in told if step == "Predicting"]
    assert predicting == [5, 10, 15, 18, 18]
    assert {total for step, _, total in told if step == "Predicting"} == {18}
    assert told[-1] == ("Writing", 3, 3)
