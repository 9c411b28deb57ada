import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import spearmanr

from attendome.config import validate
from attendome.data.simulation import (
    Interaction,
    SimulatedMark,
    SimulationSettings,
    simulate_chromatin,
)
from attendome.data.store import open_chromatin, save_dataset
from attendome.errors import SettingsError

MARKS = (
    SimulatedMark(name="H3K4me3", effect=1, start=-0.1, end=0.2, height=10, decoy=-0.6),
    SimulatedMark(name="H3K4me1", start=-0.4, end=-0.1, height=12, background=2),
    SimulatedMark(name="H3K36me3", effect=0.6, start=0.4, end=0.9, height=5),
    SimulatedMark(name="H3K27me3", effect=-0.7, start=-0.3, end=0.3, height=5),
    SimulatedMark(name="H3K9me3", start=-1, end=1, height=1, background=1.5),
)
CHANCE = 5 / np.sqrt(2000)
"""5 standard errors of a correlation over 2,000 genes."""


def simulate(strength):
    """Simulate 2,000 genes, with an interaction where ``strength`` is not 0."""
    pair = Interaction(marks=("H3K4me3", "H3K27me3"), strength=strength) if strength else None
    settings = SimulationSettings(
        genes=2000, bins=50, marks=MARKS, interaction=pair, noise=0.3, dispersion=0.3
    )
    return simulate_chromatin(settings)


@pytest.fixture(scope="module")
def large():
    return simulate(-0.5)


def correlations(data):
    """Rank correlation of each cell, mark × bin, with expression over the genes."""
    signal = data.signal.to_numpy()
    cells = signal.reshape(len(signal), -1)
    ranks = spearmanr(cells, data.genes["expression"], axis=0).statistic[-1, :-1]
    return ranks.reshape(signal.shape[1:])


def test_same_seed_same_data():
    settings = SimulationSettings(genes=30, bins=10, seed=4)
    one, two = simulate_chromatin(settings), simulate_chromatin(settings)
    assert one.xarray.identical(two.xarray)


def test_other_seed_other_data():
    one, two = (simulate_chromatin(SimulationSettings(genes=30, bins=10, seed=s)) for s in (1, 2))
    assert (one.signal.to_numpy() != two.signal.to_numpy()).mean() > 0.5
    assert (one.genes["expression"] != two.genes["expression"]).all()


def test_what_a_dataset_holds(simulated):
    table = simulated.genes
    assert simulated.signal.shape == (120, 5, 20)
    assert simulated.labels().sum() == 60
    on = table["label"] == 1
    assert table["expression"][on].min() > table["expression"][~on].max()
    assert table["split"].value_counts().to_dict() == {"train": 72, "valid": 24, "test": 24}
    assert simulated.leak()["located"] == 24
    assert set(table["strand"]) == {"+", "-"}
    assert table["tss"].min() >= simulated.bins * simulated.bin_size // 2


def test_signal_is_counts(simulated):
    signal = simulated.signal.to_numpy()
    assert signal.dtype == np.float32
    np.testing.assert_array_equal(signal, np.abs(np.round(signal)))


def test_counts_are_over_dispersed(large):
    background = large.signal.sel(mark="H3K4me1").isel(bin=slice(35, 50)).to_numpy()
    mean, variance = background.mean(axis=1), background.var(axis=1, ddof=1)
    # Within a gene only the rate of the bin varies: variance = mean + dispersion · mean².
    dispersion = (variance - mean).sum() / (mean**2).sum()
    assert variance.mean() > 1.3 * mean.mean()
    assert dispersion == pytest.approx(0.3, abs=0.1)


def test_dispersion_is_a_setting():
    tight, wide = (
        simulate_chromatin(SimulationSettings(genes=200, bins=20, dispersion=d)).signal
        for d in (0.01, 1)
    )
    assert wide.var() > 1.5 * tight.var()


def test_planted_marks(large):
    planted = large.xarray["planted"]
    drivers = planted["mark"].to_numpy()[planted.any("bin")]
    assert sorted(drivers) == ["H3K27me3", "H3K36me3", "H3K4me3"]
    assert large.xarray["effect"].to_numpy().tolist() == [1, 0, 0.6, -0.7, 0]


def test_planted_cells_follow_expression(large):
    found = correlations(large)
    planted = large.xarray["planted"].to_numpy()
    sign = np.sign(large.xarray["effect"].to_numpy())[:, None] * np.ones(planted.shape)
    assert (found * sign)[planted].min() > CHANCE


def test_all_other_cells_say_nothing(large):
    found = correlations(large)
    planted = large.xarray["planted"].to_numpy()
    assert np.abs(found[~planted]).max() < CHANCE


def bump(data, mark, start, end):
    """Mean signal of each gene over part of the window, in half windows from the TSS."""
    centre = (np.arange(data.bins) + 0.5) / data.bins * 2 - 1
    inside = (centre >= start) & (centre < end)
    return data.signal.sel(mark=mark).to_numpy()[:, inside].mean(axis=1)


