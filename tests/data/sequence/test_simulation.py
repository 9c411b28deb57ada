import itertools

import numpy as np
import pandas as pd
import pytest

from attendome.config import validate
from attendome.data.sequence.motifs import LEVELS
from attendome.data.sequence.simulation import TRACKS, SequenceSimulation, simulate_regions
from attendome.errors import SettingsError

SETTINGS = SequenceSimulation(regions=150, seed=2)
CORE, ACTIVATOR, ENHANCER = "TATAAAGGCGCAGT", "GGGCGTGACTCACC", "CAGATGACGTCATC"


@pytest.fixture(scope="module")
def simulated():
    return simulate_regions(SETTINGS)


def counts_at(simulated, elements, track, bins=1):
    """Give the counts of a track around elements; ``CAGE`` on their strand."""
    found = []
    for row in elements.itertuples():
        number = TRACKS.index.get_loc(f"CAGE{row.strand}" if track == "CAGE" else track)
        place = row.position // SETTINGS.bin_size
        here = simulated.coverage[row.region, place - bins : place + bins + 1, number]
        found.append(here.sum())
    return np.array(found)


def test_the_same_seed_gives_the_same():
    few = SETTINGS.model_copy(update={"regions": 10})
    one, again, other = (
        simulate_regions(few.model_copy(update={"seed": seed})) for seed in (2, 2, 3)
    )
    np.testing.assert_array_equal(one.sequence, again.sequence)
    np.testing.assert_array_equal(one.coverage, again.coverage)
    assert (one.sequence != other.sequence).mean() == pytest.approx(0.75, abs=0.01)


def test_motifs_stand_where_the_truth_says(simulated):
    for row in simulated.elements.itertuples():
        codes = simulated.sequence[row.region]
        codes = codes if row.strand == "+" else 3 - codes[::-1]
        place = row.position if row.strand == "+" else SETTINGS.length - 1 - row.position
        text = "".join("ACGT"[code] for code in codes[place - 60 : place + 7])
        if row.kind == "promoter":
            assert text[30:44] == CORE
            found, motif = text[:14], ACTIVATOR
        else:
            # The middle of an even number of bases is the same base of the other strand, or beside.
            found, motif = text[53:], ENHANCER
        wrong = sum(a != b for a, b in zip(found, motif, strict=True))
        assert 1 - wrong / LEVELS == pytest.approx(row.strength)


def test_pairs_are_all_enhancers_upstream_in_reach(simulated):
    elements, expected = simulated.elements, []
    for _, here in elements.groupby("region"):
        promoters, enhancers = (
            list(here[here["kind"] == kind].itertuples()) for kind in ("promoter", "enhancer")
        )
        for promoter, enhancer in itertools.product(promoters, enhancers):
            distance = promoter.position - enhancer.position
            distance = distance if promoter.strand == "+" else -distance
            share = distance / SETTINGS.length
            reach = "near" if 0.02 <= share <= 0.1 else "far" if 0.16 <= share <= 0.47 else ""
            if reach:
                expected.append((promoter.Index, enhancer.Index, distance, reach))
    assert list(simulated.pairs.itertuples(index=False, name=None)) == expected
    assert simulated.pairs["reach"].value_counts(normalize=True)["far"] > 0.5


def test_rates_follow_the_formula(simulated):
    elements = simulated.elements
    gain = np.zeros(len(elements))
    for pair in simulated.pairs.itertuples():
        gain[pair.promoter] += elements["strength"][pair.enhancer]
    local = 10 * np.exp(1.5 * (elements["strength"] - 0.5))
    promoters = elements["kind"] == "promoter"
    expected = (local * (1 + 3 * gain))[promoters]
    np.testing.assert_allclose(elements["rate"][promoters], expected)
    np.testing.assert_allclose(elements["local_rate"][promoters], local[promoters])
    assert elements["rate"][~promoters].isna().all()


def test_counts_follow_the_rates_on_their_strand(simulated):
    promoters = simulated.elements.query("kind == 'promoter'")
    found = counts_at(simulated, promoters, "CAGE")
    assert found.mean() == pytest.approx(promoters["rate"].mean(), rel=0.1)
    other = promoters.assign(strand=promoters["strand"].map({"+": "-", "-": "+"}))
    assert counts_at(simulated, other, "CAGE").mean() < 0.1 * found.mean()
    enhancers = simulated.elements.query("kind == 'enhancer'")
    for track in ("FACTOR", "DNASE"):
        strong, weak = (enhancers[enhancers["strength"] == s] for s in (1, 0))
        high, low = (counts_at(simulated, part, track).mean() for part in (strong, weak))
        assert high == pytest.approx(low + 10, rel=0.2)


def test_a_local_model_cannot_know_the_distal_part(simulated):
    """What is best guessed from a promoter's own motifs says less than with its enhancers."""
    promoters = simulated.elements.query("kind == 'promoter'")
    counts = counts_at(simulated, promoters, "CAGE")

    own = pd.Series(counts, promoters.index).groupby(promoters["strength"]).transform("mean")
    local, both = (np.corrcoef(counts, guess)[0, 1] for guess in (own, promoters["rate"]))
    assert local < 0.65
    assert both > 0.85
    # The enhancers do not depend on the promoter.
    gain = promoters["rate"] / promoters["local_rate"]
    assert abs(np.corrcoef(promoters["strength"], gain)[0, 1]) < 0.1


def test_without_the_distal_effect_the_local_part_says_all():
    simulated = simulate_regions(SETTINGS.model_copy(update={"distal_effect": 0.0}))
    promoters = simulated.elements.query("kind == 'promoter'")
    counts = counts_at(simulated, promoters, "CAGE")
    np.testing.assert_allclose(promoters["rate"], promoters["local_rate"])
    assert np.corrcoef(counts, promoters["rate"])[0, 1] > 0.75


def test_without_enhancers():
    simulated = simulate_regions(SequenceSimulation(regions=10, enhancers=0))
    assert simulated.pairs.empty
    assert (simulated.elements["kind"] == "promoter").all()
    np.testing.assert_allclose(simulated.elements["rate"], simulated.elements["local_rate"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"length": 5000}, "no whole number of bins of 128 bp"),
        ({"near": (0.1, 0.2), "far": (0.15, 0.4)}, "near and far are shares of the length"),
        ({"promotors": 3}, "did you mean 'promoters'"),
        ({"length": 1024}, "Setting 'length' cannot be 1024"),
    ],
)
def test_settings_that_make_no_sense(values, message):
    with pytest.raises(SettingsError, match=message):
        validate(SequenceSimulation, values)
