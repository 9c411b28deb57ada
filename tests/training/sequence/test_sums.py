import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import r2_score

from attendome.data.opening import open_dataset
from attendome.errors import RunError
from attendome.training.sequence.sums import RegionSums

REGIONS, BINS, TRACKS = 7, 30, 4


def simulate(offset=0.0, dtype=torch.float32, seed=0):
    """Coverage, and predictions that follow it; regions differ in their mean."""
    generator = torch.Generator().manual_seed(seed)
    shape = (REGIONS, BINS, TRACKS)
    level, noise, miss = (
        torch.randn(size, generator=generator, dtype=torch.float64)
        for size in ((REGIONS, 1, TRACKS), shape, shape)
    )
    observed = offset + level + noise
    predicted = 0.5 * observed + 0.5 * offset + 0.7 * miss
    return observed.to(dtype), predicted.to(dtype)


def sums_of(observed, predicted):
    sums = empty(len(observed), observed.shape[-1])
    for numbers in torch.arange(len(observed)).split(3):
        sums.add(numbers, observed[numbers], predicted[numbers])
    return sums


def empty(regions=REGIONS, tracks=TRACKS):
    names = [f"chr1:{100 * n}-{100 * n + 100}" for n in range(regions)]
    return RegionSums(names, [f"T{n}" for n in range(tracks)], ["CAGE"] * tracks)


def flat(values, track):
    return values[..., track].double().flatten().numpy()


def check(sums, observed, predicted):
    """Hold the scores against SciPy's and scikit-learn's, over the bins that are known."""
    for track, (r, r2) in enumerate(zip(sums.pearson(), sums.r2(), strict=True)):
        y, p = flat(observed, track), flat(predicted, track)
        known = ~np.isnan(y)
        assert r == pytest.approx(stats.pearsonr(y[known], p[known]).statistic, abs=1e-12)
        assert r2 == pytest.approx(r2_score(y[known], p[known]), abs=1e-10)


@pytest.mark.parametrize("offset", [0.0, -1e4])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_scores_are_those_over_all_positions(offset, dtype):
    if dtype == torch.float16:
        offset /= 100
    values = simulate(offset, dtype)
    check(sums_of(*values), *values)


def test_a_large_offset_costs_no_digits():
    plain, offset = simulate(dtype=torch.float64), simulate(1e8, dtype=torch.float64)
    for name in ("pearson", "r2"):
        expected, found = (getattr(sums_of(*v), name)() for v in (plain, offset))
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    y = offset[0].flatten()
    squares = (y * y).sum() - y.sum() ** 2 / len(y)  # what plain sums of squares would make of it
    assert abs(squares / ((y - y.mean()) ** 2).sum() - 1) > 0.1


def test_missing_coverage_is_left_out_with_its_prediction():
    observed, predicted = simulate()
    observed[0, :, 0] = torch.nan  # a whole region
    observed[2, 5:9, 1] = torch.nan
    predicted[2, 5:9, 1] = 1e9
    sums = sums_of(observed, predicted)
    check(sums, observed, predicted)
    assert sums.moments[0, 0, 0] == 0
    observed[..., 3] = torch.nan
    assert sums_of(observed, predicted).pearson()[3].isnan()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_prediction_that_is_no_number_is_not_left_out(bad):
    observed, predicted = simulate()
    predicted[3, 4, 1] = bad
    sums = sums_of(observed, predicted)
    assert sums.pearson().isnan().tolist() == [False, True, False, False]
    assert sums.r2().isfinite().tolist() == [True, False, True, True]


@pytest.mark.parametrize("level", [0.0, 0.1, 1e6 + 0.1])
def test_coverage_that_is_the_same_everywhere_has_no_score(level):
    observed, predicted = simulate(dtype=torch.float64)
    observed[..., 2] = level
    sums = sums_of(observed, predicted)
    for scores in (sums.pearson(), sums.r2()):
        assert scores.isnan().tolist() == [False, False, True, False]


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_a_prediction_that_is_the_same_everywhere_counts_against_the_model(level):
    observed, predicted = simulate(dtype=torch.float64)
    predicted[..., 2] = level
    sums = sums_of(observed, predicted)
    assert sums.pearson()[2] == 0
    assert sums.r2()[2] == pytest.approx(r2_score(flat(observed, 2), flat(predicted, 2)))