@pytest.mark.parametrize(
    ("mark", "start", "end"), [("H3K4me3", -0.7, -0.5), ("H3K4me1", -0.4, -0.1)]
)
def test_decoys_are_as_high_and_say_nothing(large, mark, start, end):
    decoy = bump(large, mark, start, end)
    assert decoy.mean() > 3 * bump(large, mark, 0.5, 0.9).mean()
    assert abs(spearmanr(decoy, large.genes["expression"]).statistic) < CHANCE


def product_term(data):
    """Regress log expression on two marks and their product; give the product's weight and t."""
    depth = bump(data, "H3K4me1", 0, 1)

    def activity(*place):
        logarithm = np.log(bump(data, *place) + 0.5) - np.log(depth + 0.5)
        return (logarithm - logarithm.mean()) / logarithm.std()

    marks = [
        activity("H3K4me3", -0.1, 0.2),
        activity("H3K27me3", -0.3, 0.3),
        activity("H3K36me3", 0.4, 0.9),
    ]
    design = np.column_stack([np.ones(len(depth)), *marks, marks[0] * marks[1]])
    target = np.log(data.genes["expression"].to_numpy(float))
    weights, *_ = np.linalg.lstsq(design, target, rcond=None)
    noise = np.var(target - design @ weights) * np.linalg.inv(design.T @ design)
    return weights[-1], weights[-1] / np.sqrt(noise[-1, -1])


@pytest.mark.parametrize("strength", [-0.5, 0.5])
def test_interaction_is_there(strength):
    weight, t = product_term(simulate(strength))
    assert 0.5 < weight / strength < 1.2
    assert t / strength > 20


def test_no_interaction_where_none_is_set():
    _, t = product_term(simulate(0))
    assert abs(t) < 4


def test_mark_that_only_interacts_is_planted():
    settings = SimulationSettings(
        genes=20,
        marks=(SimulatedMark(name="A", effect=1), SimulatedMark(name="B"), SimulatedMark(name="C")),
        interaction=Interaction(marks=("A", "B"), strength=1),
    )
    planted = simulate_chromatin(settings).xarray["planted"].any("bin").to_numpy()
    assert planted.tolist() == [True, True, False]


def test_truth_survives_the_store(simulated, tmp_path):
    save_dataset(simulated, tmp_path / "data.zarr")
    opened = open_chromatin(tmp_path / "data.zarr").xarray
    for name in ("planted", "effect"):
        assert opened[name].identical(simulated.xarray[name])
    truth = validate(SimulationSettings, opened.attrs["truth"])
    assert simulate_chromatin(truth).fingerprint() == simulated.fingerprint()


@pytest.mark.parametrize("bins", [10, 13, 25, 200])
@pytest.mark.parametrize("bin_size", [1, 25, 1000])
def test_any_bins(bins, bin_size):
    data = simulate_chromatin(SimulationSettings(genes=300, bins=bins, bin_size=bin_size))
    assert data.signal.shape == (300, 5, bins)
    assert (data.bins, data.bin_size) == (bins, bin_size)
    planted = data.xarray["planted"]
    assert planted.any("bin").sum() == 3
    # A cell is planted only where the bump shows.
    height = data.signal.mean("gene") / data.signal.mean("gene").min("bin")
    assert height.where(planted).min() > 1.3


def test_marks_and_genes_are_settings():
    marks = tuple(SimulatedMark(name=name, effect=1) for name in "ABCDEFG")
    settings = SimulationSettings(genes=40, marks=marks, interaction=None, split="thirds")
    data = simulate_chromatin(settings)
    assert data.marks == list("ABCDEFG")
    assert data.genes["split"].value_counts().to_dict() == {"train": 14, "valid": 13, "test": 13}


A = SimulatedMark(name="A")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"marks": (A, A), "interaction": None}, "named twice: A, A"),
        ({"marks": (A,)}, "names 'H3K4me3'; simulated are A"),
        ({"interaction": Interaction(marks=("H3K4me3",) * 2, strength=1)}, "with itself"),
        (
            {"marks": (SimulatedMark(name="B", start=0.5, end=0.1),), "interaction": None},
            "starts at 0.5 and ends at 0.1",
        ),
        ({"split": "fifths"}, "Unknown split rule 'fifths'"),
    ],
)
def test_settings_that_contradict_each_other(settings, message):
    with pytest.raises(SettingsError, match=message):
        simulate_chromatin(SimulationSettings(**settings))


@pytest.mark.parametrize(
    "setting",
    [
        {"genes": 9},
        {"bins": 9},
        {"bin_size": 0},
        {"noise": -1},
        {"dispersion": 0},
        {"seed": -1},
        {"marks": ()},
    ],
)
def test_settings_out_of_range(setting):
    with pytest.raises(ValidationError):
        SimulationSettings(**setting)
