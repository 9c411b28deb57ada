import numpy as np
import pytest

from attendome import ChromatinDataset
from attendome.evaluation.quality_measures import (
    correlate,
    known_mean,
    mean_profiles,
    measure_marks,
)


@pytest.fixture
def gaps(simulated):
    """The simulated dataset: a mark without data in the first two bins, one without any."""
    data = ChromatinDataset(simulated.xarray.copy(deep=True))
    data.xarray["signal"][:, 0, :2] = np.nan
    data.xarray["signal"][:, 1] = np.nan
    return data


def with_sources(data, *sources):
    return ChromatinDataset(data.xarray.assign_attrs(sources=list(sources)))


def test_the_signal_of_a_mark(simulated):
    marks = measure_marks(simulated)
    assert list(marks) == simulated.marks
    signal = simulated.signal.sel(mark="H3K36me3").to_numpy()
    row = marks["H3K36me3"]
    assert row.mean == pytest.approx(signal.mean(dtype=float))
    assert (row.max, row.zero, row.missing) == (signal.max(), (signal == 0).mean(), 0)
    assert (row.unit, row.reads, row.depth, row.left_out) == ("signal per bin", None, None, {})


def test_missing_bins_are_left_out(gaps):
    marks = measure_marks(gaps)
    known = gaps.signal[:, 0, 2:].to_numpy()
    row, empty = marks["H3K4me3"], marks["H3K4me1"]
    assert row.missing == pytest.approx(2 / 20)
    assert row.mean == pytest.approx(known.mean(dtype=float))
    assert row.zero == pytest.approx((known == 0).mean())
    assert (empty.mean, empty.max, empty.zero, empty.missing) == (None, None, None, 1)


def test_the_reads_of_several_files_are_summed(simulated):
    one = {"role": "signal", "mark": "H3K4me3", "reads": 100, "used": 80, "in_windows": 20}
    two = {"role": "signal", "mark": "H3K4me3", "reads": 300, "used": 240, "in_windows": 60}
    control = {"role": "control", "reads": 7, "used": 7, "in_windows": 7, "left_out": {"x": 1}}
    coverage = {"role": "signal", "mark": "H3K4me1", "covered": 0.9}
    one["left_out"], two["left_out"] = {"duplicate": 20}, {"duplicate": 50, "unmapped": 10}
    marks = measure_marks(with_sources(simulated, one, two, control, coverage))
    row = marks["H3K4me3"]
    assert (row.reads, row.used, row.depth, row.in_windows) == (400, 320, 320e-6, 0.25)
    assert row.left_out == {"duplicate": 70, "unmapped": 10}
    assert row.unit == "reads per bin"
    assert (marks["H3K4me1"].unit, marks["H3K4me1"].reads) == ("coverage", None)


def test_without_used_reads_no_share_is_in_windows(simulated):
    source = {"role": "signal", "mark": "H3K4me3", "reads": 5, "used": 0, "in_windows": 0}
    row = measure_marks(with_sources(simulated, source))["H3K4me3"]
    assert (row.used, row.depth, row.in_windows) == (0, 0, None)


def test_profiles_of_genes_on_and_off(simulated):
    profiles = mean_profiles(simulated)
    assert profiles["group"].to_numpy().tolist() == ["on", "off"]
    for group, label in (("on", 1), ("off", 0)):
        chosen = simulated.signal[simulated.labels() == label]
        found = profiles.sel(group=group)
        assert found["genes"] == len(chosen)
        np.testing.assert_allclose(found, chosen.mean("gene", dtype=float))


def test_profiles_without_labels_or_with_one(simulated):
    bare = ChromatinDataset(simulated.xarray.drop_vars("label"))
    assert mean_profiles(bare)["group"].to_numpy().tolist() == ["all"]
    off = ChromatinDataset(simulated.xarray.isel(gene=simulated.labels() == 0))
    assert mean_profiles(off)["group"].to_numpy().tolist() == ["off"]


def test_profiles_and_correlation_with_gaps(gaps, simulated):
    profile = mean_profiles(gaps).sel(group="on", mark="H3K4me3").to_numpy()
    assert np.isnan(profile[:2]).all()
    np.testing.assert_array_equal(profile[2:], mean_profiles(simulated)[0, 0, 2:])
    found = correlate(gaps)
    first, third = (np.log1p(gaps.signal[:, n, 2:].to_numpy().ravel()) for n in (0, 2))
    assert found[0, 2].item() == pytest.approx(np.corrcoef(first, third)[0, 1], abs=1e-6)
    assert np.isnan(found[1]).all()


def test_correlation_is_of_the_logarithm(simulated):
    table = correlate(simulated)
    one, other = (
        np.log1p(simulated.signal.sel(mark=m).to_numpy().ravel()) for m in ("H3K4me3", "H3K27me3")
    )
    expected = np.corrcoef(one, other)[0, 1]
    assert table.sel(mark="H3K4me3", other="H3K27me3").item() == pytest.approx(expected, abs=1e-6)
    assert table.sel(mark="H3K27me3", other="H3K4me3").item() == pytest.approx(expected, abs=1e-6)


def test_the_mean_of_nothing_is_missing():
    values = np.array([[1, np.nan], [3, np.nan]])
    np.testing.assert_array_equal(known_mean(values, axis=0), [2, np.nan])
