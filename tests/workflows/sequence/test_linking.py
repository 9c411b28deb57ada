import bioframe
import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from attendome.errors import DataError, SettingsError
from attendome.models.sequence import one_hot
from attendome.workflows.sequence.linking import link

# Regions begin every 100 bp; 48 bp, from 8 on, are predicted. Test regions begin at 800 and 900.
GENES = (
    "gene\tgene_name\tchrom\tstrand\ttss\nG1\tone\t1\t+\t815\nG2\t\t1\t-\t955\nG3\tout\t1\t+\t803\n"
)


@pytest.fixture(scope="module")
def attention(small_sequences, small, tmp_path_factory):
    """A run that no test changes."""
    from attendome.workflows import train

    out = tmp_path_factory.mktemp("runs") / "attention"
    return train(small_sequences, "attention", out, small | {"heads": 2}, seed=1)


@pytest.fixture
def genes(tmp_path):
    path = tmp_path / "genes.tsv"
    path.write_text(GENES)
    return path


def weights(run, region):
    codes = torch.from_numpy(run.dataset().read(region)[0])
    with torch.no_grad():
        return run.model.attend(one_hot(codes)[None]).attention[0][0].numpy()


def test_maps_hold_the_attention_of_tss(attention, genes, tmp_path):
    out, settings = tmp_path / "a.zarr", {"heads": True, "reverse_complement": False}
    made = link(attention, [out], settings, genes=genes)
    assert made.unit == "attention"
    with xr.open_zarr(out, chunks=None) as maps:
        assert maps["name"].to_numpy().tolist() == ["one", "G2"]
        assert maps["region"].to_numpy().tolist() == [8, 9]
        assert maps["start"].to_numpy().tolist() == [808, 948]
        assert maps["region_start"].to_numpy().tolist() == [800, 900]
        assert maps["position"].to_numpy().tolist() == list(range(0, 64, 8))
        first, second = weights(attention, 8)[:, 1], weights(attention, 9)[:, 6]
        np.testing.assert_allclose(maps["head_link"][:, 0], first, rtol=1e-5)
        np.testing.assert_allclose(maps["head_link"][:, 1], second, rtol=1e-5)
        np.testing.assert_allclose(maps["link"][0], first.mean(axis=0), rtol=1e-5)
        mean = (first.mean(axis=0)[1] + second.mean(axis=0)[6]) / 2
        np.testing.assert_allclose(maps["profile"].sel(offset=0), mean, rtol=1e-5)
        upstream = second.mean(axis=0)[7]  # of a gene on the minus strand
        expected = (first.mean(axis=0)[0] + upstream) / 2
        np.testing.assert_allclose(maps["profile"].sel(offset=-8), expected, rtol=1e-5)
        assert maps["profile_targets"].sel(offset=[0, -48]).to_numpy().tolist() == [2, 0]
        assert maps.attrs["method"] == "attention"


def test_all_bins_are_linked_with_all(attention, tmp_path):
    settings = {"targets": "all", "reverse_complement": False, "split": "test"}
    link(attention, [tmp_path / "a.zarr"], settings)
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as maps:
        expected = [weights(attention, region).mean(axis=0)[1:7] for region in (8, 9)]
        np.testing.assert_allclose(maps["link"], np.concatenate(expected), rtol=1e-5)
        assert "profile" not in maps


@pytest.mark.parametrize("method", ["gradients", "masking"])
def test_strongest_links_are_written(trained, genes, tmp_path, method):
    out = [tmp_path / f"a{ending}" for ending in (".zarr", ".bedpe", ".interact", "")]
    settings = {"method": method, "threshold": 1e-9, "per_target": 2, "tracks": ["CAGE"]}
    made = link(trained, out, settings, genes=genes)
    found = bioframe.read_table(out[1], schema="bedpe", comment="#", usecols=range(10))
    with xr.open_zarr(out[0], chunks=None) as maps:
        values = maps["link"].to_numpy().copy()
    assert (values != 0).any(axis=1).all()
    values[0, :3], values[1, 5:] = 0, 0  # too near: within two bins
    strongest = np.abs(values[0]).argmax()
    rows = found[found["name"] == "one"]
    best = rows.loc[rows["score"].idxmax()]
    assert best[["chrom1", "start1", "end1"]].tolist() == ["chr1", 808, 816]
    assert best["start2"] == 800 + 8 * strongest
    assert len(found) == len(made.strongest) == 4
    assert found["score"].max() == 1000
    assert len(out[2].read_text().splitlines()) == 2 + 4
    names = {path.name for path in out[3].iterdir()}
    assert {"tss_profile.pdf", "links_chr1_800-864.png", "links_chr1_900-964.svg"} <= names


