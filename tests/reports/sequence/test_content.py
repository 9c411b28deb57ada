import numpy as np
import pandas as pd
import xarray as xr

from attendome.reports.sequence.content import chosen_tracks, density, most_variable


def test_of_each_assay_the_best_the_middle_and_the_worst_track_are_chosen():
    tracks = pd.DataFrame(
        {
            "track": list("abcdefgh"),
            "assay": ["CAGE"] * 6 + ["DNASE"] * 2,
            "pearson": [0.1, 0.5, np.nan, 0.3, 0.2, 0.4, 0.9, 0.8],
        }
    )
    assert chosen_tracks(tracks, 24) == ["b", "d", "a", "g", "h"]
    assert chosen_tracks(tracks, 4) == ["b", "d", "a", "g"]
    assert chosen_tracks(tracks.assign(pearson=np.nan), 4) == []


def test_the_most_variable_regions_are_found_whatever_the_scale_of_a_track():
    observed = np.zeros((5, 2, 8))
    observed[3, 0, 0] = 1e6
    observed[1, 1, 0] = 1e-3
    coverage = xr.Dataset({"observed": (("region", "track", "bin"), observed)})
    assert most_variable(coverage, 2).tolist() == [1, 3]
    assert most_variable(coverage, 9).tolist() == [0, 1, 2, 3, 4]


def test_bins_without_coverage_count_in_no_region():
    observed = np.array([[[0, 1, np.nan, np.nan]], [[0, 0, 0, 5.0]]])
    coverage = xr.Dataset({"observed": (("region", "track", "bin"), observed)})
    assert most_variable(coverage, 1).tolist() == [1]


def test_every_known_bin_is_counted_once():
    observed = np.array([[0.0, 3.0, np.nan, -1.0], [100.0, 3.0, 3.0, 7.0]])
    predicted = np.array([[0.0, 0.5, 1.0, 0.0], [50.0, np.inf, 0.5, 7.0]])
    counts, edges = density(observed, predicted)
    assert counts.sum() == 6
    assert edges[0] == 0
    assert np.isclose(edges[-1], 100)
    assert counts[0, 0] == 2, "below 0 counts as 0"
    place = np.searchsorted(edges, [0.5, 3]) - 1
    assert counts[place[0], place[1]] == 2, "predicted first, then observed"


def test_coverage_of_nothing_but_zeros_can_be_counted():
    counts, edges = density(np.zeros(4), np.zeros(4))
    assert counts[0, 0] == 4
    assert (np.diff(edges) > 0).all()
