from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from attendome.genome.event_reading import read_events
from attendome.genome.events import EventRule, Events, layer_of, position_of, site_of
from attendome.genome.multimapping import _smoothed, kernel, share_out

from .plain_coverage import MINUS, Record, plain_coverage, write_bam

LENGTHS = {"chr1": 2000, "chr2": 1000}


def make_events(alone, shared):
    """Make events of chr1 from the bases of reads with one place and those of each other read."""
    read = np.repeat(np.arange(len(shared)), [len(bases) for bases in shared])
    site, place = (np.array(sites, np.int64) for sites in (alone, [*chain(*shared)]))
    return Events(LENGTHS, site, place, read, 0, {}, 0)


def values(found):
    return dict(zip(found.site.tolist(), found.value.tolist(), strict=True))


def test_reads_with_one_place_are_counted():
    found = share_out(make_events([5, 3, 5, 5, 2000], []))
    assert values(found) == {3: 1, 5: 3, 2000: 1}
    assert found.value.tolist() == found.unique.tolist()
    assert (found.rounds, found.change, found.settled) == (0, 0, True)


def test_two_equal_places_get_half_each():
    assert values(share_out(make_events([], [[100, 1500]]))) == {100: 0.5, 1500: 0.5}


def test_equal_parts_stay_equal_where_asked():
    found = share_out(make_events([1500] * 9, [[100, 700, 1500]]), equally=True)
    assert values(found) == pytest.approx({100: 1 / 3, 700: 1 / 3, 1500: 9 + 1 / 3})
    assert found.rounds == 0


@pytest.mark.parametrize("distance", [0, 10, 30])
def test_a_place_with_reads_near_draws_the_others(distance):
    found = values(share_out(make_events([1500 + distance] * 50, [[100, 1500]])))
    assert found[100] < 0.05
    assert found[100] + found[1500] - 50 * (distance == 0) == pytest.approx(1)


def test_reads_too_far_away_draw_nothing():
    assert values(share_out(make_events([1549] * 50, [[100, 1500]])))[100] == pytest.approx(0.5)


def test_one_round_in_closed_form():
    """Ten reads at one of two places: the first round gives each by its smoothed coverage."""
    found = share_out(make_events([1500] * 1000, [[100, 1500]]))
    top = kernel(16.0, 48)[48]
    first = (0.5 * top + 0.01) / (1001 * top + 0.02)
    assert found.rounds == 2  # the first moves almost a half to each, the second next to nothing
    assert values(found)[100] < first < 0.002


def test_chromosomes_and_strands_do_not_touch():
    """A base of the next chromosome, or of the other strand, is not near."""
    ends = [site_of(np.array([layer]), np.array([base]))[0] for layer, base in [(0, 1999), (1, 0)]]
    found = share_out(make_events([int(ends[0])] * 50, [[100, int(ends[1])]]))
    assert values(found)[100] == pytest.approx(0.5)


def test_smoothing_equals_that_of_scipy():
    generator = np.random.default_rng(0)
    site = np.unique(generator.integers(0, 600, 80))
    value = generator.exponential(size=len(site))
    dense = np.zeros(600)
    dense[site] = value
    expected = gaussian_filter1d(dense, 16, truncate=3, mode="constant")
    wanted = np.flatnonzero(generator.random(len(site)) < 0.5)
    assert _smoothed(site, value, wanted, kernel(16.0, 48)) == pytest.approx(expected[site[wanted]])


def test_the_rounds_end(monkeypatch):
    monkeypatch.setattr("attendome.genome.multimapping._ENOUGH", 0.0)
    told = []
    found = share_out(make_events([1500] * 3, [[100, 1500]]), progress=told.append)
    assert found.rounds == 50
    assert told == [1] * 50
    assert not found.settled


READS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(0, 300),
        st.sampled_from([0, 0, 0, MINUS, 256, 256 + MINUS, 1024, 512, 4]),
        st.integers(0, 1),
        st.sampled_from([{}, {"NH": 2}, {"NH": 21}]),
    ),
    min_size=1,
    max_size=60,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(READS, st.sampled_from(["em", "equal"]), st.integers(-50, 80))
def test_equals_the_plain_way(tmp_path, reads, method, shift):
    records = [
        Record("sure", 50),
        *(Record(f"r{n}", at, flag, chrom, tags=tags) for n, at, flag, chrom, tags in reads),
    ]
    path = write_bam(tmp_path / "a.bam", records)
    events = read_events(path, EventRule(shift=shift, multimap=method))
    found = share_out(events, equally=method == "equal")
    names = np.array(list(LENGTHS))[layer_of(found.site)].tolist()
    bases = position_of(found.site).tolist()
    ours = dict(zip(zip(names, bases, strict=True), found.value.tolist(), strict=True))
    expected = plain_coverage(path, method, shift)
    assert ours.keys() == expected.keys()
    assert ours == pytest.approx(expected)
    assert sum(ours.values()) == pytest.approx(len(events.site) + events.shared)