def test_masking_is_what_the_prediction_loses(trained, tmp_path):
    settings = {"method": "masking", "targets": 1, "regions": ["chr1:800-820"], "batch_size": 3}
    made = link(trained, [tmp_path / "a.zarr"], settings | {"reverse_complement": False})
    codes = torch.from_numpy(trained.dataset().read(8)[0])
    masked = codes.repeat(9, 1)
    for source in range(8):
        masked[source + 1, 8 * source : 8 * source + 8] = 4
    with torch.no_grad():
        levels = (trained.model(one_hot(masked)).sum(dim=2) + 1).log()
    peak = int(levels[0].argmax())
    assert made.targets["bin"].tolist() == [peak]
    assert made.targets["region"].tolist() == [8]
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as maps:
        expected = (levels[0] - levels[1:])[:, peak]
        np.testing.assert_allclose(maps["link"][0], expected, rtol=1e-3, atol=1e-6)


def test_figures_of_attention_show_its_distance(attention, tmp_path):
    link(attention, [tmp_path / "figures"], {"split": "test"})
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert "attention_within.pdf" in names
    assert "tss_profile.pdf" not in names
    assert sum(name.startswith("links_") for name in names) == 2 * 3


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("a.txt", {}, SettingsError, "ends in .zarr, .bedpe or .interact"),
        ("a.zarr", {}, SettingsError, "dilated has no attention; choose gradients or masking"),
        ("a.zarr", {"method": "masks"}, SettingsError, "'attention', 'gradients' or 'masking'"),
        ("a.zarr", {"method": "masking", "targets": "all"}, SettingsError, "for attention only"),
        ("a.zarr", {"method": "masking", "tracks": ["CAG"]}, SettingsError, "CAGE"),
        ("a.zarr", {"regions": ["chr9"]}, DataError, "no chromosome 'chr9'"),
        ("a.zarr", {"regions": ["chr1:870-880"]}, DataError, "no region overlaps chr1:870-880"),
        ("no/a.zarr", {}, DataError, "does not exist"),
    ],
)
def test_bad_requests_leave_nothing(trained, tmp_path, name, settings, error, message):
    with pytest.raises(error, match=message):
        link(trained, [tmp_path / name], settings)
    assert list(tmp_path.iterdir()) == []


def test_genes_elsewhere_are_refused(trained, genes, tmp_path):
    genes.write_text(GENES.replace("815", "870").replace("955", "880"))
    with pytest.raises(DataError, match="no gene has its TSS"):
        link(trained, [tmp_path / "a.zarr"], {"method": "gradients"}, genes=genes)


def test_a_run_of_marks_is_refused(tmp_path, simulated):
    from attendome.workflows import train

    run = train(simulated, "logistic", tmp_path / "run")
    with pytest.raises(SettingsError, match="which reads histone marks"):
        link(run.path, [tmp_path / "a.zarr"])


def test_targets_lie_in_the_nearest_of_overlapping_regions(attention, tmp_path):
    """A TSS is a target once, in the region in whose middle it lies."""
    from dataclasses import replace

    data = attention.dataset()
    moved = data.xarray.assign_coords(
        start=("region", data.regions["start"] // 5),
        end=("region", data.regions["start"] // 5 + 64),
    )
    path = tmp_path / "genes.tsv"
    pd.DataFrame({"gene": ["G"], "chrom": "chr1", "strand": "+", "tss": 100}).to_csv(
        path, sep="\t", index=False
    )
    made = link(attention, [tmp_path / "a.bedpe"], data=replace(data, xarray=moved), genes=path)
    middle = moved["start"].to_numpy() + 32
    assert made.targets["region"].tolist() == [int(np.abs(middle - 100).argmin())]
    assert made.targets["tss"].tolist() == [100]
