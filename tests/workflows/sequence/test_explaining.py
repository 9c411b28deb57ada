"""Which bases a prediction depends on: against plain predictions, and what is asked for."""

import copy
import json

import numpy as np
import pytest
import torch
import xarray as xr

from attendome.errors import DataError, SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.training.sequence.inference import Averaging, averaged

REGION, AT = "chr1:810-850", "chr1:816-840"


@pytest.fixture(scope="module")
def data(small_sequences):
    from attendome.data import open_sequence

    return open_sequence(small_sequences)


@pytest.fixture
def run(run):
    """One whose prediction depends on the sequence more than after so little training."""
    with torch.no_grad():
        run.model.output.weight.mul_(30)
    return run


@pytest.fixture
def fasta(data, tmp_path):
    """The genome of the dataset: region n is at 100 n; between regions there are Ts."""
    letters = np.full(1000, ord("T"), np.uint8)
    for region in range(10):
        codes = data.read(region)[0]
        letters[100 * region : 100 * region + 64] = np.frombuffer(b"ACGTN", np.uint8)[codes]
    path = tmp_path / "genome.fa"
    path.write_bytes(b">chr1\n" + letters.tobytes() + b"\n")
    return path


def target(run, codes, *, reverse_complement, first=1, last=4):
    """ln(1 + Σ coverage) of the bins that overlap AT, of many sequences."""
    pairs = torch.tensor(run.description.strand_pairs)
    views = Averaging(reverse_complement=reverse_complement)
    with torch.no_grad():
        coverage = averaged(run.model.eval(), codes, pairs, views)
    return np.log1p(coverage[:, first:last].sum(1).numpy())


@pytest.mark.parametrize("reverse_complement", [True, False])
def test_mutagenesis_is_the_difference_of_predictions(run, data, reverse_complement):
    maps = run.explain(REGION, at=AT, settings={"reverse_complement": reverse_complement})
    codes = torch.from_numpy(data.read(8)[0].copy())
    expected = np.zeros((3, 40, 4), np.float32)
    before = target(run, codes[None], reverse_complement=reverse_complement)[0]
    for base in range(4):
        changed = codes.repeat(40, 1)
        changed[torch.arange(40), torch.arange(10, 50)] = base
        after = target(run, changed, reverse_complement=reverse_complement)
        expected[:, :, base] = (after - before).T
    assert maps["effect"].dims == ("track", "position", "base")
    np.testing.assert_allclose(maps["effect"], expected, atol=2e-6)
    assert np.abs(expected).max() > 1e-3
    assert maps["position"].to_numpy().tolist() == list(range(810, 850))
    np.testing.assert_array_equal(maps["sequence"], codes[10:50])
    np.testing.assert_allclose(np.log1p(maps["prediction"]), before, rtol=1e-5)
    own = codes[10:50].long().numpy()[None, :, None]
    assert not np.take_along_axis(maps["effect"].to_numpy(), own, axis=2).any()
    np.testing.assert_allclose(maps["importance"], -expected.mean(2), atol=2e-6)


def test_what_is_written(run, data):
    maps = run.explain(REGION, "saliency", at=AT, tracks=("DNASE",))
    with xr.open_zarr(run.path / "saliency.zarr", consolidated=False) as written:
        xr.testing.assert_identical(written.load().drop_encoding(), maps)
    assert maps["importance"].shape == (1, 40)
    assert (maps["importance"] == np.abs(maps["effect"]).max("base")).all()
    about = maps.attrs
    assert (about["chrom"], about["at_start"], about["at_end"]) == ("chr1", 816, 840)
    assert about["window_start"] == 800
    assert about["data_fingerprint"] == data.fingerprint()
    assert json.loads(about["method_settings"])["pseudocount"] == 1
    assert not about["signed"]
    assert [p.name for p in run.path.iterdir() if p.name.endswith(".parts")] == []


def test_gradient_is_what_a_small_change_does(run, data):
    maps = run.explain(REGION, "gradient-x-input", settings={"reverse_complement": False}, at=AT)
    start = one_hot(torch.from_numpy(data.read(8)[0].copy())).double()
    model = copy.deepcopy(run.model).double().eval()
    own, other, place = start[:, 20].argmax(), (start[:, 20].argmax() + 1) % 4, 20
    values = []
    for step in (-1e-6, 1e-6):
        moved = start.clone()
        moved[own, place] -= step
        moved[other, place] += step
        with torch.no_grad():
            values.append(np.log1p(model(moved[None])[0, 1:4].sum(0).numpy()))
    numeric = (values[1] - values[0]) / 2e-6
    found = maps["effect"].to_numpy()[:, 10, other]
    np.testing.assert_allclose(found, numeric, atol=1e-5, rtol=0.01)


