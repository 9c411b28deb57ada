import numpy as np
import pandas as pd

from attendome.interpretation.sequence.link_tables import Choice, Profile, strongest


def test_the_strongest_links_of_each_target_are_chosen():
    targets = pd.DataFrame({"chrom": "chr1", "start": [20, 0], "end": [30, 10], "name": ["a", "b"]})
    # The region begins before the chromosome: its first bin is not there.
    links = np.array([[9.0, 0.4, 7.0, 8.0, 0.5, -0.6], [9.0, 9.0, 9.0, 0.4, 0.1, 0.3]])
    found = strongest(links, targets, -10, 10, Choice(0.4, 2, 20))
    assert found["name"].tolist() == ["a", "a", "b"]
    assert found["source_start"].tolist() == [40, 0, 20]
    assert found["source_end"].tolist() == [50, 10, 30]
    assert found["value"].tolist() == [-0.6, 0.4, 0.4]
    assert found["distance"].tolist() == [20, -20, 20]


def test_nothing_is_listed_where_all_is_weak():
    targets = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [10]})
    found = strongest(np.full((1, 4), 0.1), targets, 0, 10, Choice(0.2, 2, 10))
    assert found.empty
    assert "source_start" in found


def test_the_profile_follows_the_strand():
    profile = Profile(4)
    links = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]])
    profile.add(links, np.array([1, 1]), pd.Series(["+", "-"]))
    assert profile.count.tolist() == [0, 1, 2, 2, 2, 1, 0]
    np.testing.assert_array_equal(
        profile.mean, [np.nan, 40, (1 + 30) / 2, (2 + 20) / 2, (3 + 10) / 2, 4, np.nan]
    )