def test_weights_count_regions_as_often_as_they_say():
    observed, predicted = simulate(offset=5.0)
    observed[1, 3:7, 2] = torch.nan
    weights = torch.tensor([[1, 0, 2, 0, 0, 3, 1], [0, 1, 1, 1, 1, 0, 0]], dtype=torch.float64)
    sums = sums_of(observed, predicted)
    found = sums.agreement(weights)
    for row, counts in enumerate(weights.long()):
        chosen = torch.repeat_interleave(torch.arange(REGIONS), counts)
        expected = sums_of(observed[chosen], predicted[chosen])
        torch.testing.assert_close(found.pearson[row], expected.pearson(), rtol=1e-10, atol=0)
        torch.testing.assert_close(found.r2[row], expected.r2(), rtol=1e-10, atol=0)


def test_tracks_are_scored_in_pieces(monkeypatch):
    sums = sums_of(*simulate())
    expected = sums.pearson()
    monkeypatch.setattr("attendome.training.sequence.sums._TRACKS", 3)
    torch.testing.assert_close(sums.pearson(), expected)


def test_a_resample_in_which_coverage_is_the_same_everywhere():
    observed, predicted = simulate(dtype=torch.float64)
    observed[1:, :, 0] = 0.3  # it varies in the first region only
    weights = torch.ones(2, REGIONS, dtype=torch.float64)
    weights[1, 0] = 0
    r = sums_of(observed, predicted).agreement(weights).pearson
    assert r.isnan().tolist() == [[False] * TRACKS, [True, False, False, False]]


def test_a_region_that_is_added_again_counts_once():
    observed, predicted = simulate()
    sums = sums_of(observed, predicted)
    expected = sums.pearson()
    sums.add(torch.tensor([4]), observed[4:5], predicted[4:5])
    torch.testing.assert_close(sums.pearson(), expected)


def test_alone_there_is_nothing_to_reduce():
    values = simulate()
    sums = sums_of(*values)
    sums.reduce()
    check(sums, *values)


def test_two_processes_bring_their_regions_together(monkeypatch):
    """Regions 0 to 3 and 3 to 6; training in two processes is tested with the training."""
    observed, predicted = simulate()
    both = [empty(), empty()]
    for part, first in zip(both, (0, 3), strict=True):
        numbers = torch.arange(first, first + 4)
        part.add(numbers, observed[numbers], predicted[numbers])
    sent = iter([both[1].moments, both[1]._times])
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda tensor: tensor.add_(next(sent)))
    both[0].reduce()
    torch.testing.assert_close(both[0].moments, sums_of(observed, predicted).moments)


def test_what_is_added_is_left_as_it_is():
    values = simulate(offset=3.0, dtype=torch.float64)
    values[0][2, 3, 1] = torch.nan
    before = [part.clone() for part in values]
    empty().add(torch.arange(REGIONS), *values)
    for part, expected in zip(values, before, strict=True):
        torch.testing.assert_close(part, expected, equal_nan=True, rtol=0, atol=0)


def test_saved_sums_are_the_same(tmp_path):
    sums = sums_of(*simulate())
    sums.save(tmp_path / "region_sums.npz")
    sums.save(tmp_path / "region_sums.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["region_sums.npz"]
    again = RegionSums.load(tmp_path / "region_sums.npz")
    assert torch.equal(again.moments, sums.moments)
    for name in ("regions", "tracks", "assays"):
        assert getattr(again, name) == getattr(sums, name)
        assert type(getattr(again, name)[0]) is str


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "region_sums.npz"
    sums_of(*simulate()).save(path)
    whole = path.read_bytes()
    with np.load(path) as file:
        fields = dict(file)
    for content in (b"", b"text", whole[: len(whole) // 2], None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(RunError, match=r"region_sums\.npz: missing or damaged"):
            RegionSums.load(path)
    objects = np.array([{}], dtype=object)
    for change in (
        {"track": fields["track"][:2]},
        {"assay": fields["assay"][:2]},
        {"moments": objects},
    ):
        np.savez(path, **(fields | change))
        with pytest.raises(RunError, match="attendome evaluate"):
            RegionSums.load(path)


def test_sums_of_a_dataset(small_sequences):
    data = open_dataset(small_sequences).split("test")
    sums = RegionSums.of(data)
    assert sums.regions == ("chr1:800-864", "chr1:900-964")
    assert (sums.tracks, sums.assays) == (("A+", "A-", "B"), ("CAGE", "CAGE", "DNASE"))
    coverage = torch.stack([torch.from_numpy(data.read(n)[1]) for n in range(2)])
    sums.add(torch.arange(2), coverage, coverage.float())
    torch.testing.assert_close(sums.pearson(), torch.ones(3, dtype=torch.float64))