def test_integrated_gradients_add_up(run):
    options = {"at": AT, "tracks": ("B",), "settings": {"steps": 30}}
    maps = run.explain("chr1:800-864", "integrated-gradients", **options)
    unknown = torch.full((1, 64), 4, dtype=torch.uint8)
    known = torch.from_numpy(maps["sequence"].to_numpy())[None]
    change = target(run, known, reverse_complement=True)
    change = (change - target(run, unknown, reverse_complement=True))[0, 2:]
    np.testing.assert_allclose(maps["change"], change, rtol=1e-4)
    missed = np.abs(maps["importance"].sum("position") - change)
    np.testing.assert_allclose(maps["completeness_error"], missed, atol=1e-5)
    assert missed < 0.1 * np.abs(change)


def test_a_window_of_a_genome_is_the_same(run, fasta):
    ours = run.explain("chr1:820-844", at="chr1:820-844")
    theirs = run.explain("1:820-844", genome=fasta, out=run.path / "g.zarr")
    assert theirs.attrs["window_start"] == 800
    assert theirs.attrs["chrom_length"] == 1000
    np.testing.assert_allclose(ours["effect"], theirs["effect"], atol=1e-6)
    assert theirs.attrs["genome"] == "genome.fa"


def test_a_window_is_found_wherever_one_holds_all(run, fasta):
    maps = run.explain("chr1:816-874", "saliency", at="chr1:830-840", genome=fasta)
    assert maps.attrs["window_start"] == 816


def test_the_ends_of_a_chromosome_are_unknown(run, fasta):
    maps = run.explain("chr1:0-8", genome=fasta)
    assert maps.attrs["window_start"] < 0
    assert maps.sizes["position"] == 8


@pytest.mark.parametrize(
    ("method", "settings"), [("mutagenesis", {}), ("integrated-gradients", {"steps": 6})]
)
def test_an_interrupted_one_goes_on(run, method, settings):
    out = run.path / "maps.zarr"

    def stop(done, _all):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        run.explain(REGION, method, out, at=AT, settings=settings, progress=stop)
    assert "goes on" in stopped.value.__notes__[0]
    assert not out.exists()
    calls = []
    run.model.tower.register_forward_hook(lambda *_: calls.append(1))
    made = run.explain(REGION, method, out, at=AT, settings=settings)
    again = len(calls)
    whole = run.explain(REGION, method, run.path / "whole.zarr", at=AT, settings=settings)
    xr.testing.assert_identical(made, whole)
    assert again < len(calls) - again
    assert not (run.path / ".maps.zarr.parts").exists()


def test_parts_of_something_else_are_not_used(run):
    out = run.path / "maps.zarr"

    def stop(_done, _all):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.explain(REGION, out=out, at="chr1:808-816", progress=stop)
    made = run.explain(REGION, out=out, at=AT)
    xr.testing.assert_identical(made, run.explain(REGION, out=run.path / "b.zarr", at=AT))


@pytest.mark.parametrize(
    ("region", "options", "message"),
    [
        ("chr1:810-850", {"method": "attention"}, "Unknown method 'attention'"),
        ("chr1:810-850", {"tracks": ("CAGES",)}, "did you mean 'CAGE'"),
        ("chr1:810-850", {"settings": {"steps": 3}}, "Unknown setting 'steps'"),
        ("chr1", {}, "no region holds"),
        ("chr1:870-890", {}, "no region holds chr1:870-890; give the sequence"),
        ("chr1:800-820", {}, "lies outside what is predicted of the dataset's region"),
        ("chr2:1-5", {}, "has no chromosome 'chr2'"),
        ("chr1:8-x", {}, "expected a chromosome, or a stretch"),
    ],
)
def test_bad_requests(run, region, options, message):
    with pytest.raises((DataError, SettingsError), match=message):
        run.explain(region, **options)
    assert not [path for path in run.path.iterdir() if ".zarr" in path.name]


def test_bad_requests_of_a_genome(run, fasta, small_sequences):
    with pytest.raises(SettingsError, match="name one"):
        run.explain(REGION, genome=fasta, data=small_sequences)
    with pytest.raises(SettingsError, match="reads 64 bp; the region and the bins"):
        run.explain("chr1:100-110", at="chr1:200-210", genome=fasta)
    with pytest.raises(SettingsError, match="outside what is predicted around chr1:100-160"):
        run.explain("chr1:100-160", genome=fasta)
    with pytest.raises(DataError, match="beyond the end"):
        run.explain("chr1:990-1010", genome=fasta)
