import numpy as np
import pytest

from attendome.evaluation.sequence.resampling import draw_regions, mean_scores


def test_draws_depend_on_the_name_and_the_seed_alone():
    some, others = draw_regions(["chr1:0-10", "chr1:10-20"], 0), draw_regions(["chr1:10-20"], 0)
    assert some.shape == (2, 1000)
    np.testing.assert_array_equal(some[1:], others)
    assert (some[0] != some[1]).any()
    assert (draw_regions(["chr1:10-20"], 1) != others).any()


def test_draws_are_of_a_poisson_distribution():
    drawn = draw_regions([f"chr1:{start}-{start + 10}" for start in range(200)], 0).astype(float)
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    correlation = np.corrcoef(drawn)[~np.eye(200, dtype=bool)]
    assert np.abs(correlation).max() < 0.2  # chance: 1 / √1000 in a pair, 20,000 pairs


def test_means_of_groups(simulate_sums):
    sums = simulate_sums()
    drawn = draw_regions(sums.regions, 0)
    means = mean_scores(sums, drawn)
    assert list(means) == ["all tracks", "CAGE", "CHIP", "DNASE"]
    values = sums.r2().numpy()
    assert means["all tracks"]["r2"].value == pytest.approx(values.mean())
    assert means["CAGE"]["r2"].value == pytest.approx(values[:2].mean())
    sums.moments = sums.moments.repeat_interleave(
        sums.moments.new_tensor(drawn[:, 7].astype(int)).long(), dim=1
    )
    sums.regions = ("",) * sums.moments.shape[1]
    assert means["CAGE"]["r2"].draws[7] == pytest.approx(sums.r2()[:2].mean().item())


def test_a_track_is_left_out_of_the_resamples_in_which_it_does_not_vary(simulate_sums):
    def flatten(observed, _):
        observed[1:, :, 0] = 0

    sums = simulate_sums(change=flatten)
    drawn = draw_regions(sums.regions, 0)
    means = mean_scores(sums, drawn)["CAGE"]["pearson"]
    without = drawn[0] == 0
    assert 300 < without.sum() < 450  # 1 / e
    rest = sums.agreement(sums.moments.new_tensor(drawn.T.astype(float))).pearson[:, 1]
    np.testing.assert_allclose(means.draws[without], rest.numpy()[without])
    assert not np.isclose(means.draws[~without], rest.numpy()[~without]).any()


def test_one_region_has_no_draws(simulate_sums):
    sums = simulate_sums(regions=1)
    mean = mean_scores(sums, draw_regions(sums.regions, 0))["CAGE"]["pearson"]
    assert mean.value == pytest.approx(sums.pearson()[:2].mean().item())
    assert np.isnan(mean.draws).all()
